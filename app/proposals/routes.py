from typing import Annotated

from fastapi import APIRouter, Depends

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.offices.schemas import AgreementSign
from app.people.deps import CurrentGate
from app.people.errors import ProviderSettingError
from app.proposals import own
from app.proposals.errors import TooManyProposalsError
from app.proposals.schemas import (
    AgreementProposalList,
    AgreementProposalRead,
    ProviderName,
    ProviderProposalList,
    ProviderProposalRead,
)

router = APIRouter(prefix="/v1/proposals", tags=["offices"], route_class=StrictRoute)


@router.post(
    "/agreements",
    status_code=201,
    openapi_extra=operation(
        StepUpNeededError, TooManyProposalsError, scope=Permission.AGREEMENTS_SIGN
    ),
)
async def sign_agreement(
    body: AgreementSign, session: Session, principal: CurrentPrincipal, now: Now
) -> AgreementProposalRead:
    """Sign, or renew, the office's participation agreement; the operator must countersign it.

    It lapses in time. The same again, while it waits, is the same one.
    """
    return await own.sign_agreement(session, principal, body, now=now)


@router.get("/agreements", openapi_extra=operation(scope=Permission.AGREEMENTS_SIGN))
async def list_agreement_proposals(
    session: Session, principal: CurrentPrincipal, now: Now
) -> AgreementProposalList:
    """List what the office signed and the operator has not countersigned yet."""
    return AgreementProposalList(
        items=tuple(await own.list_agreements(session, principal, now=now))
    )


async def answering_provider(
    body: ProviderName, principal: CurrentPrincipal, gate: CurrentGate, now: Now
) -> ProviderName:
    """Return the provider that is named, when it answers.

    Raises:
        MissingScopeError, StepUpNeededError: the caller may name none, or not now.
        ProviderSettingError: it can be no provider, or does not answer as it should.
    """
    await own.ask_provider(gate, principal, body, now=now)
    return body


@router.post(
    "/providers",
    status_code=201,
    openapi_extra=operation(
        StepUpNeededError,
        ProviderSettingError,
        TooManyProposalsError,
        scope=Permission.PROVIDERS_SET,
    ),
)
async def propose_provider(
    named: Annotated[ProviderName, Depends(answering_provider)],
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> ProviderProposalRead:
    """Propose the office's identity provider, which is asked now; the operator must approve it.

    It lapses in time. The same again, while it waits, is the same one.
    """
    return await own.propose_provider(session, principal, named, now=now)


@router.get("/providers", openapi_extra=operation(scope=Permission.PROVIDERS_SET))
async def list_provider_proposals(
    session: Session, principal: CurrentPrincipal, now: Now
) -> ProviderProposalList:
    """List what the office's administrators proposed and the operator has not approved yet."""
    return ProviderProposalList(items=tuple(await own.list_providers(session, principal, now=now)))
