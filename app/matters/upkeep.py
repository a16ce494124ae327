"""What the registry does to matters by itself: it reminds of their reviews."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.matters import queries
from app.matters.recording import record_of_parties


async def remind_of_reviews(
    session: AsyncSession,
    principal: Principal,
    *,
    limit: int,
    now: datetime,
    office_id: int | None = None,
) -> int:
    """Remind the parties of matters that a review is due, once each; returns how many matters.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    due = await queries.remind(session, limit=limit, now=now, office_id=office_id)
    for row in due:
        await record_of_parties(
            session,
            principal,
            row["request_id"],
            row["offices"],
            "matter.review_reminded",
            detail={"review_on": row["review_on"].isoformat()},
        )
    return len(due)
