"""Every operation says who may call it, or the application does not start."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.core.db import create_engine
from app.core.openapi import KNOWN, PUBLIC, UnnamedOperationError, check_operations, operation
from app.main import create_bare_app, prepare
from app.surface import CALLERS
from tests.factories import Registry


async def bare() -> str:
    """Answer anyone."""
    return "hello"


async def guarded(principal: CurrentPrincipal) -> str:
    """Answer who is known."""
    return principal.actor


async def socket(_: WebSocket) -> None:
    """Answer a socket."""


def check(app: FastAPI) -> None:
    check_operations(app, tuple(Permission), CALLERS)


def add(path: str, endpoint: Callable[..., Any], **extra: Any) -> Callable[[FastAPI], None]:
    return lambda app: app.add_api_route(path, endpoint, **extra)


def scoped(scope: str) -> dict[str, Any]:
    return {"openapi_extra": operation(scope=scope)}


UNNAMED = {
    "says nothing": add("/v1/bare", bare),
    "says nothing and knows its caller": add("/v1/bare", guarded),
    "hidden": add("/v1/bare", bare, include_in_schema=False),
    "names a permission that does not exist": add("/v1/bare", guarded, **scoped("cases:steal")),
    "names a permission and asks nobody": add("/v1/bare", bare, **scoped("cases:read")),
    "is for the known and asks nobody": add("/v1/bare", bare, **scoped(KNOWN)),
    "is public and asks who calls": add("/v1/bare", guarded, **scoped(PUBLIC)),
    "is no operation": lambda app: app.add_route("/v1/bare", lambda _: None),
    "is a socket": lambda app: app.add_api_websocket_route("/v1/bare", socket),
    "is another application": lambda app: app.mount("/v1/bare", FastAPI()),
}


class TestEveryOperation:
    def test_of_the_registry_is_named(self) -> None:
        check(create_bare_app())

    @pytest.mark.parametrize(
        "change",
        [
            add("/v1/good", bare, **scoped(PUBLIC)),
            add("/v1/good", guarded, **scoped(KNOWN)),
            add("/v1/good", guarded, **scoped("cases:read")),
        ],
    )
    def test_that_is_named_is_taken(self, change: Callable[[FastAPI], None]) -> None:
        app = create_bare_app()
        change(app)
        check(app)

    @pytest.mark.parametrize("change", UNNAMED.values(), ids=UNNAMED)
    def test_that_is_not_is_refused(self, change: Callable[[FastAPI], None]) -> None:
        app = create_bare_app()
        change(app)
        with pytest.raises(UnnamedOperationError, match="/v1/bare"):
            check(app)

    async def test_keeps_the_registry_from_starting(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        settings = registry.app.state.settings
        app = create_bare_app()
        app.add_api_route("/v1/bare", bare)
        engine = create_engine(fresh_database_url, pool_size=1)
        with pytest.raises(UnnamedOperationError, match="/v1/bare"):
            await prepare(app, settings, engine)
        await engine.dispose()
