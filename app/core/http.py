import json
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from traceback import walk_tb
from typing import Annotated, Any, Final
from uuid import uuid4

import structlog
from fastapi import FastAPI, Path, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import errors
from app.core.errors import AppError
from app.core.openapi import MAX_BODY, PUBLIC, dependencies, operation
from app.core.problems import ProblemPage, explain, field_problems
from app.core.strict_json import parse_json, refuse_nul

MAX_BODY_BYTES: Final = 256 * 1024
"""Largest body of an operation that does not say otherwise."""

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

_REQUEST_ID: Final = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
"""A UUID or 32 hexadecimal digits: a freer form could hold an identifier."""
_METHODS: Final = frozenset({"GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_BY_STATUS: Final[dict[int, type[AppError]]] = {
    400: errors.MalformedError,
    404: errors.NotFoundError,
    405: errors.MethodNotAllowedError,
    413: errors.TooLargeError,
}
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000"),
)


Admissions = Mapping[Callable[..., Any], Callable[[Request], Awaitable[None]]]
"""Of a dependency that knows who calls: what refuses a stranger by the head of a request."""


class StrictRoute(APIRoute):
    """A route that reads only strict JSON and only the query parameters it declares.

    `app.state.admissions` go first: of a stranger's request neither query nor body is looked at.
    `request.state.confirm`, if they leave it, goes before a refusal: who is known no longer is told
    that, and nothing of what it sent.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Make a route; its operation id in the OpenAPI document is the name of its function."""
        super().__init__(path, endpoint, **options | {"operation_id": endpoint.__name__})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind the checks."""
        handle = super().get_route_handler()
        needed = frozenset(dependencies(self.dependant))
        known = _query_names(self.dependant)
        media_type = None
        if self.body_field is not None:
            media_type = FORM if isinstance(self.body_field.field_info, Form) else JSON
        limit = int((self.openapi_extra or {}).get(MAX_BODY, MAX_BODY_BYTES))

        async def strict(request: Request) -> Response:
            admissions: Admissions = request.app.state.admissions
            for caller, admit in admissions.items():
                if caller in needed:
                    await admit(request)
            given = request.query_params.multi_items()
            names = {name for name, _ in given}
            try:
                if not names <= known or len(names) != len(given):
                    raise errors.UnknownParameterError
                refuse_nul([request.scope["path"], *(value for _, value in given)])
                if media_type is not None:
                    request = _StrictRequest(request.scope, request.receive)
                    await request.read(media_type, limit)
            except AppError:
                if confirm := getattr(request.state, "confirm", None):
                    await confirm(request)
                raise
            return await handle(request)

        return strict


def _query_names(dependant: Dependant) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    return names.union(*map(_query_names, dependant.dependencies))


class _StrictRequest(Request):
    async def read(self, media_type: str, limit: int) -> None:
        """Read the body, no further than `limit` bytes, and refuse another kind of one."""
        sent = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent != media_type:
            raise errors.MediaTypeError(f"Send {media_type}.")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise errors.MediaTypeError("Send the body without a Content-Encoding.")
        self._body = await self._bounded(limit)
        if media_type == JSON:
            await self.json()
        else:
            form = await self.form()
            if len(form.multi_items()) != len(form):  # RFC 6749 section 3.2
                raise errors.MalformedError("Send each parameter once.")
            refuse_nul(value for _, value in form.multi_items() if isinstance(value, str))

    async def _bounded(self, limit: int) -> bytes:
        declared = self.headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared[:20]) > limit:
            raise errors.TooLargeError
        body = bytearray()
        try:
            async for chunk in self.stream():
                body += chunk
                if len(body) > limit:
                    raise errors.TooLargeError
        except ClientDisconnect:
            raise errors.MalformedError from None  # nobody hears it; the access line has it
        return bytes(body)

    async def json(self) -> Any:
        """Return the body as strict JSON, parsed once."""
        if not hasattr(self, "_strict"):
            self._strict = parse_json(await self.body())
        return self._strict


class PdfResponse(Response):
    """A paper."""

    media_type = "application/pdf"


class RequestEdge:
    """Pure ASGI middleware, the outermost of ours: request id, headers, one line per request.

    A failure that nothing else handled becomes a bare 500 here, so that it has the same headers
    and its text, which may quote the request, reaches neither the caller nor the log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its id, and log its outcome without its content."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in _HEADERS if header[0] not in own),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # the edge of the application
            log_error("unexpected", Request(scope), error)
            if status:
                raise  # the answer has begun; the server can only cut it off
            response = problem_response(Request(scope), AppError())
            await response(scope, receive, send_with_headers)
        finally:
            route = scope.get("route")
            structlog.get_logger().info(
                "request",
                request_id=request_id,
                method=scope["method"] if scope["method"] in _METHODS else "other",
                route=getattr(route, "path", None),
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                office=scope["state"].get("office"),
            )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text: str = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(text):
                return text
    return uuid4().hex


def log_error(event: str, request: Request, error: Exception) -> None:
    """Log the type of a failure and where it arose; never its text, which may quote the input."""
    frames = [
        (frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__)
    ]
    ours = [f"{module}:{line}" for module, line in frames if module.startswith("app.")]
    structlog.get_logger().error(
        event,
        error=type(error).__name__,
        place=ours[-1] if ours else None,
        request_id=request.scope["state"]["request_id"],
    )


def problem_response(request: Request, error: AppError) -> Response:
    """Render `error` as RFC 9457 `application/problem+json`; it never quotes the request.

    Where the application's `problem_page` has a page for whoever asks, it is that instead.
    """
    page: Response | None = getattr(request.app.state, "problem_page", _no_page)(request, error)
    if page is not None:
        return page
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "trace_id": request.scope.get("state", {}).get("request_id", ""),
        **error.extensions,
    }
    if error.problems:
        body["errors"] = [vars(problem) for problem in error.problems]
    return Response(
        json.dumps(body, separators=(",", ":")),
        status_code=error.status,
        headers=error.headers,
        media_type="application/problem+json",
    )


def _no_page(_request: Request, _error: AppError) -> None:
    return None


def install_problems(app: FastAPI) -> None:
    """Make every refusal of `app` a problem document, and give each kind of problem its page."""

    async def app_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, AppError)  # noqa: S101 -- registered for this class only
        return problem_response(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 -- as above
        found = field_problems(error.errors(), error.body)
        return problem_response(request, errors.InvalidError(problems=found))

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 -- as above
        problem = _BY_STATUS.get(error.status_code, AppError)()
        if isinstance(problem, errors.MethodNotAllowedError):
            here = request.scope["route"].path
            others = [each for each in app.routes if isinstance(each, APIRoute)]
            offered = {name for each in others if each.path == here for name in each.methods or ()}
            problem.headers["Allow"] = ", ".join(sorted(offered))
        return problem_response(request, problem)

    app.add_exception_handler(AppError, app_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_api_route(
        "/problems/{code}",
        read_problem,
        tags=["service"],
        openapi_extra=operation(errors.NotFoundError, scope=PUBLIC),
    )


async def read_problem(
    code: Annotated[
        str,
        Path(
            max_length=64,
            description="The `code` of a problem.",
            examples=["overlap-not-found"],
        ),
    ],
) -> ProblemPage:
    """Tell what a problem means and what to do; the `type` of each problem leads here."""
    return explain(code)
