"""The only module that selects what people are told: their settings, marks and mails."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.core.db import driver
from app.core.models import HORIZON

MOST_COUNTED: Final = 20

# A person's own events: those of the office since the person is there, without the muted types.
# Row security leaves out what it may not know. $1 the office, $2 the person
_OWN: Final = """
FROM events e
JOIN persons p ON p.id = $2
LEFT JOIN notice_settings s ON s.person_id = $2
LEFT JOIN notice_reads r ON r.person_id = $2 AND r.event_number = e.number
WHERE e.office_id = $1 AND e.at >= p.created_at AND e.type <> ALL(coalesce(s.muted, '{}'))
"""
_UNREAD: Final = """
  AND r.event_number IS NULL
  AND (e.written_in, e.number) > (coalesce(s.read_written_in, 0), coalesce(s.read_number, 0))
"""
_IS_READ: Final = """
r.event_number IS NOT NULL
  OR (e.written_in, e.number) <= (coalesce(s.read_written_in, 0), coalesce(s.read_number, 0))
"""
# $3 and $4 the place to go back from, $5 how many, $6 whether only unread ones
_PAGE: Final = f"""
SELECT e.number, e.written_in, {_IS_READ} AS is_read {_OWN}
  AND (e.written_in, e.number) < ($3::bigint, $4::bigint) AND e.written_in < {HORIZON}
  AND (NOT $6::boolean OR (true {_UNREAD}))
ORDER BY e.written_in DESC, e.number DESC LIMIT $5
"""
_COUNT: Final = f"""
SELECT count(*) FROM (
  SELECT 1 {_OWN} {_UNREAD} AND e.written_in < {HORIZON}
  ORDER BY e.written_in, e.number LIMIT {MOST_COUNTED}) AS q
"""  # noqa: S608 -- as above
_NEWEST: Final = f"""
SELECT e.key {_OWN} {_UNREAD} AND e.written_in < {HORIZON}
ORDER BY e.written_in DESC, e.number DESC LIMIT 1
"""
_HAS_MORE: Final = f"""
SELECT count(*) > 0 FROM (
  SELECT 1 {_OWN} {_UNREAD} AND e.written_in < {HORIZON}
    AND (e.written_in, e.number) > (s.mail_written_in, s.mail_number)
  ORDER BY e.written_in, e.number LIMIT 1) AS q
"""  # noqa: S608 -- as above
_PLACE: Final = "SELECT e.number, e.written_in FROM events e WHERE e.office_id = $1 AND e.key = $2"
_SETTING: Final = "SELECT * FROM notice_settings WHERE person_id = $1"
_DOMAIN: Final = "SELECT split_part(contact_email, '@', 2) FROM offices WHERE id = $1"
# who begins has read nothing and gets no mail about what was before
_BEGIN: Final = f"""
INSERT INTO notice_settings (person_id, office_id, muted, read_written_in, read_number, mail,
  mail_written_in, mail_number, mail_due_at)
SELECT $2, $1, '{{}}', 0, 0, 'none', {HORIZON}, 0, $3
ON CONFLICT (person_id) DO NOTHING
"""
_MARK: Final = "INSERT INTO notice_reads VALUES ($1, $2) ON CONFLICT DO NOTHING"
_UNMARK: Final = "DELETE FROM notice_reads WHERE person_id = $1 AND event_number = $2"
_MARK_THROUGH: Final = """
UPDATE notice_settings SET read_written_in = $2, read_number = $3
WHERE person_id = $1 AND (read_written_in, read_number) < ($2, $3)
"""
_CLEAR: Final = """
DELETE FROM notice_reads WHERE person_id = $1 AND event_number IN (
  SELECT number FROM events WHERE (written_in, number) <= ($2::bigint, $3::bigint))
"""
_SET: Final = f"""
UPDATE notice_settings SET muted = $2, mail = $3, address = $4, mail_due_at = $5,
  mail_written_in = CASE WHEN mail = 'none' THEN {HORIZON} ELSE mail_written_in END,
  mail_number = CASE WHEN mail = 'none' THEN 0 ELSE mail_number END
WHERE person_id = $1
"""  # noqa: S608 -- as above
_NEWS: Final = "SELECT office_id, written_in, number FROM newest_events($1::bigint[])"

_OFFICES: Final = "SELECT office_id FROM offices_to_mail($1)"
_ADD_AT_ONCE: Final = f"""
WITH due AS (
  SELECT s.person_id FROM notice_settings s
  WHERE s.office_id = $1 AND s.mail = 'at_once' AND s.mail_due_at <= $2 AND EXISTS (
    SELECT FROM events e WHERE e.office_id = $1 AND e.written_in < {HORIZON}
      AND (e.written_in, e.number) > (s.mail_written_in, s.mail_number)))
