"""Fills the tables of matching with sightings of 50 offices, by set-based SQL.

Subject n has the sightings 20n + 1 to 20n + 20. Sighting i has the token of the number i, but
each hundredth has the token of the sighting 20 before, which is of another subject and office.
Of these pairs of cases, each hundredth has no overlap, as if posting had missed it.
"""

from hashlib import sha256
from typing import Final

import asyncpg

from tests.bench.copies import unindexed

BYTES_PER_SIGHTING: Final = 900
"""Disk that a sighting needs with its token, indexes and WAL, on the safe side."""

_ADD_OFFICES: Final = """
INSERT INTO offices
  (code, name, kind, state, contact_title, contact_phone, contact_email, created_at)
SELECT 'ZZ' || n, 'Filler ' || n, 'local', 'ZZ', 'Duty', '555-0100', 'z@example.com', now()
FROM generate_series(1000, 1049) AS n ORDER BY n ON CONFLICT DO NOTHING
"""

# keys start at 10^9, far from those that the service gives
_ADD_CASES: Final = """
INSERT INTO cases (id, office_id, source_system, external_id, record_class, trafficking_type,
  disclosure, review_on, validated_on, content_tag, version, posted_at, changed_at)
OVERRIDING SYSTEM VALUE
SELECT 1000000000 + n, (SELECT min(id) FROM offices WHERE state = 'ZZ') + n % 50, 'filler', n,
  'charged', 'labor', 'open', current_date + 365, current_date, '\\x00', 1, now(), now()
FROM generate_series($1::bigint / 20, $2::bigint / 20 - 1) AS n
"""
_ADD_SUBJECTS: Final = """
INSERT INTO subjects
  (id, case_id, office_id, ref, kind, rarities, kinds, numbers, is_hidden)
OVERRIDING SYSTEM VALUE
SELECT id, id, office_id, '1', 'person', '{2}', '{4095}', 0, FALSE FROM cases
WHERE id BETWEEN 1000000000 + $1::bigint / 20 AND 1000000000 + $2::bigint / 20 - 1
"""
_ADD_SIGHTINGS: Final = """
INSERT INTO sightings (token, office_id, subject_id, alias)
SELECT substr(sha256(int8send(CASE WHEN i % 100 = 0 THEN i - 20 ELSE i END)), 1, 16),
  s.office_id, s.id, i % 3 - 1
FROM generate_series($1::bigint + 1, $2::bigint) AS i
JOIN subjects s ON s.id = 1000000000 + (i - 1) / 20
"""
_ADD_TOKENS: Final = """
INSERT INTO tokens (token, kind, match_spec, epoch, subjects, offices,
                    hidden_subjects, hidden_offices, is_common)
SELECT substr(sha256(int8send(i)), 1, 16), i % 12 + 1, 1, 1, n, n, 0, 0, FALSE
FROM generate_series($1::bigint + 1, $2::bigint) AS i,
  LATERAL (SELECT CASE WHEN i % 100 = 80 THEN 2 ELSE 1 END AS n) AS held
WHERE i % 100 <> 0
"""
_ADD_OVERLAPS: Final = """
INSERT INTO "overlaps" (id, low_case_id, high_case_id, band, strength, findings, evidence,
                        version, found_at, changed_at)
SELECT gen_random_uuid(), 1000000000 + 5 * k - 2, 1000000000 + 5 * k - 1, 'shared_only', 10, '[]',
  '{}', 1, now(), now()
FROM generate_series($1::bigint / 100 + 1, $2::bigint / 100) AS k WHERE k % 100 <> 1
"""
_TABLES: Final = ("cases", "subjects", "sightings", "tokens", '"overlaps"')


def token(number: int) -> bytes:
    """Return the filler's token of a number; a real one comes of the OPRF and a keyed function."""
    return sha256(number.to_bytes(8, "big")).digest()[:16]


def missed(sightings: int) -> int:
    """Return how many of the pairs that the first `sightings` make have no overlap."""
    return (sightings // 100 + 99) // 100


async def grow(database: asyncpg.Connection, before: int, after: int) -> None:
    """Bring the filler from `before` to `after` sightings, multiples of 100, and analyze.

    The checkpoint makes it a server in service: it has segments of its log to use again.
    """
    await database.execute(_ADD_OFFICES)
    async with unindexed(database, "sightings", "tokens"):
        for statement in (_ADD_CASES, _ADD_SUBJECTS, _ADD_SIGHTINGS, _ADD_TOKENS):
            await database.execute(statement, before, after)
    # without the events that posting would have written of each
    await database.execute('ALTER TABLE "overlaps" DISABLE TRIGGER USER')
    await database.execute(_ADD_OVERLAPS, before, after)
    await database.execute('ALTER TABLE "overlaps" ENABLE TRIGGER USER')
    for table in _TABLES:
        await database.execute(f"VACUUM ANALYZE {table}")
    await database.execute("CHECKPOINT")
