"""What is filed and shared of a matter: who was on the team when, and its dates."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.ids import public_id
from app.matters import queries as matters
from app.matters.service import list_leads, parties, record_disclosed
from app.papers.pdf import Section, print_paper
from app.teamwork import queries
from app.teamwork.reading import TASK
from app.teamwork.schemas import (
    StatementMemberRead,
    StatementRead,
)

_REVIEWS_AHEAD: Final = 12


async def make_statement(
    session: AsyncSession, principal: Principal, key: UUID | None, on: date | None, *, now: datetime
) -> StatementRead:
    """Return who was on the team, on one day or over the whole time.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    row = await matters.get_matter(session, principal, key, now=now)
    matter_id = public_id(matters.PREFIX, row["request_id"])
    members = await queries.list_team(session, row["request_id"], on, until=row["own_left_at"])
    ends = [each.date() for each in (row["ended_at"], row["own_left_at"]) if each]
    last = min([row["ends_on"] - timedelta(days=1), *ends])
    is_over = row["ended_at"] is not None and row["own_left_at"] is None
    if on is not None and on > last:
        members = []  # of a later day the reader knows of nobody
    of_matter = parties(row)
    gone = {each.code: each.left_at.date() for each in of_matter if each.left_at}
    await record_disclosed(session, principal, matter_id, "statement")
    return StatementRead(
        matter_id=matter_id,
        made_at=now,
        on=on,
        status=row["status"],
        began_on=row["began_on"],
        ends_on=row["ends_on"],
        ended_at=row["ended_at"],
        parties=of_matter,
        leads=await list_leads(session, row),
        members=tuple(
            StatementMemberRead(
                office=each["office_name"],
                name=each["name"],
                post=each["post"],
                joined_on=each["joined_on"],
                left_on=min(each["left_on"] or last, last) if is_over else each["left_on"],
            )
            for each in members  # but for those whose first day never came
            if each["joined_on"] <= gone.get(each["code"], last if is_over else date.max)
        ),
    )


async def make_calendar(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> str:
    """Return the dates of a matter as a calendar (RFC 5545): tasks, reviews, notices, its end.

    Titles say what is due and nothing of the case: calendars are seen over shoulders. Of one that
    is over, or that the office has left, there is that day alone.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    row = await matters.get_matter(session, principal, key, now=now)
    matter_id = public_id(matters.PREFIX, row["request_id"])
    ended_at = row["own_left_at"] or row["ended_at"]
    if ended_at is None:
        dates = [
            *_coming(row, matter_id, await queries.list_open_tasks(session, row["request_id"]))
        ]
    else:
        how = "Agreement ended" if row["own_left_at"] is None else "Your office left the agreement"
        dates = [(f"{matter_id}-end", how, ended_at.date())]
    await record_disclosed(session, principal, matter_id, "calendar")
    from icalendar import Calendar, Event  # noqa: PLC0415 -- 4 MB that only calendars need

    calendar = Calendar()
    calendar.add("prodid", "-//Joinder//Matter//EN")
    calendar.add("version", "2.0")
    for uid, summary, day in dates:
        event = Event()
        event.add("uid", uid)
        event.add("summary", summary)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("dtstamp", now)
        calendar.add_component(event)
    return str(calendar.to_ical(), "utf-8")


def _coming(
    row: asyncpg.Record, matter_id: str, tasks: Sequence[asyncpg.Record]
) -> Iterator[tuple[str, str, date]]:
    """Yield what is to come: what names it in the calendar, its title and its day."""
    yield f"{matter_id}-end", "Agreement ends", row["ends_on"]
    began_on, every = row["began_on"], timedelta(days=row["review_every_days"])
    first = max(1, -((began_on - row["today"]) // every))  # the one that is due today, or next
    for number in range(first, first + _REVIEWS_AHEAD):
        if began_on + every * number < row["ends_on"]:
            yield f"{matter_id}-review-{number}", "Review", began_on + every * number
    for party in parties(row):
        if party.leaves_on is not None and party.left_at is None:
            name = f"{matter_id}-leaves-{party.code}"
            yield name, f"{party.code} leaves by notice", party.leaves_on
    for task in tasks:
        what = task["kind"].replace("_", " ").capitalize()
        yield public_id(TASK, task["id"]), f"{what} ({task['code']})", task["due_on"]


async def print_statement(
    session: AsyncSession, principal: Principal, key: UUID | None, on: date | None, *, now: datetime
) -> bytes:
    """Return the statement of `make_statement` as a PDF.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    read = await make_statement(session, principal, key, on, now=now)
    led = [
        f"{period.office.name}: {period.accepted_at:%Y-%m-%d %H:%M} UTC to "
        + (f"{period.until:%Y-%m-%d %H:%M} UTC" if period.until else "no end on record")
        for period in read.leads
        if period.accepted_at
    ]
    team = [
        f"{each.name}, {each.post.replace('_', ' ')}, {each.office}: {each.joined_on} to "
        f"{each.left_on or 'no end on record'}"
        for each in read.members
    ]
    period = [
        f"Matter {read.matter_id}, {read.status}",
        f"From {read.began_on} to {read.ended_at.date() if read.ended_at else read.ends_on}",
        f"On the team on {read.on}" if read.on else "On the team at any time",
        f"Made {read.made_at:%Y-%m-%d %H:%M} UTC from the registry's records",
    ]
    offices = [
        f"{office.name} ({office.code}): {office.joined_at or read.began_on:%Y-%m-%d} to "
        + (f"{end:%Y-%m-%d}" if (end := office.left_at or read.ended_at) else "no end on record")
        + (f", gave notice to leave by {office.leaves_on}" if office.leaves_on else "")
        for office in read.parties
    ]
    return await print_paper(
        "Who was on the team when",
        [
            Section("Matter", period),
            Section("Offices", offices),
            Section("Lead", led),
            Section("Team", team or ["Nobody was entered."]),
        ],
    )
