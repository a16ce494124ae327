"""What every kind reads alike: letters and digits, and values that only fill a form."""

import json
import re
from pathlib import Path
from typing import Any, Final

from app.identifiers.errors import IdentifierError
from app.identifiers.names import fold, is_readable

_json: Final = Path(__file__).with_name("data").joinpath("placeholders-v1.json").read_bytes()
PLACEHOLDERS: Final[dict[str, Any]] = json.loads(_json)
"""Words, numbers and phones that stand for nothing; see data/README.md."""

BLANKS: Final = " \t\r\n\f\v\u00a0"
"""What is cut off both ends of a value that is not folded."""

_WORDS: Final = frozenset(PLACEHOLDERS["words"])

_SIGNS: Final = re.compile(r"[^A-Z0-9]")
_FILLERS: Final = re.compile(r"([A-Z0-9])\1{3,}|0+|[A-Z]{1,2}(?:0{5,}|9{5,})")
"""0000, XXXXXX, 000, A0000000."""

_KEYBOARD_RUNS: Final = ("1234567890" * 2, "9876543210" * 2)
_SHORTEST_RUN: Final = 6


def compact(text: str) -> str:
    """Fold `text` and keep its letters and digits: `d 123-4567` becomes `D1234567`.

    Raises:
        IdentifierError: `value-not-latin`; `value-placeholder`, as for UNKNOWN, N/A or 0000.
    """
    folded = fold(text)
    has_foreign = any(character.isalnum() and not character.isascii() for character in folded)
    if has_foreign or not is_readable(text):
        raise IdentifierError("value-not-latin")
    refuse_placeholder(folded)
    value = _SIGNS.sub("", folded)
    if _FILLERS.fullmatch(value) or _is_run(value.removeprefix("0")):
        raise IdentifierError("value-placeholder")
    return value


def refuse_placeholder(text: str) -> None:
    """Refuse a word that stands for nothing, whatever its signs: `N/A`, `Unknown`, `TEST`.

    Raises:
        IdentifierError: `value-placeholder`.
    """
    if _SIGNS.sub("", fold(text)) in _WORDS:
        raise IdentifierError("value-placeholder")


def _is_run(digits: str) -> bool:
    return len(digits) >= _SHORTEST_RUN and any(run.startswith(digits) for run in _KEYBOARD_RUNS)
