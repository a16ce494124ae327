"""Where a lead came from: what came from the registry, when and from whom."""

from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import ladder
from app.cases import queries as cases
from app.core.ids import public_id
from app.matters import queries
from app.matters.schemas import OriginList, OriginRead
from app.matters.service import record_disclosed
from app.offices.schemas import OfficeRef


async def read_origin(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> OriginList:
    """Return what came to the caller's office from the registry in this matter.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    row = await queries.get_matter(session, principal, key, now=now)
    matter_id = public_id(queries.PREFIX, row["request_id"])
    found = await queries.list_origin(session, row["request_id"], principal.office_id)
    await record_disclosed(session, principal, matter_id, "origin")
    return OriginList(
        matter_id=matter_id,
        items=tuple(_render(each) for each in found),
    )


async def list_case_origin(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    *,
    after: int,
    limit: int,
    now: datetime,
) -> list[OriginRead]:
    """Return what came to the caller's office from the registry for one of its own cases.

    Oldest first, without the first `after`: entries only come at the end. Also of a case that was
    withdrawn and is not yet purged.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.HANDLING_READ)
    case = await cases.get_case(session, principal, *ref, or_withdrawn=True)
    found = await queries.list_origin_of_case(
        session, principal, case.id, after=after, limit=limit, now=now
    )
    await record_disclosed(session, principal, str(case.id), "case_origin")
    return [_render(each) for each in found]


def _render(row: asyncpg.Record) -> OriginRead:
    return OriginRead(
        at=row["at"],
        what=row["what"],
        from_office=OfficeRef(code=row["code"], name=row["name"]) if row["code"] else None,
        overlap_id=public_id(ladder.PREFIX, row["overlap_id"]) if row["overlap_id"] else None,
    )
