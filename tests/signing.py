"""Client assertions (RFC 7523) as an office signs them, with every part open to change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from app.core.clock import utc_now
from app.core.jwt import public_jwk

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Signer:
    """An office's private key."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=_new_key, repr=False)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as the registry stores it."""
        return public_jwk(self.private.public_key())

    def assertion(
        self, client_id: str, audience: str, header: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """Return a good assertion with `header` and `claims` changed; None takes a claim away."""
        now = int(utc_now().timestamp())
        good = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "exp": now + 60,
            "jti": uuid4().hex,
        }
        sent = {name: value for name, value in {**good, **claims}.items() if value is not None}
        head = {"alg": "ES256", "typ": "JWT", "kid": self.jwk["kid"], **(header or {})}
        pem = self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return jws.serialize_compact(
            head, json.dumps(sent).encode(), ECKey.import_key(pem), algorithms=["ES256"]
        )


def token_request(assertion: str, **changes: str) -> dict[str, str]:
    """Return the form of a token request."""
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **changes,
    }
