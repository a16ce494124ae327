"""Where a lead came from: what came from the registry, when and from whom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import ladder
from app.core.ids import public_id
from app.matters import queries
from app.matters.schemas import (
    OriginList,
    OriginRead,
)
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
        items=tuple(
            OriginRead(
                at=each["at"],
                what=each["what"],
                from_office=OfficeRef(code=each["code"], name=each["name"]),
                overlap_id=public_id(ladder.PREFIX, each["overlap_id"])
                if each["overlap_id"]
                else None,
            )
            for each in found
        ),
    )
