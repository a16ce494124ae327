"""The OpenAPI documents as committed, and every answer of a test held to them.

Making them takes seconds; tests/architecture/test_openapi.py makes them once and compares.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx

from app.core.openapi import HEADERS

_DOCUMENTS: Final = Path(__file__).parents[1] / "openapi"


@cache
def document(name: str = "registry") -> dict[str, Any]:
    """Return the document of an application."""
    made: dict[str, Any] = json.loads((_DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
    return made


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    paths = document()["paths"]
    # a fixed part beats a parameter, as in the routes
    ordered = sorted(paths, key=lambda path: [part[:1] == "{" for part in path.split("/")])
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), paths[path]) for path in ordered]


async def check_headers(response: httpx.Response) -> None:
    """Fail if an answer brings one of `HEADERS` that the document does not give its status."""
    sent = {name for name in HEADERS if name in response.headers}
    asked = response.request.url.path
    methods = next((each for path, each in _paths() if sent and path.fullmatch(asked)), {})
    operation = methods.get(response.request.method.lower())
    if operation is not None:
        answer = operation["responses"].get(str(response.status_code), {})
        assert sent <= answer.get("headers", {}).keys(), (operation["operationId"], sent)
