"""Second looks: asked for once, of what came later, and mirrored only with the summary."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.principal import OPERATOR
from app.core.clock import utc_now
from app.core.db import transaction
from app.second_looks import service
from app.second_looks.states import NEXT
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.machines import Machine, live
from tests.networks.test_networks import share
from tests.recounting.test_recount import recount
from tests.scenes import all_ended, make_offices, phone, someone

FORGOTTEN = """
UPDATE "overlaps" SET findings = '[]'
WHERE id IN (SELECT overlap_id FROM overlap_sides s JOIN offices o ON o.id = s.office_id
             WHERE o.code = :code) RETURNING id
"""
"""What a recount finds anew; the evidence is what it was."""


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

    async def test_tells_the_office_that_declined_and_nobody_else(
        self, module_registry: Registry
    ) -> None:
        offices = await declined(module_registry)
        await ask_again(module_registry)
        await all_ended(module_registry)
        told = []
        for client in offices:
            found = (await client.http.get("/v1/events", params={"limit": 100})).json()["items"]
            told.append([each["overlap_id"] for each in found if "look" in each["type"]])
        assert told == [[(await offices[0].overlaps())[0]["id"]], []]

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

    async def test_asks_again_once_when_the_evidence_is_other_than_before(
        self, module_registry: Registry
    ) -> None:
        owner, other = await make_offices(module_registry)
        numbers = (phone(), phone())
        both = someone(phones=numbers)
        few = {**both, "identifiers": both["identifiers"][:1]}
        declined = case(both, record_class="declined")
        for client, body in ((other, case(few)), (owner, declined)):
            assert (await client.put_case("24-1", body)).is_success
        counts = []
        for body in (
            case(few, summary="A kitchen."),  # known when it was declined
            case({"ref": "1", "identifiers": both["identifiers"][:1]}),
            case(both),
            case(both, summary="A kitchen."),  # nothing new
        ):
            assert (await other.put_case("24-1", body)).is_success
            for _ in range(2):
                await ask_again(module_registry)
            counts.append(len(await looks(owner)))
        assert counts == [0, 1, 2, 2]
        (overlap,) = await owner.overlaps()
        assert [look["overlap"] for look in await looks(owner)] == [overlap, overlap]
        assert await module_registry.rows(FORGOTTEN, code=owner.code)
        await recount(module_registry, is_full=True)
        assert (await owner.overlaps())[0]["findings"] == overlap["findings"]
        for body in (case(both), declined):
            await ask_again(module_registry)
            assert (await owner.put_case("24-1", body)).is_success
        await ask_again(module_registry)
        assert len(await looks(owner)) == 2

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


class Life(Machine):
    """Colleagues of an office that is asked to look again do whatever they like."""

    @initialize()
    def begin(self) -> None:
        """Let a declined case overlap."""
        self.owner, self.other = self.do(declined(self.registry))
        self.moves = ["asked"]

    @rule(event=st.sampled_from(["acknowledge", "close"]), how_many=st.sampled_from([1, 1, 2]))
    def act(self, event: str, how_many: int) -> None:
        """Take a step, or let two take the same one at the same moment."""

        async def act() -> list[httpx.Response]:
            (look,) = await looks(self.owner)
            return await asyncio.gather(*(step(self.owner, look, event) for _ in range(how_many)))

        follows = NEXT.get((self.moves[-1], event))  # type: ignore[arg-type]  # one of these
        answers = self.do(act())
        won = [each for each in answers if each.status_code == 200]
        assert len(won) == (follows is not None), [each.text for each in answers]
        self.moves += [follows] if follows else []
        for lost in (each for each in answers if each.status_code != 200):
            assert (lost.status_code, lost.json()["status_now"]) == (409, self.moves[-1])

    @rule(event=st.sampled_from(["acknowledge", "close"]))
    def act_on_what_was(self, event: str) -> None:
        """Name a version that does not stand: 412 where the step were possible, else 409."""
        (look,) = self.do(looks(self.owner))
        answer = self.do(step(self.owner, {**look, "version": look["version"] + 1}, event))
        is_possible = (self.moves[-1], event) in NEXT
        assert answer.status_code == (412 if is_possible else 409), answer.text

    @invariant()
    def is_audited_and_shown_to_nobody_else(self) -> None:
        if hasattr(self, "moves"):
            self.do(self._compare())

    async def _compare(self) -> None:
        (look,) = await looks(self.owner)
        assert look["state"] == self.moves[-1]
        assert await looks(self.other, "other") == []  # it has not the summary
        rows = await self.registry.rows(
            "SELECT action FROM audit_entries WHERE object = :id ORDER BY id", id=look["id"]
        )
        assert [row[0] for row in rows] == [f"second_look.{state}" for state in self.moves]


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(3, 6), pytest.param(10, 12, marks=pytest.mark.long)]
    )
    async def test_only_the_steps_of_the_table_are_taken_once_and_audited(
        self, module_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, module_registry, examples=examples, steps=steps)
