from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.core.db import driver
from app.core.ids import HANDLING
from app.handling.errors import HandlingNotFoundError
from app.handling.models import HandlingParty, HandlingRequest, HandlingSignature, Instrument
from app.handling.naming import show_parties
from app.handling.standings import Page
from app.handling.walls import within_walls
from app.matters.queries import (
    IS_NAMED,
    KNOWN_LEAD,
    KNOWN_LEAVING,
    KNOWN_PARTY,
    OF_PARTY,
    OWN_CASE,
    PARTY_SEES,
)
from app.offices.queries import COMMITMENTS, CONFIRMED, IN_FORCE
from app.reference.authority import Authority

PREFIX: Final = HANDLING
# with the text that those who agreed signed, all the same, if anybody has
_TERMS: Final = """
SELECT t.*, j.code AS joins_code, j.name AS joins_name,
  (SELECT s.text FROM handling_signatures s WHERE s.request_id = t.request_id
   AND s.terms_number = t.number AND s.purpose = 'agree' LIMIT 1) AS signed_text
FROM handling_terms t LEFT JOIN offices j ON j.id = t.joins_office_id
"""

# $1 the office that asks, $2 now, $3 whether its own participation agreement is in force,
# $4 the person who asks; who left is told what there was until then
_VISIBLE: Final = f"""
SELECT h.*, me.number AS own_number, me.overlap_id AS own_overlap_id, me.left_at AS own_left_at,
       p.parties, t.number, t.terms, t.proposed_at, t.joins_code, t.joins_name,
       t.joins_office_id, t.leaves_office_id, t.signed_text,
       (SELECT a.terms FROM handling_terms a
        WHERE a.request_id = h.id AND a.number = h.agreed_number) AS agreed_terms,
       m.lead_office_id, m.ends_on, lead.code AS lead_code, lead.name AS lead_name,
       $2::date AS today, promised.commitments, ({OWN_CASE}) AS own_case
FROM handling_parties me
JOIN handling_requests h ON h.id = me.request_id
CROSS JOIN LATERAL (
  SELECT json_agg(json_build_object(
    'number', q.number, 'office_id', q.office_id, 'code', o.code, 'name', o.name, 'kind', o.kind,
    'state', o.state, 'overlap_id', q.overlap_id, 'case_id', q.case_id,
    'requester_case_id', q.requester_case_id, 'accepted_terms', q.accepted_terms,
    'is_named', {IS_NAMED}, 'first_terms', q.first_terms, 'joined_at', q.joined_at,
    {KNOWN_LEAVING}, 'confirmed', {CONFIRMED.format(office="o")},
    'has_signed', EXISTS (SELECT FROM handling_signatures s WHERE s.request_id = h.id
      AND s.terms_number = h.terms_number AND s.purpose = 'agree' AND s.office_id = q.office_id
      AND (me.left_at IS NULL OR s.signed_at <= me.left_at))) ORDER BY q.number) AS parties
  FROM handling_parties q JOIN offices o ON o.id = q.office_id
  WHERE q.request_id = h.id AND {KNOWN_PARTY}) AS p
CROSS JOIN LATERAL ({COMMITMENTS.format(office="h.requester_office_id")}) AS promised
LEFT JOIN LATERAL ({_TERMS}
  WHERE t.request_id = h.id AND (me.left_at IS NULL AND t.number = h.terms_number
    OR t.proposed_at <= me.left_at)
  ORDER BY t.number DESC LIMIT 1) AS t ON TRUE
LEFT JOIN LATERAL ({KNOWN_LEAD}) AS m ON TRUE LEFT JOIN offices lead ON lead.id = m.lead_office_id
WHERE {PARTY_SEES}
"""  # noqa: S608 -- constants only; every value is a parameter

