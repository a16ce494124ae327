from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import MissingScopeError
from app.access.permissions import Permission
from app.access.policy import permissions_of
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.accounts import queries
from app.accounts.models import AccessReviewed
from app.accounts.schemas import AccessReview, ClientRead
from app.audit import service as audit
from app.core.ids import public_id
from app.people import queries as people
from app.people.admin_schemas import Factor, PersonRead
from app.people.models import Person
from app.people.service import PREFIX

DUE_AFTER: Final = timedelta(days=365)
REMINDED_AGAIN_AFTER: Final = timedelta(days=30)


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
    last = await queries.get_reviewed_at(session, office_id)
    await _note(session, office_id, reviewed_at=now)
    await audit.record(session, principal, "access_review.read", office.code)
    return AccessReview(
        office=office.code,
        made_at=now,
        last_reviewed_at=last,
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


async def remind(session: AsyncSession, principal: Principal, *, now: datetime, limit: int) -> int:
    """Tell offices that a review of access is due, every 30 days until it is made.

    The audit entry is what tells them. Returns how many were told, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    due = await queries.list_unreviewed(
        session, since=now - DUE_AFTER, reminded_before=now - REMINDED_AGAIN_AFTER, limit=limit
    )
    for office in due:
        await _note(session, office.id, reminded_at=now)
    if due:
        entries = [audit.Entry("access_review.due", each.code, [each.id]) for each in due]
        await audit.record_each(session, principal, entries)
    return len(due)


async def _note(session: AsyncSession, office_id: int, **when: datetime) -> None:
    noted = insert(AccessReviewed).values(office_id=office_id, **when)
    await session.execute(noted.on_conflict_do_update(index_elements=["office_id"], set_=when))


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
