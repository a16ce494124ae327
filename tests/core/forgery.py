"""Makes JWTs byte by byte, as no library would, for the corpus of attacks."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from app.core.jwt import SigningKey

NOW = 1_900_000_000
ISSUER = "https://registry.test"
CLIENT = "01980000-0000-7000-8000-00000000000a"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
).decode()
KEY = SigningKey(PEM)
KID = KEY.public_jwk["kid"]
PUBLIC_FORMS = {
    "der": (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
    "pem": (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    "point": (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint),
}

Json = Mapping[str, Any] | str | bytes


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def encoded(part: Json) -> str:
    """Return a part in base64url; text and bytes as they are, anything else as JSON."""
    if isinstance(part, Mapping):
        part = json.dumps(part)
    return b64(part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass"))


def es256(text: str, key: ec.EllipticCurvePrivateKey = PRIVATE) -> bytes:
    """Return the ES256 signature of `text`: r and s, 32 bytes each."""
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def hs256(text: str, secret: bytes) -> bytes:
    return hmac.digest(secret, text.encode(), hashlib.sha256)


def signed(header: Json, claims: Json, key: ec.EllipticCurvePrivateKey = PRIVATE) -> str:
    """Return a token with a good signature over whatever the parts say."""
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{b64(es256(text, key))}"


def access_header(**changes: Any) -> dict[str, Any]:
    return _changed({"alg": "ES256", "typ": "at+jwt", "kid": KID}, changes)


def access_claims(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": CLIENT,
        "client_id": CLIENT,
        "scope": "cases:read",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 600,
        "jti": "0198a3c1d2e47f508192a3b4c5d6e7f8",
    }
    return _changed(claims, changes)


def assertion_header(**changes: Any) -> dict[str, Any]:
    return _changed({"alg": "ES256", "typ": "JWT", "kid": KID}, changes)


def assertion_claims(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": ISSUER,
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "0198a3c1d2e47f508192a3b4c5d6e7f8",
    }
    return _changed(claims, changes)


def _changed(fields: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with changes; `...` takes one away."""
    return {name: value for name, value in {**fields, **changes}.items() if value is not ...}


def hostile_headers() -> dict[str, Json]:
    """Return headers that must be refused, whoever signed under them."""
    jwk = KEY.public_jwk
    deep = '{"alg":"ES256","kid":"' + KID + '","typ":' + "[" * 1100 + "]" * 1100 + "}"
    long = {"alg": "ES256", "kid": KID, "typ": "at+jwt" + "x" * 600}
    return {
        **{f"alg {alg}": access_header(alg=alg) for alg in ("none", "None", "", "HS256", "ES384")},
        **{f"alg {alg}": access_header(alg=alg) for alg in ("RS256", "EdDSA", "es256", None, 1)},
        "no alg": access_header(alg=...),
        "unknown crit": access_header(crit=["exp"], exp=1),
        "b64 crit": access_header(crit=["b64"], b64=False),
        "b64": access_header(b64=False),
        "empty crit": access_header(crit=[]),
        "jwk": access_header(jwk=jwk),
        "jku": access_header(jku="https://attacker.example/keys"),
        "x5u": access_header(x5u="https://attacker.example/cert"),
        "x5c": access_header(x5c=["MIIB"]),
        "cty": access_header(cty="JWT"),
        "zip": access_header(zip="DEF"),
        "enc": access_header(enc="A256GCM"),
        "unknown name": access_header(note="x"),
        **{f"kid {kid!r}": access_header(kid=kid) for kid in (..., "", "wrong", None)},
        "kid list": access_header(kid=[KID]),
        "kid path": access_header(kid="../../../../dev/null"),
        "typ JWT": access_header(typ="JWS"),
        "typ list": access_header(typ=["at+jwt"]),
        "alg twice": '{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"' + KID + '"}',
        "1,100 deep": deep,
        "long": long,
        "not JSON": "alg=ES256",
        "array": '["alg","ES256"]',
        "string": '"ES256"',
        "NaN": '{"alg":"ES256","typ":"at+jwt","kid":NaN}',
        "UTF-16": json.dumps(access_header()).encode("utf-16"),
        "BOM": b"\xef\xbb\xbf" + json.dumps(access_header()).encode(),
        "not UTF-8": b'{"alg":"ES256","kid":"\xff"}',
        "empty": b"",
    }


def hostile_texts(good: str) -> dict[str, str]:
    """Return texts that are not a JWT in its one canonical form, made from a good one."""
    head, body, signature = good.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other_tail = alphabet[alphabet.index(signature[-1]) ^ 1]  # other text for the same bytes
    recursion = b64(b"[" * 1100 + b"]" * 1100)
    nothing = b64(b'{"alg":"none","typ":"at+jwt"}')
    texts = {
        "empty": "",
        "dots": "..",
        "one part": head,
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.{signature}",
        "JWE": f"{head}..{body}.{signature}.{signature}",
        "leading dot": f".{good}",
        "trailing dot": f"{good}.",
        "no signature": f"{head}.{body}.",
        "no header": f".{body}.{signature}",
        "none unsigned": f"{nothing}.{body}.",
        "none signed": f"{nothing}.{body}.{signature}",
        "= at the end": good + "=",
        "== at the end": good + "==",
        "= in the header": f"{head}=.{body}.{signature}",
        "trailing bits": good[:-1] + other_tail,
        "newline": good + "\n",
        "space": f"{head} .{body}.{signature}",
        "NUL": f"{head}\0.{body}.{signature}",
        "non-ASCII": good[:-1] + "é",
        "full-width": good.replace("e", "\uff45", 1),
        "lone surrogate": good[:-1] + "\ud800",
        "standard alphabet": f"{head}.{body}.{'+/' * 43}",
        "DER signature": f"{head}.{body}.{b64(PRIVATE.sign(b'x', ec.ECDSA(hashes.SHA256())))}",
        "zero signature": f"{head}.{body}.{b64(bytes(64))}",
        "short signature": f"{head}.{body}.{signature[:-4]}",
        "recursion, 2,967 bytes": f"{recursion}.e30.".ljust(2967, "A"),
        "deep payload": f"{head}.{b64(b'[' * 1200)}.{signature}",
        "JSON serialization": json.dumps({"payload": body, "signatures": []}),
    }
    for form, (encoding, layout) in PUBLIC_FORMS.items():
        text = f"{encoded(access_header(alg='HS256'))}.{body}"
        secret = PRIVATE.public_key().public_bytes(encoding, layout)
        texts[f"HS256 with the public key as {form}"] = f"{text}.{b64(hs256(text, secret))}"
        text = f"{head}.{body}"
        texts[f"HMAC under ES256, {form}"] = f"{text}.{b64(hs256(text, secret))}"
    text = f"{encoded(access_header(alg='HS256'))}.{body}"
    texts["HS256 with an empty key"] = f"{text}.{b64(hs256(text, b''))}"
    return texts
