from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.proposals.errors import ProposalNotFoundError
from app.proposals.models import Proposal


async def list_waiting(session: AsyncSession, *, now: datetime) -> list[Proposal]:
    """Return the proposals that can still be approved, oldest first."""
    waiting = select(Proposal).where(Proposal.approved_at.is_(None), Proposal.expires_at > now)
    return list(await session.scalars(waiting.order_by(Proposal.id)))


async def get_for_update(session: AsyncSession, key: UUID | None) -> Proposal:
    """Return a proposal, row-locked until the transaction ends.

    Raises:
        ProposalNotFoundError: there is none with this key.
    """
    asked = select(Proposal).where(Proposal.id == key).with_for_update()
    found: Proposal | None = await session.scalar(asked)
    if found is None:
        raise ProposalNotFoundError
    return found
