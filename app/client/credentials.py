import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from app.client.clock import Clock
from app.client.errors import UsageError

ALGORITHM: Final = "ES256"
ASSERTION_SECONDS: Final = 60
REFRESH_SECONDS: Final = 60
"""A token that has less left than this is replaced before it is used."""


PrivateKey = ECKey
"""An office's ES256 (P-256) key."""


@dataclass(frozen=True, repr=False)
class AccessToken:
    """A bearer token of one resource and the monotonic second at which to replace it."""

    value: str
    replace_at: float


class TokenCache:
    """Access tokens by resource (RFC 8707); any number of threads may ask."""

    def __init__(self, fetch: Callable[[str], tuple[str, int]], clock: Clock) -> None:
        """Use `fetch(resource)`, which returns a token and the seconds it lives."""
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, AccessToken] = {}

    def get(self, resource: str) -> str:
        """Return a token for `resource` that has not expired; threads wait for one fetch."""
        with self._lock:
            token = self._tokens.get(resource)
            if token is None or self._clock.monotonic() >= token.replace_at:
                asked_at = self._clock.monotonic()
                value, seconds = self._fetch(resource)
                margin = min(REFRESH_SECONDS, seconds / 2)
                token = AccessToken(value, asked_at + seconds - margin)
                self._tokens[resource] = token
            return token.value

    def forget(self, resource: str, value: str) -> None:
        """Drop `value`, which the server refused; a newer token stays."""
        with self._lock:
            token = self._tokens.get(resource)
            if token is not None and token.value == value:
                del self._tokens[resource]


def create_private_key(path: Path) -> ECKey:
    """Make an ES256 (P-256) key and write it to `path`, readable by its owner only (0600).

    Raises:
        UsageError: `path` exists; a key is never overwritten.
    """
    key = ECKey.generate_key("P-256", private=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            "key-exists", f"{path} exists. Keep it, or move it away to make a new key."
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.as_pem(private=True))
        file.flush()
        os.fsync(file.fileno())
    return key


def read_private_key(path: Path) -> ECKey:
    """Read the key that `create_private_key` wrote.

    Raises:
        UsageError: absent, readable by other users of the computer, or not a P-256 key.
    """
    try:
        mode = path.stat().st_mode
        pem = path.read_bytes()
    except OSError:
        raise UsageError(
            "key-absent", f"Cannot read {path}. Make one with: joinder client init DIR"
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise UsageError("key-exposed", f"Other users can read {path}. Run: chmod 600 {path}")
    try:
        key = ECKey.import_key(pem)
    except (JoseError, ValueError):
        raise UsageError("key-invalid", f"{path} is not a private key in PEM.") from None
    if key.curve_name != "P-256" or not key.is_private:
        raise UsageError("key-invalid", f"{path} is not a P-256 private key.")
    return key


def public_jwk(key: ECKey) -> dict[str, Any]:
    """Return the public JWK, `kid` being the thumbprint of RFC 7638."""
    public = key.as_dict(private=False)
    public.update({"use": "sig", "alg": ALGORITHM, "kid": key.thumbprint()})
    return dict(public)


def sign_assertion(key: ECKey, *, client_id: str, issuer: str, now: float) -> str:
    """Return a one-use `private_key_jwt` assertion for `issuer` (RFC 7523), good for 60 s."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "iat": int(now),
        "exp": int(now) + ASSERTION_SECONDS,
        "jti": uuid4().hex,
    }
    header = {"alg": ALGORITHM, "kid": key.thumbprint(), "typ": "JWT"}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])