_ONE: Final = _VISIBLE + " AND me.request_id = $5"
# Who asked has no overlap of its own, but one with each party. What an ARRAY gives an index looks
# up; a join would come after those of every request of the office.
_OF_OVERLAP: Final = f"""{_VISIBLE}
  AND (me.overlap_id = $5 OR me.number = 1)
  AND me.request_id = ANY (ARRAY(SELECT request_id FROM handling_parties WHERE overlap_id = $5))
ORDER BY me.request_id DESC LIMIT 20
"""  # noqa: S608 -- as above
# $5 as what it is open; $6 overlaps, or without one $7 cases and $8 who is asked about them
_OPEN: Final = f"""{_VISIBLE}
  AND me.request_id = ANY (ARRAY(SELECT q.request_id FROM handling_parties q
    WHERE q.open_as = $5 AND (q.overlap_id = ANY ($6::uuid[]) OR q.overlap_id IS NULL
      AND q.requester_case_id = ANY ($7::bigint[]) AND q.office_id = ANY ($8::int[]))))
  AND me.request_id <> $9 LIMIT 1
"""  # noqa: S608 -- as above
# the version as it stood before the wait for the lock, if there was one
_LOCK: Final = """
SELECT (SELECT s.version FROM handling_requests s WHERE s.id = $1) AS version
FROM handling_requests WHERE id = $1 FOR NO KEY UPDATE
"""
_ACCEPT: Final = """
UPDATE handling_parties SET accepted_terms = $3, named_at = coalesce(named_at, $4)
WHERE request_id = $1 AND office_id = $2
"""
_PARTIES: Final = """
SELECT number, office_id, case_id, requester_case_id, accepted_terms FROM handling_parties
WHERE request_id = $1 AND left_at IS NULL AND (first_terms = 0 OR joined_at IS NOT NULL)
ORDER BY number
"""
# of a request that others have locked nobody is released now
_NOTICE_OVER: Final = f"""
SELECT p.request_id, p.office_id FROM handling_parties p
JOIN handling_requests h ON h.id = p.request_id AND h.status IN ('active', 'extended')
WHERE p.left_at IS NULL AND p.leaves_on <= $1::date AND {OF_PARTY.format(office="$3")}
ORDER BY p.leaves_on, p.request_id, p.number LIMIT $2 FOR NO KEY UPDATE OF h SKIP LOCKED
"""  # noqa: S608 -- as above
# one Attorney General asks one office of its state for the lead, and nobody has answered
_SILENT: Final = f"""
SELECT h.id, l.citation, l.days
FROM handling_requests h
JOIN offices a ON a.id = h.requester_office_id AND a.kind = 'attorney_general'
JOIN state_settings s ON s.state = a.state AND s.has_deemed_consent
JOIN handling_terms t ON t.request_id = h.id AND t.number = h.terms_number
JOIN unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[])
  AS l (state, trafficking, matter_kind, days, citation)
  ON l.state = a.state AND l.matter_kind = t.terms ->> 'matter_kind'
 AND l.trafficking IN ('both', t.terms ->> 'trafficking_type')
WHERE h.status IN ('sent', 'escalated') AND t.terms ->> 'lead' = '1'
  AND h.sent_at <= $1::timestamptz - make_interval(days => l.days)
  AND (SELECT count(*) = 1 AND bool_and(p.accepted_terms IS NULL AND o.state = a.state)
       FROM handling_parties p JOIN offices o ON o.id = p.office_id
       WHERE p.request_id = h.id AND p.number > 1)
  AND {OF_PARTY.format(office="$8")}
ORDER BY h.sent_at, h.id LIMIT $7 FOR NO KEY UPDATE OF h SKIP LOCKED
"""  # noqa: S608 -- as above
_PARTICIPANTS: Final = f"""
SELECT o.id, o.code FROM offices o
WHERE o.code = ANY($1::text[]) AND {IN_FORCE.format(office="o.id", today="$2::date")}
"""  # noqa: S608 -- as above


async def _fetch(
    session: AsyncSession, principal: Principal, asked: str, *rest: object, now: datetime
) -> list[asyncpg.Record]:
    """Return requests as the caller's office may know of them."""
    connection = await driver(session)
    who = principal.office_id, now, principal.is_participating, principal.person_id
    rows: list[asyncpg.Record] = await connection.fetch(asked, *who, *rest)
    await show_parties(connection, principal, rows, now=now)
    return rows


async def list_requests(
    session: AsyncSession, principal: Principal, page: Page, *, now: datetime
) -> list[asyncpg.Record]:
    """Return a page of the requests that the caller's office sent or received, newest first."""
    return await _fetch(session, principal, _VISIBLE + page.narrowed, *page.values, now=now)


async def list_requests_of_overlap(
    session: AsyncSession, principal: Principal, overlap_id: UUID, *, now: datetime
) -> list[asyncpg.Record]:
    """Return the latest requests about one overlap that the caller's office sent or received."""
    return await _fetch(session, principal, _OF_OVERLAP, overlap_id, now=now)


async def get_request(
    session: AsyncSession, principal: Principal, request_id: UUID | None, *, now: datetime
) -> asyncpg.Record:
    """Return one request.

    Raises:
        HandlingNotFoundError: absent, or not for the caller; never told apart.
    """
    for row in await _fetch(session, principal, _ONE, request_id, now=now):
        return row
    raise HandlingNotFoundError


async def find_open(
    session: AsyncSession,
    principal: Principal,
    key: UUID,
    parties: Sequence[Mapping[str, Any]],
    open_as: str,
    *,
    now: datetime,
) -> str:
    """Return where another request than `key` stands that is open, `open` if that is not told."""
    names = ("overlap_id", "requester_case_id", "office_id")
    asked = [[each[name] for each in parties] for name in names]
    rows = await _fetch(session, principal, _OPEN, open_as, *asked, key, now=now)
    return rows[0]["status"] if rows else "open"


