"""What ends soon or has ended, of every office; run for the operator, who reads keys and dates."""

from datetime import date, datetime, timedelta
from typing import Final

import asyncpg

from app.core.clock import utc_now
from app.core.db import TAKE_LONG
from app.people.upkeep import IDLE_FOR
from app.sharing import lines
from app.sharing.walls import LIFTED_WITHIN
from app.webhooks import schemas as webhooks

Connection = asyncpg.Connection

STAGES: Final = (30, 7)
"""Days before the end at which an office is told; it is told once more when it has come."""

# one row for each office that something of ends; who has signed anew loses nothing. $1 until when,
# $2 today, $8 after how many days a machine client ends that nobody uses, and could
_ENDING: Final = """
SELECT c.office_id, 'case' AS what, c.id::text AS key, c.review_on AS ends_on,
       c.id AS case_id
FROM cases c
WHERE c.withdrawn_at IS NULL AND c.held_at IS NULL AND c.review_on <= $1 AND c.review_on > $2
UNION ALL
SELECT side.office_id, 'grant', g.id::text, g.expires_at::date, side.case_id
FROM case_grants g JOIN cases c ON c.id = g.case_id
CROSS JOIN LATERAL (VALUES
  (c.office_id, c.id), (g.grantee_office_id, NULL)) AS side (office_id, case_id)
WHERE g.revoked_at IS NULL AND g.approval <> 'pending' AND g.expires_at::date <= $1
  AND g.expires_at > g.granted_at + interval '7 days'
UNION ALL
SELECT a.office_id, 'participation', a.id::text, a.ends_on, NULL
FROM participation_agreements a
WHERE a.ends_on <= $1 AND NOT EXISTS (
  SELECT FROM participation_agreements b
  WHERE b.office_id = a.office_id AND b.effective_on <= a.ends_on
    AND (b.ends_on IS NULL OR b.ends_on > a.ends_on))
UNION ALL
SELECT m.office_id, 'commitment', m.id::text, m.lapses_on, NULL
FROM commitments m
WHERE m.lapses_on <= $1 AND NOT EXISTS (
  SELECT FROM commitments n
  WHERE n.office_id = m.office_id AND n.signed_on <= m.lapses_on AND n.lapses_on > m.lapses_on
    AND n.trafficking_type IN (m.trafficking_type, 'both'))
UNION ALL
SELECT p.office_id, 'handling', h.id::text, h.due_at::date, NULL
FROM handling_requests h JOIN handling_parties p ON p.request_id = h.id
WHERE h.agreed_number IS NOT NULL AND h.ended_at IS NULL AND h.due_at::date <= $1
UNION ALL
SELECT k.office_id, 'credential', k.id::text, u.ends_on, NULL
FROM client_credentials k JOIN offices o ON o.id = k.office_id
CROSS JOIN LATERAL (SELECT least(k.expires_on, CASE WHEN o.suspended_at IS NULL
  THEN greatest(k.last_used_on, k.counted_from) + $8::integer END) AS ends_on) AS u
WHERE k.revoked_at IS NULL AND u.ends_on <= $1
"""

# What ended long ago was over before anybody could be told of it. Who was given a grant is told by
# the database, in the overlaps of that case: this one knows of none, nor who may know of which.
_TELL: Final = f"""
WITH due AS (
  SELECT e.*, CASE WHEN e.ends_on <= $2 THEN 0 WHEN e.ends_on <= $3 THEN 7 ELSE 30 END AS stage
  FROM ({_ENDING}) AS e WHERE e.ends_on > $4 AND ($7::bigint IS NULL OR e.office_id = $7)),
told AS (
  INSERT INTO lapse_notices (office_id, what, key, ends_on, stage, told_at)
  SELECT office_id, what, key, ends_on, stage, $5 FROM due d
  WHERE NOT EXISTS (
    SELECT FROM lapse_notices n WHERE n.office_id = d.office_id AND n.what = d.what
      AND n.key = d.key AND n.ends_on = d.ends_on AND n.stage = d.stage)
  ORDER BY ends_on, office_id, what, key LIMIT $6
  ON CONFLICT DO NOTHING
  RETURNING office_id, what, key, ends_on, stage),
written AS (
  INSERT INTO events (office_id, type, case_id)
  SELECT t.office_id, t.what || CASE t.stage WHEN 0 THEN '.lapsed' ELSE '.lapsing' END, d.case_id
  FROM told t JOIN due d USING (office_id, what, key, ends_on, stage)
  WHERE t.what <> 'grant' OR d.case_id IS NOT NULL)
SELECT t.*, EXISTS (SELECT FROM due d WHERE d.office_id = t.office_id AND d.what = t.what
    AND d.key = t.key AND (d.what <> 'grant' OR d.case_id IS NOT NULL)) AS is_own
FROM told t ORDER BY ends_on, office_id, what, key
"""  # noqa: S608 -- constants only; every value is a parameter

