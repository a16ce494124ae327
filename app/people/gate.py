import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app.access.principal import Principal
from app.core.db import Sessions
from app.core.keyfiles import KeyFileError, KeyFiles
from app.core.settings import RegistrySettings
from app.people.passwords import Hasher
from app.people.seal import Seal


@dataclass(frozen=True)
class Gate:
    """What every sign-in needs. Its steps are transactions of their own: counts must stay."""

    sessions: Sessions
    seal: Seal
    hasher: Hasher
    origin: str
    """`https://host[:port]` of the registry's pages; WebAuthn and CSRF checks compare with it."""
    banner: str
    allow_loopback_providers: bool
    provider_secret: Callable[[str, str], str | None]
    """Return the client secret of an office for an issuer, None without one for exactly that."""

    @property
    def host(self) -> str:
        """The relying party id of passkeys (WebAuthn Level 3 section 5.1.2)."""
        return urlsplit(self.origin).hostname or ""

    @property
    def banner_sha256(self) -> str:
        """The name of the notice in force."""
        return hashlib.sha256(self.banner.encode()).hexdigest()

    def account_key(self, office: str, account: str) -> bytes:
        """Return what attempts against an account are counted under, whether or not it exists."""
        return self.seal.fingerprint("account", office.upper(), account.lower())


@dataclass(frozen=True)
class Caller:
    """Where a request comes from: its id, and a fingerprint of the network address."""

    request_id: str
    source: bytes

    @property
    def source_id(self) -> str:
        """The source as audit entries name it: equal for equal addresses, and nothing more."""
        return self.source.hex()[:16]

    def principal(self, person_id: object = None, office_id: int = 0) -> Principal:
        """Return who acts before a sign-in is complete: may nothing, and is named in the audit."""
        actor = "unknown" if person_id is None else f"person:{person_id}"
        return Principal(actor, office_id, frozenset(), request_id=self.request_id)


_FILE: Final = "provider-secret-{}"
"""Two lines: the issuer that the client secret is for, so that no other is sent it; the secret."""


def create_gate(settings: RegistrySettings, sessions: Sessions, keys: KeyFiles) -> Gate:
    """Return the gate of a registry.

    Raises:
        KeyFileError: the app secret is absent or readable by others.
    """

    def provider_secret(office: str, issuer: str) -> str | None:
        try:
            bound_to, _, secret = keys.text(_FILE.format(office)).strip().partition("\n")
        except KeyFileError:
            return None
        return secret.strip() or None if bound_to.strip() == issuer else None

    address = urlsplit(settings.public_url)
    return Gate(
        sessions=sessions,
        seal=Seal(keys.secret("app-secret")),
        hasher=Hasher(memory_kib=settings.password_memory_kib, passes=settings.password_passes),
        origin=f"{address.scheme}://{address.netloc}",
        banner=settings.banner,
        allow_loopback_providers=settings.allow_loopback_providers,
        provider_secret=provider_secret,
    )
