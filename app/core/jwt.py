"""Access tokens and client assertions; beside it only `people.id_tokens` imports a JOSE library.

python-jose mints our own short ES256 tokens; joserfc verifies, because python-jose accepts key
confusion, unknown `crit` headers and missing claims (docs/adr/0003-access-tokens.md).
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk as jose_jwk
from jose import jwt as jose_jwt
from joserfc import jws
from joserfc.jwk import ECKey

from app.core import strict_json
from app.core.permits import Permit
from app.identifiers.encoding import b64u_decode

ALGORITHM: Final = "ES256"
ACCESS_SECONDS: Final = 600
ASSERTION_SECONDS: Final = 60
PERMIT_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 30
_CURVE: Final = "secp256r1"  # P-256
_MAX_BYTES: Final = 4096
_MAX_HEADER_BYTES: Final = 512
_CACHE_SIZE: Final = 4096
_ACCESS_TYPE: Final = "at+jwt"  # RFC 9068 section 2.1
_PERMIT_TYPE: Final = "joinder-permit+jwt"


class JwtError(ValueError):
    """The JWT is not one that we take. Holds no part of it."""


@dataclass(frozen=True)
class AccessClaims:
    """What a verified access token says."""

    client_id: str
    scopes: frozenset[str]
    expires: int


class SigningKey:
    """The registry's private ES256 key (P-256), from a PEM text."""

    def __init__(self, pem: str) -> None:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE:
            raise JwtError
        self._key = jose_jwk.construct(pem, ALGORITHM)  # read once, not for each token
        self.public_jwk = public_jwk(key.public_key())

    def mint_access(
        self, *, issuer: str, audience: str, client_id: str, scopes: list[str], jti: str, now: int
    ) -> str:
        """Return an access token (RFC 9068) that lives `ACCESS_SECONDS`."""
        claims = {"iss": issuer, "aud": audience, "scope": " ".join(scopes)}
        return self._mint(claims, client_id, jti, _ACCESS_TYPE, now, ACCESS_SECONDS)

    def mint_permit(self, permit: Permit, *, issuer: str, audience: str, jti: str, now: int) -> str:
        """Return a permit for one evaluation that lives `PERMIT_SECONDS`."""
        claims = {"iss": issuer, "aud": audience, "office": permit.office_id, "epoch": permit.epoch}
        claims |= {"counts": permit.counts, "digest": permit.digest}
        return self._mint(claims, permit.client_id, jti, _PERMIT_TYPE, now, PERMIT_SECONDS)

    def _mint(
        self, claims: dict[str, Any], client_id: str, jti: str, kind: str, now: int, life: int
    ) -> str:
        claims |= {"sub": client_id, "client_id": client_id, "jti": jti}
        claims |= {"iat": now, "nbf": now, "exp": now + life}
        headers = {"typ": kind, "kid": self.public_jwk["kid"]}
        return str(jose_jwt.encode(claims, self._key, algorithm=ALGORITHM, headers=headers))


class _Verifier:
    """Verifies JWTs of one issuer for one audience, by key id."""

    def __init__(self, jwks: Mapping[str, Any], *, issuer: str, audience: str) -> None:
        self._keys = {jwk["kid"]: ECKey.import_key(dict(jwk)) for jwk in jwks["keys"]}
        self._issuer = issuer
        self._audience = audience

    def _claims(self, token: str, *, kind: str, now: int, life: int) -> dict[str, Any]:
        if len(token) > _MAX_BYTES:
            raise JwtError
        header = _read_header(token)
        key = self._keys.get(header.get("kid", ""))
        if key is None or header.get("typ") != kind:
            raise JwtError
        claims = _verify(token, key)
        _check_times(claims, now=now, life=life)
        if not all(isinstance(claims.get(name), str) for name in ("client_id", "jti")):
            raise JwtError
        parties = (claims.get("iss"), claims.get("aud"), claims.get("sub"))
        if parties != (self._issuer, self._audience, claims["client_id"]):
            raise JwtError
        return claims


class PermitVerifier(_Verifier):
    """Verifies the permits that the registry gives for evaluations."""

    def verify(self, token: str, *, now: int) -> Permit:
        """Return what `token` permits.

        Raises:
            JwtError: altered, expired, of another issuer or audience, or not a permit.
        """
        claims = self._claims(token, kind=_PERMIT_TYPE, now=now, life=PERMIT_SECONDS)
        names = ("office", "epoch", "counts", "digest")
        values: list[Any] = [claims.get(name) for name in names]
        if list(map(type, values)) != [int, int, dict, str]:
            raise JwtError
        return Permit(claims["client_id"], *values)