# Since the last of the agreements before, if any, until this one counted. What events say is not
# read here. $1 today, $2 from which day on, $3 now, $4 how many, $5 of one office
_TELL_AGAIN: Final = """
WITH back AS (
  SELECT a.office_id, a.id::text AS key, g.since, g.until, (g.until AT TIME ZONE 'UTC')::date AS day
  FROM participation_agreements a CROSS JOIN LATERAL (
    SELECT greatest(a.effective_on::timestamp AT TIME ZONE 'UTC', a.recorded_at) AS until,
      coalesce(max(coalesce(b.ends_on, 'infinity')), '-infinity')::timestamp AT TIME ZONE 'UTC'
        AS since
    FROM participation_agreements b WHERE b.office_id = a.office_id AND b.id < a.id) AS g
  WHERE a.effective_on <= $1 AND (a.ends_on IS NULL OR a.ends_on > $1) AND g.since < g.until
    AND g.until >= $2::date AND ($5::bigint IS NULL OR a.office_id = $5)),
noted AS (
  INSERT INTO lapse_notices (office_id, what, key, ends_on, stage, told_at)
  SELECT office_id, 'participation', key, day, -1, $3 FROM back d
  WHERE NOT EXISTS (
    SELECT FROM lapse_notices n WHERE n.office_id = d.office_id AND n.what = 'participation'
      AND n.key = d.key AND n.ends_on = d.day AND n.stage = -1)
  ORDER BY office_id, key LIMIT $4
  ON CONFLICT DO NOTHING
  RETURNING office_id, key),
heard AS (
  SELECT t.office_id, t.events FROM (
    SELECT array_agg(office_id) AS offices, array_agg(since) AS since, array_agg(until) AS until
    FROM noted JOIN back USING (office_id, key)) AS b
  CROSS JOIN LATERAL tell_again(b.offices, b.since, b.until) AS t)
SELECT n.office_id, n.key, coalesce(h.events, 0) AS events
FROM noted n LEFT JOIN heard h USING (office_id) ORDER BY n.office_id, n.key
"""

