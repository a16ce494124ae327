"""The only module that selects what people are told: their settings and marks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.cases.overlap_schemas import CaseRef
from app.core.db import driver
from app.core.models import HORIZON

MOST_COUNTED: Final = 20

# From when on a person's events are its own, what it muted, the place up to which it read, and what
# it read after that. Asked for first: an index gives what parameters bound, and what they leave out
# is left out before row security, which asks the ladder of each event, and that takes longer than
# to look through thousands of marks. Bitmaps are off from here to `_BITMAPS`: they have no order,
# so that all would be asked about before the newest are taken. $1 the person
_OWN: Final = """
SELECT coalesce(p.created_at, 'infinity'), coalesce(s.muted, '{}'),
  coalesce(s.read_written_in, 0), coalesce(s.read_number, 0),
  ARRAY(SELECT r.event_number FROM notice_reads r WHERE r.person_id = $1),
  set_config('enable_bitmapscan', 'off', true)
FROM (SELECT $1::uuid AS id) i LEFT JOIN persons p USING (id)
LEFT JOIN notice_settings s ON s.person_id = p.id
"""
# A person's own events: those of the office since the person is there, without the muted types.
# Row security leaves out what it may not know. $1 the office, $2 to $6 as above
_EVENTS: Final = """
FROM events e
WHERE e.office_id = $1 AND e.at >= $2::timestamptz AND e.type <> ALL($3::text[])
"""
_UNREAD: Final = """
  AND e.number <> ALL($6::bigint[]) AND (e.written_in, e.number) > ($4::bigint, $5::bigint)
"""
# $7 and $8 the place to go back from, $9 how many, $10 whether only unread ones, $11 of which types
# or null
_PAGE: Final = f"""
SELECT e.number, e.written_in, e.number = ANY($6::bigint[])
  OR (e.written_in, e.number) <= ($4::bigint, $5::bigint) AS is_read {_EVENTS}
  AND (e.written_in, e.number) < ($7::bigint, $8::bigint) AND e.written_in < {HORIZON}
  AND (NOT $10::boolean OR (true {_UNREAD}))
  AND ($11::text[] IS NULL OR e.type = ANY($11))
ORDER BY e.written_in DESC, e.number DESC LIMIT $9
"""
_COUNT: Final = f"""
SELECT count(*) FROM (
  SELECT 1 {_EVENTS} {_UNREAD} AND e.written_in < {HORIZON} LIMIT {MOST_COUNTED}) AS q
"""  # noqa: S608 -- as above
_NEWEST: Final = f"""
SELECT e.key {_EVENTS} {_UNREAD} AND e.written_in < {HORIZON}
ORDER BY e.written_in DESC, e.number DESC LIMIT 1
"""
# $7 up to where it was mailed, $8 the horizon
_HAS_MORE: Final = f"""
SELECT EXISTS (SELECT {_EVENTS} {_UNREAD} AND e.written_in >= $7 AND e.written_in < $8)
"""
_BITMAPS: Final = "SET LOCAL enable_bitmapscan TO DEFAULT"
_PLACE: Final = "SELECT e.number, e.written_in FROM events e WHERE e.office_id = $1 AND e.key = $2"
_SETTING: Final = "SELECT * FROM notice_settings WHERE person_id = $1"
_DOMAIN: Final = "SELECT mail_domain FROM offices WHERE id = $1"
# who begins has read nothing and gets no mail about what was before
_BEGIN: Final = f"""
INSERT INTO notice_settings (person_id, office_id, muted, read_written_in, read_number, mail,
  mail_written_in, mail_due_at)
SELECT $2, $1, '{{}}', 0, 0, 'none', {HORIZON}, $3
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
  mail_written_in = CASE WHEN mail = 'none' THEN {HORIZON} ELSE mail_written_in END
