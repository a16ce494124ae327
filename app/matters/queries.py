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

OF_PARTY: Final = """
({office}::bigint IS NULL
 OR h.id IN (SELECT request_id FROM handling_parties WHERE office_id = {office}))
"""
"""That a request `h` is one of an office, or any when that is null."""
KNOWN_PARTY: Final = "(me.left_at IS NULL OR q.first_terms = 0 OR q.named_at <= me.left_at)"
"""SQL condition: the party `q` was there, or was asked to join, before `me` left, if it did."""

KNOWN_LEAVING: Final = """
'leaves_on', CASE WHEN me.left_at IS NULL OR q.office_id = me.office_id OR q.left_at <= me.left_at
             THEN q.leaves_on END,
'left_at', CASE WHEN me.left_at IS NULL OR q.left_at <= me.left_at THEN q.left_at END
"""
"""SQL of a JSON object: when the party `q` leaves and left, as far as `me` was there to know."""

KNOWN_LEAD: Final = """
SELECT n.request_id, n.ends_on, coalesce(
  (SELECT l.office_id FROM matter_leads l
   WHERE l.request_id = n.request_id AND l.accepted_at <= me.left_at
   ORDER BY l.accepted_at DESC LIMIT 1), n.lead_office_id) AS lead_office_id
FROM matters n WHERE n.request_id = h.id
"""
"""SQL select: the matter of `h` with its lead, or who led when `me` left."""

OWN_CASE: Final = """
SELECT json_build_object('source_system', c.source_system, 'external_id', c.external_id)
FROM cases c WHERE c.office_id = $1 AND c.id = CASE me.number WHEN 1 THEN (
  SELECT q.requester_case_id FROM handling_parties q WHERE q.request_id = h.id
    AND q.requester_case_id IS NOT NULL ORDER BY q.number LIMIT 1) ELSE me.case_id END
"""
"""SQL select: the case of the caller's own that the request `h` is about, the first of several."""

IS_NAMED: Final = f"""
(q.office_id = $1 OR (q.number = 1 OR q.named_at IS NOT NULL OR me.number = 1 AND q.overlap_id
  IS NULL) AND {IN_FORCE.format(office="q.office_id", today="$2::date")})
"""
"""SQL condition: the caller is told which office the party `q` is."""

_VISIBLE: Final = f"""
SELECT m.request_id, m.began_on,
  (SELECT min(l.accepted_at) FROM matter_leads l WHERE l.request_id = m.request_id) AS began_at,
  m.agreed_on, m.ends_on, coalesce(m.ended_at, past.since) AS ended_at, known.lead_office_id,
  h.kind, CASE WHEN m.ended_at IS NULL AND past.since IS NOT NULL THEN 'expired' ELSE h.status END
    AS status, me.left_at AS own_left_at, p.parties, $2::date AS today,
  ({OWN_CASE}) AS own_case,
  t.terms ->> 'trafficking_type' AS trafficking_type, t.terms ->> 'matter_kind' AS matter_kind,
  (t.terms ->> 'review_every_days')::int AS review_every_days,
  EXISTS (SELECT FROM handling_instruments i WHERE i.request_id = m.request_id
          AND i.scope <> 'advice_only') AS has_instrument
FROM matters m
JOIN handling_requests h ON h.id = m.request_id
JOIN handling_parties me ON me.request_id = m.request_id
CROSS JOIN LATERAL (
  SELECT t.terms FROM handling_terms t
  WHERE t.request_id = h.id AND (me.left_at IS NULL AND t.number = h.agreed_number
    OR t.number <= h.agreed_number AND t.proposed_at <= me.left_at)
  ORDER BY t.number DESC LIMIT 1) AS t
CROSS JOIN LATERAL (
  SELECT json_agg(json_build_object('number', q.number, 'office_id', q.office_id,
    'code', o.code, 'name', o.name, 'kind', o.kind, 'state', o.state, 'joined_at', q.joined_at,
    {KNOWN_LEAVING}) ORDER BY q.number) AS parties
  FROM handling_parties q JOIN offices o ON o.id = q.office_id
  WHERE q.request_id = h.id AND {KNOWN_PARTY} AND (q.first_terms = 0 OR q.joined_at IS NOT NULL)
) p
CROSS JOIN LATERAL ({KNOWN_LEAD}) AS known
CROSS JOIN LATERAL (SELECT CASE WHEN m.ends_on <= $2::date
  THEN m.ends_on::timestamp AT TIME ZONE 'UTC' END AS since) AS past
WHERE {PARTY_SEES} AND (me.first_terms = 0 OR me.joined_at IS NOT NULL)
"""  # noqa: S608 -- as above
_ONE: Final = _VISIBLE + " AND m.request_id = $5"
_PAGE: Final = (
    _VISIBLE
    + """
  AND me.request_id < coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND ($7::boolean IS NULL OR $7 = (m.ended_at IS NULL AND past.since IS NULL))
  AND ($8::boolean IS NULL OR $8 = (known.lead_office_id = $1))
ORDER BY me.request_id DESC LIMIT $6
"""
)

