"""What a post puts into the feed of newly charged defendants (docs/defendant-feed.md)."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from app.cases.fact_schemas import OffencePut
from app.cases.schemas import CasePut
from app.identifiers.feed import FEED_KINDS, feed_digest
from app.overlaps.postings import PostedSubject
from app.reference.statutes import statute_of
from app.reference.victim_charges import is_listed

PUBLISHED_FOR: Final = timedelta(days=60)
"""How long after the charge a defendant is in the feed."""
AHEAD: Final = timedelta(days=1)
"""A day that has begun where the charge is made, as in Guam, may be to come in UTC; the same post
on the next day changes nothing, so it is not waited for."""


def published(
    case: CasePut, subjects: Sequence[PostedSubject], today: date
) -> tuple[bytes | None, date | None]:
    """Return the feed digests of the newly charged persons, in byte order, and since when.

    Nothing of a case that is silent or not charged, whose charge is old or to come or for no listed
    offence, or that says of nobody that they are charged. Juveniles and who is not suspected have
    no element. Digests of several defendants are not told apart.
    """
    if case.record_class != "charged" or case.disclosure == "silent":
        return None, None
    days = [each.charged_on for each in case.facts.offences if each.charged_on and _listed(each)]
    recent = [day for day in days if today - PUBLISHED_FOR < day <= today + AHEAD]
    charged = {subject.ref for subject in case.subjects if subject.is_charged}
    digests = {
        feed_digest(kind, element)
        for subject in subjects
        if subject.ref in charged
        for kind, _, element in subject.elements
        if kind in FEED_KINDS
    }
    return (b"".join(sorted(digests)), max(recent)) if recent and digests else (None, None)


def _listed(offence: OffencePut) -> bool:
    if offence.statute is None:
        return is_listed([offence.nibrs or ""])
    statute = statute_of(offence.statute, offence.law_on) if offence.law_on else None
    return statute is not None and is_listed(statute.nibrs)
