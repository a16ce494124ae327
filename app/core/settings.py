from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_CONFIG = SettingsConfigDict(env_prefix="JOINDER_", frozen=True, hide_input_in_errors=True)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class RegistrySettings(BaseSettings):
    """What the registry process is told; it names no file of the evaluator."""

    model_config = _CONFIG

    database_url: SecretStr
    """`postgresql://user:password@host/database`, a login that is not a superuser."""
    keys: Path
    """Directory with `registry/` and `public/`; see `joinder keys create`."""
    public_url: str = "http://127.0.0.1:8000"
    """Where clients reach the registry; also the issuer of access tokens."""
    evaluator_url: str = "http://127.0.0.1:8001"
    """Where clients reach the evaluator."""
    pool_size: int = Field(default=8, ge=2, le=64)
    """Database connections of one process; a new key epoch needs one beside that of a request."""
    opposite_subjects: int = Field(default=20_000, ge=1)
    """Subjects that other offices hold, for the prior odds of a match (docs/matching.md)."""
    expected_matches: float = Field(default=0.05, gt=0, le=10)
    """How many of them a subject is expected to match."""
    password_memory_kib: int = Field(default=19_456, ge=8)
    """Memory that one Argon2id hash of a password takes, in KiB."""
    password_passes: int = Field(default=2, ge=1)
    """Passes of Argon2id over it."""
    allow_loopback_providers: bool = False
    """Take identity providers at http://127.0.0.1 too, for a sandbox; never in production."""
    smtp_host: str = ""
    """The mail server that mails are handed to; empty: no mail is sent."""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    """Its port; 465 for `tls`."""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`: required before anything is said; `tls` from the first byte; `none`: never."""
    smtp_user: str = ""
    """Who signs in there; empty: nobody does."""
    smtp_password: SecretStr | None = None
    """The password of `smtp_user`."""
    smtp_ca: Path | None = None
    """Certificates that the mail server's must come from; None: those of the system."""
    mail_from: str = "joinder@localhost"
    """What mails are from."""
    allow_loopback_webhooks: bool = False
    """Let webhooks lead to http://127.0.0.1 too, for a sandbox; never in production."""
    webhook_hosts: str = ""
    """Hosts that webhooks may lead to, with commas, `.example.gov` for all below; empty: any."""
    trusted_proxies: str = ""
    """Addresses or networks, with commas, whose `X-Forwarded-For` says where a request is from."""
    banner: str = (
        "This system holds information of prosecutors' offices. Its use is monitored, recorded and "
        "audited. Unauthorized use is prohibited and may bring criminal and civil penalties. Use "
        "of this system means consent to monitoring and recording."
    )
    """The system-use notice that each person acknowledges after signing in."""
    demo_people: str = ""
    """JSON of invented people whom the sign-in page offers with one click; loopback only."""
    demo_night: int = 0
    """The pipe that asks a demonstration for one more night; 0: there is none to ask."""

    @model_validator(mode="after")
    def _demonstrates_at_home(self) -> Self:
        if self.demo_people and urlsplit(self.public_url).hostname not in _LOOPBACK:
            raise ValueError("JOINDER_DEMO_PEOPLE is for a demonstration at a loopback address.")
        return self

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, proxies: str) -> str:
        for each in filter(None, proxies.split(",")):
            ip_network(each.strip())
        return proxies

    @property
    def issuer(self) -> str:
        """The issuer of access tokens and the audience of client assertions."""
        return self.public_url.rstrip("/")

    @property
    def evaluator_audience(self) -> str:
        """Whom a permit is for."""
        return evaluator_audience(self.issuer)


class EvaluatorSettings(BaseSettings):
    """What the evaluator process is told; it knows no database and no key of the registry."""

    model_config = _CONFIG

    keys: Path
    """Directory with `evaluator/` and `public/`."""
    public_url: str = "http://127.0.0.1:8000"
    """The registry's public URL, the issuer whose permits are taken."""

    @property
    def issuer(self) -> str:
        """The issuer of the permits."""
        return self.public_url.rstrip("/")


def evaluator_audience(issuer: str) -> str:
    """Return the audience of permits that `issuer` gives."""
    return f"{issuer}/v1/tokens"
