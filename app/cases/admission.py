"""What a case must keep before anything of it is stored."""

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final

from app.cases.change_schemas import CaseChange
from app.cases.errors import SummaryRefusedError, TextRefusedError, TokenRefusedError
from app.cases.fact_schemas import FactsPut
from app.cases.guard import find_identifiers
from app.cases.schemas import CasePut, SubjectPut
from app.core.errors import FieldProblem, InvalidError
from app.identifiers.oprf import is_element
from app.overlaps.keyring import Keyring
from app.overlaps.postings import Name, PostedSubject
from app.overlaps.service import Matcher

DECLINED_YEARS: Final = 1
"""A declined case is reviewed within a year; the database holds it to that too."""


def check_case(
    case: CasePut,
    keyring: Keyring,
    matcher: Matcher,
    *,
    review_years: int,
    now: datetime,
    is_read: bool = False,
) -> list[PostedSubject]:
    """Return the subjects to match of a case that keeps every rule that its schema cannot tell.

    Those of the epoch before the matcher's are lifted to it, as long as it is taken.

    Raises:
        EpochChangedError: its tokens are of an epoch that is not taken, or no longer.
        TokenRefusedError: see errors.py.
        InvalidError, SummaryRefusedError, TextRefusedError: see `check_told`.
    """
    check_told(case, review_years=review_years, now=now, is_read=is_read)
    subjects = [
        posted_subject(index, subject)
        for index, subject in enumerate(case.subjects)
        if subject.is_matched
    ]
    return [keyring.lift(subject, case.epoch, matcher, now=now) for subject in subjects]


def check_told(
    case: CasePut | CaseChange, *, review_years: int, now: datetime, is_read: bool = False
) -> None:
    """Refuse what a case says beside its subjects and may not.

    `review_years` is how long the office's state lets it go without a review, at most. `is_read`
    says that two persons read this very summary and found that it holds no identifier.

    Raises:
        InvalidError: its review date is past or too far, or something of a day to come.
        SummaryRefusedError, TextRefusedError: see errors.py.
    """
    today = now.date()
    years = min(review_years, DECLINED_YEARS) if case.record_class == "declined" else review_years
    if case.review_on is not None and not today < case.review_on <= _after(today, years):
        off = "a year" if years == 1 else f"{years} years"
        detail = f"Choose a date after today, {off} off at most (28 CFR 23.20(h))."
        raise InvalidError(problems=(FieldProblem("/review_on", "review-date", detail),))
    _check_days(case, today)
    if found := [each for place, text in _told(case) for each in find_identifiers(text, place)]:
        raise TextRefusedError(problems=tuple(found))
    if case.summary is not None and not is_read and (marks := find_identifiers(case.summary)):
        raise SummaryRefusedError(problems=marks)


def summary_digest(secret: bytes, office_id: int, summary: str) -> bytes:
    """Return the keyed digest by which two persons' reading of a summary is known again."""
    return hmac.digest(secret, f"joinder/v1/summary\0{office_id}\0{summary}".encode(), sha256)


def _check_days(case: CasePut | CaseChange, today: date) -> None:
    """Refuse a day to come of what has happened; what nobody has attested yet is not attested."""
    tomorrow = today + timedelta(days=1)  # which has begun in Guam
    days = [(pointer, day, tomorrow) for pointer, day in _past(case)]
    if case.attestation is not None:
        days.append(("/attestation/attested_on", case.attestation.attested_on, today))
    detail = "Give the day on which it was; this one is to come."
    if late := [pointer for pointer, day, last in days if day is not None and day > last]:
        raise InvalidError(
            problems=tuple(FieldProblem(pointer, "date-to-come", detail) for pointer in late)
        )


def _past(case: CasePut | CaseChange) -> Iterator[tuple[str, date | None]]:
    """Yield pointer and day of what a case says has happened."""
    yield "/opened_on", case.opened_on
    for place, stage in enumerate(case.stages):
        if not stage.is_struck:  # struck, because it was not on that day
            yield f"/stages/{place}/on", stage.on
    if case.facts.period is not None:
        yield "/facts/period/begins_on", case.facts.period.begins_on
        yield "/facts/period/ends_on", case.facts.period.ends_on
    offences = case.facts.offences if isinstance(case.facts, FactsPut) else ()
    for place, offence in enumerate(offences):
        yield f"/facts/offences/{place}/law_on", offence.law_on
        yield f"/facts/offences/{place}/charged_on", offence.charged_on


def _told(case: CasePut | CaseChange) -> Iterator[tuple[str, str]]:
    """Yield pointer and text of what the office says in its own words beside the summary."""
    if case.attestation is not None:
        yield "/attestation/attested_by", case.attestation.attested_by
        yield "/attestation/support_at", case.attestation.support_at
    if case.labels.control_official is not None:
        yield "/labels/control_official", case.labels.control_official


def _after(day: date, years: int) -> date:
    """Return the same day years later; 28 February for a 29th that the year lacks."""
    year = day.year + years
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def posted_subject(index: int, subject: SubjectPut) -> PostedSubject:
    """Return a subject with the elements that its tokens are; `index` is its place in the request.

    Raises:
        TokenRefusedError: one is not the output of the evaluator.
    """
    names = [
        Name(
            name.rarity,
            {
                kind: read_element(token, f"/subjects/{index}/names/{alias}/tokens/{kind}")
                for kind, token in name.tokens.items()
            },
        )
        for alias, name in enumerate(subject.names)
    ]
    identifiers = [
        (
            identifier.kind,
            read_element(identifier.token, f"/subjects/{index}/identifiers/{place}/token"),
        )
        for place, identifier in enumerate(subject.identifiers)
    ]
    return PostedSubject(subject.ref, subject.kind, names, identifiers)


def read_element(token: str, pointer: str) -> bytes:
    """Return the element that a posted token is.

    Raises:
        TokenRefusedError: it is not the output of the evaluator.
    """
    element = urlsafe_b64decode(token + "=")  # the schema lets only the canonical spelling pass
    if not is_element(element):
        advice = "This is not an element that the evaluator gave; make the token again."
        raise TokenRefusedError(problems=(FieldProblem(pointer, "bad-element", advice),))
    return element
