"""Going over to a new key pair, without the registry's operator and without a gap."""

from contextlib import closing
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import httpx

from app.client.clock import Clock, SystemClock
from app.client.config import ClientConfig
from app.client.credentials import (
    PrivateKey,
    create_private_key,
    public_jwk,
    read_private_key,
    sign_assertion,
)
from app.client.errors import ProblemError
from app.client.exchange import Exchange, Json

_DONE_BEFORE: Final = {"client-key-exists", "client-key-not-found"}
"""What a step answers that an interrupted change has taken already."""


def change_key(
    config: ClientConfig,
    *,
    clock: Clock | None = None,
    transport: httpx.BaseTransport | None = None,
) -> tuple[str, str]:
    """Make a new key, have it sign beside the old one, end the old one, and put it in its place.

    Interrupted anywhere, the same call goes on: one of the two keys signs at every moment.

    Returns:
        The thumbprints (RFC 7638) of the old and the new key.

    Raises:
        UsageError: a key file is absent, exposed or not a key.
        ProblemError, TemporaryError: see `Exchange.call`.
    """
    clock = clock or SystemClock()
    old = read_private_key(config.key_path)
    successor = config.key_path.with_name(config.key_path.name + ".new")
    new = read_private_key(successor) if successor.exists() else create_private_key(successor)
    with (
        closing(Exchange(config, old, clock=clock, transport=transport)) as by_old,
        closing(Exchange(config, new, clock=clock, transport=transport)) as by_new,
    ):
        if not _signs(by_new):
            jwk = {name: public_jwk(new)[name] for name in ("kty", "crv", "x", "y")}
            _post(by_old, config, "/v1/me/keys", old, clock, public_jwk=jwk)
        ending = f"/v1/me/keys/{quote(old.thumbprint(), safe='')}/end"
        _post(by_new, config, ending, new, clock)
    successor.replace(config.key_path)
    return old.thumbprint(), new.thumbprint()


def _signs(exchange: Exchange) -> bool:
    try:
        exchange.get("/v1/me")
    except ProblemError as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        return False
    return True


def _post(
    exchange: Exchange,
    config: ClientConfig,
    path: str,
    key: PrivateKey,
    clock: Clock,
    **fields: Json,
) -> None:
    def body() -> Json:  # a new assertion each time: the registry takes each once
        assertion = sign_assertion(
            key, client_id=config.client_id, issuer=config.issuer, now=clock.unix()
        )
        return {"client_assertion": assertion, **fields}

    try:
        exchange.call("POST", config.registry + path, body=body)
    except ProblemError as error:
        if error.code not in _DONE_BEFORE:
            raise
