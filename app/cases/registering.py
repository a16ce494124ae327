"""Registering cases with the matcher, and what follows for cases that others posted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.core.ids import public_id
from app.overlaps import service as overlaps
from app.overlaps.postings import Posting
from app.overlaps.service import Matcher, Registration, RetractReason
from app.rematching import service as rematching


@dataclass(frozen=True)
class Intake:
    """What posting needs besides the session: the matcher and the secret of content tags."""

    matcher: Matcher
    app_secret: bytes

    def __repr__(self) -> str:
        return "Intake()"


async def register(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    postings: Sequence[Posting],
    *,
    now: datetime,
    retracted_because: RetractReason = "evidence_gone",
) -> Registration:
    """Register the caller's cases, and match again the cases of others that they held back."""
    registration = await overlaps.register(
        session,
        intake.matcher,
        principal.office_id,
        postings,
        now=now,
        retracted_because=retracted_because,
    )
    if not registration.to_rematch:
        return registration
    events = await rematching.rematch(
        session,
        intake.matcher.prior,
        registration.to_rematch,
        spared=[posting.case_id for posting in postings if posting.subjects],
        now=now,
    )
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
    return entries
