"""What a case must keep before anything of it is stored."""

from base64 import urlsafe_b64decode
from datetime import date, datetime

from app.cases.errors import SummaryRefusedError, TokenRefusedError
from app.cases.guard import find_identifiers
from app.cases.schemas import CasePut, SubjectPut
from app.core.errors import FieldProblem, InvalidError
from app.identifiers.oprf import is_element
from app.overlaps.keyring import Keyring
from app.overlaps.postings import Name, PostedSubject
from app.overlaps.service import Matcher


def check_case(
    case: CasePut, keyring: Keyring, matcher: Matcher, *, review_years: int, now: datetime
) -> list[PostedSubject]:
    """Return the subjects of a case that keeps every rule that its schema cannot tell.

    Those of the epoch before the matcher's are lifted to it, as long as it is taken. `review_years`
    is how long the office's state lets it go without a review, at most.

    Raises:
        EpochChangedError: its tokens are of an epoch that is not taken, or no longer.
        InvalidError: its review date is past or too far.
        SummaryRefusedError, TokenRefusedError: see errors.py.
    """
    today = now.date()
    if case.review_on is not None and not today < case.review_on <= _after(today, review_years):
        detail = f"Choose a date after today, {review_years} years off at most (28 CFR 23.20(h))."
        raise InvalidError(problems=(FieldProblem("/review_on", "review-date", detail),))
    if case.summary is not None and (found := find_identifiers(case.summary)):
        raise SummaryRefusedError(problems=found)
    subjects = [_subject(index, subject) for index, subject in enumerate(case.subjects)]
    return [keyring.lift(subject, case.epoch, matcher, now=now) for subject in subjects]


def _after(day: date, years: int) -> date:
    """Return the same day years later; 28 February for a 29th that the year lacks."""
    year = day.year + years
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def _subject(index: int, subject: SubjectPut) -> PostedSubject:
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
