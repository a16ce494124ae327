from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import queries
from app.cases.errors import CaseHeldError, CaseNotFoundError, OverlapMovedError
from app.cases.ladder import SeenOverlap
from app.cases.models import Case, CaseGrant
from app.cases.overlap_schemas import VerdictPut
from app.cases.registering import Intake, entries_of, register
from app.cases.schemas import CommonValueRead
from app.cases.vocabulary import WithdrawReason
from app.core.db import driver
from app.core.preconditions import Precondition
from app.identifiers.kinds import KINDS_BY_CODE
from app.overlaps.limits import common_reason
from app.overlaps.postings import Posting
from app.pairs import queries as pairs


async def read_case(
    session: AsyncSession, principal: Principal, source_system: str, external_id: str
) -> Case:
    """Return one of the caller's own cases.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
        CaseNotFoundError: absent, or another office's.
    """
    principal.require(Permission.CASES_READ)
    return await queries.get_case(session, principal, source_system, external_id)


async def list_cases(
    session: AsyncSession, principal: Principal, *, before: int | None, limit: int
) -> list[Case]:
    """Return a page of the caller's own cases, newest first.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
    """
    principal.require(Permission.CASES_READ)
    return await queries.list_cases(session, principal, before=before, limit=limit)


async def list_common_values(
    session: AsyncSession, principal: Principal, *, after: UUID | None, limit: int
) -> list[tuple[UUID, CommonValueRead]]:
    """Return a page of the values in the office's cases that are too common to match, and why.

    The page's key is the token, which is as long as a UUID; it never leaves unsealed.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
    """
    principal.require(Permission.CASES_READ)
    start = after.bytes if after else None
    rows = await queries.list_common_values(session, principal, after=start, limit=limit)
    await audit.record(
        session,
        principal,
        "common_values.disclosed",
        f"{len(rows)} values",
        recipients=[principal.office_id],
    )
    return [
        (
            UUID(bytes=row["token"]),
            CommonValueRead(
                kind=KINDS_BY_CODE[row["kind"]].name,
                reason=common_reason(row["kind"], row["offices"], row["subjects"])
                or "office_share",
                subjects=row["held_by"],
            ),
        )
        for row in rows
    ]


async def list_overlaps(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
    retracted: bool = False,
) -> list[SeenOverlap]:
    """Return a page of the overlaps that the caller may know of, and record what it was shown.

    `retracted` asks for those that it had seen and that hold no longer, instead of the others.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    found = await queries.list_overlaps(
        session, principal, before=before, limit=limit, now=now, retracted=retracted
    )
    await audit.record_each(session, principal, [disclosed(principal, found)])
    return found


async def read_overlap(
    session: AsyncSession, principal: Principal, overlap_id: UUID | None, *, now: datetime
) -> SeenOverlap:
    """Return one overlap and record what the caller was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        OverlapNotFoundError: absent, or not for the caller; the two are never told apart.
    """
    principal.require(Permission.OVERLAPS_READ)
    found = await queries.get_overlap(session, principal, overlap_id, now=now, or_retracted=True)
    await audit.record_each(session, principal, [disclosed(principal, [found])])
    return found


async def withdraw_case(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    ref: tuple[str, str],
    *,
    if_match: Precondition | None = None,
    reason: WithdrawReason | None = None,
    now: datetime,
) -> None:
    """Take back one of the caller's own cases: subjects, tokens, sealed elements and facts go.

    Its overlaps are retracted, and values that it made common are matched again. Its reference and
    the audit, with the `reason`, stay; posting it again brings it back.

    Raises:
        MissingScopeError: the caller lacks `cases:post`.
        CaseNotFoundError: absent, withdrawn before, another office's, or behind a wall.
        PreconditionFailedError: `if_match` is given and does not name the version that stands.
        CaseHeldError: a legal hold keeps it as it is.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    principal.require(Permission.CASES_POST)
    await queries.check_not_walled(session, principal, [ref])
    matcher = await intake.keyring.follow(session)
    held = await queries.lock_cases(session, principal, [ref])
    if ref not in held:
        raise CaseNotFoundError
    if if_match is not None:
        if_match.require(f'"{held[ref].version}"')
    if held[ref].is_held:
        raise CaseHeldError
    case_id = held[ref].id
    registration = await register(
        session,
        principal,
        intake,
        matcher,
        [Posting(case_id, is_new=False, subjects=())],
        now=now,
        retracted_because="case_withdrawn",
    )
    await queries.clear_case(session, case_id, now=now)
    entry = audit.Entry("case.withdrawn", str(case_id), (), {"reason": reason} if reason else {})
    await audit.record_each(session, principal, [entry, *entries_of(registration)])


