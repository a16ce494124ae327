"""What is read of requests; every disclosure is audited."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.handling import queries
from app.handling.reads import (
    AgreementExport,
    HandlingRead,
    InstrumentRead,
    SignatureRead,
    TermsVersionList,
)
from app.handling.rendering import render, versions
from app.handling.standings import ANY, HandlingFilter, page_of
from app.papers.pdf import Section, print_paper


async def read_request(
    session: AsyncSession, principal: Principal, request_id: UUID | None, *, now: datetime
) -> HandlingRead:
    """Return one request that the caller's office is a party of.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        HandlingNotFoundError: absent, or not for the caller; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    read = render(await queries.get_request(session, principal, request_id, now=now))
    await _record_disclosed(session, principal, [read])
    return read


async def list_requests(
    session: AsyncSession,
    principal: Principal,
    asked: HandlingFilter = ANY,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, HandlingRead]]:
    """Return a page of the requests asked for that the caller's office has, newest first.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
    """
    principal.require(Permission.HANDLING_READ)
    page = page_of(asked, before=before, limit=limit)
    rows = await queries.list_requests(session, principal, page, now=now)
    found = [(row["id"], render(row)) for row in rows]
    await _record_disclosed(session, principal, [read for _, read in found])
    return found


async def list_requests_of_overlap(
    session: AsyncSession, principal: Principal, overlap_id: UUID, *, now: datetime
) -> list[HandlingRead]:
    """Return the latest requests about one overlap, newest first, 20 at most.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
    """
    principal.require(Permission.HANDLING_READ)
    rows = await queries.list_requests_of_overlap(session, principal, overlap_id, now=now)
    shown = [render(row) for row in rows]
    if shown:
        await _record_disclosed(session, principal, shown)
    return shown


async def list_terms(
    session: AsyncSession, principal: Principal, request_id: UUID | None, *, now: datetime
) -> TermsVersionList:
    """Return every version of a request's terms.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        HandlingNotFoundError: absent, or not for the caller; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    row = await queries.get_request(session, principal, request_id, now=now)
    until = row["own_left_at"]
    found = versions(row, await queries.list_terms(session, row["id"], until=until))
    await _record_disclosed(session, principal, [render(row)])
    return TermsVersionList(items=found)


async def export_agreement(
    session: AsyncSession, principal: Principal, request_id: UUID | None, *, now: datetime
) -> AgreementExport:
    """Return everything that is held of a request and its agreement.

    Of signatures that let a request go out only those of the caller's own office.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        HandlingNotFoundError: absent, or not for the caller; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    row = await queries.get_request(session, principal, request_id, now=now)
    numbers = {party["office_id"]: party["number"] for party in row["parties"]}
    read, until = render(row), row["own_left_at"]
    await _record_disclosed(session, principal, [read])
    return AgreementExport(
        request=read,
        versions=versions(row, await queries.list_terms(session, row["id"], until=until)),
        signatures=tuple(
            SignatureRead(
                party=numbers[each.office_id],
                terms_number=each.terms_number,
                purpose=each.purpose,
                post=each.post,
                attestation=each.attestation,
                digest=each.digest.hex(),
                text=each.text,
                signed_at=each.signed_at,
            )
            for each in await queries.list_signatures(session, row["id"], until=until)
            if each.purpose == "agree" or each.office_id == principal.office_id
        ),
        instruments=tuple(
            InstrumentRead(
                party=numbers[each.office_id],
                authority=each.authority,
                signatory=each.signatory,
                scope=each.scope,
                dated_on=each.dated_on,
                document_sha256=each.document_digest.hex(),
                recorded_at=each.recorded_at,
            )
            for each in await queries.list_instruments(session, row["id"], until=until)
        ),
    )


async def _record_disclosed(
    session: AsyncSession, principal: Principal, shown: list[HandlingRead]
) -> None:
    await audit.record(
        session,
        principal,
        "handling_requests.disclosed",
        f"{len(shown)} requests",
        recipients=[principal.office_id],
        detail={read.id: read.status for read in shown},
    )


async def print_agreement(
    session: AsyncSession, principal: Principal, request_id: UUID | None, *, now: datetime
) -> bytes:
    """Return what `export_agreement` holds as a PDF, for people.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        HandlingNotFoundError: absent, or not for the caller; never told apart.
    """
    export = await export_agreement(session, principal, request_id, now=now)
    names = {
        party.number: party.office.name if party.office else f"Party {party.number}"
        for party in export.request.parties
    }
    signed = [
        line
        for each in export.signatures
        for line in (
            f"{names[each.party]}, {each.post}: {each.signed_at:%Y-%m-%d %H:%M} UTC",
            f"Version {each.terms_number}, to {each.purpose}",
            f"{each.attestation} SHA-256 {each.digest}",
        )
    ]
    papers = [
        f"{names[each.party]}: {each.authority}, signed by {each.signatory} on {each.dated_on}, "
        f"{each.scope.replace('_', ' ')}, SHA-256 {each.document_sha256}"
        for each in export.instruments
    ]
    changed = [
        f"Version {version.number}, by {names[version.proposed_by]}: {change.sentence}"
        for version in export.versions
        for change in version.changes
    ] + [
        f"Version {version.number}, by {names[version.proposed_by]}: {version.party_change}"
        for version in export.versions
        if version.party_change
    ]
    agreed = export.request.agreed_number
    shown = [each for each in export.versions if each.number == agreed] or export.versions[-1:]
    standing = [
        f"Request {export.request.id}, {export.request.status.replace('_', ' ')}",
        f"In force: version {agreed}" if agreed else "No version is in force.",
        f"Printed {now:%Y-%m-%d %H:%M} UTC from the registry's records",
    ]
    return await print_paper(
        f"Agreement: {export.request.kind.replace('_', ' ')}",
        [
            Section("Standing", standing),
            *(Section("Text", version.text.splitlines()) for version in shown),
            Section("Signatures", signed or ["None."]),
            Section("Referrals and consents", papers or ["None."]),
            Section("What each version changed", changed or ["Nothing."]),
        ],
    )
