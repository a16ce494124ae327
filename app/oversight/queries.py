"""What an office may look back at, on the driver inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, RowMapping, and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.cases import queries as cases
from app.cases.models import CaseGrant
from app.core.db import driver
from app.offices.models import Office
from app.oversight.schemas import GrantsShown
from app.sharing.lines import APPROVED_WITHIN
from app.sharing.queries import HOLDS_UNTIL

_LINE: Final = """
r.id, r.read_at, r.overlap_id, r.reader, r.roles, r.rung, r.reason, v.state, v.kind,
v.source_system, v.external_id
"""
_LOG: Final = f"""
SELECT {_LINE}, CASE WHEN v.rung >= {ladder.CONTACT:d} THEN v.code END AS code,
       CASE WHEN v.rung >= {ladder.CONTACT:d} THEN v.name END AS name
FROM readings r
JOIN LATERAL ({ladder.VISIBLE} AND v.id = r.overlap_id AND v.case_id = r.case_id) AS v ON TRUE
"""  # noqa: S608 -- constants only; every value is a parameter
"""SQL of the log of readings, $1 to $4 as in `ladder.VISIBLE`, of the owner.

A reader whose side the owner may not know of is not told of, one on a pointer not by name.
"""

# $5 the case, $6 the line before, $7 the limit
_READINGS_OF_CASE: Final = f"""{_LOG}
WHERE r.case_id = $5 AND r.id < coalesce($6, 9223372036854775807)
ORDER BY r.id DESC LIMIT $7
"""

# $5 a reason or null, $6 a case number or null, $7 the line before, $8 the limit
_READINGS: Final = f"""{_LOG}
WHERE ($5::text IS NULL OR r.reason = $5) AND ($6::text IS NULL OR v.external_id = $6)
  AND r.id < coalesce($7, 9223372036854775807)
ORDER BY r.id DESC LIMIT $8
"""

# The same to an auditor, who is shown no overlap: the database tells of whom the office may know.
# $1 a reason or null, $2 a case number or null, $3 the line before, $4 the limit
_READINGS_FOR_AUDIT: Final = f"""
SELECT {_LINE}, v.code, v.name
FROM readings r CROSS JOIN LATERAL audited_overlap(r.overlap_id) AS v
WHERE v.case_id = r.case_id
  AND ($1::text IS NULL OR r.reason = $1) AND ($2::text IS NULL OR v.external_id = $2)
  AND r.id < coalesce($3, 9223372036854775807)
ORDER BY r.id DESC LIMIT $4
"""  # noqa: S608 -- constants only; every value is a parameter

# What an entry of the audit says that was shown. $1 the entry, $2 the overlap before or null,
# $3 the limit; of an overlap that the office is not told of any more there is but how far it was
_SHOWN: Final = """
SELECT d.overlap_id, d.rung, v.state, v.kind, v.name, v.source_system, v.external_id
FROM shown_by($1, $2, $3) AS d LEFT JOIN LATERAL audited_overlap(d.overlap_id) AS v ON true
ORDER BY d.overlap_id
"""

TOLD: Final = {
    "cases": ("case", "correction", "summary", "verdict", "audience"),
    "disclosures": (
        *(
            "overlaps",
            "reading",
            "readings",
            "network",
            "events",
            "checks",
            "follow_ups",
            "second_looks",
        ),
        *("handling_requests", "contact_requests", "state_overlaps", "common_values"),
        *("suppressions", "glass_breaks", "infusion_questions", "mediations", "defendant_feed"),
        *("matters", "matter_members", "matter_tasks", "matter_notes", "statement", "calendar"),
        *("origin", "case_origin", "mail"),
    ),
    "people": (
        *("person", "sign_in", "sign_ins", "factor", "password", "banner", "access"),
        *("access_review", "audit", "notices", "notice", "view"),
    ),
    "machines": (
        "client_credential",
        "client_key",
        "access_token",
        "evaluation",
        "webhook",
        "answer",
    ),
    "sharing": ("wall", "glass", "suppression"),
    "handling": (
        *("handling", "matter", "lead", "member", "task", "note", "contact"),
        *("infusion", "infusion_desk", "follow_up", "second_look"),
    ),
    "office": (
        *("agreement", "commitment", "office", "office_contact", "identity_provider", "import"),
        "proposal",
    ),
}
"""Nouns of the actions that an office is told of, by what they are about.

