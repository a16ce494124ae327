"""The audience before and after posting, and the Attorney General's pointers."""

from typing import Any

import pytest

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.sharing.audience import explain_for_operator
from tests.access.people import approve_summary, sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, end_agreement, make_offices, meet, someone

ASKED = {"record_class": "charged", "trafficking_type": "labor"}


async def explained(owner: OfficeClient, office: OfficeClient) -> dict[str, Any]:
    """Return the decisions by relation."""
    answer = await owner.http.get(f"/v1/cases/cms/24-1/access/{office.code}")
    assert answer.status_code == 200, answer.text
    return {line["relation"]: line for line in answer.json()["decisions"]}


class TestPreview:
    async def test_tells_kinds_counts_and_rungs_and_no_overlap(self, registry: Registry) -> None:
        owner, local = await make_offices(registry)  # of CA and NV
        await registry.add_office("CA-AG", kind="attorney_general")
        await registry.add_office("NV-AG", kind="attorney_general")
        await registry.add_office("OR-OUT", is_participating=False)
        await local.put_case("24-9", case(someone()))
        expected = {
            "open": ("contact", "pointer"),
            "contact_first": ("pointer", "pointer"),
            "silent": (None, None),
        }
        for disclosure, (partner, state) in expected.items():
            body = {"disclosure": disclosure, **ASKED}
            answer = await owner.http.post("/v1/cases/audience-preview", json=body)
            lines = [
                (line["relation"], line["office_kind"], line["offices"], line["rung"])
                for line in answer.json()["lines"]
            ]
            assert lines == [
                ("partner", "attorney_general", 2, partner),
                ("state", "attorney_general", 1, state),
                ("partner", "local", 1, partner),
            ]

    async def test_is_what_is_shown_then(self, shared_registry: Registry) -> None:
        owner, other = await make_offices(shared_registry)
        body = {"disclosure": "contact_first", **ASKED}
        answer = await owner.http.post("/v1/cases/audience-preview", json=body)
        (line,) = [
            line for line in answer.json()["lines"]
            if (line["relation"], line["office_kind"]) == ("partner", "local")
        ]  # fmt: skip
        await meet(shared_registry, "contact_first", "open", offices=[owner, other])
        (seen,) = await other.overlaps()
        assert seen["rung"] == line["rung"]
        shown = {key for key, value in seen.items() if not isinstance(value, (dict, list))}
        shown |= {f"counterpart.{key}" for key, value in seen["counterpart"].items() if value}
        assert shown <= set(line["fields"])


