"""Set-based SQL of a rotation, on the driver inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from app.epochs.queries import GATE

Connection = asyncpg.Connection


@dataclass(frozen=True)
class SealedSubject:
    """A subject whose sealed elements are of an epoch before."""

    id: int
    office_id: int
    key_id: UUID
    sealed_key: bytes
    sealed: bytes


@dataclass(frozen=True)
class LiftedSubject:
    """The same with its tokens before and after, and its elements sealed anew."""

    id: int
    office_id: int
    tokens: Sequence[tuple[bytes, bytes]]
    """Each token once: before, after."""
    sealed: bytes


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

_READ: Final = """
SELECT e.subject_id, s.office_id, k.id, k.sealed_key, e.sealed
FROM sealed_elements e
JOIN sealing_keys k ON k.id = e.sealing_key_id
JOIN subjects s ON s.id = e.subject_id
WHERE k.epoch < $1 AND ($2::bigint[] IS NULL OR e.subject_id = ANY($2))
ORDER BY e.subject_id LIMIT $3
"""

_INSERT_TOKENS: Final = """
INSERT INTO tokens AS t (token, kind, match_spec, epoch, subjects, offices)
SELECT q.after, o.kind, o.match_spec, $4, q.subjects, 0
FROM unnest($1::bytea[], $2::bytea[], $3::int[]) AS q (before, after, subjects)
JOIN tokens o ON o.token = q.before
ORDER BY q.after
ON CONFLICT (token) DO UPDATE SET subjects = t.subjects + excluded.subjects
"""

_COPY_SIGHTINGS: Final = """
WITH moved AS MATERIALIZED (
  SELECT q.after AS token, s.office_id, s.subject_id, s.alias
  FROM unnest($1::bigint[], $2::int[], $3::bytea[], $4::bytea[])
       AS q (subject_id, office_id, before, after)
  JOIN sightings s ON s.token = q.before AND s.office_id = q.office_id
                  AND s.subject_id = q.subject_id),
gained AS (
  SELECT h.token, count(*) AS offices
  FROM (SELECT DISTINCT token, office_id FROM moved) AS h
  WHERE NOT EXISTS (SELECT FROM sightings x WHERE x.token = h.token AND x.office_id = h.office_id)
  GROUP BY h.token),
counted AS (
  UPDATE tokens t SET offices = t.offices + g.offices FROM gained g WHERE t.token = g.token),
common AS (
  INSERT INTO common_sightings (token, office_id, subject_id, alias)
  SELECT q.after, s.office_id, s.subject_id, s.alias
  FROM unnest($1::bigint[], $2::int[], $3::bytea[], $4::bytea[])
       AS q (subject_id, office_id, before, after)
  JOIN common_sightings s ON s.token = q.before AND s.office_id = q.office_id
                         AND s.subject_id = q.subject_id)
INSERT INTO sightings (token, office_id, subject_id, alias)
SELECT token, office_id, subject_id, alias FROM moved ORDER BY token, office_id, subject_id
"""

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
  AND NOT EXISTS (SELECT FROM common_sightings s WHERE s.token = t.token)
"""


_MATCH_SPECS: Final = """
SELECT g.match_spec, count(*)
FROM cases c
JOIN subjects s ON s.case_id = c.id
CROSS JOIN LATERAL (
  SELECT t.match_spec FROM sightings h JOIN tokens t ON t.token = h.token
  WHERE h.subject_id = s.id ORDER BY t.match_spec DESC LIMIT 1) AS g
WHERE c.office_id = $1
GROUP BY g.match_spec ORDER BY g.match_spec
"""


async def count_match_specs(connection: Connection, office_id: int) -> dict[int, int]:
    """Return how many subjects of an office have tokens of which match specification.

    A subject is under one: posting it again replaces all of its tokens.
    """
    rows = await connection.fetch(_MATCH_SPECS, office_id)
    return {row[0]: row[1] for row in rows}


async def close_gate(connection: Connection) -> None:
    """Wait for the posts under way and hold off further ones until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", GATE)


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


async def store(
    connection: Connection, lifted: Sequence[LiftedSubject], *, epoch: int, sealing_key_id: UUID
) -> None:
    """Store subjects under `epoch` beside what they have; the rows of tokens go first, in order."""
    holders: dict[tuple[bytes, bytes], int] = {}
    for subject in lifted:
        for pair in subject.tokens:
            holders[pair] = holders.get(pair, 0) + 1
    await connection.execute(
        _INSERT_TOKENS,
        [before for before, _ in holders],
        [after for _, after in holders],
        list(holders.values()),
        epoch,
    )
    pairs = [(subject, *pair) for subject in lifted for pair in subject.tokens]
    await connection.execute(
        _COPY_SIGHTINGS,
        [subject.id for subject, _, _ in pairs],
        [subject.office_id for subject, _, _ in pairs],
        [before for _, before, _ in pairs],
        [after for _, _, after in pairs],
    )
    await connection.execute(
        _RESEAL,
        sealing_key_id,
        [subject.id for subject in lifted],
        [subject.sealed for subject in lifted],
    )


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
    for table in ("sightings", "common_sightings"):
        await connection.execute(_DROP_SIGHTINGS.format(table=table), tokens)
    gone = await connection.execute(_DROP_TOKENS, tokens)
    return tokens[-1], int(gone.rpartition(" ")[2])


async def begin(connection: Connection, epoch: int) -> None:
    """Record that tokens are being lifted to `epoch`; once recorded, nothing changes."""
    await connection.execute(
        "INSERT INTO key_epochs (epoch, state, began_at) VALUES ($1, 'next', now())"
        " ON CONFLICT DO NOTHING",
        epoch,
    )


async def switch(connection: Connection, grace_seconds: float) -> None:
    """Make the next epoch the current one, and the current one the previous."""
    await connection.execute(
        "UPDATE key_epochs SET state = 'previous',"
        " accepted_until = now() + make_interval(secs => $1) WHERE state = 'current'",
        grace_seconds,
    )
    await connection.execute(
        "UPDATE key_epochs SET state = 'current', switched_at = now() WHERE state = 'next'"
    )


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
