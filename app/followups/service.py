from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import permissions_of
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.core.db import driver
from app.core.ids import parse_public_id, public_id
from app.core.preconditions import Precondition
from app.followups import queries
from app.followups.due_dates import overdue_before
from app.followups.errors import AssigneeRefusedError, FollowUpStateError
from app.followups.models import Assignment, DisclosureFlag, FollowUp
from app.followups.queries import EVERY, Asked, Overdue
from app.followups.rendering import render, standing, version_of
from app.followups.schemas import FollowUpRead, FollowUpStep
from app.followups.states import NEXT
from app.offices import queries as offices
from app.offices.seats import Seat
from app.pairs import queries as pairs
from app.people import queries as people
from app.people.errors import PersonNotFoundError
from app.people.service import PREFIX as PERSON
from app.quotas.counting import within_listing

_NOTED: Final = {"acknowledge": "acknowledged_at", "contact": "contacted_at"}


async def list_follow_ups(
    session: AsyncSession,
    principal: Principal,
    asked: Asked,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, FollowUpRead]]:
    """Return a page of what the office did about its overlaps, and record what was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        QuotaExceededError: the office or the caller looked at too many pages lately.
    """
    is_newest = before is None and asked == EVERY
    async with within_listing(session, principal, now=now, is_newest=is_newest):
        seat, overdue = await clock(session, principal, now)
        rows = await queries.list_follow_ups(
            session, principal, asked, overdue, before=before, limit=limit, now=now
        )
        found = [(row["id"], render(row, seat)) for row in rows]
        await _record_disclosed(session, principal, [read for _, read in found])
        return found


async def read_follow_up(
    session: AsyncSession, principal: Principal, overlap_id: UUID | None, *, now: datetime
) -> FollowUpRead:
    """Return what the office did about one overlap, and record what was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        OverlapNotFoundError: absent, retracted, or not for the caller; never told apart.
    """
    principal.require(Permission.OVERLAPS_READ)
    seat, overdue = await clock(session, principal, now)
    row = await queries.get_follow_up(session, principal, overlap_id, overdue, now=now)
    read = render(row, seat)
    await _record_disclosed(session, principal, [read])
    return read


async def take_step(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    step: FollowUpStep,
    *,
    if_match: Precondition,
    now: datetime,
) -> FollowUpRead:
    """Note that the office acknowledged an overlap, spoke with the other side, or is done.

    Or that it may have to be disclosed: the database tells the office, once.

    Raises:
        MissingScopeError: the caller lacks `overlaps:judge`.
        OverlapNotFoundError: absent, retracted, or not for the caller; never told apart.
        FollowUpStateError: the step does not follow from the state; perhaps a colleague was first.
        PreconditionFailedError: `if_match` does not name the version that stands.
    """
    principal.require(Permission.OVERLAPS_JUDGE)
    row, known = await _lock(session, principal, overlap_id, now=now)
    is_flag = step.event == "ask_disclosure"
    following = NEXT.get((row["progress"], step.event))
    if following is None or (is_flag and row["disclosure_asked_at"] is not None):
        raise FollowUpStateError(row["progress"])
    _require_version(row, known, if_match)
    values = standing(row)
    if is_flag:
        whose = {"office_id": principal.office_id, "overlap_id": row["id"]}
        flag = insert(DisclosureFlag).values(**whose, asked_by=principal.actor, asked_at=now)
        await session.execute(flag)
    elif step.event == "resolve":
        done = {"resolution": step.resolution, "resolved_evidence": row["evidence"]}
        values |= {"resolved_at": now, **done}
    else:
        values[_NOTED[step.event]] = now
    await _keep(session, principal, row, values)
    await audit.record(
        session,
        principal,
        "follow_up.disclosure_asked" if is_flag else f"follow_up.{following}",
        public_id(ladder.PREFIX, row["id"]),
        detail={"round": row["round"], **step.model_dump(include={"resolution"})},
    )
    return render(*await _get(session, principal, row["id"], now=now))


