"""Answers to a request: yes, no, other terms, a later end."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import ladder
from app.cases import queries as cases
from app.cases import service as cases_service
from app.cases.guard import find_identifiers
from app.core.errors import FieldProblem
from app.core.preconditions import Precondition
from app.handling import queries, steps
from app.handling.asking import add_terms, check_terms
from app.handling.errors import HandlingDoneError, ReasonNeededError, TermsRefusedError
from app.handling.machine import Transition
from app.handling.reads import HandlingRead
from app.handling.rendering import authorities, has_accepted, own_party
from app.handling.schemas import (
    HandlingAccept,
    HandlingAnswer,
    HandlingClose,
    HandlingCounter,
    HandlingDecline,
    HandlingExtend,
)
from app.handling.terms import Terms
from app.matters.errors import WordsRefusedError

_STEPS = {"extend": "propose", "close": "conclude"}
"""Answers that the table of steps calls otherwise."""


async def answer_request(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    answer: HandlingAnswer,
    *,
    if_match: Precondition,
    now: datetime,
) -> HandlingRead:
    """Answer a request; what each answer does is in the table of steps.

    Accepting shows the office that asked and the one that accepts each other's contact. The summary
    of either case waits for unit heads of its own office, in the register of grants.

    Raises:
        MissingScopeError: the caller lacks `handling:answer`.
        HandlingNotFoundError, HandlingMovedError, HandlingNotYoursError,
            PreconditionFailedError: see `steps.take`.
        HandlingDoneError: the office accepted these terms before.
        OverlapNotFoundError: it is to be accepted and its overlap was retracted meanwhile.
        TermsRefusedError: a term names no party, or ends too late; or an extension no later.
        ReasonNeededError: the state's rule wants the reasons of a denial in writing.
        WordsRefusedError: the explanation holds an identifier.
    """
    row, taken = await steps.take(
        session,
        principal,
        request_id,
        _STEPS.get(answer.answer, answer.answer),
        Permission.HANDLING_ANSWER,
        if_match=if_match,
        now=now,
    )
    match answer:
        case HandlingAccept():
            return await _accept(session, principal, row, taken, now=now)
        case HandlingDecline():
            return await _decline(session, principal, row, taken, answer, now=now)
        case HandlingCounter():
            return await _counter(session, principal, row, taken, answer.terms, now=now)
        case HandlingExtend():
            terms = _extended(row, answer.ends_on)
            return await _counter(session, principal, row, taken, terms, now=now)
        case HandlingClose():
            return await steps.finish(
                session, principal, row, taken, now=now, end_reason="question_answered"
            )


async def _accept(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    *,
    now: datetime,
) -> HandlingRead:
    own = own_party(row)
    if has_accepted(own, row):
        raise HandlingDoneError
    await _show(session, principal, row, now=now)
    await queries.set_accepted(
        session, principal.office_id, row["id"], row["terms_number"], now=now
    )
    waits = any(not has_accepted(p, row) for p in row["parties"] if p["number"] != own["number"])
    return await steps.finish(
        session,
        principal,
        row,
        taken,
        now=now,
        is_complete=not waits,
        answered_at=now,
        detail={"terms": row["terms_number"]},
    )


async def _counter(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    terms: Terms,
    *,
    now: datetime,
) -> HandlingRead:
    number = row["terms_number"] + 1
    check_terms(terms, len(row["parties"]), now=now, number=number)
    if row["agreed_number"] is None:
        await _show(session, principal, row, now=now)
    await add_terms(session, principal, row["id"], number, terms, now=now)
    await queries.set_accepted(session, principal.office_id, row["id"], number, now=now)
    changes = {"terms_number": number, "answered_at": now}
    if row["agreed_number"] is None:
        changes["due_at"] = steps.due(taken.to, row["answer_days"], now)
    return await steps.finish(
        session, principal, row, taken, now=now, detail={"terms": number}, **changes
    )


def _extended(row: asyncpg.Record, ends_on: date) -> Terms:
    """Return the terms with a later end, under the office that leads by now."""
    if ends_on <= row["ends_on"]:
        problem = FieldProblem("/ends_on", "end", TermsRefusedError.default_detail)
        raise TermsRefusedError(problems=(problem,))
    lead = next(p for p in row["parties"] if p["office_id"] == row["lead_office_id"])
    return Terms.model_validate(row["terms"]).model_copy(
        update={"ends_on": ends_on, "lead": lead["number"]}
    )


async def _decline(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    answer: HandlingDecline,
    *,
    now: datetime,
) -> HandlingRead:
    asks = row["parties"][0]
    rules = authorities(row) if asks["kind"] == "attorney_general" else []
    if answer.explanation is None and any(rule.denial_needs_reasons for rule in rules):
        problem = FieldProblem("/explanation", "needed", ReasonNeededError.default_detail)
        raise ReasonNeededError(problems=(problem,))
    if found := find_identifiers(answer.explanation or ""):
        problems = tuple(replace(problem, pointer="/explanation") for problem in found)
        raise WordsRefusedError(problems=problems)
    return await steps.finish(
        session,
        principal,
        row,
        taken,
        now=now,
        answered_at=now,
        decline_reason=answer.reason,
        explanation=answer.explanation,
        detail={"reason": answer.reason},
    )


async def _show(
    session: AsyncSession, principal: Principal, row: asyncpg.Record, *, now: datetime
) -> None:
    """Show contacts between the office that asked and the one that answers, once.

    The summaries wait: each office's case is granted by its own, and another one of it approves.
    """
    own, asks = own_party(row), row["parties"][0]
    if own["number"] == 1 or own["accepted_terms"] is not None:
        return
    if own["overlap_id"] is not None:
        overlap_id = UUID(own["overlap_id"])
        await cases.get_overlap(  # not on evidence that is gone by now
            session, principal, overlap_id, now=now, permission=Permission.HANDLING_ANSWER
        )
        await queries.set_accepted(
            session, principal.office_id, row["id"], row["terms_number"], now=now
        )  # the database lets who accepted make the grants below
        for case_id, grantee, granted_by in (
            (own["requester_case_id"], own["office_id"], row["requested_by"]),
            (own["case_id"], asks["office_id"], principal.actor),
        ):
            for rung in (ladder.CONTACT, ladder.SUMMARY):
                await cases_service.grant(
                    session,
                    principal,
                    case_id,
                    grantee,
                    rung=rung,
                    purpose="handling_accepted",
                    overlap_id=overlap_id,
                    request_id=row["id"],
                    granted_by=granted_by,
                    now=now,
                    awaits_approval=rung == ladder.SUMMARY,
                )
