"""What people of an office propose for that office; the operator approves it (service.py)."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core import locks
from app.offices import queries as offices
from app.offices.schemas import AgreementSign
from app.people import provider, provider_setting
from app.people.errors import ProviderSettingError, ProviderUnavailableError
from app.people.gate import Gate
from app.proposals import service
from app.proposals.errors import TooManyProposalsError
from app.proposals.schemas import (
    AgreementChange,
    AgreementProposalRead,
    AgreementRead,
    Change,
    ProviderChange,
    ProviderName,
    ProviderProposalRead,
)
from app.proposals.service import Waiting

MOST: Final = 10
"""Proposals of one kind of person of an office that wait at a time."""


async def sign_agreement(
    session: AsyncSession, principal: Principal, agreement: AgreementSign, *, now: datetime
) -> AgreementProposalRead:
    """Sign, or renew, the participation agreement; the same again, while it waits, is the same one.

    Raises:
        MissingScopeError: the caller lacks `agreements:sign`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        TooManyProposalsError: as many wait as may wait.
    """
    principal.require(Permission.AGREEMENTS_SIGN)
    code = await offices.get_own_code(session, principal.office_id)
    change = AgreementChange(office=code, agreement=agreement)
    return _read_agreement(await _propose_once(session, principal, change, now=now))


async def list_agreements(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> list[AgreementProposalRead]:
    """Return the agreements that the office signed and nobody countersigned yet, oldest first.

    Raises:
        MissingScopeError: the caller lacks `agreements:sign`.
    """
    principal.require(Permission.AGREEMENTS_SIGN)
    found = await service.list_waiting(session, principal, action="sign_agreement", now=now)
    return [_read_agreement(each) for each in found]


async def ask_provider(
    gate: Gate, principal: Principal, named: ProviderName, *, now: datetime
) -> None:
    """Ask a provider whether it is there and calls itself so, before `propose_provider`.

    Its transactions are its own: nobody holds a connection to the database while it waits.

    Raises:
        MissingScopeError: the caller lacks `providers:set`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        ProviderSettingError: it can be no provider, or does not answer as it should.
    """
    principal.require(Permission.PROVIDERS_SET)
    principal.require_step_up(now)
    provider_setting.check_provider(
        named.issuer, list(named.acr_values), allow_loopback=gate.allow_loopback_providers
    )
    try:
        await provider.ask_whether_there(gate, principal, named.issuer)
    except ProviderUnavailableError:
        raise ProviderSettingError(
            "It does not answer, or does not call itself exactly so."
        ) from None


async def propose_provider(
    session: AsyncSession, principal: Principal, named: ProviderName, *, now: datetime
) -> ProviderProposalRead:
    """Propose a provider that answered; the same again, while it waits, is the same one.

    Raises:
        MissingScopeError: the caller lacks `providers:set`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        TooManyProposalsError: as many wait as may wait.
    """
    principal.require(Permission.PROVIDERS_SET)
    code = await offices.get_own_code(session, principal.office_id)
    change = ProviderChange(office=code, **named.model_dump())
    return _read_provider(await _propose_once(session, principal, change, now=now))


async def list_providers(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> list[ProviderProposalRead]:
    """Return the providers that administrators proposed and nobody approved yet, oldest first.

    Raises:
        MissingScopeError: the caller lacks `providers:set`.
    """
    principal.require(Permission.PROVIDERS_SET)
    found = await service.list_waiting(session, principal, action="set_provider", now=now)
    return [_read_provider(each) for each in found]


async def _propose_once(
    session: AsyncSession, principal: Principal, change: Change, *, now: datetime
) -> Waiting:
    """Propose what the caller has not proposed yet, or return what of it waits.

    An office that takes no part signs too, and for such no answer is given once more.

    Raises:
        StepUpNeededError: the second factor is not recent.
        TooManyProposalsError: as many wait as may wait.
    """
    principal.require_step_up(now)
    await locks.alone(session, f"proposals of {principal.office_id}")  # the second finds the first
    wanted = change.model_dump(mode="json")
    waiting = await service.list_waiting(session, principal, now=now)
    for waits in waiting:
        made = waits.proposal
        if made.proposed_by == principal.actor and made.change == wanted:
            return waits
    if sum(not waits.is_ended for waits in waiting) >= MOST:
        raise TooManyProposalsError
    made = await service.propose(session, principal, change, now=now)
    return Waiting(made, is_ended=False)


def _read_agreement(waits: Waiting) -> AgreementProposalRead:
    agreement = AgreementRead.model_validate(waits.proposal.change["agreement"])
    return AgreementProposalRead(agreement=agreement, **_told(waits))


def _read_provider(waits: Waiting) -> ProviderProposalRead:
    named = {name: waits.proposal.change[name] for name in ProviderName.model_fields}
    return ProviderProposalRead(provider=ProviderName.model_validate(named), **_told(waits))


def _told(waits: Waiting) -> dict[str, Any]:
    proposal = waits.proposal
    return {
        "id": service.read_id(proposal),
        "digest": service.digest_of(proposal),
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at,
        "expires_at": proposal.expires_at,
        "is_ended": waits.is_ended,
    }
