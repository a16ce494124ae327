"""The only module that selects desks and questions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.core.db import driver
from app.infusion.errors import QuestionNotFoundError
from app.infusion.states import UNANSWERED
from app.offices.queries import IN_FORCE

_OFFICE: Final = """
SELECT o.id, o.code, o.name, o.state, o.contact_title, o.contact_phone, o.contact_email,
       array(SELECT t.topic FROM infusion_desks t WHERE t.office_id = o.id ORDER BY t.topic)
         AS topics
FROM offices o
"""
# $1 today, $2 the key after which to begin, $3 how many, $4 a topic or null, $5 one office or null
_DESKS: Final = f"""
{_OFFICE}
WHERE o.id > $2 AND {IN_FORCE.format(office="o.id", today="$1::date")}
  AND EXISTS (SELECT FROM infusion_desks d
              WHERE d.office_id = o.id AND ($4::text IS NULL OR d.topic = $4))
  AND ($5::text IS NULL OR o.code = $5)
ORDER BY o.id LIMIT $3
"""
_DESK: Final = f"{_OFFICE} WHERE o.id = $1"
_CLOSE_DESK: Final = """
DELETE FROM infusion_desks WHERE office_id = $1 AND NOT topic = ANY($2::text[])
"""
_OPEN_DESK: Final = """
INSERT INTO infusion_desks (office_id, topic, offered_at)
SELECT $1, topic, $3 FROM unnest($2::text[]) AS q (topic) ON CONFLICT DO NOTHING
"""

# $1 the office that reads, $2 today, $3 whether its agreement is in force
_VISIBLE: Final = f"""
SELECT q.*, q.office_id = $1 AS is_asked, o.code AS office_code, d.code AS desk_code
FROM infusion_questions q
JOIN offices o ON o.id = q.office_id
JOIN offices d ON d.id = q.desk_office_id
WHERE $1 IN (q.office_id, q.desk_office_id) AND $3
  AND {
    IN_FORCE.format(
        office="CASE q.office_id WHEN $1 THEN q.desk_office_id ELSE q.office_id END",
        today="$2::date",
    )
}
"""  # noqa: S608 -- constants only; every value is a parameter

_PAGE: Final = (
    _VISIBLE
    + """
  AND ($5::text IS NULL OR ($5 = 'asked') = (q.office_id = $1))
  AND ($6::text IS NULL OR q.status = $6) AND ($7::text IS NULL OR q.topic = $7)
  AND ($4::uuid IS NULL OR q.id < $4)
ORDER BY q.id DESC LIMIT $8
"""
)
_ONE: Final = _VISIBLE + " AND q.id = $4"

_FIGURES: Final = f"""
SELECT CASE WHEN is_asked THEN 'asked' ELSE 'received' END AS direction, topic,
       count(*) AS questions, count(answered_at) AS answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - asked_at))
         / 3600 AS hours_to_answer,
       count(*) FILTER (WHERE status = 'used') AS used,
       count(*) FILTER (WHERE status = 'not_used') AS not_used
FROM ({_VISIBLE}) AS v GROUP BY is_asked, topic ORDER BY is_asked DESC, topic
"""  # noqa: S608 -- constants only

_WAITING: Final = """
SELECT count(*) FROM infusion_questions
WHERE office_id = $1 AND desk_office_id = $2 AND status = ANY($3::text[]) AND expires_at > $4
"""
_EXPIRE: Final = f"""
UPDATE infusion_questions AS q SET status = 'expired', settled_at = $1, version = version + 1
WHERE id IN (SELECT id FROM infusion_questions
             WHERE status = ANY($2::text[]) AND expires_at <= $1
               AND ($4::bigint IS NULL OR $4 IN (office_id, desk_office_id))
             ORDER BY expires_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, office_id, desk_office_id,
  {IN_FORCE.format(office="q.office_id", today="$1::timestamptz::date")}
  AND {IN_FORCE.format(office="q.desk_office_id", today="$1::timestamptz::date")} AS is_known
"""  # noqa: S608 -- constants only


async def list_desks(
    session: AsyncSession,
    *,
    after: int | None,
    limit: int,
    today: date,
    topic: str | None = None,
    code: str | None = None,
) -> list[asyncpg.Record]:
    """Return offices that take part and give advice, on `topic` if given, by key."""
    connection = await driver(session)
    rows: list[asyncpg.Record] = await connection.fetch(
        _DESKS, today, after or 0, limit, topic, code
    )
    return rows


async def put_desk(
    session: AsyncSession, office_id: int, topics: Sequence[str], *, now: datetime
) -> asyncpg.Record:
    """Replace the topics of an office's desk and return it."""
    connection = await driver(session)
    await connection.execute(_CLOSE_DESK, office_id, topics)
    await connection.execute(_OPEN_DESK, office_id, topics, now)
    (row,) = await connection.fetch(_DESK, office_id)
    return row


async def list_questions(
    session: AsyncSession,
    principal: Principal,
    *,
    direction: str | None,
    status: str | None,
    topic: str | None,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of the questions that the caller's office asked or received, newest first."""
    connection = await driver(session)
    rows: list[asyncpg.Record] = await connection.fetch(
        _PAGE, *_who(principal, now), before, direction, status, topic, limit
    )
    return rows


async def get_question(
    session: AsyncSession,
    principal: Principal,
    question_id: UUID | None,
    *,
    now: datetime,
    for_update: bool = False,
) -> asyncpg.Record:
    """Return one question, row-locked until the transaction ends if so asked.

    Raises:
        QuestionNotFoundError: absent, or between other offices; never told apart.
    """
    row: asyncpg.Record | None = await (await driver(session)).fetchrow(
        _ONE + (" FOR NO KEY UPDATE OF q" if for_update else ""),
        *_who(principal, now),
        question_id,
    )
    if row is None:
        raise QuestionNotFoundError
    return row


async def count_waiting(
    session: AsyncSession, principal: Principal, desk_id: int, *, now: datetime
) -> int:
    """Return how many questions of the caller's office wait for an answer of a desk."""
    found: int = await (await driver(session)).fetchval(
        _WAITING, principal.office_id, desk_id, list(UNANSWERED), now
    )
    return found


async def list_figures(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> list[asyncpg.Record]:
    """Return how the office's questions and its desk's answers went, by direction and topic."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _FIGURES, *_who(principal, now)
    )
    return rows


async def expire(
    session: AsyncSession, *, now: datetime, limit: int, office_id: int | None
) -> list[asyncpg.Record]:
    """Expire at most `limit` questions, of all or to and from one office; return them."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _EXPIRE, now, list(UNANSWERED), limit, office_id
    )
    return rows


def _who(principal: Principal, now: datetime) -> tuple[object, ...]:
    return principal.office_id, now, principal.is_participating
