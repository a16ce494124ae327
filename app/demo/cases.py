"""How the demo's invented people, firms and cases are written down."""

from typing import Final

from app.client.cases import Address, Case, Identifier, Subject
from app.identifiers.match_keys import PersonName

_ATTESTED: Final = {
    "attest_basis": "records",
    "attested_by": "Unit chief",
    "attested_on": "2026-01-05",
    "support_at": "Case file, part 2",
}
_STATUTES: Final = {"labor": "ca-pc-236.1-a", "sex": "ca-pc-236.1-b"}
"""What those are charged with of whom it is known which kind of trafficking it was."""


def person(
    given: str,
    surname: str,
    born: str = "",
    *,
    middle: str = "",
    phone: str = "",
    street: str = "",
    identifiers: tuple[Identifier, ...] = (),
    ref: str = "1",
) -> Subject:
    """Return an invented person; `phone` and `street` may be empty."""
    return Subject(
        ref=ref,
        provenance="own_investigation",
        names=(PersonName(given, surname, middle, born),),
        born=born,
        phones=(phone,) if phone else (),
        addresses=(Address(street, "95999"),) if street else (),
        identifiers=identifiers,
    )


def firm(name: str, *, phone: str = "", street: str = "", ref: str = "1") -> Subject:
    """Return an invented organization of the demo's state."""
    return Subject(
        ref=ref,
        provenance="court_filing",
        kind="organization",
        phones=(phone,) if phone else (),
        addresses=(Address(street, "95999"),) if street else (),
        identifiers=(Identifier("org", name, "CA"),),
    )


def case(
    number: str,
    *subjects: Subject,
    kind: str = "labor",
    stage: str = "charged",
    shown: str = "open",
    county: str = "",
    opened: str = "2026-02-11",
    summary: str = "",
    origin: str = "",
) -> Case:
    """Return a case with what its stage must have, and what is charged once somebody is."""
    statute = _STATUTES.get(kind, "") if stage in {"charged", "disposed"} else ""
    return Case(
        source_system="cms",
        external_id=number,
        record_class=stage,
        trafficking_type=kind,
        subjects=subjects,
        disclosure=shown,
        county_fips=county,
        opened_on=opened,
        summary=summary,
        origin=origin,
        statutes=statute,
        law_on=opened if statute else "",
        charged_on=opened if statute else "",
        **(_ATTESTED if stage in {"pre_charge", "declined"} else {}),
        declined_reason="evidence" if stage == "declined" else "",
    )
