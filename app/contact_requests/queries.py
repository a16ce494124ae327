"""The only module that selects requests for contacts; access is part of each query."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.contact_requests.errors import ContactRequestNotFoundError
from app.core.db import driver
from app.offices.queries import IN_FORCE

# $1 the office that asks, $2 now, $3 whether its own participation agreement is in force,
# $4 the person who asks
_VISIBLE: Final = f"""
SELECT k.*, k.requester_office_id = $1 AS is_sent, c.source_system, c.external_id
FROM contact_requests k
JOIN cases c ON c.id = CASE k.requester_office_id WHEN $1 THEN k.requester_case_id
                                                  ELSE k.responder_case_id END
WHERE $1 IN (k.requester_office_id, k.responder_office_id) AND $3
  AND {
    IN_FORCE.format(
        office="CASE k.requester_office_id WHEN $1 THEN k.responder_office_id "
        "ELSE k.requester_office_id END",
        today="$2::timestamptz::date",
    )
}
  AND {
    ladder.NOT_WALLED.format(
        cases="k.requester_case_id, k.responder_case_id", office="$1::bigint", person="$4::uuid"
    )
}
"""  # noqa: S608 -- constants only; every value is a parameter

_PAGE: Final = _VISIBLE + " AND ($5::uuid IS NULL OR k.id < $5) ORDER BY k.id DESC LIMIT $6"
_ONE: Final = _VISIBLE + " AND k.id = $5"
_OPEN: Final = (
    _VISIBLE
    + " AND k.overlap_id = $5 AND k.status = 'pending' AND k.expires_at > $2"
    + " ORDER BY k.id LIMIT 1"
)

_OVER: Final = """
SELECT id, overlap_id, requester_office_id, responder_office_id, requester_case_id
FROM contact_requests
WHERE status = 'pending' AND expires_at <= $1
  AND ($3::uuid IS NULL OR overlap_id = $3)
  AND ($4::bigint IS NULL OR requester_office_id = $4)
ORDER BY expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""
_EXPIRE: Final = """
UPDATE contact_requests SET status = 'expired', ended_at = $2, version = version + 1
WHERE id = ANY($1::uuid[])
"""


def _who(principal: Principal, now: datetime) -> tuple[object, ...]:
    return principal.office_id, now, principal.is_participating, principal.person_id


async def list_requests(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of the requests that the caller's office sent or received, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _PAGE, *_who(principal, now), before, limit
    )
    return rows


async def get_request(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    *,
    now: datetime,
    for_update: bool = False,
) -> asyncpg.Record:
    """Return one request, row-locked until the transaction ends if so asked.

    Raises:
        ContactRequestNotFoundError: absent, or between other offices; never told apart.
    """
    row: asyncpg.Record | None = await (await driver(session)).fetchrow(
        _ONE + (" FOR NO KEY UPDATE OF k" if for_update else ""),
        *_who(principal, now),
        request_id,
    )
    if row is None:
        raise ContactRequestNotFoundError
    return row


async def find_open(
    session: AsyncSession, principal: Principal, overlap_id: UUID, *, now: datetime
) -> asyncpg.Record | None:
    """Return the request in an overlap that awaits an answer, of either side; None without one."""
    row: asyncpg.Record | None = await (await driver(session)).fetchrow(
        _OPEN, *_who(principal, now), overlap_id
    )
    return row


async def lock_over(
    session: AsyncSession,
    *,
    now: datetime,
    limit: int,
    overlap_id: UUID | None = None,
    office_id: int | None = None,
) -> list[asyncpg.Record]:
    """Return requests whose time is over, of all, one overlap, one office, with their keys."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _OVER, now, limit, overlap_id, office_id
    )
    return rows


async def expire(session: AsyncSession, rows: Sequence[asyncpg.Record], *, now: datetime) -> None:
    """End requests that are locked."""
    await (await driver(session)).execute(_EXPIRE, [row["id"] for row in rows], now)
