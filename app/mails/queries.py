"""The only module that selects mails: the outbox, and up to where each person was told."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import driver
from app.core.models import HORIZON
from app.outbox.queries import Outbox

_OFFICES: Final = "SELECT office_id FROM offices_to_mail($1)"
_ADD_AT_ONCE: Final = f"""
WITH due AS (
  SELECT s.person_id FROM notice_settings s
  JOIN persons p ON p.id = s.person_id AND p.disabled_at IS NULL
  WHERE s.office_id = $1 AND s.mail = 'at_once' AND s.mail_due_at <= $2 AND EXISTS (
    SELECT FROM events e WHERE e.office_id = $1 AND e.written_in < {HORIZON}
      AND e.written_in >= s.mail_written_in))
INSERT INTO mails (office_id, person_id, state, attempts, due_at)
SELECT $1, person_id, 'waiting', 0, $2 FROM due
ON CONFLICT (person_id) WHERE state = 'waiting' DO NOTHING
"""  # noqa: S608 -- as above
# Whatever was passed on since the last mail is one; long after that it would tell of nothing new
_ADD_TO_BACKUP: Final = """
INSERT INTO mails (office_id, state, attempts, due_at)
SELECT $1, 'waiting', 0, $2 WHERE EXISTS (
  SELECT FROM reminders r
  WHERE r.office_id = $1 AND r.level = 'backup'
    AND r.made_at > $2::timestamptz - interval '2 days' AND r.made_at <= $2
    AND NOT EXISTS (SELECT FROM mails b WHERE b.office_id = $1 AND b.person_id IS NULL
                    AND b.due_at >= r.made_at))
ON CONFLICT (office_id) WHERE state = 'waiting' AND person_id IS NULL DO NOTHING
"""
# $1 the office, $2 now, $3 until when, $4 how many; one to nobody's account is to the backup
_CLAIM: Final = """
WITH claimed AS (
  UPDATE mails m SET attempts = m.attempts + 1, claimed_until = $3
  WHERE m.id IN (
    SELECT x.id FROM mails x WHERE x.office_id = $1 AND x.state = 'waiting' AND x.due_at <= $2
      AND (x.claimed_until IS NULL OR x.claimed_until <= $2)
    ORDER BY x.due_at, x.id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED)
  RETURNING m.id, m.office_id, m.person_id, m.attempts)
SELECT m.id, m.person_id, m.attempts, p.roles, p.disabled_at, s.mail, s.mail_written_in,
  CASE lower(substr(a.address, strpos(a.address, '@') + 1)) WHEN o.mail_domain
    THEN a.address END AS address
FROM claimed m
JOIN offices o ON o.id = m.office_id
LEFT JOIN persons p ON p.id = m.person_id
LEFT JOIN notice_settings s ON s.person_id = m.person_id
LEFT JOIN office_contacts b
  ON m.person_id IS NULL AND b.office_id = m.office_id AND b.role = 'backup'
