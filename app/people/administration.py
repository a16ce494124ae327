"""What administrators do with the people of their office, and the operator with those of any.

A change of what somebody may do ends the person's sign-ins, so it counts from the next request on.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import MissingScopeError
from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.audit import service as audit
from app.core.ids import new_id, parse_public_id, public_id
from app.people import enrolment, queries, registering, sign_ins
from app.people.admin_schemas import EnrolmentRead, PersonAdd
from app.people.errors import (
    OwnAccountError,
    PersonExistsError,
    PersonNotFoundError,
    ProviderNotFoundError,
)
from app.people.gate import Gate
from app.people.models import Person
from app.people.service import PREFIX


async def add_person(
    session: AsyncSession, principal: Principal, office_id: int, body: PersonAdd, *, now: datetime
) -> EnrolmentRead:
    """Add a person to an office; the code that is returned is shown once and hashed.

    Raises:
        MissingScopeError: the caller does not manage the people of this office.
        StepUpNeededError: the caller's second factor is not recent.
        PersonExistsError: account or subject is, or was, another person's.
        ProviderNotFoundError: a subject is named, but the office has no identity provider.
    """
    _require_managing(principal, office_id, now=now)
    provider = await queries.find_provider(session, office_id) if body.subject else None
    if body.subject and provider is None:
        raise ProviderNotFoundError
    person_id: UUID | None = await session.scalar(
        insert(Person)
        .values(
            id=new_id(),
            office_id=office_id,
            account=body.account,
            name=body.name,
            roles=sorted(set(body.roles)),
            created_at=now,
            enabled_at=now,
            issuer=provider.issuer if provider else None,
            subject=body.subject,
        )
        .on_conflict_do_nothing()
        .returning(Person.id)
    )
    if person_id is None:
        raise PersonExistsError
    detail = {"roles": sorted(set(body.roles))}
    await audit.record_of_office(
        session, principal, office_id, "person.added", str(person_id), detail=detail
    )
    person = await queries.get_for_update(session, office_id, person_id)
    return _enrolment(person, now=now)


async def set_roles(
    session: AsyncSession,
    principal: Principal,
    office_id: int,
    person: str,
    roles: tuple[Role, ...],
    *,
    now: datetime,
) -> int:
    """Give a person these roles and no others; returns how many sign-ins were ended.

    Raises:
        MissingScopeError, StepUpNeededError: as above.
        PersonNotFoundError: absent, or of another office.
        OwnAccountError: administrators do not change themselves.
    """
    found = await _person(session, principal, office_id, person, now=now)
    found.roles = sorted(set(roles))
    ended = await sign_ins.end_all(session, [found.id])
    detail = {"roles": list(found.roles), "ended": ended}
    await audit.record_of_office(
        session, principal, office_id, "person.roles_set", str(found.id), detail=detail
    )
    return ended


async def set_disabled(
    session: AsyncSession,
    principal: Principal,
    office_id: int,
    person: str,
    *,
    is_disabled: bool,
    now: datetime,
) -> int:
    """Shut a person out at once, or let it in again; returns how many sign-ins were ended.

    Raises:
        MissingScopeError, StepUpNeededError, PersonNotFoundError, OwnAccountError: as above.
    """
    found = await _person(session, principal, office_id, person, now=now)
    if is_disabled:
        disable(found, "administrator", now=now)
    else:
        found.disabled_at = found.disabled_for = None
        found.enabled_at = now
    ended = await sign_ins.end_all(session, [found.id])
    action = "person.disabled" if is_disabled else "person.enabled"
    await audit.record_of_office(
        session, principal, office_id, action, str(found.id), detail={"ended": ended}
    )
    return ended


async def start_enrolment(
    session: AsyncSession,
    principal: Principal,
    office_id: int,
    person: str,
    *,
    forget_factors: bool,
    now: datetime,
) -> EnrolmentRead:
    """Give a person a new one-time code: to replace an old one, or everything that was lost.

    Without `forget_factors` the second factors stay, and whoever uses the code still needs one.

    Raises:
        MissingScopeError, StepUpNeededError, PersonNotFoundError, OwnAccountError: as above.
    """
    found = await _person(session, principal, office_id, person, now=now)
    found.password_digest = None
    if forget_factors:
        found.totp_sealed = None
        found.issuer = found.subject = None
        await registering.forget(session, found.id)
    ended = await sign_ins.end_all(session, [found.id])
    detail = {"forget_factors": forget_factors, "ended": ended}
    await audit.record_of_office(
        session, principal, office_id, "person.reset", str(found.id), detail=detail
    )
    return _enrolment(found, now=now)


async def release(
    session: AsyncSession,
    principal: Principal,
    gate: Gate,
    office_id: int,
    person: str,
    *,
    now: datetime,
) -> int:
    """Release a person's account from lock-out; returns 1 if attempts were counted, else 0.

    Raises:
        MissingScopeError, StepUpNeededError, PersonNotFoundError, OwnAccountError: as above.
    """
    found = await _person(session, principal, office_id, person, now=now)
    office = await queries.get_office(session, office_id)
    released = await queries.release_account(session, gate.account_key(office.code, found.account))
    await audit.record_of_office(session, principal, office_id, "person.released", str(found.id))
    return int(released)


async def end_sign_ins(
    session: AsyncSession,
    principal: Principal,
    office_id: int,
    person: str | None = None,
    *,
    now: datetime,
) -> int:
    """End every sign-in of a person, or of the whole office, at once; returns how many.

    Raises:
        MissingScopeError, StepUpNeededError, PersonNotFoundError, OwnAccountError: as above.
    """
    if person is None:
        _require_managing(principal, office_id, now=now)
        people = await queries.list_people_for_update(session, office_id)
    else:
        people = [await _person(session, principal, office_id, person, now=now)]
    ended = await sign_ins.end_all(session, [each.id for each in people])
    target = str(people[0].id) if person is not None else str(office_id)
    await audit.record_of_office(
        session, principal, office_id, "sign_ins.ended", target, detail={"ended": ended}
    )
    return ended


def _require_managing(principal: Principal, office_id: int, *, now: datetime) -> None:
    principal.require(Permission.PEOPLE_MANAGE)
    if principal.office_id != office_id and Permission.OFFICES_MANAGE not in principal.permissions:
        raise MissingScopeError
    principal.require_step_up(now)


async def _person(
    session: AsyncSession, principal: Principal, office_id: int, person: str, *, now: datetime
) -> Person:
    """Return another person of the office, locked, if the caller manages its people."""
    _require_managing(principal, office_id, now=now)
    person_id = parse_public_id(PREFIX, person)
    if person_id is None:
        raise PersonNotFoundError
    found = await queries.get_for_update(session, office_id, person_id)
    if found.id == principal.person_id:
        raise OwnAccountError
    return found


def disable(person: Person, why: str, *, now: datetime) -> None:
    """Shut out a person whose row is locked; the caller ends the sign-ins."""
    person.disabled_at, person.disabled_for = now, why
    enrolment.spend(person)


def _enrolment(person: Person, *, now: datetime) -> EnrolmentRead:
    code = enrolment.start(person, now=now)
    return EnrolmentRead(
        person_id=public_id(PREFIX, person.id), code=code, expires_at=now + enrolment.LIFE
    )