class TestExplain:
    async def test_names_rung_and_rules(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        line = (await explained(meeting.second, meeting.first))["partner"]
        assert (line["rung"], line["reasons"]) == ("pointer", ["disclosed"])
        asked = (await meeting.second.request_handling(meeting.overlap_id)).json()
        await meeting.first.answer(asked["id"], {"answer": "accept"})
        await approve_summary(meeting, meeting.second)
        answer = await meeting.second.http.get(f"/v1/cases/cms/24-1/access/{meeting.first.code}")
        lines = answer.json()["decisions"]
        assert [(line["overlap_id"], line["rung"], line["reasons"]) for line in lines] == [
            (None, "pointer", ["disclosed"]),
            (meeting.overlap_id, "summary", ["granted"]),  # the grant is of this one alone
        ]
        lead = await sign_in(shared_registry, meeting.second, Role.LEADERSHIP)
        wall = {"office": meeting.first.code}
        await lead.send("POST", "/v1/cases/cms/24-1/walls", wall)
        await end_agreement(shared_registry, meeting.first)
        line = (await explained(meeting.second, meeting.first))["partner"]
        assert (line["rung"], line["fields"]) == (None, [])
        assert line["reasons"] == ["walled", "reader-not-participating"]

    async def test_says_the_same_whether_or_not_there_is_an_overlap(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "silent", "open")
        (stranger,) = await make_offices(shared_registry, 1)
        first, third = [
            await explained(meeting.second, office) for office in (meeting.first, stranger)
        ]
        assert first == third

    async def test_is_true(self, shared_registry: Registry) -> None:
        for second in ("open", "contact_first", "silent"):
            meeting = await meet(shared_registry, "open", second)
            seen = await meeting.first.overlaps()
            line = (await explained(meeting.second, meeting.first))["partner"]
            assert line["rung"] == (seen[0]["rung"] if seen else None)

    async def test_of_the_states_attorney_general(self, shared_registry: Registry) -> None:
        owner, *_ = await make_offices(shared_registry)
        code = f"CA-AG{owner.code[3:]}"
        general = await shared_registry.add_office(code, kind="attorney_general")
        await owner.put_case("24-1", case(someone()))
        lines = await explained(owner, general)
        assert {name: line["rung"] for name, line in lines.items()} == {
            "partner": "contact", "state": "pointer",
        }  # fmt: skip
        assert (await explained(owner, owner))["own"]["rung"] == "record"

    async def test_of_anothers_case_or_no_office(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        (third,) = await make_offices(shared_registry, 1)
        path = f"/v1/cases/cms/24-1/access/{meeting.first.code}"
        assert (await third.http.get(path)).json()["code"] == "case-not-found"
        path = "/v1/cases/cms/24-1/access/NO-SUCH"
        assert (await meeting.first.http.get(path)).json()["code"] == "office-not-found"

    async def test_the_operator_is_told_the_same(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        async with transaction(shared_registry.operator) as session:
            read = await explain_for_operator(
                session, OPERATOR, meeting.second.code, ("cms", "24-1"), meeting.first.code,
                now=utc_now(),
            )  # fmt: skip
        told = read.model_dump(mode="json")["decisions"][0]
        assert told == (await explained(meeting.second, meeting.first))["partner"]


@pytest.fixture
async def general(registry: Registry) -> OfficeClient:
    return await registry.add_office("CA-AG", kind="attorney_general")


async def in_california(registry: Registry, first: str = "open", second: str = "open") -> Meeting:
    offices = [await registry.add_office(f"CA-{place}0000") for place in (1, 2)]
    return await meet(registry, first, second, offices=offices)


async def pointers(client: OfficeClient) -> list[dict[str, Any]]:
    answer = await client.http.get("/v1/state-overlaps")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestStateOverlaps:
    async def test_shows_a_pointer_and_no_more(
        self, registry: Registry, general: OfficeClient
    ) -> None:
        meeting = await in_california(registry, "open", "contact_first")
        ((pointer),) = await pointers(general)
        assert pointer == {
            "id": meeting.overlap_id,
            "version": 1,
            "found_at": pointer["found_at"],
            "rung": "pointer",
            "band": "strong",
            "findings": [
                {"finding": "same_person", "kinds": ["name"], "band": "strong"},
                {"finding": "shared_identifier", "kinds": ["tel"], "band": None},
            ],
            "office_kinds": ["local", "local"],
        }
        entry = (await registry.audit("state_overlaps.disclosed"))[-1]
        assert entry["detail"] == {meeting.overlap_id: "pointer"}
        read = await general.http.get(f"/v1/overlaps/{meeting.overlap_id}")
        assert read.status_code == 404

    @pytest.mark.parametrize(("first", "second"), [("silent", "open"), ("open", "silent")])
    async def test_is_blind_to_silence(
        self, registry: Registry, general: OfficeClient, first: str, second: str
    ) -> None:
        await in_california(registry, first, second)
        assert await pointers(general) == []

    @pytest.mark.parametrize("lapsed", ["first", "second", "general"])
    async def test_needs_every_agreement(
        self, registry: Registry, general: OfficeClient, lapsed: str
    ) -> None:
        meeting = await in_california(registry)
        assert len(await pointers(general)) == 1
        out = {"first": meeting.first, "second": meeting.second, "general": general}[lapsed]
        await end_agreement(registry, out)
        assert await pointers(general) == []

    async def test_is_for_the_same_state_and_that_office_only(
        self, registry: Registry, general: OfficeClient
    ) -> None:
        meeting = await in_california(registry)
        across = await meet(registry)  # California and Nevada
        nevada = await registry.add_office("NV-AG", kind="attorney_general")
        assert [item["id"] for item in await pointers(general)] == [meeting.overlap_id]
        for client in (nevada, meeting.first, across.second):
            assert await pointers(client) == []

    async def test_stops_at_a_wall(self, registry: Registry, general: OfficeClient) -> None:
        meeting = await in_california(registry)
        lead = await sign_in(registry, meeting.first, Role.LEADERSHIP)
        await lead.send("POST", "/v1/cases/cms/24-1/walls", {"office": general.code})
        assert await pointers(general) == []

    async def test_pages(self, registry: Registry, general: OfficeClient) -> None:
        meeting = await in_california(registry)
        other = await meet(registry, offices=[meeting.first, meeting.second], external_id="24-2")
        page = (await general.http.get("/v1/state-overlaps?limit=1")).json()
        assert [item["id"] for item in page["items"]] == [other.overlap_id]
        rest = await general.http.get(f"/v1/state-overlaps?limit=1&cursor={page['next_cursor']}")
        assert [item["id"] for item in rest.json()["items"]] == [meeting.overlap_id]
