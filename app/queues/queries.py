from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.cases.ladder import SeenOverlap
from app.core.db import driver
from app.queues.models import SavedView
from app.queues.schemas import QueueCounts, QueueFilter, ViewRead, ViewSave

COUNTED: Final = 1000
"""Overlaps that are looked at to count them; beyond it a count says "or more"."""

_STANDS: Final = (
    "({side}_verdict IS NOT NULL"
    " AND NOT ({side}_verdict = 'not_a_match' AND {side}_verdict_evidence <> evidence))"
)
"""SQL: the verdict of a side that still holds, as `cases.verdicts` says it."""

_OWN, _OTHER = _STANDS.format(side="v.own"), _STANDS.format(side="v.other")
_TURNS: Final = {
    "ours": f" AND NOT {_OWN}",
    "theirs": f" AND {_OWN} AND NOT {_OTHER}",
    "settled": f" AND {_OWN} AND {_OTHER}",
    "all": "",
}

_SEEN_TO: Final = (
    "EXISTS (SELECT FROM assignments a WHERE a.office_id = v.office_id AND a.overlap_id = v.id{by})"
)
_MINE: Final = _SEEN_TO.format(by=" AND a.person_id = {person}::uuid")

# $5 a cursor, $6 a limit, $7 a band, $8 the number of an own case, $9 who sees to it, $10 the
# person who asks, $11 an instant
_PAGE: Final = (
    " AND ($7::text IS NULL OR v.band = $7) AND ($8::text IS NULL OR v.external_id = $8)"
    f" AND ($9::text = 'anyone' OR $9 = 'me' AND {_MINE.format(person='$10')}"
    f" OR $9 = 'nobody' AND NOT {_SEEN_TO.format(by='')})"
    " AND ($11::timestamptz IS NULL OR v.found_at > $11)"
    " AND v.id < coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)"
    " ORDER BY v.id DESC LIMIT $6"
)
_PAGES: Final = {
    turn: ladder.MARKED.format(page=ladder.VISIBLE + ladder.STANDING + condition + _PAGE)
    for turn, condition in _TURNS.items()
}

# $5 how many are looked at, $6 the person who asks, $7 when they last looked
_COUNTS: Final = f"""
WITH v AS (
  {ladder.VISIBLE + ladder.STANDING} ORDER BY v.id DESC LIMIT $5)
SELECT count(*) FILTER (WHERE NOT {_OWN}) AS ours,
       count(*) FILTER (WHERE {_OWN} AND NOT {_OTHER}) AS theirs,
       count(*) FILTER (WHERE {_OWN} AND {_OTHER}) AS settled,
       count(*) FILTER (WHERE {_MINE.format(person="$6")}) AS mine,
       count(*) FILTER (WHERE v.found_at > $7::timestamptz) AS fresh,
       count(*) AS "all"
FROM v
"""  # noqa: S608 -- constants only; every value is a parameter


# a name that stands is replaced, whatever their number
_SAVE: Final = """
INSERT INTO saved_views AS v (person_id, office_id, name, filters, saved_at)
SELECT $1, $2, $3::varchar, $4, $5
WHERE (SELECT count(*) FROM saved_views w WHERE w.person_id = $1 AND w.name <> $3::varchar) < $6
ON CONFLICT (person_id, name) DO UPDATE SET filters = excluded.filters, saved_at = excluded.saved_at
RETURNING v.name
"""

# on the first look with a sign-in what was the last look becomes the one of before
_VISIT: Final = """
INSERT INTO queue_visits AS q (person_id, office_id, sign_in_began_at, seen_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (person_id) DO UPDATE SET
  before_at = CASE WHEN q.sign_in_began_at <> excluded.sign_in_began_at THEN q.seen_at
                   ELSE q.before_at END,
  sign_in_began_at = excluded.sign_in_began_at, seen_at = excluded.seen_at
RETURNING q.before_at
"""


async def list_overlaps(
    session: AsyncSession,
    principal: Principal,
    asked: QueueFilter,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[SeenOverlap]:
    """Return a page of the overlaps that the caller may know of and asked for, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _PAGES[asked.turn],
        *ladder.arguments(principal, now),
        *(before, limit, asked.band, asked.external_id),
        *(asked.assigned, principal.person_id, asked.since),
    )
    return [ladder.seen(row) for row in rows]


async def count_overlaps(
    session: AsyncSession, principal: Principal, *, since: datetime | None, now: datetime
) -> QueueCounts:
    """Return how many of the newest `COUNTED` overlaps wait for whom."""
    row = await (await driver(session)).fetchrow(
        _COUNTS, *ladder.arguments(principal, now), COUNTED, principal.person_id, since
    )
    assert row is not None  # noqa: S101 -- an aggregate
    return QueueCounts(**dict(row))


async def save_view(
    session: AsyncSession, principal: Principal, view: ViewSave, *, most: int, now: datetime
) -> bool:
    """Keep a view of the caller's; False where it would be more than `most`."""
    row = await (await driver(session)).fetchrow(
        _SAVE,
        *(principal.person_id, principal.office_id, view.name, view.filters, now, most),
    )
    return row is not None


async def delete_view(session: AsyncSession, principal: Principal, name: str) -> None:
    """Delete the caller's view of this name."""
    mine = SavedView.person_id == principal.person_id
    await session.execute(delete(SavedView).where(mine, SavedView.name == name))


async def list_views(session: AsyncSession, principal: Principal) -> list[ViewRead]:
    """Return the caller's views by name."""
    mine = select(SavedView).where(SavedView.person_id == principal.person_id)
    found = await session.scalars(mine.order_by(SavedView.name))
    return [ViewRead(name=view.name, filters=view.filters) for view in found]


async def note_visit(
    session: AsyncSession, principal: Principal, *, began_at: datetime, now: datetime
) -> datetime | None:
    """Note a look at the queue; return the last one of an earlier sign-in, None without one."""
    before: datetime | None = await (await driver(session)).fetchval(
        _VISIT, principal.person_id, principal.office_id, began_at, now
    )
    return before
