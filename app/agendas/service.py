from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.agendas import queries
from app.agendas.errors import AgendaNotFoundError, CommitteeRefusedError
from app.agendas.schemas import AgendaRead, MeetingList, MeetingRead
from app.agendas.topics import LEAST_OFFICES, SOON, TOPICS, arrange
from app.audit import service as audit
from app.core.items import attempt
from app.offices.queries import read_commitments
from app.papers.pdf import Section, print_paper
from app.reference.counties import STATES

OF_STATE = "state"
_TYPES = {"sex": "sex trafficking", "labor": "labor trafficking", "both": "sex and labor"}


async def make_agendas(
    session: AsyncSession, principal: Principal, *, now: datetime, limit: int
) -> int:
    """Make the agendas of one state that has none of this week; returns 1, or 0 when all have.

    Of one that fails the others are made all the same.

    Args:
        session: Of the jobs' role.
        principal: The operator, or a job of the operator.
        now: The day of the agendas.
        limit: Not asked: one state is a batch.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    del limit
    principal.require(Permission.OFFICES_MANAGE)

    async def make(state: str) -> None:
        sizes = await queries.get_sizes(session, state, today=now.date())
        rows = await queries.list_counts(session, state, now=now)
        await queries.store(session, state, now.date(), arrange(rows, sizes))

    for state in await queries.list_due_states(session, today=now.date()):
        if await attempt(session, state, partial(make, state)):
            return 1
    return 0


async def list_meetings(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> MeetingList:
    """Return the meetings whose agenda the caller's office reads; none while it takes no part.

    Raises:
        MissingScopeError: the caller lacks `agendas:read`.
    """
    principal.require(Permission.AGENDAS_READ)
    rows = await queries.list_meetings(session, principal.office_id, today=now.date())
    return MeetingList(items=tuple(MeetingRead.model_validate(_meeting(row)) for row in rows))


async def read_agenda(
    session: AsyncSession, principal: Principal, meeting: str, *, now: datetime
) -> AgendaRead:
    """Return the sheet of a meeting; commitments and agreements are those of today.

    Raises:
        MissingScopeError: the caller lacks `agendas:read`.
        AgendaNotFoundError: no such meeting, or not one of the caller's office.
    """
    principal.require(Permission.AGENDAS_READ)
    today = now.date()
    rows = await queries.list_meetings(session, principal.office_id, today=today)
    row = next((each for each in rows if _meeting(each)["id"] == meeting), None)
    if row is None:
        raise AgendaNotFoundError
    offices = await queries.list_offices(session, row["state"], row["committee_id"], today=today)
    # who was too few when it was counted is told nothing, and so is who has become so
    counts = row["counts"] if row["counts"] and len(offices) >= LEAST_OFFICES else {}
    due, committed = _commitments(offices, today)
    return AgendaRead.model_validate(
        {
            **_meeting(row),
            "state": row["state"],
            "has_counts": bool(counts),
            "topics": [
                {"topic": topic, "meaning": words, "count": counts[topic]}
                for topic, words in TOPICS.items()
                if topic in counts
            ],
            "offices": [_ref(each) for each in offices],
            "commitments": due,
            "committed": committed,
            "participations": [
                {"office": _ref(each), "ends_on": each["ends_on"]}
                for each in offices
                if each["ends_on"] is not None and each["ends_on"] <= today + SOON
            ],
        }
    )


async def print_agenda(
    session: AsyncSession, principal: Principal, meeting: str, *, now: datetime
) -> bytes:
    """Return the sheet of a meeting as a tagged PDF, to hand round.

    Raises:
        MissingScopeError, AgendaNotFoundError: as of `read_agenda`.
    """
    read = await read_agenda(session, principal, meeting, now=now)
    return await print_paper(f"Agenda of the monthly meeting: {read.name}", paper(read, now.date()))


async def set_committee(
    session: AsyncSession, principal: Principal, state: str, name: str, codes: Sequence[str]
) -> None:
    """Seat these offices in a committee, and nobody else; without offices it ends.

    Raises:
        MissingScopeError: the caller is not the operator.
        CommitteeRefusedError: an office is unknown, of another state, or sits in another one.
    """
    principal.require(Permission.OFFICES_MANAGE)
    chosen = sorted(set(codes))
    if not chosen:
        if not await queries.end_committee(session, state, name):
            raise CommitteeRefusedError("There is no committee of this name.")
    elif await queries.set_committee(session, state, name, chosen) != len(chosen):
        raise CommitteeRefusedError
    await audit.record(
        session, principal, "committee.set", state, detail={"name": name, "offices": chosen}
    )


def count_text(count: int | None) -> str:
    """Return how many there are, in words."""
    return "some" if count is None else "none" if count == 0 else f"about {count}"


def paper(read: AgendaRead, today: date) -> list[Section]:
    """Return the sheet as sections of plain lines."""
    day = f"Numbers as of {read.made_on}" if read.made_on else "Nothing was counted yet"
    numbers = [f"{each.meaning}: {count_text(each.count)}" for each in read.topics]
    if read.made_on and not read.has_counts:
        numbers = ["Fewer than four offices take part, or did when it was counted: no numbers."]
    return [
        Section(
            "What waits in this meeting",
            [
                f"{day}, printed on {today}.",
                "Each office brings its own cases; none is on this sheet.",
                "Numbers are rounded to a multiple of five; some: too few to tell.",
                *numbers,
            ],
        ),
        Section(
            "Commitments of leadership",
            [
                f"{read.committed} of {len(read.offices)} offices have one that stands.",
                *(
                    f"{each.office.name}: {_TYPES[each.trafficking_type]}, "
                    f"{'lapsed' if each.has_lapsed else 'lapses'} on {each.lapses_on}"
                    for each in read.commitments
                ),
            ],
        ),
        Section(
            "Participation agreements that end within 60 days",
            [f"{each.office.name}: on {each.ends_on}" for each in read.participations] or ["None"],
        ),
        Section("Offices", [each.name for each in read.offices]),
    ]


def _meeting(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": str(row["committee_id"] or OF_STATE),
        "name": row["name"] or STATES.get(row["state"], row["state"]),
        "made_on": row["made_on"],
    }


def _ref(row: asyncpg.Record) -> dict[str, str]:
    return {"code": row["code"], "name": row["name"]}


def _commitments(
    offices: Sequence[asyncpg.Record], today: date
) -> tuple[list[dict[str, Any]], int]:
    """Return the commitments to talk about, and how many offices have one that stands."""
    due, committed = [], 0
    for office in offices:
        found = read_commitments(office["commitments"], today)
        committed += any(not each.has_lapsed for each in found)
        due += [
            {
                "office": _ref(office),
                "trafficking_type": each.trafficking_type,
                "lapses_on": each.lapses_on,
                "has_lapsed": each.has_lapsed,
            }
            for each in found
            if each.lapses_on <= today + SOON
        ]
    return sorted(due, key=lambda each: each["lapses_on"]), committed
