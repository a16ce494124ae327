"""The only module that selects the register of grants, walls and notices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
from sqlalchemy import BigInteger, Date, RowMapping, Select, all_, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from app.access.principal import Principal
from app.access.vocabulary import Disclosure, RecordClass, Role
from app.cases.models import Case, CaseGrant, CaseWall
from app.core.db import driver
from app.offices.models import Office
from app.offices.queries import HAS_STATE_POINTERS, IN_FORCE
from app.openings import queries as openings
from app.sharing.errors import GlassBreakNotFoundError, GrantNotFoundError, WallNotFoundError
from app.sharing.models import GlassBreak

_AUDIENCE: Final = f"""
SELECT f.kind, count(*) AS offices,
       count(*) FILTER (WHERE f.kind = 'attorney_general' AND f.state = me.state
         AND {HAS_STATE_POINTERS.format(state="me.state")}) AS in_state
FROM offices f JOIN offices me ON me.id = $1
WHERE f.id <> $1 AND {IN_FORCE.format(office="f.id", today="$2::date")}
GROUP BY f.kind ORDER BY f.kind
"""  # noqa: S608 -- as above

_STANDING: Final = f"""
SELECT f.id, f.code, f.kind = 'attorney_general' AND f.state = owner.state
         AND {HAS_STATE_POINTERS.format(state="owner.state")} AS is_state_ag,
       {IN_FORCE.format(office="f.id", today="$3::date")} AS is_participating,
       {IN_FORCE.format(office="owner.id", today="$3::date")} AS is_owner_participating,
       EXISTS (SELECT FROM case_walls w WHERE w.case_id = c.id AND w.office_id = f.id
                 AND w.lifted_at IS NULL) AS is_walled,
       f.id = owner.id AS is_owner
FROM offices f, cases c JOIN offices owner ON owner.id = c.office_id
WHERE f.code = $1 AND c.id = $2
"""  # noqa: S608 -- as above


# an auditor, who is shown no overlap, is told by this function what the office is
_NAMED_TO_AUDIT: Final = """
SELECT q.id FROM unnest($1::uuid[]) AS q (id)
WHERE EXISTS (SELECT FROM audited_overlap(q.id) AS v WHERE v.code IS NOT NULL)
"""


_ENDS_ON: Final = "(SELECT m.ends_on FROM matters m WHERE m.request_id = case_grants.request_id)"
HOLDS_UNTIL: Final = literal_column(_ENDS_ON, Date)
"""First day on which the agreement that a grant came of, and so the grant, holds no longer."""

# whether the office asked for the joint handling, or else was asked
_HAS_ASKED: Final = "SELECT requester_office_id = $2 FROM handling_requests WHERE id = $1"


def grants_of(case_id: int) -> Select[CaseGrant, str, date]:
    """Return the select of the grants of a case, with their offices' codes and `holds_until`."""
    return (
        select(CaseGrant, Office.code, HOLDS_UNTIL.label("holds_until"))
        .join(Office, Office.id == CaseGrant.grantee_office_id)
        .where(CaseGrant.case_id == case_id)
    )


async def list_grants(
    session: AsyncSession, case_id: int, *, before: int | None, limit: int
) -> Sequence[RowMapping]:
    """Return a page of the grants of one of the caller's own cases, newest first."""
    page = grants_of(case_id).order_by(CaseGrant.id.desc()).limit(limit)
    found = page if before is None else page.where(CaseGrant.id < before)
    return (await session.execute(found)).mappings().all()


async def get_newest_grant(
    session: AsyncSession, case_id: int, **columns: Any
) -> RowMapping | None:
    """Return the newest grant of the caller's own case with these values, None without one."""
    same = [getattr(CaseGrant, name) == value for name, value in columns.items()]
    asked = grants_of(case_id).where(*same).order_by(CaseGrant.id.desc()).limit(1)
    return (await session.execute(asked)).mappings().one_or_none()


