"""The only module that reads and writes committees and agendas."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.agendas.topics import NEW_FOR, SOON, STALE_AFTER
from app.core.db import TAKE_LONG, driver
from app.offices.queries import COMMITMENTS, IN_FORCE

# $1 today; its week begins on Monday
_DUE: Final = f"""
SELECT DISTINCT o.state FROM offices o
WHERE {IN_FORCE.format(office="o.id", today="$1::date")}
  AND NOT EXISTS (SELECT FROM agendas g WHERE g.state = o.state AND g.committee_id = 0
                  AND g.made_on >= date_trunc('week', $1::date))
ORDER BY 1
"""  # noqa: S608 -- constants only; every value is a parameter
_SIZES: Final = f"""
SELECT 0::bigint AS committee_id, count(*) AS size FROM offices o
WHERE o.state = $2 AND {IN_FORCE.format(office="o.id", today="$1::date")}
UNION ALL
SELECT c.id, count(o.id) FROM committees c
LEFT JOIN committee_offices m ON m.committee_id = c.id
LEFT JOIN offices o ON o.id = m.office_id AND {IN_FORCE.format(office="m.office_id", today="$1::date")}
WHERE c.state = $2 GROUP BY c.id
"""  # noqa: S608, E501 -- as above
_COUNT: Final = "SELECT committee, topic, n, largest FROM count_agenda($1, $2, $3, $4, $5)"
_FORGET: Final = "DELETE FROM agendas WHERE state = $1"
_STORE: Final = """
INSERT INTO agendas (state, committee_id, made_on, counts)
SELECT $1, a.committee_id, $2::date, a.counts::jsonb
FROM unnest($3::bigint[], $4::text[]) AS a (committee_id, counts)
"""

# The office's role sees those of its own meetings alone. $1 the office, $2 today.
_MEETINGS: Final = f"""
SELECT o.state, coalesce(c.id, 0) AS committee_id, c.name, g.made_on, g.counts
FROM offices o
CROSS JOIN LATERAL (
  SELECT NULL::bigint AS id, NULL::text AS name
  UNION ALL
  SELECT c.id, c.name FROM committees c WHERE c.state = o.state AND (
    o.kind = 'attorney_general'
    OR c.id = (SELECT m.committee_id FROM committee_offices m WHERE m.office_id = o.id))) AS c
LEFT JOIN agendas g ON g.state = o.state AND g.committee_id = coalesce(c.id, 0)
WHERE o.id = $1 AND {IN_FORCE.format(office="o.id", today="$2::date")}
ORDER BY c.name NULLS FIRST
"""  # noqa: S608 -- constants only
# $1 state, $2 committee or 0, $3 today
_OFFICES: Final = f"""
SELECT o.code, o.name, m.commitments, (
    SELECT CASE WHEN count(*) = count(a.ends_on) THEN max(a.ends_on) END
    FROM participation_agreements a WHERE a.office_id = o.id AND a.effective_on <= $3::date
      AND (a.ends_on IS NULL OR a.ends_on > $3::date)) AS ends_on
FROM offices o
CROSS JOIN LATERAL ({COMMITMENTS.format(office="o.id")}) AS m
WHERE o.state = $1 AND {IN_FORCE.format(office="o.id", today="$3::date")}
  AND ($2 = 0 OR (SELECT x.committee_id FROM committee_offices x WHERE x.office_id = o.id) = $2)
ORDER BY o.name
"""  # noqa: S608 -- as above

_ADD_COMMITTEE: Final = """
INSERT INTO committees (state, name) VALUES ($1, $2)
ON CONFLICT (state, name) DO UPDATE SET name = excluded.name RETURNING id
"""
_CLEAR_COMMITTEE: Final = "DELETE FROM committee_offices WHERE committee_id = $1"
_SEAT: Final = """
INSERT INTO committee_offices (office_id, committee_id)
SELECT o.id, $1 FROM offices o WHERE o.code = ANY ($2::text[]) AND o.state = $3
ON CONFLICT DO NOTHING RETURNING office_id
"""
_END_COMMITTEE: Final = "DELETE FROM committees WHERE state = $1 AND name = $2 RETURNING id"


async def list_due_states(session: AsyncSession, *, today: date) -> list[str]:
    """Return the states without agendas of this week."""
    return [row[0] for row in await (await driver(session)).fetch(_DUE, today)]


async def get_sizes(session: AsyncSession, state: str, *, today: date) -> dict[int, int]:
    """Return how many offices take part in each committee, 0 for the whole state."""
    rows = await (await driver(session)).fetch(_SIZES, today, state)
    return {row["committee_id"]: row["size"] for row in rows}


async def list_counts(session: AsyncSession, state: str, *, now: datetime) -> list[asyncpg.Record]:
    """Return what waits in a state, small counts too: they are for `small_cells` only."""
    connection = await driver(session)
    await connection.execute(TAKE_LONG)
    rows: list[asyncpg.Record] = await connection.fetch(
        _COUNT, state, now, now - NEW_FOR, now - STALE_AFTER, (now + SOON).date()
    )
    return rows


async def store(
    session: AsyncSession,
    state: str,
    made_on: date,
    agendas: Mapping[int, Mapping[str, int | None]],
) -> None:
    """Store a state's agendas by committee, in place of all of before."""
    connection = await driver(session)
    await connection.execute(_FORGET, state)
    texts = [json.dumps(each) for each in agendas.values()]
    await connection.execute(_STORE, state, made_on, list(agendas), texts)


async def list_meetings(
    session: AsyncSession, office_id: int, *, today: date
) -> list[asyncpg.Record]:
    """Return the meetings whose agenda the office reads, the state's first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_MEETINGS, office_id, today)
    return rows


async def list_offices(
    session: AsyncSession, state: str, committee_id: int, *, today: date
) -> list[asyncpg.Record]:
    """Return the offices of a meeting by name, with commitments and the end of their agreement."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _OFFICES, state, committee_id, today
    )
    return rows


async def set_committee(session: AsyncSession, state: str, name: str, codes: Sequence[str]) -> int:
    """Seat exactly these offices; return how many could be, as those of it sit in no other."""
    connection = await driver(session)
    committee_id = await connection.fetchval(_ADD_COMMITTEE, state, name)
    await connection.execute(_CLEAR_COMMITTEE, committee_id)
    return len(await connection.fetch(_SEAT, committee_id, list(codes), state))


async def end_committee(session: AsyncSession, state: str, name: str) -> bool:
    """Delete a committee; False when there is none of this name."""
    found = await (await driver(session)).fetchval(_END_COMMITTEE, state, name)
    return found is not None