WHERE person_id = $1
"""  # noqa: S608 -- as above
# $1 the office, $2 the person, $3 numbers of events; of several cases that it asks about, the first
_CASES: Final = f"""
SELECT e.number, c.source_system, c.external_id
FROM events e
LEFT JOIN overlap_sides s ON s.overlap_id = e.overlap_id AND s.office_id = $1
LEFT JOIN handling_parties me ON me.request_id = e.request_id AND me.office_id = $1
JOIN cases c ON c.office_id = $1 AND c.id = coalesce(e.case_id, s.case_id, me.case_id, (
  SELECT q.requester_case_id FROM handling_parties q
  WHERE q.request_id = me.request_id AND me.number = 1 AND q.requester_case_id IS NOT NULL
  ORDER BY q.number LIMIT 1))
WHERE e.office_id = $1 AND e.number = ANY($3::bigint[])
  AND {ladder.NOT_WALLED.format(cases="c.id", office="$1::bigint", person="$2::uuid")}
"""  # noqa: S608 -- as above
_NEWS: Final = "SELECT office_id, written_in, number FROM newest_events($1::bigint[])"

_ENDED: Final = """
SELECT q.digest FROM unnest($1::bytea[]) AS q (digest)
LEFT JOIN sign_ins s ON s.digest = q.digest
LEFT JOIN persons p ON p.id = s.person_id AND p.disabled_at IS NULL
LEFT JOIN offices o ON o.id = p.office_id AND o.suspended_at IS NULL
WHERE o.id IS NULL
"""


async def list_own(
    session: AsyncSession,
    principal: Principal,
    *,
    before: tuple[int, int],
    limit: int,
    is_unread_only: bool,
    types: Sequence[str] | None,
) -> list[asyncpg.Record]:
    """Return a page of a person's own events, newest first: number, transaction and mark.

    Of any type, or of `types`.
    """
    async with _in_order(session, principal) as (connection, own):
        rows: list[asyncpg.Record] = await connection.fetch(
            _PAGE, *own, *before, limit, is_unread_only, types
        )
    return rows


async def list_own_cases(
    session: AsyncSession, principal: Principal, numbers: Sequence[int]
) -> dict[int, CaseRef]:
    """Return by number of an event the case of the person's office that it is about, if it is."""
    rows = await (await driver(session)).fetch(
        _CASES, principal.office_id, principal.person_id, numbers
    )
    return {
        row["number"]: CaseRef(source_system=row["source_system"], external_id=row["external_id"])
        for row in rows
    }


async def count_unread(session: AsyncSession, principal: Principal) -> int:
    """Return how many events a person has not read, at most `MOST_COUNTED`."""
    async with _in_order(session, principal) as (connection, own):
        return int(await connection.fetchval(_COUNT, *own))


async def get_newest_unread(session: AsyncSession, principal: Principal) -> UUID | None:
    """Return the key of the newest event that a person has not read, None without one."""
    async with _in_order(session, principal) as (connection, own):
        key: UUID | None = await connection.fetchval(_NEWEST, *own)
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
    """Return in which domain, in small letters, the people of an office may have mail."""
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


async def list_ended(session: AsyncSession, sign_ins: Sequence[bytes]) -> set[bytes]:
    """Return those of some sign-ins' digests behind which nobody may be any more."""
    rows = await (await driver(session)).fetch(_ENDED, sign_ins)
    return {row[0] for row in rows}


async def has_more(
    session: AsyncSession, principal: Principal, *, after: int, horizon: int
) -> bool:
    """Return whether a person has something unread of the transactions from `after` to before."""
    async with _in_order(session, principal) as (connection, own):
        return bool(await connection.fetchval(_HAS_MORE, *own, after, horizon))


@asynccontextmanager
async def _in_order(
    session: AsyncSession, principal: Principal
) -> AsyncIterator[tuple[asyncpg.Connection, tuple[Any, ...]]]:
    """Yield a connection that reads a person's own events one by one, and their parameters.

    An error ends the transaction, and the setting with it.
    """
    connection = await driver(session)
    ((*own, _),) = await connection.fetch(_OWN, principal.person_id)
    yield connection, (principal.office_id, *own)
    await connection.execute(_BITMAPS)
