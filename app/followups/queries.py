"""The only module that selects follow-ups; each is read through the ladder, with its overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import ladder
from app.cases.errors import OverlapNotFoundError
from app.core.db import driver
from app.followups.states import DUE
from app.offices.queries import IN_FORCE
from app.queues.queries import STANDS
from app.sharing import state_pointers


def _state(follow_up: str, verdict: str) -> str:
    """Return SQL for the state of one side, of its row and its verdict (docs/workflow.md)."""
    return f"""
CASE WHEN {follow_up}.resolved_evidence = v.evidence THEN 'resolved'
     WHEN v.{verdict} = 'confirmed'
       OR v.{verdict} = 'not_a_match' AND v.{verdict}_evidence = v.evidence THEN 'verdict_given'
     WHEN {follow_up}.resolved_at IS NOT NULL THEN 'new'
     WHEN {follow_up}.contacted_at IS NOT NULL THEN 'contacted'
     WHEN {follow_up}.acknowledged_at IS NOT NULL THEN 'acknowledged'
     ELSE 'new' END"""


_DISAGREE: Final = """
CASE own_verdict WHEN 'confirmed' THEN other_verdict = 'not_a_match'
                                   AND other_verdict_evidence = evidence
                 WHEN 'not_a_match' THEN other_verdict = 'confirmed' END"""
"""SQL: the verdict of the other side contradicts that of one that has given its own."""

# The ladder's select, $1 to $4, with what the office did about each overlap; $5 to $8 the instants
# before which what was found is late (due_dates.overdue_before), as columns
_FOLLOWED: Final = f"""
SELECT w.*, c.owed_since, (c.owed_since < CASE w.progress WHEN 'new'
  THEN w.acknowledge_before ELSE w.judge_before END) IS TRUE AS is_overdue
