from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.core.ids import HANDLING, QUESTION, public_id
from app.notifications import queries
from app.notifications.queries import FeedRow
from app.notifications.schemas import EventRead

PREFIX: Final = "evt"


async def list_events(
    session: AsyncSession, principal: Principal, *, after: UUID | None, limit: int, now: datetime
) -> tuple[list[EventRead], UUID | None, bool]:
    """Return events of the caller's office from a place on, the last place, and whether it is full.

    An event tells that there is something to read, and only while the caller may read it: of an
    overlap that it may not know of it learns nothing here either.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    rows = await queries.list_events(session, principal, after=after, limit=limit, now=now)
    read = [render(row) for row in rows if row.is_shown]
    if read:  # who asks again and again is shown nothing by most answers
        await audit.record(
            session,
            principal,
            "events.disclosed",
            f"{len(read)} events",
            recipients=[principal.office_id],
            detail={each.id: each.type for each in read},
        )
    return read, rows[-1].place if rows else None, len(rows) == limit


def render(row: FeedRow) -> EventRead:
    """Return an event as its office reads it."""
    return EventRead.model_validate(
        {
            "id": public_id(PREFIX, row.key),
            "type": row.type,
            "at": row.at,
            "request_id": public_id(HANDLING, row.request_id) if row.request_id else None,
            "question_id": public_id(QUESTION, row.question_id) if row.question_id else None,
            "overlap_id": public_id(ladder.PREFIX, row.overlap_id) if row.overlap_id else None,
            "case": {"source_system": row.source_system, "external_id": row.external_id}
            if row.external_id is not None
            else None,
        }
    )
