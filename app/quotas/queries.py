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

_FORGET: Final = "DELETE FROM permitted_batches WHERE office_id = $1 AND permitted_at < $2"

# with other counts it is another batch, whatever the digest: the evaluator compares both
_REMEMBER: Final = """
INSERT INTO permitted_batches AS b (office_id, digest, counts, permitted_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (office_id, digest) DO UPDATE
SET counts = excluded.counts, permitted_at = excluded.permitted_at
WHERE b.counts <> excluded.counts
RETURNING digest
"""

_ABSENT: Final = f"""
SELECT q.place::int
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS q (source_system, external_id, place)
WHERE NOT EXISTS (
  SELECT FROM cases c WHERE c.office_id = $1 AND c.source_system = q.source_system
    AND c.external_id = q.external_id AND c.withdrawn_at IS NULL
    AND {NOT_WALLED.format(cases="c.id", office="$1::bigint", person="$4::uuid")})
ORDER BY q.place
"""  # noqa: S608 -- constants only; every value is a parameter

_LOCK: Final = """
INSERT INTO quota_buckets AS b (holder, key_class, spent, counted_at, period_spent, period_began_at)
SELECT holder, key_class, 0, $3, 0, $3
FROM unnest($1::text[], $2::text[]) AS q (holder, key_class)
ON CONFLICT (holder, key_class) DO UPDATE SET spent = b.spent
RETURNING holder, key_class, spent, counted_at, period_spent, period_began_at
"""

_BUCKETS: Final = """
SELECT b.holder, b.key_class, b.spent, b.counted_at, b.period_spent, b.period_began_at
FROM unnest($1::text[], $2::text[]) AS q (holder, key_class)
JOIN quota_buckets b ON b.holder = q.holder AND b.key_class = q.key_class
"""

_SPEND: Final = """
UPDATE quota_buckets b
SET spent = q.spent, counted_at = q.counted_at, period_spent = q.period_spent,
    period_began_at = q.began_at
FROM unnest($1::text[], $2::text[], $3::float8[], $4::timestamptz[], $5::bigint[],
            $6::timestamptz[])
     AS q (holder, key_class, spent, counted_at, period_spent, began_at)
WHERE b.holder = q.holder AND b.key_class = q.key_class
"""

_SPEND_IMPORT: Final = """
UPDATE import_allowances a SET spent = a.spent + q.count
FROM unnest($2::text[], $3::int[]) AS q (key_class, count)
WHERE a.id = (SELECT i.id FROM import_allowances i
              WHERE i.office_id = $1 AND i.key_class = q.key_class
                AND i.ends_at > $4 AND i.elements - i.spent >= q.count
              ORDER BY i.ends_at, i.id LIMIT 1)
  AND a.elements - a.spent >= q.count
RETURNING a.key_class
"""


_HELD: Final = """
SELECT key_class, spent, counted_at, period_spent, period_began_at
FROM quota_buckets WHERE holder = $1 ORDER BY key_class
"""

_IMPORTS: Final = """
SELECT key_class, sum(elements - spent)::int
FROM import_allowances WHERE office_id = $1 AND ends_at > $2 GROUP BY key_class
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


async def remember_batch(
    connection: asyncpg.Connection,
    office_id: int,
    digest: bytes,
    counts: Mapping[str, int],
    *,
    now: datetime,
    forget_before: datetime,
) -> bool:
    """Return whether the batch is new to the office; from now on it is not.

    Of two requests for one batch the later waits here for the earlier, and finds it debited or,
    if that was refused, is the first. Batches permitted before `forget_before` are forgotten.
    """
    await connection.execute(_FORGET, office_id, forget_before)
    found = await connection.fetchval(_REMEMBER, office_id, digest, json.dumps(counts), now)
    return found is not None


async def list_absent(
    connection: asyncpg.Connection, principal: Principal, refs: Sequence[tuple[str, str]]
) -> list[int]:
    """Return the places, from 0, of references to cases that the caller's office does not hold.

    What a wall keeps the caller from is absent too.
    """
    columns = [ref[0] for ref in refs], [ref[1] for ref in refs]
    rows = await connection.fetch(_ABSENT, principal.office_id, *columns, principal.person_id)
    return [row[0] - 1 for row in rows]


async def lock_buckets(
    connection: asyncpg.Connection, keys: Sequence[Key], *, now: datetime
) -> dict[Key, Bucket]:
    """Lock the buckets, made empty where absent, until the transaction ends.

    Args:
        connection: Inside a transaction.
        keys: Sorted, each once, so that two requests cannot deadlock.
        now: When a new bucket begins.
    """
    holders, classes = [key[0] for key in keys], [key[1] for key in keys]
    rows = await connection.fetch(_LOCK, holders, classes, now)
    return {(row[0], row[1]): Bucket(*row[2:]) for row in rows}


async def list_buckets(connection: asyncpg.Connection, keys: Sequence[Key]) -> dict[Key, Bucket]:
    """Return those of the buckets that anything was ever counted in."""
    rows = await connection.fetch(_BUCKETS, [key[0] for key in keys], [key[1] for key in keys])
    return {(row[0], row[1]): Bucket(*row[2:]) for row in rows}


async def spend(connection: asyncpg.Connection, buckets: Mapping[Key, Bucket]) -> None:
    """Store what locked buckets hold now."""
    await connection.execute(
        _SPEND,
        [key[0] for key in buckets],
        [key[1] for key in buckets],
        [bucket.spent for bucket in buckets.values()],
        [bucket.counted_at for bucket in buckets.values()],
        [bucket.period_spent for bucket in buckets.values()],
        [bucket.period_began_at for bucket in buckets.values()],
    )


async def spend_imports(
    connection: asyncpg.Connection, office_id: int, counts: Mapping[str, int], *, now: datetime
) -> set[str]:
    """Debit open import allowances; return the classes for which one had enough left.

    The condition is part of the UPDATE: of two requests for the last elements one gets them.
    """
    rows = await connection.fetch(
        _SPEND_IMPORT, office_id, list(counts), list(counts.values()), now
    )
    return {row[0] for row in rows}
