"""What leadership does: it signs exact texts, returns drafts, concludes agreements.

Always a person with a second factor given within 15 minutes, never a machine client.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases.guard import find_identifiers
from app.core.db import savepoint
from app.core.ids import new_id
from app.core.preconditions import Precondition
from app.handling import queries, steps
from app.handling.asking import check_terms, tell_parties
from app.handling.errors import (
    HandlingDoneError,
    HandlingMovedError,
    HandlingOpenError,
    SignatureRefusedError,
    TermsLapsedError,
    TextChangedError,
)
from app.handling.machine import Transition
from app.handling.models import HandlingSignature
from app.handling.reads import HandlingRead
from app.handling.rendering import (
    authorities,
    has_lapsed,
    own_party,
    render,
    signers,
    text,
)
from app.handling.schemas import HandlingSign
from app.handling.terms import ATTESTATION, Terms, digest_of
from app.handling.walls import within_walls
from app.matters import service as matters
from app.matters.errors import InstrumentMissingError, WordsRefusedError
from app.matters.leads import ON_PAPER
from app.reference.authority import AUTHORITIES, Authority


async def sign_request(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    signed: HandlingSign,
    *,
    if_match: Precondition,
    now: datetime,
    table: Sequence[Authority] = AUTHORITIES,
) -> HandlingRead:
    """Sign the text of the terms on the table, for the caller's own office.

    The first lets the office's own request go out, open as long as was asked for, or as the law of
    the Attorney General who asks waits. Once all parties have accepted, each signs the text that
    the first one signed, and the last signature puts it in force; so it is with an extension.

    Raises:
        MissingScopeError: the caller lacks `handling:sign`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        HandlingNotFoundError, HandlingMovedError, HandlingNotYoursError,
            PreconditionFailedError: see `steps.take`.
        HandlingDoneError: the office signed these terms before.
        HandlingOpenError: another agreement about one of the overlaps went out first.
        SignatureRefusedError: the attestation is not the sentence.
        WordsRefusedError: the post holds an identifier.
        TextChangedError: `digest` is of another text; or all are to agree and a party has no name
            in it.
        TermsRefusedError: the end has come too near, or is past.
        PartiesRefusedError: a wall of the office keeps a party, or who joins, from its case.
        InstrumentMissingError: the state's rule wants a referral or consent on record.
        TermsLapsedError: a party has left, or the lead has passed, since they were proposed.
    """
    row, taken = await steps.take(
        session,
        principal,
        request_id,
        "sign",
        Permission.HANDLING_SIGN,
        if_match=if_match,
        now=now,
    )
    principal.require_step_up(now)
    if principal.person_id is None or principal.proved_at is None:
        raise StepUpNeededError
    if row["terms_number"] == row["agreed_number"]:
        raise HandlingMovedError(row["status"])
    own, terms = own_party(row), Terms.model_validate(row["terms"])
    if own["has_signed"]:
        raise HandlingDoneError(row["status"])
    if has_lapsed(row):
        raise TermsLapsedError(row["status"])
    whole = text(row, row)
    _check_words(signed)
    if signed.digest != digest_of(whole):
        raise TextChangedError(row["status"])
    check_terms(terms, row["parties"][-1]["number"], now=now)
    purpose = "agree" if "everyone" in taken.needs else "send"
    if purpose == "agree" and not all(party["is_named"] for party in signers(row)):
        raise TextChangedError(row["status"])  # a participation has lapsed meanwhile
    if "instrument" in taken.needs:
        await _require_instrument(session, row, terms)
    async with within_walls():
        await session.execute(
            insert(HandlingSignature).values(
                id=new_id(),
                request_id=row["id"],
                terms_number=row["terms_number"],
                purpose=purpose,
                office_id=principal.office_id,
                person_id=principal.person_id,
                post=signed.post,
                attestation=signed.attestation,
                text=whole,
                digest=bytes.fromhex(signed.digest),
                proved_at=principal.proved_at,
                signed_at=now,
            )
        )
    detail = {"terms": row["terms_number"], "digest": signed.digest, "purpose": purpose}
    if purpose == "send":
        due_at = now + timedelta(days=_answer_days(row, table))
        await _send(session, principal, row, taken, detail=detail, due_at=due_at, now=now)
    else:
        await _agree(session, principal, row, taken, terms, detail=detail, now=now)
    return render(await queries.get_request(session, principal, row["id"], now=now))


def _check_words(signed: HandlingSign) -> None:
    if signed.attestation != ATTESTATION:
        raise SignatureRefusedError
    if problems := find_identifiers(signed.post, "/post"):
        raise WordsRefusedError(problems=problems)


def _answer_days(row: asyncpg.Record, table: Sequence[Authority]) -> int:
    asks = row["parties"][0]
    laws = authorities(row, table) if asks["kind"] == "attorney_general" else []
    own: int = row["answer_days"]
    return max([own, *(law.silence_days or 0 for law in laws if law.state == asks["state"])])


async def _send(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    *,
    detail: dict[str, Any],
    due_at: datetime,
    now: datetime,
) -> None:
    try:
        async with savepoint(session):
            await steps.write(
                session, principal, row, taken, now=now, sent_at=now, due_at=due_at, detail=detail
            )
    except IntegrityError as refused:
        if "uq_handling_parties_open" not in str(refused.orig):
            raise
        parties = row["parties"][1:]
        raise HandlingOpenError(
            await queries.find_open(session, principal, row["id"], parties, "agreement", now=now)
        ) from None
    await tell_parties(session, principal, row["id"], row["parties"][1:], now=now)


async def _require_instrument(session: AsyncSession, row: asyncpg.Record, terms: Terms) -> None:
    lead = row["parties"][terms.lead - 1]
    if lead["kind"] != "attorney_general":
        return
    bases = {rule.basis for rule in authorities(row) if rule.state == lead["state"]}
    papers = await queries.list_instruments(session, row["id"])
    if bases & ON_PAPER and all(each.scope == "advice_only" for each in papers):
        raise InstrumentMissingError(row["status"])


async def _agree(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    terms: Terms,
    *,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    """Write a signature of the agreement; the last one puts the version in force.

    Who is asked to join learns of it once all others have signed, and signs last.
    """
    own, joins = own_party(row), row["joins_office_id"]
    have_signed = all(p["has_signed"] for p in signers(row) if p["number"] != own["number"])
    is_told = joins in {None, *(party["office_id"] for party in row["parties"])}
    if not (have_signed and is_told):
        told = [joins] if have_signed else []
        await steps.write(
            session, principal, row, taken, now=now, is_complete=False, told=told, detail=detail
        )
        return
    await steps.write(
        session,
        principal,
        row,
        taken,
        now=now,
        agreed_number=row["terms_number"],
        due_at=_end_of(terms.ends_on),
        detail=detail,
    )
    offices = [party["office_id"] for party in row["parties"]]
    if row["leaves_office_id"] is not None:
        ended = steps.revoked(row["id"], row["parties"], of=row["leaves_office_id"])
        await audit.record_each(session, principal, [entry for _, entry in ended])
    if row["agreed_number"] is not None:
        if taken.step == "sign":
            await matters.extend_matter(session, row["id"], terms.ends_on, now=now)
        return
    lead = row["parties"][terms.lead - 1]["office_id"]
    signatures = await queries.list_signatures(session, row["id"])
    signatory = next(s for s in reversed(signatures) if s.office_id == lead)
    await matters.begin_matter(
        session,
        principal,
        row["id"],
        lead,
        offices,
        ends_on=terms.ends_on,
        accepted_by=f"person:{signatory.person_id}",
        now=now,
    )


def _end_of(ends_on: date) -> datetime:
    return datetime.combine(ends_on, time(), UTC)
