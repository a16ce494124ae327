"""Names of platforms, advertisement sites, payment services and chains, one for each."""

import json
import re
from pathlib import Path
from typing import Final

from app.identifiers.errors import IdentifierError
from app.identifiers.texts import BLANKS, PLACEHOLDERS

_json: Final = Path(__file__).with_name("data").joinpath("services-v1.json").read_bytes()
_TABLES: Final[dict[str, dict[str, list[str]]]] = json.loads(_json)
_NAMES: Final = {
    (table, spelling): name
    for table, names in _TABLES.items()
    for name, spellings in names.items()
    for spelling in (name, *spellings)
}
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")

SHARED_HOSTS: Final = frozenset(
    [*PLACEHOLDERS["hosts"], *(spelling for _, spelling in _NAMES if "." in spelling)]
)
"""Hosts that many people use, so that the host alone identifies nobody."""


def normalize_service(text: str, table: str) -> str | None:
    """Return the one name of a service, its domain if the table has none, None if it is neither.

    Args:
        text: a name such as `Cash App`, or a domain such as `www.cash.app`.
        table: `platforms`, `sites`, `services` or `chains`.
    """
    lower = text.strip(BLANKS).lower().removeprefix("www.")
    for spelling in (lower, re.sub(r"[^a-z0-9]", "", lower)):
        if name := _NAMES.get((table, spelling)):
            return name
    return lower if _DOMAIN.fullmatch(lower) else None


def require_service(text: str, table: str, code: str) -> str:
    """Return what `normalize_service` does.

    Raises:
        IdentifierError: `code`, if it is neither a known name nor a domain.
    """
    name = normalize_service(text, table)
    if name is None:
        raise IdentifierError(code)
    return name
