from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.cases import queries as cases
from app.cases.ladder import SeenOverlap
from app.cases.models import Case
from app.core.db import driver
from app.queues.models import SavedView
from app.queues.schemas import Assigned, CaseFilter, QueueCounts, QueueFilter, ViewRead, ViewSave

_STANDS: Final = (
    "({side}_verdict IS NOT NULL"
    " AND NOT ({side}_verdict = 'not_a_match' AND {side}_verdict_evidence <> evidence))"
)
"""SQL: the verdict of a side that still holds, as `cases.verdicts` says it."""

_OWN, _OTHER = _STANDS.format(side="v.own"), _STANDS.format(side="v.other")
_OWED: Final = f"""
({_OWN} AND {_OTHER} AND v.own_verdict <> v.other_verdict
 AND 'need_information' NOT IN (v.own_verdict, v.other_verdict)
 AND NOT EXISTS (SELECT FROM follow_ups f WHERE f.office_id = v.office_id
                 AND f.overlap_id = v.id AND f.resolved_evidence = v.evidence)) IS TRUE
"""
"""SQL: the answers contradict each other, and the own office has not resolved it."""
_TURNS: Final = {
    "ours": f" AND (NOT {_OWN} OR {_OWED})",
    "theirs": f" AND {_OWN} AND NOT {_OTHER}",
    "settled": f" AND {_OWN} AND {_OTHER} AND NOT {_OWED}",
    "all": "",
}

STANDS: Final = """
EXISTS (SELECT FROM persons q WHERE q.id = a.person_id AND q.disabled_at IS NULL)
AND NOT EXISTS (SELECT FROM case_walls w WHERE w.case_id = v.case_id
                AND w.person_id = a.person_id AND w.lifted_at IS NULL)
"""
"""SQL: whoever an overlap (v) is assigned to (a) is there, and no wall came before the case."""
_SEEN_TO: Final = (
    "EXISTS (SELECT FROM assignments a WHERE a.office_id = v.office_id AND a.overlap_id = v.id"
    f" AND {STANDS}{{by}})"
)
_MINE: Final = _SEEN_TO.format(by=" AND a.person_id = {value}::uuid")
_NOBODYS: Final = f"NOT {_SEEN_TO.format(by='')}"

# by their number, which another system of the office may have given too
_OF_CASE: Final = """ AND v.case_id = ANY (ARRAY(
  SELECT c.id FROM cases c WHERE c.office_id = $1 AND c.external_id = {value}))"""

# what is not shown cannot be asked for either: no answer tells more than the overlap does, nor how
# long it takes, so the ladder decides before any name is looked at
_WITH_OFFICE: Final = f"""
 AND least(v.reached, l.rung) >= {ladder.CONTACT:d}
 AND position(lower({{value}}::text) IN lower(v.name || ' ' || v.code)) > 0"""

# $5 how many are looked at, $6 the person who asks, $7 when they last looked
_COUNTS: Final = f"""
WITH v AS (
  {ladder.VISIBLE + ladder.STANDING} ORDER BY v.id DESC LIMIT $5),
w AS (
  SELECT {_OWN} AS is_ours_given, {_OTHER} AS is_theirs_given, {_OWED} AS is_owed, v.found_at,
         {_MINE.format(value="$6")} AS is_mine, {{is_asked}} AS is_asked FROM v)
SELECT count(*) AS total,
       count(*) >= $5 AS is_cut,
       count(*) FILTER (WHERE is_asked AND (NOT is_ours_given OR is_owed)) AS ours,
       count(*) FILTER (WHERE is_asked AND is_ours_given AND NOT is_theirs_given) AS theirs,
       count(*) FILTER (WHERE is_asked AND is_ours_given AND is_theirs_given AND NOT is_owed)
         AS settled,
       count(*) FILTER (WHERE is_mine) AS mine,
       count(*) FILTER (WHERE is_asked AND found_at > $7::timestamptz) AS fresh,
       count(*) FILTER (WHERE is_asked) AS "all"
FROM w
"""  # noqa: S608 -- constants only; every value is a parameter
_COUNTS_OF: Final[dict[Assigned, str]] = {
    "anyone": _COUNTS.format(is_asked="true"),
    "me": _COUNTS.format(is_asked=_MINE.format(value="$6")),
    "nobody": _COUNTS.format(is_asked=_NOBODYS),
}
"""By whom the counted ones are assigned to."""


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
    conditions, values = _conditions(asked, principal.person_id)
    page = ladder.VISIBLE + ladder.STANDING + conditions + ladder.PAGE
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        ladder.MARKED.format(page=page), *ladder.arguments(principal, now), before, limit, *values
    )
    return [ladder.seen(row) for row in rows]


async def list_cases(
    session: AsyncSession,
    principal: Principal,
    asked: CaseFilter,
    *,
    before: int | None,
    limit: int,
) -> list[Case]:
    """Return a page of the caller's own cases that were asked for, newest first."""
    page = cases.visible_to(principal).order_by(Case.id.desc()).limit(limit)
    for is_asked, condition in (
        (before is not None, Case.id < (before or 0)),
        (asked.number, Case.external_id.icontains(asked.number, autoescape=True)),
        (asked.stage, Case.record_class == asked.stage),
        (asked.kind, Case.trafficking_type == asked.kind),
    ):
        page = page.where(condition) if is_asked else page
    return list(await session.scalars(page))


def _conditions(asked: QueueFilter, person_id: UUID | None) -> tuple[str, list[object]]:
    """Return SQL for what is asked for, and the values of its parameters, from $7 on.

    What is not asked for has no condition: one that may be off is planned as if it kept little.
    """
    found = _TURNS[asked.turn] + (f" AND {_NOBODYS}" if asked.assigned == "nobody" else "")
    values: list[object] = []
    for is_asked, condition, value in (
        (asked.band is not None, " AND v.band = {value}::text", asked.band),
        (asked.external_id is not None, _OF_CASE, asked.external_id),
        (asked.assigned == "me", f" AND {_MINE}", person_id),
        (asked.since is not None, " AND v.found_at > {value}::timestamptz", asked.since),
        (bool(asked.office), _WITH_OFFICE, asked.office),
    ):
        if is_asked:
            values.append(value)
            found += condition.format(value=f"${len(values) + 6}")
    return found, values


async def count_overlaps(
    session: AsyncSession,
    principal: Principal,
    assigned: Assigned,
    *,
    since: datetime | None,
    most: int,
    now: datetime,
) -> QueueCounts:
    """Return how many of the `most` newest overlaps wait for whom."""
    row = await (await driver(session)).fetchrow(
        _COUNTS_OF[assigned], *ladder.arguments(principal, now), most, principal.person_id, since
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
