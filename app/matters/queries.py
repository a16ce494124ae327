"""SQL of matters: who may know of one, and what its parties wrote about it."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.core.db import driver
from app.matters.errors import MatterNotFoundError
from app.offices.queries import IN_FORCE

PREFIX: Final = "mat"

# $1 the office that asks, $2 now, $3 whether its own participation agreement is in force,
# $4 the person who asks
PARTY_SEES: Final = f"""
me.office_id = $1 AND $3 AND (me.number = 1 OR h.sent_at IS NOT NULL)
  AND EXISTS (SELECT FROM handling_parties q WHERE q.request_id = h.id AND q.office_id <> $1
              AND {IN_FORCE.format(office="q.office_id", today="$2::date")})
  AND {
    ladder.NOT_WALLED.format(
        cases="SELECT unnest(ARRAY[q.case_id, q.requester_case_id]) FROM handling_parties q"
        " WHERE q.request_id = h.id",
        office="$1::bigint",
        person="$4::uuid",
    )
}
"""  # noqa: S608 -- constants only; every value is a parameter
"""SQL condition: the caller's office is a party (`me`) of the request `h`, and may know of it.

Before it was sent only who asks does; never who is walled from one of its cases, and nobody once
all others, or it, take part no longer.
"""

IS_NAMED: Final = f"""
(q.office_id = $1 OR (q.number = 1 OR q.named_at IS NOT NULL OR me.number = 1 AND q.overlap_id
  IS NULL) AND {IN_FORCE.format(office="q.office_id", today="$2::date")})
"""
"""SQL condition: the caller is told which office the party `q` is."""

_VISIBLE: Final = f"""
SELECT m.*, h.kind, h.status, h.version, me.number AS own_number, p.parties, $2::date AS today,
  t.terms ->> 'trafficking_type' AS trafficking_type, t.terms ->> 'matter_kind' AS matter_kind,
  (t.terms ->> 'review_every_days')::int AS review_every_days,
  EXISTS (SELECT FROM handling_instruments i WHERE i.request_id = m.request_id) AS has_instrument
FROM matters m
JOIN handling_requests h ON h.id = m.request_id
JOIN handling_parties me ON me.request_id = m.request_id
JOIN handling_terms t ON t.request_id = h.id AND t.number = h.agreed_number
CROSS JOIN LATERAL (
  SELECT json_agg(json_build_object('number', q.number, 'office_id', q.office_id,
    'code', o.code, 'name', o.name, 'kind', o.kind, 'state', o.state) ORDER BY q.number)
    AS parties
  FROM handling_parties q JOIN offices o ON o.id = q.office_id WHERE q.request_id = h.id) p
WHERE {PARTY_SEES}
"""  # noqa: S608 -- as above
_ONE: Final = _VISIBLE + " AND m.request_id = $5"
_PAGE: Final = (
    _VISIBLE
    + """
  AND me.request_id < coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND ($7::boolean IS NULL OR $7 = (m.ended_at IS NULL))
  AND ($8::boolean IS NULL OR $8 = (m.lead_office_id = $1))
ORDER BY me.request_id DESC LIMIT $6
"""
)

_LEADS: Final = """
SELECT l.*, o.code, o.name, f.code AS from_code FROM matter_leads l
JOIN offices o ON o.id = l.office_id LEFT JOIN offices f ON f.id = l.from_office_id
WHERE l.request_id = $1 AND l.withdrawn_at IS NULL ORDER BY l.offered_at, l.id
"""
_ORIGIN: Final = """
SELECT s.seen_at AS at, 'pointer' AS what, s.overlap_id, f.code, f.name
FROM handling_parties p
JOIN overlap_sides s ON s.overlap_id = p.overlap_id AND s.office_id = $2
JOIN offices f ON f.id = s.other_office_id
WHERE p.request_id = $1 AND s.seen_at IS NOT NULL
UNION ALL
SELECT e.at, e.what, e.overlap_id, f.code, f.name
FROM origin_entries e JOIN offices f ON f.id = e.from_office_id
WHERE e.office_id = $2 AND (e.request_id = $1 OR e.overlap_id IN (
  SELECT p.overlap_id FROM handling_parties p WHERE p.request_id = $1))
ORDER BY at, what, code
"""


async def get_matter(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    *,
    now: datetime,
    for_update: bool = False,
) -> asyncpg.Record:
    """Return a matter that the caller's office is a party of, row-locked if so asked.

    Raises:
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    connection = await driver(session)
    if for_update:
        await connection.execute(
            "SELECT FROM handling_requests WHERE id = $1 FOR NO KEY UPDATE", key
        )
    who = (principal.office_id, now, principal.is_participating, principal.person_id)
    row: asyncpg.Record | None = await connection.fetchrow(_ONE, *who, key)
    if row is None:
        raise MatterNotFoundError
    return row


async def list_matters(
    session: AsyncSession,
    principal: Principal,
    *,
    is_open: bool | None,
    is_lead: bool | None,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of the matters of the caller's office, newest first.

    Args:
        session: Acts for the office.
        principal: Who asks.
        is_open: Only those that hold, or only ended ones; None for both.
        is_lead: Only those that the office leads, or that another leads; None for both.
        before: The last one of the page before.
        limit: How many at most.
        now: The instant of the request.
    """
    who = (principal.office_id, now, principal.is_participating, principal.person_id)
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _PAGE, *who, before, limit, is_open, is_lead
    )
    return rows


async def list_leads(session: AsyncSession, key: UUID) -> list[asyncpg.Record]:
    """Return every lead of a matter that was offered and not taken back, oldest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_LEADS, key)
    return rows


async def list_origin(session: AsyncSession, key: UUID, office_id: int) -> list[asyncpg.Record]:
    """Return what came to an office from the registry in this matter, oldest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_ORIGIN, key, office_id)
    return rows
