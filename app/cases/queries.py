"""The only module that selects cases and overlaps; access is part of each query."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import Select, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import ladder
from app.cases.errors import CaseNotFoundError, OverlapNotFoundError
from app.cases.models import Case, CaseWall
from app.cases.overlap_schemas import OverlapRead
from app.core.db import driver

_LOCK_CASES: Final = """
SELECT c.id, c.source_system, c.external_id, c.version
FROM unnest($2::text[], $3::text[]) AS q (source_system, external_id)
JOIN cases c ON c.office_id = $1 AND c.source_system = q.source_system
            AND c.external_id = q.external_id
ORDER BY c.source_system, c.external_id
FOR NO KEY UPDATE OF c
"""

_UPSERT_CASES: Final = """
INSERT INTO cases AS c (office_id, source_system, external_id, record_class, trafficking_type,
  disclosure, county_fips, opened_on, review_on, summary, content_tag, validated_on, version,
  posted_at, changed_at)
SELECT $1, q.*, $2::timestamptz::date, 1, $2, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[],
            $10::date[], $11::text[], $12::bytea[]) AS q
ON CONFLICT (office_id, source_system, external_id) DO UPDATE
SET record_class = excluded.record_class, trafficking_type = excluded.trafficking_type,
    disclosure = excluded.disclosure, county_fips = excluded.county_fips,
    opened_on = excluded.opened_on, review_on = excluded.review_on, summary = excluded.summary,
    content_tag = excluded.content_tag, validated_on = excluded.validated_on,
    version = c.version + 1, changed_at = excluded.changed_at
WHERE c.content_tag <> excluded.content_tag
RETURNING id, source_system, external_id, version, xmax = 0
"""

_PAGE: Final = ladder.VISIBLE + (
    " AND s.overlap_id < coalesce($6, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)"
    " ORDER BY s.overlap_id DESC LIMIT $7"
)
_ONE: Final = ladder.VISIBLE + " AND s.overlap_id = $6"
_OF_CASES: Final = (
    "SELECT v.* FROM unnest($6::bigint[]) AS q (id) CROSS JOIN LATERAL ("  # noqa: S608 -- constants only
    + ladder.VISIBLE
    + " AND s.case_id = q.id ORDER BY o.strength DESC, o.id LIMIT $7) AS v"
)


@dataclass(frozen=True)
class SeenOverlap:
    """An overlap as its reader may see it, with the keys that joining services need."""

    id: UUID
    case_id: int
    other_case_id: int
    other_office_id: int
    read: OverlapRead


def visible_to(principal: Principal) -> Select[Case]:
    """Return the select of cases that `principal` may read: its own office's, but for walls."""
    own = select(Case).where(Case.office_id == principal.office_id)
    if principal.person_id is None:
        return own
    return own.where(
        ~exists().where(
            CaseWall.case_id == Case.id,
            CaseWall.person_id == principal.person_id,
            CaseWall.lifted_at.is_(None),
        )
    )


async def get_case(
    session: AsyncSession, principal: Principal, source_system: str, external_id: str
) -> Case:
    """Return one of the caller's own cases.

    Raises:
        CaseNotFoundError: absent, or another office's; the two are never told apart.
    """
    case = await session.scalar(
        visible_to(principal).where(
            Case.source_system == source_system, Case.external_id == external_id
        )
    )
    if case is None:
        raise CaseNotFoundError
    return case


async def list_cases(
    session: AsyncSession, principal: Principal, *, before: int | None, limit: int
) -> list[Case]:
    """Return a page of the caller's own cases, newest first, from `before` on (exclusive)."""
    page = visible_to(principal).order_by(Case.id.desc()).limit(limit)
    return list(await session.scalars(page if before is None else page.where(Case.id < before)))


async def check_not_walled(
    session: AsyncSession, principal: Principal, refs: Sequence[tuple[str, str]]
) -> None:
    """Refuse a person who is walled from any of these cases, as if it did not exist.

    Raises:
        CaseNotFoundError: a wall stands before one of them.
    """
    if principal.person_id is None:
        return
    walled = (
        select(CaseWall.id)
        .join(Case, Case.id == CaseWall.case_id)
        .where(
            Case.office_id == principal.office_id,
            tuple_(Case.source_system, Case.external_id).in_(refs),
            CaseWall.person_id == principal.person_id,
            CaseWall.lifted_at.is_(None),
        )
        .limit(1)
    )
    if await session.scalar(walled) is not None:
        raise CaseNotFoundError


@dataclass(frozen=True)
class StoredCase:
    """A case row that this transaction holds."""

    id: int
    version: int
    is_new: bool = False


async def lock_cases(
    session: AsyncSession, principal: Principal, refs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], StoredCase]:
    """Lock and return those of the caller's own cases that exist, by reference."""
    systems, externals = [ref[0] for ref in refs], [ref[1] for ref in refs]
    rows = await (await driver(session)).fetch(_LOCK_CASES, principal.office_id, systems, externals)
    return {(row[1], row[2]): StoredCase(row[0], row[3]) for row in rows}


async def upsert_cases(
    session: AsyncSession,
    principal: Principal,
    rows: Sequence[tuple[Any, ...]],
    *,
    now: datetime,
) -> dict[tuple[str, str], StoredCase]:
    """Insert or replace the caller's own cases, in the order of their references.

    A case that holds the same post already is locked, left as it is, and not returned.
    """
    columns = [list(column) for column in zip(*sorted(rows, key=lambda row: row[:2]), strict=True)]
    found = await (await driver(session)).fetch(_UPSERT_CASES, principal.office_id, now, *columns)
    return {(row[1], row[2]): StoredCase(row[0], row[3], is_new=row[4]) for row in found}


async def list_overlaps(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[SeenOverlap]:
    """Return a page of the overlaps that the caller may know of, newest first."""
    return await _seen(session, principal, _PAGE, before, limit, now=now)


async def get_overlap(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    *,
    now: datetime,
    permission: Permission = Permission.OVERLAPS_READ,
) -> SeenOverlap:
    """Return one overlap that the caller may know of, to do with it what `permission` says.

    Raises:
        OverlapNotFoundError: absent, retracted, or not for the caller; never told apart.
    """
    found = await _seen(session, principal, _ONE, overlap_id, now=now, permission=permission)
    if not found:
        raise OverlapNotFoundError
    return found[0]


async def list_overlaps_of_cases(
    session: AsyncSession,
    principal: Principal,
    case_ids: Collection[int],
    *,
    limit: int,
    now: datetime,
) -> dict[int, list[SeenOverlap]]:
    """Return the strongest overlaps, up to `limit`, of each of the caller's own cases."""
    found: dict[int, list[SeenOverlap]] = {case_id: [] for case_id in case_ids}
    for seen in await _seen(session, principal, _OF_CASES, list(case_ids), limit, now=now):
        found[seen.case_id].append(seen)
    return found


async def _seen(
    session: AsyncSession,
    principal: Principal,
    sql: str,
    *arguments: object,
    now: datetime,
    permission: Permission = Permission.OVERLAPS_READ,
) -> list[SeenOverlap]:
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        sql, *ladder.arguments(principal, now, permission), *arguments
    )
    return [
        SeenOverlap(
            id=row["id"],
            case_id=row["case_id"],
            other_case_id=row["other_case_id"],
            other_office_id=row["other_office_id"],
            read=ladder.render(row),
        )
        for row in rows
    ]
