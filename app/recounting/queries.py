"""Set-based SQL of recounting: which pairs of cases the sightings make, against what is stored."""

import json
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.core.models import HORIZON
from app.overlaps.limits import LEAST_OFFICES, LIMITS_IN_SQL
from app.recounting.rows import Progress, Standing

Connection = asyncpg.Connection
Pair = tuple[int, int]

SLICES: Final = 64
"""Ranges of tokens, of equal size because tokens are random, that a full recount goes through."""

SLICES_AT_ONCE: Final = 32
"""Slices of one statement, because its other process on the server takes a while to start."""

AT_MOST: Final = 50_000
"""Pairs of one statement, which are all in memory: after a restore any number may be unknown."""

_BEYOND: Final = b"\xff" * 17  # greater than every token

# the planner takes every token for one that others hold too, and would hash or sort all of them;
# in the order of the primary key they are only read once, and what is looked up after is little
IN_ORDER: Final = """
SELECT set_config('enable_hashagg', 'off', true), set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true),
  set_config('enable_material', 'off', true),
  set_config('work_mem', '64MB', true), set_config('statement_timeout', '600s', true),
  set_config('idle_in_transaction_session_timeout', '600s', true),
  set_config('parallel_setup_cost', '3000', true)
"""
"""For the rest of a transaction that recounts: plans that go by keys, and time to finish, or
to wait for the other connection."""

# as overlaps/limits.py says it of the visible ones; of hidden ones only this is not stored
_IS_NO_CROWD: Final = f"""
NOT (t.hidden_offices > l.offices
     OR t.hidden_subjects > l.subjects AND t.hidden_offices >= {LEAST_OFFICES})
"""
_HELD: Final = """
(SELECT token, office_id, subject_id, FALSE AS is_hidden FROM sightings
 UNION ALL SELECT token, office_id, subject_id, TRUE FROM hidden_sightings)
"""
# who knows of the pair already is not asked: the overlap stands, or it is noted to be found or
# compared. Only of the others the token's row is read, because that takes longer than finding a
# token shared
_UNKNOWN: Final = f"""
SELECT DISTINCT p.low, p.high FROM (
  SELECT m.token, m.is_hidden,
         least(a.case_id, b.case_id) AS low, greatest(a.case_id, b.case_id) AS high
  FROM {{met}} AS m
  JOIN subjects a ON a.id = m.one
  JOIN subjects b ON b.id = m.other) AS p
WHERE NOT EXISTS (SELECT FROM "overlaps" o WHERE o.low_case_id = p.low
                  AND o.high_case_id = p.high AND o.retracted_at IS NULL)
  AND NOT EXISTS (SELECT FROM pending_pairs q
                  WHERE q.low_case_id = p.low AND q.high_case_id = p.high)
  AND NOT EXISTS (SELECT FROM recount_pairs n
                  WHERE n.low_case_id = p.low AND n.high_case_id = p.high)
  AND EXISTS (SELECT FROM tokens t
              JOIN key_epochs e ON e.epoch = t.epoch AND e.state = 'current'
              JOIN (VALUES {LIMITS_IN_SQL}) AS l (kind, offices, subjects) ON l.kind = t.kind
              WHERE t.token = p.token AND NOT t.is_common
                AND ({_IS_NO_CROWD} OR NOT p.is_hidden))
"""  # noqa: S608 -- constants only; every value is a parameter

# first the tokens of several offices, then their sightings: a crowd's pairs are never made. What
# is common has an index of its own
_SHARED: Final = f"""
SELECT m.token FROM (
  SELECT token FROM {_HELD} AS g WHERE {{which}}
  GROUP BY token HAVING min(office_id) <> max(office_id)) AS m
WHERE NOT EXISTS (SELECT FROM tokens c WHERE c.token = m.token AND c.is_common)
"""  # noqa: S608 -- as above

_OF_RANGE: Final = _SHARED.format(which="token >= {start} AND token < {end}")
_UNKNOWN_OF_RANGE: Final = _UNKNOWN.format(
    met=f"""(
  SELECT m.token, g.subject_id AS one, h.subject_id AS other,
         g.is_hidden OR h.is_hidden AS is_hidden
  FROM ({_OF_RANGE}) AS m
  JOIN {_HELD} AS g ON g.token = m.token
  JOIN {_HELD} AS h ON h.token = m.token AND h.office_id > g.office_id)"""  # noqa: S608 -- as above
)

# two halves, as the server gives each a process of its own; a limit beside them spoils their plan
_UNKNOWN_OF_SLICES: Final = f"""
WITH unknown AS MATERIALIZED (
  {_UNKNOWN_OF_RANGE.format(start="$1", end="$2")}
  UNION ALL {_UNKNOWN_OF_RANGE.format(start="$2", end="$3")})
SELECT low, high FROM unknown LIMIT $4
"""  # noqa: S608 -- as above

