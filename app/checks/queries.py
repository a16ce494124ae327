"""The only module that selects checks, and what a check shows: all of it in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.cases.errors import CaseNotFoundError
from app.checks.models import Check
from app.core.db import driver
from app.matters.queries import PARTY_SEES

LIMIT: Final = 50
"""Overlaps that one check shows, the strongest first."""

_SEES: Final = PARTY_SEES.replace("$4", "$7")
# $1 to $4 the ladder's, $5 and $6 the case's reference, $7 the person who asks, $8 how many.
# One row for each overlap, or one without where the case has none; no row without the case.
# Two offices are one sovereign when they prosecute for one state; a tribe is its own (R36).
_OPEN: Final = f"""
WITH mine AS MATERIALIZED (
  SELECT c.id, me.state, me.kind, CASE WHEN c.held_at IS NOT NULL THEN 'held'
    WHEN NOT $3 THEN 'not_participating'
    WHEN NOT EXISTS (SELECT FROM subjects s WHERE s.case_id = c.id) THEN 'not_matched_yet'
    END AS blind_because
  FROM cases c JOIN offices me ON me.id = c.office_id
  WHERE c.office_id = $1 AND c.source_system = $5 AND c.external_id = $6
    AND c.withdrawn_at IS NULL
    AND {ladder.NOT_WALLED.format(cases="c.id", office="$1::bigint", person="$7::uuid")}),
page AS MATERIALIZED (
  SELECT w.* FROM mine CROSS JOIN LATERAL (
    {ladder.VISIBLE + ladder.STANDING} AND v.case_id = mine.id
    ORDER BY {ladder.STRONGEST.format("v")} LIMIT $8) AS w),
marked AS (
  SELECT mark_seen(array_agg(id), $2) FROM page WHERE seen_at IS NULL HAVING count(*) > 0)
SELECT mine.id AS checked_case_id, mine.blind_because, p.*,
  p.state = mine.state AND 'tribal' NOT IN (p.kind, mine.kind) AS is_same_sovereign,
  b.title AS backup_title, b.phone AS backup_phone, b.email AS backup_email,
  h.status AS handling_status, m.lead_office_id = $1 AS is_own_lead,
  m.lead_office_id = p.other_office_id AS is_led_by_other,
  k.id IS NOT NULL AS is_contact_asked
FROM mine
LEFT JOIN page p ON TRUE
LEFT JOIN office_contacts b
  ON p.rung >= {ladder.CONTACT:d} AND b.office_id = p.other_office_id AND b.role = 'backup'
LEFT JOIN LATERAL (
  SELECT h.id, h.status FROM handling_parties a
  JOIN handling_requests h ON h.id = a.request_id
  JOIN handling_parties me ON me.request_id = h.id
  LEFT JOIN matters n ON n.request_id = h.id
  WHERE a.overlap_id = p.id AND h.ended_at IS NULL AND h.terms_number > 0
    AND (n.ends_on > $2::date) IS NOT FALSE  -- what is over is, before a night has noted it
    AND a.left_at IS NULL AND {_SEES} AND me.left_at IS NULL
  ORDER BY h.sent_at, h.id LIMIT 1) AS h ON TRUE
LEFT JOIN matters m ON m.request_id = h.id
LEFT JOIN contact_requests k ON k.overlap_id = p.id AND k.requester_office_id = $1
  AND k.status = 'pending' AND k.expires_at > $2
WHERE (SELECT count(*) FROM marked) IS NOT NULL
ORDER BY {ladder.STRONGEST.format("p")}
"""  # noqa: S608 -- constants only; every value is a parameter


async def list_open(
    session: AsyncSession, principal: Principal, ref: tuple[str, str], *, now: datetime
) -> tuple[int, str | None, list[asyncpg.Record]]:
    """Return the key of an own case, why it can show none, and its overlaps.

    The strongest first, one more than `LIMIT` at most.

    Raises:
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _OPEN, *ladder.arguments(principal, now), *ref, principal.person_id, LIMIT + 1
    )
    if not rows:
        raise CaseNotFoundError
    found = [row for row in rows if row["id"] is not None]
    return rows[0]["checked_case_id"], rows[0]["blind_because"], found


async def list_checks(
    session: AsyncSession, case_id: int, *, before: UUID | None, limit: int
) -> Sequence[Check]:
    """Return a page of the checks of one of the caller's own cases, newest first."""
    page = select(Check).where(Check.case_id == case_id).order_by(Check.id.desc()).limit(limit)
    return (await session.scalars(page if before is None else page.where(Check.id < before))).all()
