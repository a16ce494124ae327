"""Builds the registry application."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.accounts import routes as accounts
from app.audit import service as audit
from app.cases import routes as cases
from app.cases.posting import Intake
from app.cases.schemas import MAX_CASES
from app.core import keyfiles
from app.core.clock import utc_now
from app.core.db import (
    DATABASE_ERRORS,
    create_engine,
    create_sessions,
    is_passing,
    transaction,
)
from app.core.deps import Settings
from app.core.errors import AppError, ForbiddenError, UnavailableError
from app.core.http import (
    MAX_BODY_BYTES,
    RequestEdge,
    StrictRoute,
    install_problem_handlers,
    problem_response,
)
from app.core.jwt import AccessVerifier, SigningKey
from app.core.openapi import document
from app.core.paging import Pager
from app.core.settings import RegistrySettings
from app.handling import routes as handling
from app.identifiers.kinds import MATCH_SPEC
from app.identifiers.names import COMMONNESS_SHA256, NICKNAMES_SHA256
from app.overlaps import routes as overlaps
from app.overlaps.schemas import EvaluatorKeys, OprfKeysRead
from app.overlaps.scoring import Prior
from app.overlaps.sealing import create_sealer
from app.overlaps.service import Matcher

DESCRIPTION: Final = (
    "Joinder tells prosecutors' offices that another office is after the same target, without "
    "showing anyone who that target is, and lets them settle who handles it. Identifiers are "
    "blinded in the office; the registry receives tokens and answers with possible matches, as "
    "far as the other office lets them be seen."
)


def create_app(settings: RegistrySettings) -> FastAPI:
    """Return the registry's ASGI application; start-up reads keys and reaches the database."""
    app = create_bare_app()
    app.state.settings = settings

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = create_engine(
            settings.database_url.get_secret_value(), pool_size=settings.pool_size
        )
        try:
            await prepare(app, settings, engine)
            yield
        finally:
            await engine.dispose()

    app.router.lifespan_context = lifespan
    return app


def create_bare_app() -> FastAPI:
    """Return the application with its routes and handlers and nothing behind them."""
    app = FastAPI(
        title="Joinder registry",
        version=version("joinder"),
        summary="Deconfliction and joint handling for prosecutors",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        max_body_size=MAX_BODY_BYTES,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.router.route_class = StrictRoute
    for router in (accounts.router, overlaps.router, cases.router, handling.router):
        app.include_router(router)
    app.add_api_route("/v1/meta", read_meta, tags=["service"])
    app.add_api_route("/healthz", read_health, tags=["service"])
    app.add_api_route("/readyz", read_readiness, tags=["service"])
    app.add_middleware(RequestEdge)
    install_problem_handlers(app)
    for error in DATABASE_ERRORS:
        app.add_exception_handler(error, _database_error)
    app.add_exception_handler(ForbiddenError, _refused)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


async def prepare(app: FastAPI, settings: RegistrySettings, engine: AsyncEngine) -> None:
    """Give `app` its keys, sessions and matcher.

    Raises:
        KeyFileError: a key file is absent, malformed or readable by others.
    """
    private = keyfiles.KeyFiles(settings.keys / "registry")
    public = settings.keys / "public"
    oprf = json.loads((public / "oprf.json").read_text())
    key = SigningKey(private.text("access-signing.pem"))
    app.state.sessions = sessions = create_sessions(engine)
    app.state.signing_key = key
    app.state.access_verifier = AccessVerifier(
        {"keys": [key.public_jwk]}, issuer=settings.issuer, audience=settings.issuer
    )
    app_secret = private.secret("app-secret")
    app.state.pager = Pager(app_secret)
    app.state.oprf_keys = _oprf_keys(settings, oprf)
    rotation = bytes.fromhex((public / "rotation.pub").read_text())
    epoch = int(oprf["epoch"])
    sealer = await create_sealer(sessions, rotation, epoch=epoch, now=utc_now())
    matcher = Matcher(
        token_key=private.secret(f"token-key-{epoch}"),
        epoch=epoch,
        sealer=sealer,
        prior=Prior(settings.opposite_subjects, settings.expected_matches),
    )
    app.state.intake = Intake(matcher, app_secret)


def _oprf_keys(settings: RegistrySettings, oprf: dict[str, Any]) -> OprfKeysRead:
    evaluator = EvaluatorKeys(
        id="evaluator-1", url=settings.evaluator_url.rstrip("/"), classes=oprf["classes"]
    )
    return OprfKeysRead(
        match_spec=MATCH_SPEC,
        nicknames_sha256=NICKNAMES_SHA256,
        commonness_sha256=COMMONNESS_SHA256,
        epoch=oprf["epoch"],
        evaluators=(evaluator,),
    )


async def read_meta(settings: Settings) -> dict[str, Any]:
    """Tell the version, the limits and the resources that access tokens are issued for."""
    return {
        "version": version("joinder"),
        "match_spec": MATCH_SPEC,
        "issuer": settings.issuer,
        "resources": [settings.issuer, settings.evaluator_audience],
        "limits": {
            "body_bytes": MAX_BODY_BYTES,
            "bulk_body_bytes": cases.MAX_BULK_BYTES,
            "bulk_cases": MAX_CASES,
        },
    }


async def read_health() -> dict[str, str]:
    """Answer while the process lives; touches nothing else."""
    return {"status": "ok"}


async def read_readiness(request: Request) -> dict[str, str]:
    """Answer while the database does."""
    async with transaction(request.app.state.sessions) as session:
        await session.execute(text("SELECT 1"))
    return {"status": "ready"}


async def _database_error(request: Request, error: Exception) -> Response:
    structlog.get_logger().error("database", error=type(error).__name__)
    problem: AppError = UnavailableError() if is_passing(error) else AppError()
    return problem_response(request, problem)


async def _refused(request: Request, error: Exception) -> Response:
    """Record a refused attempt in a transaction of its own, because the refused one rolled back."""
    assert isinstance(error, ForbiddenError)  # noqa: S101 -- registered for this class only
    principal = getattr(request.state, "principal", None)
    if principal is not None:
        async with transaction(request.app.state.sessions) as session:
            route = request.scope["route"].path
            await audit.record(
                session, principal, "access.refused", route, detail={"code": error.code}
            )
    return problem_response(request, error)
