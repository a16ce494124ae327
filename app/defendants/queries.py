"""The only module that selects the feed of newly charged defendants."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.cases.charges import PUBLISHED_FOR
from app.core.db import driver
from app.defendants.models import FeedChoice
from app.offices.queries import IN_FORCE

# $1 the office that reads, $2 now, $3 whether its agreement is in force, $4 the last case of the
# page before, $5 the limit, $6 the person who reads; the view decides by itself (migration 0013)
_PAGE: Final = f"""
SELECT v.id, v.office_id, v.digests, v.charged_on, v.code, v.name, v.state, v.contact_title,
       v.contact_phone, v.contact_email
FROM published_charges v
WHERE $3 AND v.charged_on > $2::date - {PUBLISHED_FOR.days}
  AND {IN_FORCE.format(office="v.office_id", today="$2::date")}
  AND {ladder.NOT_WALLED.format(cases="v.id", office="$1::bigint", person="$6::uuid")}
  AND v.id < coalesce($4, 9223372036854775807)
ORDER BY v.id DESC LIMIT $5
"""  # noqa: S608 -- constants only; every value is a parameter

# the earlier digests stay beside them until the time of the case in the feed is over
_ADD_DIGESTS: Final = """
UPDATE cases c SET feed_digests = c.feed_digests || q.digests
FROM (SELECT k.id, string_agg(DISTINCT u.after, ''::bytea) AS digests
      FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS u (subject_id, before, after)
      JOIN subjects s ON s.id = u.subject_id
      JOIN cases k ON k.id = s.case_id
      WHERE position(u.before IN k.feed_digests) > 0 AND position(u.after IN k.feed_digests) = 0
      GROUP BY k.id) AS q
WHERE c.id = q.id
"""

_END_EXPIRED: Final = """
UPDATE cases SET feed_digests = NULL, feed_charged_on = NULL
WHERE id IN (SELECT id FROM cases WHERE feed_digests IS NOT NULL AND feed_charged_on <= $1
             AND ($3::bigint IS NULL OR office_id = $3)
             ORDER BY id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
"""


async def list_charges(
    session: AsyncSession,
    principal: Principal,
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of cases whose newly charged defendants the caller may know of."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _PAGE,
        principal.office_id,
        now,
        principal.is_participating,
        before,
        limit,
        principal.person_id,
    )
    return rows


async def end_expired(
    session: AsyncSession, last_charged_on: date, limit: int, office_id: int | None
) -> int:
    """Take from at most `limit` cases what was charged on that day or before; return how many."""
    rows = await (await driver(session)).fetch(_END_EXPIRED, last_charged_on, limit, office_id)
    return len(rows)


async def get_choice(session: AsyncSession, office_id: int) -> FeedChoice | None:
    """Return what an office decided, None while it never did."""
    return await session.get(FeedChoice, office_id)


async def add_digests(
    connection: asyncpg.Connection, lifted: Sequence[tuple[int, bytes, bytes]]
) -> None:
    """Publish beside each digest of a subject, as (subject, before, after), what it becomes.

    Subjects whose `before` is not published are passed over; what is there already is left.
    """
    if lifted:
        await connection.execute(_ADD_DIGESTS, *map(list, zip(*lifted, strict=True)))
