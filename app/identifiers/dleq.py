"""Batched proofs of equal discrete logarithms (RFC 9497 section 2.2).

The prover shows that d_i = k * c_i for every i under the one k whose public key is k * B, without
showing k. Names follow the RFC: c and d are the elements before and after, m and z their
composites, (t2, t3) the commitments, and the proof is the challenge and the response.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from app.identifiers import ristretto
from app.identifiers.encoding import lp
from app.identifiers.suite import CONTEXT, hash_to_scalar

PROOF_BYTES: Final = 2 * ristretto.SIZE
"""A proof is two scalars: the challenge, then the response."""


def prove(secret: bytes, public: bytes, c: Sequence[bytes], d: Sequence[bytes], r: bytes) -> bytes:
    """Prove that every d_i is secret * c_i (GenerateProof, RFC 9497 section 2.2.1).

    Args:
        secret: the scalar k.
        public: the element k * B.
        c: valid elements, at least one.
        d: their products with k.
        r: a fresh random scalar; whoever learns it, or sees it in two proofs, can compute k.
    """
    m = ristretto.weighted_sum(_weights(public, c, d), c)
    z = ristretto.multiply(secret, m)  # ComputeCompositesFast: the prover knows k
    t2, t3 = ristretto.multiply_base(r), ristretto.multiply(r, m)
    challenge = _challenge(public, m, z, t2, t3)
    response = ristretto.scalar_subtract(r, ristretto.scalar_multiply(challenge, secret))
    return challenge + response


def verify(public: bytes, c: Sequence[bytes], d: Sequence[bytes], proof: bytes) -> bool:
    """Tell whether `proof` shows what `prove` claims (VerifyProof, RFC 9497 section 2.2.2).

    Everything but `c` may come from an attacker. A scalar of zero, which an honest proof has with
    a chance of 2^-252, is refused like any malformed one.

    Raises:
        RistrettoError: one of `c` or `d` is not canonical or is the identity.
    """
    challenge, response = proof[: ristretto.SIZE], proof[ristretto.SIZE :]
    scalars_ok = all(
        ristretto.is_scalar(scalar) and scalar != ristretto.ZERO for scalar in (challenge, response)
    )
    if not (scalars_ok and ristretto.is_element(public)):
        return False
    weights = _weights(public, c, d)
    m, z = ristretto.weighted_sum(weights, c), ristretto.weighted_sum(weights, d)
    t2 = ristretto.add(ristretto.multiply_base(response), ristretto.multiply(challenge, public))
    t3 = ristretto.add(ristretto.multiply(response, m), ristretto.multiply(challenge, z))
    return hmac.compare_digest(_challenge(public, m, z, t2, t3), challenge)


def _weights(public: bytes, c: Sequence[bytes], d: Sequence[bytes]) -> list[bytes]:
    """Derive the scalar of each pair (ComputeComposites, RFC 9497 section 2.2.1)."""
    seed = hashlib.sha512(lp(public) + lp(b"Seed-" + CONTEXT)).digest()
    head = lp(seed)
    return [
        hash_to_scalar(head + index.to_bytes(2, "big") + lp(c_i) + lp(d_i) + b"Composite")
        for index, (c_i, d_i) in enumerate(zip(c, d, strict=True))
    ]


def _challenge(public: bytes, m: bytes, z: bytes, t2: bytes, t3: bytes) -> bytes:
    transcript = b"".join(map(lp, (public, m, z, t2, t3)))
    return hash_to_scalar(transcript + b"Challenge")
