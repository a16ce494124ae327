"""Holds every answer that a test gets to the OpenAPI document: no header that it does not name."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from app.core.openapi import HEADERS

_DOCUMENT = Path(__file__).parents[1] / "openapi/registry.json"


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    paths = json.loads(_DOCUMENT.read_text())["paths"]
    # a fixed part beats a parameter, as in the routes
    ordered = sorted(paths, key=lambda path: [part[:1] == "{" for part in path.split("/")])
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), paths[path]) for path in ordered]


async def check_headers(response: httpx.Response) -> None:
    """Fail if an answer brings one of `HEADERS` that the document does not give its status."""
    sent = {name for name in HEADERS if name in response.headers}
    methods = [each for path, each in _paths() if path.fullmatch(response.request.url.path)]
    operation = methods[0].get(response.request.method.lower()) if methods else None
    if sent and operation is not None:
        answer = operation["responses"].get(str(response.status_code), {})
        assert sent <= answer.get("headers", {}).keys(), (operation["operationId"], sent)
