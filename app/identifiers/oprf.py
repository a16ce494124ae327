"""The verifiable OPRF of RFC 9497, mode 0x01, suite ristretto255-SHA512.

An office blinds its match keys, the evaluator multiplies them by its secret key k and proves that
it used the key behind its public key, and the office takes the blinding away. The office learns
N = k * H(x) for its own x only; the evaluator learns how many elements there were and no more.

    office                                                  evaluator
    blinded = blind(inputs)                 -- elements -->
                                    <-- evaluated, proof -- evaluate(keys, elements)
    N = finalize(public, blinded, evaluated, proof)

One departure from the RFC: `finalize` returns the element N, and not the hash over input and N
that section 3.3.1 defines. The registry applies a keyed hash of its own (`tokens.stored_token`),
and keeping N allows a new key k' without asking the offices again: (k'/k) * N. `rfc_output` gives
the value of the RFC.

Secrets are Python `bytes`, which cannot be wiped; no repr and no error shows them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from app.identifiers import dleq, ristretto
from app.identifiers.encoding import LP_MAX, lp
from app.identifiers.kinds import MATCH_SPEC
from app.identifiers.suite import hash_to_group, hash_to_scalar, random_scalar

MAX_BATCH: Final = 1000
"""Most elements under one proof; the RFC would allow 65,535."""

SEED_BYTES: Final = 32
"""Length of the seed from which every key is derived (Ns, RFC 9497 section 4.1)."""


class OprfError(ValueError):
    """The exchange cannot go on. No message holds an input, a blind, a key or an element."""


class ElementError(OprfError):
    """One string of a batch is not a canonical element, or is the identity.

    Attributes:
        index: its position in the batch, from 0.
    """

    def __init__(self, index: int) -> None:
        super().__init__(f"string {index} of the batch is not a canonical, non-identity element")
        self.index = index


class ProofError(OprfError):
    """The pinned key did not evaluate this batch, or that is not shown: use none of it."""

    def __init__(self) -> None:
        super().__init__("the evaluator's proof does not verify")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A secret scalar k, hidden from the repr, and the public element k * B."""

    secret: bytes = field(repr=False)
    public: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Blinded:
    """A batch on its way to the evaluator: send `elements`, keep `blinds` in memory only.

    `finalize` empties `blinds`: each serves once. Two answers to one blind could be divided by
    each other, and a leaked blind opens its element.
    """

    blinds: list[bytes] = field(repr=False)
    elements: list[bytes] = field(repr=False)


def derive_key_pair(seed: bytes, info: bytes) -> KeyPair:
    """Derive a key pair from a seed (DeriveKeyPair, RFC 9497 section 3.2.1).

    Args:
        seed: 32 secret, uniform bytes.
        info: a public label, at most 65,535 bytes.

    Raises:
        OprfError: the seed is not 32 bytes long.
    """
    if len(seed) != SEED_BYTES:
        msg = f"a seed has {SEED_BYTES} bytes"
        raise OprfError(msg)
    for counter in range(256):
        material = seed + lp(info) + counter.to_bytes(1, "big")
        secret = hash_to_scalar(material, b"DeriveKeyPair")
        if secret != ristretto.ZERO:
            return KeyPair(secret, ristretto.multiply_base(secret))
    msg = "DeriveKeyPairError"  # pragma: no cover  # a chance of 2^-64512
    raise OprfError(msg)  # pragma: no cover


def key_for(seed: bytes, key_class: str, epoch: int) -> KeyPair:
    """Derive the key pair of one class of match keys in one epoch.

    Raises:
        OprfError: the seed is not 32 bytes long.
    """
    return derive_key_pair(seed, f"{MATCH_SPEC}/key/{key_class}/{epoch}".encode())


def is_element(candidate: bytes) -> bool:
    """Tell whether `candidate` is a canonical element other than the identity."""
    return ristretto.is_element(candidate)


def blind(inputs: Sequence[bytes]) -> Blinded:
    """Blind a batch, each input with a fresh random scalar (Blind, RFC 9497 section 3.3.2).

    Raises:
        OprfError: the batch is empty or longer than `MAX_BATCH`, or an input than 65,535 bytes.
    """
    return _blind_with([random_scalar() for _ in inputs], inputs)