INSERT INTO mails (office_id, person_id, state, attempts, due_at)
SELECT $1, person_id, 'waiting', 0, $2 FROM due
ON CONFLICT (person_id) WHERE state = 'waiting' DO NOTHING
"""  # noqa: S608 -- as above
# $1 the office, $2 now, $3 until when, $4 how many
_CLAIM: Final = """
UPDATE mails m SET attempts = m.attempts + 1, claimed_until = $3
FROM persons p, notice_settings s
WHERE p.id = m.person_id AND s.person_id = m.person_id AND m.id IN (
  SELECT x.id FROM mails x WHERE x.office_id = $1 AND x.state = 'waiting' AND x.due_at <= $2
    AND (x.claimed_until IS NULL OR x.claimed_until <= $2)
  ORDER BY x.due_at, x.id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING m.id, m.person_id, m.attempts, p.roles, p.disabled_at, s.mail, s.address
"""
_TOLD: Final = f"""
UPDATE notice_settings SET mail_written_in = {HORIZON}, mail_number = 0, mail_due_at = $2
WHERE person_id = $1
"""  # noqa: S608 -- as above
_SETTLE: Final = """
UPDATE mails SET state = $3, due_at = $4, error = $5, claimed_until = NULL
WHERE id = $1 AND state = 'waiting' AND (attempts = $2 OR $3 = 'delivered')
"""
_DIGEST: Final = text(
    "WITH due AS (UPDATE notice_settings s SET mail_due_at ="
    "   CAST(:now AS timestamptz) + CASE s.mail WHEN 'weekly' THEN interval '160 hours'"
    "     ELSE interval '20 hours' END"
    " WHERE s.person_id IN (SELECT x.person_id FROM notice_settings x"
    "   WHERE x.mail IN ('daily', 'weekly') AND x.mail_due_at <= :now"
    "   ORDER BY x.mail_due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)"
    " RETURNING s.person_id, s.office_id),"
    " added AS (INSERT INTO mails (office_id, person_id, state, attempts, due_at)"
    "   SELECT office_id, person_id, 'waiting', 0, :now FROM due"
    "   ON CONFLICT (person_id) WHERE state = 'waiting' DO NOTHING)"
    " SELECT count(*) FROM due"
)
_ALARM: Final = text(
    "UPDATE mails SET alarmed_at = :now WHERE id IN (SELECT id FROM mails"
    " WHERE alarmed_at IS NULL AND (state = 'dead' OR state = 'waiting' AND due_at <= :late)"
    " ORDER BY due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED) RETURNING office_id"
)
_FORGET: Final = text(
    "DELETE FROM mails WHERE id IN (SELECT id FROM mails WHERE state <> 'waiting'"
    " AND due_at <= :before ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING id"
)


_HEALTH: Final = text(
    "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,"
    " min(due_at) FILTER (WHERE state = 'waiting') AS oldest_due_at,"
    " count(*) FILTER (WHERE state = 'dead') AS dead FROM mails"
)


async def list_own(
    session: AsyncSession,
    principal: Principal,
    *,
    before: tuple[int, int],
    limit: int,
    is_unread_only: bool,
) -> list[asyncpg.Record]:
    """Return a page of a person's own events, newest first: number, transaction and mark."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _PAGE, principal.office_id, principal.person_id, *before, limit, is_unread_only
    )
    return rows


async def count_unread(session: AsyncSession, principal: Principal) -> int:
    """Return how many events a person has not read, at most `MOST_COUNTED`."""
    connection = await driver(session)
    return int(await connection.fetchval(_COUNT, principal.office_id, principal.person_id))


async def get_newest_unread(session: AsyncSession, principal: Principal) -> UUID | None:
    """Return the key of the newest event that a person has not read, None without one."""
    connection = await driver(session)
    key: UUID | None = await connection.fetchval(_NEWEST, principal.office_id, principal.person_id)
    return key


async def get_place(
    session: AsyncSession, principal: Principal, key: UUID | None
) -> tuple[int, int] | None:
    """Return number and transaction of an event that the caller may know of, None of another."""
    row = await (await driver(session)).fetchrow(_PLACE, principal.office_id, key)
    return None if row is None else (row["number"], row["written_in"])


