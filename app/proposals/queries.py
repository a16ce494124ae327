from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.offices.models import Office
from app.people.models import Person
from app.proposals.errors import ProposalNotFoundError
from app.proposals.models import Proposal


def known_to(principal: Principal) -> Select[Proposal]:
    """Return the select of proposals that the caller may know: all, or those of its own office."""
    known = select(Proposal)
    return known.where(Proposal.office_id == principal.office_id) if principal.office_id else known


async def list_waiting(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> list[tuple[Proposal, list[str] | None]]:
    """Return the proposals that nobody approved in time or ended, oldest first.

    With each come the roles that its proposer has now, none where its person or office may do
    nothing at present; None where an operator proposed it.
    """
    is_shut_out = or_(Person.disabled_at.is_not(None), Office.suspended_at.is_not(None))
    roles = case((is_shut_out, []), else_=Person.roles)
    waiting = (
        known_to(principal)
        .add_columns(roles)
        .outerjoin(Office, Office.id == Proposal.office_id)
        .outerjoin(Person, Proposal.proposed_by == func.concat("person:", Person.id))
        .where(Proposal.approved_at.is_(None), Proposal.expires_at > now)
    )
    return [(row[0], row[1]) for row in await session.execute(waiting.order_by(Proposal.id))]


async def get_proposal(session: AsyncSession, key: UUID | None) -> Proposal:
    """Return a proposal. What it proposes never changes, so nothing is locked.

    Raises:
        ProposalNotFoundError: there is none with this key.
    """
    found: Proposal | None = await session.scalar(select(Proposal).where(Proposal.id == key))
    if found is None:
        raise ProposalNotFoundError
    return found


async def end_others(session: AsyncSession, proposal: Proposal, *, now: datetime) -> list[UUID]:
    """End what else waits of the kind for the office, locking it oldest first; return it."""
    waits = (
        Proposal.change["office"].astext == proposal.change["office"],
        Proposal.change["action"].astext == proposal.change["action"],
        Proposal.approved_at.is_(None),
        Proposal.expires_at > now,
    )
    locked = select(Proposal.id).where(*waits).order_by(Proposal.id).with_for_update()
    others = [key for key in await session.scalars(locked) if key != proposal.id]
    ended = update(Proposal).where(Proposal.id.in_(others)).values(expires_at=Proposal.proposed_at)
    await session.execute(ended, execution_options={"synchronize_session": False})
    return others


async def mark_approved(
    session: AsyncSession, proposal: Proposal, approver: str, *, now: datetime
) -> bool:
    """Note who approved a proposal; return whether it still waited."""
    waits = (Proposal.id == proposal.id, Proposal.approved_at.is_(None), Proposal.expires_at > now)
    noted = await session.execute(
        update(Proposal).where(*waits).values(approved_by=approver, approved_at=now).returning(1)
    )
    return noted.scalar() is not None
