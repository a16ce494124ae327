"""SQL of suppression entries, on the driver inside the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.suppressions.rows import Cover, Flagged, LiftedEntry, Mode, SealedEntry, StandingEntry

Connection = asyncpg.Connection

_COVERED: Final = """
CASE s.scope WHEN 'office' THEN ARRAY[s.office_id]
             WHEN 'state' THEN ARRAY(SELECT o.id::int FROM offices o WHERE o.state = s.state) END
"""

# the sealed element is for key rotation alone
_TOLD: Final = """
s.id, s.kind, s.epoch, s.mode, s.scope, s.state, s.reason, s.expires_on, s.added_at, s.ended_at
"""

_IN_FORCE: Final = f"""
SELECT s.token, s.mode, {_COVERED}
FROM suppressions s
WHERE s.token = ANY($1::bytea[]) AND s.ended_at IS NULL AND s.expires_on > $2
"""  # noqa: S608 -- constants only

_INSERT: Final = f"""
WITH flagged AS (UPDATE tokens SET is_suppressed = TRUE WHERE token = $3),
s AS (
  INSERT INTO suppressions (id, office_id, token, kind, epoch, mode, scope, state, reason,
                            expires_on, added_at, sealing_key_id, sealed)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  ON CONFLICT DO NOTHING RETURNING office_id, scope, state)
SELECT {_COVERED} FROM s
"""  # noqa: S608 -- constants only

_OWN: Final = """
SELECT id, office_id, token, kind, epoch FROM suppressions
WHERE id = $1 AND office_id = $2 AND ended_at IS NULL AND (mode = 'alarm') = $3
"""

_IS_ENDED: Final = """
SELECT EXISTS (SELECT FROM suppressions
  WHERE id = $1 AND office_id = $2 AND ended_at IS NOT NULL AND mode <> 'alarm')
"""

_STANDING_END: Final = """
SELECT expires_on FROM suppressions
WHERE token = $1 AND office_id = $2 AND scope = $3 AND (mode = 'alarm') = $4 AND ended_at IS NULL
"""

# the matcher adds alarms and reads none
_RAISE: Final = """
WITH used AS MATERIALIZED (
  SELECT s.id, q.case_id FROM unnest($2::bytea[], $3::bigint[]) AS q (token, case_id)
  JOIN suppressions s ON s.token = q.token AND s.mode = 'alarm' AND s.ended_at IS NULL),
raised AS (
  INSERT INTO canary_alarms (canary_id, office_id, case_id, raised_at)
  SELECT id, $1, case_id, $4 FROM used)
SELECT DISTINCT id FROM used ORDER BY id
"""

_CANARIES: Final = """
SELECT s.id, s.kind, s.expires_on,
       (SELECT count(*) FROM canary_alarms a WHERE a.canary_id = s.id) AS alarms
FROM suppressions s JOIN offices o ON o.id = s.office_id
WHERE o.code = $1 AND s.mode = 'alarm' AND s.ended_at IS NULL
ORDER BY s.id DESC
"""

# whom to reach: the office's contact about security, or else the one for everything
_ALARMS: Final = """
SELECT a.raised_at, a.canary_id, s.kind, owner.code AS owner, poster.code AS office, a.case_id,
       coalesce(c.email, owner.contact_email) AS owner_email,
       coalesce(d.email, poster.contact_email) AS office_email
FROM canary_alarms a
JOIN suppressions s ON s.id = a.canary_id
JOIN offices owner ON owner.id = s.office_id
LEFT JOIN office_contacts c ON c.office_id = owner.id AND c.role = 'security'
JOIN offices poster ON poster.id = a.office_id
LEFT JOIN office_contacts d ON d.office_id = poster.id AND d.role = 'security'
WHERE a.raised_at >= $1
ORDER BY a.id
"""

_END: Final = f"""
WITH ended AS (
  UPDATE suppressions SET ended_at = $3, sealing_key_id = NULL, sealed = NULL
  WHERE id = $1 AND office_id = $2 AND ended_at IS NULL
  RETURNING id, token, office_id, scope, state),
