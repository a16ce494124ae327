"""What is filed and shared of a matter: who was on the team when, and its dates."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

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
    await record_disclosed(session, principal, matter_id, "statement")
    return StatementRead(
        matter_id=matter_id,
        made_at=now,
        on=on,
        status=row["status"],
        began_on=row["began_on"],
        ends_on=row["ends_on"],
        ended_at=row["ended_at"],
        parties=parties(row),
        leads=await list_leads(session, row),
        members=tuple(
            StatementMemberRead(
                office=each["office_name"],
                name=each["name"],
                post=each["post"],
                joined_on=each["joined_on"],
                left_on=min(each["left_on"] or last, last) if is_over else each["left_on"],
            )
            for each in members
            if not is_over or each["joined_on"] <= last
        ),
    )


async def make_calendar(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> str:
    """Return the dates of a matter as a calendar (RFC 5545): tasks, reviews, notices, its end.

    Titles say what is due and nothing of the case: calendars are seen over shoulders.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    row = await matters.get_matter(session, principal, key, now=now)
    matter_id = public_id(matters.PREFIX, row["request_id"])
    dates = [(f"{matter_id}-end", "Agreement ends", row["ends_on"])]
    every = timedelta(days=row["review_every_days"])
    for number in range(1, _REVIEWS_AHEAD + 1):
        day = row["began_on"] + every * number
        if day < row["ends_on"]:
            dates.append((f"{matter_id}-review-{number}", "Review", day))
    for party in parties(row):
        if party.leaves_on is not None and party.left_at is None:
            leaving = f"{party.code} leaves by notice"
            dates.append((f"{matter_id}-leaves-{party.code}", leaving, party.leaves_on))
    for task in await queries.list_open_tasks(session, row["request_id"]):
        what = task["kind"].replace("_", " ").capitalize()
        dates.append((public_id(TASK, task["id"]), f"{what} ({task['code']})", task["due_on"]))
    await record_disclosed(session, principal, matter_id, "calendar")
    from icalendar import Calendar, Event  # noqa: PLC0415 -- 4 MB that only calendars need

    calendar = Calendar()
    calendar.add("prodid", "-//Joinder//Matter//EN")
    calendar.add("version", "2.0")
    for uid, summary, day in (
        dates if row["ended_at"] is None and row["own_left_at"] is None else []
    ):
        event = Event()
        event.add("uid", uid)
        event.add("summary", summary)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("dtstamp", now)
        calendar.add_component(event)
    return str(calendar.to_ical(), "utf-8")


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
