"""Looking at overlaps, counted: pages of them, and for a reason what the other case is about."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.audit import service as audit
from app.cases import queries
from app.cases import service as cases
from app.cases.ladder import SeenOverlap
from app.cases.vocabulary import ReadReason
from app.core.db import driver
from app.openings.queries import open_overlap
from app.quotas.allowances import READING
from app.quotas.counting import within_listing, within_look
from app.quotas.service import refusal


async def list_overlaps(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
    retracted: bool = False,
) -> list[SeenOverlap]:
    """Count a page of overlaps, but for the first, and return it as `cases.list_overlaps` does.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        QuotaExceededError: the office or the caller looked at too many lately.
    """
    async with within_listing(session, principal, now=now, is_newest=before is None):
        return await cases.list_overlaps(
            session, principal, before=before, limit=limit, now=now, retracted=retracted
        )


async def read_overlap(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    *,
    reason: ReadReason | None,
    now: datetime,
) -> SeenOverlap:
    """Return one overlap and record what the caller was shown.

    With a reason what the other case is about is shown too, as far as the rung allows. Right to
    know, the roles, and need to know, own case and reason, are then in the audit and in the log of
    the other case; there the database looks for them before it shows anything of it.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        OverlapNotFoundError: absent, or not for the caller; the two are never told apart.
        QuotaExceededError: the office or the caller looked at, or opened, too many lately; nothing
            is shown.
    """
    if reason is None:
        async with within_look(session, principal, now=now):
            return await cases.read_overlap(session, principal, overlap_id, now=now)
    principal.require(Permission.OVERLAPS_READ)
    found = await queries.get_overlap(session, principal, overlap_id, now=now, or_retracted=True)
    connection = await driver(session)
    rung = Rung[found.read.rung.upper()]
    if not await open_overlap(connection, found.id, rung, reason, now=now):
        raise await refusal(connection, principal, {READING: 1}, now=now)
    found = await queries.get_overlap(
        session, principal, found.id, now=now, or_retracted=True, is_opened=True
    )
    detail = {"roles": sorted(principal.roles), "own_case": found.case_id, "reason": reason}
    opened = audit.Entry("reading.made", found.read.id, [principal.office_id], detail)
    await audit.record_each(session, principal, [cases.disclosed(principal, [found]), opened])
    return found
