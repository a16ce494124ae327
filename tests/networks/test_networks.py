"""Networks around an own case; tests/campaigns/twins.py has them with and without a hidden one."""

from typing import Any

from app.access.vocabulary import Role
from app.core.ids import public_id
from app.networks.service import DEPTH, EDGES
from tests.access.people import sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, phone, someone


async def network(client: OfficeClient, external_id: str) -> dict[str, Any]:
    answer = await client.http.get(f"/v1/cases/cms/{external_id}/network")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def share(
    registry: Registry, owner: OfficeClient, external_id: str, reader: OfficeClient
) -> None:
    """Let the reader see the summary of the owner's case."""
    path = f"/v1/cases/cms/{external_id}/grants"
    asked = {
        "office": reader.code,
        "rung": "summary",
        "purpose": "coordination",
        "expires_at": "2027-06-01T00:00:00Z",
    }
    made = (await owner.http.post(path, json=asked)).json()
    lead = await sign_in(registry, owner, Role.LEADERSHIP)
    body = {"digest": made["digest"]}
    approved = await lead.send("POST", f"{path}/{made['id']}/approvals", body)
    assert approved.json()["state"] == "in_force", approved.text


class TestNetwork:
    async def test_joins_overlaps_only_where_the_shared_case_is_shown(
        self, shared_registry: Registry
    ) -> None:
        """Own 1 and own 2 meet one case of `hub`; own 2 meets `far` besides."""
        me, hub, far = await make_offices(shared_registry, 3)
        one, two, three = [someone(ref=str(place), phones=(phone(),)) for place in range(3)]
        await hub.put_case("24-hub", case(one, two))
        await far.put_case("24-far", case(three))
        await me.put_case("24-1", case(one))
        await me.put_case("24-2", case(two, three))
        alone = await network(me, "24-1")
        assert [each["case"]["external_id"] for each in alone["cases"]] == ["24-1"]
        assert [each["rung"] for each in alone["edges"]] == ["contact"]
        both = await network(me, "24-2")
        assert [each["label"] for each in both["counterparts"]] == ["1", "2"]
        await share(shared_registry, hub, "24-hub", me)
        whole = await network(me, "24-1")
        distances = {each["case"]["external_id"]: each["distance"] for each in whole["cases"]}
        assert distances == {"24-1": 0, "24-2": 1}
        assert sorted(each["rung"] for each in whole["edges"]) == ["contact", "summary", "summary"]
        through = {each["counterpart"] for each in whole["edges"] if each["rung"] == "summary"}
        assert len(through) == 1
        assert len(whole["counterparts"]) == 2
        assert whole["is_complete"]
        alone_is = {each["id"]: each for each in await me.overlaps()}
        others = {each.pop("label"): each for each in whole["counterparts"]}
        for edge in whole["edges"]:
            single = alone_is.pop(edge["overlap_id"])
            assert {name: edge[name] for name in ("case", "band", "rung")} == {
                name: single[name] for name in ("case", "band", "rung")
            }
            assert edge["verdict"] == single["verdicts"]["state"]
            assert others[edge["counterpart"]] == single["counterpart"]
        assert alone_is == {}

    async def test_reaches_every_case_behind_a_shared_one(self, shared_registry: Registry) -> None:
        me, hub = await make_offices(shared_registry)
        people = [someone(ref=str(place), phones=(phone(),)) for place in range(3)]
        await hub.put_case("24-hub", case(*people))
        many = EDGES + 4
        cases = [
            {
                "source_system": "cms",
                "external_id": f"24-{number}",
                "case": case(people[number % 3]),
            }
            for number in range(many)
        ]
        assert (await me.http.put("/v1/cases", json={"cases": cases})).status_code == 200
        await share(shared_registry, hub, "24-hub", me)
        whole = await network(me, "24-0")
        assert (len(whole["cases"]), len(whole["counterparts"])) == (many, 1)
        assert whole["is_complete"]

    async def test_says_that_it_goes_on_where_it_is_too_far(
        self, shared_registry: Registry
    ) -> None:
        """Own 0 and own 1 meet one case of the other office, own 1 and own 2 the next, and on."""
        me, other = await make_offices(shared_registry)
        people = [
            (someone(ref="1", phones=(phone(),)), someone(ref="2", phones=(phone(),)))
            for _ in range(DEPTH + 1)
        ]
        for place, (before, after) in enumerate(people):
            await other.put_case(f"24-{place}", case(before, after))
            await share(shared_registry, other, f"24-{place}", me)
        met = [one for pair in people for one in pair]
        for place in range(DEPTH + 2):
            of_it = [
                {**one, "ref": str(ref)}
                for ref, one in enumerate(met[max(0, 2 * place - 1) : 2 * place + 1])
            ]
            await me.put_case(f"24-{place}", case(*of_it))
        for begin, distances, is_complete in (
            (0, [0, 1, 2, 3], False),
            (1, [0, 1, 1, 2, 3], True),
        ):
            found = await network(me, f"24-{begin}")
            assert [each["distance"] for each in found["cases"]] == distances
            assert found["is_complete"] is is_complete

    async def test_of_others_among_themselves_shows_nothing(
        self, shared_registry: Registry
    ) -> None:
        me, hub, far = await make_offices(shared_registry, 3)
        one, two = [someone(ref=str(place), phones=(phone(),)) for place in range(2)]
        await me.put_case("24-1", case(one))
        await hub.put_case("24-hub", case(one))
        await share(shared_registry, hub, "24-hub", me)
        before = await network(me, "24-1")
        await far.put_case("24-far", case(two))
        answer = await hub.put_case("24-hub", case(one, two))
        assert len(answer.json()["overlaps"]) == 2, answer.text
        assert await network(me, "24-1") == before

    async def test_has_the_strongest_of_many_and_says_that_there_are_more(
        self, shared_registry: Registry
    ) -> None:
        me, hub = await make_offices(shared_registry)
        people = [someone(ref=str(place), phones=(phone(),)) for place in range(3)]
        cases = [  # a value that too many cases hold would be common
            {
                "source_system": "cms",
                "external_id": f"24-{number}",
                "case": case(people[number % 3]),
            }
            for number in range(EDGES + 1)
        ]
        put = await hub.http.put("/v1/cases", json={"cases": cases})
        assert put.status_code == 200, put.text
        await me.put_case("24-1", case(*people))
        many = await network(me, "24-1")
        assert (len(many["edges"]), many["is_complete"]) == (EDGES, False)
        await hub.http.delete("/v1/cases/cms/24-0")
        all_of_them = await network(me, "24-1")
        assert (len(all_of_them["edges"]), all_of_them["is_complete"]) == (EDGES, True)

    async def test_behind_a_wall_is_as_if_the_case_were_not_there(
        self, shared_registry: Registry
    ) -> None:
        me, hub = await make_offices(shared_registry)
        one = someone(phones=(phone(),))
        await hub.put_case("24-hub", case(one))
        await me.put_case("24-1", case(one))
        await share(shared_registry, hub, "24-hub", me)
        person = await sign_in(shared_registry, me, Role.PROSECUTOR)
        path = "/v1/cases/cms/24-1/network"
        before = await person.http.get(path)
        await me.put_case("24-2", case(one))
        assert len((await person.http.get(path)).json()["cases"]) == 2
        lead = await sign_in(shared_registry, me, Role.LEADERSHIP)
        wall = {"person": public_id("psn", person.key)}
        assert (await lead.send("POST", "/v1/cases/cms/24-2/walls", wall)).status_code == 201
        assert (await person.http.get(path)).content == before.content
        there, nowhere = [
            (await person.http.get(f"/v1/cases/cms/24-{number}/network")) for number in (2, 3)
        ]
        assert (there.status_code, there.json()["code"]) == (404, nowhere.json()["code"])
        head = await sign_in(shared_registry, hub, Role.LEADERSHIP)
        wall = {"office": me.code}
        assert (await head.send("POST", "/v1/cases/cms/24-hub/walls", wall)).status_code == 201
        assert (await network(me, "24-1"))["edges"] == []

    async def test_of_anothers_case_is_not_found(self, shared_registry: Registry) -> None:
        me, other = await make_offices(shared_registry)
        await other.put_case("24-theirs", case(someone()))
        answer = await me.http.get("/v1/cases/cms/24-theirs/network")
        assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")
