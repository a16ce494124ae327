from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import asyncpg
from sqlalchemy import RowMapping, Select, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.models import Run, RunOffice, RunStep

_END_DEAD: Final = text(
    "UPDATE runs SET state = 'interrupted', finished_at = :now WHERE state = 'running'"
)
_INSERT: Final = text(
    "INSERT INTO runs (id, office_id, state, is_dry, is_whole, as_of, started_at)"
    " VALUES (:id, :office, 'running', :is_dry, :is_whole, :as_of, :now)"
)
# whoever takes over ends the run first, and waits for this lock: no two batches of two runs
_HOLD: Final = text("SELECT id FROM runs WHERE id = :id AND state = 'running' FOR SHARE")
_NOTE_STEP: Final = text(
    "INSERT INTO run_steps AS s"
    " (run_id, position, step, state, count, is_more, milliseconds, error, reason)"
    " VALUES (:run, :position, :step, :state, :count, :is_more, :milliseconds, :error, :reason)"
    " ON CONFLICT (run_id, position) DO UPDATE SET state = excluded.state,"
    " count = excluded.count, is_more = excluded.is_more,"
    " milliseconds = excluded.milliseconds, error = excluded.error"
)
_NOTE_OFFICES: Final = text(
    "INSERT INTO run_offices (run_id, position, office_id, count)"
    " SELECT :run, :position, o.id, q.count"
    " FROM unnest(CAST(:offices AS bigint[]), CAST(:counts AS bigint[])) AS q (id, count)"
    " JOIN offices o ON o.id = q.id"
    " ON CONFLICT (run_id, position, office_id) DO UPDATE SET count = excluded.count"
)
_OFFICES: Final = text(
    "SELECT r.position, o.code, r.count FROM run_offices r JOIN offices o ON o.id = r.office_id"
    " WHERE r.run_id = :run ORDER BY r.position, o.code"
)
_RUN: Final = text(
    "SELECT r.id, r.office_id, o.code AS office, r.state, r.is_dry, r.as_of, r.started_at,"
    " r.finished_at FROM runs r LEFT JOIN offices o ON o.id = r.office_id"
    " WHERE CAST(:id AS uuid) IS NULL OR r.id = :id ORDER BY r.id DESC LIMIT 1"
)
_STEPS: Final = text(
    "SELECT position, step, state, count, is_more, milliseconds, error, reason FROM run_steps"
    " WHERE run_id = :run ORDER BY position"
)
_FINISH: Final = text(
    "UPDATE runs SET state = :state, finished_at = :now WHERE id = :id AND state = 'running'"
)
_LAST_COUNTS: Final = text(
    "SELECT step, count FROM run_steps WHERE run_id = (SELECT id FROM runs"
    " WHERE NOT is_dry AND is_whole AND state IN ('succeeded', 'failed')"
    " AND office_id IS NOT DISTINCT FROM CAST(:office AS bigint)"
    " AND (CAST(:before AS uuid) IS NULL OR id < :before) ORDER BY id DESC LIMIT 1)"
)
# one that was stopped does not count, nor one for a day before: what they left is to be done
_WAS_DONE: Final = """
SELECT EXISTS (SELECT FROM runs WHERE NOT is_dry AND is_whole AND office_id IS NULL
  AND state IN ('succeeded', 'failed') AND as_of >= $1)
"""
# Rows of the schedule are dated by the database's clock, and compared with no other. One that is
# new where nights were done before is due at once, and then `_WAS_DONE` knows about the last one.
_BEGIN_SCHEDULE: Final = """
INSERT INTO jobs.pgqueuer_schedules (entrypoint, expression, next_run)
SELECT $1, $2, now() WHERE EXISTS (SELECT FROM runs)
ON CONFLICT (expression, entrypoint) DO NOTHING
"""
_PUT_OFF: Final = "UPDATE jobs.pgqueuer_schedules SET next_run = now() + $2 WHERE id = $1"
# a row of another time of day, which nobody keeps any more, says nothing beside one that is kept
_SCHEDULE_HEALTH: Final = text(
    "SELECT count(*) AS waiting, min(due_at) AS oldest_due_at, 0 AS dead FROM ("
    "  SELECT max(next_run) AS due_at FROM jobs.pgqueuer_schedules GROUP BY entrypoint) AS s"
    " WHERE due_at <= now()"
)
_NIGHTS_HEALTH: Final = text(
    "SELECT count(due_at) AS waiting, min(due_at) AS oldest_due_at, 0 AS dead"
    " FROM night_late_since(:now) AS n (due_at)"
)
_NOTE_LATE: Final = text(
    "UPDATE jobs.pgqueuer_schedules SET updated = now()"
    " WHERE updated < now() - CAST(:late AS interval) AND entrypoint IN ("
    "  SELECT entrypoint FROM jobs.pgqueuer_schedules GROUP BY entrypoint"
    "  HAVING max(next_run) < now() - CAST(:late AS interval)) RETURNING entrypoint"
)
_FORGET_SCHEDULES: Final = text(
    "DELETE FROM jobs.pgqueuer_schedules WHERE next_run < now() - CAST(:late AS interval)"
)

