"""Issuers of documents: states and countries under one code each."""

import json
import re
from pathlib import Path
from typing import Any, Final

from app.identifiers.errors import IdentifierError
from app.identifiers.names import fold

_json: Final = Path(__file__).with_name("data").joinpath("places-v1.json").read_bytes()
_TABLES: Final[dict[str, Any]] = json.loads(_json)
_STATES: Final[dict[str, str]] = _TABLES["states"]
_STATES_BY_NAME: Final = {name: code for code, name in _STATES.items()}
_COUNTRIES: Final[dict[str, str]] = _TABLES["countries"]
_ISO_3: Final = frozenset(_COUNTRIES.values())
_SUBDIVISION: Final = re.compile(r"([A-Z]{2})-([A-Z0-9]{1,3})")


def normalize_state(text: str) -> str:
    """Return a state as its postal code, `CA`, or one of another country as ISO 3166-2, `MX-BCN`.

    Names of states of the United States are read too, and `US-CA` is `CA`.

    Raises:
        IdentifierError: `state-unknown`.
    """
    folded = fold(text)
    letters = re.sub(r"[^A-Z]", "", folded)
    if letters in _STATES:
        return letters
    if letters in _STATES_BY_NAME:
        return _STATES_BY_NAME[letters]
    match = _SUBDIVISION.fullmatch(folded.strip())
    if match and match[1] == "US" and match[2] in _STATES:
        return match[2]
    if match and match[1] != "US" and match[1] in _COUNTRIES:
        return match[0]
    raise IdentifierError("state-unknown")


def normalize_country(text: str) -> str:
    """Return a country as three letters of ISO 3166-1, from two or three; `D` is Germany's own.

    Raises:
        IdentifierError: `country-unknown`.
    """
    code = re.sub(r"[^A-Z]", "", fold(text))
    if code in _ISO_3:
        return code
    if code == "D":  # ICAO Doc 9303 part 3 section 5
        return "DEU"
    if code in _COUNTRIES:
        return _COUNTRIES[code]
    raise IdentifierError("country-unknown")


def without_state(number: str, state: str) -> str:
    """Return a number without its own state's code in front: `CA0123` of `CA` is `0123`."""
    rest = number.removeprefix(state)
    return rest if rest[:1].isdigit() else number
