"""The cold column: elements N, readable only with the rotation key that the registry lacks."""

import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Sessions, transaction
from app.core.ids import new_id
from app.identifiers.ristretto import SIZE
from app.overlaps.models import SealingKey

HPKE_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
HPKE_INFO = b"joinder/v1/sealing-key"
_NONCE_BYTES = 12


Owner = int | UUID
"""What sealed elements are of: a subject, by its key, or a suppression entry, by its id."""


class Sealer:
    """Seals the elements of subjects and entries under a data key of this process.

    The data key lives in memory only; the table holds it sealed to the offline rotation key, so a
    stolen database with all of the registry's files still opens no element.
    """

    def __init__(self, key_id: UUID, data_key: bytes) -> None:
        self.key_id = key_id
        self._cipher = AESGCM(data_key)

    def seal(self, owner: Owner, elements: Sequence[tuple[int, bytes]]) -> bytes:
        """Return kinds, nonce and ciphertext of (kind code, 32-byte element) pairs of one owner.

        Layout: one byte with their count, one byte of kind for each, 12 of nonce, the ciphertext.
        """
        nonce = os.urandom(_NONCE_BYTES)
        plain = b"".join(element for _, element in elements)
        kinds = bytes(code for code, _ in elements)
        head = bytes([len(kinds)]) + kinds
        return head + nonce + self._cipher.encrypt(nonce, plain, associated_data(owner, kinds))


class Opener:
    """Opens sealed elements with the rotation key, which no process of the service has."""

    def __init__(self, rotation_private: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(rotation_private)
        self._ciphers: dict[UUID, AESGCM] = {}

    def open(
        self, key_id: UUID, sealed_key: bytes, owner: Owner, sealed: bytes
    ) -> list[tuple[int, bytes]]:
        """Return what `Sealer.seal` was given.

        Raises:
            InvalidTag: of another key or another owner, or altered.
        """
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            data_key = HPKE_SUITE.decrypt(sealed_key, self._private, info=HPKE_INFO + key_id.bytes)
            cipher = self._ciphers[key_id] = AESGCM(data_key)
        kinds, rest = sealed[1 : 1 + sealed[0]], sealed[1 + sealed[0] :]
        nonce, text = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        plain = cipher.decrypt(nonce, text, associated_data(owner, kinds))
        return [
            (code, plain[SIZE * place : SIZE * (place + 1)]) for place, code in enumerate(kinds)
        ]


def associated_data(owner: Owner, kinds: bytes) -> bytes:
    """Return what a sealed value is bound to: its owner and its list of kinds."""
    if isinstance(owner, UUID):
        return b"joinder/v1/sealed-entry\0" + owner.bytes + kinds
    return b"joinder/v1/sealed\0" + owner.to_bytes(8, "big") + kinds


async def create_sealer(
    sessions: Sessions, rotation_public: bytes, *, epoch: int, now: datetime
) -> Sealer:
    """Make a data key for this process and store it sealed (HPKE base mode, RFC 9180)."""
    key_id, data_key = new_id(), AESGCM.generate_key(bit_length=256)
    public = X25519PublicKey.from_public_bytes(rotation_public)
    async with transaction(sessions) as session:
        await session.execute(
            insert(SealingKey).values(
                id=key_id,
                epoch=epoch,
                sealed_key=HPKE_SUITE.encrypt(data_key, public, info=HPKE_INFO + key_id.bytes),
                created_at=now,
            )
        )
    return Sealer(key_id, data_key)
