"""What the parties of a matter write: who is on the team, what is to be done, short notes."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases.guard import find_identifiers
from app.core.errors import FieldProblem
from app.core.ids import new_id, public_id
from app.matters.errors import WordsRefusedError
from app.matters.service import get_open, present
from app.teamwork import queries, reading
from app.teamwork.errors import (
    MemberLeftError,
    MemberNotFoundError,
    TaskDoneError,
    TaskNotFoundError,
)
from app.teamwork.models import MatterMember, MatterNote, MatterTask
from app.teamwork.schemas import (
    MemberAdd,
    MemberRead,
    NoteRead,
    NoteWrite,
    TaskAdd,
    TaskRead,
)

DISCLOSURE_SEEN_WITHIN: Final = timedelta(days=14)
"""When a party should have seen whether what a note is about has to be disclosed."""


async def add_member(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    added: MemberAdd,
    *,
    now: datetime,
) -> MemberRead:
    """Put someone of the caller's own office on the team.

    Raises:
        MissingScopeError: the caller lacks `matters:work`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
        MatterEndedError: it has ended.
        WordsRefusedError: the name holds an identifier, or the first day is before the office's in
            the matter, or after the matter's last.
    """
    principal.require(Permission.MATTERS_WORK)
    row = await get_open(session, principal, key, now=now)
    _guard(added.name, "/name")
    own = next(p for p in row["parties"] if p["office_id"] == principal.office_id)
    _within(added.joined_on, "/joined_on", row, own["joined_at"])
    values = {"id": new_id(), **added.model_dump()}
    await _insert(session, MatterMember, principal, row, values, "added", now=now)
    await _record(session, principal, row, "member.joined", public_id(reading.MEMBER, values["id"]))
    return MemberRead.model_validate(
        {**values, "id": public_id(reading.MEMBER, values["id"]), "office": own["code"]}
    )


async def end_member(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    member_id: UUID | None,
    left_on: date,
    *,
    now: datetime,
) -> MemberRead:
    """Take someone of the caller's own office off the team.

    Raises:
        MissingScopeError: the caller lacks `matters:work`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
        MatterEndedError: it has ended.
        MemberNotFoundError: no such member of the own office.
        MemberLeftError: no longer on the team.
        WordsRefusedError: `left_on` is before the day on which they joined.
    """
    principal.require(Permission.MATTERS_WORK)
    row = await get_open(session, principal, key, now=now)
    ended = await session.execute(
        update(MatterMember)
        .where(
            MatterMember.id == member_id,
            MatterMember.request_id == row["request_id"],
            MatterMember.office_id == principal.office_id,
            MatterMember.left_on.is_(None),
            MatterMember.joined_on <= left_on,
        )
        .values(left_on=left_on)
    )
    found = await queries.find_member(session, row["request_id"], member_id)
    if found is None or found["office_id"] != principal.office_id:
        raise MemberNotFoundError
    if not ended.rowcount:  # type: ignore[attr-defined]  # of a CursorResult
        raise _out_of_time("/left_on") if found["left_on"] is None else MemberLeftError("left")
    await _record(session, principal, row, "member.left", public_id(reading.MEMBER, found["id"]))
    return reading.render_member(found)


async def add_task(
    session: AsyncSession, principal: Principal, key: UUID | None, added: TaskAdd, *, now: datetime
) -> TaskRead:
    """Give a party, or the own office, something to do by a day.

    Raises:
        MissingScopeError: the caller lacks `matters:work`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
        MatterEndedError: it has ended.
        WordsRefusedError: the note holds an identifier, the office is no party, or the day is not
            in the matter's time.
    """
    principal.require(Permission.MATTERS_WORK)
    row = await get_open(session, principal, key, now=now)
    _guard(added.note or "", "/note")
    party = next((p for p in present(row) if p["code"] == added.office), None)
    if party is None:
        problem = FieldProblem("/office", "no-such-party", "Name a party of the matter.")
        raise WordsRefusedError(problems=(problem,))
    _within(added.due_on, "/due_on", row)
    values = {"id": new_id(), **added.model_dump(exclude={"office"})}
    await _insert_task(session, principal, row, party["office_id"], values, now=now)
    return TaskRead.model_validate(
        {
            **values,
            "id": public_id(reading.TASK, values["id"]),
            "office": added.office,
            "made_at": now,
        }
    )


async def _insert_task(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    office_id: int,
    values: dict[str, Any],
    *,
    now: datetime,
) -> None:
    made = {"office_id": office_id, "made_by": principal.actor, "made_at": now}
    await session.execute(insert(MatterTask).values(**values, **made, request_id=row["request_id"]))
    await _record(session, principal, row, "task.made", public_id(reading.TASK, values["id"]))


async def finish_task(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    task_id: UUID | None,
    *,
    now: datetime,
) -> TaskRead:
    """Say that a task of the own office is done.

    Raises:
        MissingScopeError: the caller lacks `matters:work`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
        MatterEndedError: it has ended.
        TaskNotFoundError: no such task of the own office.
        TaskDoneError: it is done already.
    """
    principal.require(Permission.MATTERS_WORK)
    row = await get_open(session, principal, key, now=now)
    done = await session.execute(
        update(MatterTask)
        .where(
            MatterTask.id == task_id,
            MatterTask.request_id == row["request_id"],
            MatterTask.office_id == principal.office_id,
            MatterTask.done_at.is_(None),
        )
        .values(done_at=now, done_by=principal.actor)
    )
    found = await queries.find_task(session, row["request_id"], task_id)
    if found is None or found["office_id"] != principal.office_id:
        raise TaskNotFoundError
    if not done.rowcount:  # type: ignore[attr-defined]  # of a CursorResult
        raise TaskDoneError("done")
    await _record(session, principal, row, "task.done", public_id(reading.TASK, found["id"]))
    return reading.render_task(found)


async def write_note(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    written: NoteWrite,
    *,
    now: datetime,
) -> NoteRead:
    """Write a note that every party reads; it is never changed and may be discoverable.

    One that asks for it gives each party a task to see whether it has to be disclosed: what came
    of that each says by finishing its own.

    Raises:
        MissingScopeError: the caller lacks `matters:work`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
        MatterEndedError: it has ended.
        WordsRefusedError: the text holds an identifier.
    """
    principal.require(Permission.MATTERS_WORK)
    row = await get_open(session, principal, key, now=now)
    _guard(written.text, "/text")
    values = {"id": new_id(), **written.model_dump()}
    await _insert(session, MatterNote, principal, row, values, "written", now=now)
    await _record(session, principal, row, "note.written", written.kind)
    if written.asks_disclosure:
        due_on = min(now.date() + DISCLOSURE_SEEN_WITHIN, row["ends_on"] - timedelta(days=1))
        for party in present(row):
            review = {"id": new_id(), "kind": "disclosure_review", "due_on": due_on}
            await _insert_task(session, principal, row, party["office_id"], review, now=now)
    own = next(p for p in row["parties"] if p["office_id"] == principal.office_id)
    return NoteRead(**written.model_dump(), office=own["code"], written_at=now)


async def _insert(
    session: AsyncSession,
    table: type[MatterMember] | type[MatterNote],
    principal: Principal,
    row: asyncpg.Record,
    values: dict[str, Any],
    verb: str,
    *,
    now: datetime,
) -> None:
    who = {f"{verb}_by": principal.actor, f"{verb}_at": now}
    await session.execute(
        insert(table).values(
            **values, **who, request_id=row["request_id"], office_id=principal.office_id
        )
    )


async def _record(
    session: AsyncSession, principal: Principal, row: asyncpg.Record, action: str, what: str
) -> None:
    offices = [each["office_id"] for each in present(row)]
    await audit.record(
        session,
        principal,
        action,
        str(row["request_id"]),
        recipients=offices,
        detail={"what": what},
    )


def _guard(text: str, pointer: str) -> None:
    if problems := find_identifiers(text, pointer):
        raise WordsRefusedError(problems=problems)


def _within(day: date, pointer: str, row: asyncpg.Record, joined_at: str | None = None) -> None:
    """Refuse a day that is not in the matter's time, or before an office joined it."""
    first = datetime.fromisoformat(joined_at).date() if joined_at else row["began_on"]
    if not first <= day < row["ends_on"]:
        raise _out_of_time(pointer)


def _out_of_time(pointer: str) -> WordsRefusedError:
    detail = "Choose a day between the matter's first and last."
    return WordsRefusedError(problems=(FieldProblem(pointer, "out-of-time", detail),))
