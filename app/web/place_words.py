"""Plain words for counties and states, and for offices that are not named. Pure."""

from collections.abc import Sequence
from typing import Final

from app.reference.counties import COUNTIES, STATES, counties_of, state_of
from app.web import words

__all__ = ["counties_of"]  # templates ask for it here

TWO_OFFICES: Final = {
    "local": "Two local prosecutors' offices",
    "attorney_general": "Two Attorney General's offices",
    "tribal": "Two tribal prosecutors' offices",
    "regional": "Two regional offices",
}
"""Both of a kind."""


def county(fips: str) -> str:
    """Return what a county is called, with its state; one that we do not know is its code."""
    return f"{COUNTIES[fips]}, {state_of(fips)}" if fips in COUNTIES else fips


def state(code: str) -> str:
    """Return what a state is called; one that we do not know is its code."""
    return STATES.get(code, code)


def office_kind(kind: str, of_state: str) -> str:
    """Return what an office is that is not named: `Local prosecutor's office in Nevada`."""
    return f"{words.OFFICE_KINDS[kind]} in {state(of_state)}"


def between(kinds: Sequence[str]) -> str:
    """Return of which kinds two offices are: `Two local prosecutors' offices`."""
    first, second = kinds
    if first == second:
        return TWO_OFFICES[first]
    return f"{words.OFFICE_KINDS[first]} and {words.OFFICE_KINDS[second]}"
