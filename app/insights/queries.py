"""The only module that reads and writes figures; the counts themselves are behind a function."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import TAKE_LONG, driver
from app.offices.queries import IN_FORCE

# $1 today; the first day of its month: figures of before are old
_DUE: Final = f"""
SELECT DISTINCT o.state FROM offices o
WHERE {IN_FORCE.format(office="o.id", today="$1::date")}
  AND NOT EXISTS (SELECT FROM insights i
                  WHERE i.state = o.state AND i.made_on >= date_trunc('month', $1::date))
ORDER BY 1
"""  # noqa: S608 -- constants only; every value is a parameter
_COUNT: Final = (
    "SELECT unit, measure, category, breakdown, place, n, largest"
    " FROM count_insights($1, $2::text[], $3)"
)
_STORE: Final = """
INSERT INTO insights AS i (state, measure, breakdown, made_on, figures)
SELECT $1, f.measure, f.breakdown, $2::date, f.figures::jsonb
FROM unnest($3::text[], $4::text[], $5::text[]) AS f (measure, breakdown, figures)
ON CONFLICT (state, measure, breakdown)
DO UPDATE SET made_on = excluded.made_on, figures = excluded.figures
"""
# the row of the own state is the only one that the office's role sees; $3 today as above
_READ: Final = f"""
SELECT o.state, i.made_on, i.figures
FROM offices o LEFT JOIN insights i ON i.state = o.state AND i.measure = $2 AND i.breakdown = $3
WHERE o.id = $1 AND {IN_FORCE.format(office="o.id", today="$4::date")}
"""  # noqa: S608 -- as above


async def list_due_states(session: AsyncSession, *, today: date) -> list[str]:
    """Return the states without figures of this month."""
    return [row[0] for row in await (await driver(session)).fetch(_DUE, today)]


async def list_counts(
    session: AsyncSession, state: str, *, trafficking: Sequence[str], since: str
) -> list[asyncpg.Record]:
    """Return what is counted in a state, small counts too: they are for `small_cells` only.

    Args:
        session: Of the jobs' role.
        state: Two letters.
        trafficking: Codes of the statutes that count as trafficking.
        since: The first month, `YYYY-MM`; those before it are counted together.
    """
    connection = await driver(session)
    await connection.execute(TAKE_LONG)
    rows: list[asyncpg.Record] = await connection.fetch(_COUNT, state, list(trafficking), since)
    return rows


async def store(
    session: AsyncSession, state: str, made_on: date, figures: Mapping[tuple[str, str], Any]
) -> None:
    """Store a state's figures by measure and breakdown, in place of those of before."""
    measures, breakdowns = zip(*figures, strict=True)
    texts = [json.dumps(each) for each in figures.values()]
    await (await driver(session)).execute(
        _STORE, state, made_on, list(measures), list(breakdowns), texts
    )


async def get_insight(
    session: AsyncSession, office_id: int, measure: str, breakdown: str, *, today: date
) -> asyncpg.Record | None:
    """Return state, day and figures for an office, None where it takes no part."""
    row: asyncpg.Record | None = await (await driver(session)).fetchrow(
        _READ, office_id, measure, breakdown, today
    )
    return row