CROSS JOIN LATERAL (SELECT coalesce(s.address, b.email) AS address) AS a
"""
# Locked, so that nobody takes it over before it is settled or written that it was sent
_IS_CLAIMED: Final = """
SELECT true FROM mails WHERE id = $1 AND state = 'waiting' AND attempts = $2 FOR NO KEY UPDATE
"""
_TOLD: Final = """
UPDATE notice_settings SET mail_written_in = $2, mail_due_at = $3
WHERE person_id = $1
"""
_DIGEST: Final = text(
    "WITH due AS (UPDATE notice_settings s SET mail_due_at ="
    "   CAST(:now AS timestamptz) + CASE s.mail WHEN 'weekly' THEN interval '160 hours'"
    "     ELSE interval '20 hours' END"
    " WHERE s.person_id IN (SELECT x.person_id FROM notice_settings x"
    "   JOIN persons p ON p.id = x.person_id AND p.disabled_at IS NULL"
    "   WHERE x.mail IN ('daily', 'weekly') AND x.mail_due_at <= :now"
    "   AND (CAST(:office AS bigint) IS NULL OR x.office_id = :office)"
    "   ORDER BY x.mail_due_at LIMIT :limit FOR NO KEY UPDATE OF x SKIP LOCKED)"
    " RETURNING s.person_id, s.office_id),"
    " added AS (INSERT INTO mails (office_id, person_id, state, attempts, due_at)"
    "   SELECT office_id, person_id, 'waiting', 0, :now FROM due"
    "   ON CONFLICT (person_id) WHERE state = 'waiting' DO NOTHING)"
    " SELECT count(*) FROM due"
)
MAILS: Final = Outbox(
    "mail", "mails", "office_id IN (SELECT o.id FROM offices o WHERE o.suspended_at IS NULL)"
)
# A mail says the same whenever it comes, so one is enough for each person; it counts as tried, or
# the worker would look for what has come since
_AGAIN: Final = text(
    "WITH dead AS (SELECT id, office_id, due_at,"
    "   row_number() OVER (PARTITION BY office_id, person_id ORDER BY due_at DESC, id) = 1"
    "   AND NOT EXISTS (SELECT FROM mails w WHERE w.office_id = m.office_id"
    "     AND w.person_id IS NOT DISTINCT FROM m.person_id AND w.state = 'waiting') AS is_sent"
    "   FROM mails m WHERE state = 'dead')"
    " UPDATE mails m SET state = CASE WHEN d.is_sent THEN 'waiting' ELSE 'withheld' END,"
    " attempts = 1, due_at = CASE WHEN d.is_sent THEN CAST(:now AS timestamptz) ELSE d.due_at END,"
    " error = NULL, alarmed_at = NULL FROM dead d WHERE m.id = d.id AND m.state = 'dead'"
    " RETURNING d.office_id, d.is_sent"
)


async def list_offices_to_mail(session: AsyncSession, *, now: datetime) -> list[int]:
    """Return the offices for whose people there may be mail; needs no office."""
    rows = await (await driver(session)).fetch(_OFFICES, now)
    return [row[0] for row in rows]


async def add_at_once(session: AsyncSession, office_id: int, *, now: datetime) -> None:
    """Put a mail into the outbox for each person of an office that wants it at once."""
    await (await driver(session)).execute(_ADD_AT_ONCE, office_id, now)


async def add_to_backup(session: AsyncSession, office_id: int, *, now: datetime) -> None:
    """Put a mail to an office's backup into the outbox where something was passed on lately."""
    await (await driver(session)).execute(_ADD_TO_BACKUP, office_id, now)


async def claim(
    session: AsyncSession, office_id: int, *, now: datetime, until: datetime, limit: int
) -> list[asyncpg.Record]:
    """Return due mails of an office, claimed `until` then, each with its person if it has one.

    Without an address where the person, or the backup, has none in the office's mail domain.
    """
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _CLAIM, office_id, now, until, limit
    )
    return rows


async def is_claimed(session: AsyncSession, mail: asyncpg.Record) -> bool:
    """Return whether no other worker has taken a mail over."""
    connection = await driver(session)
    return bool(await connection.fetchval(_IS_CLAIMED, mail["id"], mail["attempts"]))


async def note_told(
    session: AsyncSession, person_id: UUID, horizon: int, *, next_at: datetime
) -> None:
    """Note that a person was told of everything before then, and when it may be told again."""
    await (await driver(session)).execute(_TOLD, person_id, horizon, next_at)


async def add_digests(
    session: AsyncSession, *, now: datetime, limit: int, office_id: int | None
) -> int:
    """Put a mail into the outbox for each person whose day or week is over; return how many."""
    found = await session.execute(_DIGEST, {"now": now, "limit": limit, "office": office_id})
    return int(found.scalar_one())


async def send_again(session: AsyncSession, *, now: datetime) -> list[int]:
    """Let mails that were given up wait again, one for each person; return their offices."""
    found = await session.execute(_AGAIN, {"now": now})
    return [row.office_id for row in found if row.is_sent]