async def assign(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    person: str | None,
    *,
    if_match: Precondition,
    now: datetime,
) -> FollowUpRead:
    """Give an overlap to somebody of the office, or with None take it from whoever has it.

    Raises:
        MissingScopeError: the caller lacks `overlaps:judge`.
        OverlapNotFoundError: absent, retracted, or not for the caller; never told apart.
        AssigneeRefusedError: no such enabled person who may judge it, or a wall is before them.
        FollowUpStateError: a colleague was first while this one waited.
        PreconditionFailedError: `if_match` does not name the version that stands.
    """
    principal.require(Permission.OVERLAPS_JUDGE)
    row, known = await _lock(session, principal, overlap_id, now=now)
    _require_version(row, known, if_match)
    whose = {"office_id": principal.office_id, "overlap_id": row["id"]}
    if person is None:
        await session.execute(delete(Assignment).filter_by(**whose))
    else:
        person_id = await _assignee(session, principal, row["case_id"], person)
        values = {"person_id": person_id, "assigned_at": now, "assigned_by": principal.actor}
        await session.execute(
            insert(Assignment)
            .values(**whose, **values)
            .on_conflict_do_update(index_elements=["office_id", "overlap_id"], set_=values)
        )
    await _keep(session, principal, row, standing(row))
    await audit.record(
        session,
        principal,
        "follow_up.assigned" if person else "follow_up.unassigned",
        public_id(ladder.PREFIX, row["id"]),
        detail={"person": person},
    )
    return render(*await _get(session, principal, row["id"], now=now))


async def _assignee(session: AsyncSession, principal: Principal, case_id: int, person: str) -> UUID:
    person_id = parse_public_id(PERSON, person) or UUID(int=0)
    try:
        found = await people.get_for_update(session, principal.office_id, person_id)
    except PersonNotFoundError:
        raise AssigneeRefusedError from None
    may_judge = Permission.OVERLAPS_JUDGE in permissions_of(found.roles)
    if found.disabled_at or not may_judge or await queries.is_walled(session, case_id, found.id):
        raise AssigneeRefusedError
    return found.id


async def _lock(
    session: AsyncSession, principal: Principal, overlap_id: UUID | None, *, now: datetime
) -> tuple[asyncpg.Record, str]:
    """Return an overlap with its follow-up, and its version before the lock was waited for.

    Neither a verdict nor a post changes it meanwhile.
    """
    known, _ = await _get(session, principal, overlap_id, now=now, is_peek=True)
    await pairs.lock_overlap(await driver(session), principal.office_id, known["id"])
    row, _ = await _get(session, principal, overlap_id, now=now)
    return row, version_of(known)


def _require_version(row: asyncpg.Record, known: str, if_match: Precondition) -> None:
    if_match.require(f'"{known}"')
    if known != version_of(row):  # somebody was first while this one waited
        raise FollowUpStateError(row["progress"])


async def _get(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    *,
    now: datetime,
    is_peek: bool = False,
) -> tuple[asyncpg.Record, Seat]:
    """Return an overlap that the caller may judge with its follow-up, and the office's seat."""
    seat, overdue = await clock(session, principal, now)
    judge = Permission.OVERLAPS_JUDGE
    row = await queries.get_follow_up(
        session, principal, overlap_id, overdue, now=now, permission=judge, is_peek=is_peek
    )
    return row, seat


async def clock(session: AsyncSession, principal: Principal, now: datetime) -> tuple[Seat, Overdue]:
    """Return where the office is, and since before when what was found is late there."""
    seat = await offices.get_seat(session, principal.office_id)
    return seat, overdue_before(seat.day_of(now), seat)


async def _keep(
    session: AsyncSession, principal: Principal, row: asyncpg.Record, values: dict[str, object]
) -> None:
    await session.execute(
        insert(FollowUp)
        .values(office_id=principal.office_id, overlap_id=row["id"], **values)
        .on_conflict_do_update(index_elements=["office_id", "overlap_id"], set_=values)
    )


async def _record_disclosed(
    session: AsyncSession, principal: Principal, shown: list[FollowUpRead]
) -> None:
    await audit.record(
        session,
        principal,
        "follow_ups.disclosed",
        f"{len(shown)} overlaps",
        recipients=[principal.office_id],
        detail={read.overlap.id: read.overlap.rung for read in shown},
    )
