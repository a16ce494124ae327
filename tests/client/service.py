"""The real registry and the real evaluator, served on loopback ports for the office's client."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import text

from app.client.config import ClientConfig, new_config, write_config
from app.client.credentials import create_private_key, public_jwk
from app.core.db import transaction
from app.core.settings import EvaluatorSettings
from app.evaluator.main import create_app
from app.serving.process import listen, serve
from tests.factories import Registry


@dataclass
class Service:
    """Both servers, in a thread of their own; `transport` reaches them."""

    url: str
    registry: Registry
    transport: httpx.BaseTransport
    classes: dict[str, str]
    """The evaluator's public keys of epoch 1."""
    _portal: BlockingPortal
    _numbers: Iterator[int] = field(default_factory=partial(count, 1))

    def make_office(self, directory: Path) -> ClientConfig:
        """Make an office that is known to the registry and has pinned the evaluator's keys."""
        directory.mkdir(parents=True)
        config = new_config(directory, self.url)
        client_id = self.add_office(public_jwk(create_private_key(config.key_path)))
        config = replace(config, client_id=client_id, pins={1: self.classes})
        write_config(config)
        return config

    def add_office(self, jwk: Mapping[str, Any]) -> str:
        """Add an office with a public key and return its client id."""
        add = partial(self.registry.add_office, f"CA-{next(self._numbers):06}", jwk=jwk)
        return self._portal.call(add).client_id

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Return rows of a query, for looking behind the service."""
        return self._portal.call(partial(self.registry.rows, sql, **values))

    def cases(self, config: ClientConfig) -> set[str]:
        """Return the numbers of the cases that the registry keeps of an office."""
        rows = self.rows(
            "SELECT c.external_id FROM cases c JOIN client_credentials k USING (office_id)"
            " WHERE k.id = :client_id",
            client_id=config.client_id,
        )
        return {row[0] for row in rows}

    @contextmanager
    def holding(self, sql: str) -> Iterator[None]:
        """Hold the locks that a query takes, for as long as it lasts."""
        behind = transaction(self.registry.behind)
        with self._portal.wrap_async_context_manager(behind) as session:
            for each in ("SET LOCAL idle_in_transaction_session_timeout = 0", sql):
                self._portal.call(session.execute, text(each))
            yield


@contextmanager
def serving(database_url: str, keys: Path) -> Iterator[Service]:
    """Serve a registry on a database and an evaluator until the end."""
    listeners = [listen("127.0.0.1", 0) for _ in range(2)]
    url, evaluator_url = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in listeners)
    started = Registry.started(database_url, keys, public_url=url, evaluator_url=evaluator_url)
    evaluator = create_app(EvaluatorSettings(keys=keys, public_url=url))
    with ExitStack() as stack:
        transport = stack.enter_context(httpx.HTTPTransport())
        portal = stack.enter_context(start_blocking_portal(backend_options={"use_uvloop": True}))
        registry = stack.enter_context(portal.wrap_async_context_manager(started))
        for app, listener in zip((registry.app, evaluator), listeners, strict=True):
            end, living = os.pipe()
            served = portal.start_task_soon(partial(serve, app, listener, parent=end))
            stack.callback(os.close, end)
            stack.callback(served.result)
            stack.callback(os.close, living)
        (found,) = httpx.Client(transport=transport).get(f"{url}/v1/oprf/keys").json()["evaluators"]
        yield Service(url, registry, transport, found["classes"], portal)
