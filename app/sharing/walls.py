"""Walls: a conflict of interest keeps an office, or a person of one's own, from a case."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts.proposers import may_still
from app.audit import service as audit
from app.cases import queries as cases
from app.cases.models import CaseWall
from app.core.errors import FieldProblem
from app.core.ids import new_id, parse_public_id, public_id
from app.offices import queries as offices
from app.offices.errors import OfficeNotFoundError
from app.people import queries as people
from app.people.errors import PersonNotFoundError
from app.people.service import PREFIX as PERSON
from app.sharing import queries
from app.sharing.errors import WallLiftedError, WallNotFoundError, WallRefusedError
from app.sharing.schemas import WallRead, WallSet

PREFIX: Final = "wal"
LIFTED_WITHIN: Final = timedelta(hours=24)
"""How long a request to lift a wall waits for the second person."""


async def set_wall(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    asked: WallSet,
    *,
    now: datetime,
) -> WallRead:
    """Set a wall before one of the caller's own cases; it counts from the next request on.

    Raises:
        MissingScopeError: the caller lacks `walls:set`; machine clients always do.
        CaseNotFoundError: absent, another office's, or behind a wall.
        WallRefusedError: no such other office, or no such person of one's own.
        WallLiftedError: twice in a row another request's wall was lifted before it could be read.
    """
    principal.require(Permission.WALLS_SET)
    case = await cases.get_case(session, principal, *ref)
    office_id = person_id = None
    if asked.office is not None:
        office_id = await _other_office(session, principal, asked.office)
    if asked.person is not None:
        person_id = await _own_person(session, principal, asked.person)
    who = {"office_id": office_id, "person_id": person_id}
    for _ in range(2):  # two persons may lift the one that stands in between
        added = await session.scalar(
            insert(CaseWall)
            .values(id=new_id(), case_id=case.id, set_at=now, set_by=principal.actor, **who)
            .on_conflict_do_nothing()
            .returning(CaseWall.id)
        )
        if added is not None:
            await audit.record(session, principal, "wall.set", public_id(PREFIX, added))
        if row := await queries.find_wall(session, case.id, **who):
            return render(row)
    raise WallLiftedError("lifted")


async def _other_office(session: AsyncSession, principal: Principal, code: str) -> int:
    try:
        office = await offices.get_office(session, code)
    except OfficeNotFoundError:
        office = None
    if office is None or office.id == principal.office_id:
        raise _refused("/office", "no-such-office")
    return office.id


async def _own_person(session: AsyncSession, principal: Principal, person: str) -> UUID:
    person_id = parse_public_id(PERSON, person) or UUID(int=0)
    try:
        return (await people.get_for_update(session, principal.office_id, person_id)).id
    except PersonNotFoundError:
        raise _refused("/person", "no-such-person") from None


def _refused(pointer: str, code: str) -> WallRefusedError:
    problem = FieldProblem(pointer, code, WallRefusedError.default_detail)
    return WallRefusedError(problems=(problem,))


async def lift_wall(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    wall_id: UUID | None,
    *,
    now: datetime,
) -> WallRead:
    """Ask that a wall be lifted; when another person asked within 24 hours, lift it.

    Who asked and may not lift walls any more, disabled perhaps because somebody else has the
    account, does not count: what the second one says here may be meant as the first word.

    Raises:
        MissingScopeError: the caller lacks `walls:lift`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        CaseNotFoundError, WallNotFoundError: absent, another office's, or behind a wall.
        WallLiftedError: two persons lifted it before.
    """
    principal.require(Permission.WALLS_LIFT)
    principal.require_step_up(now)
    case = await cases.get_case(session, principal, *ref)
    row = await queries.get_wall(session, case.id, wall_id)
    wall: CaseWall = row["CaseWall"]
    if wall.lifted_at is not None:
        raise WallLiftedError("lifted")
    waits = wall.lift_asked_at is not None and now < wall.lift_asked_at + LIFTED_WITHIN
    # of a request that lapsed since the last night only this entry tells
    detail = {"after": "expired"} if wall.lift_asked_at is not None and not waits else {}
    if waits and not await may_still(
        session, principal.office_id, str(wall.lift_asked_by), Permission.WALLS_LIFT, now=now
    ):
        waits, detail = False, {"after": "not_theirs"}
    if waits and wall.lift_asked_by != principal.actor:
        changes: dict[str, Any] = {"lifted_at": now, "lifted_by": principal.actor}
    else:
        changes = {"lift_asked_at": now, "lift_asked_by": principal.actor}
    await session.execute(update(CaseWall).where(CaseWall.id == wall.id).values(**changes))
    action = "wall.lifted" if "lifted_at" in changes else "wall.lift_requested"
    await audit.record(session, principal, action, public_id(PREFIX, wall.id), detail=detail)
    await session.refresh(wall)
    return render(row)


async def list_walls(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    *,
    after: UUID | None,
    limit: int,
) -> list[tuple[UUID, WallRead]]:
    """Return a page of the walls in force before one of the caller's own cases, oldest first.

    Raises:
        MissingScopeError: the caller lacks `walls:set`.
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.WALLS_SET)
    case = await cases.get_case(session, principal, *ref)
    found = await queries.list_walls(session, case.id, after=after, limit=limit)
    return [(row["CaseWall"].id, render(row)) for row in found]


async def read_wall(
    session: AsyncSession, principal: Principal, ref: tuple[str, str], wall_id: UUID | None
) -> WallRead:
    """Return a wall in force before one of the caller's own cases.

    Raises:
        MissingScopeError: the caller lacks `walls:set`.
        CaseNotFoundError: absent, another office's, or behind a wall.
        WallNotFoundError: the case has none such in force.
    """
    principal.require(Permission.WALLS_SET)
    case = await cases.get_case(session, principal, *ref)
    row = await queries.find_wall(session, case.id, id=wall_id)
    if row is None:
        raise WallNotFoundError
    return render(row)


def render(row: RowMapping) -> WallRead:
    """Return a wall as its owner reads it."""
    wall: CaseWall = row["CaseWall"]
    return WallRead(
        id=public_id(PREFIX, wall.id),
        office=row["code"],
        person=wall.person_id and public_id(PERSON, wall.person_id),
        set_at=wall.set_at,
        lift_asked_at=wall.lift_asked_at,
        lifted_at=wall.lifted_at,
    )
