"""Set-based SQL of overlaps, on the driver inside the caller's transaction."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.core.ids import new_id
from app.pairs.rows import FoundOverlap, supported_by

Connection = asyncpg.Connection

KEPT: Final = """
found AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::jsonb[],
                       $10::text[])
           AS q (id, low_case_id, high_case_id, band, strength, findings, evidence)),
kept AS (
  INSERT INTO "overlaps" AS o (id, low_case_id, high_case_id, band, strength, findings,
                               evidence, version, found_at, changed_at)
  SELECT id, low_case_id, high_case_id, band, strength, findings, evidence::text[], 1, $7, $7
  FROM found
  ON CONFLICT (low_case_id, high_case_id) DO UPDATE
  SET band = excluded.band, strength = excluded.strength, findings = excluded.findings,
      evidence = excluded.evidence, version = o.version + 1, changed_at = excluded.changed_at,
      renewed_at = CASE WHEN o.evidence = excluded.evidence AND o.retracted_at IS NULL
                        THEN o.renewed_at ELSE excluded.changed_at END,
      retracted_at = NULL, retract_reason = NULL
  WHERE o.findings IS DISTINCT FROM excluded.findings OR o.retracted_at IS NOT NULL
  RETURNING id, low_case_id, high_case_id, evidence, version),
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
ON CONFLICT DO NOTHING)"""
"""SQL of common table expressions that store overlaps, one row per pair of cases.

The parameters are `columns`; `CHANGED` reads what became of them, for `events`.
"""

CHANGED: Final = """
SELECT k.id, k.version, EXISTS (
  SELECT FROM overlap_sides s JOIN "overlaps" was ON was.id = s.overlap_id
  WHERE s.overlap_id = k.id AND s.verdict = 'not_a_match'
    AND s.verdict_evidence = was.evidence AND s.verdict_evidence <> k.evidence) AS is_reopened
FROM kept k
"""

_UPSERT_OVERLAPS: Final = f"WITH {KEPT}{CHANGED}"

_RETRACT: Final = """
UPDATE "overlaps" o
SET retracted_at = $3, changed_at = $3, retract_reason = $5, version = o.version + 1
FROM overlap_sides s
WHERE s.case_id = ANY($1::bigint[]) AND o.id = s.overlap_id AND o.retracted_at IS NULL
  AND NOT EXISTS (SELECT FROM unnest($2::bigint[], $4::bigint[]) AS q (low, high)
                  WHERE q.low = o.low_case_id AND q.high = o.high_case_id)
RETURNING o.id
"""

_RETRACT_PAIRS: Final = """
UPDATE "overlaps" o
SET retracted_at = $3, changed_at = $3, retract_reason = 'evidence_gone', version = o.version + 1
FROM unnest($1::bigint[], $2::bigint[]) AS q (low, high)
WHERE o.low_case_id = q.low AND o.high_case_id = q.high AND o.retracted_at IS NULL
RETURNING o.id
"""

_KNOWN: Final = """
SELECT s.case_id, s.other_case_id, o.findings
FROM overlap_sides s JOIN "overlaps" o ON o.id = s.overlap_id AND o.retracted_at IS NULL
WHERE s.case_id = ANY($1::bigint[])
"""


_LOCK_ONE: Final = """
SELECT o.id FROM overlap_sides s JOIN "overlaps" o ON o.id = s.overlap_id
WHERE s.office_id = $1 AND s.overlap_id = $2
FOR NO KEY UPDATE OF o
"""

_SET_VERDICT: Final = """
WITH judged AS (
  UPDATE "overlaps" SET version = version + 1 WHERE id = $2 RETURNING id, evidence)
UPDATE overlap_sides s
SET verdict = $3::varchar, verdict_reason = $4::varchar, verdict_evidence = judged.evidence,
    verdict_at = CASE WHEN (s.verdict, s.verdict_reason, s.verdict_evidence)
      IS NOT DISTINCT FROM ($3::varchar, $4::varchar, judged.evidence) THEN s.verdict_at
      ELSE $5::timestamptz END
FROM judged WHERE s.office_id = $1 AND s.overlap_id = judged.id
"""


async def lock_overlap(connection: Connection, office_id: int, overlap_id: UUID) -> None:
    """Lock an overlap of the office until the transaction ends; nothing if it has none such."""
    await connection.execute(_LOCK_ONE, office_id, overlap_id)


async def set_verdict(
    connection: Connection,
    office_id: int,
    overlap_id: UUID,
    verdict: str,
    reason: str | None,
    *,
    now: datetime,
) -> None:
    """Store what one side says of the evidence that stands; the caller holds the overlap.

    Who says the same again said it when they first did.
    """
    await connection.execute(_SET_VERDICT, office_id, overlap_id, verdict, reason, now)


async def get_support(
    connection: Connection, case_ids: Sequence[int]
) -> dict[tuple[int, int], frozenset[str]]:
    """Return what each standing overlap of the cases rests on, by case and other case."""
    rows = await connection.fetch(_KNOWN, case_ids)
    return {(row[0], row[1]): supported_by(row[2]) for row in rows}


def columns(found: Sequence[FoundOverlap], *, now: datetime) -> tuple[object, ...]:
    """Return overlaps as the parameters of `KEPT`, with the ids that new ones get."""
    return (
        [new_id() for _ in found],
        [item.low_case_id for item in found],
        [item.high_case_id for item in found],
        [item.band for item in found],
        [item.strength for item in found],
        [json.dumps(item.findings) for item in found],
        now,
        [item.low_office for item in found],
        [item.high_office for item in found],
        ["{" + ",".join(item.evidence) + "}" for item in found],
    )


def events(rows: Sequence[asyncpg.Record]) -> list[tuple[str, UUID]]:
    """Return what happened to the rows of `CHANGED`: audit action and overlap.

    A verdict of *not a match* that was given on other evidence is reopened by that alone; the
    action says so (I10).
    """
    stored = [("overlap.found" if row[1] == 1 else "overlap.changed", row[0]) for row in rows]
    return stored + [("overlap.reopened", row[0]) for row in rows if row[2]]


async def upsert_overlaps(
    connection: Connection, found: Sequence[FoundOverlap], *, now: datetime
) -> list[tuple[str, UUID]]:
    """Store overlaps, one row per pair of cases; return `events` where evidence changed."""
    return events(await connection.fetch(_UPSERT_OVERLAPS, *columns(found, now=now)))


async def retract_overlaps(
    connection: Connection,
    case_ids: Sequence[int],
    found: Sequence[FoundOverlap],
    *,
    reason: str,
    now: datetime,
) -> list[tuple[str, UUID]]:
    """Retract the cases' overlaps that are not among `found`; return audit action and overlap."""
    low, high = [item.low_case_id for item in found], [item.high_case_id for item in found]
    rows = await connection.fetch(_RETRACT, case_ids, low, now, high, reason)
    return [("overlap.retracted", row[0]) for row in rows]


async def retract_pairs(
    connection: Connection, gone: Sequence[tuple[int, int]], *, now: datetime
) -> list[tuple[str, UUID]]:
    """Retract the overlaps of pairs (low and high case) that share no evidence any more."""
    low, high = [pair[0] for pair in gone], [pair[1] for pair in gone]
    rows = await connection.fetch(_RETRACT_PAIRS, low, high, now)
    return [("overlap.retracted", row[0]) for row in rows]
