"""Answers to a request: yes, no, other terms, a later end."""

from collections.abc import Sequence
from datetime import datetime
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
from app.handling import amending, queries, steps
from app.handling.errors import HandlingDoneError, ReasonNeededError
from app.handling.machine import Transition
from app.handling.reads import HandlingRead
from app.handling.rendering import authorities, has_accepted, own_party
from app.handling.schemas import (
    HandlingAccept,
    HandlingAdmit,
    HandlingAnswer,
    HandlingClose,
    HandlingCounter,
    HandlingDecline,
    HandlingExtend,
)
from app.handling.terms import Terms
from app.matters.errors import WordsRefusedError
from app.reference.authority import AUTHORITIES, Authority

_STEPS = {"extend": "propose"}
"""Answers that the table of steps calls otherwise."""


async def answer_request(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    answer: HandlingAnswer,
    *,
    if_match: Precondition,
    now: datetime,
    table: Sequence[Authority] = AUTHORITIES,
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
        PartiesRefusedError: who is to join takes no part, or is or was a party; or a wall before a
            case of the caller's office keeps a party, or who joins, from it.
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
            rules = authorities(row, table)
            return await _decline(session, principal, row, taken, answer, rules, now=now)
        case HandlingCounter():
            return await _counter(session, principal, row, taken, answer.terms, now=now)
        case HandlingExtend():
            return await amending.extend(session, principal, row, taken, answer.ends_on, now=now)
        case HandlingAdmit():
            return await amending.admit(session, principal, row, taken, answer.office, now=now)
        case HandlingClose():
            reason = "question_answered" if row["terms"] is None else "consent_on_record"
            return await steps.finish(session, principal, row, taken, now=now, end_reason=reason)


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
        raise HandlingDoneError(row["status"])
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
    await _show(session, principal, row, now=now)
    due_at = steps.due(taken.to, row["answer_days"], now)
    return await amending.change_terms(
        session, principal, row, taken, terms, due_at=due_at, now=now
    )


async def _decline(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    answer: HandlingDecline,
    rules: Sequence[Authority],
    *,
    now: datetime,
) -> HandlingRead:
    is_by_general = row["parties"][0]["kind"] == "attorney_general"
    is_ruled = is_by_general and any(rule.denial_needs_reasons for rule in rules)
    if is_ruled and answer.explanation is None:
        problem = FieldProblem("/explanation", "needed", ReasonNeededError.default_detail)
        raise ReasonNeededError(problems=(problem,))
    if problems := find_identifiers(answer.explanation or "", "/explanation"):
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
