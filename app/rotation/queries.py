"""Set-based SQL of a rotation, on the driver inside the caller's transaction.

What reads or writes tokens runs as the matcher; what opens and seals elements, and what names the
epochs, as the operator: no role has both.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from app.core.db import TAKE_LONG
from app.defendants import queries as defendants
from app.overlaps.limits import COUNTED_PER_OFFICE
from app.overlaps.rows import Holders
from app.rotation.rows import LiftedSubject, SealedSubject

Connection = asyncpg.Connection

_COUNT: Final = """
SELECT count(*) FROM sealed_elements e JOIN sealing_keys k ON k.id = e.sealing_key_id
WHERE k.epoch < $1
"""

_CLAIM: Final = """
SELECT e.subject_id
FROM sealed_elements e
JOIN sealing_keys k ON k.id = e.sealing_key_id
JOIN subjects s ON s.id = e.subject_id
JOIN cases c ON c.id = s.case_id
WHERE e.subject_id > $1 AND k.epoch < $2
ORDER BY e.subject_id LIMIT $3
FOR NO KEY UPDATE OF c SKIP LOCKED
"""

_SEALED: Final = """
SELECT e.subject_id, s.office_id, k.id, k.epoch, k.sealed_key, e.sealed,
  (SELECT c.feed_digests IS NOT NULL FROM cases c WHERE c.id = s.case_id)
FROM sealed_elements e
JOIN sealing_keys k ON k.id = e.sealing_key_id
JOIN subjects s ON s.id = e.subject_id
"""

_READ: Final = f"""{_SEALED}WHERE k.epoch < $1 AND ($2::bigint[] IS NULL OR e.subject_id = ANY($2))
ORDER BY e.subject_id LIMIT $3
"""

_READ_LIFTED: Final = f"{_SEALED}WHERE e.subject_id = ANY($1) ORDER BY e.subject_id"

# a post under the epoch before let them take room in their office's share of a token
_MOVED_SINCE: Final = """
SELECT c.subject_id FROM common_sightings c JOIN tokens t ON t.token = c.token
GROUP BY c.subject_id
HAVING count(*) FILTER (WHERE t.epoch = $1) > count(*) FILTER (WHERE t.epoch < $1)
ORDER BY c.subject_id LIMIT $2
"""

_TAKE_BACK: Final = """
DELETE FROM common_sightings c USING tokens t
WHERE c.subject_id = ANY($1::bigint[]) AND t.token = c.token AND t.epoch = $2
"""

_LOCK_TOKENS: Final = """
INSERT INTO tokens AS t (token, kind, match_spec, epoch, offices, subjects,
                         hidden_offices, hidden_subjects, is_common)
SELECT q.after, o.kind, o.match_spec, $3, 0, 0, 0, 0, FALSE
FROM unnest($1::bytea[], $2::bytea[]) AS q (before, after)
JOIN tokens o ON o.token = q.before
ORDER BY q.after
ON CONFLICT (token) DO UPDATE SET kind = t.kind
"""

# one snapshot: each sighting is copied from the one table that it is in, and counted once
_COPY_SIGHTINGS: Final = """
WITH lifted AS MATERIALIZED (
  SELECT * FROM unnest($1::bigint[], $2::int[], $3::bytea[], $4::bytea[])
       AS q (subject_id, office_id, before, after)),
moved AS MATERIALIZED (
  SELECT q.after AS token, s.office_id, s.subject_id, s.alias, FALSE AS is_hidden
  FROM lifted q JOIN sightings s ON s.token = q.before AND s.office_id = q.office_id
                                AND s.subject_id = q.subject_id
  WHERE NOT EXISTS (SELECT FROM sightings x WHERE x.token = q.after
                    AND x.office_id = q.office_id AND x.subject_id = q.subject_id)
  UNION ALL
  SELECT q.after, s.office_id, s.subject_id, s.alias, TRUE
  FROM lifted q JOIN hidden_sightings s ON s.token = q.before AND s.office_id = q.office_id
                                       AND s.subject_id = q.subject_id
  WHERE NOT EXISTS (SELECT FROM hidden_sightings x WHERE x.token = q.after
                    AND x.office_id = q.office_id AND x.subject_id = q.subject_id)),
added AS (
  SELECT token, office_id, count(DISTINCT subject_id) FILTER (WHERE NOT is_hidden) AS seen,
         count(DISTINCT subject_id) FILTER (WHERE is_hidden) AS hidden
  FROM moved GROUP BY token, office_id),
