from typing import Any

from fastapi import APIRouter

from app.access.errors import MissingScopeError, StepUpNeededError
from app.access.permissions import Permission
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.people import administration as service
from app.people.admin_schemas import (
    EnrolmentRead,
    EnrolmentStart,
    PersonAdd,
    PersonDisable,
    RolesSet,
)
from app.people.deps import CurrentGate, CurrentPerson
from app.people.errors import (
    NOT_SIGNED_IN,
    CrossSiteRequestError,
    OwnAccountError,
    PersonExistsError,
    PersonNotFoundError,
    ProviderNotFoundError,
)
from app.people.schemas import PersonId, SignedOut

router = APIRouter(prefix="/v1", tags=["people"], route_class=StrictRoute)


def _manage(*raises: Any) -> dict[str, Any]:
    return operation(
        *NOT_SIGNED_IN,
        CrossSiteRequestError,
        StepUpNeededError,
        MissingScopeError,
        *raises,
        scope=Permission.PEOPLE_MANAGE,
    )


_ONE = _manage(PersonNotFoundError, OwnAccountError)


@router.post(
    "/people", status_code=201, openapi_extra=_manage(PersonExistsError, ProviderNotFoundError)
)
async def add_person(
    body: PersonAdd, principal: CurrentPerson, session: Session, now: Now
) -> EnrolmentRead:
    """Add a person to the caller's office; hand the code over in person."""
    return await service.add_person(session, principal, principal.office_id, body, now=now)


@router.put("/people/{person_id}/roles", openapi_extra=_ONE)
async def set_roles(
    person_id: PersonId, body: RolesSet, principal: CurrentPerson, session: Session, now: Now
) -> SignedOut:
    """Set all roles of a person; its sign-ins end."""
    ended = await service.set_roles(
        session, principal, principal.office_id, person_id, body.roles, now=now
    )
    return SignedOut(ended=ended)


@router.put("/people/{person_id}/disabled", openapi_extra=_ONE)
async def set_disabled(
    person_id: PersonId, body: PersonDisable, principal: CurrentPerson, session: Session, now: Now
) -> SignedOut:
    """Shut a person out, with effect on its next request, or let it in again."""
    ended = await service.set_disabled(
        session,
        principal,
        principal.office_id,
        person_id,
        is_disabled=body.is_disabled,
        now=now,
    )
    return SignedOut(ended=ended)


@router.post("/people/{person_id}/enrolment", openapi_extra=_ONE)
async def start_enrolment(
    person_id: PersonId, body: EnrolmentStart, principal: CurrentPerson, session: Session, now: Now
) -> EnrolmentRead:
    """Take a person's password away and give a new one-time code."""
    return await service.start_enrolment(
        session,
        principal,
        principal.office_id,
        person_id,
        forget_factors=body.forget_factors,
        now=now,
    )


@router.delete("/people/{person_id}/lock", openapi_extra=_ONE)
async def release_person(
    person_id: PersonId, principal: CurrentPerson, gate: CurrentGate, session: Session, now: Now
) -> SignedOut:
    """Release a person's account from lock-out; no sign-in ends."""
    await service.release(session, principal, gate, principal.office_id, person_id, now=now)
    return SignedOut(ended=0)


@router.delete("/people/{person_id}/sign-ins", openapi_extra=_ONE)
async def end_sign_ins_of_person(
    person_id: PersonId, principal: CurrentPerson, session: Session, now: Now
) -> SignedOut:
    """End every sign-in of a person at once."""
    ended = await service.end_sign_ins(session, principal, principal.office_id, person_id, now=now)
    return SignedOut(ended=ended)


@router.delete("/people/sign-ins", openapi_extra=_manage())
async def end_sign_ins_of_office(principal: CurrentPerson, session: Session, now: Now) -> SignedOut:
    """End every sign-in of the caller's office at once, the caller's included."""
    ended = await service.end_sign_ins(session, principal, principal.office_id, now=now)
    return SignedOut(ended=ended)