async def lock_request(
    session: AsyncSession, principal: Principal, request_id: UUID | None, *, now: datetime
) -> tuple[asyncpg.Record, int]:
    """Return one request, row-locked until the transaction ends, and its version when asked for.

    The lock comes first, so that parties and terms are read as the step before left them. The
    version is another one than the row's if such a step was waited for.

    Raises:
        HandlingNotFoundError: absent, or not for the caller; never told apart.
    """
    version = await (await driver(session)).fetchval(_LOCK, request_id)
    return await get_request(session, principal, request_id, now=now), version


async def find_participants(
    session: AsyncSession, codes: Sequence[str], *, today: date
) -> dict[str, int]:
    """Return the keys of those of the offices that take part, by code."""
    rows = await (await driver(session)).fetch(_PARTICIPANTS, list(codes), today)
    return {row["code"]: row["id"] for row in rows}


async def list_terms(
    session: AsyncSession, request_id: UUID, *, until: datetime | None = None
) -> list[asyncpg.Record]:
    """Return every version of a request's terms, oldest first; `until` a party left, if it did."""
    known = "WHERE t.request_id = $1 AND ($2::timestamptz IS NULL OR t.proposed_at <= $2)"
    asked = f"{_TERMS} {known} ORDER BY t.number"
    return list(await (await driver(session)).fetch(asked, request_id, until))


async def list_signatures(
    session: AsyncSession, request_id: UUID, *, until: datetime | None = None
) -> Sequence[HandlingSignature]:
    """Return every signature of a request, oldest first; `until` a party left, if it did."""
    known = (HandlingSignature.signed_at <= until,) if until else ()
    asked = select(HandlingSignature).where(HandlingSignature.request_id == request_id, *known)
    return (await session.scalars(asked.order_by(HandlingSignature.id))).all()


async def list_instruments(
    session: AsyncSession, request_id: UUID, *, until: datetime | None = None
) -> Sequence[Instrument]:
    """Return every referral or consent on record, oldest first; `until` a party left."""
    known = (Instrument.recorded_at <= until,) if until else ()
    asked = select(Instrument).where(Instrument.request_id == request_id, *known)
    return (await session.scalars(asked.order_by(Instrument.id))).all()


async def take_leaving(
    session: AsyncSession, *, limit: int, now: datetime, office_id: int | None
) -> list[tuple[UUID, int]]:
    """Return requests with offices whose notice is over, locked; others' locks are passed by."""
    rows = await (await driver(session)).fetch(_NOTICE_OVER, now, limit, office_id)
    return [(row["request_id"], row["office_id"]) for row in rows]


async def set_accepted(
    session: AsyncSession, office_id: int, request_id: UUID, number: int, *, now: datetime
) -> None:
    """Note that an office accepts a version of the terms; the others are told which one it is.

    Raises:
        PartiesRefusedError: see `within_walls`.
    """
    async with within_walls():
        await (await driver(session)).execute(_ACCEPT, request_id, office_id, number, now)


async def take_due(
    session: AsyncSession,
    statuses: Sequence[str],
    *,
    limit: int,
    now: datetime,
    office_id: int | None,
    on_silence: str | None = None,
) -> Sequence[HandlingRequest]:
    """Return requests in these states whose time is over, locked; others' locks are passed by."""
    due = select(HandlingRequest).where(
        HandlingRequest.ended_at.is_(None),
        HandlingRequest.due_at <= now,
        HandlingRequest.status.in_(statuses),
    )
    if on_silence is not None:
        due = due.where(HandlingRequest.on_silence == on_silence)
    if office_id is not None:
        of_office = select(HandlingParty.request_id).where(HandlingParty.office_id == office_id)
        due = due.where(HandlingRequest.id.in_(of_office))
    page = due.order_by(HandlingRequest.due_at).limit(limit)
    return (await session.scalars(page.with_for_update(skip_locked=True))).all()


async def list_parties_of(session: AsyncSession, request_id: UUID) -> list[dict[str, Any]]:
    """Return the present parties of a request, by number; for the operator's jobs."""
    return [dict(row) for row in await (await driver(session)).fetch(_PARTIES, request_id)]


async def take_silent(
    session: AsyncSession,
    rules: Sequence[Authority],
    *,
    limit: int,
    now: datetime,
    office_id: int | None,
) -> list[asyncpg.Record]:
    """Return requests whose silence these rules take as consent, locked, with the law and days."""
    columns = [
        [getattr(rule, name) for rule in rules]
        for name in ("state", "trafficking", "matter_kind", "silence_days", "citation")
    ]
    return list(await (await driver(session)).fetch(_SILENT, now, *columns, limit, office_id))
