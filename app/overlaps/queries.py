"""Set-based SQL of matching, on the driver inside the caller's transaction."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.epochs.queries import GATE
from app.overlaps.errors import EpochMovedError
from app.overlaps.postings import Sighting
from app.overlaps.rows import FoundOverlap, HeldBefore, Locked, Match, Profile

Connection = asyncpg.Connection

Keys = Mapping[tuple[int, str], int]
"""The key of each stored subject by (case id, ref)."""

OFFICE_LIMIT: Final = 10
"""A token that more offices than this hold is common: it makes no further overlaps."""

PER_OFFICE_LIMIT: Final = 25
"""Subjects of one office that one token can match; bounds the pairs that a token can make."""

_LOCK: Final = f"""
WITH gate AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared({GATE}))
INSERT INTO tokens AS t (token, kind, match_spec, epoch, subjects, offices)
SELECT token, kind, $4, $5, subjects, 1
FROM gate, unnest($1::bytea[], $2::smallint[], $3::int[]) AS q (token, kind, subjects)
ON CONFLICT (token) DO UPDATE SET subjects = t.subjects + excluded.subjects
RETURNING token, subjects, offices, xmax = 0
"""  # noqa: S608 -- a constant only

_HELD_BY: Final = """
SELECT q.token, mine.held
FROM unnest($1::bytea[]) AS q (token)
CROSS JOIN LATERAL (
  SELECT count(*) AS held FROM (
    SELECT DISTINCT s.subject_id FROM sightings s
    WHERE s.token = q.token AND s.office_id = $2 LIMIT $3) AS subjects) AS mine
"""

_MATCHING: Final = """
SELECT q.token, s.alias, NULL::bigint, o.id, o.case_id, o.office_id, o.ref, o.bands, o.kinds
FROM unnest($1::bytea[]) AS q (token)
JOIN sightings s ON s.token = q.token
JOIN subjects o ON o.id = s.subject_id
WHERE s.office_id <> $2
"""

_MATCHING_KNOWN: Final = """
SELECT q.token, s.alias, v.case_id, o.id, o.case_id, o.office_id, o.ref, o.bands, o.kinds
FROM unnest($1::bytea[]) AS q (token)
JOIN sightings s ON s.token = q.token
JOIN subjects o ON o.id = s.subject_id
JOIN overlap_sides v ON v.case_id = ANY($3::bigint[]) AND v.other_case_id = o.case_id
JOIN "overlaps" x ON x.id = v.overlap_id AND x.retracted_at IS NULL
WHERE s.office_id <> $2
"""

_HELD_BEFORE: Final = """
SELECT g.token, t.kind, count(DISTINCT g.subject_id), bool_or(g.is_matched)
FROM (SELECT token, subject_id, TRUE AS is_matched FROM sightings
      UNION ALL SELECT token, subject_id, FALSE FROM common_sightings) AS g
JOIN tokens t ON t.token = g.token
JOIN subjects s ON s.id = g.subject_id
WHERE s.case_id = ANY($1::bigint[]) AND t.epoch >= $2
GROUP BY g.token, t.kind
"""

_INSERT_SUBJECTS: Final = """
INSERT INTO subjects (case_id, office_id, ref, kind, bands, kinds)
SELECT case_id, $2, ref, kind, bands::smallint[], kinds::smallint[]
FROM unnest($1::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
     AS q (case_id, ref, kind, bands, kinds)
RETURNING case_id, ref, id, (SELECT epoch FROM key_epochs WHERE state = 'current')
"""

_INSERT_SIGHTINGS: Final = """
WITH sealed AS (
  INSERT INTO sealed_elements (subject_id, sealing_key_id, sealed)
  SELECT subject_id, $5, sealed FROM unnest($6::bigint[], $7::bytea[]) AS q (subject_id, sealed)),
counted AS (
  UPDATE tokens t SET offices = q.offices
  FROM unnest($8::bytea[], $9::int[]) AS q (token, offices) WHERE t.token = q.token)
INSERT INTO sightings (token, office_id, subject_id, alias)
SELECT token, $1, subject_id, alias
FROM unnest($2::bytea[], $3::bigint[], $4::smallint[]) AS q (token, subject_id, alias)
"""

_INSERT_COMMON: Final = """
INSERT INTO common_sightings (token, office_id, subject_id, alias)
SELECT token, $1, subject_id, alias
FROM unnest($2::bytea[], $3::bigint[], $4::smallint[]) AS q (token, subject_id, alias)
"""

_UPSERT_OVERLAPS: Final = """
WITH found AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::jsonb[])
           AS q (id, low_case_id, high_case_id, band, strength, findings)),
