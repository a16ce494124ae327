"""Two persons for what one should not do alone: one proposes, another approves exactly that."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import is_allowed, permissions_of
from app.access.principal import Principal
from app.accounts.proposers import may_still
from app.audit import service as audit
from app.core.ids import new_id, public_id
from app.offices import queries as office_queries
from app.offices import service as offices
from app.offices.errors import OfficeNotFoundError
from app.people import provider_setting
from app.proposals import queries
from app.proposals.errors import ProposalChangedError, ProposalEndedError, SecondOperatorError
from app.proposals.models import Proposal
from app.proposals.schemas import AgreementChange, Change, ImportChange, ProviderChange
from app.quotas import service as quotas

PREFIX: Final = "prp"
APPROVED_WITHIN: Final = timedelta(hours=24)
"""An operator's proposal."""
APPROVED_FOR_OFFICES_WITHIN: Final = timedelta(hours=72)
"""An office's own: the operator is another house, and closed on weekends."""
_CHANGE: Final[TypeAdapter[Change]] = TypeAdapter(Change)
_PROPOSES: Final = {
    "set_provider": Permission.PROVIDERS_SET,
    "sign_agreement": Permission.AGREEMENTS_SIGN,
}
"""What a person of an office may propose for that office, and what for it takes.

An operator is the second party. What is approved ends what else waits of the kind for the office.
"""


@dataclass(frozen=True)
class Waiting:
    """A proposal that nobody approved, whose time is not over."""

    proposal: Proposal
    is_ended: bool
    """Who proposed it may propose it no longer, so nobody can approve it."""


async def propose(
    session: AsyncSession, principal: Principal, change: Change, *, now: datetime
) -> Proposal:
    """Write down what is to be done; nothing of it happens yet.

    Raises:
        MissingScopeError: neither the operator, nor somebody who may propose it for an office.
        StepUpNeededError: the second factor of that person is not recent.
        OfficeNotFoundError: no office has this code, or it is not that person's.
    """
    operators = Permission.OFFICES_MANAGE
    principal.require(_PROPOSES.get(change.action, operators) if principal.office_id else operators)
    principal.require_step_up(now)
    office = await office_queries.get_office(session, change.office)
    if principal.office_id not in {0, office.id}:
        raise OfficeNotFoundError
    proposal = Proposal(
        id=new_id(),
        office_id=principal.office_id or None,
        change=change.model_dump(mode="json"),
        proposed_by=principal.actor,
        proposed_at=now,
        expires_at=now + (APPROVED_FOR_OFFICES_WITHIN if principal.office_id else APPROVED_WITHIN),
    )
    session.add(proposal)
    await session.flush()  # constraints speak before the audit entry is written
    detail = {"action": change.action, "office": change.office, "digest": digest_of(proposal)}
    await audit.record_of_office(
        session, principal, office.id, "proposal.made", read_id(proposal), detail=detail
    )
    return proposal


async def approve(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    digest: str,
    *,
    now: datetime,
    allow_loopback: bool = False,
) -> Proposal:
    """Do what somebody else proposed, in this transaction and once.

    Raises:
        MissingScopeError: the caller is not the operator.
        ProposalNotFoundError: there is none with this key.
        ProposalEndedError: it was approved before, another was in its place, its time is over, or
            who proposed it may propose it no longer.
        SecondOperatorError: the caller proposed it.
        ProposalChangedError: `digest` is of something else.
        AppError: what the change itself can raise.
    """
    principal.require(Permission.OFFICES_MANAGE)
    proposal = await queries.get_proposal(session, key)
    change = change_of(proposal)
    await _require_waiting(session, proposal, now=now)
    if principal.actor == proposal.proposed_by:
        raise SecondOperatorError
    if digest != digest_of(proposal):
        raise ProposalChangedError("proposed")
    ends = change.action in _PROPOSES
    ended = await queries.end_others(session, proposal, now=now) if ends else []
    if not await queries.mark_approved(session, proposal, principal.actor, now=now):
        await session.refresh(proposal)  # another transaction was first
        raise ProposalEndedError(_end_of(proposal, now=now) or "approved")
    detail = {
        "proposed_by": proposal.proposed_by,
        "digest": digest,
        "ended": [public_id(PREFIX, each) for each in ended],
    }
    office = await office_queries.get_office(session, change.office)
    await audit.record_of_office(
        session, principal, office.id, "proposal.approved", read_id(proposal), detail=detail
    )
    await _apply(session, principal, change, now=now, allow_loopback=allow_loopback)
    return proposal


