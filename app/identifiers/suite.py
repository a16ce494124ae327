"""The suite ristretto255-SHA512 of RFC 9497 section 4.1, in mode 0x01 (VOPRF)."""

import hashlib
import secrets
from typing import Final

from app.identifiers import ristretto

CONTEXT: Final = b"OPRFV1-" + b"\x01" + b"-ristretto255-SHA512"
"""contextString of RFC 9497 section 3.1; it separates this mode and suite from all others."""

_AFTER_Z_PAD: Final = hashlib.sha512(bytes(128))
"""The state after Z_pad, one block of zeros with which every message begins; only ever copied."""


def expand_message_xmd(message: bytes, tag: bytes) -> bytes:
    """Stretch `message` to 64 uniform bytes with SHA-512 (RFC 9380 section 5.3.1).

    64 bytes are one output of SHA-512, so the loop of the RFC runs once: the result is b_1.

    Args:
        message: what is hashed.
        tag: the domain separation tag, at most 255 bytes.
    """
    tag_prime = tag + len(tag).to_bytes(1, "big")
    b_0 = _AFTER_Z_PAD.copy()
    b_0.update(message + b"\x00\x40\x00" + tag_prime)  # 64, the length, in two bytes, and I2OSP(0)
    return hashlib.sha512(b_0.digest() + b"\x01" + tag_prime).digest()


def hash_to_group(message: bytes) -> bytes:
    """Hash to an element (hash_to_ristretto255, RFC 9380 appendix B)."""
    return ristretto.from_uniform(expand_message_xmd(message, b"HashToGroup-" + CONTEXT))


def hash_to_scalar(message: bytes, prefix: bytes = b"HashToScalar-") -> bytes:
    """Hash to a scalar; `prefix` begins the domain separation tag."""
    return ristretto.scalar_reduce(expand_message_xmd(message, prefix + CONTEXT))


def random_scalar() -> bytes:
    """Return a uniform, secret, non-zero scalar from 512 random bits (RFC 9497 section 4.7.2)."""
    while (scalar := ristretto.scalar_reduce(secrets.token_bytes(64))) == ristretto.ZERO:
        pass  # pragma: no cover  # a chance of 2^-252
    return scalar