async def put_verdict(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    verdict: VerdictPut,
    *,
    if_match: Precondition,
    now: datetime,
) -> SeenOverlap:
    """Say what the caller's office holds of an overlap, in place of what it said before.

    It is said of the evidence that the caller read, which is compared again under the lock.

    Raises:
        MissingScopeError: the caller lacks `overlaps:judge`.
        OverlapNotFoundError: absent, retracted, or not for the caller; never told apart.
        PreconditionFailedError: `if_match` does not name the version that stands.
        OverlapMovedError: it did when it came, and something was first while this one waited.
    """
    judge = Permission.OVERLAPS_JUDGE
    principal.require(judge)
    known = await queries.get_overlap(
        session, principal, overlap_id, now=now, permission=judge, is_peek=True
    )
    if_match.require(known.read.etag)
    connection = await driver(session)
    await pairs.lock_overlap(connection, principal.office_id, known.id)
    seen = await queries.get_overlap(session, principal, overlap_id, now=now, permission=judge)
    if seen.read.etag != known.read.etag:
        raise OverlapMovedError(seen.read.verdicts.state)
    await pairs.set_verdict(
        connection, principal.office_id, seen.id, verdict.verdict, verdict.reason, now=now
    )
    said = {"verdict": verdict.verdict, "reason": verdict.reason}
    await audit.record(session, principal, "verdict.given", seen.read.id, detail=said)
    return await queries.get_overlap(session, principal, overlap_id, now=now, permission=judge)


async def grant(  # noqa: PLR0913 -- the columns of one row
    session: AsyncSession,
    principal: Principal,
    case_id: int,
    grantee_office_id: int,
    *,
    rung: int,
    purpose: str,
    now: datetime,
    expires_at: datetime | None = None,
    awaits_approval: bool = False,
    person_id: UUID | None = None,
    overlap_id: UUID | None = None,
    request_id: UUID | None = None,
    granted_by: str | None = None,
) -> UUID:
    """Let a named office, or one person of it, see a case up to `rung`. Returns the grant's key.

    With `overlap_id` in that overlap alone: others of the case with the same office stay as hidden
    as they were. With `request_id` it ends with that request for joint handling. `granted_by` is
    who asked for it where that is not the caller. The caller has checked that it may decide so.
    One that awaits approval shows nothing yet.
    """
    key: UUID | None = await session.scalar(
        insert(CaseGrant)
        .values(
            case_id=case_id,
            grantee_office_id=grantee_office_id,
            rung=rung,
            purpose=purpose,
            granted_at=now,
            granted_by=principal.actor if granted_by is None else granted_by,
            expires_at=expires_at,
            approval="pending" if awaits_approval else "not_needed",
            person_id=person_id,
            overlap_id=overlap_id,
            request_id=request_id,
        )
        .returning(CaseGrant.key)
    )
    assert key is not None  # noqa: S101 -- an INSERT that returns its row
    await audit.record(
        session,
        principal,
        "case.grant_requested" if awaits_approval else "case.granted",
        str(case_id),
        recipients=[] if awaits_approval else [grantee_office_id],
        detail={"rung": rung, "purpose": purpose},
    )
    return key


async def revoke_grants(
    session: AsyncSession,
    principal: Principal,
    case_id: int,
    grantee_office_id: int,
    *,
    purpose: str,
    overlap_id: UUID,
    now: datetime,
) -> None:
    """End what a named office was let see of a case for one purpose in one overlap."""
    await session.execute(
        update(CaseGrant)
        .where(
            CaseGrant.case_id == case_id,
            CaseGrant.grantee_office_id == grantee_office_id,
            CaseGrant.purpose == purpose,
            # one without was granted by a release that did not know of overlaps
            or_(CaseGrant.overlap_id == overlap_id, CaseGrant.overlap_id.is_(None)),
            CaseGrant.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    await audit.record(
        session,
        principal,
        "case.grant_revoked",
        str(case_id),
        recipients=[grantee_office_id],
        detail={"purpose": purpose},
    )


def disclosed(principal: Principal, found: Sequence[SeenOverlap]) -> audit.Entry:
    """Return the audit entry of which overlaps the caller was shown, and how far."""
    shown = {seen.read.id: seen.read.rung for seen in found}
    return audit.Entry("overlaps.disclosed", f"{len(shown)} overlaps", [principal.office_id], shown)
