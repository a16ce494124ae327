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

    What was run for another office alone is not among them.

    Raises:
        MissingScopeError: the caller lacks `runs:read`.
    """
    principal.require(Permission.RUNS_READ)
    rows = await queries.list_runs(
        session, office_id=principal.office_id, before=before, limit=limit
    )
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