State = Literal["running", "succeeded", "failed", "left_out"]


async def begin_run(
    session: AsyncSession,
    run_id: UUID,
    office_id: int | None,
    *,
    as_of: datetime,
    is_dry: bool,
    is_whole: bool,
    now: datetime,
) -> None:
    """Begin a run, of one office or of all; the caller holds the lock of runs.

    So one that seems to run is dead.
    """
    row = {"id": run_id, "office": office_id, "as_of": as_of, "is_dry": is_dry}
    row |= {"is_whole": is_whole, "now": now}
    await session.execute(_END_DEAD, {"now": now})
    await session.execute(_INSERT, row)


async def hold(session: AsyncSession, run_id: UUID) -> bool:
    """Keep others from taking the run over until the transaction ends; False when one has."""
    return await session.scalar(_HOLD, {"id": run_id}) is not None


async def note_step(  # noqa: PLR0913 -- the columns of one row
    session: AsyncSession,
    run_id: UUID,
    position: int,
    step: str,
    state: State,
    *,
    count: int,
    is_more: bool,
    milliseconds: int,
    why: str | None = None,
) -> None:
    """Write how far a step is, in the transaction of what it did, and `why` it does no more."""
    row = {"run": run_id, "position": position, "step": step, "state": state, "count": count}
    reasons = (None, why) if state == "left_out" else (why, None)
    row |= {"is_more": is_more, "milliseconds": milliseconds}
    await session.execute(_NOTE_STEP, {**row, "error": reasons[0], "reason": reasons[1]})


async def note_offices(
    session: AsyncSession, run_id: UUID, position: int, counts: Mapping[int, int]
) -> None:
    """Write how much of a step concerned which office, in the transaction of what it did."""
    columns = {"offices": list(counts), "counts": list(counts.values())}
    await session.execute(_NOTE_OFFICES, {"run": run_id, "position": position, **columns})


async def finish(session: AsyncSession, run_id: UUID, state: State, *, now: datetime) -> None:
    """End a run."""
    await session.execute(_FINISH, {"id": run_id, "state": state, "now": now})


async def get_last_counts(
    session: AsyncSession, office_id: int | None, *, before: UUID | None = None
) -> dict[str, int]:
    """Return what the steps of the last whole run (before another) handled, by step.

    Of one office it is the last one of the same office.
    """
    values = {"office": office_id, "before": before}
    return {row[0]: row[1] for row in await session.execute(_LAST_COUNTS, values)}


async def was_done(pool: asyncpg.Pool, *, since: datetime) -> bool:
    """Return whether a whole run, as of then or later, has come to its end."""
    return bool(await pool.fetchval(_WAS_DONE, since))


async def begin_schedule(pool: asyncpg.Pool, name: str, expression: str) -> None:
    """Have what is new in a schedule begin at once, where runs are made already."""
    await pool.execute(_BEGIN_SCHEDULE, name, expression)


async def end_schedule(pool: asyncpg.Pool) -> None:
    """Delete all of the schedule."""
    await pool.execute("DELETE FROM jobs.pgqueuer_schedules")


async def put_off(pool: asyncpg.Pool, schedule_id: int, after: timedelta) -> None:
    """Have a row of the schedule be due again after so long."""
    await pool.execute(_PUT_OFF, schedule_id, after)