flagged AS (
  UPDATE tokens t SET is_suppressed = FALSE FROM ended e
  WHERE t.token = e.token AND NOT EXISTS (
    SELECT FROM suppressions o WHERE o.token = e.token AND o.ended_at IS NULL AND o.id <> e.id))
SELECT {_COVERED} FROM ended s
"""  # noqa: S608 -- constants only

# $1 the office that asks, $2 the key before which to begin, $3 how many
_SHOWN: Final = f"""
SELECT {_TOLD}, s.office_id = $1 AS is_own, owner.code AS owner
FROM suppressions s LEFT JOIN offices owner ON owner.id = s.office_id
WHERE s.ended_at IS NULL AND s.mode <> 'alarm' AND ($2::uuid IS NULL OR s.id < $2)
  AND (s.office_id = $1 OR s.scope = 'all'
       OR s.state = (SELECT o.state FROM offices o WHERE o.id = $1))
ORDER BY s.id DESC LIMIT $3
"""  # noqa: S608 -- constants only

_ONE: Final = f"""
SELECT {_TOLD}, TRUE AS is_own, owner.code AS owner
FROM suppressions s LEFT JOIN offices owner ON owner.id = s.office_id
WHERE s.id = $1
"""  # noqa: S608 -- constants only

_STANDING: Final = f"{_ONE} AND s.office_id = $2 AND s.ended_at IS NULL AND s.mode <> 'alarm'"

_EXPIRED: Final = """
SELECT id, office_id, token, kind, epoch FROM suppressions
WHERE ended_at IS NULL AND expires_on <= $1 AND ($3::bigint IS NULL OR office_id = $3)
ORDER BY expires_on, id LIMIT $2
"""

_UNLIFTED: Final = """
SELECT s.id, k.id, k.sealed_key, s.sealed
FROM suppressions s JOIN sealing_keys k ON k.id = s.sealing_key_id
WHERE k.epoch < $1
ORDER BY s.id LIMIT $2
"""

_STORE_LIFTED: Final = """
WITH lifted AS MATERIALIZED (
  SELECT q.id, s.token AS before, q.after, q.sealed
  FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS q (id, after, sealed)
  JOIN suppressions s ON s.id = q.id),
flagged AS (
  INSERT INTO tokens AS t (token, kind, match_spec, epoch, offices, subjects,
                           hidden_offices, hidden_subjects, is_common, is_suppressed)
  SELECT DISTINCT q.after, o.kind, o.match_spec, $4::smallint, 0, 0, 0, 0, FALSE, TRUE
  FROM lifted q JOIN tokens o ON o.token = q.before
  ORDER BY q.after
  ON CONFLICT (token) DO UPDATE SET is_suppressed = TRUE)