held AS (
  SELECT a.*,
    (SELECT count(*) FROM (SELECT DISTINCT s.subject_id FROM sightings s
       WHERE s.token = a.token AND s.office_id = a.office_id LIMIT $5) AS x) AS had,
    (SELECT count(*) FROM (SELECT DISTINCT s.subject_id FROM hidden_sightings s
       WHERE s.token = a.token AND s.office_id = a.office_id LIMIT $5) AS x) AS had_hidden
  FROM added a),
gained AS (
  SELECT token, sum(least(had + seen, $5) - had) AS subjects,
         count(*) FILTER (WHERE had = 0 AND seen > 0) AS offices,
         sum(least(had_hidden + hidden, $5) - had_hidden) AS hidden_subjects,
         count(*) FILTER (WHERE had_hidden = 0 AND hidden > 0) AS hidden_offices
  FROM held GROUP BY token),
seen AS (
  INSERT INTO sightings (token, office_id, subject_id, alias)
  SELECT token, office_id, subject_id, alias FROM moved WHERE NOT is_hidden
  ORDER BY token, office_id, subject_id),
hidden AS (
  INSERT INTO hidden_sightings (token, office_id, subject_id, alias)
  SELECT token, office_id, subject_id, alias FROM moved WHERE is_hidden
  ORDER BY token, office_id, subject_id),
aside AS (
  INSERT INTO common_sightings (token, office_id, subject_id, alias)
  SELECT q.after, s.office_id, s.subject_id, s.alias
  FROM lifted q JOIN common_sightings s ON s.token = q.before AND s.office_id = q.office_id
                                       AND s.subject_id = q.subject_id)
UPDATE tokens t
SET offices = t.offices + g.offices, subjects = t.subjects + g.subjects,
    hidden_offices = t.hidden_offices + g.hidden_offices,
    hidden_subjects = t.hidden_subjects + g.hidden_subjects
FROM gained g WHERE t.token = g.token
RETURNING t.token, t.kind, t.offices, t.subjects, t.is_common
"""

_MARK_COMMON: Final = "UPDATE tokens SET is_common = TRUE WHERE token = ANY($1::bytea[])"

_RESEAL: Final = """
UPDATE sealed_elements e SET sealing_key_id = $1, sealed = q.sealed
FROM unnest($2::bigint[], $3::bytea[]) AS q (subject_id, sealed)
WHERE e.subject_id = q.subject_id
"""

_OLD_TOKENS: Final = """
SELECT token FROM tokens WHERE token > $1 AND epoch < $2 ORDER BY token LIMIT $3
"""

# rows that a post deletes at the same time are left to it, so that neither waits for the other
_DROP_SIGHTINGS: Final = """
DELETE FROM {table} WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM {table} WHERE token = ANY($1::bytea[]) FOR UPDATE SKIP LOCKED))
"""

_DROP_TOKENS: Final = """
DELETE FROM tokens t WHERE t.token = ANY($1::bytea[])
  AND NOT EXISTS (SELECT FROM sightings s WHERE s.token = t.token)
  AND NOT EXISTS (SELECT FROM hidden_sightings s WHERE s.token = t.token)
  AND NOT EXISTS (SELECT FROM common_sightings s WHERE s.token = t.token)
"""

_MATCH_SPECS: Final = """
SELECT s.office_id, g.match_spec, count(*)
FROM subjects s
CROSS JOIN LATERAL (
  SELECT t.match_spec FROM (
    SELECT token FROM sightings WHERE subject_id = s.id
    UNION ALL SELECT token FROM hidden_sightings WHERE subject_id = s.id
    UNION ALL SELECT token FROM common_sightings WHERE subject_id = s.id) AS h
  JOIN tokens t ON t.token = h.token
  ORDER BY t.match_spec DESC LIMIT 1) AS g
