"""Registering cases with the matcher, and what follows for cases that others posted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.core.db import APP, MATCHER, become
from app.core.ids import public_id
from app.overlaps import service as overlaps
from app.overlaps.errors import EpochMovedError
from app.overlaps.keyring import Keyring
from app.overlaps.postings import Posting
from app.overlaps.service import Matcher, Registration, RetractReason
from app.rematching import service as rematching
from app.suppressions.rows import CANARY


@dataclass(frozen=True)
class Intake:
    """What posting needs besides the session: the keys and the secret of content tags."""

    keyring: Keyring
    app_secret: bytes

    @property
    def matcher(self) -> Matcher:
        """The matcher of the current key epoch."""
        return self.keyring.matcher

    def __repr__(self) -> str:
        return "Intake()"


async def register(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    matcher: Matcher,
    postings: Sequence[Posting],
    *,
    now: datetime,
    retracted_because: RetractReason = "evidence_gone",
) -> Registration:
    """Register the caller's cases, and match again the cases of others that they held back.

    Raises:
        EpochMovedError: the matcher is of an epoch that is no longer the current one.
    """
    try:
        registration = await overlaps.register(
            session,
            matcher,
            principal.office_id,
            postings,
            now=now,
            retracted_because=retracted_because,
        )
    except EpochMovedError:
        intake.keyring.expire()
        raise
    if not registration.to_rematch:
        return registration
    await become(session, MATCHER)
    events = await rematching.rematch(
        session,
        matcher,
        registration.to_rematch,
        spared=[posting.case_id for posting in postings if posting.subjects],
        now=now,
    )
    await become(session, APP)
    return replace(registration, events=[*registration.events, *events])


def entries_of(registration: Registration) -> list[audit.Entry]:
    """Return what the audit keeps of a registration: overlaps, and values that changed sides."""
    entries = [
        audit.Entry(action, public_id(ladder.PREFIX, overlap_id))
        for action, overlap_id in registration.events
    ]
    for action, kinds in (
        ("values.became_common", registration.became_common),
        ("values.matched_again", registration.matched_again),
    ):
        if kinds:
            entries.append(audit.Entry(action, f"{len(kinds)} values", detail=dict(Counter(kinds))))
    return [
        *entries,
        *(audit.Entry("canary.used", public_id(CANARY, key)) for key in registration.alarms),
    ]
