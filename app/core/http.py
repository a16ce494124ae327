import json
import time
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import errors
from app.core.errors import AppError, FieldProblem

MAX_BODY_BYTES: Final = 256 * 1024
"""Largest body of an operation that does not say otherwise."""

_MAX_REQUEST_ID: Final = 64
_BY_STATUS: Final[dict[int, type[AppError]]] = {
    400: errors.MalformedError,
    404: errors.NotFoundError,
    405: errors.MethodNotAllowedError,
    413: errors.TooLargeError,
    415: errors.MediaTypeError,
}
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000"),
)


class UnknownParameterError(errors.MalformedError):
    """A query parameter that the operation does not have; ignoring it would hide a mistake."""

    code = "unknown-parameter"
    title = "Unknown query parameter"
    default_detail = "Remove it; /openapi.json lists the parameters of each operation."


class StrictRoute(APIRoute):
    """A route that reads only strict JSON and only the query parameters it declares."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind the two checks."""
        handle = super().get_route_handler()
        known = _query_names(self.dependant)

        async def strict(request: Request) -> Response:
            if not request.query_params.keys() <= known:
                raise UnknownParameterError
            if request.headers.get("content-type", "").startswith("application/json"):
                request = _StrictRequest(request.scope, request.receive)
                await request.json()
            return await handle(request)

        return strict


def _query_names(dependant: Dependant) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    return names.union(*map(_query_names, dependant.dependencies))


class _StrictRequest(Request):
    async def json(self) -> Any:
        """Return the body as strict JSON, parsed once."""
        if not hasattr(self, "_strict"):
            self._strict = parse_json(await self.body())
        return self._strict


def parse_json(body: bytes) -> Any:
    """Return the value of strict JSON (RFC 8259, I-JSON names and strings of RFC 7493).

    Raises:
        MalformedError: not UTF-8, NaN or Infinity, a name twice in one object, a lone surrogate,
            a NUL character, a number too long or nesting too deep.
    """
    if b"\\u0000" in body:
        raise errors.MalformedError("Remove the NUL characters.")
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
        )
        if b"\\ud" in body.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise errors.MalformedError from None
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate name")
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


class RequestEdge:
    """Pure ASGI middleware: request id, security headers, one access line per request."""

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
                message["headers"] = [
                    *message["headers"],
                    *_HEADERS,
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            route = scope.get("route")
            structlog.get_logger().info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=getattr(route, "path", None),
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                office=scope["state"].get("office"),
            )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text: str = value.decode("latin-1")
            if (
                0 < len(text) <= _MAX_REQUEST_ID
                and text.replace("-", "").isalnum()
                and text.isascii()
            ):
                return text
    return uuid4().hex


def problem_response(request: Request, error: AppError) -> Response:
    """Render `error` as RFC 9457 `application/problem+json`; it never quotes the request."""
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


def install_problem_handlers(app: FastAPI) -> None:
    """Make every refusal of `app`, and every failure, a problem document."""

    async def app_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, AppError)  # noqa: S101 -- registered for this class only
        return problem_response(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 -- as above
        return problem_response(
            request, errors.InvalidError(problems=field_problems(error.errors()))
        )

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 -- as above
        known = _BY_STATUS.get(error.status_code)
        problem = known() if known else errors.AppError(HTTPStatus(error.status_code).phrase)
        return problem_response(request, problem)

    async def unexpected(request: Request, error: Exception) -> Response:
        structlog.get_logger().error("unexpected", error=type(error).__name__)
        return problem_response(request, errors.AppError())

    app.add_exception_handler(AppError, app_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)


_ADVICE: Final = {
    "missing": "Add this field.",
    "extra_forbidden": "Remove this field; the registry does not take it.",
    "string_pattern_mismatch": "The text does not have the form that the schema gives.",
    "enum": "Use one of the values that the schema lists.",
    "literal_error": "Use one of the values that the schema lists.",
}
_MAX_PROBLEMS: Final = 20


def field_problems(found: Any) -> tuple[FieldProblem, ...]:
    """Return pydantic's findings as pointers, codes and advice, without the input; 20 at most."""
    return tuple(
        FieldProblem(
            pointer=_pointer(item["loc"]),
            code=str(item["type"]).replace("_", "-"),
            detail=_advice(item),
        )
        for item in found[:_MAX_PROBLEMS]
    )


def _advice(item: Any) -> str:
    if item["type"] == "value_error":  # raised by our own validators, whose texts hold no value
        return str(item["ctx"]["error"])
    return _ADVICE.get(
        item["type"], "The value does not have the type or range that the schema gives."
    )


def _pointer(loc: tuple[Any, ...]) -> str:
    return "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in loc)