def evaluate(keys: KeyPair, elements: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    """Multiply a batch by the secret key, with one proof for all (BlindEvaluate, section 3.3.2).

    The multiplication is also the check of each element: libsodium decodes strictly and refuses
    the identity as a product, which in a group of prime order only the identity can give.

    Returns:
        The evaluated elements in the same order, and the proof, 64 bytes.

    Raises:
        ElementError: one of `elements` is not canonical or is the identity.
        OprfError: the batch is empty or longer than `MAX_BATCH`.
    """
    return _evaluate_with(random_scalar(), keys, elements)


def finalize(
    public: bytes, blinded: Blinded, evaluated: Sequence[bytes], proof: bytes
) -> list[bytes]:
    """Verify the evaluator's proof, then take the blinding away (Finalize, section 3.3.2).

    Args:
        public: the evaluator's public key as pinned, never as sent along with the answer.
        blinded: what `blind` returned; this call spends its blinds, also when it fails.
        evaluated: the evaluator's answer, in the order of `blinded.elements`.
        proof: its proof, 64 bytes.

    Returns:
        N = k * H(x) for each input x, 32 bytes each, in order.

    Raises:
        ElementError: one of `evaluated` is not canonical or is the identity.
        ProofError: the proof does not verify under `public`.
        OprfError: the lengths differ, or the blinds are spent.
    """
    blinds = blinded.blinds.copy()
    blinded.blinds.clear()
    _check_size(blinds)
    if not len(blinds) == len(blinded.elements) == len(evaluated):
        msg = "the answer has another length than the question"
        raise OprfError(msg)
    try:
        proven = dleq.verify(public, blinded.elements, evaluated, proof)
    except ristretto.RistrettoError:
        raise ElementError(_first_bad(evaluated)) from None
    if not proven:
        raise ProofError
    return list(map(ristretto.multiply, _invert_all(blinds), evaluated))


def rfc_output(private_input: bytes, element: bytes) -> bytes:
    """Return the output that RFC 9497 section 3.3.1 defines, 64 bytes; for test vectors."""
    return hashlib.sha512(lp(private_input) + lp(element) + b"Finalize").digest()


def _blind_with(blinds: list[bytes], inputs: Sequence[bytes]) -> Blinded:
    _check_size(inputs)
    if max(map(len, inputs)) > LP_MAX:
        msg = f"an input has at most {LP_MAX} bytes"
        raise OprfError(msg)
    return Blinded(blinds, list(map(ristretto.multiply, blinds, map(hash_to_group, inputs))))


def _evaluate_with(r: bytes, keys: KeyPair, elements: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    _check_size(elements)
    try:
        evaluated = ristretto.multiply_each(keys.secret, elements)
    except ristretto.RistrettoError:
        raise ElementError(_first_bad(elements)) from None
    return evaluated, dleq.prove(keys.secret, keys.public, elements, evaluated, r)


def _check_size(batch: Sequence[bytes]) -> None:
    if not 1 <= len(batch) <= MAX_BATCH:
        msg = f"a batch has 1 to {MAX_BATCH} elements"
        raise OprfError(msg)


def _first_bad(elements: Sequence[bytes]) -> int:
    return next(index for index, element in enumerate(elements) if not is_element(element))


def _invert_all(scalars: Sequence[bytes]) -> list[bytes]:
    """Invert every scalar at the price of one inversion (Montgomery's trick).

    With p_i = s_0 * ... * s_i, the inverse of s_i is p_(i-1) / p_i, and 1 / p_(i-1) = s_i / p_i.
    """
    products = list(accumulate(scalars, ristretto.scalar_multiply))
    rest = ristretto.scalar_invert(products[-1])
    inverses = []
    for scalar, before in zip(scalars[:0:-1], products[-2::-1], strict=True):
        inverses.append(ristretto.scalar_multiply(rest, before))
        rest = ristretto.scalar_multiply(rest, scalar)
    return [rest, *reversed(inverses)]
