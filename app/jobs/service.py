from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.ids import public_id
from app.jobs import queries
from app.jobs.schemas import RunRead, StepRead

PREFIX: Final = "run"


async def list_runs(
    session: AsyncSession, principal: Principal, *, before: UUID | None, limit: int
) -> list[tuple[UUID, RunRead]]:
    """Return a page of the nightly runs with their steps, newest first.

    What was run for another office alone is not among them.

    Raises:
        MissingScopeError: the caller lacks `runs:read`.
    """
    principal.require(Permission.RUNS_READ)
    rows = await queries.list_runs(
        session, office_id=principal.office_id, before=before, limit=limit
    )
    return await _with_steps(session, principal, rows)


async def get_last_whole(
    session: AsyncSession, principal: Principal, run_id: UUID
) -> RunRead | None:
    """Return the run to compare one with: the last one before it that did all of a night.

    A run for the caller's office alone is compared with such ones. None when there was none.

    Raises:
        MissingScopeError: the caller lacks `runs:read`.
    """
    principal.require(Permission.RUNS_READ)
    row = await queries.get_last_whole(session, run_id, office_id=principal.office_id)
    found = await _with_steps(session, principal, [row] if row is not None else [])
    return found[0][1] if found else None


async def _with_steps(
    session: AsyncSession, principal: Principal, rows: Sequence[RowMapping]
) -> list[tuple[UUID, RunRead]]:
    steps: dict[UUID, list[StepRead]] = defaultdict(list)
    ids = [row["id"] for row in rows]
    for step in await queries.list_steps(session, ids, office_id=principal.office_id):
        steps[step["run_id"]].append(StepRead.model_validate(dict(step)))
    return [
        (
            row["id"],
            RunRead.model_validate(
                {**row, "id": public_id(PREFIX, row["id"]), "steps": tuple(steps[row["id"]])}
            ),
        )
        for row in rows
    ]
