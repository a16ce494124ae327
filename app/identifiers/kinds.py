from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

MATCH_SPEC: Final = "joinder/v1"
"""Names every rule that decides whether two offices' tokens agree; part of every OPRF input."""

MATCH_SPEC_NUMBER: Final = 1
"""The same as a small integer, for a database column."""

MATCH_SPEC_REVISION: Final = 4
"""Counts the further refusals and kinds of the version: they change no key."""


Evidence = Literal["person", "strong", "partial", "contact", "organization"]
SubjectKind = Literal["person", "organization"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of match key.

    Attributes:
        code: small integer that stands for the kind in storage; never reused.
        name: what the wire format calls it, such as `p.xx`.
        key_class: whose OPRF key evaluates it. The evaluator cannot see its inputs, so a key per
            class is the only thing that keeps a quota for names from being spent on phone numbers.
        evidence: what agreement says. `person`: part of a name with a date. `strong`: a number
            that one person has. `partial`: the end of such a number, bound to a name. `contact`:
            something that several people may share or pass on. `organization`: of a firm.
        label: the kind in words, with its article, for explanations.
        subjects: the kinds of subject that may have it.
        of: what a value needs beside it to mean something, such as `state`; empty if nothing.
    """

    code: int
    name: str
    key_class: str
    evidence: Evidence
    label: str
    subjects: frozenset[SubjectKind]
    of: str = ""


_PERSON: Final[frozenset[SubjectKind]] = frozenset({"person"})
_FIRM: Final[frozenset[SubjectKind]] = frozenset({"organization"})
_ANY: Final = _PERSON | _FIRM


def _key(code: int, name: str, label: str) -> Kind:
    return Kind(code, name, "person", "person", label, _PERSON)


_ALL: Final = (
    _key(1, "p.xx", "both names by sound, in any order, and the full date"),
    _key(2, "p.ld", "the last name by sound and the full date"),
    _key(3, "p.fd", "the first name by sound and the full date"),
    _key(4, "p.id", "the initials and the full date"),
    _key(5, "p.nmd", "both names, month and day"),
    _key(6, "p.nym", "the first name by sound, the last name, year and month"),
    _key(7, "p.nyd", "the first name by sound, the last name, year and day"),
    _key(8, "p.nsw", "the same with the year, and month and day in any order"),
    _key(9, "p.n", "both names, if rare"),
    _key(10, "p.nm", "both names by sound and the middle initial, if rare"),
    _key(11, "p.lmd", "the last name by sound, the middle initial and the full date"),
    _key(12, "p.imd", "the first and middle initials and the full date"),
    _key(13, "p.xz", "both names by sound, in any order, and the postcode"),
    _key(14, "p.dz", "the full date and the postcode"),
    _key(15, "p.ih", "the initials, the house number and the sound of the street"),
    Kind(20, "tel", "tel", "contact", "a phone number", _ANY),
    Kind(21, "addr", "addr", "contact", "an address", _ANY),
    Kind(22, "addr0", "addr", "contact", "a street address", _ANY),  # addr without the unit
    Kind(23, "email", "email", "contact", "an e-mail address", _ANY),
    Kind(24, "handle", "online", "contact", "an account name", _ANY, "platform"),
    Kind(25, "handle_id", "online", "contact", "an account number of a platform", _ANY, "platform"),
    Kind(26, "url", "online", "contact", "a web address", _ANY),
    Kind(27, "ad", "online", "contact", "an advertisement", _ANY, "site"),
    Kind(28, "pay", "money", "contact", "a payment account", _ANY, "service"),
    Kind(29, "wallet", "money", "contact", "a crypto wallet", _ANY, "chain"),
    Kind(30, "acct", "money", "contact", "a bank account", _ANY, "routing"),
    Kind(31, "imei", "device", "contact", "a device", _ANY),
    Kind(32, "plate", "vehicle", "contact", "a license plate", _ANY, "state"),
    Kind(33, "vin", "vehicle", "contact", "a vehicle", _ANY),
    Kind(40, "ssn", "ssn", "strong", "a Social Security number", _PERSON),
    Kind(41, "ssn4", "ssn", "partial", "the last four of a Social Security number", _PERSON),
    Kind(42, "itin", "itin", "strong", "a taxpayer number", _PERSON),
    Kind(43, "dl", "dl", "strong", "a driver license", _PERSON, "state"),
    Kind(44, "passport", "passport", "strong", "a passport", _PERSON, "country"),
    Kind(45, "fbi", "fbi", "strong", "an FBI number", _PERSON),
    Kind(46, "sid", "sid", "strong", "a state identification number", _PERSON, "state"),
    Kind(60, "org", "org", "organization", "an organization's name", _FIRM, "state"),
    Kind(61, "fein", "org", "organization", "an employer identification number", _FIRM),
    # A labor contractor or a farmer may be a person.
    Kind(62, "flc", "org", "organization", "a labor contractor registration", _ANY, "state"),
    Kind(63, "job", "org", "organization", "a labor certification or job order", _ANY, "state"),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind by name, in the order of their codes."""

KINDS_BY_CODE: Final[Mapping[int, Kind]] = MappingProxyType({kind.code: kind for kind in _ALL})
"""Every kind by its storage code."""

IDENTIFIER_KINDS: Final[tuple[str, ...]] = tuple(
    kind.name for kind in _ALL if kind.evidence != "person"
)
"""Names of the kinds that stand by themselves, beside the keys of a name."""

KEY_CLASSES: Final[tuple[str, ...]] = tuple(dict.fromkeys(kind.key_class for kind in _ALL))
"""Every key class once: `person`, `tel`, `addr` and so on."""
