import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError

from app.core.turns import Turns
from app.people.errors import PasswordError

ALONE: Final = 15
"""Characters that a password needs to stand alone (NIST SP 800-63B-4 section 3.1.1.2)."""
WITH_SECOND_FACTOR: Final = 8
MAX_PASSWORD: Final = 200

_COMMON: Final = Path(__file__).parent / "data" / "common_passwords.txt"
_WORD: Final = re.compile(r"[^\W_]{4,}")
_AT_ONCE: Final = 2
_WAITING: Final = 40


def check(password: str, guessable: Iterable[str]) -> None:
    """Refuse a password that someone who knows the office or common passwords would try.

    Repetitions count once and words of `guessable` not at all: eight characters must be left.

    Args:
        password: As the person typed it.
        guessable: Names of the office, the account and the person.

    Raises:
        PasswordError: too short, common, or made of such words; the text says which.
    """
    plain = normal(password)
    if len(plain) < WITH_SECOND_FACTOR:
        raise PasswordError(f"Choose at least {ALONE} characters.")
    left = plain.casefold()
    if _unit(left) in _common() or len(_unit(left)) < WITH_SECOND_FACTOR:
        raise PasswordError("Choose another one: it is among the first that are tried.")
    words = {word for text in ("joinder", *guessable) for word in _WORD.findall(text.casefold())}
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    if len(left) < WITH_SECOND_FACTOR:
        raise PasswordError("Choose another one: it is made of the names of office or account.")


def is_short(password: str) -> bool:
    """Return whether the password needs a second factor beside it."""
    return len(normal(password)) < ALONE


def normal(password: str) -> str:
    """Return the form that is hashed: NFKC, so that every keyboard gives the same characters."""
    return unicodedata.normalize("NFKC", password)


def _unit(text: str) -> str:
    """Return what `text` repeats: `abc` of `abcabcab`."""
    for length in range(1, len(text)):
        unit = text[:length]
        if (unit * (len(text) // length + 1)).startswith(text):
            return unit
    return text


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text(encoding="ascii").split())


class Hasher:
    """Hashes passwords with Argon2id (RFC 9106) beside the event loop, few at once.

    Memory in use is bounded by the two threads; who comes when forty wait is sent away.
    """

    def __init__(self, *, memory_kib: int, passes: int) -> None:
        self._argon2 = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        self._turns = Turns(_AT_ONCE, _AT_ONCE + _WAITING, "password")
        self._nobodys = self._argon2.hash("of nobody")

    async def digest(self, password: str) -> str:
        """Return the digest to store, with its parameters and salt.

        Raises:
            UnavailableError: too many are waiting.
        """
        return await self._turns.run(lambda: self._argon2.hash(normal(password)))

    async def is_right(self, digest: str | None, password: str) -> bool:
        """Return whether `password` gave `digest`; without one it takes as long and is False.

        Raises:
            UnavailableError: too many are waiting.
        """

        def verify() -> bool:
            try:
                self._argon2.verify(digest or self._nobodys, normal(password))
            except VerificationError:
                return False
            return digest is not None

        return await self._turns.run(verify)

    def is_outdated(self, digest: str) -> bool:
        """Return whether `digest` was made with other parameters than those in force."""
        return self._argon2.check_needs_rehash(digest)
