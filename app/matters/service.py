"""A matter under an agreement: it begins, its lead is handed over, it is extended."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.ids import HANDLING, new_id, public_id
from app.matters import queries
from app.matters.errors import MatterEndedError
from app.matters.models import Matter, MatterLead
from app.matters.schemas import (
    LeadPeriodRead,
    MatterPartyRead,
    MatterRead,
    MatterSummaryRead,
    Part,
    State,
)
from app.offices.schemas import OfficeRef

OFFER: Final = "led"


async def begin_matter(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID,
    lead_office_id: int,
    offices: list[int],
    *,
    ends_on: date,
    accepted_by: str,
    now: datetime,
) -> None:
    """Begin a matter of a request that all have signed; part of the last signature.

    Args:
        session: With the request already in force.
        principal: Who signed last.
        request_id: The request, and the matter's own key.
        lead_office_id: Which of the parties leads.
        offices: The parties, who asked first.
        ends_on: First day on which it no longer holds.
        accepted_by: Who signed for the lead.
        now: When it begins.
    """
    await session.execute(
        insert(Matter).values(
            request_id=request_id,
            lead_office_id=lead_office_id,
            began_on=now.date(),
            agreed_on=now.date(),
            ends_on=ends_on,
        )
    )
    await session.execute(
        insert(MatterLead).values(
            id=new_id(),
            request_id=request_id,
            office_id=lead_office_id,
            offered_by=accepted_by,
            offered_at=now,
            accepted_by=accepted_by,
            accepted_at=now,
        )
    )
    await audit.record(
        session,
        principal,
        "matter.began",
        str(request_id),
        recipients=offices,
        detail={"lead": lead_office_id, "ends_on": ends_on.isoformat()},
    )


async def extend_matter(
    session: AsyncSession, request_id: UUID, ends_on: date, *, now: datetime
) -> None:
    """Give a matter a later end that all have signed; part of the last signature."""
    await session.execute(
        update(Matter)
        .where(Matter.request_id == request_id)
        .values(agreed_on=now.date(), ends_on=ends_on)
    )


async def read_matter(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> MatterRead:
    """Return a matter that the caller's office is a party of.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    read = await read_as(session, principal, key, now=now)
    await record_disclosed(session, principal, read.id, "matter")
    return read


async def list_matters(
    session: AsyncSession,
    principal: Principal,
    *,
    state: State | None,
    part: Part | None,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, MatterSummaryRead]]:
    """Return a page of the matters that the caller's office is a party of, newest first.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
    """
    principal.require(Permission.HANDLING_READ)
    rows = await queries.list_matters(
        session,
        principal,
        is_open=None if state is None else state == "open",
        is_lead=None if part is None else part == "lead",
        before=before,
        limit=limit,
        now=now,
    )
    found = [(row["request_id"], _summary(row, principal)) for row in rows]
    await audit.record(
        session,
        principal,
        "matters.disclosed",
        f"{len(found)} matters",
        recipients=[principal.office_id],
        detail={read.id: read.status for _, read in found},
    )
    return found


async def record_disclosed(
    session: AsyncSession, principal: Principal, matter_id: str, what: str
) -> None:
    """Record that the caller was shown a matter, or a part of it."""
    await audit.record(
        session,
        principal,
        f"{what}.disclosed",
        matter_id,
        recipients=[principal.office_id],
    )


async def get_open(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> asyncpg.Record:
    """Return a matter that still holds, locked until the transaction ends.

    Raises:
        MatterNotFoundError: absent, or not for the caller; never told apart.
        MatterEndedError: it has ended, or the office has left it.
    """
    row = await queries.get_matter(session, principal, key, now=now, for_update=True)
    if row["own_left_at"] is not None:
        raise MatterEndedError("left")
    if row["ended_at"] is not None:
        raise MatterEndedError(row["status"])
    return row


async def read_as(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> MatterRead:
    """Return a matter as the caller's office sees it; nothing is recorded.

    Raises:
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    row = await queries.get_matter(session, principal, key, now=now)
    leads = await list_leads(session, row)
    return MatterRead(**_summary(row, principal).model_dump(), leads=leads)


def _summary(row: asyncpg.Record, principal: Principal) -> MatterSummaryRead:
    lead = lead_of(row)
    plain = ("kind", "status", "began_on", "began_at", "agreed_on", "ends_on", "ended_at")
    return MatterSummaryRead(
        **{name: row[name] for name in plain},
        id=public_id(queries.PREFIX, row["request_id"]),
        request_id=public_id(HANDLING, row["request_id"]),
        parties=parties(row),
        lead=OfficeRef(code=lead["code"], name=lead["name"]),
        is_lead=row["lead_office_id"] == principal.office_id,
        case=row["own_case"],
    )


def parties(row: asyncpg.Record) -> tuple[MatterPartyRead, ...]:
    """Return the offices of a matter, who asked first, with those that left."""
    shown = ("code", "name", "joined_at", "leaves_on", "left_at")
    return tuple(
        MatterPartyRead.model_validate({name: each[name] for name in shown})
        for each in row["parties"]
    )


def lead_of(row: asyncpg.Record) -> dict[str, Any]:
    """Return the party that leads, or led at the end."""
    lead: dict[str, Any] = next(
        each for each in row["parties"] if each["office_id"] == row["lead_office_id"]
    )
    return lead


def present(row: asyncpg.Record) -> list[dict[str, Any]]:
    """Return the parties that have not left."""
    return [each for each in row["parties"] if each["left_at"] is None]


async def list_leads(session: AsyncSession, row: asyncpg.Record) -> tuple[LeadPeriodRead, ...]:
    """Return who led a matter when, each until the next one took over."""
    found = await queries.list_leads(session, row["request_id"], until=row["own_left_at"])
    taken = [each["accepted_at"] for each in found if each["accepted_at"] is not None]
    ended_at = None if row["own_left_at"] else row["ended_at"]  # who left knows no later lead
    return tuple(
        LeadPeriodRead(
            id=public_id(OFFER, each["id"]),
            office=OfficeRef(code=each["code"], name=each["name"]),
            from_office=each["from_code"],
            offered_at=each["offered_at"],
            accepted_at=each["accepted_at"],
            until=min((at for at in taken if at > each["accepted_at"]), default=ended_at)
            if each["accepted_at"]
            else None,
        )
        for each in found
    )