kept AS (
  INSERT INTO "overlaps" AS o (id, low_case_id, high_case_id, band, strength, findings,
                             version, found_at, changed_at)
  SELECT id, low_case_id, high_case_id, band, strength, findings, 1, $7, $7 FROM found
  ON CONFLICT (low_case_id, high_case_id) DO UPDATE
  SET band = excluded.band, strength = excluded.strength, findings = excluded.findings,
      version = o.version + 1, changed_at = excluded.changed_at, retracted_at = NULL
  WHERE o.findings IS DISTINCT FROM excluded.findings OR o.retracted_at IS NOT NULL
  RETURNING id, low_case_id, high_case_id, version),
sides AS (
INSERT INTO overlap_sides (office_id, overlap_id, case_id, other_office_id, other_case_id)
SELECT side.*
FROM kept k
JOIN unnest($2::bigint[], $3::bigint[], $8::int[], $9::int[])
     AS q (low_case_id, high_case_id, low_office, high_office)
     USING (low_case_id, high_case_id)
CROSS JOIN LATERAL (VALUES
  (q.low_office, k.id, k.low_case_id, q.high_office, k.high_case_id),
  (q.high_office, k.id, k.high_case_id, q.low_office, k.low_case_id)) AS side
WHERE k.version = 1
ON CONFLICT DO NOTHING)
SELECT id, version FROM kept
"""

_RETRACT: Final = """
UPDATE "overlaps" o SET retracted_at = $3, changed_at = $3, version = o.version + 1
FROM overlap_sides s
WHERE s.case_id = ANY($1::bigint[]) AND o.id = s.overlap_id AND o.retracted_at IS NULL
  AND NOT EXISTS (SELECT FROM unnest($2::bigint[], $4::bigint[]) AS q (low, high)
                  WHERE q.low = o.low_case_id AND q.high = o.high_case_id)
