from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OKPKey

from app.core.jwt import JwtError, SigningKey, check_public_jwk
from tests.core.forgery import KEY, PEM, es256


def _other_keys() -> dict[str, Any]:
    return {
        "empty": {},
        "list": [],
        "null": None,
        "private": ECKey.generate_key("P-256").as_dict(private=True),
        "P-384": ECKey.generate_key("P-384").as_dict(private=False),
        "secp256k1": ECKey.generate_key("secp256k1").as_dict(private=False),
        "P-384 as P-256": {**ECKey.generate_key("P-384").as_dict(private=False), "crv": "P-256"},
        "RSA": {"kty": "RSA", "n": "wA" * 128, "e": "AQAB"},
        "Ed25519": OKPKey.generate_key("Ed25519").as_dict(private=False),
        "oct": {"kty": "oct", "k": "c2VjcmV0"},
        "off the curve": {**KEY.public_jwk, "x": KEY.public_jwk["y"]},
        "short": {**KEY.public_jwk, "x": "AA"},
        "number": {**KEY.public_jwk, "x": 1},
        "curve as list": {**KEY.public_jwk, "crv": ["P-256"]},
    }


class TestKeys:
    def test_public_key_is_taken_in_canonical_form(self) -> None:
        assert check_public_jwk({**KEY.public_jwk, "kid": "mine", "note": "x"}) == KEY.public_jwk

    @pytest.mark.parametrize("name", _other_keys())
    def test_other_keys_are_refused(self, name: str) -> None:
        with pytest.raises(JwtError):
            check_public_jwk(_other_keys()[name])

    def test_only_p256_signs(self) -> None:
        other = ec.generate_private_key(ec.SECP384R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        with pytest.raises(JwtError):
            SigningKey(other.decode())

    def test_minting_and_forging_agree_on_the_signature(self) -> None:
        assert SigningKey(PEM).public_jwk == KEY.public_jwk
        assert len(es256("text")) == 64