UPDATE suppressions s
SET token = q.after, epoch = $4::smallint, sealing_key_id = $5, sealed = q.sealed
FROM lifted q WHERE s.id = q.id
"""


async def get_in_force(
    connection: Connection, tokens: Collection[bytes], *, today: date
) -> Flagged:
    """Return the entries of tokens that are neither ended nor expired, and which are canaries."""
    found: dict[bytes, list[tuple[Mode, Cover]]] = defaultdict(list)
    canaries = set()
    for token, mode, offices in await connection.fetch(_IN_FORCE, tokens, today):
        if mode == "alarm":
            canaries.add(token)
        else:
            found[token].append((mode, _cover(offices)))
    return Flagged(found, frozenset(canaries))


async def raise_alarms(
    connection: Connection,
    office_id: int,
    touched: Sequence[tuple[bytes, int]],
    *,
    now: datetime,
) -> list[UUID]:
    """Note that an office used canaries, by (token, case id); return which, each once."""
    tokens, cases = map(list, zip(*touched, strict=True))
    rows = await connection.fetch(_RAISE, office_id, tokens, cases, now)
    return [row[0] for row in rows]


async def list_canaries(connection: Connection, office_code: str) -> list[asyncpg.Record]:
    """Return the canaries of an office that stand, newest first, with how often each was used."""
    return list(await connection.fetch(_CANARIES, office_code))


async def list_alarms(connection: Connection, *, since: datetime) -> list[asyncpg.Record]:
    """Return alarms from `since` on, oldest first, with whom to reach about security."""
    return list(await connection.fetch(_ALARMS, since))


async def insert_suppression(connection: Connection, *values: object) -> Cover | None:
    """Store an entry and flag its token, whose row the caller has locked.

    The values are those of the columns but `ended_at`, in their order. Returns whom the entry
    covers; None where the owner has a standing one of the same token and scope.
    """
    row = await connection.fetchrow(_INSERT, *values)
    return None if row is None else _cover(row[0])


async def get_standing_end(
    connection: Connection, token: bytes, office_id: int, scope: str, *, is_canary: bool
) -> date:
    """Return the day from which on the office's standing entry, or canary, has no effect."""
    day: date = await connection.fetchval(_STANDING_END, token, office_id, scope, is_canary)
    return day


async def get_own(
    connection: Connection, suppression_id: UUID, office_id: int, *, is_canary: bool = False
) -> StandingEntry | None:
    """Return a standing entry, or canary, of the office; None without one."""
    row = await connection.fetchrow(_OWN, suppression_id, office_id, is_canary)
    return None if row is None else StandingEntry(*row)


async def is_ended(connection: Connection, suppression_id: UUID | None, office_id: int) -> bool:
    """Return whether the office had this entry and ended it."""
    return bool(await connection.fetchval(_IS_ENDED, suppression_id, office_id))


async def end_suppression(
    connection: Connection, suppression_id: UUID, office_id: int, *, now: datetime
) -> Cover | None:
    """End an entry; its token, which the caller has locked, loses the flag with the last one.

    Returns whom it covered; None where it does not stand any more.
    """
    row = await connection.fetchrow(_END, suppression_id, office_id, now)
    return None if row is None else _cover(row[0])


async def get_suppression(connection: Connection, suppression_id: UUID) -> asyncpg.Record:
    """Return an entry as its owner sees it."""
    (row,) = await connection.fetch(_ONE, suppression_id)
    return row


async def find_standing(
    connection: Connection, suppression_id: UUID, office_id: int
) -> asyncpg.Record | None:
    """Return an entry of the office that stands, None without one."""
    return await connection.fetchrow(_STANDING, suppression_id, office_id)


async def list_shown(
    connection: Connection, office_id: int, *, before: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return standing entries of the office, of its state and of all, newest first."""
    return list(await connection.fetch(_SHOWN, office_id, before, limit))


async def list_expired(
    connection: Connection, *, today: date, limit: int, office_id: int | None
) -> list[StandingEntry]:
    """Return standing entries, of one office or of all, that expired; longest expired first."""
    rows = await connection.fetch(_EXPIRED, today, limit, office_id)
    return [StandingEntry(*row) for row in rows]


async def list_unlifted(connection: Connection, epoch: int, limit: int) -> list[SealedEntry]:
    """Return standing entries whose elements are of an epoch before `epoch`."""
    return [SealedEntry(*row) for row in await connection.fetch(_UNLIFTED, epoch, limit)]


async def store_lifted(
    connection: Connection, lifted: Sequence[LiftedEntry], *, epoch: int, sealing_key_id: UUID
) -> None:
    """Move entries to their tokens of `epoch`; the caller keeps posts from both (rotation)."""
    columns = [list(column) for column in zip(*lifted, strict=True)]
    await connection.execute(_STORE_LIFTED, *columns, epoch, sealing_key_id)


def _cover(offices: Collection[int] | None) -> Cover:
    return Cover(None if offices is None else frozenset(offices))
