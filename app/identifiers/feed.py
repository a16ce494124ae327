"""What stands for a charged defendant in the feed that offices hold their own lists against."""

import hashlib
from typing import Final

from app.identifiers.kinds import KINDS

FEED_KINDS: Final = (
    "p.xx",
    "p.nsw",
    *(kind.name for kind in KINDS.values() if kind.evidence == "strong"),
)
"""Kinds that say by themselves who somebody is: both names with a whole date, or a number."""

FEED_CLASSES: Final = tuple(dict.fromkeys(KINDS[name].key_class for name in FEED_KINDS))
"""The key classes that evaluate them."""

DIGEST_BYTES: Final = 32


def feed_digest(kind: str, element: bytes) -> bytes:
    """Return `SHA-256("joinder/v1/feed" || 0x00 || kind || 0x00 || element)`.

    The element is the output of a keyed function that nobody computes without the evaluator, so
    whoever would guess at a digest has each guess evaluated, and counted.

    Args:
        kind: one of `FEED_KINDS`.
        element: N = k * H(x), a canonical ristretto255 element. Not checked here.
    """
    return hashlib.sha256(b"joinder/v1/feed\x00" + kind.encode() + b"\x00" + element).digest()
