"""Proof that bytes seen on a wire, or in a log, hold none of an office's identifiers."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from app.identifiers.oprf import is_element

_OPAQUE = re.compile(rb"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
_PROOF = re.compile(rb"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{86}(?![A-Za-z0-9_-])")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){4,}")
_JWT_PART = re.compile(rb"eyJ[A-Za-z0-9_-]+")
_RANDOM = re.compile(rb"\b[0-9a-f]{16,}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_PROTOCOL = {
    *("addr", "both", "case", "charged", "court", "declined", "disposed", "filing", "labor"),
    *("open", "organization", "person", "police", "record", "report", "sex", "silent"),
    *("summary", "tel", "test", "undetermined"),
}
_ORDER = 2**252 + 27742317777372353535851937790883648493


class LeakError(AssertionError):
    """A secret was found; says which, as secrets of tests are synthetic."""


def assert_silent(recorded: bytes, secrets: Iterable[str]) -> None:
    """Fail if `recorded` holds one of `secrets`, plain, encoded or hashed.

    Looked at: the bytes, their percent-decoding, what JSON escapes, base64 and hexadecimal texts
    in them decode to, and SHA-1, SHA-256 and SHA-512 digests of each secret. Case does not count.

    Not looked for, as they say nothing or occur by chance: secrets of fewer than three
    characters, numbers of fewer than six digits, and words of the protocol itself such as
    `person`. Secrets of up to five characters count where they stand as words of their own.
    Tokens are taken out first, but only if they are indeed group elements, in which nothing
    readable can hide; so are proofs, if they are scalars, and random ids.

    Args:
        recorded: Requests, headers and bodies, or logs; compressed bodies inflated.
        secrets: Raw and normalized values.

    Raises:
        LeakError: a secret was found.
    """
    wanted = {secret for each in secrets if (secret := each.strip().casefold())}
    wanted = {each for each in wanted if len(each) > 2 and each not in _PROTOCOL}
    wanted = {each for each in wanted if not (each.isdecimal() and len(each) < 6)}
    plain = recorded.decode("utf-8", "replace").casefold()
    for secret in wanted:
        if any(digest in plain for digest in _digests(secret)):
            raise LeakError(f"a digest of a secret left the office: {secret!r}")
    for view in _views(recorded):
        text = view.decode("utf-8", "replace").casefold()
        for secret in wanted:
            if _occurs(secret, text):
                raise LeakError(f"a secret left the office: {secret!r}")


def _occurs(secret: str, text: str) -> bool:
    if secret not in text:
        return False
    return len(secret) > 5 or bool(re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text))


def _views(recorded: bytes) -> Iterator[bytes]:
    for plain in {recorded, unquote_to_bytes(recorded), _unescape(recorded)}:
        decoded = [_decode(part) for part in _JWT_PART.findall(plain)]
        decoded += [bytes.fromhex(part.decode()) for part in _HEX.findall(plain)]
        rest = _OPAQUE.sub(_keep_unless_element, plain)
        rest = _RANDOM.sub(b"", _PROOF.sub(_keep_unless_proof, rest))
        for part in _BASE64.findall(rest):
            decoded += [_decode(part[start:]) for start in range(4)]
        yield rest
        yield from filter(_is_text, decoded)


def _is_text(raw: bytes) -> bool:
    """Tell texts from noise, in which short secrets occur by chance."""
    return sum(32 <= byte < 127 for byte in raw) > 0.7 * len(raw)


def _keep_unless_element(match: re.Match[bytes]) -> bytes:
    return b"" if is_element(_decode(match[0])) else match[0]


def _keep_unless_proof(match: re.Match[bytes]) -> bytes:
    raw = _decode(match[0])
    scalars = (int.from_bytes(raw[:32], "little"), int.from_bytes(raw[32:], "little"))
    return b"" if all(scalar < _ORDER for scalar in scalars) else match[0]


def _decode(part: bytes) -> bytes:
    text = part.rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_")
    text = text[: len(text) - (len(text) % 4 == 1)]
    try:
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:  # pragma: no cover  # the pattern admits nothing else
        return b""


def _unescape(recorded: bytes) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        try:
            return str(json.loads(b'"' + match[0] + b'"')).encode("utf-8", "replace")
        except ValueError:
            return match[0]

    return re.sub(rb"(?:\\u[0-9A-Fa-f]{4})+", one, recorded)


def _digests(secret: str) -> Iterator[str]:
    for spelling in {secret, secret.upper(), secret.title()}:
        for name in ("sha1", "sha256", "sha512"):
            digest = hashlib.new(name, spelling.encode(), usedforsecurity=False)
            yield digest.hexdigest()[:32]
            yield base64.urlsafe_b64encode(digest.digest())[:22].decode().casefold()
            yield base64.b64encode(digest.digest())[:22].decode().casefold()
