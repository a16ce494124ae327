"""The OpenAPI document: FastAPI's, with refusals, scopes and examples of every operation."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse

from app.core import errors
from app.core.errors import AppError
from app.core.problems import all_errors

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A refusal (RFC 9457). It never quotes the request.",
    "required": ["type", "title", "status", "detail", "code", "trace_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Where the service explains this code.",
        },
        "title": {"type": "string", "description": "The same for every problem with this code."},
        "status": {"type": "integer", "description": "The HTTP status of the answer."},
        "detail": {"type": "string", "description": "What to do next."},
        "code": {"type": "string", "description": "Stable, kebab-case."},
        "trace_id": {"type": "string", "description": "The X-Request-Id of the answer."},
        "status_now": {
            "type": "string",
            "description": "Of a step that does not lead on: where the thing is by now.",
        },
        "error": {"type": "string", "description": "Of a token request (RFC 6749 section 5.2)."},
        "errors": {
            "type": "array",
            "description": "Where the request is wrong, the first 20 places.",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, within the body."},
                    "code": {"type": "string", "description": "What is wrong, kebab-case."},
                    "detail": {"type": "string", "description": "What to change there."},
                },
            },
        },
    },
}
SERVICE_EXAMPLES: Final[dict[str, Any]] = {
    "StatusRead": {"status": "ok"},
    "ReadinessRead": {"status": "ready", "nights": "on_time"},
    "ProblemPage": {
        "type": "/problems/overlap-not-found",
        "code": "overlap-not-found",
        "title": "Overlap not found",
        "status": 404,
        "meaning": "No such overlap, or none that the caller may know of.",
        "what_to_do": "Check the id; overlaps that you may not know of answer the same.",
    },
}
_TRACE_ID: Final = "7f0c1d2e3b4a59687786a5b4c3d2e1f0"
MAX_BODY: Final = "x-max-body-bytes"
_SCOPE: Final = "x-scope"
_RAISES: Final = "x-raises"
_SENDS: Final = "x-sends"
_ALWAYS: Final = (errors.MalformedError, errors.UnknownParameterError, AppError)
_WITH_BODY: Final = (errors.TooLargeError, errors.MediaTypeError)


HEADERS: Final = {
    "ETag": "The version that the answer shows; a change sends it back as If-Match.",
    "Idempotent-Replayed": "`true`: the first answer to this Idempotency-Key, given once more.",
    "Link": 'The next page, `rel="next"` (RFC 8288); the last page has none.',
    "Location": "Where to read what was made.",
    "Retry-After": "Seconds to wait before the same request is sent again.",
    "WWW-Authenticate": "How to make oneself known (RFC 9110 section 11.6.1).",
}
"""What answers bring beside the headers that all have."""

PUBLIC: Final = "public"
"""The scope of an operation that anyone may call, without a token."""

KNOWN: Final = "known"
"""The scope of an operation that every known caller may call, whatever it is allowed else."""


class UnnamedOperationError(RuntimeError):
    """An operation does not say who may call it; the application does not start."""


def operation(
    *raises: type[AppError],
    scope: str,
    max_body_bytes: int | None = None,
    sends: Sequence[str] = (),
) -> dict[str, Any]:
    """Return `openapi_extra` of a route: its own errors, scope, largest body and `HEADERS`.

    What follows from the route itself is added: the 401 of one that needs a token, the Link of a
    page, the mark of an answer that is given once more.
    `http.StrictRoute` enforces the size. The scope is a permission of the policy table, `PUBLIC`
    or `KNOWN`; `check_operations` refuses others, and the service checks that the caller has it.
    """
    extra = {_RAISES: [error.code for error in raises], _SCOPE: scope, _SENDS: list(sends)}
    return extra if max_body_bytes is None else {**extra, MAX_BODY: max_body_bytes}


def check_operations(
    app: FastAPI, permissions: Collection[str], callers: Collection[Callable[..., Any]]
) -> None:
    """Refuse an application with an operation that does not say who may call it.

    Args:
        app: The application, with all its routes.
        permissions: What a scope can be, besides `PUBLIC` and `KNOWN`.
        callers: The dependencies that know a caller; only public operations are without any.

    Raises:
        UnnamedOperationError: with the paths.
    """
    unnamed = []
    for route in app.routes:
        if isinstance(route, APIRoute):
            scope = scope_of(route)
            is_known = not set(callers).isdisjoint(dependencies(route.dependant))
            if scope not in {PUBLIC, KNOWN, *permissions} or is_known is (scope == PUBLIC):
                unnamed.append(route.path)
        else:
            unnamed.append(getattr(route, "path", type(route).__name__))
    if unnamed:
        raise UnnamedOperationError(f"These do not say who may call them: {', '.join(unnamed)}.")


def scope_of(route: APIRoute) -> str:
    """Return the permission, `PUBLIC` or `KNOWN` that an operation names; empty for none."""
    return str((route.openapi_extra or {}).get(_SCOPE, ""))


def dependencies(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    """Yield what a route depends on, at whatever depth."""
    for each in dependant.dependencies:
        yield each.call
        yield from dependencies(each)


def document(
    app: FastAPI,
    examples: Mapping[str, Any],
    guarded: Sequence[type[AppError]],
    either: Sequence[type[AppError]] = (),
    changing: Sequence[type[AppError]] = (),
) -> dict[str, Any]:
    """Return the document, made once.

    Args:
        app: The application to describe.
        examples: By name of schema; by operation id where a body is one of several schemas.
        guarded: What every operation that needs a caller can raise; 403 if it needs a scope.
        either: What one that takes either kind of caller can raise besides.
        changing: What such a one can raise too that is no GET.
    """
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        made["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        made["servers"] = [{"url": "/"}]
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Problem"] = PROBLEM
        for path in made["paths"].values():
            for method, each in path.items():
                also = (*either, *(() if method == "get" else changing))
                _settle(each, examples, guarded, also)
                _add_headers(each, schemas)
        app.openapi_schema = made
    return app.openapi_schema


def _settle(
    operation: dict[str, Any],
    examples: Mapping[str, Any],
    guarded: Sequence[type[AppError]],
    either: Sequence[type[AppError]],
) -> None:
    """Give one operation its scope, its refusals and its examples."""
    known = {error.code: error for error in all_errors()}
    raises = {known[code] for code in operation.pop(_RAISES, ())}.union(_ALWAYS)
    responses, body = operation["responses"], operation.get("requestBody")
    if responses.pop("422", None) is not None:
        raises.add(errors.InvalidError)
    if body is not None:
        raises.update(_WITH_BODY)
    scope = operation.pop(_SCOPE, KNOWN)
    operation.setdefault("security", [])
    if operation["security"]:
        scopes = [] if scope == KNOWN else [scope]
        raises.update(either if len(operation["security"]) > 1 else ())
        operation["security"] = [dict.fromkeys(each, scopes) for each in operation["security"]]
        if not any("permit" in each for each in operation["security"]):  # it has its own refusal
            raises.add(errors.UnauthenticatedError)
        raises.update(e for e in guarded if scopes or not issubclass(e, errors.ForbiddenError))
    for holder in (*responses.values(), *([body] if body else [])):
        for media_type in holder.get("content", {}).values():
            name = media_type["schema"].get("$ref", operation["operationId"]).rpartition("/")[2]
            media_type["example"] = examples[name]
    for status in sorted({error.status for error in raises}):
        ours = sorted((e for e in raises if e.status == status), key=lambda e: e.code)
        responses[str(status)] = _refusal(ours)


def _add_headers(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Say which headers the successes of an operation bring."""
    names = {each["name"].lower() for each in operation.get("parameters", ())}
    sends = {*operation.pop(_SENDS, ())}
    sends |= {"Idempotent-Replayed"} if "idempotency-key" in names else set()
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            content = response.get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            is_page = "next_cursor" in schemas.get(name, {}).get("properties", ())
            response.update(_headers(sends | {"Link"} if is_page else sends))


def _headers(names: Collection[str]) -> dict[str, Any]:
    said = {
        name: {"description": HEADERS[name], "schema": {"type": "string"}} for name in sorted(names)
    }
    return {"headers": said} if said else {}


def _refusal(raised: list[type[AppError]]) -> dict[str, Any]:
    return {
        "description": " ".join(f"{error.title}." for error in raised),
        **_headers({name for error in raised for name in error.sends}),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {error.code: {"value": _example(error)} for error in raised},
            }
        },
    }


def _example(error: type[AppError]) -> dict[str, Any]:
    return {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.default_detail,
        "code": error.code,
        "trace_id": _TRACE_ID,
    }


def add_document(app: FastAPI) -> None:
    """Serve the OpenAPI document of `app` at /openapi.json."""

    async def read_document() -> JSONResponse:
        return JSONResponse(app.openapi())

    app.add_api_route(
        "/openapi.json",
        read_document,
        response_model=None,
        include_in_schema=False,  # it describes the others
        openapi_extra=operation(scope=PUBLIC),
    )
