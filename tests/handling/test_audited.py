"""I6 for joint handling: each operation, with the audit broken, does and shows nothing."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from app.core.clock import utc_now
from app.handling.terms import ATTESTATION
from tests.factories import Registry
from tests.handling.heads import OPERATIONS, TERMS, Side, draft
from tests.invariants.dump import digests
from tests.invariants.test_i6_audited import assert_discloses_nothing, audit_broken


async def effects(registry: Registry) -> dict[str, str | None]:
    """Return all that is stored but that a sign-in is in use, which is noted once a minute."""
    return {**await digests(registry), "sign_ins": None}


class TestI6NoRowNoEffect:
    async def test_of_each_operation_of_joint_handling(  # noqa: PLR0915 -- one story, step by step
        self, registry: Registry
    ) -> None:
        (first, second), request = await draft(registry)
        heads = {each.office.code: await each.head() for each in (first, second)}
        done: set[str] = set()
        today = utc_now().date().isoformat()

        async def twice(name: str, send: Callable[[], Awaitable[httpx.Response]]) -> Any:
            stored = await effects(registry)
            async with audit_broken(registry):
                assert_discloses_nothing(await send())
                assert await effects(registry) == stored
            done.add(name)
            answer = await send()
            assert answer.is_success, answer.text
            is_json = answer.headers["Content-Type"] == "application/json"
            return answer.json() if is_json else None

        async def change(side: Side, path: str, body: Any = None, name: str | None = None) -> Any:
            known = await side.office.http.get(f"/v1/handling-requests/{request}")
            headers = {"If-Match": known.headers.get("ETag", "*"), "Idempotency-Key": uuid4().hex}
            http = heads[side.office.code].http
            template = name or path.replace(request, "{request_id}").replace(matter, "{matter_id}")
            told = await twice(
                f"POST /v1/{template}",
                lambda: http.post(f"/v1/{path}", json=body, headers=headers),
            )
            again = await http.post(f"/v1/{path}", json=body, headers=headers)
            assert (again.headers["Idempotent-Replayed"], again.json()) == ("true", told), path
            return told

        async def read(path: str) -> Any:
            template = path.replace(request, "{request_id}").replace(matter, "{matter_id}")
            return await twice(f"GET /v1/{template}", lambda: first.office.http.get(f"/v1/{path}"))

        matter = "mat_none_yet"
        base = f"handling-requests/{request}"

        async def sign(side: Side) -> Any:
            newest = (await read(f"{base}/terms"))["items"][-1]["digest"]
            if side is second:
                known = await side.office.http.get(f"/v1/{base}")
                newest = known.json()["digest"]
            body = {"digest": newest, "attestation": ATTESTATION, "post": "Unit head"}
            return await change(side, f"{base}/signatures", body)

        await change(first, f"{base}/moves", {"move": "revise", "terms": TERMS})
        await change(first, f"{base}/moves", {"move": "submit"})
        decision = {"decision": "return", "reason": "not_now"}
        await change(first, f"{base}/decisions", decision)
        await change(first, f"{base}/moves", {"move": "submit"})
        await sign(first)
        await change(second, f"{base}/answers", {"answer": "counter", "terms": TERMS})
        await change(first, f"{base}/answers", {"answer": "accept"})
        paper = {
            "authority": "Cal. Gov. Code § 12550",
            "signatory": "District Attorney",
            "scope": "whole_matter",
            "dated_on": "2026-01-05",
            "document_sha256": "0" * 64,
        }
        await change(first, f"{base}/instruments", paper)
        await sign(first)
        matter = (await sign(second))["matter_id"]
        place = f"matters/{matter}"
        offered = await change(first, f"{place}/lead-offers", {"office": second.office.code})
        offer = offered["leads"][-1]["id"]
        await change(
            second,
            f"{place}/lead-offers/{offer}/acceptances",
            {"from_office": first.office.code},
            name="matters/{matter_id}/lead-offers/{offer_id}/acceptances",
        )
        joins = {"name": "Dana Sample", "post": "analyst", "joined_on": today}
        member = (await change(first, f"{place}/members", joins))["id"]
        await change(
            first,
            f"{place}/members/{member}/ends",
            {"left_on": today},
            name="matters/{matter_id}/members/{member_id}/ends",
        )
        asked = {"office": first.office.code, "kind": "filing", "due_on": today}
        task = (await change(second, f"{place}/tasks", asked))["id"]
        await change(
            first,
            f"{place}/tasks/{task}/completions",
            {},
            name="matters/{matter_id}/tasks/{task_id}/completions",
        )
        await change(first, f"{place}/notes", {"kind": "decision", "text": "Filed in one county."})
        for what in ("", "/members", "/tasks", "/notes", "/team-statement", "/origin", "/calendar"):
            await read(place + what)
        await read("matters")
        await twice(
            "GET /v1/cases/{source_system}/{external_id}/origin",
            lambda: first.office.http.get("/v1/cases/cms/24-0/origin"),
        )
        await read(f"{place}/team-statement.pdf")
        await read(f"{base}/agreement.pdf")
        await read(f"{base}/agreement")
        concluded = {"decision": "conclude", "reason": "transferred"}
        assert (await change(second, f"{base}/decisions", concluded))["status"] == "concluded"
        assert done - {"POST /v1/handling-requests/{request_id}/answers"} == OPERATIONS
