from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.offices.errors import OfficeNotFoundError
from app.offices.models import Office

IN_FORCE: Final = """
EXISTS (SELECT FROM participation_agreements a
        WHERE a.office_id = {office} AND a.effective_on <= {today}
          AND (a.ends_on IS NULL OR a.ends_on > {today}))
"""
"""SQL condition: `office` (a column) has an agreement in force on `today` (a date parameter)."""


async def get_office(session: AsyncSession, code: str) -> Office:
    """Return the office with this code.

    Raises:
        OfficeNotFoundError: there is none.
    """
    office = await session.scalar(select(Office).where(Office.code == code))
    if office is None:
        raise OfficeNotFoundError
    return office


async def list_offices(session: AsyncSession) -> list[Office]:
    """Return every office by code."""
    return list(await session.scalars(select(Office).order_by(Office.code)))
