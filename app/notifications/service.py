from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.core.ids import HANDLING, QUESTION, public_id
from app.core.paging import Reached
from app.notifications import queries
from app.notifications.errors import EventsForgottenError
from app.notifications.queries import FeedRow
from app.notifications.schemas import EventRead

PREFIX: Final = "evt"
READ_WITHIN: Final = timedelta(days=90)
"""How long a reader may stay away and miss nothing; `upkeep` keeps events for longer."""


async def list_events(
    session: AsyncSession, principal: Principal, *, after: Reached | None, limit: int, now: datetime
) -> tuple[list[EventRead], Reached, bool]:
    """Return events of the caller's office from a place on, how far, and whether there are more.

    An event tells that there is something to read, and only while the caller may read it: of an
    overlap that it may not know of it learns nothing here either.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        EventsForgottenError: some of what came after that place may be kept no more.
    """
    principal.require(Permission.OVERLAPS_READ)
    oldest = now.date() - READ_WITHIN
    if after is not None and after.on < oldest:
        raise EventsForgottenError
    place = after.key if after is not None else UUID(int=0)
    rows = await queries.list_events(session, principal, after=place, limit=limit, now=now)
    read = [event for row in rows if row.is_shown and (event := render(row))]
    if read:  # who asks again and again is shown nothing by most answers
        await audit.record(
            session,
            principal,
            "events.disclosed",
            f"{len(read)} events",
            recipients=[principal.office_id],
            detail={each.id: each.type for each in read},
        )
    is_full = len(rows) == limit
    # of a page that is full more may be left of its last day on, else nothing until today
    on = max(rows[-1].at.date(), oldest) if is_full else now.date()
    return read, Reached(rows[-1].place if rows else place, on), is_full


def render(row: FeedRow) -> EventRead | None:
    """Return an event as its office reads it.

    None of one that this release does not know, which must not keep the others back.
    """
    event = {
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
    try:
        return EventRead.model_validate(event)
    except ValidationError:
        structlog.get_logger().error("event_unreadable")
        return None
