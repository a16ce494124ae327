"""Goal: a key rotation costs hardly more per token than the multiplication that it cannot avoid."""

import secrets
import time
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.ids import new_id
from app.identifiers import ristretto
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.suite import random_scalar
from app.overlaps.sealing import HPKE_INFO, HPKE_SUITE, Sealer
from app.rotation.lifting import Lifter
from app.rotation.rows import SealedSubject
from app.rotation.secrets import RotationKeys
from tests.bench.measure import Goal

_KINDS: Final = (*range(1, 12), 20)
"""A person with a middle name, and a phone."""


def measure(*, subjects: int, runs: int) -> Goal:
    """Lift subjects of twelve tokens: open, multiply, hash under both keys, seal."""
    private = X25519PrivateKey.generate()
    key_id, data_key = new_id(), AESGCM.generate_key(256)
    sealed_key = HPKE_SUITE.encrypt(data_key, private.public_key(), info=HPKE_INFO + key_id.bytes)
    sealer = Sealer(key_id, data_key)
    sealed = []
    for number in range(1, subjects + 1):
        plain = [(code, ristretto.from_uniform(secrets.token_bytes(64))) for code in _KINDS]
        seal = sealer.seal(number, plain)
        sealed.append(SealedSubject(number, 1, key_id, 1, sealed_key, seal))
    keys = RotationKeys(
        2,
        secrets.token_bytes(32),
        secrets.token_bytes(32),
        {name: random_scalar() for name in KEY_CLASSES},
        private.private_bytes_raw(),
        private.public_key().public_bytes_raw(),
    )
    tokens = subjects * len(_KINDS)
    scalar, element = random_scalar(), ristretto.from_uniform(secrets.token_bytes(64))
    product, times = ristretto._Output(), ristretto._sodium.crypto_scalarmult_ristretto255
    lifter, ours, bare = Lifter(keys, sealer), [], []
    for _ in range(runs):
        started = time.thread_time()
        lifter.lift(sealed)
        between = time.thread_time()
        for _ in range(tokens):
            times(product, scalar, element)
        ours.append(between - started)
        bare.append(time.thread_time() - between)
    return Goal(
        name="key rotation",
        unit="us/token",
        ours=min(ours) / tokens * 1e6,
        baseline=min(bare) / tokens * 1e6,
        bound="at most",
        must=1.46,
        aim=1.2,
        note=f"{tokens:,} tokens opened, lifted, hashed and sealed, against the multiplications "
        f"alone, processor time of one core, best of {runs}; 1.46 is 60 us where one takes 41",
    )
