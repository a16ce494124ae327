import datetime as dt
import re
from typing import Final, NamedTuple

from app.identifiers.errors import IdentifierError
from app.identifiers.texts import PLACEHOLDERS


class BirthDate(NamedTuple):
    """A date of birth, as much of it as is known; an unknown part is the empty string.

    A day never comes without its month, nor a month without its year.
    """

    year: str = ""
    month: str = ""
    day: str = ""

    @property
    def full(self) -> str:
        """The date as YYYYMMDD, or the empty string if a part is unknown."""
        return self.year + self.month + self.day if self.day else ""

    def __repr__(self) -> str:
        return "BirthDate(...)"


_FORMS: Final = (
    re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?"),
    re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"),
    re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})"),
)

_MONTHS: Final = 12
_DAYS: Final = 31

_MISREAD: Final = str.maketrans("OoIl|ZzSsB", "0011122558")
"""Letters that a scanner reads for digits; a date has no others."""

_FILLERS: Final = frozenset(PLACEHOLDERS["dates"])
"""What databases and people write for none, such as 1900-01-01."""


def parse_birth_date(text: str) -> BirthDate:
    """Read a date of birth: ISO 8601 (also only year, or year and month), YYYYMMDD, M/D/YYYY.

    Zeros stand for an unknown part, as in 1979-03-00. A month above 12 with a day that could be one
    is a date in the other order. A day above 31 is unknown. Of any other date that is in no
    calendar, such as 1979-02-31, only the year is kept: one does not know which part is wrong.

    Raises:
        IdentifierError: `birth-date-unreadable`, in any other form; `value-placeholder`.
    """
    text = text.strip()
    if not text:
        return BirthDate()
    text = text.translate(_MISREAD)
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if match is None:
        raise IdentifierError("birth-date-unreadable")
    year, month, day = match["year"], *((match[part] or "").zfill(2) for part in ("month", "day"))
    if year == "0000":
        return BirthDate()
    if month == "00":
        return BirthDate(year)
    if int(month) > _MONTHS and 0 < int(day) <= _MONTHS:  # only the other order can be meant
        month, day = day, month
    if int(day) > _DAYS:
        day = "00"
    try:
        dt.date(int(year), int(month), int(day) or 1)
    except ValueError:
        return BirthDate(year)
    if year + month + day in _FILLERS:
        raise IdentifierError("value-placeholder")
    return BirthDate(year, month, "" if day == "00" else day)
