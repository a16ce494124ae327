from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import MissingScopeError
from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts import queries
from app.accounts.models import AccessReviewed
from app.accounts.schemas import AccessReview, ClientRead
from app.audit import service as audit
from app.people import queries as people
from app.people.directory import render

DUE_AFTER: Final = timedelta(days=365)
REMINDED_AGAIN_AFTER: Final = timedelta(days=30)


async def review_access(
    session: AsyncSession, principal: Principal, office_id: int, *, now: datetime
) -> AccessReview:
    """Return who and what of the office has which access, and when it was last used.

    Raises:
        MissingScopeError: the caller does not review this office.
    """
    principal.require(Permission.PEOPLE_REVIEW)
    if principal.office_id != office_id:
        raise MissingScopeError
    office = await people.get_office(session, office_id)
    found = await people.list_people(session, office_id)
    clients = await queries.list_clients(session, office_id)
    last = await queries.get_reviewed_at(session, office_id)
    await _note(session, office_id, reviewed_at=now)
    await audit.record(session, principal, "access_review.read", office.code)
    return AccessReview(
        office=office.code,
        made_at=now,
        last_reviewed_at=last,
        people=[render(*each) for each in found],
        clients=[
            ClientRead(
                client_id=str(each.id),
                label=each.label,
                scopes=each.scopes,
                created_at=each.created_at,
                expires_on=each.expires_on,
                last_used_on=each.last_used_on,
                revoked_at=each.revoked_at,
            )
            for each in clients
        ],
    )


async def read_due(session: AsyncSession, principal: Principal) -> tuple[datetime | None, datetime]:
    """Return when the caller's office last reviewed who has access, None if never, and is due to.

    Raises:
        MissingScopeError: the caller does not review access.
    """
    principal.require(Permission.PEOPLE_REVIEW)
    office = await people.get_office(session, principal.office_id)
    last = await queries.get_reviewed_at(session, principal.office_id)
    return last, (last or office.created_at) + DUE_AFTER


async def remind(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Tell offices that a review of access is due, every 30 days until it is made.

    They are told by an alarm (`alarms.raise`). Returns how many were told, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    due = await queries.list_unreviewed(
        session,
        since=now - DUE_AFTER,
        reminded_before=now - REMINDED_AGAIN_AFTER,
        limit=limit,
        office_id=office_id,
    )
    for office in due:
        await _note(session, office.id, reminded_at=now)
        await audit.record_of_office(
            session, principal, office.id, "access_review.due", office.code, recipients=[office.id]
        )
    return len(due)


async def _note(session: AsyncSession, office_id: int, **when: datetime) -> None:
    noted = insert(AccessReviewed).values(office_id=office_id, **when)
    await session.execute(noted.on_conflict_do_update(index_elements=["office_id"], set_=when))
