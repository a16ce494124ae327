"""What waits for the state's mediator: pointers, and no more."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.followups import queries
from app.followups.schemas import MediationRead
from app.quotas.counting import within_listing
from app.sharing import state_pointers
from app.sharing.audience import pointer


async def list_mediations(
    session: AsyncSession,
    principal: Principal,
    asked: state_pointers.Asked = state_pointers.EVERY,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, MediationRead]]:
    """Return a page of the overlaps that wait for the caller as mediator, as pointers.

    Raises:
        MissingScopeError: the caller lacks `state-overlaps:read`.
        QuotaExceededError: the office or the caller looked at too many pages lately.
    """
    may = Permission.STATE_OVERLAPS_READ
    is_newest = before is None and asked == state_pointers.EVERY
    async with within_listing(session, principal, now=now, is_newest=is_newest, permission=may):
        rows = await queries.list_mediations(
            session, principal, asked, before=before, limit=limit, now=now
        )
        found = [
            (row["id"], MediationRead(overlap=pointer(row), asked_at=row["asked_at"]))
            for row in rows
        ]
        shown = {read.overlap.id: read.overlap.rung for _, read in found}
        await audit.record(
            session,
            principal,
            "mediations.disclosed",
            f"{len(shown)} overlaps",
            recipients=[principal.office_id],
            detail=shown,
        )
        return found
