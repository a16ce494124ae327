"""What an office looks back at: who read its cases, what it showed to whom, and its own audit."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases.overlap_schemas import CaseRef
from app.cases.vocabulary import ReadReason
from app.oversight import queries, readings
from app.oversight.schemas import (
    About,
    AuditEntryRead,
    CaseGrantRead,
    CaseReadingRead,
    GrantsShown,
    ShownOverlapRead,
)
from app.sharing import lines


async def list_readings(
    session: AsyncSession,
    principal: Principal,
    *,
    reason: ReadReason | None,
    external_id: str | None,
    before: int | None,
    limit: int,
    now: datetime,
) -> list[tuple[int, CaseReadingRead]]:
    """Return a page of who read any of the caller's own cases for a reason, newest first.

    A reader is told of as far as its side of the overlap may be seen: of a silent one nothing is.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    rows = await queries.list_readings(
        session,
        principal,
        reason=reason,
        external_id=external_id,
        before=before,
        limit=limit,
        now=now,
    )
    return await _told(session, principal, rows)


async def list_readings_for_audit(
    session: AsyncSession,
    principal: Principal,
    *,
    reason: ReadReason | None,
    external_id: str | None,
    before: int | None,
    limit: int,
) -> list[tuple[int, CaseReadingRead]]:
    """Return the same page to the office's auditor, who is shown no overlap.

    Raises:
        MissingScopeError: the caller lacks `audit:read`.
    """
    principal.require(Permission.AUDIT_READ)
    rows = await queries.list_readings_for_audit(
        session, reason=reason, external_id=external_id, before=before, limit=limit
    )
    return await _told(session, principal, rows)


async def _told(
    session: AsyncSession, principal: Principal, rows: Sequence[asyncpg.Record]
) -> list[tuple[int, CaseReadingRead]]:
    """Return the readings and record which the caller was told of."""
    await audit.record(
        session,
        principal,
        "readings.disclosed",
        f"{len(rows)} readings",
        recipients=[principal.office_id],
        detail={"readings": [row["id"] for row in rows]},
    )
    return [
        (
            row["id"],
            CaseReadingRead(
                **readings.render(row).model_dump(),
                case=CaseRef(source_system=row["source_system"], external_id=row["external_id"]),
                office_name=row["name"],
            ),
        )
        for row in rows
    ]


async def list_shown(
    session: AsyncSession,
    principal: Principal,
    entry: int,
    *,
    after: UUID | None,
    limit: int,
) -> list[tuple[UUID, ShownOverlapRead]]:
    """Return a page of the overlaps that one entry of the own audit says were shown, and how far.

    Raises:
        MissingScopeError: the caller lacks `audit:read`.
    """
    principal.require(Permission.AUDIT_READ)
    rows = await queries.list_shown(session, entry, after=after, limit=limit)
    await audit.record(
        session,
        principal,
        "audit.read",
        f"{len(rows)} overlaps",
        recipients=[principal.office_id],
        detail={"entry": entry},
    )
    return [
        (
            row["overlap_id"],
            ShownOverlapRead(
                rung=row["rung"],
                case=CaseRef(source_system=row["source_system"], external_id=row["external_id"])
                if row["external_id"]
                else None,
                state=row["state"],
                office_kind=row["kind"],
                office_name=row["name"],
            ),
        )
        for row in rows
    ]


async def list_grants(
    session: AsyncSession,
    principal: Principal,
    shown: GrantsShown,
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> list[tuple[int, CaseGrantRead]]:
    """Return a page of what the caller's office let others see, newest first.

    Raises:
        MissingScopeError: the caller lacks `grants:read`.
    """
    principal.require(Permission.GRANTS_READ)
    rows = await queries.list_grants(session, principal, shown, before=before, limit=limit, now=now)
    read = await lines.render_each(session, principal, rows, now=now)
    return [
        (
            row["CaseGrant"].id,
            CaseGrantRead(
                **each.model_dump(),
                case=CaseRef(source_system=row["source_system"], external_id=row["external_id"]),
                office_name=each.office and row["name"],
            ),
        )
        for row, each in zip(rows, read, strict=True)
    ]


async def list_entries(
    session: AsyncSession,
    principal: Principal,
    about: About,
    *,
    since: datetime | None,
    until: datetime | None,
    before: int | None,
    limit: int,
) -> list[tuple[int, AuditEntryRead]]:
    """Return a page of the audit of the caller's office, newest first; that it is read is in it.

    Raises:
        MissingScopeError: the caller lacks `audit:read`.
    """
    principal.require(Permission.AUDIT_READ)
    nouns = queries.TOLD[about] if about else tuple(chain(*queries.TOLD.values()))
    rows = await queries.list_entries(
        session, principal, nouns, since=since, until=until, before=before, limit=limit
    )
    await audit.record(session, principal, "audit.read", f"{len(rows)} entries")
    return [(row["id"], AuditEntryRead.model_validate(dict(row))) for row in rows]
