"""Every operation with a body, and how to call it well, for tests that call it badly."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import httpx
from fastapi import FastAPI

from app.accounts.examples import EXAMPLES as ACCOUNTS
from app.core.clock import utc_now
from app.core.permits import Permit
from app.core.settings import EvaluatorSettings, evaluator_audience
from app.evaluator.examples import EXAMPLES as EVALUATOR
from app.evaluator.main import create_app as create_evaluator
from app.followups.examples import EXAMPLES as FOLLOWUPS
from app.identifiers.batches import batch_digest
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.quotas.examples import EXAMPLES as QUOTAS
from app.second_looks.examples import EXAMPLES as SECOND_LOOKS
from app.sharing.examples import EXAMPLES as SHARING
from tests.blinding import case
from tests.factories import ISSUER, OfficeClient, Registry

ABSENT: Final = "0" * 32


@dataclass(frozen=True)
class Operation:
    """An operation that reads a body."""

    name: str
    http: httpx.AsyncClient
    method: str
    path: str
    good: Mapping[str, Any]
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(
        self,
        content: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send `content` (bytes, or an async iterator of them), by default the good body."""
        sent = {"content-type": self.media_type, **self.headers, **(headers or {})}
        if content is None:
            content = self.body()
        return await self.http.request(
            self.method, self.path, content=content, headers=sent, params=params
        )

    def body(self) -> bytes:
        """Return the good body."""
        if self.media_type == "application/json":
            return json.dumps(self.good).encode()
        return urlencode(self.good).encode()


@dataclass(frozen=True)
class Surface:
    """Registry and evaluator in this process, with an office that may do everything."""

    registry: Registry
    evaluator: FastAPI
    office: OfficeClient
    operations: Mapping[str, Operation]

    @property
    def evaluator_http(self) -> httpx.AsyncClient:
        """Return a client of the evaluator with a permit."""
        return self.operations["evaluate_tokens"].http


@asynccontextmanager
async def surface(url: str, keys: Path) -> AsyncIterator[Surface]:
    """Yield both applications over the database at `url`."""
    evaluator = create_evaluator(EvaluatorSettings(keys=keys, public_url=ISSUER))
    async with Registry.started(url, keys) as registry:
        office = await registry.add_office("CA001000A")
        sent = EVALUATOR["Evaluate"]
        batch = {
            group["key_class"]: list(map(b64u_decode, group["elements"]))
            for group in sent["groups"]
        }
        counts = {key_class: len(elements) for key_class, elements in batch.items()}
        digest = b64u_encode(batch_digest(sent["epoch"], batch.items()))
        token = registry.app.state.signing_key.mint_permit(
            Permit(office.client_id, 1, sent["epoch"], counts, digest),
            issuer=ISSUER,
            audience=evaluator_audience(ISSUER),
            jti=uuid4().hex,
            now=int(utc_now().timestamp()),
        )
        tokens = httpx.AsyncClient(
            transport=httpx.ASGITransport(evaluator, raise_app_exceptions=False),
            base_url="http://evaluator.test",
            headers={"Authorization": f"Bearer {token}"},
        )
        yield Surface(registry, evaluator, office, _operations(office.http, tokens))


def _operations(http: httpx.AsyncClient, tokens: httpx.AsyncClient) -> dict[str, Operation]:
    once = {"Idempotency-Key": "0123456789abcdef"}
    found = [
        Operation("put_case", http, "PUT", "/v1/cases/cms/24-1", case()),
        Operation(
            "put_cases",
            http,
            "PUT",
            "/v1/cases",
            {"cases": [{"source_system": "cms", "external_id": "24-2", "case": case()}]},
        ),
        Operation(
            "put_verdict",
            http,
            "PUT",
            f"/v1/overlaps/ovl_{ABSENT}/verdict",
            {"verdict": "not_a_match", "reason": "wrong_data"},
            headers={"If-Match": '"1-contact"'},
        ),
        Operation(
            "request_handling",
            http,
            "POST",
            f"/v1/overlaps/ovl_{ABSENT}/handling-requests",
            {"kind": "consult"},
            headers=once,
        ),
        Operation(
            "request_handling_of_case",
            http,
            "POST",
            "/v1/cases/cms/24-1/handling-requests",
            {"kind": "consult", "offices": ["CA0AG000A"]},
            headers=once,
        ),
        Operation(
            "answer_handling_request",
            http,
            "POST",
            f"/v1/handling-requests/hnd_{ABSENT}/answers",
            {"answer": "decline", "reason": "matter_closed"},
            headers={**once, "If-Match": '"1"'},
        ),
        *(
            Operation(name, http, method, f"/v1/{path}", good, headers={"If-Match": '"0-1"'})
            for name, method, path, good in (
                (
                    *("take_follow_up_step", "POST", f"overlaps/ovl_{ABSENT}/follow-up/steps"),
                    FOLLOWUPS["FollowUpStep"],
                ),
                (
                    *("put_assignment", "PUT", f"overlaps/ovl_{ABSENT}/assignment"),
                    FOLLOWUPS["AssignmentPut"],
                ),
                (
                    *("take_second_look_step", "POST", f"second-looks/sec_{ABSENT}/steps"),
                    SECOND_LOOKS["SecondLookStep"],
                ),
            )
        ),
        Operation(
            "request_contact",
            http,
            "POST",
            f"/v1/overlaps/ovl_{ABSENT}/contact-requests",
            {"reason": "act_ahead"},
            headers=once,
        ),
        Operation(
            "answer_contact_request",
            http,
            "POST",
            f"/v1/contact-requests/crq_{ABSENT}/answers",
            {"answer": "decline", "reason": "later"},
            headers={**once, "If-Match": '"1"'},
        ),
        Operation("check_before_act", http, "POST", "/v1/cases/cms/24-1/checks", {"act": "plea"}),
        Operation(
            "preview_audience", http, "POST", "/v1/cases/audience-preview", SHARING["AudienceAsk"]
        ),
        Operation("make_grant", http, "POST", "/v1/cases/cms/24-1/grants", SHARING["GrantMake"]),
        *(
            Operation(name, http, "POST", f"/v1/{path}", SHARING[body], headers=once)
            for name, path, body in (
                ("approve_grant", f"cases/cms/24-1/grants/grt_{ABSENT}/approvals", "GrantApprove"),
                ("set_wall", "cases/cms/24-1/walls", "WallSet"),
                ("break_glass", f"overlaps/ovl_{ABSENT}/glass-breaks", "GlassAsk"),
                ("review_glass_break", f"glass-breaks/brk_{ABSENT}/reviews", "GlassReview"),
            )
        ),
        Operation(
            "issue_access_token",
            http,
            "POST",
            "/v1/oauth/token",
            ACCOUNTS["AccessTokenRequest"],
            "application/x-www-form-urlencoded",
        ),
        Operation("give_permit", http, "POST", "/v1/tokens/permits", QUOTAS["PermitAsk"]),
        Operation("evaluate_tokens", tokens, "POST", "/v1/tokens/evaluate", EVALUATOR["Evaluate"]),
    ]
    return {operation.name: operation for operation in found}
