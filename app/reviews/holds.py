"""Legal holds: the case stays as it is, and nothing is matched with it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import queries as cases
from app.cases.errors import CaseHeldError, CaseNotFoundError
from app.cases.guard import find_identifiers
from app.cases.models import Case
from app.cases.registering import Intake, entries_of, register
from app.cases.rows import StoredCase
from app.overlaps.postings import Posting
from app.reviews.errors import CaseNotHeldError
from app.reviews.schemas import HoldRead, HoldSet
from app.sharing.errors import ReasonRefusedError


async def hold_case(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    ref: tuple[str, str],
    asked: HoldSet,
    *,
    now: datetime,
) -> HoldRead:
    """Put one of the caller's own cases under legal hold.

    What was posted of it stays and can be neither replaced nor withdrawn. Its tokens go and its
    overlaps are retracted, to others as if it had been withdrawn: that it is held is not told.

    Raises:
        MissingScopeError: the caller lacks `cases:oversee`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        ReasonRefusedError: the reason seems to hold an identifier.
        CaseNotFoundError: absent, withdrawn, another office's, or behind a wall.
        CaseHeldError: it is held.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    principal.require(Permission.CASES_OVERSEE)
    principal.require_step_up(now)
    if problems := find_identifiers(asked.reason, "/reason"):
        raise ReasonRefusedError(problems=problems)
    await cases.check_not_walled(session, principal, [ref])
    matcher = await intake.keyring.follow(session)
    case = await _lock(session, principal, ref)
    if case.is_held:
        raise CaseHeldError
    registration = await register(
        session,
        principal,
        intake,
        matcher,
        [Posting(case.id, is_new=False, subjects=())],
        now=now,
        retracted_because="case_withdrawn",
    )
    # without a tag of its content the next post counts, once the hold is lifted
    held = {"held_at": now, "held_by": principal.actor, "hold_reason": asked.reason}
    await _change(session, case.id, {**held, "content_tag": b""}, now=now)
    entries = [audit.Entry("case.held", str(case.id)), *entries_of(registration)]
    await audit.record_each(session, principal, entries)
    return HoldRead(held_at=now, reason=asked.reason)


async def lift_hold(
    session: AsyncSession, principal: Principal, ref: tuple[str, str], *, now: datetime
) -> HoldRead:
    """End the legal hold of one of the caller's own cases; it is matched again once it is posted.

    Raises:
        MissingScopeError: the caller lacks `cases:oversee`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        CaseNotFoundError: absent, withdrawn, another office's, or behind a wall.
        CaseNotHeldError: it is not held.
    """
    principal.require(Permission.CASES_OVERSEE)
    principal.require_step_up(now)
    await cases.check_not_walled(session, principal, [ref])
    case = await _lock(session, principal, ref)
    if not case.is_held:
        raise CaseNotHeldError
    lifted = {"held_at": None, "held_by": None, "hold_reason": None}
    await _change(session, case.id, lifted, now=now)
    await audit.record(session, principal, "case.hold_lifted", str(case.id))
    return HoldRead(held_at=None, reason=None)


async def _lock(session: AsyncSession, principal: Principal, ref: tuple[str, str]) -> StoredCase:
    locked = await cases.lock_cases(session, principal, [ref])
    if ref not in locked:
        raise CaseNotFoundError
    return locked[ref]


async def _change(
    session: AsyncSession, case_id: int, values: Mapping[str, object], *, now: datetime
) -> None:
    counted = {"version": Case.version + 1, "changed_at": now}
    await session.execute(update(Case).where(Case.id == case_id).values(**values, **counted))
