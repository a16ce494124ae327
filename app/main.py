"""Builds the registry application."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.access.permissions import Permission
from app.alarms import service as alarms
from app.audit import service as audit
from app.cases.registering import Intake
from app.core import keyfiles
from app.core.clock import utc_now
from app.core.db import (
    DATABASE_ERRORS,
    SCHEMA,
    create_engine,
    create_sessions,
    is_passing,
    schema_revision,
    transaction,
    unguarded_tables,
)
from app.core.deps import Now, Settings, request_time
from app.core.errors import AppError, ForbiddenError, UnavailableError
from app.core.http import (
    RequestEdge,
    StrictRoute,
    install_problems,
    log_error,
    problem_response,
)
from app.core.jwt import AccessVerifier, SigningKey
from app.core.meta import DESCRIPTION, TAGS, MetaRead, ReadinessRead, StatusRead
from app.core.openapi import (
    PUBLIC,
    UnnamedOperationError,
    add_document,
    check_operations,
    document,
    operation,
)
from app.core.paging import Pager
from app.core.settings import RegistrySettings
from app.identifiers.kinds import MATCH_SPEC
from app.notices.hints import Hub
from app.notifications.queries import is_numbered_on
from app.overlaps.keyring import create_keyring
from app.people.gate import create_gate
from app.postgres.durability import check_durable
from app.quotas.errors import QuotaExceededError
from app.rematching import backlog
from app.surface import CALLERS, EXAMPLES, LIMITS, PACKAGES, REFUSALS
from app.web.pages import problem_page

if TYPE_CHECKING:
    import asyncpg


class UnsafeDatabaseError(RuntimeError):
    """The database must not be trusted with data; the text gives the reasons."""


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
            with _reported():
                await require_safe_database(engine)
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
        openapi_tags=TAGS,
        openapi_url=None,  # ours is an operation like the others
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.router.route_class = StrictRoute
    app.state.admissions = CALLERS
    app.state.clock = utc_now
    app.state.problem_page = problem_page
    for package in PACKAGES:
        app.router.routes.extend(package.router.routes)  # including copies what each depends on
    service = ("/v1/meta", read_meta, ()), ("/healthz", read_health, ())
    for path, read, raises in (*service, ("/readyz", read_readiness, (UnavailableError,))):
        extra = operation(*raises, scope=PUBLIC)
        app.add_api_route(path, read, tags=["service"], openapi_extra=extra)
    app.add_middleware(RequestEdge)
    install_problems(app)
    add_document(app)
    for error in DATABASE_ERRORS:
        app.add_exception_handler(error, _database_error)
    for refusal in (ForbiddenError, QuotaExceededError):
        app.add_exception_handler(refusal, _refused)
    app.openapi = lambda: document(app, EXAMPLES, *REFUSALS)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


async def require_safe_database(engine: AsyncEngine) -> None:
    """Refuse a database that loses data, lacks its wall, or has to be migrated first.

    Raises:
        UnsafeDatabaseError: with every reason.
    """
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        reasons = await check_durable(
            cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)
        )
        if (await schema_revision(connection) or "") < SCHEMA:
            reasons.append("The schema is older than this release: run `joinder migrate`.")
        elif unguarded := await unguarded_tables(connection):
            reasons.append(f"Row security is not forced on {', '.join(unguarded)}.")
        elif not await is_numbered_on(connection):
            reasons.append("It was restored from another server: run `joinder migrate`.")
    if reasons:
        raise UnsafeDatabaseError(" ".join(reasons))


@contextmanager
def _reported() -> Iterator[None]:
    """Say in the log why the start failed: the server reports only that it did."""
    try:
        yield
    except (UnsafeDatabaseError, UnnamedOperationError, keyfiles.KeyFileError) as error:
        structlog.get_logger().error("not_started", reason=str(error))
        raise
    except Exception as error:
        structlog.get_logger().error("not_started", error=type(error).__name__)
        raise


async def prepare(app: FastAPI, settings: RegistrySettings, engine: AsyncEngine) -> None:
    """Give `app` its keys, sessions and matcher.

    Raises:
        KeyFileError: a key file is absent, malformed or readable by others.
        UnnamedOperationError: an operation does not say who may call it.
    """
    check_operations(app, tuple(Permission), CALLERS)
    private = keyfiles.KeyFiles(settings.keys / "registry")
    key = SigningKey(private.text("access-signing.pem"))
    app.state.sessions = sessions = create_sessions(engine)
    app.state.signing_key = key
    app.state.access_verifier = AccessVerifier(
        {"keys": [key.public_jwk]}, issuer=settings.issuer, audience=settings.issuer
    )
    app_secret = private.secret("app-secret")
    app.state.pager = Pager(app_secret)
    keyring = await create_keyring(settings, sessions)
    app.state.keyring = keyring
    app.state.intake = Intake(keyring, app_secret)
    await backlog.finish_backlog(sessions, keyring)  # of a process that was killed
    app.state.gate = create_gate(settings, sessions, private)
    app.state.hub = Hub(sessions)


async def read_meta(settings: Settings) -> MetaRead:
    """Tell the version, the limits and the resources that access tokens are issued for."""
    return MetaRead(
        version=version("joinder"),
        match_spec=MATCH_SPEC,
        issuer=settings.issuer,
        resources=[settings.issuer],
        limits=LIMITS,
    )


async def read_health() -> StatusRead:
    """Answer while the process lives; touches nothing else."""
    return StatusRead(status="ok")


async def read_readiness(request: Request, now: Now) -> ReadinessRead:
    """Answer while the database does, and tell whether the nightly run is late."""
    async with transaction(request.app.state.sessions) as session:
        late = text("SELECT night_late_since(:now) IS NOT NULL")
        is_late = await session.scalar(late, {"now": now})
    return ReadinessRead(status="ready", nights="late" if is_late else "on_time")


async def _database_error(request: Request, error: Exception) -> Response:
    log_error("database", request, error)
    problem: AppError = UnavailableError() if is_passing(error) else AppError()
    return problem_response(request, problem)


async def _refused(request: Request, error: Exception) -> Response:
    """Record a refused attempt in a transaction of its own, because the refused one rolled back."""
    assert isinstance(error, AppError)  # noqa: S101 -- registered for such only
    principal = getattr(request.state, "principal", None)
    if principal is not None:
        async with transaction(request.app.state.sessions, principal) as session:
            route = request.scope["route"].path
            await audit.record(
                session, principal, "access.refused", route, detail={"code": error.code}
            )
            if isinstance(error, QuotaExceededError):
                now = await request_time(request)
                await alarms.raise_used_up(session, principal, error.key_class, now=now)
    return problem_response(request, error)
