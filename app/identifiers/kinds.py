from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

MATCH_SPEC: Final = "joinder/v1"
"""Names every rule that decides whether two offices' tokens agree; part of every OPRF input."""

MATCH_SPEC_NUMBER: Final = 1
"""The same as a small integer, for a database column."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of match key.

    Attributes:
        code: small integer that stands for the kind in storage; never reused.
        name: what the wire format calls it, such as `p.xx`.
        key_class: whose OPRF key evaluates it. The evaluator cannot see its inputs, so a key per
            class is the only thing that keeps a quota for names from being spent on phone numbers.
        evidence: `person` speaks of who someone is; `contact` of what two people share.
    """

    code: int
    name: str
    key_class: str
    evidence: Literal["person", "contact"]


_ALL: Final = (
    Kind(1, "p.xx", "person", "person"),  # both names by sound, in any order; full date
    Kind(2, "p.ld", "person", "person"),  # last name by sound; full date
    Kind(3, "p.fd", "person", "person"),  # first name by sound; full date
    Kind(4, "p.id", "person", "person"),  # initials; full date
    Kind(5, "p.nmd", "person", "person"),  # both names exact; month and day
    Kind(6, "p.nym", "person", "person"),  # first by sound, last exact; year and month
    Kind(7, "p.nyd", "person", "person"),  # first by sound, last exact; year and day
    Kind(8, "p.nsw", "person", "person"),  # first by sound, last exact; month, day in any order
    Kind(9, "p.n", "person", "person"),  # both names exact, no date; rare names only
    Kind(10, "p.nm", "person", "person"),  # both names by sound, middle initial; rare names only
    Kind(11, "p.lmd", "person", "person"),  # last name by sound, middle initial; full date
    Kind(12, "p.imd", "person", "person"),  # first and middle initials; full date
    Kind(20, "tel", "tel", "contact"),  # E.164
    Kind(21, "addr", "addr", "contact"),  # number, street and unit; postcode
    Kind(22, "addr0", "addr", "contact"),  # the same without the unit
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind by name, in the order of their codes."""

KINDS_BY_CODE: Final[Mapping[int, Kind]] = MappingProxyType({kind.code: kind for kind in _ALL})
"""Every kind by its storage code."""

KEY_CLASSES: Final[tuple[str, ...]] = tuple(dict.fromkeys(kind.key_class for kind in _ALL))
"""Every key class once: `person`, `tel`, `addr`."""
