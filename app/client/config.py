import json
import os
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from app.client.errors import UsageError

CONFIG_NAME: Final = "joinder-client.toml"
KEY_NAME: Final = "private-key.pem"
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_PUBLIC_KEY: Final = re.compile(r"[0-9a-f]{64}")
_CLASS: Final = re.compile(r"[a-z0-9_]{1,32}")
_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class ClientConfig:
    """What an office's client knows about its registry: `joinder-client.toml`."""

    path: Path
    """The file itself."""
    registry: str
    """Base URL of the registry, without a trailing slash."""
    issuer: str
    """What the registry calls itself in access tokens: its public URL."""
    client_id: str = ""
    """Given by the registry's administrator; empty until `joinder client pin`."""
    allow_plain_http: bool = False
    """Whether http:// is taken for hosts other than this computer."""
    pins: dict[int, dict[str, str]] = field(default_factory=dict)
    """Per key epoch: key class to the evaluator's public key, 64 hexadecimal digits."""

    @property
    def key_path(self) -> Path:
        """The private key, beside the configuration."""
        return self.path.parent / KEY_NAME


def new_config(
    directory: Path, registry: str, *, issuer: str | None = None, allow_plain_http: bool = False
) -> ClientConfig:
    """Return a configuration for `directory`, not yet written.

    Raises:
        UsageError: not an http or https URL, or plain http to another computer.
    """
    return ClientConfig(
        path=directory / CONFIG_NAME,
        registry=check_url(registry, allow_plain_http=allow_plain_http),
        issuer=(issuer or registry).rstrip("/"),
        allow_plain_http=allow_plain_http,
    )


def read_config(path: Path) -> ClientConfig:
    """Read `path`, a `joinder-client.toml` or the directory that holds one.

    Raises:
        UsageError: absent, not TOML, or a setting that is unknown or has the wrong form.
    """
    path = path / CONFIG_NAME if path.is_dir() else path
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError:
        raise UsageError(
            "config-absent", f"Cannot read {path}. Make one with: joinder client init DIR"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UsageError("config-invalid", f"{path} is not TOML in UTF-8.") from None
    known = {"registry", "issuer", "client_id", "allow_plain_http", "pins"}
    if unknown := sorted(data.keys() - known):
        raise UsageError("config-invalid", f"{path}: unknown setting {unknown[0]!r}; remove it.")
    if not isinstance(data.get("registry"), str):
        raise UsageError("config-invalid", f"{path}: the setting registry is missing.")
    config = new_config(
        path.parent,
        data["registry"],
        issuer=data.get("issuer"),
        allow_plain_http=data.get("allow_plain_http") is True,
    )
    client_id = data.get("client_id", "")
    if client_id:
        check_client_id(client_id)
    return replace(
        config, path=path, client_id=client_id, pins=_read_pins(path, data.get("pins", {}))
    )


def write_config(config: ClientConfig) -> None:
    """Write the configuration in one step: a reader sees the old or the new file, never a part."""
    lines = [
        "# The office's side of Joinder. Holds no secret; the private key is beside it.",
        f"registry = {_text(config.registry)}",
        *([f"issuer = {_text(config.issuer)}"] if config.issuer != config.registry else []),
        f"client_id = {_text(config.client_id)}",
        *(["allow_plain_http = true"] if config.allow_plain_http else []),
    ]
    for epoch, classes in sorted(config.pins.items()):
        lines += ["", "# Public keys of the evaluator, pinned. A change means a new epoch."]
        lines += [f"[pins.{epoch}]"]
        lines += [f"{name} = {_text(key)}" for name, key in sorted(classes.items())]
    write_atomically(config.path, "\n".join(lines) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by `text` in UTF-8, flushed to the disk before it takes the name."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def check_client_id(client_id: str) -> str:
    """Return `client_id` when it has the form of one.

    Raises:
        UsageError: it has not.
    """
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        raise UsageError(
            "client-id-invalid", "The client id has another form; copy it from the registry."
        )
    return client_id


def check_url(url: str, *, allow_plain_http: bool) -> str:
    """Return `url` without a trailing slash.

    Raises:
        UsageError: not a plain http(s) URL, or http to another computer without leave.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UsageError("url-invalid", "Give a URL such as https://registry.example.")
    if parts.username or parts.password:
        raise UsageError("url-invalid", "Remove the user name and password from the URL.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not allow_plain_http:
        raise UsageError(
            "url-insecure",
            "Use https; plain http to another computer needs allow_plain_http = true.",
        )
    return url.rstrip("/")


def _read_pins(path: Path, data: Any) -> dict[int, dict[str, str]]:
    pins: dict[int, dict[str, str]] = {}
    for epoch, classes in data.items() if isinstance(data, dict) else ():
        if not epoch.isdecimal() or not isinstance(classes, dict):
            raise UsageError("config-invalid", f"{path}: a pin is one table per epoch: [pins.1].")
        pins[int(epoch)] = {name: _pin(path, name, key) for name, key in classes.items()}
    return pins


def _pin(path: Path, name: str, key: Any) -> str:
    if _CLASS.fullmatch(name) and isinstance(key, str) and _PUBLIC_KEY.fullmatch(key):
        return key
    raise UsageError("config-invalid", f"{path}: a pinned key is 64 lower-case hexadecimal digits.")


def _text(value: str) -> str:
    return json.dumps(value)  # a JSON string is a basic string of TOML