async def get_grant(session: AsyncSession, case_id: int, key: UUID | None) -> RowMapping:
    """Return one grant of the caller's own case, row-locked until the transaction ends.

    Raises:
        GrantNotFoundError: the case has none with this key.
    """
    asked = grants_of(case_id).where(CaseGrant.key == key).with_for_update(of=CaseGrant)
    row = (await session.execute(asked)).mappings().one_or_none()
    if row is None:
        raise GrantNotFoundError
    return row


async def has_asked(session: AsyncSession, principal: Principal, request_id: UUID | None) -> bool:
    """Return whether the caller's office asked for the joint handling that it is a party of."""
    asked: bool | None = await (await driver(session)).fetchval(
        _HAS_ASKED, request_id, principal.office_id
    )
    return bool(asked)


async def list_named(
    session: AsyncSession, principal: Principal, overlap_ids: Sequence[UUID], *, now: datetime
) -> set[UUID]:
    """Return those of the overlaps whose other office the caller's office may know."""
    connection = await driver(session)
    named = await openings.list_named(connection, principal, overlap_ids, now=now)
    if Role.AUDITOR in principal.roles:
        named |= {row["id"] for row in await connection.fetch(_NAMED_TO_AUDIT, overlap_ids)}
    return named


async def list_in_force(
    session: AsyncSession, case_id: int, office_id: int, *, now: datetime
) -> list[CaseGrant]:
    """Return the grants in force of a case, or in an overlap of it, to a whole office."""
    asked = select(CaseGrant).where(
        CaseGrant.case_id == case_id,
        CaseGrant.grantee_office_id == office_id,
        CaseGrant.revoked_at.is_(None),
        or_(CaseGrant.expires_at.is_(None), CaseGrant.expires_at > now),
        or_(HOLDS_UNTIL.is_(None), now.date() < HOLDS_UNTIL),
        CaseGrant.approval != "pending",
        CaseGrant.person_id.is_(None),
    )
    return list(await session.scalars(asked.order_by(CaseGrant.id.desc())))


@dataclass(frozen=True)
class Standing:
    """How an office stands to a case, as far as the case's owner may know."""

    office_id: int
    code: str
    is_state_ag: bool
    is_participating: bool
    is_owner_participating: bool
    is_walled: bool
    is_owner: bool


async def get_standing(
    session: AsyncSession, case_id: int, office_code: str, *, now: datetime
) -> Standing | None:
    """Return how the office with this code stands to a case, None where there is no such office."""
    row = await (await driver(session)).fetchrow(_STANDING, office_code, case_id, now)
    return None if row is None else Standing(*row)


