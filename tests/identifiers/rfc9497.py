"""The test vectors of RFC 9497 appendix A.1, and a run of them through our functions."""

import json
from pathlib import Path
from typing import Any

from app.identifiers import oprf

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).with_name("data") / "rfc9497-ristretto255-vectors.json").read_bytes()
)
VERIFIABLE = next(group for group in VECTORS if group["mode"] == 1)


def split(hexes: str) -> list[bytes]:
    """Return the byte strings of a field that holds one per batch element."""
    return [bytes.fromhex(text) for text in hexes.split(",")]


def key_pair() -> oprf.KeyPair:
    """Return the key pair of the vectors, derived by us."""
    return oprf.derive_key_pair(
        bytes.fromhex(VERIFIABLE["seed"]), bytes.fromhex(VERIFIABLE["keyInfo"])
    )


def check_vectors() -> None:
    """Compare every value of every vector in mode 1."""
    keys = key_pair()
    assert keys.secret.hex() == VERIFIABLE["skSm"]
    assert keys.public.hex() == VERIFIABLE["pkSm"]
    for vector in VERIFIABLE["vectors"]:
        inputs = split(vector["Input"])
        blinded = oprf._blind_with(split(vector["Blind"]), inputs)
        assert blinded.elements == split(vector["BlindedElement"])
        r = bytes.fromhex(vector["Proof"]["r"])
        evaluated, proof = oprf._evaluate_with(r, keys, blinded.elements)
        assert evaluated == split(vector["EvaluationElement"])
        assert proof.hex() == vector["Proof"]["proof"]
        elements = oprf.finalize(keys.public, blinded, evaluated, proof)
        assert list(map(oprf.rfc_output, inputs, elements)) == split(vector["Output"])
