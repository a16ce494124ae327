"""Goal: proofs and batching cost little beside the multiplications themselves."""

import secrets
import time
from itertools import islice
from typing import Final

from app.identifiers import ristretto
from app.identifiers.encoding import b64u_decode
from app.identifiers.oprf import MAX_BATCH, evaluate, key_for
from tests.bench import bodies
from tests.bench.measure import Goal

_OF_PROOF: Final = 2
"""Multiplications of a proof that are not per element: k * M and r * M; r * B counts apart."""


def measure(*, batch: int = MAX_BATCH, runs: int) -> Goal:
    """Compare `evaluate` with bare calls of libsodium that do the same multiplications."""
    keys = key_for(secrets.token_bytes(32), "person", 1)
    elements = [b64u_decode(text) for text in islice(bodies.elements(), batch)]
    scalar = ristretto.scalar_reduce(secrets.token_bytes(ristretto.WIDE))
    product, times = ristretto._Output(), ristretto._sodium.crypto_scalarmult_ristretto255
    evaluate(keys, elements[:100])
    ours, bare = [], []
    for _ in range(runs):
        started = time.thread_time()
        evaluate(keys, elements)
        between = time.thread_time()
        for element in [*elements, *elements, *elements[:_OF_PROOF]]:
            times(product, scalar, element)
        ristretto.multiply_base(scalar)
        ours.append(between - started)
        bare.append(time.thread_time() - between)
    return Goal(
        name="oprf evaluation",
        unit="elements/s",
        ours=batch / min(ours),
        baseline=batch / min(bare),
        bound="at least",
        must=0.75,
        aim=0.8,
        note=f"a batch of {batch} with its proof, against the {2 * batch + _OF_PROOF + 1} scalar "
        f"multiplications that batch and proof need, by {ristretto.LIBRARY}, processor "
        f"time of one core, best of {runs}",
    )
