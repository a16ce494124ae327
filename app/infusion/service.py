from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases.errors import TextRefusedError
from app.cases.guard import find_identifiers
from app.core import locks
from app.core.ids import QUESTION, new_id, public_id
from app.infusion import queries, states
from app.infusion.errors import (
    DeskAbsentError,
    DeskBusyError,
    QuestionNotYoursError,
    QuestionStandsError,
)
from app.infusion.models import InfusionQuestion
from app.infusion.schemas import (
    QuestionAsk,
    QuestionRead,
    QuestionUse,
)
from app.infusion.states import Side, Status, Step

PREFIX: Final = QUESTION
EXPIRES_AFTER: Final = timedelta(days=30)
"""How long a desk has for an answer."""
MOST_WAITING: Final = 20
"""How many questions of one office may wait at one desk: nobody buries it."""


async def ask_question(
    session: AsyncSession, principal: Principal, asked: QuestionAsk, *, now: datetime
) -> QuestionRead:
    """Ask the desk of another office; nothing of the asker's cases goes along.

    Raises:
        MissingScopeError: the caller lacks `infusion:ask`.
        AgreementNotInForceError: the office does not take part now.
        TextRefusedError: the question holds what looks like an identifier.
        DeskAbsentError: that office offers no such advice, takes no part, or is the caller's own.
        DeskBusyError: `MOST_WAITING` wait there.
    """
    principal.require(Permission.INFUSION_ASK)
    principal.require_participation()
    _check(asked.question, "/question")
    found = await queries.list_desks(
        session, after=None, limit=1, today=now.date(), topic=asked.topic, code=asked.desk
    )
    if not found or found[0]["id"] == principal.office_id:
        raise DeskAbsentError
    await locks.alone(session, f"desk {found[0]['id']} of {principal.office_id}")
    if await queries.count_waiting(session, principal, found[0]["id"], now=now) >= MOST_WAITING:
        raise DeskBusyError
    question = InfusionQuestion(
        id=new_id(),
        office_id=principal.office_id,
        desk_office_id=found[0]["id"],
        **asked.model_dump(exclude={"desk"}),
        status="open",
        asked_by=principal.actor,
        asked_at=now,
        expires_at=now + EXPIRES_AFTER,
        version=1,
    )
    session.add(question)
    await session.flush()  # the row is read back below, as both offices see it
    row = await queries.get_question(session, principal, question.id, now=now)
    return await _recorded(session, principal, "infusion.asked", row)


async def take_question(
    session: AsyncSession, principal: Principal, question_id: UUID | None, *, now: datetime
) -> QuestionRead:
    """Say that someone of the desk is at a question.

    Raises:
        MissingScopeError: the caller lacks `infusion:answer`.
        QuestionNotFoundError, QuestionNotYoursError, QuestionStandsError: see errors.py.
    """
    principal.require(Permission.INFUSION_ANSWER)
    change = {"taken_by": principal.actor, "taken_at": now}
    return await _step(session, principal, question_id, states.TAKE, "taken", change, now=now)


async def answer_question(
    session: AsyncSession,
    principal: Principal,
    question_id: UUID | None,
    answer: str,
    *,
    now: datetime,
) -> QuestionRead:
    """Answer a question of another office; the first answer is final.

    Raises:
        MissingScopeError: the caller lacks `infusion:answer`.
        TextRefusedError: the answer holds what looks like an identifier.
        QuestionNotFoundError, QuestionNotYoursError, QuestionStandsError: see errors.py.
    """
    principal.require(Permission.INFUSION_ANSWER)
    _check(answer, "/answer")
    change = {"answer": answer, "answered_by": principal.actor, "answered_at": now}
    return await _step(session, principal, question_id, states.ANSWER, "answered", change, now=now)


async def say_use(
    session: AsyncSession,
    principal: Principal,
    question_id: UUID | None,
    said: QuestionUse,
    *,
    now: datetime,
) -> QuestionRead:
    """Say whether an answer was used, and what for or why not.

    Raises:
        MissingScopeError: the caller lacks `infusion:ask`.
        QuestionNotFoundError, QuestionNotYoursError, QuestionStandsError: see errors.py.
    """
    principal.require(Permission.INFUSION_ASK)
    change = {"use_code": said.code, "settled_at": now}
    return await _step(session, principal, question_id, states.SAY_USE, said.use, change, now=now)


