"""Walls among parties: each office is held to its own, and told of nobody else's."""

from uuid import uuid4

import httpx

from tests.factories import Registry
from tests.handling.heads import TERMS, Side, draft, good, settle
from tests.handling.test_cases_alone import ask
from tests.scenes import make_offices, meet

LEAVE = {"decision": "leave"}


async def wall(side: Side, out: Side, case: str = "24-1") -> None:
    """Let a unit head keep another office from a case of its own."""
    head = await side.head()
    good(await head.send("POST", f"/v1/cases/cms/{case}/walls", {"office": out.office.code}))


def is_refused(answer: httpx.Response) -> bool:
    """Return whether parties are refused, in the words that any of them would hear."""
    if answer.is_success:
        return False
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "handling-parties-invalid"), problem
    assert problem["detail"].startswith("Name each other office once")
    return True


async def of(registry: Registry, how_many: int) -> list[Side]:
    return [Side(registry, each) for each in await make_offices(registry, how_many)]


class TestAsking:
    async def test_is_refused_of_an_office_that_an_own_wall_keeps_from_the_case(
        self, shared_registry: Registry
    ) -> None:
        first, second = await of(shared_registry, 2)
        assert (await first.office.put_case()).status_code == 201
        await wall(first, second)
        assert is_refused(await ask(first.office, second.office.code))
        assert good(await second.office.http.get("/v1/handling-requests"))["items"] == []

    async def test_so_beside_an_overlap_of_that_case(self, shared_registry: Registry) -> None:
        first, second, third = await of(shared_registry, 3)
        met = await meet(shared_registry, offices=[first.office, second.office])
        await wall(first, third)
        for asked in ({"kind": "consult"}, {"kind": "joint_handling", "terms": TERMS}):
            for codes in ([third.office.code], []):
                answer = await first.office.http.post(
                    f"/v1/overlaps/{met.overlap_id}/handling-requests",
                    json={**asked, "offices": codes},
                    headers={"Idempotency-Key": uuid4().hex},
                )
                assert is_refused(answer) is bool(codes), answer.text

    async def test_by_an_overlap_is_refused_only_of_an_office_that_it_shows(
        self, shared_registry: Registry
    ) -> None:
        """A refusal would else tell which office hides behind a pointer, one wall at a time."""
        for way, is_shown in (("open", True), ("contact_first", False)):
            first, second = await of(shared_registry, 2)
            offices = [first.office, second.office]
            met = await meet(shared_registry, second=way, offices=offices)
            await wall(first, second)
            for asked in ({"kind": "consult"}, {"kind": "joint_handling", "terms": TERMS}):
                answer = await first.office.http.post(
                    f"/v1/overlaps/{met.overlap_id}/handling-requests",
                    json=asked,
                    headers={"Idempotency-Key": uuid4().hex},
                )
                assert is_refused(answer) is is_shown, answer.text
            if not is_shown:
                request = good(answer)["id"]
                good(await first.send(request, "moves", {"move": "submit"}))
                good(await first.sign(request))
            assert good(await second.office.http.get("/v1/handling-requests"))["items"] == []


class TestAnswering:
    async def test_of_who_walled_a_party_is_refused_and_nobody_else_is_told(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 3)
        first, second, third = sides
        good(await first.send(request, "moves", {"move": "submit"}))
        good(await first.sign(request))
        good(await third.send(request, "answers", {"answer": "accept"}))  # which names it
        await wall(second, third, "24-0")
        assert (await third.office.http.get(f"/v1/handling-requests/{request}")).status_code == 404
        for body in ({"answer": "accept"}, {"answer": "counter", "terms": TERMS}):
            assert is_refused(await second.send(request, "answers", body))
        declined = {"answer": "decline", "reason": "conflict_of_interest"}
        good(await second.send(request, "answers", declined))


class TestJoining:
    async def test_is_neither_proposed_nor_signed_by_who_walled_the_newcomer(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 2)
        await settle(sides, request)
        first, second = sides
        (newcomer,) = await of(shared_registry, 1)
        admit = {"answer": "admit", "office": newcomer.office.code}
        await wall(second, newcomer, "24-0")
        assert is_refused(await second.send(request, "answers", admit))
        good(await first.send(request, "answers", admit))  # it is not told of the other's wall
        good(await first.sign(request))
        assert is_refused(await second.sign(request))
        path = f"/v1/handling-requests/{request}"
        assert (await newcomer.office.http.get(path)).status_code == 404


class TestLeaving:
    async def test_is_possible_for_who_walled_a_party(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry, 3)
        await settle(sides, request)
        _, second, third = sides
        await wall(second, third, "24-0")
        good(await second.send(request, "decisions", LEAVE))
        good(await second.sign(request))
