"""Two persons' reading of a summary that the guard takes to hold an identifier."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts.proposers import may_still
from app.audit import service as audit
from app.cases.admission import summary_digest
from app.cases.guard import find_identifiers
from app.cases.models import SummaryReading
from app.core.ids import new_id, public_id
from app.reviews import queries
from app.reviews.errors import OtherSummaryError, ReadingNotFoundError, ReadingNotNeededError
from app.reviews.schemas import SummaryReadingAsk, SummaryReadingRead
from app.sharing.errors import ReasonRefusedError, SecondPersonError

PREFIX: Final = "srd"
GIVEN_WITHIN: Final = timedelta(hours=24)
"""How long a reading waits for the second person."""
COUNTS_FOR: Final = timedelta(days=366)
"""How long a summary that was read can be posted again: longer than a nightly export repeats it."""


async def ask_reading(
    session: AsyncSession,
    principal: Principal,
    secret: bytes,
    asked: SummaryReadingAsk,
    *,
    now: datetime,
) -> SummaryReadingRead:
    """Say that a summary holds no identifier; a second person has to agree.

    The same summary again, while it waits or counts, is the same reading. No text is kept.

    Raises:
        MissingScopeError: the caller lacks `summaries:vouch`; machine clients always do.
        ReasonRefusedError: the reason itself seems to hold an identifier.
        ReadingNotNeededError: nothing was found in it.
    """
    principal.require(Permission.SUMMARIES_VOUCH)
    if problems := find_identifiers(asked.reason, "/reason"):
        raise ReasonRefusedError(problems=problems)
    found = find_identifiers(asked.summary)
    if not found:
        raise ReadingNotNeededError
    digest = summary_digest(secret, principal.office_id, asked.summary)
    reading = await queries.find_reading(session, principal, digest, now=now)
    if reading is None or not await _stands(session, principal, reading, now=now):
        reading = SummaryReading(
            id=new_id(),
            office_id=principal.office_id,
            digest=digest,
            forms=sorted({problem.code for problem in found}),
            reason=asked.reason,
            asked_by=principal.actor,
            asked_at=now,
            expires_at=now + GIVEN_WITHIN,
        )
        session.add(reading)
        await session.flush()  # constraints speak before the audit entry is written
        name = public_id(PREFIX, reading.id)
        detail = {"forms": reading.forms, "reason": reading.reason}
        await audit.record(session, principal, "summary.reading_asked", name, detail=detail)
    return render(reading)


async def give_reading(
    session: AsyncSession,
    principal: Principal,
    secret: bytes,
    key: UUID | None,
    summary: str,
    *,
    now: datetime,
) -> SummaryReadingRead:
    """Agree, as a second person who sends the same text, that a summary holds no identifier.

    Raises:
        MissingScopeError: the caller lacks `summaries:vouch`; machine clients always do.
        ReadingNotFoundError: absent, another office's, or ended, as when who asked may not now.
        SecondPersonError: the caller asked for it.
        OtherSummaryError: the text is another one.
    """
    principal.require(Permission.SUMMARIES_VOUCH)
    reading = await queries.get_reading(session, principal, key, now=now)
    if reading.asked_by == principal.actor:
        raise SecondPersonError
    if not await _stands(session, principal, reading, now=now):
        raise ReadingNotFoundError
    if summary_digest(secret, principal.office_id, summary) != reading.digest:
        raise OtherSummaryError("read" if reading.read_at else "asked")
    if reading.read_at is None:
        reading.read_at, reading.read_by = now, principal.actor
        reading.expires_at = now + COUNTS_FOR
        await session.flush()  # constraints speak before the audit entry is written
        name = public_id(PREFIX, reading.id)
        await audit.record(session, principal, "summary.read", name)
    return render(reading)


async def _stands(
    session: AsyncSession, principal: Principal, reading: SummaryReading, *, now: datetime
) -> bool:
    """Return whether a reading was given, or waits and who asked for it could do so now."""
    if reading.read_at is not None:
        return True
    asker = principal.office_id, reading.asked_by
    return await may_still(session, *asker, Permission.SUMMARIES_VOUCH, now=now)


def render(reading: SummaryReading) -> SummaryReadingRead:
    """Return a reading as the office sees it."""
    return SummaryReadingRead(
        id=public_id(PREFIX, reading.id),
        forms=tuple(reading.forms),
        reason=reading.reason,
        asked_at=reading.asked_at,
        read_at=reading.read_at,
        expires_at=reading.expires_at,
    )