async def withdraw_question(
    session: AsyncSession, principal: Principal, question_id: UUID | None, *, now: datetime
) -> QuestionRead:
    """Withdraw a question that is not answered; its text stays, because it was read.

    Raises:
        MissingScopeError: the caller lacks `infusion:ask`.
        QuestionNotFoundError, QuestionNotYoursError, QuestionStandsError: see errors.py.
    """
    principal.require(Permission.INFUSION_ASK)
    change = {"settled_at": now}
    step = states.WITHDRAW
    return await _step(session, principal, question_id, step, "withdrawn", change, now=now)


async def read_question(
    session: AsyncSession, principal: Principal, question_id: UUID | None, *, now: datetime
) -> QuestionRead:
    """Return a question that the caller's office asked or received.

    Raises:
        MissingScopeError: the caller lacks `infusion:read`.
        QuestionNotFoundError: absent, or between other offices; never told apart.
    """
    principal.require(Permission.INFUSION_READ)
    read = render(await queries.get_question(session, principal, question_id, now=now))
    await _record_disclosed(session, principal, [read])
    return read


async def list_questions(
    session: AsyncSession,
    principal: Principal,
    *,
    direction: Side | None,
    status: Status | None,
    topic: str | None,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, QuestionRead]]:
    """Return a page of the questions that the caller's office asked or received, newest first.

    Raises:
        MissingScopeError: the caller lacks `infusion:read`.
    """
    principal.require(Permission.INFUSION_READ)
    rows = await queries.list_questions(
        session,
        principal,
        direction=direction,
        status=status,
        topic=topic,
        before=before,
        limit=limit,
        now=now,
    )
    found = [(row["id"], render(row)) for row in rows]
    await _record_disclosed(session, principal, [read for _, read in found])
    return found


async def expire_questions(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Expire at most `limit` questions that were not answered in time; return how many, 0 if done.

    Both offices' auditors read of it while both take part; else the question is hidden from them.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    rows = await queries.expire(session, now=now, limit=limit, office_id=office_id)
    entries = [
        (
            side if row["is_known"] else principal.office_id,
            audit.Entry("infusion.expired", public_id(PREFIX, row["id"]), [side]),
        )
        for row in rows
        for side in (row["office_id"], row["desk_office_id"])
    ]
    await audit.record_of_offices(session, principal, entries)
    return len(rows)


async def _step(
    session: AsyncSession,
    principal: Principal,
    question_id: UUID | None,
    step: Step,
    status: Status,
    change: Mapping[str, Any],
    *,
    now: datetime,
) -> QuestionRead:
    row = await queries.get_question(session, principal, question_id, now=now, for_update=True)
    is_late = row["status"] in states.UNANSWERED and row["expires_at"] <= now
    status_now = "expired" if is_late else row["status"]
    if row["is_asked"] is not (step.side == "asked"):
        raise QuestionNotYoursError(status_now)
    if status_now not in step.starts:
        raise QuestionStandsError(status_now)
    await session.execute(
        update(InfusionQuestion)
        .where(InfusionQuestion.id == row["id"])
        .values(status=status, version=InfusionQuestion.version + 1, **change)
    )
    changed = await queries.get_question(session, principal, row["id"], now=now)
    return await _recorded(session, principal, f"infusion.{status}", changed)


async def _recorded(
    session: AsyncSession, principal: Principal, action: str, row: asyncpg.Record
) -> QuestionRead:
    other = row["desk_office_id"] if row["is_asked"] else row["office_id"]
    read = render(row)
    detail = {"topic": read.topic, "version": read.version, "use": read.use_code}
    await audit.record(session, principal, action, read.id, recipients=[other], detail=detail)
    return read


async def _record_disclosed(
    session: AsyncSession, principal: Principal, shown: Sequence[QuestionRead]
) -> None:
    await audit.record(
        session,
        principal,
        "infusion_questions.disclosed",
        f"{len(shown)} questions",
        recipients=[principal.office_id],
        detail={read.id: read.version for read in shown},
    )


def _check(text: str, pointer: str) -> None:
    if found := find_identifiers(text, pointer):
        raise TextRefusedError(problems=found)


def render(row: asyncpg.Record) -> QuestionRead:
    """Return a question as the caller's office sees it."""
    return QuestionRead.model_validate(
        {
            **dict(row),
            "id": public_id(PREFIX, row["id"]),
            "direction": "asked" if row["is_asked"] else "received",
            "office": row["office_code"],
            "desk": row["desk_code"],
        }
    )
