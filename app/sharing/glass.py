"""Breaking the glass: one person reads the other side in an emergency; its owner is told at once.

Not a role but a grant: one case, one person, at most an hour. It passes no wall and no silence.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import Target, decide
from app.access.principal import Principal
from app.access.vocabulary import Relation, Rung
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.cases import service as cases_service
from app.cases.errors import OverlapNotFoundError
from app.cases.guard import find_identifiers
from app.core.ids import new_id, public_id
from app.sharing import queries
from app.sharing.errors import GlassReviewedError, ReasonRefusedError, SecondPersonError
from app.sharing.models import GlassBreak
from app.sharing.schemas import GlassAsk, GlassBreakRead

PREFIX: Final = "brk"
PROVED_WITHIN: Final = timedelta(minutes=5)
"""How old the second factor may be."""

REVIEWED_WITHIN: Final = timedelta(hours=72)
"""When the owner's review must be closed."""


async def break_glass(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    asked: GlassAsk,
    *,
    now: datetime,
) -> GlassBreakRead:
    """Let the caller read the other side's summary for the minutes asked, and tell its owner.

    Raises:
        MissingScopeError: the caller lacks `glass:break`; machine clients always do.
        StepUpNeededError: the second factor is more than five minutes old.
        OverlapNotFoundError: absent, not for the caller, or silent; never told apart.
        ReasonRefusedError: the reason holds an identifier.
    """
    principal.require(Permission.GLASS_BREAK)
    principal.require_step_up(now, PROVED_WITHIN)
    if principal.person_id is None:
        raise SecondPersonError
    overlap = await cases.get_overlap(
        session, principal, overlap_id, now=now, permission=Permission.GLASS_BREAK
    )
    target = Target(Relation.PARTNER, overlap.other_class, overlap.other_disclosure, Rung.SUMMARY)
    decision = decide(principal, Permission.GLASS_BREAK, target)
    if not decision.allow:
        raise OverlapNotFoundError
    check_reason(asked)
    notice = GlassBreak(
        id=new_id(),
        office_id=principal.office_id,
        owner_office_id=overlap.other_office_id,
        owner_case_id=overlap.other_case_id,
        office_case_id=overlap.case_id,
        overlap_id=overlap.id,
        broken_by=principal.actor,
        reason=asked.reason,
        broken_at=now,
        expires_at=now + timedelta(minutes=asked.minutes),
        review_due_at=now + REVIEWED_WITHIN,
    )
    session.add(notice)
    await session.flush()  # constraints speak before anything is granted
    await audit.record(
        session,
        principal,
        "glass.broken",
        public_id(PREFIX, notice.id),
        recipients=[overlap.other_office_id],
        detail={"overlap": overlap.read.id, "minutes": asked.minutes},
    )
    await cases_service.grant(
        session,
        principal,
        overlap.other_case_id,
        principal.office_id,
        rung=decision.rung,
        purpose="glass_broken",
        now=now,
        expires_at=notice.expires_at,
        person_id=principal.person_id,
        overlap_id=overlap.id,
    )
    return render(await queries.find_notice(session, principal, notice.id), principal)


def check_reason(asked: GlassAsk) -> None:
    """Refuse a reason that holds an identifier.

    Raises:
        ReasonRefusedError: it does.
    """
    if problems := find_identifiers(asked.reason, "/reason"):
        raise ReasonRefusedError(problems=problems)


async def list_notices(
    session: AsyncSession, principal: Principal, *, before: UUID | None, limit: int
) -> list[tuple[UUID, GlassBreakRead]]:
    """Return a page of the notices that the caller's office sent or received, newest first.

    Raises:
        MissingScopeError: the caller lacks `grants:read`.
    """
    principal.require(Permission.GRANTS_READ)
    rows = await queries.list_notices(session, principal, before=before, limit=limit)
    found = [(row["GlassBreak"].id, render(row, principal)) for row in rows]
    await _record_disclosed(session, principal, [read for _, read in found])
    return found


async def read_notice(
    session: AsyncSession, principal: Principal, key: UUID | None
) -> GlassBreakRead:
    """Return one notice that the caller's office sent or received.

    Raises:
        MissingScopeError: the caller lacks `grants:read`.
        GlassBreakNotFoundError: absent, or of other offices.
    """
    principal.require(Permission.GRANTS_READ)
    read = render(await queries.find_notice(session, principal, key), principal)
    await _record_disclosed(session, principal, [read])
    return read


async def review_break(
    session: AsyncSession, principal: Principal, key: UUID | None, finding: str, *, now: datetime
) -> GlassBreakRead:
    """Close the owner's review of a break; its finding stays.

    Raises:
        MissingScopeError: the caller lacks `glass:review`; machine clients always do.
        GlassBreakNotFoundError: absent, or not over the caller's cases.
        GlassReviewedError: it was reviewed before.
    """
    principal.require(Permission.GLASS_REVIEW)
    row = await queries.get_notice(session, principal, key)
    notice: GlassBreak = row["GlassBreak"]
    if notice.reviewed_at is not None:
        raise GlassReviewedError("reviewed")
    await session.execute(
        update(GlassBreak)
        .where(GlassBreak.id == notice.id)
        .values(reviewed_at=now, reviewed_by=principal.actor, finding=finding)
    )
    await audit.record(
        session,
        principal,
        "glass.reviewed",
        public_id(PREFIX, notice.id),
        recipients=[notice.office_id],
        detail={"finding": finding},
    )
    await session.refresh(notice)
    return render(row, principal)


async def raise_alarms(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Note, once, breaks whose review is overdue; returns how many, 0 when done.

    Both offices are told by an alarm (`alarms.raise`).

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    overdue = await queries.list_overdue(session, now=now, limit=limit, office_id=office_id)
    for each in overdue:
        each.alarmed_at = now
    await session.flush()  # constraints speak before the audit entries are written
    for each in overdue:
        await audit.record_of_office(
            session,
            principal,
            each.owner_office_id,
            "glass.review_overdue",
            public_id(PREFIX, each.id),
            recipients=[each.owner_office_id, each.office_id],
        )
    return len(overdue)


async def _record_disclosed(
    session: AsyncSession, principal: Principal, shown: Sequence[GlassBreakRead]
) -> None:
    await audit.record(
        session,
        principal,
        "glass_breaks.disclosed",
        f"{len(shown)} notices",
        recipients=[principal.office_id],
        detail={read.id: read.direction for read in shown},
    )


def render(row: RowMapping, principal: Principal) -> GlassBreakRead:
    """Return a notice as either office reads it."""
    notice: GlassBreak = row["GlassBreak"]
    return GlassBreakRead.model_validate(
        {
            "id": public_id(PREFIX, notice.id),
            "overlap_id": public_id(ladder.PREFIX, notice.overlap_id),
            "direction": "ours" if notice.office_id == principal.office_id else "theirs",
            "office": row["code"],
            "office_name": row["name"],
            "reason": notice.reason,
            "broken_at": notice.broken_at,
            "expires_at": notice.expires_at,
            "review_due_at": notice.review_due_at,
            "alarmed_at": notice.alarmed_at,
            "reviewed_at": notice.reviewed_at,
            "finding": notice.finding,
        }
    )
