"""Set-based SQL of matching, on the driver inside the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.core.db import Role
from app.epochs.queries import GATE
from app.overlaps.errors import EpochMovedError
from app.overlaps.postings import Keys, Sighting
from app.overlaps.rows import Around, HeldBefore, Holders, Locked, Match, Profile, count_columns
from app.pairs import queries as pairs
from app.pairs.queries import CHANGED, KEPT
from app.pairs.rows import FoundOverlap

Connection = asyncpg.Connection

_LOCK: Final = f"""
WITH gate AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared({GATE}))
INSERT INTO tokens AS t (token, kind, match_spec, epoch, offices, subjects,
                         hidden_offices, hidden_subjects, is_common)
SELECT token, kind, $3, $4, least(seen, 1), seen, least(hidden, 1), hidden, FALSE
FROM gate, unnest($1::bytea[], $2::smallint[], $5::int[], $6::int[])
           AS q (token, kind, seen, hidden)
ON CONFLICT (token) DO UPDATE SET kind = t.kind
RETURNING token, kind, offices, subjects, hidden_offices, hidden_subjects, xmax = 0, is_suppressed
"""  # noqa: S608 -- a constant only

# the office's own sightings of all tokens, to count them; of the others those that may match;
# rows without a token are the subjects of the post itself, which it does not meet
_MEET: Final = """
WITH posted AS (
  INSERT INTO subjects (case_id, office_id, ref, kind, rarities, kinds, numbers, is_hidden)
  SELECT case_id, $1, ref, kind, rarities::smallint[], kinds::int[], numbers, is_hidden
  FROM unnest($5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::smallint[],
              $11::bool[]) AS q (case_id, ref, kind, rarities, kinds, numbers, is_hidden)
  RETURNING *)
SELECT s.token, s.is_hidden, s.alias, o.id, o.case_id, o.office_id, o.ref, o.kind,
       o.rarities, o.kinds, o.numbers, o.is_hidden
FROM (SELECT g.token, FALSE AS is_hidden, g.alias, g.subject_id
      FROM unnest($2::bytea[]) AS q (token)
      JOIN sightings g ON g.token = q.token AND g.office_id = $1
      UNION ALL SELECT g.token, TRUE, g.alias, g.subject_id FROM unnest($2::bytea[]) AS q (token)
      JOIN hidden_sightings g ON g.token = q.token AND g.office_id = $1
      UNION ALL SELECT g.token, FALSE, g.alias, g.subject_id FROM unnest($3::bytea[]) AS q (token)
      JOIN sightings g ON g.token = q.token WHERE g.office_id <> $1
      UNION ALL SELECT g.token, TRUE, g.alias, g.subject_id FROM unnest($4::bytea[]) AS q (token)
      JOIN hidden_sightings g ON g.token = q.token WHERE g.office_id <> $1) AS s
JOIN subjects o ON o.id = s.subject_id
UNION ALL
SELECT NULL, is_hidden, NULL, id, case_id, office_id, ref, kind, rarities, kinds, numbers, is_hidden
FROM posted
"""

_HELD_AMONG: Final = """
SELECT g.token, g.alias, o.id, o.case_id, o.office_id, o.ref, o.kind,
       o.rarities, o.kinds, o.numbers, o.is_hidden
FROM (SELECT * FROM subjects WHERE id = ANY($2::bigint[])
      UNION SELECT * FROM subjects WHERE case_id = ANY($3::bigint[])) AS o
CROSS JOIN LATERAL (
  SELECT token, alias FROM sightings s WHERE s.subject_id = o.id AND s.token = ANY($1::bytea[])
  UNION ALL SELECT token, alias FROM hidden_sightings s
  WHERE s.subject_id = o.id AND s.token = ANY($1::bytea[])
  UNION ALL SELECT token, alias FROM common_sightings s
  WHERE s.subject_id = o.id AND s.token = ANY($1::bytea[])) AS g
WHERE o.office_id <> $4
"""

_HELD_BEFORE: Final = """
SELECT g.token, t.kind, t.epoch, count(DISTINCT g.subject_id) FILTER (WHERE g.is_seen),
       count(DISTINCT g.subject_id) FILTER (WHERE g.is_hidden)
FROM subjects s
CROSS JOIN LATERAL (
  SELECT token, subject_id, TRUE AS is_seen, FALSE AS is_hidden FROM sightings
  WHERE subject_id = s.id
  UNION ALL SELECT token, subject_id, FALSE, TRUE FROM hidden_sightings WHERE subject_id = s.id
  UNION ALL SELECT token, subject_id, FALSE, FALSE FROM common_sightings WHERE subject_id = s.id
) AS g
JOIN tokens t ON t.token = g.token
WHERE s.case_id = ANY($1::bigint[]) AND t.epoch >= $2
GROUP BY g.token, t.kind, t.epoch
"""

# each table takes its own rows; one statement, because each round trip keeps the tokens locked
_STORE: Final = f"""
WITH {KEPT},
sealed AS (
  INSERT INTO sealed_elements (subject_id, sealing_key_id, sealed)
  SELECT subject_id, $15, sealed
  FROM unnest($16::bigint[], $17::bytea[]) AS q (subject_id, sealed)),
