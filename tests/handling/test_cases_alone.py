"""Requests about a case that overlaps with none: advice of an office that is named by its code."""

from typing import Any
from uuid import uuid4

import httpx

from tests.factories import OfficeClient, Registry
from tests.handling.heads import TERMS, Side, good, settle
from tests.scenes import make_offices


async def ask(client: OfficeClient, *offices: str, **body: Any) -> httpx.Response:
    return await client.http.post(
        "/v1/cases/cms/24-1/handling-requests",
        json={"kind": "consult", "offices": offices, **body},
        headers={"Idempotency-Key": uuid4().hex},
    )


class TestConsult:
    async def test_goes_from_one_case_to_the_office_named_and_tells_nothing_of_the_case(
        self, shared_registry: Registry
    ) -> None:
        first, second = await make_offices(shared_registry)
        assert (await ask(first, second.code)).json()["code"] == "case-not-found"
        assert (await first.put_case()).status_code == 201
        asked = good(await ask(first, second.code))
        assert (asked["status"], asked["overlap_id"]) == ("sent", None)
        assert asked["case"] == {"source_system": "cms", "external_id": "24-1"}
        assert asked["parties"][1]["office"]["code"] == second.code
        path = f"/v1/handling-requests/{asked['id']}"
        seen = good(await second.http.get(path))
        assert (seen["case"], seen["overlap_id"]) == (None, None)
        assert seen["parties"][0]["office"]["code"] == first.code
        assert await second.overlaps() == []
        again = await ask(first, second.code)
        assert (again.status_code, again.json()["code"]) == (409, "handling-request-open")
        assert again.json()["status_now"] == "sent"
        assert good(await second.answer(asked["id"], {"answer": "accept"}))["status"] == "accepted"
        closed = good(await first.answer(asked["id"], {"answer": "close"}, etag='"2"'))
        assert closed["status"] == "concluded"
        assert (await ask(first, second.code)).status_code == 201

    async def test_is_refused_of_nobody_oneself_and_strangers(
        self, shared_registry: Registry
    ) -> None:
        (client,) = await make_offices(shared_registry, 1)
        assert (await client.put_case()).status_code == 201
        for offices in ((), (client.code,), ("ZZ-NOBODY",)):
            refused = await ask(client, *offices)
            assert (refused.status_code, refused.json()["code"]) == (
                422, "handling-parties-invalid",
            )  # fmt: skip


class TestAgreement:
    async def test_about_a_case_alone_comes_in_force_and_one_is_open_at_a_time(
        self, shared_registry: Registry
    ) -> None:
        sides = [Side(shared_registry, each) for each in await make_offices(shared_registry)]
        assert (await sides[0].office.put_case()).status_code == 201
        referral = {"kind": "conflict_referral", "terms": {**TERMS, "lead": 2}}
        drafts = [
            good(await ask(sides[0].office, sides[1].office.code, **referral))["id"]
            for _ in range(2)
        ]
        settled = await settle(sides, drafts[0])
        assert (settled["status"], settled["lead"]["code"]) == ("active", sides[1].office.code)
        good(await sides[0].send(drafts[1], "moves", {"move": "submit"}))
        second = await sides[0].sign(drafts[1])
        assert (second.status_code, second.json()["code"]) == (409, "handling-request-open")
        assert second.json()["status_now"] == "active"