async def get_setting(session: AsyncSession, person_id: UUID | None) -> asyncpg.Record | None:
    """Return a person's settings, None where it never chose any."""
    row: asyncpg.Record | None = await (await driver(session)).fetchrow(_SETTING, person_id)
    return row


async def get_domain(session: AsyncSession, office_id: int) -> str:
    """Return the mail domain of an office."""
    return str(await (await driver(session)).fetchval(_DOMAIN, office_id))


async def add_setting(session: AsyncSession, principal: Principal, *, now: datetime) -> None:
    """Give a person settings that change nothing, if it has none."""
    connection = await driver(session)
    await connection.execute(_BEGIN, principal.office_id, principal.person_id, now)


async def mark(
    session: AsyncSession, person_id: UUID | None, number: int, *, is_read: bool
) -> None:
    """Mark one event."""
    connection = await driver(session)
    await connection.execute(_MARK if is_read else _UNMARK, person_id, number)


async def mark_through(
    session: AsyncSession, person_id: UUID | None, written_in: int, number: int
) -> None:
    """Mark everything up to a place."""
    connection = await driver(session)
    await connection.execute(_MARK_THROUGH, person_id, written_in, number)
    await connection.execute(_CLEAR, person_id, written_in, number)


async def set_choices(
    session: AsyncSession,
    person_id: UUID | None,
    muted: Sequence[str],
    mail: str,
    address: str | None,
    *,
    now: datetime,
) -> None:
    """Write what a person wants; mail that begins is about what comes from now on."""
    connection = await driver(session)
    await connection.execute(_SET, person_id, muted, mail, address, now)


async def list_news(session: AsyncSession, offices: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return the place of the newest event of each office, whoever may know of it."""
    rows = await (await driver(session)).fetch(_NEWS, offices)
    return {row[0]: (row[1], row[2]) for row in rows}


async def list_offices_to_mail(session: AsyncSession, *, now: datetime) -> list[int]:
    """Return the offices for whose people there may be mail; needs no office."""
    rows = await (await driver(session)).fetch(_OFFICES, now)
    return [row[0] for row in rows]


async def add_at_once(session: AsyncSession, office_id: int, *, now: datetime) -> None:
    """Put a mail into the outbox for each person of an office that wants it at once."""
    await (await driver(session)).execute(_ADD_AT_ONCE, office_id, now)


async def claim(
    session: AsyncSession, office_id: int, *, now: datetime, until: datetime, limit: int
) -> list[asyncpg.Record]:
    """Return due mails of an office, claimed `until` then, each with its person."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _CLAIM, office_id, now, until, limit
    )
    return rows


async def has_more(session: AsyncSession, principal: Principal) -> bool:
    """Return whether a person has something unread that no mail was about."""
    connection = await driver(session)
    return bool(await connection.fetchval(_HAS_MORE, principal.office_id, principal.person_id))


async def note_told(session: AsyncSession, person_id: UUID, *, next_at: datetime) -> None:
    """Note that a person was told of everything up to now, and when it may be told again."""
    await (await driver(session)).execute(_TOLD, person_id, next_at)


async def settle(
    session: AsyncSession,
    mail: asyncpg.Record,
    state: str,
    *,
    at: datetime,
    error: str | None = None,
) -> None:
    """Write how an attempt went, unless another worker has taken the mail over."""
    connection = await driver(session)
    await connection.execute(_SETTLE, mail["id"], mail["attempts"], state, at, error)


async def add_digests(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Put a mail into the outbox for each person whose day or week is over; return how many."""
    found = await session.execute(_DIGEST, {"now": now, "limit": limit})
    return int(found.scalar_one())


async def alarm(session: AsyncSession, *, now: datetime, late: datetime, limit: int) -> list[int]:
    """Mark mails that were given up, or due before `late`, once; return their offices."""
    values: dict[str, Any] = {"now": now, "late": late, "limit": limit}
    return [row[0] for row in await session.execute(_ALARM, values)]


async def forget(session: AsyncSession, *, before: datetime, limit: int) -> int:
    """Delete mails that were settled before then; return how many."""
    gone = await session.execute(_FORGET, {"before": before, "limit": limit})
    return len(gone.all())


async def get_health(session: AsyncSession) -> RowMapping:
    """Return how many mails wait, since when the oldest is due, and how many are dead."""
    return (await session.execute(_HEALTH)).mappings().one()
