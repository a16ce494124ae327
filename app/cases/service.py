from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import queries
from app.cases.models import Case, CaseGrant
from app.cases.queries import SeenOverlap


async def read_case(
    session: AsyncSession, principal: Principal, source_system: str, external_id: str
) -> Case:
    """Return one of the caller's own cases.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
        CaseNotFoundError: absent, or another office's.
    """
    principal.require(Permission.CASES_READ)
    return await queries.get_case(session, principal, source_system, external_id)


async def list_cases(
    session: AsyncSession, principal: Principal, *, before: int | None, limit: int
) -> list[Case]:
    """Return a page of the caller's own cases, newest first.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
    """
    principal.require(Permission.CASES_READ)
    return await queries.list_cases(session, principal, before=before, limit=limit)


async def list_overlaps(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[SeenOverlap]:
    """Return a page of the overlaps that the caller may know of, and record what it was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    found = await queries.list_overlaps(session, principal, before=before, limit=limit, now=now)
    await audit.record_each(session, principal, [disclosed(principal, found)])
    return found


async def read_overlap(
    session: AsyncSession, principal: Principal, overlap_id: UUID | None, *, now: datetime
) -> SeenOverlap:
    """Return one overlap and record what the caller was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        OverlapNotFoundError: absent, or not for the caller; the two are never told apart.
    """
    principal.require(Permission.OVERLAPS_READ)
    found = await queries.get_overlap(session, principal, overlap_id, now=now)
    await audit.record_each(session, principal, [disclosed(principal, [found])])
    return found


async def grant(  # noqa: PLR0913 -- the columns of one row
    session: AsyncSession,
    principal: Principal,
    case_id: int,
    grantee_office_id: int,
    *,
    rung: int,
    purpose: str,
    now: datetime,
    expires_at: datetime | None = None,
    awaits_approval: bool = False,
    person_id: UUID | None = None,
) -> UUID:
    """Let a named office, or one person of it, see a case up to `rung`. Returns the grant's key.

    The caller has checked that it may decide so. One that awaits approval shows nothing yet.
    """
    key: UUID | None = await session.scalar(
        insert(CaseGrant)
        .values(
            case_id=case_id,
            grantee_office_id=grantee_office_id,
            rung=rung,
            purpose=purpose,
            granted_at=now,
            granted_by=principal.actor,
            expires_at=expires_at,
            approval="pending" if awaits_approval else "not_needed",
            person_id=person_id,
        )
        .returning(CaseGrant.key)
    )
    assert key is not None  # noqa: S101 -- an INSERT that returns its row
    await audit.record(
        session,
        principal,
        "case.grant_requested" if awaits_approval else "case.granted",
        str(case_id),
        recipients=[] if awaits_approval else [grantee_office_id],
        detail={"rung": rung, "purpose": purpose},
    )
    return key


async def revoke_grants(
    session: AsyncSession,
    principal: Principal,
    case_id: int,
    grantee_office_id: int,
    *,
    purpose: str,
    now: datetime,
) -> None:
    """End what a named office was let see of a case for one purpose."""
    await session.execute(
        update(CaseGrant)
        .where(
            CaseGrant.case_id == case_id,
            CaseGrant.grantee_office_id == grantee_office_id,
            CaseGrant.purpose == purpose,
            CaseGrant.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    await audit.record(
        session,
        principal,
        "case.grant_revoked",
        str(case_id),
        recipients=[grantee_office_id],
        detail={"purpose": purpose},
    )


def disclosed(principal: Principal, found: Sequence[SeenOverlap]) -> audit.Entry:
    """Return the audit entry of which overlaps the caller was shown, and how far."""
    shown = {seen.read.id: seen.read.rung for seen in found}
    return audit.Entry("overlaps.disclosed", f"{len(shown)} overlaps", [principal.office_id], shown)