async def list_waiting(
    session: AsyncSession, principal: Principal, *, action: str | None = None, now: datetime
) -> list[Waiting]:
    """Return what people of the caller's office proposed and nobody approved yet, oldest first.

    Only of the kinds that the caller may propose, or of one of them; of others it is told nothing.

    Raises:
        MissingScopeError: the caller lacks `offices:read`.
    """
    principal.require(Permission.OFFICES_READ)
    kinds = {name for name, needed in _PROPOSES.items() if is_allowed(principal, needed)}
    kinds &= kinds if action is None else {action}
    found = await _list_waiting(session, principal, now=now) if kinds else []
    return [each for each in found if each.proposal.change["action"] in kinds]


async def list_for_operator(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> list[Waiting]:
    """Return what anyone proposed and nobody approved yet, oldest first.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    return await _list_waiting(session, principal, now=now)


async def _list_waiting(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> list[Waiting]:
    return [
        Waiting(proposal, is_ended=roles is not None and not _may_propose(proposal, roles))
        for proposal, roles in await queries.list_waiting(session, principal, now=now)
    ]


def _may_propose(proposal: Proposal, roles: list[str]) -> bool:
    return _PROPOSES[proposal.change["action"]] in permissions_of(roles)


async def _require_waiting(session: AsyncSession, proposal: Proposal, *, now: datetime) -> None:
    ended = _end_of(proposal, now=now)
    if proposal.office_id is not None and ended is None:
        needed = _PROPOSES[proposal.change["action"]]
        maker = proposal.office_id, proposal.proposed_by
        if await office_queries.is_suspended(session, proposal.office_id) or not await may_still(
            session, *maker, needed, now=now
        ):
            ended = "not_theirs"
    if ended is not None:
        raise ProposalEndedError(ended)


def _end_of(proposal: Proposal, *, now: datetime) -> str | None:
    if proposal.approved_at is not None:
        return "approved"
    if proposal.expires_at <= proposal.proposed_at:
        return "replaced"
    return "expired" if proposal.expires_at <= now else None


async def _apply(
    session: AsyncSession,
    principal: Principal,
    change: Change,
    *,
    now: datetime,
    allow_loopback: bool,
) -> None:
    match change:
        case AgreementChange():
            await offices.sign_agreement(session, principal, change.office, change.agreement)
        case ImportChange():
            await quotas.open_import(
                session,
                principal,
                change.office,
                elements=change.elements,
                ends_at=change.ends_at,
                now=now,
                key_classes=change.key_classes,
            )
        case ProviderChange():
            await provider_setting.set_provider(
                session,
                principal,
                change.office,
                issuer=change.issuer,
                client_id=change.client_id,
                acr_values=list(change.acr_values),
                allow_loopback=allow_loopback,
            )


def read_id(proposal: Proposal) -> str:
    """Return what a proposal is called outside."""
    return public_id(PREFIX, proposal.id)


def change_of(proposal: Proposal) -> Change:
    """Return what is proposed."""
    return _CHANGE.validate_python(proposal.change)


def digest_of(proposal: Proposal) -> str:
    """Return the SHA-256, in hex, of all that an approval agrees to."""
    text = json.dumps([proposal.id.hex, proposal.change], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