_LEADS: Final = """
SELECT l.*, o.code, o.name, f.code AS from_code FROM matter_leads l
JOIN offices o ON o.id = l.office_id LEFT JOIN offices f ON f.id = l.from_office_id
WHERE l.request_id = $1 AND l.withdrawn_at IS NULL
  AND ($2::timestamptz IS NULL OR l.accepted_at <= $2) ORDER BY l.offered_at, l.id
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

# $1 to $4 the ladder's, $5 the own case, $6 how many to skip, $7 how many; of a pointer it is not
# told which office is behind it, nor of a request which office ended it that is not named there
_OF_CASE: Final = f"""
WITH sides AS (
  SELECT s.overlap_id, s.seen_at, s.other_office_id, v.rung >= {ladder.CONTACT:d} AS is_named
  FROM overlap_sides s
  LEFT JOIN ({ladder.VISIBLE}) AS v ON v.id = s.overlap_id
  WHERE s.case_id = $5 AND s.office_id = $1),
requests AS (
  SELECT q.request_id FROM handling_parties me
  JOIN handling_parties q ON q.request_id = me.request_id
  WHERE me.office_id = $1
    AND (q.office_id = $1 AND q.case_id = $5 OR me.number = 1 AND q.requester_case_id = $5)),
named AS (
  SELECT q.request_id, q.office_id FROM handling_parties q
  WHERE q.request_id IN (SELECT request_id FROM requests) AND (
    q.office_id = $1 OR q.named_at IS NOT NULL
    OR q.overlap_id IN (SELECT overlap_id FROM sides WHERE is_named)))
SELECT s.seen_at AS at, 'pointer' AS what, s.overlap_id, f.code, f.name
FROM sides s LEFT JOIN offices f ON f.id = s.other_office_id AND s.is_named
WHERE s.seen_at IS NOT NULL
UNION ALL
SELECT e.at, e.what, e.overlap_id, f.code, f.name
FROM origin_entries e LEFT JOIN offices f ON f.id = e.from_office_id AND (
  e.request_id IS NULL OR (e.request_id, f.id) IN (SELECT request_id, office_id FROM named))
WHERE e.office_id = $1 AND (e.overlap_id IN (SELECT overlap_id FROM sides)
  OR e.request_id IN (SELECT request_id FROM requests))
ORDER BY at, what, code NULLS FIRST, overlap_id OFFSET $6 LIMIT $7
"""  # noqa: S608 -- as above
# the last review day that has come, if it is one that nobody was reminded of
_REMIND: Final = f"""
WITH due AS (
  SELECT m.request_id, m.began_on + r.every * (($1::date - m.began_on) / r.every) AS review_on
  FROM matters m
  JOIN handling_requests h ON h.id = m.request_id
  JOIN handling_terms t ON t.request_id = h.id AND t.number = h.agreed_number
  CROSS JOIN LATERAL (SELECT (t.terms ->> 'review_every_days')::int AS every) AS r
  WHERE m.ended_at IS NULL AND $1::date - m.began_on >= r.every AND {OF_PARTY.format(office="$3")}
    AND coalesce(m.reminded_on, m.began_on)
      < m.began_on + r.every * (($1::date - m.began_on) / r.every)
  ORDER BY m.request_id LIMIT $2 FOR NO KEY UPDATE OF m SKIP LOCKED),
reminded AS (
  UPDATE matters m SET reminded_on = due.review_on FROM due
  WHERE m.request_id = due.request_id),
told AS (
  INSERT INTO events (office_id, type, request_id)
  SELECT p.office_id, 'matter.review_due', due.request_id
  FROM due JOIN handling_parties p ON p.request_id = due.request_id
  WHERE p.left_at IS NULL AND (p.first_terms = 0 OR p.joined_at IS NOT NULL))
SELECT due.request_id, due.review_on, array_agg(p.office_id) AS offices
FROM due JOIN handling_parties p ON p.request_id = due.request_id
WHERE p.left_at IS NULL AND (p.first_terms = 0 OR p.joined_at IS NOT NULL)
GROUP BY 1, 2
"""  # noqa: S608 -- as above


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


async def list_leads(
    session: AsyncSession, key: UUID, *, until: datetime | None
) -> list[asyncpg.Record]:
    """Return every lead that was offered and not taken back, oldest first; `until` a party left."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_LEADS, key, until)
    return rows


async def list_origin_of_case(
    session: AsyncSession,
    principal: Principal,
    case_id: int,
    *,
    after: int,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return what came to an office for one of its own cases, oldest first, without `after`."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _OF_CASE, *ladder.arguments(principal, now), case_id, after, limit
    )
    return rows


async def list_origin(session: AsyncSession, key: UUID, office_id: int) -> list[asyncpg.Record]:
    """Return what came to an office from the registry in this matter, oldest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_ORIGIN, key, office_id)
    return rows


async def is_party(session: AsyncSession, request_id: UUID) -> bool:
    """Return whether the office that is acted for is a party, and may know of the request now."""
    return bool(await (await driver(session)).fetchval("SELECT is_party($1)", request_id))


async def remind(
    session: AsyncSession, *, limit: int, now: datetime, office_id: int | None
) -> list[asyncpg.Record]:
    """Write an event of each review that has come, once; return the matters and their offices."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_REMIND, now, limit, office_id)
    return rows
