"""What is stored of a pair of cases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

ATTRIBUTES = ("last_name", "first_name", "birth_date", "middle_initial", "postcode", "house")
"""What of a person agrees or not."""

_AGREES_NOT = frozenset({"differs", "unknown"})


@dataclass(frozen=True)
class FoundOverlap:
    """A pair of cases with its evidence; the case with the smaller key is `low`."""

    low_case_id: int
    high_case_id: int
    low_office: int
    high_office: int
    band: str
    strength: int
    findings: list[dict[str, Any]]

    def other_case(self, case_id: int) -> int:
        """Return the case that the case `case_id` overlaps with."""
        return self.high_case_id if self.low_case_id == case_id else self.low_case_id

    @cached_property
    def evidence(self) -> list[str]:
        """Which kinds agree, sorted, each as often as it does; no strength is part of it."""
        return sorted(kind for finding in self.findings for kind in agreeing(finding))


def agreeing(finding: Mapping[str, Any]) -> Iterable[str]:
    """Yield the kinds that agree in a finding: shared kinds, or attributes of a person."""
    yield from finding.get("kinds", ())
    facts = finding.get("facts")
    if facts:
        yield from (name for name in ATTRIBUTES if facts.get(name, "unknown") not in _AGREES_NOT)


def supported_by(findings: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the kinds of key that findings rest on; all keys of a person count as `name`."""
    kinds = {kind for finding in findings for kind in finding.get("kinds", ())}
    return frozenset(kinds | {"name" for finding in findings if "facts" in finding})


def changed_kinds(before: Sequence[str], after: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which kinds came and which went between two pieces of evidence."""
    then, now = Counter(before), Counter(after)
    return sorted((now - then).elements()), sorted((then - now).elements())