counted AS (
  UPDATE tokens t SET offices = q.offices, subjects = q.subjects, is_common = q.is_common,
    hidden_offices = q.hidden_offices, hidden_subjects = q.hidden_subjects
  FROM unnest($19::bytea[], $20::int[], $21::int[], $22::int[], $23::int[], $24::bool[])
       AS q (token, offices, subjects, hidden_offices, hidden_subjects, is_common)
  WHERE t.token = q.token),
posted AS (
  SELECT * FROM unnest($12::bytea[], $13::bigint[], $14::smallint[], $18::bool[])
                AS q (token, subject_id, alias, is_hidden)),
hidden AS (
  INSERT INTO hidden_sightings (token, office_id, subject_id, alias)
  SELECT token, $11, subject_id, alias FROM posted WHERE is_hidden),
seen AS (
  INSERT INTO sightings (token, office_id, subject_id, alias)
  SELECT token, $11, subject_id, alias FROM posted WHERE NOT is_hidden)
SELECT changed.*, set_config('role', $25, true),
       (SELECT epoch FROM key_epochs WHERE state = 'current')
FROM (VALUES (TRUE)) AS one LEFT JOIN ({CHANGED}) AS changed ON TRUE
"""  # noqa: S608 -- constants only; every value is a parameter

_INSERT_COMMON: Final = """
INSERT INTO common_sightings (token, office_id, subject_id, alias)
SELECT token, $1, subject_id, alias
FROM unnest($2::bytea[], $3::bigint[], $4::smallint[]) AS q (token, subject_id, alias)
"""

_PROMOTE: Final = """
WITH moved AS (
  DELETE FROM common_sightings c USING (
    SELECT q.token, mine.subject_id
    FROM unnest($1::bytea[], $3::bool[], $4::int[]) AS q (token, is_hidden, room)
    CROSS JOIN LATERAL (
      SELECT DISTINCT g.subject_id FROM common_sightings g JOIN subjects s ON s.id = g.subject_id
      WHERE g.token = q.token AND g.office_id = $2 AND s.is_hidden = q.is_hidden
      ORDER BY g.subject_id LIMIT q.room) AS mine) AS m
  WHERE c.token = m.token AND c.office_id = $2 AND c.subject_id = m.subject_id
  RETURNING c.token, c.office_id, c.subject_id, c.alias),
placed AS (SELECT m.*, s.is_hidden FROM moved m JOIN subjects s ON s.id = m.subject_id),
seen AS (
  INSERT INTO sightings (token, office_id, subject_id, alias)
  SELECT token, office_id, subject_id, alias FROM placed WHERE NOT is_hidden),
hidden AS (
  INSERT INTO hidden_sightings (token, office_id, subject_id, alias)
  SELECT token, office_id, subject_id, alias FROM placed WHERE is_hidden)
SELECT token, is_hidden, count(DISTINCT subject_id) FROM placed GROUP BY token, is_hidden
"""

# while a rotation lifts, a token of the next epoch may be held by sightings set aside alone
_DELETE_EMPTY: Final = """
DELETE FROM tokens t WHERE token = ANY($1::bytea[]) AND offices = 0 AND hidden_offices = 0
  AND NOT is_suppressed AND NOT EXISTS (SELECT FROM common_sightings c WHERE c.token = t.token)