class AccessVerifier(_Verifier):
    """Verifies access tokens."""

    def __init__(self, jwks: Mapping[str, Any], *, issuer: str, audience: str) -> None:
        super().__init__(jwks, issuer=issuer, audience=audience)
        self._seen: OrderedDict[bytes, AccessClaims] = OrderedDict()

    def verify(self, token: str, *, now: int) -> AccessClaims:
        """Return the claims of `token`; a token seen before costs one hash.

        Raises:
            JwtError: altered, expired, of another issuer or audience, or not an access token.
        """
        if len(token) > _MAX_BYTES:
            raise JwtError
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._seen.get(digest)
        if known is not None and now < known.expires + LEEWAY_SECONDS:
            return known
        claims = self._claims(token, kind=_ACCESS_TYPE, now=now, life=ACCESS_SECONDS)
        scope = claims.get("scope")
        if not isinstance(scope, str):
            raise JwtError
        result = AccessClaims(claims["client_id"], frozenset(scope.split()), claims["exp"])
        self._seen[digest] = result
        while len(self._seen) > _CACHE_SIZE:
            self._seen.popitem(last=False)
        return result


def assertion_client(assertion: str) -> tuple[str, str]:
    """Return the client id and key id that an unverified assertion names, to look its key up.

    Raises:
        JwtError: not readable as a JWT.
    """
    kid, client_id = _read_header(assertion).get("kid"), _read_part(assertion, 1).get("sub")
    if not isinstance(kid, str) or not isinstance(client_id, str):
        raise JwtError
    return client_id, kid


def verify_assertion(
    assertion: str, jwk: Mapping[str, Any], *, client_id: str, audience: str, now: int
) -> tuple[str, int]:
    """Return the `jti` and expiry of a client assertion (RFC 7523 section 3).

    `aud` must be the issuer as a single string: a list lets an assertion for one server be used
    at another. The caller must refuse a `jti` that it has seen.

    Raises:
        JwtError: altered, expired, living longer than 60 s, or for somebody else.
    """
    header = _read_header(assertion)
    if header.get("typ", "JWT").upper() != "JWT" or header.get("kid") != jwk["kid"]:
        raise JwtError
    claims = _verify(assertion, ECKey.import_key(dict(jwk)))
    _check_times({"nbf": claims.get("iat"), **claims}, now=now, life=ASSERTION_SECONDS)
    jti = claims.get("jti")
    if (claims.get("iss"), claims.get("sub"), claims.get("aud")) != (
        client_id,
        client_id,
        audience,
    ):
        raise JwtError
    if not isinstance(jti, str) or not jti.isascii() or not 8 <= len(jti) <= 128:  # noqa: PLR2004 -- plain bounds
        raise JwtError
    return jti, claims["exp"]


def public_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """Return the public JWK (RFC 7517) with its RFC 7638 thumbprint as `kid`."""
    imported = ECKey.import_key(
        key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    fields = imported.as_dict(private=False)
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": str(fields["x"]),
        "y": str(fields["y"]),
        "use": "sig",
        "alg": ALGORITHM,
        "kid": imported.thumbprint(),
    }


def check_public_jwk(jwk: Mapping[str, Any]) -> dict[str, str]:
    """Return the canonical form of a P-256 public JWK, private members refused.

    Raises:
        JwtError: another kind of key, a private one, or a point off the curve.
    """
    if not isinstance(jwk, Mapping) or "d" in jwk:
        raise JwtError
    try:
        key = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
        public = key.get_op_key("verify")
    except Exception:  # noqa: BLE001 -- a library's refusals of a key are many; all mean no
        raise JwtError from None
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != _CURVE:
        raise JwtError
    return public_jwk(public)


def _verify(token: str, key: ECKey) -> dict[str, Any]:
    try:
        verified = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
        claims = strict_json.loads(verified.payload)
    except Exception:  # noqa: BLE001 -- hostile input; whatever a library raises means no
        raise JwtError from None
    if not isinstance(claims, dict):
        raise JwtError
    return claims


def _check_times(claims: Mapping[str, Any], *, now: int, life: int) -> None:
    issued, expires, starts = (claims.get(name) for name in ("iat", "exp", "nbf"))
    if type(issued) is not int or type(expires) is not int or type(starts) is not int:
        raise JwtError
    if not issued < expires <= issued + life:
        raise JwtError
    if now >= expires + LEEWAY_SECONDS or max(issued, starts) > now + LEEWAY_SECONDS:
        raise JwtError


def _read_header(token: str) -> dict[str, Any]:
    if len(token) > _MAX_BYTES or token.count(".") != 2 or not token.isascii():  # noqa: PLR2004 -- RFC 7515: two dots
        raise JwtError
    header = _read_part(token, 0)
    if header.get("alg") != ALGORITHM or not header.keys() <= {"alg", "kid", "typ"}:
        raise JwtError
    if not all(isinstance(value, str) for value in header.values()):
        raise JwtError
    for part in token.split(".")[1:]:
        decode(part)
    return header


def _read_part(token: str, index: int) -> dict[str, Any]:
    raw = decode(token.split(".")[index])
    if index == 0 and len(raw) > _MAX_HEADER_BYTES:
        raise JwtError
    try:
        value = strict_json.loads(raw)
    except (ValueError, RecursionError):
        raise JwtError from None
    if not isinstance(value, dict):
        raise JwtError
    return value


def decode(part: str) -> bytes:
    """Decode base64url and refuse every text but the canonical one (RFC 7515 section 2)."""
    try:
        return b64u_decode(part)
    except ValueError:
        raise JwtError from None
