"""Builds the evaluator: it holds the OPRF seed, and neither a database nor a token."""

import json
from importlib.metadata import version
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.core.clock import utc_now
from app.core.errors import EpochChangedError, UnauthenticatedError
from app.core.http import RequestEdge, StatusRead, StrictRoute, install_problems
from app.core.jwt import AccessVerifier, JwtError
from app.core.keyfiles import KeyFiles
from app.core.openapi import SERVICE_EXAMPLES, document, function_name, operation
from app.core.settings import EvaluatorSettings, evaluator_audience
from app.evaluator import service
from app.evaluator.errors import (
    BadElementError,
    BatchTooLargeError,
    EvaluationScopeError,
    EvaluatorBusyError,
)
from app.evaluator.examples import EXAMPLES
from app.evaluator.schemas import Evaluate, Evaluated
from app.evaluator.turns import Turns
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import key_for

SCOPE: Final = "tokens:evaluate"
_BEARER = HTTPBearer(scheme_name="machineClient", auto_error=False)
router = APIRouter(prefix="/v1", tags=["tokens"], route_class=StrictRoute)


async def admit(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> str:
    """Return the client id of a caller with an access token for this resource.

    Raises:
        UnauthenticatedError: no token, or not one that the registry issued for the evaluator.
        EvaluationScopeError: the token does not allow evaluation.
    """
    verifier: AccessVerifier = request.app.state.access_verifier
    if credentials is None:
        raise UnauthenticatedError
    try:
        claims = verifier.verify(credentials.credentials, now=int(utc_now().timestamp()))
    except JwtError:
        raise UnauthenticatedError from None
    if SCOPE not in claims.scopes:
        raise EvaluationScopeError
    request.state.office = claims.client_id
    return claims.client_id


@router.post(
    "/tokens/evaluate",
    openapi_extra=operation(
        EpochChangedError, BatchTooLargeError, BadElementError, EvaluatorBusyError, scope=SCOPE
    ),
)
async def evaluate_tokens(
    body: Evaluate, request: Request, _client: Annotated[str, Depends(admit)]
) -> Evaluated:
    """Evaluate up to 1000 blinded elements; each class comes with a proof to verify."""
    state = request.app.state
    turns: Turns = state.turns
    return await turns.run(lambda: service.evaluate(state.keys, state.epoch, body))


async def read_health() -> StatusRead:
    """Answer while the process lives."""
    return StatusRead(status="ok")


async def read_readiness() -> StatusRead:
    """Answer as soon as the keys are there: without them the process does not start."""
    return StatusRead(status="ready")


def create_bare_app() -> FastAPI:
    """Return the application with its routes and no key."""
    app = FastAPI(
        title="Joinder evaluator",
        version=version("joinder"),
        summary="Evaluates blinded elements (RFC 9497 VOPRF, ristretto255-SHA512)",
        description="The evaluator never sees an identifier, a token or a case.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        generate_unique_id_function=function_name,
    )
    app.router.route_class = StrictRoute
    app.include_router(router)
    app.add_api_route("/healthz", read_health, tags=["service"])
    app.add_api_route("/readyz", read_readiness, tags=["service"])
    app.add_middleware(RequestEdge)
    install_problems(app)
    examples = {**SERVICE_EXAMPLES, **EXAMPLES}
    app.openapi = lambda: document(app, examples, (EvaluationScopeError,))  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def create_app(settings: EvaluatorSettings) -> FastAPI:
    """Return the evaluator's ASGI application with the keys of its epoch.

    Raises:
        KeyFileError: the seed file is absent, malformed or readable by others.
    """
    app = create_bare_app()
    seed = KeyFiles(settings.keys / "evaluator").secret(f"seed-{settings.epoch}")
    jwks = json.loads((settings.keys / "public" / "access-jwks.json").read_text())
    app.state.keys = {name: key_for(seed, name, settings.epoch) for name in KEY_CLASSES}
    app.state.epoch = settings.epoch
    app.state.turns = Turns()
    app.state.access_verifier = AccessVerifier(
        jwks, issuer=settings.issuer, audience=evaluator_audience(settings.issuer)
    )
    return app
