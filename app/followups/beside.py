"""What the office did about overlaps that its reader is shown anyway, for lists of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.followups import queries
from app.followups.rendering import render
from app.followups.schemas import FollowUpRead
from app.followups.service import clock


async def list_of_overlaps(
    session: AsyncSession, principal: Principal, overlap_ids: Sequence[UUID], *, now: datetime
) -> dict[str, FollowUpRead]:
    """Return the follow-ups of these overlaps by public id, without reminders.

    What is shown of the overlaps themselves their reader has recorded.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    if not overlap_ids:
        return {}
    seat, overdue = await clock(session, principal, now)
    rows = await queries.list_of_overlaps(session, principal, overlap_ids, overdue, now=now)
    return {read.overlap.id: read for read in (render(row, seat) for row in rows)}
