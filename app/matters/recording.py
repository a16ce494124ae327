"""What the registry itself does to a request or matter, where those read it whom it concerns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.audit import service as audit
from app.core.db import APP, JOBS, become, enter
from app.matters import queries


async def record_of_parties(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID,
    office_ids: Sequence[int],
    action: str,
    *,
    detail: Mapping[str, Any],
) -> None:
    """Write an entry for each of these parties, where its auditors read it; it names no other.

    Of one that may not know of the request now (a wall, no agreement) it is the operator's alone.
    The session is that of a job of the operator, before and after.
    """
    entries = []
    await become(session, APP)  # the database tells it alone which office may know
    for office_id in office_ids:
        await enter(session, replace(principal, office_id=office_id))
        is_known = await queries.is_party(session, request_id)
        entry = audit.Entry(action, str(request_id), [office_id], detail)
        entries.append((office_id if is_known else principal.office_id, entry))
    await become(session, JOBS)
    await enter(session, principal)
    await audit.record_of_offices(session, principal, entries)
