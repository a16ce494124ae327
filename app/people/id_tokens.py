"""ID tokens of identity providers (OpenID Connect Core 1.0 section 3.1.3.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from app.core.jwt import LEEWAY_SECONDS, JwtError, decode
from app.core.strict_json import loads

MAX_BYTES: Final = 16_384
LIFE_SECONDS: Final = 24 * 3600
_FRESH_SECONDS: Final = 600
_MIN_RSA_BITS: Final = 2048
_KEYS: Final[Mapping[str, type[RSAKey] | type[ECKey]]] = {
    "RS256": RSAKey,
    "PS256": RSAKey,
    "ES256": ECKey,
}
_HEADER: Final = frozenset({"alg", "kid", "typ", "x5t"})


@dataclass(frozen=True)
class IdClaims:
    """What a verified ID token says: who, how well proved, and when (seconds)."""

    subject: str
    acr: str
    authenticated: int


def verify_id_token(
    token: str, jwks: Mapping[str, Any], *, issuer: str, audience: str, nonce: str, now: int
) -> IdClaims:
    """Return the claims of an ID token that this issuer made for this client and this sign-in.

    `aud` must name this client and nobody else. `acr` and `auth_time` must be there; the caller
    decides whether they are good enough.

    Raises:
        JwtError: altered, expired, for somebody else, with another nonce, or without such a claim.
    """
    if len(token) > MAX_BYTES or token.count(".") != 2 or not token.isascii():  # noqa: PLR2004 -- RFC 7515: two dots
        raise JwtError
    claims = _verify(token, jwks)
    times = [claims.get(name) for name in ("iat", "exp", "auth_time")]
    if any(type(each) is not int for each in times):
        raise JwtError
    issued, expires, authenticated = claims["iat"], claims["exp"], claims["auth_time"]
    latest = now + LEEWAY_SECONDS
    if (
        not now - _FRESH_SECONDS <= issued <= latest
        or not issued < expires <= issued + LIFE_SECONDS
    ):
        raise JwtError
    if now >= expires + LEEWAY_SECONDS or authenticated > latest:
        raise JwtError
    meant = claims.get("aud")
    if claims.get("iss") != issuer or meant not in (audience, [audience]):
        raise JwtError
    if claims.get("azp", audience) != audience or claims.get("nonce") != nonce:
        raise JwtError
    subject, acr = claims.get("sub"), claims.get("acr")
    if not isinstance(subject, str) or not isinstance(acr, str) or not 1 <= len(subject) <= 255:  # noqa: PLR2004 -- OpenID Connect Core 1.0 section 2
        raise JwtError
    return IdClaims(subject, acr, min(authenticated, now))


def _verify(token: str, jwks: Mapping[str, Any]) -> dict[str, Any]:
    try:
        header = loads(decode(token.partition(".")[0]))
        algorithm = header["alg"]
        kind = _KEYS[algorithm]
        key = kind.import_key(_choose(jwks, kind.key_type, algorithm, header.get("kid")))
        is_plain = header.keys() <= _HEADER and header.get("typ", "JWT").upper() == "JWT"
        verified = jws.deserialize_compact(token, key, algorithms=[algorithm])
        claims = loads(verified.payload)
        is_strong = _is_strong(key.get_op_key("verify"))
    except Exception:  # noqa: BLE001 -- hostile input; whatever a library raises means no
        raise JwtError from None
    if not is_plain or not is_strong or not isinstance(claims, dict):
        raise JwtError
    return claims


def _is_strong(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _MIN_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"


def _choose(
    jwks: Mapping[str, Any], kind: str, algorithm: str, key_id: str | None
) -> dict[str, Any]:
    """Return the one public key that may have signed; two that fit are one too many."""
    fitting = [
        jwk
        for jwk in jwks["keys"]
        if jwk.get("kty") == kind
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", algorithm) == algorithm
        and (key_id is None or jwk.get("kid") == key_id)
    ]
    (jwk,) = fitting
    return {name: value for name, value in jwk.items() if name != "d"}  # only ever a public key
