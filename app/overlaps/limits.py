"""When a value is common: held by so many that sharing it says little (docs/matching.md)."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from app.identifiers.kinds import KINDS, KINDS_BY_CODE

CommonReason = Literal["many_offices", "many_subjects"]

MATCHED_PER_OFFICE: Final = 10
"""Subjects of one office that one token can match; bounds the pairs that a token can make."""

COUNTED_PER_OFFICE: Final = 3
"""Most that one office adds to a token's number of subjects: none makes a value common alone."""

LEAST_OFFICES: Final = 3
"""However many subjects hold a value, fewer offices than this never make it common."""


class Limit(NamedTuple):
    """How many may hold a value of a kind before it is common."""

    offices: int
    subjects: int


LIMITS: Final[Mapping[str, Limit]] = {
    # ten offices after one person or firm are no reason to stop; a phone of ten is a hot line
    name: Limit(10, 25) if kind.evidence == "contact" else Limit(20, 50)
    for name, kind in KINDS.items()
}

LIMITS_IN_SQL: Final = ", ".join(
    f"({kind.code}, {LIMITS[name].offices}, {LIMITS[name].subjects})"
    for name, kind in KINDS.items()
)
"""Rows of VALUES: the code of each kind, and how many offices and subjects may hold one."""


def common_reason(kind: int, offices: int, subjects: int) -> CommonReason | None:
    """Return why a value of a kind (its code) is common, None while it is not.

    Args:
        kind: Code of the kind.
        offices: Offices with a subject that holds it.
        subjects: Those subjects, at most `COUNTED_PER_OFFICE` of each office.
    """
    limit = LIMITS[KINDS_BY_CODE[kind].name]
    if offices > limit.offices:
        return "many_offices"
    if subjects > limit.subjects and offices >= LEAST_OFFICES:
        return "many_subjects"
    return None
