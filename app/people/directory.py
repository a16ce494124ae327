"""Who one's colleagues are: every person of an office may know them by name."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.core.ids import public_id
from app.people import queries
from app.people.service import PREFIX


async def list_colleagues(session: AsyncSession, principal: Principal) -> dict[str, str]:
    """Return the names of the people of the caller's office, by name.

    Each is there twice: as the audit names it, `person:` and a UUID, and by its public id.
    """
    found = await queries.list_names(session, principal.office_id)
    names = {f"person:{key}": name for key, name in found}
    return names | {public_id(PREFIX, key): name for key, name in found}
