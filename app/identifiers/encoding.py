import base64
import binascii
from collections.abc import Sequence
from typing import Final

from app.identifiers.kinds import MATCH_SPEC

LP_MAX: Final = 0xFFFF
"""Most bytes that a two-byte length can announce; also the limit of RFC 9497 on inputs."""


def lp(data: bytes) -> bytes:
    """Prefix `data` with its length: `I2OSP(len(data), 2) || data` (RFC 8017 section 4.1).

    Raises:
        ValueError: `data` is longer than 65,535 bytes.
    """
    if len(data) > LP_MAX:
        msg = "too long for a two-byte length prefix"
        raise ValueError(msg)
    return len(data).to_bytes(2, "big") + data


def oprf_input(kind: str, fields: Sequence[str]) -> bytes:
    """Encode a match key as the private input of the OPRF.

    The encoding is injective: every part carries its length, and the kind and the version of the
    rules are inside, so that keys of different kinds or versions never collide.

    Args:
        kind: name of the kind, such as `p.xx`.
        fields: normalized fields, in the order that the kind defines.
    """
    parts = (f"{MATCH_SPEC}/{kind}", *fields)
    return b"".join(lp(part.encode()) for part in parts)


def b64u_encode(data: bytes) -> str:
    """Encode as base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64u_decode(text: str) -> bytes:
    """Decode base64url without padding, accepting the one canonical spelling only.

    Padding, whitespace, the `+/` alphabet and non-zero trailing bits are refused, so that two
    different texts never mean the same bytes (RFC 4648 sections 3.5 and 12).

    Raises:
        ValueError: `text` is not what `b64u_encode` would have written. It never holds `text`.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        data = None
    if data is None or b64u_encode(data) != text:
        msg = "not canonical base64url without padding"
        raise ValueError(msg)
    return data
