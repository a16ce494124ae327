"""What the nightly job does for each office in turn, with the rights of that office and no more."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.db import APP, become, enter
from app.offices import queries as offices
from app.offices.seats import Seat


async def each_office(
    session: AsyncSession, *, now: datetime, office_id: int | None
) -> AsyncIterator[tuple[Principal, Seat]]:
    """Yield each office, or one, that takes part, as a caller, with its seat; the session is its.

    It may read overlaps as a machine client of the office does: what is hidden from the office is
    hidden from its reminders too. The session is the operator's and stays the last office's.
    """
    participating = await offices.list_participating(session, today=now.date(), office_id=office_id)
    await become(session, APP)
    for key, seat in participating:
        principal = Principal(
            "nightly", key, frozenset({Permission.OVERLAPS_READ}), is_participating=True
        )
        await enter(session, principal)
        yield principal, seat
