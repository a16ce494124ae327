"""Cases as an office has them, openly synthetic."""

from datetime import date, timedelta
from itertools import count
from typing import Any, Final

from app.client.cases import Address, Case, Subject
from app.identifiers.match_keys import PersonName

_NUMBERS: Final = count(1)


def a_subject(**changes: Any) -> Subject:
    values: dict[str, Any] = {
        "ref": "1",
        "provenance": "court_filing",
        "names": (PersonName("Quentina", "Samplewright"),),
        "born": "1979-03-05",
        "phones": ("(559) 555-0101",),
        "addresses": (Address("100 Example Street", "93650"),),
    }
    return Subject(**{**values, **changes})


def surname() -> str:
    """Return a surname that nobody else in this process has."""
    return "Quillon" + "".join(chr(97 + int(digit)) for digit in str(next(_NUMBERS)))


def somebody_new() -> Subject:
    """Return a subject that shares no key with any other one of this process."""
    born = date(1940, 1, 1) + timedelta(days=next(_NUMBERS))
    names = (PersonName("Alex", surname()),)
    return a_subject(names=names, born=born.isoformat(), phones=(), addresses=())


def a_case(external_id: str = "EX-1", *subjects: Subject, **changes: Any) -> Case:
    values: dict[str, Any] = {
        "source_system": "example-cms",
        "external_id": external_id,
        "record_class": "charged",
        "trafficking_type": "labor",
        "subjects": subjects or (a_subject(),),
    }
    return Case(**{**values, **changes})
