"""Values of a suppression list, as match keys; raw they never leave the office."""

from collections.abc import Iterable

from app.client.errors import UsageError
from app.client.values import read_issued
from app.identifiers.errors import IdentifierError
from app.identifiers.identifier_keys import VALUE_KINDS, identifier_keys
from app.identifiers.kinds import KINDS
from app.identifiers.match_keys import MatchKey, address_keys, phone_key

LISTED_KINDS = ("tel", "addr", *VALUE_KINDS)
"""The kinds whose values can be read here."""


def value_keys(kind: str, lines: Iterable[str]) -> list[MatchKey]:
    """Return the match keys of values, one a line; empty lines are skipped.

    Raises:
        UsageError: no such kind, no value at all, or a line that is none; never with the value.
    """
    if kind not in LISTED_KINDS:
        raise UsageError("kind-unknown", f"Give one of the kinds {', '.join(LISTED_KINDS)}.")
    keys: dict[MatchKey, None] = {}
    for number, line in enumerate(lines, start=1):
        if not (value := line.strip()):
            continue
        try:
            keys.update(dict.fromkeys(_keys(kind, value)))
        except IdentifierError as error:
            raise UsageError(error.code, f"Line {number}: {error}") from None
    if not keys:
        raise UsageError("no-value", "Give values on standard input, one a line.")
    return list(keys)


def _keys(kind: str, value: str) -> tuple[MatchKey, ...]:
    if kind == "tel":
        return (phone_key(value),)
    if kind == "addr":
        street, _, postcode = value.rpartition(",")
        door, building = address_keys(street, postcode)
        return (door, building) if door.fields == building.fields else (door,)
    of, value = read_issued(value) if KINDS[kind].of else ("", value)
    return identifier_keys(kind, value, of)
