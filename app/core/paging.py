import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from app.core.errors import MalformedError
from app.identifiers.encoding import b64u_decode, b64u_encode

_NUMBER_BYTES: Final = 8
_ID_BYTES: Final = 16
_DAY_BYTES: Final = 4


class Reached(NamedTuple):
    """How far a list was read that grows at its end and is forgotten at its beginning."""

    key: UUID
    """Of the last item; zero before the first."""
    on: date
    """Nothing that came before this day is left to be read."""


class CursorError(MalformedError):
    """The cursor was not issued by this list to this office."""

    code = "cursor-invalid"
    title = "Cursor not valid here"
    default_detail = "Start again without a cursor; a cursor belongs to one list and one office."


class Pager:
    """Makes and reads cursors: the last item's key, sealed for one list and office (RFC 5297).

    Sealed, because row numbers count what all offices post. A scope names the list, its filters
    and the office. A full page has a cursor, so the last page may be empty.
    """

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(hashlib.sha512(b"joinder/v1/cursor\0" + secret).digest())

    def read_number(self, scope: str, cursor: str | None) -> int | None:
        """Return the row number that `cursor` holds, None without one.

        Raises:
            CursorError: altered, or issued for another scope.
        """
        return None if cursor is None else int.from_bytes(self._read(scope, cursor), "big")

    def read_id(self, scope: str, cursor: str | None) -> UUID | None:
        """Return the id that `cursor` holds, None without one.

        Raises:
            CursorError: altered, or issued for another scope.
        """
        return None if cursor is None else UUID(bytes=self._read(scope, cursor))

    def read_reached(self, scope: str, cursor: str | None) -> Reached | None:
        """Return how far a list was read, None without a cursor.

        Raises:
            CursorError: altered, or issued for another scope.
        """
        if cursor is None:
            return None
        position = self._read(scope, cursor)
        day = int.from_bytes(position[_ID_BYTES:], "big")
        # one of a release that did not say is as good as new
        return Reached(UUID(bytes=position[:_ID_BYTES]), date.fromordinal(day) if day else date.max)

    def onward(self, scope: str, reached: Reached) -> str:
        """Return the cursor that goes on from there, now and later."""
        day = reached.on.toordinal().to_bytes(_DAY_BYTES, "big")
        return self._seal(scope, reached.key.bytes + day)

    def after(self, scope: str, keys: Sequence[int] | Sequence[UUID], limit: int) -> str | None:
        """Return the cursor that goes on after a full page of these keys, None after the last."""
        if len(keys) < limit:
            return None
        last = keys[-1]
        position = last.bytes if isinstance(last, UUID) else last.to_bytes(_NUMBER_BYTES, "big")
        return self._seal(scope, position)

    def _seal(self, scope: str, position: bytes) -> str:
        return b64u_encode(self._cipher.encrypt(position, [scope.encode()]))

    def _read(self, scope: str, cursor: str) -> bytes:
        try:
            return self._cipher.decrypt(b64u_decode(cursor), [scope.encode()])
        except (ValueError, InvalidTag):
            raise CursorError from None