FROM (
  SELECT v.*, own.record_class AS own_class,
    own.disclosure AS own_disclosure, late.acknowledge_before, late.judge_before,
    {_state("f", "own_verdict")} AS progress,
    CASE WHEN v.rung >= {ladder.CONTACT:d} THEN {_state("g", "other_verdict")} END
      AS other_progress,
    coalesce(f.version, 0) AS follow_up_version,
    coalesce(f.round, 1) + (f.resolved_evidence <> v.evidence IS TRUE)::int AS round,
    f.acknowledged_at, f.contacted_at, f.resolved_at, f.resolution, f.resolved_evidence,
    a.person_id, p.name AS person_name
  FROM ({ladder.VISIBLE + ladder.STANDING}) AS v
  JOIN cases own ON own.id = v.case_id
  JOIN unnest($5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
    AS late (band, record_class, acknowledge_before, judge_before)
    ON late.band = v.band AND late.record_class = own.record_class
  LEFT JOIN follow_ups f ON f.office_id = v.office_id AND f.overlap_id = v.id
  LEFT JOIN follow_ups g ON g.office_id = v.other_office_id AND g.overlap_id = v.id
  LEFT JOIN assignments a ON a.office_id = v.office_id AND a.overlap_id = v.id AND {STANDS}
  LEFT JOIN persons p ON p.id = a.person_id) AS w
CROSS JOIN LATERAL (SELECT CASE w.progress WHEN 'resolved' THEN NULL
  WHEN 'verdict_given' THEN
    CASE WHEN {_DISAGREE} THEN greatest(own_verdict_at, other_verdict_at) END
  ELSE w.stands_since END AS owed_since) AS c
"""  # noqa: S608 -- constants only; every value is a parameter

_REMINDERS: Final = """
(SELECT json_agg(json_build_object('level', r.level, 'step', r.step, 'due_on', r.due_on,
                                   'made_at', r.made_at) ORDER BY r.id)
 FROM reminders r
 WHERE r.office_id = $1 AND r.overlap_id = w.id AND r.round = w.round) AS reminders,
(SELECT d.asked_at FROM disclosure_flags d
 WHERE d.office_id = $1 AND d.overlap_id = w.id) AS disclosure_asked_at
"""

_PAGE: Final = ladder.MARKED.format(
    page=f"""
SELECT w.*, {_REMINDERS} FROM ({_FOLLOWED}) AS w
WHERE w.id < coalesce($9, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND ($11::text IS NULL OR w.progress = $11)
  AND ($12::text = 'anyone' OR $12 = 'nobody' AND w.person_id IS NULL
       OR $12 = 'me' AND w.person_id = $13::uuid)
  AND (NOT $14::boolean OR w.is_overdue)
ORDER BY w.id DESC LIMIT $10
"""  # noqa: S608 -- as above
)
_ONE_UNMARKED: Final = f"SELECT w.*, {_REMINDERS} FROM ({_FOLLOWED}) AS w WHERE w.id = $9"  # noqa: S608 -- as above
_ONE: Final = ladder.MARKED.format(page=_ONE_UNMARKED)

_OF: Final = (
    "SELECT w.*, NULL::json AS reminders, NULL::timestamptz AS disclosure_asked_at"  # noqa: S608 -- as above
    f" FROM ({_FOLLOWED}) AS w WHERE w.id = ANY($9::uuid[])"
)

_STEPS: Final = " ".join(f"WHEN '{state}' THEN '{step}'" for state, step in DUE.items())
_STEP: Final = f"CASE w.progress {_STEPS} END"
_TOLD: Final = f"""
SELECT FROM reminders r
WHERE r.office_id = w.office_id AND r.overlap_id = w.id AND r.round = w.round
  AND r.step = {_STEP} AND r.level = {{level}} AND r.made_at >= w.owed_since
"""
"""What was told of the step that is owed now; what it was told of before had another clock."""

# Late sides that were not yet told on this level ($9); on a higher one only those whose notice on
# the level before ($10, null for the first) was made before $11. A mediator ($9) is of the
# state of both offices, is neither of them and takes part, and no side hides from it. Others' locks
# are skipped.
_LATE: Final = f"""
SELECT w.id, w.progress, w.round, w.owed_since, w.band, w.own_class, s.mediator_office_id
FROM ({_FOLLOWED}) AS w
JOIN overlap_sides side ON side.office_id = w.office_id AND side.overlap_id = w.id
JOIN offices me ON me.id = w.office_id
LEFT JOIN state_settings s ON s.state = me.state
WHERE w.is_overdue
  AND NOT EXISTS ({_TOLD.format(level="$9")})
  AND ($10::text IS NULL OR EXISTS ({_TOLD.format(level="$10")} AND r.made_at < $11::timestamptz))
  AND ($9::text <> 'mediator' OR s.has_state_pointers AND w.state = me.state
    AND s.mediator_office_id NOT IN (w.office_id, w.other_office_id)
    AND w.own_disclosure <> 'silent' AND w.judged_disclosure <> 'silent'
    AND {IN_FORCE.format(office="s.mediator_office_id", today="$2::timestamptz::date")})
ORDER BY w.id LIMIT $12
FOR NO KEY UPDATE OF side SKIP LOCKED
"""  # noqa: S608 -- as above

# Of whichever office the state named before, for the one that it names now. In the order of the
# primary key, and with `OFFSET 0` the view apart from it: so it is asked of one overlap after the
# other until a page is full, past those that are settled or narrowed away.
_MEDIATIONS: Final = f"""
SELECT v.*, m.asked_at FROM mediations m
CROSS JOIN LATERAL (
  {state_pointers.VISIBLE} AND v.id = m.overlap_id AND NOT v.is_settled{{narrowed}} OFFSET 0) AS v
WHERE m.mediator_office_id = ANY (ARRAY(
  SELECT o.id FROM state_settings s JOIN offices o ON o.state = s.state
  WHERE s.mediator_office_id = $1))
  AND m.overlap_id < coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
ORDER BY m.overlap_id DESC LIMIT $6
"""  # noqa: S608 -- as above

_WALLED: Final = """
SELECT EXISTS (SELECT FROM case_walls w
               WHERE w.case_id = $1 AND w.person_id = $2 AND w.lifted_at IS NULL)
"""

Overdue = Sequence[tuple[str, str, datetime, datetime]]
"""Band, class, and for both steps before when what is late was owed."""


@dataclass(frozen=True)
class Asked:
    """Which follow-ups a list is to hold."""

    state: str | None = None
    assigned: str = "anyone"
    """`anyone`, `me` or `nobody`."""
    is_overdue: bool = False
    """Late ones only."""


EVERY: Final = Asked()


def _columns(overdue: Overdue) -> list[list[object]]:
    return [list(column) for column in zip(*overdue, strict=True)]


async def list_follow_ups(
    session: AsyncSession,
    principal: Principal,
    asked: Asked,
    overdue: Overdue,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of the office's overlaps with what it did about them, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _PAGE,
        *ladder.arguments(principal, now),
        *_columns(overdue),
        *(before, limit, asked.state, asked.assigned, principal.person_id, asked.is_overdue),
    )
    return rows


async def list_of_overlaps(
    session: AsyncSession,
    principal: Principal,
    overlap_ids: Sequence[UUID],
    overdue: Overdue,
    *,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return what the office did about these overlaps, without reminders, in no order."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _OF, *ladder.arguments(principal, now), *_columns(overdue), list(overlap_ids)
    )
    return rows


async def get_follow_up(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    overdue: Overdue,
    *,
    now: datetime,
    permission: Permission = Permission.OVERLAPS_READ,
    is_peek: bool = False,
) -> asyncpg.Record:
    """Return one overlap of the office with what it did about it.

    With `is_peek` it is not noted as seen, which locks: a lock of the overlap goes first.

    Raises:
        OverlapNotFoundError: absent, retracted, or not for the caller; never told apart.
    """
    row: asyncpg.Record | None = await (await driver(session)).fetchrow(
        _ONE_UNMARKED if is_peek else _ONE,
        *ladder.arguments(principal, now, permission),
        *_columns(overdue),
        overlap_id,
    )
    if row is None:
        raise OverlapNotFoundError
    return row


async def lock_late(
    session: AsyncSession,
    principal: Principal,
    overdue: Overdue,
    level: str,
    after: tuple[str, datetime] | None,
    *,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return late overlaps of one office, locked, that `level` was not told of.

    Args:
        session: Acts for the office.
        principal: The office.
        overdue: See `due_dates.overdue_before`.
        level: Who is to be told.
        after: The level before it, and before when that one was told; None for the first.
        limit: How many at most.
        now: The instant of the run.
    """
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _LATE,
        *ladder.arguments(principal, now),
        *_columns(overdue),
        level,
        *(after or (None, None)),
        limit,
    )
    return rows


async def list_mediations(
    session: AsyncSession,
    principal: Principal,
    asked: state_pointers.Asked,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of what the caller is to mediate, as pointers, newest first."""
    narrowed, values = state_pointers.conditions(asked)
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _MEDIATIONS.format(narrowed=narrowed),
        *(*state_pointers.arguments(principal, now), before, limit, *values),
    )
    return rows


async def is_walled(session: AsyncSession, case_id: int, person_id: UUID) -> bool:
    """Return whether a wall keeps a person from one of the office's own cases."""
    walled: bool = await (await driver(session)).fetchval(_WALLED, case_id, person_id)
    return walled