# an array is looked up in one pass over the index, which reads no page twice; it is sorted here
# because that is quicker than where it is used
_OF_NEW: Final = _SHARED.format(
    which=f"""token = ANY (ARRAY(
    SELECT g.token FROM subjects s JOIN {_HELD} AS g ON g.subject_id = s.id
    WHERE s.written_in >= $1 AND s.written_in < $2 AND g.token >= $3 AND g.token < $4
    ORDER BY g.token))"""  # noqa: S608 -- as above
)
# without OFFSET all subjects come first, and for each of them the array
_MET_OF_NEW: Final = f"""(
  SELECT g.token, g.subject_id AS one, h.subject_id AS other,
         g.is_hidden OR h.is_hidden AS is_hidden
  FROM (SELECT g.* FROM ({_OF_NEW}) AS m
        JOIN {_HELD} AS g ON g.token = m.token OFFSET 0) AS g
  JOIN subjects n ON n.id = g.subject_id AND n.written_in >= $1 AND n.written_in < $2
  JOIN {_HELD} AS h ON h.token = g.token AND h.office_id <> g.office_id)
"""  # noqa: S608 -- as above
_UNKNOWN_OF_NEW: Final = _UNKNOWN.format(met=_MET_OF_NEW) + "LIMIT $5"

_NOTE: Final = """
INSERT INTO recount_pairs (low_case_id, high_case_id)
SELECT low, high FROM unnest($1::bigint[], $2::bigint[]) AS q (low, high) ON CONFLICT DO NOTHING
"""

_NOTE_STANDING: Final = """
WITH page AS (
  SELECT id, low_case_id, high_case_id FROM "overlaps"
  WHERE retracted_at IS NULL AND id > $1 ORDER BY id LIMIT $2),
noted AS (
  INSERT INTO recount_pairs (low_case_id, high_case_id)
  SELECT low_case_id, high_case_id FROM page ON CONFLICT DO NOTHING)
SELECT id FROM page ORDER BY id DESC LIMIT 1
"""

# transactions are taken whole: the limit only says where to look for the end of one
_END_OF_BATCH: Final = """
SELECT written_in + 1 FROM subjects WHERE written_in >= $1 AND written_in < $2
ORDER BY written_in OFFSET $3 LIMIT 1
"""

_UNFINISHED: Final = """
SELECT id, is_full, since, until, next_slice, next_overlap FROM recounts
WHERE finished_at IS NULL ORDER BY is_full DESC, id LIMIT 1 FOR UPDATE
"""

_LAST: Final = """
SELECT max(until), max(began_at) FILTER (WHERE is_full), max(began_at) FROM recounts
WHERE finished_at IS NOT NULL
"""

_BEGIN: Final = f"""
INSERT INTO recounts (is_full, since, until, next_slice, differences, began_at)
VALUES ($1, $2, {HORIZON}, 0, 0, $3)
RETURNING id, is_full, since, until, next_slice, next_overlap
"""  # noqa: S608 -- a constant only

_GO_ON: Final = """
UPDATE recounts SET since = $2, next_slice = $3, next_overlap = $4, finished_at = $5 WHERE id = $1
"""

_ADD_DIFFERENCES: Final = """
UPDATE recounts SET differences = differences + $1
WHERE id = (SELECT id FROM recounts ORDER BY id DESC LIMIT 1)
"""

# what is locked stays noted: who holds a case may be matching it, or do something else entirely
_CLAIM: Final = """
WITH free AS (
  SELECT p.low_case_id, p.high_case_id FROM recount_pairs p
  JOIN cases l ON l.id = p.low_case_id JOIN cases h ON h.id = p.high_case_id
  WHERE $2::bigint IS NULL OR EXISTS (
    SELECT FROM subjects s WHERE s.case_id IN (l.id, h.id) AND s.office_id = $2)
  ORDER BY 1, 2 LIMIT $1 FOR NO KEY UPDATE OF l, h SKIP LOCKED)
DELETE FROM recount_pairs p USING free f
WHERE p.low_case_id = f.low_case_id AND p.high_case_id = f.high_case_id
RETURNING p.low_case_id, p.high_case_id
"""

_STANDING: Final = """
SELECT o.low_case_id, o.high_case_id, o.band, o.evidence, o.findings::text
FROM unnest($1::bigint[], $2::bigint[]) AS q (low, high)
JOIN "overlaps" o ON o.low_case_id = q.low AND o.high_case_id = q.high AND o.retracted_at IS NULL
"""

