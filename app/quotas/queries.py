"""SQL of quotas, on the driver inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from app.quotas.allowances import Bucket

Key = tuple[str, str]
"""Holder and key class."""

_LOCK: Final = """
INSERT INTO quota_buckets AS b (holder, key_class, spent, counted_at, period_spent, period_began_at)
SELECT holder, key_class, 0, $3, 0, $3
FROM unnest($1::text[], $2::text[]) AS q (holder, key_class)
ON CONFLICT (holder, key_class) DO UPDATE SET spent = b.spent
RETURNING holder, key_class, spent, counted_at, period_spent, period_began_at
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
