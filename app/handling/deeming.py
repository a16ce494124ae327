"""Silence that a state's law takes as consent, where the operator switched that on for the state.

It is off at first, and a rule that is a bill is never applied. What comes of it is on record for
the Attorney General who asked: no contact, no summary, no signature, and no agreement in force.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.db import driver
from app.handling import machine, queries, steps
from app.handling.models import HandlingRequest
from app.reference.authority import AUTHORITIES, Authority, deemed_consents

# one Attorney General asks one office of its state for the lead, and nobody has answered
_SILENT: Final = """
SELECT h.id, l.citation, l.days
FROM handling_requests h
JOIN offices a ON a.id = h.requester_office_id AND a.kind = 'attorney_general'
JOIN state_settings s ON s.state = a.state AND s.has_deemed_consent
JOIN handling_terms t ON t.request_id = h.id AND t.number = h.terms_number
JOIN unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[])
  AS l (state, trafficking, matter_kind, days, citation)
  ON l.state = a.state AND l.matter_kind = t.terms ->> 'matter_kind'
 AND l.trafficking IN ('both', t.terms ->> 'trafficking_type')
WHERE h.status IN ('sent', 'escalated') AND t.terms ->> 'lead' = '1'
  AND h.sent_at <= $1::timestamptz - make_interval(days => l.days)
  AND (SELECT count(*) = 1 AND bool_and(p.accepted_terms IS NULL AND o.state = a.state)
       FROM handling_parties p JOIN offices o ON o.id = p.office_id
       WHERE p.request_id = h.id AND p.number > 1)
ORDER BY h.sent_at, h.id LIMIT $7 FOR NO KEY UPDATE OF h SKIP LOCKED
"""


async def deem_consents(
    session: AsyncSession,
    principal: Principal,
    *,
    limit: int,
    now: datetime,
    table: Sequence[Authority] = AUTHORITIES,
) -> int:
    """Take as consent what a law says is; returns how many requests, 0 when done.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    rules = deemed_consents(now.date(), table)
    columns = [
        [getattr(rule, name) for rule in rules]
        for name in ("state", "trafficking", "matter_kind", "silence_days", "citation")
    ]
    silent = await (await driver(session)).fetch(_SILENT, now, *columns, limit)
    for row in silent:
        request = await session.get_one(HandlingRequest, row["id"], populate_existing=True)
        taken = machine.find("deem", request.kind, request.status)
        assert taken is not None  # noqa: S101 -- only states that the table lets it leave were taken
        detail = {"from": request.status, "to": taken.to, "law": row["citation"]}
        request.status, request.version = taken.to, request.version + 1
        request.deemed_at = request.answered_at = now
        request.due_at = steps.due(taken.to, request.answer_days, now)
        await session.flush()  # the database's own table of moves speaks before the audit entry
        parties = await queries.list_parties_of(session, request.id)
        await audit.record(
            session,
            principal,
            taken.audited,
            str(request.id),
            recipients=[party["office_id"] for party in parties],
            detail={**detail, "days": row["days"]},
        )
    return len(silent)
