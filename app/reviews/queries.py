"""The only module that selects readings of summaries and requests for correction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import queries as cases
from app.cases.models import Case, SummaryReading
from app.core import locks
from app.reviews.errors import CorrectionNotFoundError, ReadingNotFoundError
from app.reviews.models import Correction


async def find_reading(
    session: AsyncSession, principal: Principal, digest: bytes, *, now: datetime
) -> SummaryReading | None:
    """Return the newest reading of this summary in the caller's office that has not ended.

    Whoever asks for the same at the same moment waits until the transaction ends.
    """
    await locks.alone(session, f"summary {digest.hex()}")
    found: SummaryReading | None = await session.scalar(
        select(SummaryReading)
        .where(
            SummaryReading.office_id == principal.office_id,
            SummaryReading.digest == digest,
            SummaryReading.expires_at > now,
        )
        .order_by(SummaryReading.id.desc())
        .limit(1)
    )
    return found


async def get_reading(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> SummaryReading:
    """Return a reading of the caller's office, row-locked until the transaction ends.

    Raises:
        ReadingNotFoundError: absent, another office's, or ended.
    """
    found: SummaryReading | None = await session.scalar(
        select(SummaryReading)
        .where(
            SummaryReading.id == key,
            SummaryReading.office_id == principal.office_id,
            SummaryReading.expires_at > now,
        )
        .with_for_update()
    )
    if found is None:
        raise ReadingNotFoundError
    return found


async def list_due(
    session: AsyncSession, principal: Principal, *, limit: int
) -> Sequence[RowMapping]:
    """Return open requests for correction of the caller's own cases with their refs, due first."""
    own = cases.visible_to(principal, or_withdrawn=True)
    columns = (Case.source_system, Case.external_id, Correction.ground, Correction.due_on)
    due = own.join(Correction, Correction.case_id == Case.id).where(Correction.outcome.is_(None))
    page = due.with_only_columns(*columns).order_by(Correction.due_on, Correction.id).limit(limit)
    return (await session.execute(page)).mappings().all()


async def get_correction(session: AsyncSession, case_id: int, key: UUID | None) -> Correction:
    """Return a request for correction of a case, row-locked until the transaction ends.

    Raises:
        CorrectionNotFoundError: the case has none with this key.
    """
    found: Correction | None = await session.scalar(
        select(Correction)
        .where(Correction.id == key, Correction.case_id == case_id)
        .with_for_update()
    )
    if found is None:
        raise CorrectionNotFoundError
    return found


async def list_corrections(
    session: AsyncSession, case_id: int, *, before: UUID | None, limit: int
) -> list[Correction]:
    """Return a page of the requests for correction of a case, newest first."""
    page = select(Correction).where(Correction.case_id == case_id)
    if before is not None:
        page = page.where(Correction.id < before)
    return list(await session.scalars(page.order_by(Correction.id.desc()).limit(limit)))
