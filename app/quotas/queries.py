"""SQL of quotas, on the driver inside the caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from app.access.principal import Principal
from app.cases.ladder import NOT_WALLED
from app.quotas.allowances import Bucket

Key = tuple[str, str]
"""Holder and key class."""

# functions of the database, which counts by itself: nobody's SQL lowers a bucket. In their order,
# so that no two permits wait for each other's cases
_PERMIT: Final = """
WITH permitted AS MATERIALIZED (SELECT permit_batch($1, $2, $3) AS is_new),
announced AS (
  INSERT INTO announced_cases (office_id, source_system, external_id, announced_at)
  SELECT current_office(), q.source_system, q.external_id, now()
  FROM permitted p, unnest($4::text[], $5::text[]) AS q (source_system, external_id)
  WHERE p.is_new AND NOT EXISTS (
    SELECT FROM cases c WHERE c.office_id = current_office()
      AND c.source_system = q.source_system AND c.external_id = q.external_id)
  ORDER BY q.source_system, q.external_id
  ON CONFLICT DO NOTHING)
SELECT is_new FROM permitted
"""
_DEBIT: Final = "SELECT debit($1)"

_ABSENT: Final = f"""
SELECT q.place::int
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS q (source_system, external_id, place)
WHERE NOT EXISTS (
  SELECT FROM cases c WHERE c.office_id = $1 AND c.source_system = q.source_system
    AND c.external_id = q.external_id AND c.withdrawn_at IS NULL
    AND {NOT_WALLED.format(cases="c.id", office="$1::bigint", person="$4::uuid")})
ORDER BY q.place
"""  # noqa: S608 -- constants only; every value is a parameter

_FORGET_ANNOUNCED: Final = """
DELETE FROM announced_cases WHERE announced_at <= (
  SELECT max(a.announced_at) FROM (
    SELECT announced_at FROM announced_cases
    WHERE announced_at < $1 ORDER BY announced_at LIMIT $2) a)
"""

_BUCKETS: Final = """
SELECT b.holder, b.key_class, b.spent, b.counted_at, b.period_spent, b.period_began_at
FROM unnest($1::text[], $2::text[]) AS q (holder, key_class)
JOIN quota_buckets b ON b.holder = q.holder AND b.key_class = q.key_class
"""

_HELD: Final = """
SELECT key_class, spent, counted_at, period_spent, period_began_at
FROM quota_buckets WHERE holder = $1 ORDER BY key_class
"""

_IMPORTS: Final = """
SELECT key_class, sum(elements - spent)::int
FROM import_allowances WHERE office_id = $1 AND ends_at > $2 GROUP BY key_class
"""

_IMPORTED: Final = """
SELECT DISTINCT i.key_class
FROM unnest($2::text[], $3::int[]) AS q (key_class, count)
JOIN import_allowances i ON i.key_class = q.key_class AND i.elements - i.spent >= q.count
WHERE i.office_id = $1 AND i.ends_at > $4
"""


async def list_held(connection: asyncpg.Connection, holder: str) -> dict[str, Bucket]:
    """Return what a holder had evaluated, by key class, as it was last counted."""
    rows = await connection.fetch(_HELD, holder)
    return {row[0]: Bucket(*row[1:]) for row in rows}


async def list_imports(
    connection: asyncpg.Connection, office_id: int, *, now: datetime
) -> dict[str, int]:
    """Return what is left of the office's open import allowances, by key class."""
    return dict(map(tuple, await connection.fetch(_IMPORTS, office_id, now)))


async def list_imported(
    connection: asyncpg.Connection, office_id: int, counts: Mapping[str, int], *, now: datetime
) -> set[str]:
    """Return the classes that one import allowance of the office has enough left for: as `debit`.

    Two that have enough together do not count.
    """
    columns = list(counts), list(counts.values())
    return {row[0] for row in await connection.fetch(_IMPORTED, office_id, *columns, now)}


async def permit_batch(
    connection: asyncpg.Connection,
    digest: bytes,
    counts: Mapping[str, int],
    to_come: Sequence[tuple[str, str]] = (),
    *,
    is_feed: bool,
) -> bool | None:
    """Debit a batch that is new to the caller's office, and return whether it is; None: refused.

    Of a new one the references to come that the office has not posted are remembered for a month.
    Of two requests for one batch the later waits here for the earlier, and finds it debited or,
    if that was refused, is the first.
    """
    columns = [ref[0] for ref in to_come], [ref[1] for ref in to_come]
    is_new: bool | None = await connection.fetchval(
        _PERMIT, digest, json.dumps(counts), is_feed, *columns
    )
    return is_new


async def debit(connection: asyncpg.Connection, counts: Mapping[str, int]) -> bool:
    """Debit the allowances of the office and the caller, or none and return False.

    What an import allowance of the office has enough left for is debited there.
    """
    return bool(await connection.fetchval(_DEBIT, json.dumps(counts)))


async def list_absent(
    connection: asyncpg.Connection, principal: Principal, refs: Sequence[tuple[str, str]]
) -> list[int]:
    """Return the places, from 0, of references to cases that the caller's office does not hold.

    What a wall keeps the caller from is absent too.
    """
    columns = [ref[0] for ref in refs], [ref[1] for ref in refs]
    rows = await connection.fetch(_ABSENT, principal.office_id, *columns, principal.person_id)
    return [row[0] - 1 for row in rows]


async def forget_announced(connection: asyncpg.Connection, *, before: datetime, limit: int) -> int:
    """Delete the oldest announcements of before then; return how many.

    At most `limit`, and the rest of the last one's permit.
    """
    status: str = await connection.execute(_FORGET_ANNOUNCED, before, limit)
    return int(status.rpartition(" ")[2])


async def list_buckets(connection: asyncpg.Connection, keys: Sequence[Key]) -> dict[Key, Bucket]:
    """Return those of the buckets that anything was ever counted in."""
    rows = await connection.fetch(_BUCKETS, [key[0] for key in keys], [key[1] for key in keys])
    return {(row[0], row[1]): Bucket(*row[2:]) for row in rows}
