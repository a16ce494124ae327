from dataclasses import dataclass
from typing import Final

from app.identifiers.identifier_keys import VALUE_KINDS
from app.identifiers.match_keys import PersonName

PROVENANCES: Final = ("police_report", "court_filing", "own_investigation")
REFUSED_PROVENANCES: Final = ("victim_services", "hotline")
RECORD_CLASSES: Final = ("charged", "pre_charge", "disposed", "declined")
TRAFFICKING_TYPES: Final = ("sex", "labor", "both", "undetermined")
DISCLOSURES: Final = ("open", "contact_first", "silent")
SUBJECT_KINDS: Final = ("person", "organization")
MAX_SUBJECTS: Final = 50
MAX_NAMES: Final = 8
MAX_IDENTIFIERS: Final = 50
MAX_SUMMARY: Final = 2000

VALUE_FIELDS: Final = {
    kind: "org_name" if kind == "org" else kind for kind in (*VALUE_KINDS, "ssn4")
}
"""What the map and the rejects call each kind of `Identifier`."""


@dataclass(frozen=True, repr=False)
class Address:
    """One postal address, as the office has it. Never leaves the office."""

    street: str
    """With the house number, unless that is apart, as in `number`."""
    postcode: str
    number: str = ""
    unit: str = ""


@dataclass(frozen=True, repr=False)
class Identifier:
    """One value of another kind, as the office has it. Never leaves the office."""

    kind: str
    """A key of `VALUE_FIELDS`: `email`, `plate`, `ssn`, `ssn4`, `org` and so on."""
    value: str
    of: str = ""
    """What the kind needs beside it (`Kind.of`): the state of a plate, the platform of a handle."""


@dataclass(frozen=True, repr=False)
class Subject:
    """A person or organization of a case, with raw identifiers. Never leaves the office."""

    ref: str
    """Tells the subjects of one case apart; it is sent, so it holds no name or number of theirs."""
    provenance: str
    """Where the office has the identifiers from: one of `PROVENANCES`."""
    kind: str = "person"
    names: tuple[PersonName, ...] = ()
    """The name and its aliases; at most `MAX_NAMES` are used."""
    born: str = ""
    """For names without their own: `YYYY-MM-DD`, less when less is known, or empty."""
    phones: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    """Everything else; `org` is the name of an organization, which has no `names`."""
    is_suspected: bool = True
    """False for an associate or place that only helps to tell others apart; never matched."""
    is_juvenile: bool = False
    """Under age when it happened; never matched. So is who is under age by the date of birth."""
    is_charged: bool = False
    """A defendant of a charged case; for a listed offence the registry's feed has them, too."""
    region: str = "US"
    """Country of phones without `+` and of addresses, ISO 3166-1 alpha-2."""


@dataclass(frozen=True)
class Case:
    """A case to post: what the registry may know of it, and subjects that it may not."""

    source_system: str
    external_id: str
    record_class: str
    trafficking_type: str
    subjects: tuple[Subject, ...]
    disclosure: str = ""
    """One of `DISCLOSURES`; empty means `open`."""
    county_fips: str = ""
    opened_on: str = ""
    review_on: str = ""
    summary: str = ""
    attest_basis: str = ""
    """What kind of support the office has for who is not charged (`details.WORDS`)."""
    attested_by: str = ""
    """Who attests reasonable suspicion, by role or number."""
    attested_on: str = ""
    support_at: str = ""
    """Where in the office the support is kept."""
    declined_reason: str = ""
    statutes: str = ""
    """Codes of the registry's table, `;` between them; with `law_on`."""
    law_on: str = ""
    """The day whose law applies."""
    nibrs: str = ""
    """Codes of offences whose statute the table lacks, `;` between them."""
    charged_on: str = ""
    industries: str = ""
    """Words with `;` between them."""
    origin: str = ""
    co_offences: str = ""
    """Words with `;` between them."""
    begins_on: str = ""
    ends_on: str = ""
    stage: str = ""
    """Where the matter is now; the registry keeps the steps before."""
    stage_on: str = ""
    sensitivity: str = ""
    source_confidence: str = ""
    information_confidence: str = ""
    handling_code: str = ""
    control_official: str = ""


@dataclass(frozen=True)
class CaseResult:
    """What the registry did with one case."""

    source_system: str
    external_id: str
    result: str
    """`created`, `updated`, `unchanged` or `refused`."""
    tokens: int = 0
    """Tokens that were sent for it."""
    overlaps: tuple[dict[str, object], ...] = ()
    """Overlaps as this office may see them, 50 at most."""
    more_overlaps: bool = False
    """Whether there are further ones; list them with `list_overlaps`."""
    code: str = ""
    """Why it was refused."""
    detail: str = ""
    """What to do about the refusal."""
