"""SQL of alarms: what deserves one, and which there are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.alarms.models import Alarm
from app.core.db import driver
from app.people.upkeep import IDLE_FOR

DAYS: Final = 7
"""How many whole days are looked at, so that a night without a run hides nothing."""
MOST_READINGS: Final = 100
"""Summaries that an office opens in a day before somebody is asked to look."""
MOST_SHORT_LIVED: Final = 50
"""Cases that an office takes back in a day, of those posted at most a week before."""
IDLE_BEFORE: Final = 7
"""Days before accounts that nobody uses are disabled at which their office is told."""
MOST_ADDRESSES: Final = 3
"""To how many of an office mails are given up on a day before it is no address of theirs that is
wrong."""
MOST_UNPOSTED: Final = 50
"""Cases to come that an office's permits name in a day and that are not there a week later: who
makes numbers up may ask without a case. One number for everything stays below it."""

# each finding raises one alarm, however often it is looked for. A mail that is given up is one of
# its person and month: to tell of each would mail the same address, if it reads alarms, each night.
# Where on a day those to many are, it is the mail server, and one of the office and month
_RAISE: Final = f"""
INSERT INTO alarms (office_id, kind, finding, count, raised_at)
SELECT f.office_id, f.kind, f.finding, f.count, $1
FROM (
  SELECT a.office_id, 'canary' AS kind, a.id::text AS finding, 1 AS count FROM canary_alarms a
  UNION ALL
  SELECT r.office_id, 'readings', r.logged_at::date::text, count(*) FROM readings r
  WHERE r.logged_at >= $2 AND r.logged_at < $3
  GROUP BY r.office_id, r.logged_at::date HAVING count(*) > $4
  UNION ALL
  SELECT c.office_id, 'short_lived', c.withdrawn_at::date::text, count(*) FROM cases c
  WHERE c.withdrawn_at >= $2 AND c.withdrawn_at < $3
    AND c.withdrawn_at < c.posted_at + interval '7 days'
  GROUP BY c.office_id, c.withdrawn_at::date HAVING count(*) > $5
  UNION ALL
  SELECT u.office_id, 'unposted', u.announced_on::text, u.count
  FROM unposted_cases($2::timestamptz - interval '7 days', $3::timestamptz - interval '7 days') u
  WHERE u.count > $7
  UNION ALL
  SELECT p.office_id, 'proposed', p.id::text, 1 FROM proposals p
  WHERE p.office_id IS NOT NULL AND p.approved_at IS NULL AND p.expires_at > $1
  UNION ALL
  SELECT d.office_id, 'webhook', d.webhook_id || ' ' || d.due_at::date, count(*)
  FROM webhook_deliveries d WHERE d.state = 'dead' AND d.due_at >= $2 AND d.due_at <= $1
  GROUP BY d.office_id, d.webhook_id, d.due_at::date
  UNION ALL
  SELECT m.office_id, 'mail', CASE WHEN m.persons > {MOST_ADDRESSES} THEN 'all' ELSE m.who END
    || to_char(m.day, ' YYYY-MM') AS finding, sum(m.count)
  FROM (SELECT office_id, due_at::date AS day, coalesce(person_id::text, 'backup') AS who, count(*),
          count(*) OVER (PARTITION BY office_id, due_at::date) AS persons
        FROM mails WHERE state = 'dead' AND due_at >= $2 AND due_at <= $1 GROUP BY 1, 2, 3) AS m
  GROUP BY 1, 3
  UNION ALL
  SELECT s.office_id, 'glass_review', b.id::text, 1
  FROM glass_breaks b CROSS JOIN LATERAL (
    VALUES (b.owner_office_id), (b.office_id)) AS s (office_id)
  WHERE b.reviewed_at IS NULL AND b.review_due_at <= $1
  UNION ALL
  SELECT v.office_id, 'access_review', v.reminded_at::date::text, 1 FROM access_reviews v
  WHERE v.reminded_at >= $2 AND v.reminded_at <= $1
    AND (v.reviewed_at IS NULL OR v.reviewed_at < v.reminded_at)
  UNION ALL
  SELECT q.office_id, 'idle_accounts', (q.since + $9::integer)::text, count(*)
  FROM (SELECT office_id, greatest(last_signed_in_at, enabled_at)::date AS since
        FROM persons WHERE disabled_at IS NULL) AS q
  WHERE q.since + $9::integer <= $1::date + {IDLE_BEFORE} GROUP BY q.office_id, q.since) AS f
WHERE ($8::bigint IS NULL OR f.office_id = $8)
  AND NOT EXISTS (SELECT FROM alarms a WHERE a.office_id = f.office_id AND a.kind = f.kind
                  AND a.finding = f.finding)
ORDER BY f.office_id, f.kind, f.finding LIMIT $6
RETURNING key, office_id, kind, count
"""  # noqa: S608 -- a constant only; every value is a parameter
_RAISE_ONE: Final = """
INSERT INTO alarms (office_id, kind, finding, count, raised_at)
VALUES ($1, $2, $3, 1, $4)
ON CONFLICT (office_id, kind, finding) DO NOTHING RETURNING key, office_id, kind, count
"""
_ALL: Final = """
SELECT a.key, a.kind, a.count, a.raised_at, o.code, coalesce(c.email, o.contact_email) AS email
FROM alarms a JOIN offices o ON o.id = a.office_id
LEFT JOIN office_contacts c ON c.office_id = o.id AND c.role = 'security'
WHERE a.raised_at >= $1 ORDER BY a.number
"""


async def raise_found(
    session: AsyncSession,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    limit: int,
    office_id: int | None,
) -> Sequence[asyncpg.Record]:
    """Raise an alarm for each new finding about one office or any, at most `limit`; return them."""
    most = MOST_READINGS, MOST_SHORT_LIVED, limit, MOST_UNPOSTED
    rows: Sequence[asyncpg.Record] = await (await driver(session)).fetch(
        _RAISE, now, since, until, *most, office_id, IDLE_FOR.days
    )
    return rows


async def raise_one(
    session: AsyncSession, office_id: int, kind: str, finding: str, *, now: datetime
) -> asyncpg.Record | None:
    """Raise an alarm about an office at once; None where there is one of this finding."""
    return await (await driver(session)).fetchrow(_RAISE_ONE, office_id, kind, finding, now)


async def list_all(session: AsyncSession, *, since: datetime) -> Sequence[asyncpg.Record]:
    """Return the alarms of every office from then on, oldest first, with whom to reach."""
    rows: Sequence[asyncpg.Record] = await (await driver(session)).fetch(_ALL, since)
    return rows


def of_office(office_id: int, *, before: int | None, limit: int) -> Select[Alarm]:
    """Describe a page of the alarms about an office, newest first."""
    page = select(Alarm).where(Alarm.office_id == office_id)
    if before is not None:
        page = page.where(Alarm.number < before)
    return page.order_by(Alarm.number.desc()).limit(limit)
