"""Two persons: what one proposed another approves only while the first may propose it still."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import permissions_of
from app.accounts import queries
from app.people import queries as people


async def may_still(
    session: AsyncSession, office_id: int, actor: str, permission: Permission, *, now: datetime
) -> bool:
    """Return whether the person or client of an office that proposed something may do so now.

    Who was disabled or revoked, perhaps because somebody else has the account or the key, may not,
    nor who lost the role: what they proposed counts no longer. A person is locked, so that this
    stays so until the transaction ends.
    """
    kind, _, key = actor.partition(":")
    if kind == "client":
        scopes = await queries.get_scopes(session, office_id, UUID(key), today=now.date())
        return permission in scopes
    person = await people.get_for_update(session, office_id, UUID(key))
    return person.disabled_at is None and permission in permissions_of(person.roles)
