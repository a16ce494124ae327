"""The cold column: elements N, readable only with the rotation key that the registry lacks."""

import os
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Sessions, transaction
from app.core.ids import new_id
from app.overlaps.models import SealingKey

HPKE_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
HPKE_INFO = b"joinder/v1/sealing-key"
_NONCE_BYTES = 12


class Sealer:
    """Seals the elements of subjects under a data key of this process.

    The data key lives in memory only; the table holds it sealed to the offline rotation key, so a
    stolen database with all of the registry's files still opens no element.
    """

    def __init__(self, key_id: UUID, data_key: bytes) -> None:
        self.key_id = key_id
        self._cipher = AESGCM(data_key)

    def seal(self, subject_id: int, elements: Sequence[tuple[int, bytes]]) -> bytes:
        """Return kinds, nonce and ciphertext of (kind code, 32-byte element) pairs of one subject.

        Layout: one byte with their count, one byte of kind for each, 12 of nonce, the ciphertext.
        """
        nonce = os.urandom(_NONCE_BYTES)
        plain = b"".join(element for _, element in elements)
        kinds = bytes(code for code, _ in elements)
        head = bytes([len(kinds)]) + kinds
        return head + nonce + self._cipher.encrypt(nonce, plain, associated_data(subject_id, kinds))


def associated_data(subject_id: int, kinds: bytes) -> bytes:
    """Return what a sealed value is bound to: its subject and its list of kinds."""
    return b"joinder/v1/sealed\0" + subject_id.to_bytes(8, "big") + kinds


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
