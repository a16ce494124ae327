"""Reading requests for contacts: one, a page of them, the one that is open in an overlap."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.contact_requests import queries
from app.contact_requests.schemas import ContactRequestRead
from app.core.ids import public_id

PREFIX: Final = "crq"


async def read_request(
    session: AsyncSession, principal: Principal, request_id: UUID | None, *, now: datetime
) -> ContactRequestRead:
    """Return one request that the caller's office sent or received, and record that.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        ContactRequestNotFoundError: absent, or between other offices; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    read = render(await queries.get_request(session, principal, request_id, now=now))
    await _record_disclosed(session, principal, [read])
    return read


async def find_open(
    session: AsyncSession, principal: Principal, overlap_id: UUID, *, now: datetime
) -> ContactRequestRead | None:
    """Return the request in an overlap that awaits an answer, None without one; record it.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
    """
    principal.require(Permission.HANDLING_READ)
    row = await queries.find_open(session, principal, overlap_id, now=now)
    if row is None:
        return None
    read = render(row)
    await _record_disclosed(session, principal, [read])
    return read


async def list_requests(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, ContactRequestRead]]:
    """Return a page of the requests that the caller's office sent or received, newest first.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
    """
    principal.require(Permission.HANDLING_READ)
    rows = await queries.list_requests(session, principal, before=before, limit=limit, now=now)
    found = [(row["id"], render(row)) for row in rows]
    await _record_disclosed(session, principal, [read for _, read in found])
    return found


async def _record_disclosed(
    session: AsyncSession, principal: Principal, shown: list[ContactRequestRead]
) -> None:
    await audit.record(
        session,
        principal,
        "contact_requests.disclosed",
        f"{len(shown)} requests",
        recipients=[principal.office_id],
        detail={read.id: read.status for read in shown},
    )


def direction(row: asyncpg.Record) -> str:
    """Return whether the caller's office sent the request or received it."""
    return "sent" if row["is_sent"] else "received"


def render(row: asyncpg.Record) -> ContactRequestRead:
    """Return a request as the caller's office sees it."""
    same = (
        "version",
        "reason",
        "status",
        "decline_reason",
        "requested_at",
        "expires_at",
        "ended_at",
    )
    return ContactRequestRead.model_validate(
        {
            **{name: row[name] for name in same},
            "id": public_id(PREFIX, row["id"]),
            "overlap_id": public_id(ladder.PREFIX, row["overlap_id"]),
            "case": {"source_system": row["source_system"], "external_id": row["external_id"]},
            "direction": direction(row),
        }
    )