async def get_schedule_health(session: AsyncSession) -> RowMapping:
    """Return how many of the schedule are due, and since when the oldest is."""
    return (await session.execute(_SCHEDULE_HEALTH)).mappings().one()


async def get_nights_health(session: AsyncSession, *, now: datetime) -> RowMapping:
    """Return whether a whole run should have begun, whoever starts it, and since when."""
    return (await session.execute(_NIGHTS_HEALTH, {"now": now})).mappings().one()


async def note_late(session: AsyncSession, *, late: timedelta) -> Sequence[str]:
    """Return what of the schedule has been due for so long; noted for as long, each once."""
    return (await session.scalars(_NOTE_LATE, {"late": late})).all()


async def forget_schedules(session: AsyncSession, *, late: timedelta) -> None:
    """Delete what of a schedule nobody has kept for so long."""
    await session.execute(_FORGET_SCHEDULES, {"late": late})


async def get_run(session: AsyncSession, run_id: UUID | None) -> RowMapping | None:
    """Return a run, the newest without an id; None when there is none."""
    return (await session.execute(_RUN, {"id": run_id})).mappings().one_or_none()


async def list_counted(session: AsyncSession, run_id: UUID) -> Sequence[RowMapping]:
    """Return the steps of a run in their order, with what they counted."""
    return (await session.execute(_STEPS, {"run": run_id})).mappings().all()


async def list_offices(session: AsyncSession, run_id: UUID) -> Sequence[RowMapping]:
    """Return how much of each step concerned which office, by its code."""
    return (await session.execute(_OFFICES, {"run": run_id})).mappings().all()


def ended(*, before: datetime, limit: int) -> Select[UUID]:
    """Describe runs that ended before then."""
    return (
        select(Run.id)
        .where(Run.finished_at <= before)
        .order_by(Run.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _told_to(
    office_id: int,
) -> Select[UUID, bool, str, bool, bool, datetime, datetime, datetime | None]:
    """Describe the runs of all offices and of one, newest first, without what they counted."""
    is_own = Run.office_id.is_not(None).label("is_of_own_office")
    when = Run.as_of, Run.started_at, Run.finished_at
    return (
        select(Run.id, is_own, Run.state, Run.is_whole, Run.is_dry, *when)
        .where(or_(Run.office_id.is_(None), Run.office_id == office_id))
        .order_by(Run.id.desc())
    )


async def list_runs(
    session: AsyncSession, *, office_id: int, before: UUID | None, limit: int
) -> Sequence[RowMapping]:
    """Return a page of runs of all offices or of one, newest first."""
    page = _told_to(office_id).limit(limit)
    if before is not None:
        page = page.where(Run.id < before)
    return (await session.execute(page)).mappings().all()


async def get_last_whole(
    session: AsyncSession, run_id: UUID, *, office_id: int
) -> RowMapping | None:
    """Return the last run before this one that did all of a night, for the same office or for all.

    None when there was none.
    """
    this = select(Run.office_id).where(Run.id == run_id).scalar_subquery()
    last = _told_to(office_id).where(
        Run.id < run_id,
        Run.is_whole,
        Run.is_dry.is_(False),
        Run.state.in_(("succeeded", "failed")),
        Run.office_id.is_not_distinct_from(this),
    )
    return (await session.execute(last.limit(1))).mappings().one_or_none()


async def list_steps(
    session: AsyncSession, runs: Sequence[UUID], *, office_id: int
) -> Sequence[RowMapping]:
    """Return the steps of runs in their order, and of what they counted the office's part."""
    own = func.coalesce(RunOffice.count, 0).label("of_own_office")
    of_office = and_(
        RunOffice.run_id == RunStep.run_id,
        RunOffice.position == RunStep.position,
        RunOffice.office_id == office_id,
    )
    of_runs = (
        select(RunStep.run_id, RunStep.step, RunStep.state, RunStep.error, RunStep.reason, own)
        .outerjoin(RunOffice, of_office)
        .where(RunStep.run_id.in_(runs))
        .order_by(RunStep.run_id, RunStep.position)
    )
    return (await session.execute(of_runs)).mappings().all()
