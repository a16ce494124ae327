"""Requests that an office review one of its entries, and what came of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import queries as cases
from app.core.ids import new_id, public_id
from app.reviews import queries
from app.reviews.errors import CorrectionSettledError
from app.reviews.models import Correction
from app.reviews.schemas import CorrectionAsk, CorrectionRead, Outcome
from app.sharing.errors import SecondPersonError

PREFIX: Final = "cor"
SETTLED_WITHIN: Final = timedelta(days=30)


async def ask_correction(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    asked: CorrectionAsk,
    *,
    now: datetime,
) -> CorrectionRead:
    """Have one of the caller's own cases reviewed, for a person's counsel or whoever asks.

    Raises:
        MissingScopeError: the caller lacks `cases:post`.
        CaseNotFoundError: absent, withdrawn, another office's, or behind a wall.
    """
    principal.require(Permission.CASES_POST)
    case = await cases.get_case(session, principal, *ref)
    correction = Correction(
        id=new_id(),
        case_id=case.id,
        asked_for=asked.asked_for,
        ground=asked.ground,
        asked_by=principal.actor,
        asked_at=now,
        due_on=(now + SETTLED_WITHIN).date(),
    )
    session.add(correction)
    await session.flush()  # constraints speak before the audit entry is written
    detail = {"case": case.id, "asked_for": asked.asked_for, "ground": asked.ground}
    name = public_id(PREFIX, correction.id)
    await audit.record(session, principal, "correction.asked", name, detail=detail)
    return render(correction)


async def settle_correction(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    key: UUID | None,
    outcome: Outcome,
    *,
    now: datetime,
) -> CorrectionRead:
    """Say what came of a review; who asked for it does not settle it.

    The entry itself is changed by a post of the case or withdrawn, before or after; once it is
    withdrawn its reviews can be settled until it is purged.

    Raises:
        MissingScopeError: the caller lacks `cases:oversee`; machine clients always do.
        CaseNotFoundError, CorrectionNotFoundError: absent, another office's, or behind a wall.
        SecondPersonError: the caller asked for it.
        CorrectionSettledError: it has an outcome.
    """
    principal.require(Permission.CASES_OVERSEE)
    case = await cases.get_case(session, principal, *ref, or_withdrawn=True)
    correction = await queries.get_correction(session, case.id, key)
    if correction.outcome is not None:
        raise CorrectionSettledError(correction.outcome)
    if correction.asked_by == principal.actor:
        raise SecondPersonError
    correction.outcome = outcome
    correction.settled_by, correction.settled_at = principal.actor, now
    await session.flush()  # constraints speak before the audit entry is written
    name = public_id(PREFIX, correction.id)
    await audit.record(session, principal, "correction.settled", name, detail={"outcome": outcome})
    return render(correction)


async def list_corrections(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    *,
    before: UUID | None,
    limit: int,
) -> list[Correction]:
    """Return a page of the requests for correction of one of the caller's own cases.

    Also of one that was withdrawn and is not yet purged.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.CASES_READ)
    case = await cases.get_case(session, principal, *ref, or_withdrawn=True)
    return await queries.list_corrections(session, case.id, before=before, limit=limit)


async def has_left(session: AsyncSession, principal: Principal, ref: tuple[str, str]) -> bool:
    """Return whether one of the caller's own cases is withdrawn: no other review can be asked for.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.CASES_READ)
    case = await cases.get_case(session, principal, *ref, or_withdrawn=True)
    return case.withdrawn_at is not None


async def list_due(
    session: AsyncSession, principal: Principal, *, limit: int
) -> Sequence[RowMapping]:
    """Return what is to be settled of the caller's own cases, by when; those due first.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
    """
    principal.require(Permission.CASES_READ)
    return await queries.list_due(session, principal, limit=limit)


def render(correction: Correction) -> CorrectionRead:
    """Return a request for correction as the office reads it."""
    names = ("asked_for", "ground", "asked_at", "due_on", "outcome", "settled_at")
    return CorrectionRead.model_validate(
        {
            "id": public_id(PREFIX, correction.id),
            **{name: getattr(correction, name) for name in names},
        }
    )