"""


async def lock_tokens(
    connection: Connection,
    tokens: Sequence[tuple[bytes, int, int, int]],
    *,
    match_spec: int,
    epoch: int,
) -> dict[bytes, Locked]:
    """Lock the registry rows of tokens, made where absent, until the transaction ends.

    Posts that share a token go one after the other from here on, and every later statement sees
    what the other wrote: that is why no overlap is missed (docs/adr/0005-detection.md).

    Args:
        connection: Inside a READ COMMITTED transaction.
        tokens: Token, kind code, and the number of subjects, seen and hidden, with which a new
            row begins; each token once and in byte order, so that two posts cannot deadlock.
        match_spec: Number of the match specification.
        epoch: Key epoch of the tokens.
    """
    names, kinds, seen, hidden = map(list, zip(*tokens, strict=True)) if tokens else ([],) * 4
    rows = await connection.fetch(_LOCK, names, kinds, match_spec, epoch, seen, hidden)
    return {
        row[0]: Locked(row[1], Holders(row[2], row[3]), Holders(row[4], row[5]), row[6], row[7])
        for row in rows
    }


async def get_held_before(
    connection: Connection, case_ids: Sequence[int], *, epoch: int
) -> dict[bytes, HeldBefore]:
    """Return what each token of `epoch`, and of the one lifted to, is to the cases that hold it."""
    rows = await connection.fetch(_HELD_BEFORE, case_ids, epoch)
    return {row[0]: HeldBefore(row[1], row[2], row[3], row[4]) for row in rows}


async def delete_subjects(connection: Connection, case_ids: Sequence[int]) -> None:
    """Delete the subjects of cases with all their sightings and sealed elements."""
    await connection.execute("DELETE FROM subjects WHERE case_id = ANY($1::bigint[])", case_ids)


async def store(  # noqa: PLR0913 -- what one statement stores
    connection: Connection,
    office_id: int,
    found: Sequence[FoundOverlap],
    sightings: Sequence[Sighting],
    keys: Keys,
    *,
    epoch: int,
    hidden_cases: Collection[int],
    sealing_key_id: UUID,
    sealed: Mapping[int, bytes],
    counts: Mapping[bytes, Locked],
    then: Role,
    now: datetime,
) -> list[tuple[str, UUID]]:
    """Store overlaps, sightings in token order, sealed elements and counts; `then` become a role.

    Under the gate of `lock_tokens` this sees what a switch before it left: no post ends up in an
    epoch that is no longer matched, and a withdrawal misses nothing that was lifted.

    Returns:
        What happened to the overlaps: audit action and overlap.

    Raises:
        EpochMovedError: `epoch` is not the current one.
    """
    rows = await connection.fetch(
        _STORE,
        *pairs.columns(found, now=now),
        office_id,
        *_columns(sightings, keys),
        sealing_key_id,
        list(sealed),
        list(sealed.values()),
        [sighting.case_id in hidden_cases for sighting in sightings],
        *count_columns(counts),
        then,
    )
    if rows[0]["epoch"] != epoch:
        raise EpochMovedError
    return pairs.events([row for row in rows if row["id"] is not None])


async def insert_common(
    connection: Connection, office_id: int, sightings: Sequence[Sighting], keys: Keys
) -> None:
    """Store sightings beyond the office's share, where matching does not look."""
    await connection.execute(_INSERT_COMMON, office_id, *_columns(sightings, keys))


def _columns(sightings: Sequence[Sighting], keys: Keys) -> tuple[list[bytes], list[int], list[int]]:
    return (
        [sighting.token for sighting in sightings],
        [keys[sighting.case_id, sighting.ref] for sighting in sightings],
        [sighting.alias for sighting in sightings],
    )


async def promote(
    connection: Connection, office_id: int, room: Sequence[tuple[bytes, bool, int]]
) -> dict[tuple[bytes, bool], int]:
    """Let subjects that the office's share left out take (token, is hidden, room) that came free.

    Returns how many subjects moved, by token and whether they are hidden.
    """
    tokens, hidden, places = map(list, zip(*room, strict=True))
    rows = await connection.fetch(_PROMOTE, tokens, office_id, hidden, places)
    return {(row[0], row[1]): row[2] for row in rows}


async def delete_empty(connection: Connection, tokens: Collection[bytes]) -> None:
    """Delete the registry rows that nobody holds any more; the caller holds their locks."""
    await connection.execute(_DELETE_EMPTY, tokens)


async def meet(
    connection: Connection,
    office_id: int,
    subjects: Sequence[tuple[int, str, str, str, str, int, bool]],
    own: Collection[bytes],
    seen: Collection[bytes],
    hidden: Collection[bytes],
) -> tuple[Keys, Around]:
    """Insert (case id, ref, kind, rarities, kinds, numbers, is hidden) rows; see who is around.

    Returns:
        The keys of the inserted subjects; and, these left out, how many subjects of the office
        hold each of `own`, the other offices' sightings of the tokens in `seen`, and their hidden
        ones of those in `hidden`.
    """
    columns = map(list, zip(*subjects, strict=True)) if subjects else ([],) * 7
    rows = await connection.fetch(_MEET, office_id, own, seen, hidden, *columns)
    posted = {(row[4], row[6]): row[3] for row in rows if row[0] is None}
    return posted, Around.of(office_id, own, [row for row in rows if row[0] is not None])


async def list_held_among(
    connection: Connection,
    tokens: Collection[bytes],
    subjects: Collection[int],
    case_ids: Collection[int],
    office_id: int,
) -> list[Match]:
    """Return which of `tokens` the given subjects, and the subjects of the given cases, hold."""
    profiles: dict[int, Profile] = {}
    rows = await connection.fetch(_HELD_AMONG, tokens, subjects, case_ids, office_id)
    return [Match(row[0], row[1], profiles.setdefault(row[2], Profile(*row[2:]))) for row in rows]