GROUP BY s.office_id, g.match_spec ORDER BY s.office_id, g.match_spec
"""


async def count_match_specs(connection: Connection) -> dict[int, dict[int, int]]:
    """Return by office how many subjects have tokens of which match specification.

    A subject is under one: posting it again replaces all of its tokens. Reads every subject.
    """
    await connection.execute(TAKE_LONG)
    found: dict[int, dict[int, int]] = {}
    for office_id, match_spec, count in await connection.fetch(_MATCH_SPECS):
        found.setdefault(office_id, {})[match_spec] = count
    return found


async def count_unlifted(connection: Connection, epoch: int) -> int:
    """Return how many subjects have elements of an epoch before `epoch`."""
    found: int = await connection.fetchval(_COUNT, epoch)
    return found


async def claim(connection: Connection, after: int, epoch: int, limit: int) -> list[int]:
    """Lock the cases of subjects to lift, in order after a subject's key; return the subjects.

    Cases that are being posted now are left out, so that no post and no rotation waits.
    """
    return [row[0] for row in await connection.fetch(_CLAIM, after, epoch, limit)]


async def list_unlifted(
    connection: Connection, epoch: int, subject_ids: Sequence[int] | None, limit: int
) -> list[SealedSubject]:
    """Return subjects to lift among the given ones, or among all.

    A statement after `claim`: its snapshot sees what a post before the lock left of them.
    """
    rows = await connection.fetch(_READ, epoch, subject_ids, limit)
    return [SealedSubject(*row) for row in rows]


async def list_moved_since(connection: Connection, epoch: int, limit: int) -> list[int]:
    """Return lifted subjects that were set aside when they were lifted, and are matched now."""
    return [row[0] for row in await connection.fetch(_MOVED_SINCE, epoch, limit)]


async def list_lifted(connection: Connection, subject_ids: Sequence[int]) -> list[SealedSubject]:
    """Return subjects as they are sealed, those that were lifted too."""
    rows = await connection.fetch(_READ_LIFTED, subject_ids)
    return [SealedSubject(*row) for row in rows]


async def take_back(connection: Connection, subject_ids: Sequence[int], epoch: int) -> None:
    """Delete what subjects have set aside under `epoch`, before `store` places it anew."""
    await connection.execute(_TAKE_BACK, subject_ids, epoch)


async def reseal(
    connection: Connection, lifted: Sequence[LiftedSubject], sealing_key_id: UUID
) -> None:
    """Store the elements of subjects sealed anew, and their digests in the feed beside earlier."""
    digests = [(each.id, *pair) for each in lifted for pair in each.digests]
    await defendants.add_digests(connection, digests)
    await connection.execute(
        _RESEAL,
        sealing_key_id,
        [subject.id for subject in lifted],
        [subject.sealed for subject in lifted],
    )


async def store(connection: Connection, lifted: Sequence[LiftedSubject], *, epoch: int) -> None:
    """Store tokens under `epoch` beside those that subjects have; their rows go first, in order.

    Each sighting goes where its earlier one is: matched, hidden or set aside. What is there
    already is left.
    """
    tokens = {pair for subject in lifted for pair in subject.tokens}
    await connection.execute(
        _LOCK_TOKENS, [before for before, _ in tokens], [after for _, after in tokens], epoch
    )
    pairs = [(subject, *pair) for subject in lifted for pair in subject.tokens]
    counted = await connection.fetch(
        _COPY_SIGHTINGS,
        [subject.id for subject, _, _ in pairs],
        [subject.office_id for subject, _, _ in pairs],
        [before for _, before, _ in pairs],
        [after for _, _, after in pairs],
        COUNTED_PER_OFFICE,
    )
    became = [row[0] for row in counted if not row[4] and Holders(row[2], row[3]).reason(row[1])]
    if became:
        await connection.execute(_MARK_COMMON, became)


async def drop_old(
    connection: Connection, after: bytes, current: int, limit: int
) -> tuple[bytes | None, int]:
    """Drop sightings and tokens of epochs before `current`, in order after a token.

    Returns:
        The last token looked at, None at the end; and how many tokens are gone.
    """
    tokens = [row[0] for row in await connection.fetch(_OLD_TOKENS, after, current, limit)]
    if not tokens:
        return None, 0
    for table in ("sightings", "hidden_sightings", "common_sightings"):
        await connection.execute(_DROP_SIGHTINGS.format(table=table), tokens)
    gone = await connection.execute(_DROP_TOKENS, tokens)
    return tokens[-1], int(gone.rpartition(" ")[2])


async def end(connection: Connection, epoch: int) -> None:
    """Record that `epoch` has ended and forget the data keys of its sealed elements."""
    await connection.execute(
        "UPDATE key_epochs SET state = 'ended', ended_at = now() WHERE epoch = $1", epoch
    )
    await connection.execute("DELETE FROM sealing_keys WHERE epoch <= $1", epoch)


async def has_old(connection: Connection, current: int) -> bool:
    """Return whether tokens of epochs before `current` are left."""
    query = "SELECT EXISTS (SELECT FROM tokens WHERE epoch < $1)"
    return bool(await connection.fetchval(query, current))
