"""Where webhooks may lead: a public host by its name, over TLS, on the one port for it."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from app.core.outbound import FetchError, check_url, is_loopback
from app.core.settings import RegistrySettings

# a name whose last label begins with a letter: no number in any of its forms
_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}")
_PORT: Final = 443


@dataclass(frozen=True)
class Destinations:
    """What the operator allows."""

    hosts: tuple[str, ...] = ()
    """Names, and with a dot before it all below one; none: every public host."""
    allow_loopback: bool = False
    """Also `http://127.0.0.1`, for a sandbox."""

    @classmethod
    def of(cls, settings: RegistrySettings) -> Self:
        """Return what the settings say."""
        hosts = (each.strip().lower() for each in settings.webhook_hosts.split(","))
        return cls(tuple(filter(None, hosts)), settings.allow_loopback_webhooks)

    def check(self, url: str) -> None:
        """Refuse an address that is not allowed; what its name means is looked up when it is used.

        Raises:
            FetchError: it is refused.
        """
        check_url(url, allow_loopback=self.allow_loopback)
        if self.allow_loopback and is_loopback(url):
            return
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not _NAME.fullmatch(host) or parts.port not in (None, _PORT) or not url.isprintable():
            raise FetchError
        if self.hosts and not any(_is_of(host, allowed) for allowed in self.hosts):
            raise FetchError

    def allow(self, url: str) -> bool:
        """Return whether deliveries may go to `url`."""
        try:
            self.check(url)
        except FetchError:
            return False
        return True


def _is_of(host: str, allowed: str) -> bool:
    return host.endswith(allowed) if allowed.startswith(".") else host == allowed
