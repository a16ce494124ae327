import re
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

OVERLAP: Final = "ovl"
HANDLING: Final = "hnd"
QUESTION: Final = "inf"
"""How the public ids of overlaps, requests for joint handling and questions to desks begin, which
packages speak of that lie below the one that makes them."""

_HEX: Final = re.compile(r"[0-9a-f]{32}")


def new_id() -> UUID:
    """Return a fresh time-ordered identifier (RFC 9562 section 5.7, UUIDv7)."""
    return uuid7()


def public_id(prefix: str, value: UUID) -> str:
    """Return the opaque form that leaves the service, such as `ovl_018f...`."""
    return f"{prefix}_{value.hex}"


def parse_public_id(prefix: str, text: str) -> UUID | None:
    """Return the identifier inside `text`, or None when it is not one of `prefix`.

    Callers answer None like an absent row, so that a malformed id and a hidden one look the same.
    """
    head, separator, tail = text.partition("_")
    if head != prefix or not separator or not _HEX.fullmatch(tail):
        return None
    return UUID(hex=tail)