# what an office's share sets aside may have been matched before
_SHARING: Final = """
WITH asked AS (SELECT low, high FROM unnest($1::bigint[], $2::bigint[]) AS q (low, high)),
held AS (
  SELECT DISTINCT s.case_id, g.token FROM subjects s CROSS JOIN LATERAL (
    SELECT token FROM sightings WHERE subject_id = s.id
    UNION ALL SELECT token FROM hidden_sightings WHERE subject_id = s.id
    UNION ALL SELECT token FROM common_sightings WHERE subject_id = s.id) AS g
  WHERE s.case_id IN (SELECT low FROM asked UNION SELECT high FROM asked))
SELECT DISTINCT q.low, q.high FROM asked q
JOIN held a ON a.case_id = q.low JOIN held b ON b.case_id = q.high AND b.token = a.token
"""


async def get_unfinished(connection: Connection) -> Progress | None:
    """Return the recount that is under way, locked; None when there is none."""
    row = await connection.fetchrow(_UNFINISHED)
    return Progress(*row) if row else None


async def get_last(connection: Connection) -> asyncpg.Record:
    """Return up to where recounts have come, when the last full one began, and the last of all."""
    row = await connection.fetchrow(_LAST)
    assert row is not None  # noqa: S101 -- of an aggregate
    return row


async def begin_recount(connection: Connection, *, is_full: bool, since: int, now: Any) -> Progress:
    """Begin a recount of what the transactions from `since` up to now's horizon stored."""
    row = await connection.fetchrow(_BEGIN, is_full, since, now)
    assert row is not None  # noqa: S101 -- it returns its row
    return Progress(*row)


async def go_on(connection: Connection, progress: Progress, finished_at: Any = None) -> None:
    """Store how far a recount has come."""
    part = progress.since, progress.next_slice, progress.next_overlap
    await connection.execute(_GO_ON, progress.id, *part, finished_at)


def slices(first: int, count: int) -> tuple[bytes, bytes]:
    """Return with what the tokens of `count` slices begin, and those after them."""
    start, after = first * 256 // SLICES, first + count
    return bytes([start]), bytes([after * 256 // SLICES]) if after < SLICES else _BEYOND


async def find_in_slices(connection: Connection, first: int, most: int = AT_MOST) -> set[Pair]:
    """Return `most` pairs that share a token of `SLICES_AT_ONCE` slices, without those known."""
    half = SLICES_AT_ONCE // 2
    start, middle = slices(first, half)
    end = slices(first + half, half)[1]
    await connection.execute(IN_ORDER)
    rows = await connection.fetch(_UNKNOWN_OF_SLICES, start, middle, end, most)
    return {(row[0], row[1]) for row in rows}


async def find_new(
    connection: Connection, since: int, until: int, first: int, most: int = AT_MOST
) -> set[Pair]:
    """Return `most` pairs of subjects stored by these transactions, without those known.

    Of half of the slices, from `first` on.
    """
    await connection.execute(IN_ORDER)
    start, end = slices(first, SLICES // 2)
    rows = await connection.fetch(_UNKNOWN_OF_NEW, since, until, start, end, most)
    return {(row[0], row[1]) for row in rows}


async def note(connection: Connection, pairs: Collection[Pair]) -> None:
    """Note pairs that are to be compared."""
    if pairs:
        await connection.execute(_NOTE, *_columns(pairs))


async def get_end_of_batch(connection: Connection, since: int, until: int, limit: int) -> int:
    """Return up to where transactions stored about `limit` subjects, at most `until`."""
    end: int | None = await connection.fetchval(_END_OF_BATCH, since, until, limit)
    return until if end is None else end


async def note_standing(connection: Connection, after: UUID | None, limit: int) -> UUID | None:
    """Note the pairs of a page of overlaps that stand; return the last one, None when done."""
    last: UUID | None = await connection.fetchval(_NOTE_STANDING, after or UUID(int=0), limit)
    return last


async def claim(connection: Connection, limit: int, office_id: int | None) -> set[Pair]:
    """Take noted pairs, of one office or of all, whose cases nobody holds now, and lock these."""
    return {(row[0], row[1]) for row in await connection.fetch(_CLAIM, limit, office_id)}


async def get_standing(connection: Connection, pairs: Collection[Pair]) -> dict[Pair, Standing]:
    """Return what is stored of those pairs that have an overlap which stands."""
    rows = await connection.fetch(_STANDING, *_columns(pairs))
    return {(row[0], row[1]): Standing(row[2], row[3], json.loads(row[4])) for row in rows}


async def list_sharing(connection: Connection, pairs: Collection[Pair]) -> set[Pair]:
    """Return those of the pairs that share any token at all."""
    return {(row[0], row[1]) for row in await connection.fetch(_SHARING, *_columns(pairs))}


async def add_differences(connection: Connection, count: int) -> None:
    """Add to the differences of the recount that noted the pairs."""
    await connection.execute(_ADD_DIFFERENCES, count)


def _columns(pairs: Collection[Pair]) -> tuple[list[int], list[int]]:
    ordered = sorted(pairs)
    return [low for low, _ in ordered], [high for _, high in ordered]
