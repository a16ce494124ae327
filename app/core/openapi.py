"""The OpenAPI document: FastAPI's, with every refusal as a problem document."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A refusal (RFC 9457). It never quotes the request.",
    "required": ["type", "title", "status", "detail", "code", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do next."},
        "code": {"type": "string", "description": "Stable, kebab-case."},
        "trace_id": {"type": "string", "description": "The X-Request-Id of the answer."},
        "errors": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "example": {
        "type": "/problems/overlap-not-found",
        "title": "Overlap not found",
        "status": 404,
        "detail": "Check the id; overlaps that you may not know of answer the same.",
        "code": "overlap-not-found",
        "trace_id": "7f0c1d2e3b4a59687786a5b4c3d2e1f0",
    },
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once; operation ids are the names of the route functions."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
        )
        made["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
        made["servers"] = [{"url": "/"}]
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Problem"] = PROBLEM
        for path in made["paths"].values():
            for operation in path.values():
                _settle(operation)
        app.openapi_schema = made
    return app.openapi_schema


def _settle(operation: dict[str, Any]) -> None:
    """Use plain operation ids and describe the refusals that any operation can give."""
    operation["operationId"] = operation["operationId"].partition("_v1_")[0].partition("z_")[0]
    responses = operation["responses"]
    responses.pop("422", None)
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses["4XX"] = {"description": "Refused, with what to do next.", "content": problem}
    responses["5XX"] = {
        "description": "Failed or unavailable; repeating is safe.",
        "content": problem,
    }
