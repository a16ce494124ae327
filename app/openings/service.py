"""Opening an overlap: what the other case is about, to who says what for; its owner is told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.audit import service as audit
from app.cases import queries
from app.cases import service as cases
from app.cases.ladder import SeenOverlap
from app.cases.models import Reading
from app.cases.vocabulary import ReadReason
from app.core.db import driver
from app.quotas.allowances import READING
from app.quotas.service import debit


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
        QuotaExceededError: the office or the caller opened too many lately; nothing is shown.
    """
    if reason is None:
        return await cases.read_overlap(session, principal, overlap_id, now=now)
    principal.require(Permission.OVERLAPS_READ)
    found = await queries.get_overlap(session, principal, overlap_id, now=now, or_retracted=True)
    await debit(await driver(session), principal, {READING: 1}, now=now)
    roles = sorted(principal.roles)
    await session.execute(
        # without asking for its key: the line is the other office's to read
        insert(Reading)
        .inline()
        .values(
            case_id=found.other_case_id,
            owner_office_id=found.other_office_id,
            overlap_id=found.id,
            office_id=principal.office_id,
            office_case_id=found.case_id,
            actor=principal.actor,
            reader="client" if principal.person_id is None else "person",
            roles=roles,
            rung=Rung[found.read.rung.upper()],
            reason=reason,
            read_at=now,
        )
    )
    found = await queries.get_overlap(
        session, principal, found.id, now=now, or_retracted=True, is_opened=True
    )
    detail = {"roles": roles, "own_case": found.case_id, "reason": reason}
    opened = audit.Entry("overlap.opened", found.read.id, [principal.office_id], detail)
    await audit.record_each(session, principal, [cases.disclosed(principal, [found]), opened])
    return found
