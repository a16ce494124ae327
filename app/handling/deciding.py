"""What leadership decides of a request beside signing, and papers that are recorded of it."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases.guard import find_identifiers, find_in_citation
from app.core.errors import FieldProblem
from app.core.ids import new_id
from app.core.preconditions import Precondition
from app.handling import queries, steps
from app.handling.amending import change_terms, terms_under_lead
from app.handling.asking import OfficeChange
from app.handling.errors import (
    HandlingDoneError,
    HandlingMovedError,
    HandlingNotYoursError,
    PartyStaysError,
    TooManyInstrumentsError,
)
from app.handling.machine import Transition
from app.handling.models import HandlingParty, Instrument
from app.handling.reads import HandlingRead
from app.handling.rendering import may_leave, own_party, present, render, status_of
from app.handling.schemas import (
    HandlingConclude,
    HandlingDecision,
    HandlingLeave,
    InstrumentRecord,
)
from app.handling.vocabulary import FINAL
from app.matters.errors import WordsRefusedError

A_DAY: Final = timedelta(days=1)

MOST_INSTRUMENTS: Final = 100
"""Of one request: the agreement is read and exported with all of them."""


async def decide_request(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    decision: HandlingDecision,
    *,
    if_match: Precondition,
    now: datetime,
) -> HandlingRead:
    """Return the own draft, leave an agreement, or conclude it.

    Raises:
        MissingScopeError: the caller lacks `handling:sign`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        HandlingNotFoundError, HandlingMovedError, HandlingNotYoursError,
            PreconditionFailedError: see `steps.take`.
        HandlingDoneError: the office gave notice before.
        PartyStaysError: it leads, or only two parties are left.
    """
    row, taken = await steps.take(
        session,
        principal,
        request_id,
        decision.decision,
        Permission.HANDLING_SIGN,
        if_match=if_match,
        now=now,
    )
    principal.require_step_up(now)
    if isinstance(decision, HandlingLeave):
        return await _leave(session, principal, row, taken, now=now)
    changes: dict[str, Any] = {}
    if isinstance(decision, HandlingConclude):
        changes["end_reason"] = decision.reason
    return await steps.finish(
        session, principal, row, taken, now=now, detail={"reason": decision.reason}, **changes
    )


async def _leave(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    *,
    now: datetime,
) -> HandlingRead:
    """Give notice, and put on the table that the office leaves as soon as all have signed it."""
    own = own_party(row)
    if own["leaves_on"] is not None:
        raise HandlingDoneError(row["status"])
    if not may_leave(row):
        raise PartyStaysError(row["status"])
    terms = terms_under_lead(row)
    if terms.victim_services_lead == own["number"]:
        terms = terms.model_copy(update={"victim_services_lead": None})
    forum = {factor: party for factor, party in terms.forum.items() if party != own["number"]}
    terms = terms.model_copy(update={"forum": forum})
    leaves_on = now.date() + timedelta(days=terms.notice_days)
    party = update(HandlingParty).where(
        HandlingParty.request_id == row["id"], HandlingParty.office_id == principal.office_id
    )
    await session.execute(party.values(leaves_on=leaves_on))
    return await change_terms(
        session,
        principal,
        row,
        taken,
        terms,
        change=OfficeChange(leaves=principal.office_id),
        now=now,
    )


async def record_instrument(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    recorded: InstrumentRecord,
    *,
    now: datetime,
) -> HandlingRead:
    """Enter a referral or consent that is on paper in the caller's own office.

    Raises:
        MissingScopeError: the caller lacks `handling:answer`.
        HandlingNotFoundError: absent, or not for the caller; never told apart.
        HandlingMovedError: the request is a question, or has ended.
        WordsRefusedError: what it says holds an identifier, or its day is to come.
        TooManyInstrumentsError: as many are on record as may be.
    """
    principal.require(Permission.HANDLING_ANSWER)
    row, _ = await queries.lock_request(session, principal, request_id, now=now)
    if row["terms"] is None or status_of(row) in FINAL:
        raise HandlingMovedError(status_of(row))
    if own_party(row) not in present(row):
        raise HandlingNotYoursError(row["status"])
    problems = [
        *find_in_citation(recorded.authority, "/authority"),
        *find_identifiers(recorded.signatory, "/signatory"),
    ]
    if recorded.dated_on > now.date() + A_DAY:  # which may have begun where it was signed
        problems.append(FieldProblem("/dated_on", "to-come", "Give the day of the paper."))
    if problems:
        raise WordsRefusedError(problems=tuple(problems))
    if len(await queries.list_instruments(session, row["id"])) >= MOST_INSTRUMENTS:
        raise TooManyInstrumentsError
    await session.execute(
        insert(Instrument).values(
            id=new_id(),
            request_id=row["id"],
            office_id=principal.office_id,
            authority=recorded.authority,
            signatory=recorded.signatory,
            scope=recorded.scope,
            dated_on=recorded.dated_on,
            document_digest=bytes.fromhex(recorded.document_sha256),
            recorded_by=principal.actor,
            recorded_at=now,
        )
    )
    others = [p["office_id"] for p in row["parties"] if p["office_id"] != principal.office_id]
    detail = {"scope": recorded.scope, "document_sha256": recorded.document_sha256}
    await audit.record(
        session,
        principal,
        "handling.instrument_recorded",
        str(row["id"]),
        recipients=others if row["sent_at"] is not None else [],
        detail=detail,
    )
    return render(await queries.get_request(session, principal, row["id"], now=now))
