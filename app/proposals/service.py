"""Two operators for what one should not do alone: one proposes, another approves exactly that."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.ids import new_id, public_id
from app.offices import queries as office_queries
from app.offices import service as offices
from app.people import provider_setting
from app.proposals import queries
from app.proposals.errors import ProposalChangedError, ProposalEndedError, SecondOperatorError
from app.proposals.models import Proposal
from app.proposals.schemas import AgreementChange, Change, ImportChange, ProviderChange
from app.quotas import service as quotas

PREFIX: Final = "prp"
APPROVED_WITHIN: Final = timedelta(hours=24)
_CHANGE: Final[TypeAdapter[Change]] = TypeAdapter(Change)


async def propose(
    session: AsyncSession, principal: Principal, change: Change, *, now: datetime
) -> Proposal:
    """Write down what is to be done; nothing of it happens yet.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
    """
    principal.require(Permission.OFFICES_MANAGE)
    await office_queries.get_office(session, change.office)
    proposal = Proposal(
        id=new_id(),
        change=change.model_dump(mode="json"),
        proposed_by=principal.actor,
        proposed_at=now,
        expires_at=now + APPROVED_WITHIN,
    )
    session.add(proposal)
    await session.flush()  # constraints speak before the audit entry is written
    detail = {"action": change.action, "office": change.office, "digest": digest_of(proposal)}
    await audit.record(
        session, principal, "proposal.made", public_id(PREFIX, proposal.id), detail=detail
    )
    return proposal


async def approve(
    session: AsyncSession, principal: Principal, key: UUID | None, digest: str, *, now: datetime
) -> Proposal:
    """Do what another operator proposed, in this transaction and once.

    Raises:
        MissingScopeError: the caller is not the operator.
        ProposalNotFoundError: there is none with this key.
        ProposalEndedError: it was approved before, or a day has passed.
        SecondOperatorError: the caller proposed it.
        ProposalChangedError: `digest` is of something else.
        AppError: what the change itself can raise.
    """
    principal.require(Permission.OFFICES_MANAGE)
    proposal = await queries.get_for_update(session, key)
    if proposal.approved_at is not None or proposal.expires_at <= now:
        raise ProposalEndedError
    if principal.actor == proposal.proposed_by:
        raise SecondOperatorError
    if digest != digest_of(proposal):
        raise ProposalChangedError
    proposal.approved_by, proposal.approved_at = principal.actor, now
    await session.flush()  # constraints speak before anything is done
    detail = {"proposed_by": proposal.proposed_by, "digest": digest}
    await audit.record(
        session, principal, "proposal.approved", public_id(PREFIX, proposal.id), detail=detail
    )
    await _apply(session, principal, _CHANGE.validate_python(proposal.change), now=now)
    return proposal


async def _apply(
    session: AsyncSession, principal: Principal, change: Change, *, now: datetime
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
            )


def digest_of(proposal: Proposal) -> str:
    """Return the SHA-256, in hex, of all that an approval agrees to."""
    text = json.dumps([proposal.id.hex, proposal.change], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
