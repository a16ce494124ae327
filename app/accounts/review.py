from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import MissingScopeError
from app.access.permissions import Permission
from app.access.policy import permissions_of
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.accounts import queries
from app.accounts.schemas import AccessReview, ClientRead
from app.audit import service as audit
from app.core.ids import public_id
from app.people import queries as people
from app.people.admin_schemas import Factor, PersonRead
from app.people.models import Person
from app.people.service import PREFIX


async def review_access(
    session: AsyncSession, principal: Principal, office_id: int, *, now: datetime
) -> AccessReview:
    """Return who and what of the office has which access, and when it was last used.

    Raises:
        MissingScopeError: the caller does not review this office.
    """
    principal.require(Permission.PEOPLE_REVIEW)
    if principal.office_id != office_id:
        raise MissingScopeError
    office = await people.get_office(session, office_id)
    found = await people.list_people(session, office_id)
    clients = await queries.list_clients(session, office_id)
    await audit.record(session, principal, "access_review.read", office.code)
    return AccessReview(
        office=office.code,
        made_at=now,
        people=[_reviewed(*each) for each in found],
        clients=[
            ClientRead(
                client_id=str(each.id),
                label=each.label,
                scopes=each.scopes,
                created_at=each.created_at,
                revoked_at=each.revoked_at,
            )
            for each in clients
        ],
    )


def _reviewed(person: Person, passkeys: int, codes: int) -> PersonRead:
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