What the matching does is not among them: it would tell of overlaps with cases that are silent.
"""

# $1 the office, $2 nouns, $3 from and $4 before which instant or null, $5 the entry before,
# $6 the limit
_AUDIT: Final = """
SELECT e.id, e.at, e.action, e.actor, e.object, e.request_id,
  coalesce(
    (SELECT p.name FROM persons p WHERE p.office_id = $1 AND e.actor = 'person:' || p.id),
    (SELECT k.label FROM client_credentials k
     WHERE k.office_id = $1 AND e.actor = 'client:' || k.id)) AS actor_name,
  CASE
    WHEN noun IN ('person', 'factor', 'password', 'notices')
      OR e.action IN ('sign_in.begun', 'sign_in.refused') THEN
      (SELECT p.name FROM persons p WHERE p.office_id = $1 AND p.id = key)
    WHEN noun = 'banner' OR e.action = 'sign_in.ended' THEN
      (SELECT p.name FROM persons p WHERE p.office_id = $1 AND e.actor = 'person:' || p.id)
    WHEN noun IN ('case', 'case_origin', 'access', 'readings') THEN
      (SELECT c.source_system || ' ' || c.external_id FROM cases c
       WHERE c.office_id = $1 AND c.id::text = e.object)
    WHEN noun IN ('handling', 'lead', 'matter', 'member', 'task', 'note', 'matter_members',
                  'matter_tasks', 'matter_notes', 'statement', 'calendar', 'origin') THEN
      (SELECT string_agg(DISTINCT c.source_system || ' ' || c.external_id, ', ')
       FROM handling_parties q
       JOIN cases c ON c.id IN (q.case_id, q.requester_case_id) AND c.office_id = $1
       WHERE q.request_id = key)
    WHEN noun IN ('follow_up', 'reading', 'verdict') THEN
      (SELECT v.source_system || ' ' || v.external_id FROM audited_overlap(key) AS v)
    WHEN noun = 'contact' THEN
      (SELECT c.source_system || ' ' || c.external_id FROM contact_requests r
       JOIN cases c ON c.id IN (r.requester_case_id, r.responder_case_id) AND c.office_id = $1
       WHERE r.id = key)
    WHEN noun = 'wall' THEN
      (SELECT c.source_system || ' ' || c.external_id FROM case_walls w
       JOIN cases c ON c.id = w.case_id AND c.office_id = $1 WHERE w.id = key)
    WHEN noun IN ('client_credential', 'client_key') THEN
      (SELECT k.label FROM client_credentials k WHERE k.office_id = $1 AND k.id = key)
    WHEN noun = 'webhook' THEN
      (SELECT substring(h.url from '://([^/?#]+)') FROM webhooks h
       WHERE h.office_id = $1 AND h.id = key)
    WHEN noun IN ('agreement', 'commitment', 'identity_provider', 'import', 'infusion_desk',
                  'office', 'office_contact', 'sign_ins')
      AND e.object IN ($1::text, o.code) THEN o.name END AS object_name
FROM audit_entries e JOIN offices o ON o.id = $1
CROSS JOIN LATERAL (SELECT split_part(e.action, '.', 1) AS noun,
  CASE WHEN e.object ~ '^([a-z]{3}_)?([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$'
    THEN regexp_replace(e.object, '^[a-z]{3}_', '')::uuid END AS key) AS what
WHERE e.office_id = $1 AND noun = ANY ($2::text[])
  AND ($3::timestamptz IS NULL OR e.at >= $3) AND ($4::timestamptz IS NULL OR e.at < $4)
  AND e.id < coalesce($5, 9223372036854775807)
ORDER BY e.id DESC LIMIT $6
"""


async def list_readings_of_case(
    session: AsyncSession,
    principal: Principal,
    case_id: int,
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of who read one of the caller's own cases, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _READINGS_OF_CASE, *ladder.arguments(principal, now), case_id, before, limit
    )
    return rows


async def list_readings(
    session: AsyncSession,
    principal: Principal,
    *,
    reason: str | None,
    external_id: str | None,
    before: int | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of who read any of the caller's own cases, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _READINGS, *ladder.arguments(principal, now), reason, external_id, before, limit
    )
    return rows


async def list_readings_for_audit(
    session: AsyncSession,
    *,
    reason: str | None,
    external_id: str | None,
    before: int | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Return the same page to an auditor; to anyone else it is empty."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _READINGS_FOR_AUDIT, reason, external_id, before, limit
    )
    return rows


async def list_shown(
    session: AsyncSession, entry: int, *, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return a page of the overlaps that an entry of the caller's audit says were shown."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_SHOWN, entry, after, limit)
    return rows


async def list_grants(
    session: AsyncSession,
    principal: Principal,
    shown: GrantsShown,
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> Sequence[RowMapping]:
    """Return a page of the grants of the caller's own cases, with their offices, newest first."""
    own = cases.visible_to(principal).subquery()
    found = (
        select(
            *(CaseGrant, Office.code, Office.name, own.c.source_system, own.c.external_id),
            HOLDS_UNTIL.label("holds_until"),
        )
        .select_from(own)
        .join(CaseGrant, CaseGrant.case_id == own.c.id)
        .join(Office, Office.id == CaseGrant.grantee_office_id)
        .order_by(CaseGrant.id.desc())
        .limit(limit)
    )
    if shown != "all":
        found = found.where(_in_state(shown, now))
    if before is not None:
        found = found.where(CaseGrant.id < before)
    return (await session.execute(found)).mappings().all()


def _in_state(shown: GrantsShown, now: datetime) -> ColumnElement[bool]:
    """Return the condition of what `lines.state_of` says of a grant."""
    lasts = and_(
        CaseGrant.revoked_at.is_(None),
        or_(CaseGrant.expires_at.is_(None), CaseGrant.expires_at > now),
        or_(HOLDS_UNTIL.is_(None), now.date() < HOLDS_UNTIL),
    )
    is_approved = CaseGrant.approval != "pending"
    waits = and_(lasts, ~is_approved, CaseGrant.granted_at > now - APPROVED_WITHIN)
    stands = and_(lasts, is_approved)
    return {"waiting": waits, "in_force": stands, "ended": not_(or_(waits, stands))}[shown]


async def list_entries(
    session: AsyncSession,
    principal: Principal,
    nouns: Sequence[str],
    *,
    since: datetime | None,
    until: datetime | None,
    before: int | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Return a page of the audit of the caller's office, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _AUDIT, principal.office_id, nouns, since, until, before, limit
    )
    return rows