async def count_audience(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> list[asyncpg.Record]:
    """Return kind, number of other offices that take part, and how many are the state's AG."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _AUDIENCE, principal.office_id, now
    )
    return rows


async def list_walls(
    session: AsyncSession, case_id: int, *, after: UUID | None, limit: int
) -> Sequence[RowMapping]:
    """Return a page of the walls in force before one of the caller's own cases, oldest first."""
    page = _walls(case_id).where(CaseWall.lifted_at.is_(None)).order_by(CaseWall.id).limit(limit)
    found = page if after is None else page.where(CaseWall.id > after)
    return (await session.execute(found)).mappings().all()


async def find_wall(session: AsyncSession, case_id: int, **columns: Any) -> RowMapping | None:
    """Return the wall in force before the caller's own case with these values, None without one."""
    same = [getattr(CaseWall, name).is_not_distinct_from(value) for name, value in columns.items()]
    asked = _walls(case_id).where(CaseWall.lifted_at.is_(None), *same)
    return (await session.execute(asked)).mappings().one_or_none()


async def get_wall(session: AsyncSession, case_id: int, wall_id: UUID | None) -> RowMapping:
    """Return a wall, in force or lifted, row-locked until the transaction ends.

    Raises:
        WallNotFoundError: the case has none with this id.
    """
    asked = _walls(case_id).where(CaseWall.id == wall_id).with_for_update(of=CaseWall)
    row = (await session.execute(asked)).mappings().one_or_none()
    if row is None:
        raise WallNotFoundError
    return row


def _walls(case_id: int) -> Select[CaseWall, str]:
    return (
        select(CaseWall, Office.code)
        .join(Office, Office.id == CaseWall.office_id, isouter=True)
        .where(CaseWall.case_id == case_id)
    )


async def get_target(session: AsyncSession, case_id: int) -> tuple[RecordClass, Disclosure]:
    """Return record class and disclosure of a case that the caller is allowed to know of."""
    asked = select(Case.record_class, Case.disclosure).where(Case.id == case_id)
    row = (await session.execute(asked)).one()
    return cast("tuple[RecordClass, Disclosure]", tuple(row))


_WALLED: Final = select(func.walled_cases()).scalar_subquery().cast(ARRAY(BigInteger))
"""A subquery, so that the database asks once and not for each row."""


def notices_to(principal: Principal) -> Select[GlassBreak, str, str]:
    """Return the select of the notices that the caller's office sent or received.

    Those over overlaps of a case that a wall keeps the caller from are left out.
    """
    mine = or_(
        GlassBreak.office_id == principal.office_id,
        GlassBreak.owner_office_id == principal.office_id,
    )
    return (
        select(GlassBreak, Office.code, Office.name)
        .join(Office, Office.id == GlassBreak.office_id)
        .where(
            mine,
            GlassBreak.owner_case_id != all_(_WALLED),
            func.coalesce(GlassBreak.office_case_id, 0) != all_(_WALLED),
        )
    )


async def list_notices(
    session: AsyncSession, principal: Principal, *, before: UUID | None, limit: int
) -> Sequence[RowMapping]:
    """Return a page of notices of broken glass, newest first."""
    page = notices_to(principal).order_by(GlassBreak.id.desc()).limit(limit)
    found = page if before is None else page.where(GlassBreak.id < before)
    return (await session.execute(found)).mappings().all()


async def find_notice(session: AsyncSession, principal: Principal, key: UUID | None) -> RowMapping:
    """Return a notice that the caller's office sent or received.

    Raises:
        GlassBreakNotFoundError: absent, or of other offices.
    """
    asked = notices_to(principal).where(GlassBreak.id == key)
    row = (await session.execute(asked)).mappings().one_or_none()
    if row is None:
        raise GlassBreakNotFoundError
    return row


async def list_overdue(
    session: AsyncSession, *, now: datetime, limit: int, office_id: int | None
) -> list[GlassBreak]:
    """Return breaks whose review is overdue and not alarmed of, locked; others' are skipped.

    Of one office: those by it, and those of its cases.
    """
    overdue = select(GlassBreak).where(
        GlassBreak.reviewed_at.is_(None),
        GlassBreak.review_due_at <= now,
        GlassBreak.alarmed_at.is_(None),
    )
    if office_id is not None:
        overdue = overdue.where(
            or_(GlassBreak.owner_office_id == office_id, GlassBreak.office_id == office_id)
        )
    needed = (GlassBreak.owner_office_id, GlassBreak.office_id, GlassBreak.review_due_at)
    page = overdue.options(load_only(*needed, GlassBreak.alarmed_at))
    page = page.order_by(GlassBreak.review_due_at).limit(limit)
    return list(await session.scalars(page.with_for_update(skip_locked=True)))


async def get_notice(session: AsyncSession, principal: Principal, key: UUID | None) -> RowMapping:
    """Return a notice of broken glass over one of the caller's own cases, row-locked.

    Raises:
        GlassBreakNotFoundError: absent, or not over the caller's cases.
    """
    asked = notices_to(principal).where(
        GlassBreak.id == key, GlassBreak.owner_office_id == principal.office_id
    )
    row = (await session.execute(asked.with_for_update(of=GlassBreak))).mappings().one_or_none()
    if row is None:
        raise GlassBreakNotFoundError
    return row
