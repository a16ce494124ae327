"""Builds the evaluator: it holds the OPRF seed, and neither a database nor a token."""

import json
from importlib.metadata import version
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from app.core.clock import utc_now
from app.core.errors import EpochChangedError
from app.core.http import RequestEdge, StrictRoute, install_problems
from app.core.jwt import JwtError, PermitVerifier
from app.core.meta import StatusRead
from app.core.openapi import (
    KNOWN,
    SERVICE_EXAMPLES,
    add_document,
    document,
    operation,
)
from app.core.permits import Permit
from app.core.settings import EvaluatorSettings, evaluator_audience
from app.core.turns import Turns
from app.evaluator import service
from app.evaluator.errors import (
    BadElementError,
    BatchTooLargeError,
    EvaluatorBusyError,
    PermitMismatchError,
    PermitNeededError,
)
from app.evaluator.examples import EXAMPLES
from app.evaluator.keys import EpochKeys
from app.evaluator.schemas import Evaluate, Evaluated

MOST_WAITING: Final = 8
"""Requests that may wait or be worked on in one process: about two seconds of work when full."""

_BEARER = HTTPBearer(
    scheme_name="permit", description="From POST /v1/tokens/permits.", auto_error=False
)
router = APIRouter(prefix="/v1", tags=["tokens"], route_class=StrictRoute)


async def admit(request: Request) -> None:
    """Let in who brings a permit; whether it fits the body is seen later.

    Raises:
        PermitNeededError: no permit, or not one that the registry gave for the evaluator.
    """
    verifier: PermitVerifier = request.app.state.permit_verifier
    credentials = await _BEARER(request)
    if credentials is None:
        raise PermitNeededError
    try:
        permit = verifier.verify(credentials.credentials, now=int(utc_now().timestamp()))
    except JwtError:
        raise PermitNeededError from None
    request.state.permit = permit
    request.state.office = permit.office_id


async def current_permit(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Permit:
    """Return the permit that came with the request."""
    permit: Permit = request.state.permit
    return permit


@router.post(
    "/tokens/evaluate",
    openapi_extra=operation(
        EpochChangedError,
        BatchTooLargeError,
        BadElementError,
        EvaluatorBusyError,
        PermitMismatchError,
        PermitNeededError,
        scope=KNOWN,
    ),
)
async def evaluate_tokens(
    body: Evaluate, request: Request, permit: Annotated[Permit, Depends(current_permit)]
) -> Evaluated:
    """Evaluate up to 1000 blinded elements; each class comes with a proof to verify.

    The bearer token is a permit from the registry's `POST /v1/tokens/permits` for this very batch.
    Sending both again gives the same elements again.
    """
    state = request.app.state
    turns: Turns = state.turns
    return await turns.run(lambda: service.evaluate(state.keys, permit, body))


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
        openapi_tags=[
            {"name": "service", "description": "How the process fares; problems explained."},
            {"name": "tokens", "description": "Evaluating blinded elements, with a proof."},
        ],
        openapi_url=None,  # ours is an operation like the others
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.router.route_class = StrictRoute
    app.state.admissions = {current_permit: admit}
    app.router.routes.extend(router.routes)
    app.add_api_route("/healthz", read_health, tags=["service"])
    app.add_api_route("/readyz", read_readiness, tags=["service"])
    app.add_middleware(RequestEdge)
    install_problems(app)
    add_document(app)
    examples = {**SERVICE_EXAMPLES, **EXAMPLES}
    app.openapi = lambda: document(app, examples, ())  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def create_app(settings: EvaluatorSettings) -> FastAPI:
    """Return the evaluator's ASGI application with the keys of every epoch that has a seed.

    Raises:
        KeyFileError: the seed file is absent, malformed or readable by others.
    """
    app = create_bare_app()
    jwks = json.loads((settings.keys / "public" / "access-jwks.json").read_text())
    # pages of the registry send blinded elements from the browser; inside the edge, which logs it
    pages = Middleware(
        CORSMiddleware,
        allow_origins=[settings.issuer],
        allow_methods=["POST"],
        allow_headers=["Authorization", "Content-Type"],
    )
    app.user_middleware.append(pages)
    app.state.keys = EpochKeys(settings.keys / "evaluator")
    # more threads gain nothing, more processes do
    app.state.turns = Turns(1, MOST_WAITING, "evaluation", EvaluatorBusyError)
    app.state.permit_verifier = PermitVerifier(
        jwks, issuer=settings.issuer, audience=evaluator_audience(settings.issuer)
    )
    return app
