from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.core.db import driver
from app.core.ids import public_id
from app.handling.errors import HandlingNotFoundError
from app.handling.schemas import HandlingRead, LeadRead
from app.offices.queries import COMMITMENTS, IN_FORCE, read_commitments

PREFIX: Final = "hnd"

# $1 the office that asks, $2 now, $3 whether its own participation agreement is in force,
# $4 the person who asks
_VISIBLE: Final = f"""
SELECT h.*, h.requester_office_id = $1 AS is_sent, m.lead_office_id = $1 AS is_own_lead,
       lead.code AS lead_code, lead.name AS lead_name, $2::date AS today, promised.commitments
FROM handling_requests h
CROSS JOIN LATERAL ({COMMITMENTS.format(office="h.requester_office_id")}) AS promised
LEFT JOIN matters m ON m.request_id = h.id
LEFT JOIN offices lead ON lead.id = m.lead_office_id
WHERE $1 IN (h.requester_office_id, h.responder_office_id) AND $3
  AND {
    IN_FORCE.format(
        office="CASE h.requester_office_id WHEN $1 THEN h.responder_office_id "
        "ELSE h.requester_office_id END",
        today="$2::date",
    )
}
  AND {
    ladder.NOT_WALLED.format(
        cases="h.requester_case_id, h.responder_case_id", office="$1::bigint", person="$4::uuid"
    )
}
"""  # noqa: S608 -- constants only; every value is a parameter

_PAGE: Final = _VISIBLE + " AND ($5::uuid IS NULL OR h.id < $5) ORDER BY h.id DESC LIMIT $6"
_ONE: Final = _VISIBLE + " AND h.id = $5"
_OF_OVERLAP: Final = _VISIBLE + " AND h.overlap_id = $5 ORDER BY h.id DESC LIMIT 20"


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
    connection = await driver(session)
    rows: list[asyncpg.Record] = await connection.fetch(_PAGE, *_who(principal, now), before, limit)
    return rows


async def list_requests_of_overlap(
    session: AsyncSession, principal: Principal, overlap_id: UUID, *, now: datetime
) -> list[asyncpg.Record]:
    """Return the latest requests about one overlap that the caller's office sent or received."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _OF_OVERLAP, *_who(principal, now), overlap_id
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
        HandlingNotFoundError: absent, or between other offices; never told apart.
    """
    connection = await driver(session)
    row: asyncpg.Record | None = await connection.fetchrow(
        _ONE + (" FOR NO KEY UPDATE OF h" if for_update else ""),
        *_who(principal, now),
        request_id,
    )
    if row is None:
        raise HandlingNotFoundError
    return row


def render(row: asyncpg.Record) -> HandlingRead:
    """Return a request as the caller's office sees it."""
    lead = None
    if row["lead_code"] is not None:
        lead = LeadRead(code=row["lead_code"], name=row["lead_name"], is_own=row["is_own_lead"])
    return HandlingRead(
        id=public_id(PREFIX, row["id"]),
        version=row["version"],
        overlap_id=public_id(ladder.PREFIX, row["overlap_id"]),
        direction="sent" if row["is_sent"] else "received",
        status=row["status"],
        proposed_lead=row["proposed_lead"],
        decline_reason=row["decline_reason"],
        requested_at=row["requested_at"],
        answered_at=row["answered_at"],
        lead=lead,
        requester_commitments=read_commitments(row["commitments"], row["today"]),
    )
