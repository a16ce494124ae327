"""Who the people of an office are, as colleagues know them and as administrators see them."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import permissions_of
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.core.ids import parse_public_id, public_id
from app.people import queries
from app.people.admin_schemas import Factor, PersonRead
from app.people.errors import PersonNotFoundError
from app.people.gate import Gate
from app.people.models import Person
from app.people.service import PREFIX


@dataclass(frozen=True)
class Listed:
    """A person as an administrator of the office sees it."""

    read: PersonRead
    is_locked: bool
    """Whether too many wrong attempts locked the account."""
    is_self: bool


async def list_colleagues(session: AsyncSession, principal: Principal) -> dict[str, str]:
    """Return the names of the people of the caller's office, which every one of them may know.

    Each is there twice: as the audit names it, `person:` and a UUID, and by its public id.
    """
    found = await queries.list_colleagues(session, principal.office_id)
    names = {f"person:{each.id}": each.name for each in found}
    return names | {public_id(PREFIX, each.id): each.name for each in found}


async def list_who_may(
    session: AsyncSession, principal: Principal, permission: Permission
) -> list[tuple[str, str]]:
    """Return public id and name of the caller's enabled colleagues who have a permission, by name.

    The caller is among them if it has it, too.
    """
    found = await queries.list_colleagues(session, principal.office_id)
    return [
        (public_id(PREFIX, each.id), each.name)
        for each in found
        if each.disabled_at is None and permission in permissions_of(each.roles)
    ]


async def list_people(session: AsyncSession, principal: Principal, gate: Gate) -> list[Listed]:
    """Return the people of the caller's office by account, those who are shut out too.

    Raises:
        MissingScopeError: the caller does not manage people.
    """
    principal.require(Permission.PEOPLE_MANAGE)
    office = await queries.get_office(session, principal.office_id)
    found = await queries.list_people(session, office.id)
    keys = {gate.account_key(office.code, person.account): person.id for person, _, _ in found}
    locked = {keys[key] for key in await queries.list_locked(session, list(keys))}
    return [
        Listed(
            render(person, passkeys, codes), person.id in locked, person.id == principal.person_id
        )
        for person, passkeys, codes in found
    ]


async def read_person(
    session: AsyncSession, principal: Principal, gate: Gate, person: str
) -> Listed:
    """Return one person of the caller's office.

    Raises:
        MissingScopeError: the caller does not manage people.
        PersonNotFoundError: absent, or of another office.
    """
    key = parse_public_id(PREFIX, person)
    for each in await list_people(session, principal, gate):
        if key is not None and each.read.person_id == person:
            return each
    raise PersonNotFoundError


def render(person: Person, passkeys: int, codes: int) -> PersonRead:
    """Return a person with what it may do and can sign in with."""
    has: dict[Factor, bool] = {
        "password": person.password_digest is not None,
        "totp": person.totp_sealed is not None,
        "passkey": passkeys > 0,
        "provider": person.subject is not None,
        "recovery_codes": codes > 0,
    }
    return PersonRead(
        person_id=public_id(PREFIX, person.id),
        account=person.account,
        name=person.name,
        roles=[Role(role) for role in person.roles],
        permissions=sorted(permissions_of(person.roles)),
        factors=[name for name, is_there in has.items() if is_there],
        created_at=person.created_at,
        last_signed_in_at=person.last_signed_in_at,
        disabled_at=person.disabled_at,
        disabled_for=person.disabled_for,
    )
