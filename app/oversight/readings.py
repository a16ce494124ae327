"""The log of readings: which other offices read a case of one's own, when and what for."""

from datetime import datetime

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.core.ids import public_id
from app.oversight import queries
from app.sharing.schemas import ReadingRead


async def list_readings(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> list[tuple[int, ReadingRead]]:
    """Return a page of who read one of the caller's own cases for a reason, newest first.

    A reader is told of as far as its side of the overlap may be seen: of a silent one nothing is.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.OVERLAPS_READ)
    case = await cases.get_case(session, principal, *ref)
    rows = await queries.list_readings_of_case(
        session, principal, case.id, before=before, limit=limit, now=now
    )
    await audit.record(
        session,
        principal,
        "readings.disclosed",
        str(case.id),
        recipients=[principal.office_id],
        detail={"readings": [row["id"] for row in rows]},
    )
    return [(row["id"], render(row)) for row in rows]


def render(row: asyncpg.Record) -> ReadingRead:
    """Return a line of the log as the owner of the case reads it."""
    return ReadingRead(
        read_at=row["read_at"],
        overlap_id=public_id(ladder.PREFIX, row["overlap_id"]),
        state=row["state"],
        office_kind=row["kind"],
        office=row["code"],
        reader=row["reader"],
        roles=tuple(row["roles"]),
        rung=Rung(row["rung"]).name.lower(),
        reason=row["reason"],
    )
