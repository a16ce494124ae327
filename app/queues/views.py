"""What the queue keeps for each person: filters with a name, and when they last looked."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases.errors import TextRefusedError
from app.cases.guard import find_identifiers
from app.core import locks
from app.queues import queries
from app.queues.errors import TooManyViewsError
from app.queues.schemas import ViewRead, ViewSave

MOST: Final = 20
"""Views of one person."""


async def save_view(
    session: AsyncSession, principal: Principal, view: ViewSave, *, now: datetime
) -> None:
    """Keep filters under a name, in place of those that had it.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        TextRefusedError: the name holds what looks like an identifier.
        TooManyViewsError: the person has as many as one may have.
    """
    principal.require(Permission.OVERLAPS_READ)
    if found := find_identifiers(view.name, "/name"):
        raise TextRefusedError(problems=found)
    await locks.alone(session, f"views of {principal.person_id}")  # or two pass the limit at once
    if not await queries.save_view(session, principal, view, most=MOST, now=now):
        raise TooManyViewsError
    await audit.record(session, principal, "view.saved", "queue")


async def forget_view(session: AsyncSession, principal: Principal, name: str) -> None:
    """Forget the caller's view of this name, if there is one.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    await queries.delete_view(session, principal, name)
    await audit.record(session, principal, "view.forgotten", "queue")


async def list_views(session: AsyncSession, principal: Principal) -> list[ViewRead]:
    """Return the caller's own views by name.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    return await queries.list_views(session, principal)


async def note_visit(
    session: AsyncSession, principal: Principal, *, began_at: datetime, now: datetime
) -> datetime | None:
    """Note that the caller looks at the queue; return when they did in an earlier sign-in.

    Args:
        session: Acts for the caller.
        principal: A person.
        began_at: When the sign-in began that they look with.
        now: The instant of the request.
    """
    principal.require(Permission.OVERLAPS_READ)
    return await queries.note_visit(session, principal, began_at=began_at, now=now)