RETURNING o.id
"""


async def lock_tokens(
    connection: Connection,
    changes: Sequence[tuple[bytes, int, int]],
    *,
    match_spec: int,
    epoch: int,
) -> dict[bytes, Locked]:
    """Lock the registry rows of tokens, made where absent, until the transaction ends.

    Posts that share a token go one after the other from here on, and every later statement sees
    what the other wrote: that is why no overlap is missed (docs/adr/0005-detection.md).

    Args:
        connection: Inside a READ COMMITTED transaction.
        changes: Token, kind code and by how much its number of subjects changes; each token once
            and in byte order, so that two posts cannot deadlock.
        match_spec: Number of the match specification.
        epoch: Key epoch of the tokens.
    """
    columns = list(zip(*changes, strict=True)) or [(), (), ()]
    rows = await connection.fetch(_LOCK, *map(list, columns), match_spec, epoch)
    return {row[0]: Locked(row[1], row[2], row[3]) for row in rows}


async def get_held_before(
    connection: Connection, case_ids: Sequence[int], *, epoch: int
) -> dict[bytes, HeldBefore]:
    """Return what each token of `epoch`, or of the one to come, is to the cases that hold it."""
    rows = await connection.fetch(_HELD_BEFORE, case_ids, epoch)
    return {row[0]: HeldBefore(row[1], row[2], row[3]) for row in rows}


async def get_held_by(
    connection: Connection, tokens: Collection[bytes], office_id: int
) -> dict[bytes, int]:
    """Return how many subjects of the office hold each token, counted up to the limit."""
    rows = await connection.fetch(_HELD_BY, tokens, office_id, PER_OFFICE_LIMIT)
    return {row[0]: row[1] for row in rows}


async def delete_subjects(connection: Connection, case_ids: Sequence[int]) -> None:
    """Delete the subjects of cases with all their sightings and sealed elements."""
    await connection.execute("DELETE FROM subjects WHERE case_id = ANY($1::bigint[])", case_ids)


async def insert_subjects(
    connection: Connection,
    office_id: int,
    rows: Sequence[tuple[int, str, str, str, str]],
    *,
    epoch: int,
) -> dict[tuple[int, str], int]:
    """Insert (case id, ref, kind, bands, kinds) rows; return the key of each (case id, ref).

    By now the transaction holds the gate of `lock_tokens`, and this statement sees what a switch
    before it left: so a post never ends up in an epoch that is no longer matched.

    Raises:
        EpochMovedError: `epoch` is not the current one.
    """
    cases, *rest = (list(column) for column in zip(*rows, strict=True))
    inserted = await connection.fetch(_INSERT_SUBJECTS, cases, office_id, *rest)
    if any(row[3] != epoch for row in inserted):
        raise EpochMovedError
    return {(row[0], row[1]): row[2] for row in inserted}


async def insert_sightings(
    connection: Connection,
    office_id: int,
    sightings: Sequence[Sighting],
    keys: Keys,
    *,
    sealing_key_id: UUID,
    sealed: Mapping[int, bytes],
    offices: Mapping[bytes, int],
) -> None:
    """Store sightings in token order, sealed elements by subject, and new office counts of tokens.

    One statement, because each round trip lengthens the time that the tokens stay locked.
    """
    await connection.execute(
        _INSERT_SIGHTINGS,
        office_id,
        *_columns(sightings, keys),
        sealing_key_id,
        list(sealed),
        list(sealed.values()),
        list(offices),
        list(offices.values()),
    )


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


async def list_matching(
    connection: Connection, tokens: Collection[bytes], office_id: int
) -> list[Match]:
    """Return other offices' sightings of `tokens`, with their subjects."""
    return _matches(await connection.fetch(_MATCHING, tokens, office_id))


async def list_matching_known(
    connection: Connection, tokens: Collection[bytes], office_id: int, case_ids: Sequence[int]
) -> list[Match]:
    """Return what `list_matching` does, but only for overlaps that the cases have already.

    A token that became common keeps what it found; it makes nothing new.
    """
    rows = await connection.fetch(_MATCHING_KNOWN, tokens, office_id, case_ids)
    return _matches(rows)


def _matches(rows: Iterable[asyncpg.Record]) -> list[Match]:
    profiles: dict[int, Profile] = {}
    return [
        Match(row[0], row[1], profiles.setdefault(row[3], Profile(*row[3:])), row[2])
        for row in rows
    ]


async def upsert_overlaps(
    connection: Connection, ids: Sequence[UUID], found: Sequence[FoundOverlap], *, now: datetime
) -> list[tuple[UUID, int]]:
    """Store overlaps, one row per pair of cases; return id and version where evidence changed."""
    rows = await connection.fetch(
        _UPSERT_OVERLAPS,
        ids,
        [item.low_case_id for item in found],
        [item.high_case_id for item in found],
        [item.band for item in found],
        [item.strength for item in found],
        [json.dumps(item.findings) for item in found],
        now,
        [item.low_office for item in found],
        [item.high_office for item in found],
    )
    return [(row[0], row[1]) for row in rows]


async def retract_overlaps(
    connection: Connection,
    case_ids: Sequence[int],
    found: Sequence[FoundOverlap],
    *,
    now: datetime,
) -> list[UUID]:
    """Retract the cases' overlaps that are not among `found`; return their ids."""
    low, high = [item.low_case_id for item in found], [item.high_case_id for item in found]
    return [row[0] for row in await connection.fetch(_RETRACT, case_ids, low, now, high)]
