"""Set-based SQL of finding overlaps between cases that are stored already."""

from collections.abc import Collection, Sequence
from typing import Final

import asyncpg

from app.epochs.queries import GATE, get_current
from app.overlaps.rows import Holders, Profile, StoredSighting

Connection = asyncpg.Connection

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('joinder rematching'))"

_HOLDERS: Final = """
SELECT g.token, o.case_id, o.office_id, o.is_hidden
FROM unnest($1::bytea[]) AS q (token)
CROSS JOIN LATERAL (
  SELECT token, subject_id FROM sightings s WHERE s.token = q.token
  UNION ALL SELECT token, subject_id FROM hidden_sightings s WHERE s.token = q.token) AS g
JOIN subjects o ON o.id = g.subject_id
GROUP BY g.token, o.case_id, o.office_id, o.is_hidden
"""

_SIGHTINGS: Final = """
SELECT g.token, g.alias, t.kind, t.offices, t.subjects, t.is_suppressed,
       o.id, o.case_id, o.office_id, o.ref, o.kind,
       o.rarities, o.kinds, o.numbers, o.is_hidden
FROM subjects o
CROSS JOIN LATERAL (
  SELECT token, alias FROM sightings s WHERE s.subject_id = o.id
  UNION ALL SELECT token, alias FROM hidden_sightings s WHERE s.subject_id = o.id) AS g
JOIN tokens t ON t.token = g.token
WHERE o.case_id = ANY($1::bigint[]) AND t.epoch = $2
"""

_STANDING: Final = """
SELECT low_case_id, high_case_id FROM "overlaps"
WHERE retracted_at IS NULL AND low_case_id = ANY($1::bigint[]) AND high_case_id = ANY($1::bigint[])
"""

_STANDING_OF: Final = """
SELECT o.low_case_id, o.high_case_id
FROM unnest($1::bigint[], $2::bigint[]) AS q (low, high)
JOIN "overlaps" o ON o.low_case_id = q.low AND o.high_case_id = q.high
WHERE o.retracted_at IS NULL
"""

# who adds pairs and who finishes them hold the lock of rematching: neither meets the other's half
_QUEUE: Final = """
INSERT INTO pending_pairs (low_case_id, high_case_id)
SELECT low, high FROM unnest($1::bigint[], $2::bigint[]) AS q (low, high)
ON CONFLICT DO NOTHING
"""

# in no order: pairs with a case that is being posted must not keep those behind them waiting
_CLAIM: Final = """
SELECT p.low_case_id, p.high_case_id FROM pending_pairs p
WHERE $2::bigint IS NULL OR EXISTS (
  SELECT FROM subjects s WHERE s.case_id IN (p.low_case_id, p.high_case_id) AND s.office_id = $2)
ORDER BY random() LIMIT $1
"""

_IS_LEFT: Final = """
SELECT EXISTS (
  SELECT low_case_id, high_case_id FROM pending_pairs
  EXCEPT SELECT * FROM unnest($1::bigint[], $2::bigint[]))
"""

_LOCK_CASES: Final = """
SELECT id FROM cases WHERE id = ANY($1::bigint[]) ORDER BY id
FOR NO KEY UPDATE SKIP LOCKED
"""

_DONE: Final = """
DELETE FROM pending_pairs p USING unnest($1::bigint[], $2::bigint[]) AS q (low, high)
WHERE p.low_case_id = q.low AND p.high_case_id = q.high
"""


async def enter(connection: Connection) -> int:
    """Keep the switch to a new key epoch away, as a post does; return the current epoch."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", GATE)
    return await get_current(connection)


async def queue(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Note pairs (low and high case) to be found anew after this transaction."""
    await connection.execute(_QUEUE, [low for low, _ in pairs], [high for _, high in pairs])


async def claim(
    connection: Connection, limit: int, office_id: int | None = None
) -> list[tuple[int, int]]:
    """Return noted pairs whose cases nobody is posting now, and lock these; the rest stay noted.

    Of one office: those with a case of it.
    """
    pairs = [(row[0], row[1]) for row in await connection.fetch(_CLAIM, limit, office_id)]
    rows = await connection.fetch(_LOCK_CASES, list({case for pair in pairs for case in pair}))
    free = {row[0] for row in rows}
    return [pair for pair in pairs if free.issuperset(pair)]


async def is_left(connection: Connection, *, besides: Sequence[tuple[int, int]]) -> bool:
    """Return whether pairs are noted other than those."""
    columns = [low for low, _ in besides], [high for _, high in besides]
    return bool(await connection.fetchval(_IS_LEFT, *columns))


async def forget(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Forget claimed pairs: they have been found anew."""
    await connection.execute(_DONE, [low for low, _ in pairs], [high for _, high in pairs])


async def lock(connection: Connection) -> None:
    """Let one transaction rematch at a time; whoever holds token rows takes this after them.

    A post is kept from a pair by the token that is rematched; another rematching of the same pair
    by another token would not be, and the later would overwrite what the earlier found.
    """
    await connection.execute(_LOCK)


async def list_holders(
    connection: Connection, tokens: Sequence[bytes]
) -> dict[bytes, list[tuple[int, int, bool]]]:
    """Return case id, office and whether it is hidden of each token's matched holders."""
    found: dict[bytes, list[tuple[int, int, bool]]] = {token: [] for token in tokens}
    for row in await connection.fetch(_HOLDERS, tokens):
        found[row[0]].append((row[1], row[2], row[3]))
    return found


async def list_sightings(
    connection: Connection, case_ids: Collection[int], *, epoch: int
) -> list[StoredSighting]:
    """Return every matched sighting of the cases by tokens of a key epoch."""
    profiles: dict[int, Profile] = {}
    return [
        StoredSighting(
            row[0],
            row[1],
            row[2],
            Holders(row[3], row[4]),
            row[5],
            profiles.setdefault(row[6], Profile(*row[6:])),
        )
        for row in await connection.fetch(_SIGHTINGS, case_ids, epoch)
    ]


async def list_standing_of(
    connection: Connection, pairs: Collection[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return those of the pairs (low and high case) that have an overlap which stands."""
    columns = [low for low, _ in pairs], [high for _, high in pairs]
    return [(row[0], row[1]) for row in await connection.fetch(_STANDING_OF, *columns)]


async def list_standing(connection: Connection, case_ids: Collection[int]) -> list[tuple[int, int]]:
    """Return the pairs among the cases that have an overlap which stands."""
    return [(row[0], row[1]) for row in await connection.fetch(_STANDING, case_ids)]
