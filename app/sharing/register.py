"""The register of grants: what an owner lets named offices see, until when, and who agreed."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.accounts.proposers import may_still
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.cases import service as cases_service
from app.cases.errors import OverlapNotFoundError
from app.cases.models import CaseGrant
from app.core.errors import FieldProblem
from app.core.ids import parse_public_id
from app.offices import queries as offices
from app.offices.errors import OfficeNotFoundError
from app.offices.models import Office
from app.sharing import lines, queries
from app.sharing.errors import (
    ChangedRequestError,
    GrantDecidedError,
    GrantEndedError,
    GrantRefusedError,
    SecondPersonError,
)
from app.sharing.schemas import GrantMake, GrantRead

LONGEST: Final = timedelta(days=365)
"""How far off the end of a grant may be."""


async def make_grant(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    asked: GrantMake,
    *,
    now: datetime,
) -> GrantRead:
    """Let a named office see one of the caller's own cases.

    From the summary on it shows nothing until a second person approves. The same grant again,
    while it stands, is the same one.

    Raises:
        MissingScopeError: the caller lacks `grants:give`.
        CaseNotFoundError: absent, another office's, or behind a wall.
        GrantRefusedError: no such other office or overlap, or an end that is past or too far off.
    """
    principal.require(Permission.GRANTS_GIVE)
    case = await cases.get_case(session, principal, *ref)
    await cases.lock_cases(session, principal, [ref])  # of two at once the second finds the first
    grantee = await _grantee(session, principal, asked.office)
    if not now < asked.expires_at <= now + LONGEST:
        raise _refused("/expires_at", "grant-end", "Choose an end within a year from now.")
    overlap_id = await _overlap(session, principal, asked, case.id, grantee.id, now=now)
    rung = Rung[asked.rung.upper()]
    same = await queries.get_newest_grant(
        session,
        case.id,
        grantee_office_id=grantee.id,
        overlap_id=overlap_id,
        rung=rung,
        purpose=asked.purpose,
        expires_at=asked.expires_at,
    )
    if same is not None and await _stands(session, principal, same, now=now):
        (read,) = await lines.render_each(session, principal, [same], now=now)
        return read
    key = await cases_service.grant(
        session,
        principal,
        case.id,
        grantee.id,
        rung=rung,
        purpose=asked.purpose,
        now=now,
        expires_at=asked.expires_at,
        awaits_approval=rung >= Rung.SUMMARY,
        overlap_id=overlap_id,
    )
    return await _read(session, principal, case.id, key, now=now)


async def _stands(
    session: AsyncSession, principal: Principal, row: RowMapping, *, now: datetime
) -> bool:
    """Return whether a grant is in force, or waits and can still be approved."""
    state = lines.state_of(row, now)
    if state == "pending":
        return await _may_give_still(session, principal, row["CaseGrant"], now=now)
    return state == "in_force"


async def _may_give_still(
    session: AsyncSession, principal: Principal, grant: CaseGrant, *, now: datetime
) -> bool:
    """Return whether who asked for a grant of an own case could ask for it now.

    Of joint handling both sides give one: who asked by asking, who was asked by accepting.
    """
    needed = Permission.GRANTS_GIVE
    if grant.purpose == "handling_accepted":
        has_asked = await queries.has_asked(session, principal, grant.request_id)
        needed = Permission.HANDLING_REQUEST if has_asked else Permission.HANDLING_ANSWER
    maker = principal.office_id, grant.granted_by
    return await may_still(session, *maker, needed, now=now)


async def _grantee(session: AsyncSession, principal: Principal, code: str) -> Office:
    try:
        office = await offices.get_office(session, code)
    except OfficeNotFoundError:
        raise _refused("/office", "no-such-office", "Name an office by its code.") from None
    if office.id == principal.office_id:
        raise _refused("/office", "own-office", "Name another office; one's own needs no grant.")
    return office


async def _overlap(
    session: AsyncSession,
    principal: Principal,
    asked: GrantMake,
    case_id: int,
    grantee_id: int,
    *,
    now: datetime,
) -> UUID | None:
    """Return the overlap that is asked for; one that shows no office cannot be named.

    So an owner cannot find out by naming offices which one is behind a pointer.
    """
    if asked.overlap_id is None:
        return None
    key = parse_public_id(ladder.PREFIX, asked.overlap_id)
    try:
        seen = await cases.get_overlap(session, principal, key, now=now)
    except OverlapNotFoundError:
        seen = None
    if (
        seen is None
        or seen.read.counterpart.office is None
        or (seen.case_id, seen.other_office_id) != (case_id, grantee_id)
    ):
        advice = "Name an overlap of the case that shows this office, or none."
        raise _refused("/overlap_id", "no-such-overlap", advice)
    return seen.id


def _refused(pointer: str, code: str, detail: str) -> GrantRefusedError:
    return GrantRefusedError(problems=(FieldProblem(pointer, code, detail),))


async def approve_grant(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    key: UUID | None,
    digest: str,
    *,
    now: datetime,
) -> GrantRead:
    """Put a grant in force as the second person; it is applied once, as it was read.

    Raises:
        MissingScopeError: the caller lacks `grants:approve`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        CaseNotFoundError, GrantNotFoundError: absent, another office's, or behind a wall.
        GrantDecidedError, GrantEndedError: it awaits no approval, or no longer; or who asked for
            it may not any more.
        SecondPersonError: the one who asked cannot agree.
        ChangedRequestError: `digest` is of another grant.
    """
    principal.require(Permission.GRANTS_APPROVE)
    principal.require_step_up(now)
    case = await cases.get_case(session, principal, *ref)
    row = await queries.get_grant(session, case.id, key)
    grant: CaseGrant = row["CaseGrant"]
    if (state := lines.state_of(row, now)) in {"withdrawn", "expired"}:
        raise GrantEndedError(state)
    if state != "pending":
        raise GrantDecidedError(state)
    if principal.person_id is None or principal.actor == grant.granted_by:
        raise SecondPersonError
    if not await _may_give_still(session, principal, grant, now=now):
        raise GrantEndedError("not_theirs")
    if digest != lines.digest_of(grant):
        raise ChangedRequestError(state)
    await session.execute(
        update(CaseGrant)
        .where(CaseGrant.id == grant.id)
        .values(approval="given", approved_by=principal.actor, approved_at=now)
    )
    await audit.record(
        session,
        principal,
        "case.granted",
        str(case.id),
        recipients=[grant.grantee_office_id],
        detail={"rung": grant.rung, "purpose": grant.purpose, "digest": digest},
    )
    return await _read(session, principal, case.id, key, now=now)


async def withdraw_grant(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    key: UUID | None,
    *,
    now: datetime,
) -> GrantRead:
    """End a grant, however it came about; it counts from the next request on.

    Raises:
        MissingScopeError: the caller lacks `grants:give`.
        CaseNotFoundError, GrantNotFoundError: absent, another office's, or behind a wall.
        GrantEndedError: it ended before.
    """
    principal.require(Permission.GRANTS_GIVE)
    case = await cases.get_case(session, principal, *ref)
    row = await queries.get_grant(session, case.id, key)
    grant: CaseGrant = row["CaseGrant"]
    if (state := lines.state_of(row, now)) in {"withdrawn", "expired"}:
        raise GrantEndedError(state)
    await session.execute(update(CaseGrant).where(CaseGrant.id == grant.id).values(revoked_at=now))
    await audit.record(
        session,
        principal,
        "case.grant_revoked",
        str(case.id),
        recipients=[grant.grantee_office_id],
        detail={"purpose": grant.purpose},
    )
    return await _read(session, principal, case.id, key, now=now)


async def list_grants(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> list[tuple[int, GrantRead]]:
    """Return a page of the grants of one of the caller's own cases, newest first.

    Raises:
        MissingScopeError: the caller lacks `grants:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.GRANTS_READ)
    case = await cases.get_case(session, principal, *ref)
    rows = await queries.list_grants(session, case.id, before=before, limit=limit)
    read = await lines.render_each(session, principal, rows, now=now)
    return [(row["CaseGrant"].id, each) for row, each in zip(rows, read, strict=True)]


async def read_grant(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    key: UUID | None,
    *,
    now: datetime,
) -> GrantRead:
    """Return one grant of one of the caller's own cases.

    Raises:
        MissingScopeError: the caller lacks `grants:read`.
        CaseNotFoundError, GrantNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.GRANTS_READ)
    case = await cases.get_case(session, principal, *ref)
    return await _read(session, principal, case.id, key, now=now)


async def _read(
    session: AsyncSession, principal: Principal, case_id: int, key: UUID | None, *, now: datetime
) -> GrantRead:
    row = await queries.get_grant(session, case_id, key)
    (read,) = await lines.render_each(session, principal, [row], now=now)
    return read
