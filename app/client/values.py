import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from app.client.mapping import DateOrder
from app.identifiers.match_keys import PersonName

_EMPTY: Final = {"", "-", "?", "n/a", "na", "none", "null", "unk", "unknown", "not available"}
_PARTS: Final = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})(?:[T ].*)?")
_COMPACT: Final = re.compile(r"\d{8}")
_YEARS: Final = range(1800, 2200)
_OF: Final = re.compile(r"([^:/]{1,40}):(?!//)(.+)")
_SUBJECT_ROLES: Final = {
    "accused",
    "arrestee",
    "associate",
    "business",
    "co-defendant",
    "codefendant",
    "defendant",
    "employer",
    "organization",
    "respondent",
    "subject",
    "suspect",
    "target",
}
_OTHER_ROLES: Final = re.compile(
    r"victim|witness|survivor|complainant|complaining|reporting|child|minor|family|guardian"
)


def is_blank(text: str) -> bool:
    """Say whether a cell holds nothing, or a word that stands for nothing."""
    return text.strip().casefold() in _EMPTY


def read_date(text: str, orders: Sequence[DateOrder]) -> str | None:
    """Return a date as `YYYY-MM-DD`, by the first order that makes it a day of the calendar.

    None means that no order does; two-digit years are not guessed at.
    """
    text = text.strip()
    for order in orders:
        if (parts := _split_date(text, order)) is not None:
            year, month, day = (int(parts[order.index(letter)]) for letter in "ymd")
            if year in _YEARS:
                try:
                    return date(year, month, day).isoformat()
                except ValueError:
                    continue
    return None


def read_full_name(text: str) -> PersonName:
    """Split `SURNAME, GIVEN MIDDLE` or `GIVEN MIDDLE SURNAME`."""
    before, comma, after = text.partition(",")
    if comma:
        return PersonName(after.strip(), before.strip())
    *first, last = text.split() or [""]
    return PersonName(" ".join(first), last)


def read_issued(text: str) -> tuple[str, str]:
    """Split `CA:7ABC123` into the state, or what else stands before the value, and the value.

    Without one the first is empty; a link, `https://...`, is a value.
    """
    match = _OF.fullmatch(text)
    return (match[1].strip(), match[2].strip()) if match else ("", text)


def role_problem(role: str) -> str | None:
    """Return why a row with this role is not posted; None for a role that is a subject's.

    Unknown roles are refused too: `VIC` in some system's list must not slip through.
    """
    role = role.strip().casefold()
    if _OTHER_ROLES.search(role):
        return "role-not-subject"
    return None if role in _SUBJECT_ROLES else "role-unknown"


def _split_date(text: str, order: DateOrder) -> tuple[str, ...] | None:
    if _COMPACT.fullmatch(text):
        cuts = (4, 6) if order == "ymd" else (2, 4)
        return text[: cuts[0]], text[cuts[0] : cuts[1]], text[cuts[1] :]
    match = _PARTS.fullmatch(text)
    if match is None:
        return None
    parts = match.groups()
    has_long_year = len(parts[order.index("y")]) == 4  # noqa: PLR2004 -- four digits
    return parts if has_long_year else None
