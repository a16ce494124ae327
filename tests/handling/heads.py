"""Leadership at the registry, and a whole matter as its offices settle it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.handling.terms import ATTESTATION
from tests.access.people import Person, sign_in
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, meet

OPERATIONS: Final = frozenset(
    {
        *(
            f"GET /v1/handling-requests/{{request_id}}/{end}"
            for end in ("terms", "agreement", "agreement.pdf")
        ),
        *(
            f"POST /v1/handling-requests/{{request_id}}/{end}"
            for end in ("moves", "signatures", "decisions", "instruments")
        ),
        "GET /v1/matters",
        "GET /v1/cases/{source_system}/{external_id}/origin",
        *(
            f"GET /v1/matters/{{matter_id}}{end}"
            for end in (
                "",
                "/members",
                "/tasks",
                "/notes",
                "/team-statement",
                "/origin",
                "/calendar",
                "/team-statement.pdf",
            )
        ),
        *(
            f"POST /v1/matters/{{matter_id}}/{end}"
            for end in ("lead-offers", "lead-offers/{offer_id}/acceptances", "members")
        ),
        *(
            f"POST /v1/matters/{{matter_id}}/{end}"
            for end in ("members/{member_id}/ends", "tasks", "tasks/{task_id}/completions", "notes")
        ),
    }
)
"""Those whose audit test_audited.py tests."""
TERMS: Final[dict[str, Any]] = {
    "purpose": "prosecute_jointly",
    "trafficking_type": "labor",
    "matter_kind": "criminal",
    "statutes": ["Cal. Penal Code § 236.1"],
    "lead": 1,
    "forum": {"harm": 1, "statute": 2},
    "ends_on": (utc_now() + timedelta(days=180)).date().isoformat(),
    "evidence_rule": "each_keeps_its_own",
    "disclosure_rule": "each_discloses_its_own",
    "victim_services_lead": None,
    "media": "jointly",
    "review_every_days": 30,
    "notice_days": 14,
}


@dataclass
class Side:
    """One office in a request: its machine client, and its unit head once one has signed in."""

    registry: Registry
    office: OfficeClient
    _head: Person | None = field(default=None, repr=False)

    async def head(self) -> Person:
        """Return the unit head, signed in with a second factor just now."""
        if self._head is None:
            self._head = await sign_in(self.registry, self.office, Role.LEADERSHIP)
        return self._head

    async def read(self, request_id: str) -> dict[str, Any]:
        """Return the request as this office sees it."""
        answer = await self.office.http.get(f"/v1/handling-requests/{request_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def send(
        self, request_id: str, what: str, body: Any, *, etag: str | None = None
    ) -> httpx.Response:
        """Send a step on the version that stands, as leadership where only it may."""
        if etag is None:
            path = f"/v1/handling-requests/{request_id}"
            etag = (await self.office.http.get(path)).headers.get("ETag", '"0"')
        http = self.office.http
        if what in {"signatures", "decisions"}:
            http = (await self.head()).http
        return await http.post(
            f"/v1/handling-requests/{request_id}/{what}",
            json=body,
            headers={"If-Match": etag, "Idempotency-Key": uuid4().hex},
        )

    async def sign(self, request_id: str, **changes: Any) -> httpx.Response:
        """Sign the text of the terms on the table."""
        terms = await self.office.http.get(f"/v1/handling-requests/{request_id}/terms")
        items = terms.json().get("items") or [{"digest": "0" * 64}]
        body = {"digest": items[-1]["digest"], "attestation": ATTESTATION, "post": "Unit head"}
        return await self.send(request_id, "signatures", {**body, **changes})

    async def work(self, path: str, body: Any = None) -> httpx.Response:
        """Change something of a matter as the unit head."""
        return await (await self.head()).http.post(
            f"/v1/matters/{path}", json=body, headers={"Idempotency-Key": uuid4().hex}
        )


def good(answer: httpx.Response) -> dict[str, Any]:
    """Return the body of an answer that must be a success."""
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def draft(
    registry: Registry,
    how_many: int = 2,
    *,
    ask: dict[str, Any] | None = None,
    offices: list[OfficeClient] | None = None,
) -> tuple[list[Side], str]:
    """Return offices, the first of which has drafted an agreement with the others."""
    offices = offices or await make_offices(registry, how_many)
    overlaps = [
        (await meet(registry, offices=[offices[0], other], external_id=f"24-{place}")).overlap_id
        for place, other in enumerate(offices[1:])
    ]
    body = {"kind": "joint_handling", "terms": TERMS, "also": overlaps[1:], **(ask or {})}
    drafted = await offices[0].http.post(
        f"/v1/overlaps/{overlaps[0]}/handling-requests",
        json=body,
        headers={"Idempotency-Key": uuid4().hex},
    )
    return [Side(registry, office) for office in offices], good(drafted)["id"]


async def settle(sides: list[Side], request_id: str) -> dict[str, Any]:
    """Bring a draft to an agreement in force; returns it as who asked sees it."""
    good(await sides[0].send(request_id, "moves", {"move": "submit"}))
    good(await sides[0].sign(request_id))
    for side in sides[1:]:
        good(await side.send(request_id, "answers", {"answer": "accept"}))
    for side in sides:
        good(await side.sign(request_id))
    return await sides[0].read(request_id)
