"""Second looks: asked for once, of what came later, and mirrored only with the summary."""

import asyncio
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.principal import OPERATOR
from app.core.clock import utc_now
from app.core.db import transaction
from app.second_looks import service
from app.second_looks.states import NEXT
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.networks.test_networks import share
from tests.scenes import make_offices, phone, someone


async def ask_again(registry: Registry) -> None:
    async with transaction(registry.operator) as session:
        await service.ask_again(session, OPERATOR, now=utc_now(), limit=10_000)


async def looks(client: OfficeClient, whose: str = "own") -> list[dict[str, Any]]:
    answer = await client.http.get("/v1/second-looks", params={"whose": whose})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def step(client: OfficeClient, look: dict[str, Any], event: str) -> httpx.Response:
    body = {"event": event, "outcome": "consulting" if event == "close" else None}
    return await client.http.post(
        f"/v1/second-looks/{look['id']}/steps",
        json=body,
        headers={"If-Match": f'"{look["version"]}"'},
    )


async def declined(
    registry: Registry, way: str = "open", *, first: bool = True
) -> tuple[OfficeClient, OfficeClient]:
    """Return an office that declined a case, and one that overlaps with it, later or before."""
    owner, other = await make_offices(registry)
    who = someone(phones=(phone(),))
    puts = [
        (owner, case(who, record_class="declined")),
        (other, case(who, disclosure=way)),
    ]
    for client, body in puts if first else reversed(puts):
        assert (await client.put_case("24-1", body)).status_code == 201
    await ask_again(registry)
    return owner, other


class TestAskAgain:
    async def test_asks_once_with_the_new_facts_and_how_to_consult(
        self, module_registry: Registry
    ) -> None:
        for way, consult in (("open", "call"), ("contact_first", "request_contact")):
            owner, _ = await declined(module_registry, way)
            await ask_again(module_registry)
            (look,) = await looks(owner)
            assert (look["state"], look["whose"], look["consult"]) == ("asked", "own", consult)
            assert look["overlap"] == (await owner.overlaps())[0]
            entries = await module_registry.audit("second_look.asked")
            assert [each["object"] for each in entries].count(look["id"]) == 1

    async def test_is_not_lost_by_an_edit_but_by_a_new_declination_that_knew_the_overlap(
        self, module_registry: Registry
    ) -> None:
        for edit, is_asked in (
            ({"record_class": "declined", "summary": "A kitchen in two counties."}, True),
            ({"record_class": "charged"}, False),
        ):
            owner, other = await make_offices(module_registry)
            who = someone(phones=(phone(),))
            declined = case(who, record_class="declined")
            for client, body in (
                (owner, declined),
                (other, case(who)),
                (owner, case(who, **edit)),
                (owner, declined),
            ):
                assert (await client.put_case("24-1", body)).is_success
            assert len(await owner.overlaps()) == 1
            await ask_again(module_registry)
            assert len(await looks(owner)) == is_asked

    async def test_leaves_out_what_is_hidden_or_was_known_when_it_was_declined(
        self, module_registry: Registry
    ) -> None:
        for way, first in (("silent", True), ("open", False)):
            owner, _ = await declined(module_registry, way, first=first)
            assert await looks(owner) == []

    async def test_shows_the_other_side_only_with_the_summary(
        self, module_registry: Registry
    ) -> None:
        owner, other = await declined(module_registry)
        assert await looks(other, "other") == []
        await share(module_registry, owner, "24-1", other)
        (mirrored,) = await looks(other, "other")
        (own,) = await looks(owner)
        assert (mirrored["id"], mirrored["whose"]) == (own["id"], "other")
        refused = await step(other, mirrored, "acknowledge")
        assert (refused.status_code, refused.json()["code"]) == (404, "second-look-not-found")


class TestSteps:
    async def test_of_two_at_once_one_wins_and_the_other_is_told(
        self, module_registry: Registry
    ) -> None:
        owner, _ = await declined(module_registry)
        (look,) = await looks(owner)
        answers = await asyncio.gather(*(step(owner, look, "close") for _ in range(3)))
        assert sorted(each.status_code for each in answers) == [200, 409, 409]
        lost = next(each for each in answers if each.status_code == 409)
        assert lost.json()["status_now"] == "closed"

    @given(events=st.lists(st.sampled_from(["acknowledge", "close"]), max_size=4))
    @settings(max_examples=5, deadline=None)
    async def test_follow_the_table_and_are_audited(
        self, module_registry: Registry, events: list[str]
    ) -> None:
        owner, _ = await declined(module_registry)
        moves = ["asked"]
        for event in events:
            (look,) = await looks(owner)
            follows = NEXT.get((moves[-1], event))  # type: ignore[arg-type]
            answer = await step(owner, look, event)
            assert answer.status_code == (409 if follows is None else 200), answer.text
            moves += [follows] if follows else []
            assert (await looks(owner))[0]["state"] == moves[-1]
        (look,) = await looks(owner)
        rows = await module_registry.rows(
            "SELECT action FROM audit_entries WHERE object = :id ORDER BY id", id=look["id"]
        )
        assert [row[0] for row in rows] == [f"second_look.{state}" for state in moves]
