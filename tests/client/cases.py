"""Cases as an office has them, openly synthetic."""

from typing import Any

from app.client.cases import Address, Case, Subject
from app.identifiers.match_keys import PersonName

SECRETS = ("Quentina", "Samplewright", "1979-03-05", "(559) 555-0101", "100 Example Street")


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


def a_case(external_id: str = "EX-1", *subjects: Subject, **changes: Any) -> Case:
    values: dict[str, Any] = {
        "source_system": "example-cms",
        "external_id": external_id,
        "record_class": "charged",
        "trafficking_type": "labor",
        "subjects": subjects or (a_subject(),),
    }
    return Case(**{**values, **changes})
