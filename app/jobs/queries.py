from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import RowMapping, Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.models import Run, RunStep

_END_DEAD: Final = text(
    "UPDATE runs SET state = 'interrupted', finished_at = :now WHERE state = 'running'"
)
_INSERT: Final = text(
    "INSERT INTO runs (id, state, is_dry, as_of, started_at)"
    " VALUES (:id, 'running', :is_dry, :as_of, :now)"
)
# whoever takes over ends the run first, and waits for this lock: no two batches of two runs
_HOLD: Final = text("SELECT id FROM runs WHERE id = :id AND state = 'running' FOR SHARE")
_NOTE_STEP: Final = text(
    "INSERT INTO run_steps AS s (run_id, position, step, state, count, milliseconds, error)"
    " VALUES (:run, :position, :step, :state, :count, :milliseconds, :error)"
    " ON CONFLICT (run_id, position) DO UPDATE SET state = excluded.state,"
    " count = excluded.count, milliseconds = excluded.milliseconds, error = excluded.error"
)
_FINISH: Final = text(
    "UPDATE runs SET state = :state, finished_at = :now WHERE id = :id AND state = 'running'"
)
_LAST_COUNTS: Final = text(
    "SELECT step, count FROM run_steps WHERE run_id = (SELECT id FROM runs"
    " WHERE NOT is_dry AND state IN ('succeeded', 'failed') ORDER BY id DESC LIMIT 1)"
)

State = Literal["running", "succeeded", "failed"]


async def begin_run(
    session: AsyncSession, run_id: UUID, *, as_of: datetime, is_dry: bool, now: datetime
) -> None:
    """Begin a run; the caller holds the lock of runs, so one that seems to run is dead."""
    await session.execute(_END_DEAD, {"now": now})
    await session.execute(_INSERT, {"id": run_id, "as_of": as_of, "is_dry": is_dry, "now": now})


async def hold(session: AsyncSession, run_id: UUID) -> bool:
    """Keep others from taking the run over until the transaction ends; False when one has."""
    return await session.scalar(_HOLD, {"id": run_id}) is not None


async def note_step(
    session: AsyncSession,
    run_id: UUID,
    position: int,
    step: str,
    state: State,
    *,
    count: int,
    milliseconds: int,
    error: str | None = None,
) -> None:
    """Write how far a step is, in the transaction of what it did."""
    row = {"run": run_id, "position": position, "step": step, "state": state, "count": count}
    await session.execute(_NOTE_STEP, {**row, "milliseconds": milliseconds, "error": error})


async def finish(session: AsyncSession, run_id: UUID, state: State, *, now: datetime) -> None:
    """End a run."""
    await session.execute(_FINISH, {"id": run_id, "state": state, "now": now})


async def get_last_counts(session: AsyncSession) -> dict[str, int]:
    """Return what the steps of the last whole run handled, by step."""
    return {row[0]: row[1] for row in await session.execute(_LAST_COUNTS)}


def ended(*, before: datetime, limit: int) -> Select[UUID]:
    """Describe runs that ended before then."""
    return (
        select(Run.id)
        .where(Run.finished_at <= before)
        .order_by(Run.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


async def list_runs(
    session: AsyncSession, *, before: UUID | None, limit: int
) -> Sequence[RowMapping]:
    """Return a page of runs, newest first, without what they counted."""
    page = select(Run.id, Run.state, Run.is_dry, Run.started_at, Run.finished_at)
    page = page.order_by(Run.id.desc()).limit(limit)
    if before is not None:
        page = page.where(Run.id < before)
    return (await session.execute(page)).mappings().all()


async def list_steps(session: AsyncSession, runs: Sequence[UUID]) -> Sequence[RowMapping]:
    """Return the steps of runs in their order, without what they counted."""
    of_runs = (
        select(RunStep.run_id, RunStep.step, RunStep.state, RunStep.error)
        .where(RunStep.run_id.in_(runs))
        .order_by(RunStep.run_id, RunStep.position)
    )
    return (await session.execute(of_runs)).mappings().all()
