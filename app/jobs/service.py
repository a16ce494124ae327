from collections import defaultdict
from typing import Final
from uuid import UUID

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

    Raises:
        MissingScopeError: the caller lacks `runs:read`.
    """
    principal.require(Permission.RUNS_READ)
    rows = await queries.list_runs(session, before=before, limit=limit)
    steps: dict[UUID, list[StepRead]] = defaultdict(list)
    for step in await queries.list_steps(session, [row["id"] for row in rows]):
        steps[step["run_id"]].append(
            StepRead(step=step["step"], state=step["state"], error=step["error"])
        )
    return [
        (
            row["id"],
            RunRead.model_validate(
                {**row, "id": public_id(PREFIX, row["id"]), "steps": tuple(steps[row["id"]])}
            ),
        )
        for row in rows
    ]
