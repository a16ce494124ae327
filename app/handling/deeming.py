"""Silence that a state's law takes as consent, where the operator switched that on for the state.

It is off at first, and a rule that is a bill is never applied. What comes of it is on record for
the Attorney General who asked: no contact, no summary, no signature, and no agreement in force.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.items import attempt
from app.handling import machine, queries, steps
from app.handling.models import HandlingRequest
from app.matters.recording import record_of_parties
from app.reference.authority import AUTHORITIES, Authority, deemed_consents


async def deem_consents(
    session: AsyncSession,
    principal: Principal,
    *,
    limit: int,
    now: datetime,
    office_id: int | None = None,
    table: Sequence[Authority] = AUTHORITIES,
) -> int:
    """Take as consent what a law says is; returns how many requests, 0 when done.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    rules = deemed_consents(now.date(), table)
    silent = await queries.take_silent(session, rules, limit=limit, now=now, office_id=office_id)

    async def deem(row: asyncpg.Record) -> None:
        request = await session.get_one(HandlingRequest, row["id"], populate_existing=True)
        taken = machine.find("deem", request.kind, request.status)
        assert taken is not None  # noqa: S101 -- only states that the table lets it leave were taken
        detail = {"from": request.status, "to": taken.to, "law": row["citation"]}
        request.status, request.version = taken.to, request.version + 1
        request.deemed_at = request.answered_at = now
        request.due_at = steps.due(taken.to, request.answer_days, now)
        await session.flush()  # the database's own table of moves speaks before the audit entry
        parties = await queries.list_parties_of(session, request.id)
        await record_of_parties(
            session,
            principal,
            request.id,
            [party["office_id"] for party in parties],
            taken.audited,
            detail={**detail, "days": row["days"]},
        )

    return sum([await attempt(session, str(row["id"]), partial(deem, row)) for row in silent])