# What is over by its date alone, of whom, and since when; what was ended before has its own entry.
# Who reads in an emergency has a grant, whose end is the reading's. A proposal in whose place
# another was approved ended before its time. $5 how long a grant waits for approval, $6 how long a
# request to lift a wall waits,
# $7 how long the address of a webhook does
_OVER: Final = """
SELECT c.office_id, NULL::bigint AS other_id, 'grant_end' AS what, g.key::text AS key,
       c.id AS case_id, least(g.expires_at, CASE g.approval
         WHEN 'pending' THEN g.granted_at + $5::interval END) AS at,
       CASE g.approval WHEN 'pending' THEN 'pending' ELSE 'in_force' END AS was
FROM case_grants g JOIN cases c ON c.id = g.case_id
WHERE g.revoked_at IS NULL AND g.purpose <> 'glass_broken'
UNION ALL
SELECT b.owner_office_id, b.office_id, 'glass_end', b.id::text, NULL, b.expires_at, 'in_force'
FROM glass_breaks b WHERE NOT EXISTS (
  SELECT FROM case_grants g JOIN cases c ON c.id = g.case_id AND c.office_id = b.owner_office_id
  WHERE g.purpose = 'glass_broken' AND g.grantee_office_id = b.office_id
    AND g.expires_at = b.expires_at AND g.revoked_at IS NOT NULL)
UNION ALL
SELECT r.office_id, NULL, 'reading_end', r.id::text, NULL, r.expires_at,
       CASE WHEN r.read_at IS NULL THEN 'asked' ELSE 'read' END
FROM summary_readings r
UNION ALL
SELECT c.office_id, NULL, 'lift_request', w.id::text, NULL,
       w.lift_asked_at + $6::interval, 'asked'
FROM case_walls w JOIN cases c ON c.id = w.case_id WHERE w.lifted_at IS NULL
UNION ALL
SELECT o.id, NULL, 'proposal', p.id::text, NULL, p.expires_at, 'proposed'
FROM proposals p JOIN offices o ON o.code = p.change ->> 'office'
WHERE p.approved_at IS NULL AND p.expires_at > p.proposed_at
UNION ALL
SELECT w.office_id, NULL, 'webhook', w.id::text, NULL, w.added_at + $7::interval, 'proposed'
FROM webhooks w WHERE w.state = 'proposed'
"""
# $1 now, $2 the day before the first, $3 how many, $4 of one office
_RECORD: Final = f"""
WITH over AS (
  SELECT e.*, (e.at AT TIME ZONE 'UTC')::date AS ends_on FROM ({_OVER}) AS e
  WHERE e.at <= $1 AND (e.at AT TIME ZONE 'UTC')::date > $2
    AND ($4::bigint IS NULL OR e.office_id = $4)),
noted AS (
  INSERT INTO lapse_notices (office_id, what, key, ends_on, stage, told_at)
  SELECT office_id, what, key, ends_on, 0, $1 FROM over d
  WHERE NOT EXISTS (
    SELECT FROM lapse_notices n WHERE n.office_id = d.office_id AND n.what = d.what
      AND n.key = d.key AND n.ends_on = d.ends_on AND n.stage = 0)
  ORDER BY at, what, key LIMIT $3
  ON CONFLICT DO NOTHING
  RETURNING office_id, what, key, ends_on)
SELECT o.* FROM noted JOIN over o USING (office_id, what, key, ends_on) ORDER BY at, what, key
"""  # noqa: S608 -- constants only; every value is a parameter

_FORGET: Final = """
DELETE FROM lapse_notices WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM lapse_notices
  WHERE ends_on <= $1 AND ($3::bigint IS NULL OR office_id = $3) LIMIT $2))
"""

TOLD_UNTIL: Final = timedelta(days=30)
"""How long after the end an office is still told of it."""


async def tell(
    connection: Connection, *, today: date, now: datetime, limit: int, office_id: int | None
) -> list[asyncpg.Record]:
    """Write notices and events of what is due; return office, what, key, end and stage of each.

    With it whether it is the office's own: of a grant that it got, it may have to know nothing.
    What the office is told already, it is not told again.
    """
    days = [timedelta(days=each) for each in STAGES]
    until = today + days[0], today, today + days[1], _told_since(today)
    return await connection.fetch(_TELL, *until, now, limit, office_id, IDLE_FOR.days)


async def tell_again(
    connection: Connection, *, today: date, now: datetime, limit: int, office_id: int | None
) -> list[asyncpg.Record]:
    """Write events anew, each once, that offices could not read while one of them took no part.

    Return of each agreement by which an office takes part again: office, key, and of how many
    events that is. None is left when it returns none.
    """
    await connection.execute(TAKE_LONG)  # fifty offices may have missed a month
    return await connection.fetch(_TELL_AGAIN, today, _told_since(today), now, limit, office_id)


async def record(
    connection: Connection, *, today: date, now: datetime, limit: int, office_id: int | None
) -> list[asyncpg.Record]:
    """Note what is over by its date alone; return of each whose it was, what, when and its key.

    What is noted already is not again.
    """
    waits = lines.APPROVED_WITHIN, LIFTED_WITHIN, webhooks.APPROVED_WITHIN
    return await connection.fetch(_RECORD, now, _told_since(today), limit, office_id, *waits)


async def forget(connection: Connection, *, today: date, limit: int, office_id: int | None) -> int:
    """Delete notices of what is told no more; return how many."""
    status: str = await connection.execute(_FORGET, today - TOLD_UNTIL, limit, office_id)
    return int(status.rpartition(" ")[2])


def _told_since(today: date) -> date:
    """Return the day whose ends are told no more: what was noted of them is forgotten.

    A run for a day that is past must not tell of those once more.
    """
    return max(today, utc_now().date()) - TOLD_UNTIL
