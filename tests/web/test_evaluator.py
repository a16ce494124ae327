"""The evaluator answers pages of its own registry, and of no other site."""

from pathlib import Path

import httpx
import pytest

from app.core.settings import EvaluatorSettings
from app.evaluator.main import create_app
from tests.factories import ISSUER


@pytest.mark.parametrize(
    ("origin", "allowed"), [(ISSUER, ISSUER), ("https://elsewhere.example", None)]
)
async def test_a_browser_may_send_batches_from_pages_of_the_registry_only(
    keys_directory: Path, origin: str, allowed: str | None
) -> None:
    app = create_app(EvaluatorSettings(keys=keys_directory, public_url=ISSUER))
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://evaluator.test") as http:
        answer = await http.options("/v1/tokens/evaluate", headers=asked)
        sent = await http.post("/v1/tokens/evaluate", json={}, headers={"Origin": origin})
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert sent.headers.get("access-control-allow-origin") == allowed
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
