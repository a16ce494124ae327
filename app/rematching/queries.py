"""Set-based SQL of finding overlaps between cases that are stored already."""

from collections.abc import Collection, Sequence
from typing import Final

import asyncpg

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


async def list_standing(connection: Connection, case_ids: Collection[int]) -> list[tuple[int, int]]:
    """Return the pairs among the cases that have an overlap which stands."""
    return [(row[0], row[1]) for row in await connection.fetch(_STANDING, case_ids)]
