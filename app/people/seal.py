import hashlib
import hmac
import os
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_INSTANT_BYTES: Final = 8
_RANDOM_BYTES: Final = 16


class SealError(ValueError):
    """The value was not sealed here for this purpose, or its time is over."""


class Seal:
    """Seals small secrets of people under the registry's app secret (AES-SIV, RFC 5297).

    A purpose names what a value is for and whose it is; opened for another one, it is refused.
    """

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(hashlib.sha512(b"joinder/v1/people\0" + secret).digest())
        self._key = hashlib.sha512(b"joinder/v1/people-fingerprint\0" + secret).digest()

    def close(self, purpose: str, value: bytes) -> bytes:
        """Return `value` sealed, 16 bytes longer."""
        return self._cipher.encrypt(value, [purpose.encode()])

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            SealError: altered, or sealed for another purpose.
        """
        try:
            return self._cipher.decrypt(sealed, [purpose.encode()])
        except (InvalidTag, ValueError):
            raise SealError from None

    def lend(self, purpose: str, value: bytes = b"", *, until: datetime) -> bytes:
        """Return `value`, random bytes and an expiry sealed: each one is different and passes."""
        expires = int(until.timestamp()).to_bytes(_INSTANT_BYTES, "big")
        return self.close(purpose, expires + os.urandom(_RANDOM_BYTES) + value)

    def take_back(self, purpose: str, sealed: bytes, *, now: datetime) -> tuple[bytes, datetime]:
        """Return the value that was lent, and when it expires; the caller stops a second use.

        Raises:
            SealError: altered, for another purpose, or expired.
        """
        opened = self.open(purpose, sealed)
        until = datetime.fromtimestamp(int.from_bytes(opened[:_INSTANT_BYTES], "big"), UTC)
        if now >= until:
            raise SealError
        return opened[_INSTANT_BYTES + _RANDOM_BYTES :], until

    def fingerprint(self, *parts: str) -> bytes:
        """Return 32 bytes that stand for `parts` and say nothing about them without the secret."""
        return hmac.digest(self._key, "\0".join(parts).encode(), "sha256")
