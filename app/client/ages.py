import re
from datetime import date
from typing import Final

from app.client.cases import Subject

OF_AGE: Final = 18
_WHOLE_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_juvenile(subject: Subject, today: date | None) -> bool:
    """Say whether a subject is a juvenile by what the case says or by a date of birth.

    Only dates that can be read whole count, and with `today` None none does.
    """
    if subject.is_juvenile or today is None or subject.kind != "person":
        return subject.is_juvenile
    latest = f"{today.year - OF_AGE:04}-{today.month:02}-{today.day:02}"
    births = (subject.born, *(name.born for name in subject.names))
    return any(_WHOLE_DATE.fullmatch(born) and born > latest for born in births)
