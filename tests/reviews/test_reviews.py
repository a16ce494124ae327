"""Second readings of summaries, legal holds and corrections."""

import asyncpg
import pytest

from app.access.vocabulary import Role
from app.core.ids import parse_public_id
from tests.access.people import Person, sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import at_once, make_offices, meet, someone

SUMMARY = "Crew slept in the trailer that the growers call ABC 1234."
REASON = "The number is one of a trailer on the farm."
PATH = "/v1/cases/cms/24-1"


@pytest.fixture
async def office(shared_registry: Registry) -> OfficeClient:
    return (await make_offices(shared_registry, 1))[0]


async def two_persons(registry: Registry, office: OfficeClient) -> tuple[Person, Person]:
    return (
        await sign_in(registry, office, Role.LEADERSHIP),
        await sign_in(registry, office, Role.PROSECUTOR),
    )


class TestSummaryReadings:
    async def test_two_persons_let_a_summary_pass_that_was_refused(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        one, two = await two_persons(shared_registry, office)
        body = case(someone(), summary=SUMMARY)
        refused = await office.put_case("24-1", body)
        assert refused.json()["code"] == "summary-holds-identifier"
        assert "ABC" not in refused.text
        asked = await one.send(
            "POST", "/v1/summary-readings", {"summary": SUMMARY, "reason": REASON}
        )
        assert (asked.status_code, asked.json()["forms"]) == (201, ["plate"])
        assert (await office.put_case("24-1", body)).status_code == 422
        path = f"/v1/summary-readings/{asked.json()['id']}/second"
        same = await one.send("POST", path, {"summary": SUMMARY})
        assert (same.status_code, same.json()["code"]) == (403, "second-person-needed")
        other = await two.send("POST", path, {"summary": SUMMARY + " "})
        assert (other.status_code, other.json()["code"]) == (409, "summary-differs")
        assert (await two.send("POST", path, {"summary": SUMMARY})).status_code == 200
        assert (await office.put_case("24-1", body)).status_code == 201
        bulk = {"source_system": "cms", "external_id": "24-2", "case": body}
        put = await office.http.put("/v1/cases", json={"cases": [bulk]})
        assert put.json()["results"][0]["result"] == "created"
        changed = {**body, "summary": SUMMARY.replace("ABC", "ABD")}
        assert (await office.put_case("24-1", changed)).status_code == 422
        stored = await shared_registry.rows("SELECT s::text FROM summary_readings s")
        assert not any("trailer that" in row[0] for row in stored)

    async def test_is_of_one_office_and_not_of_machines(self, shared_registry: Registry) -> None:
        mine, other = await make_offices(shared_registry)
        one, two = await two_persons(shared_registry, mine)
        body = {"summary": SUMMARY, "reason": REASON}
        asked = (await one.send("POST", "/v1/summary-readings", body)).json()
        again = (await one.send("POST", "/v1/summary-readings", body)).json()
        assert asked == again
        stranger = await sign_in(shared_registry, other, Role.LEADERSHIP)
        path = f"/v1/summary-readings/{asked['id']}/second"
        answer = await stranger.send("POST", path, {"summary": SUMMARY})
        assert (answer.status_code, answer.json()["code"]) == (404, "summary-reading-not-found")
        await two.send("POST", path, {"summary": SUMMARY})
        assert (await other.put_case("24-1", case(someone(), summary=SUMMARY))).status_code == 422
        assert (await mine.http.post("/v1/summary-readings", json=body)).status_code == 403
        clean = {"summary": "Crew slept in a trailer.", "reason": REASON}
        needless = await one.send("POST", "/v1/summary-readings", clean)
        assert needless.json()["code"] == "summary-reading-not-needed"
        quoting = {"summary": SUMMARY, "reason": "ABC 1234 is no plate."}
        quoted = await one.send("POST", "/v1/summary-readings", quoting)
        assert quoted.json()["code"] == "reason-holds-identifier"


class TestHolds:
    async def test_one_keeps_the_case_and_takes_it_from_matching(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        owner, other = meeting.second, meeting.first
        lead, prosecutor = await two_persons(shared_registry, owner)
        assert await other.overlaps()
        body = {"reason": "Preservation order of the court."}
        assert (await prosecutor.send("PUT", f"{PATH}/hold", body)).status_code == 403
        held = await lead.send("PUT", f"{PATH}/hold", body)
        assert held.status_code == 200, held.text
        assert (await other.overlaps(), await owner.overlaps()) == ([], [])
        read = (await owner.http.get(PATH)).json()
        assert read["summary"] == meeting.second_case["summary"]
        assert read["held_at"] is not None
        changed = {**meeting.second_case, "summary": "Another text."}
        for answer in (
            await owner.put_case("24-1", meeting.second_case),
            await owner.put_case("24-1", changed),
            await owner.http.delete(PATH),
            await lead.send("PUT", f"{PATH}/hold", body),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "case-held")
        items = [{"source_system": "cms", "external_id": "24-1", "case": changed}]
        bulk = await owner.http.put("/v1/cases", json={"cases": items})
        assert bulk.json()["results"][0]["problem"]["code"] == "case-held"
        assert (await owner.http.get(PATH)).json()["summary"] == read["summary"]
        assert (await other.put_case("24-1", meeting.first_case)).json()["overlaps"] == []
        lifted = await lead.send("DELETE", f"{PATH}/hold")
        assert lifted.json() == {"held_at": None, "reason": None}
        assert (await lead.send("DELETE", f"{PATH}/hold")).json()["code"] == "case-not-held"
        assert await other.overlaps() == []
        again = await owner.put_case("24-1", meeting.second_case)
        assert len(again.json()["overlaps"]) == 1
        actions = [
            action
            for action in ("case.held", "case.hold_lifted")
            if any(e["actor"] == f"person:{lead.key}" for e in await shared_registry.audit(action))
        ]
        assert actions == ["case.held", "case.hold_lifted"]

    async def test_of_two_at_once_one_does_it(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        await office.put_case("24-1", case(someone()))
        heads = [await sign_in(shared_registry, office, Role.LEADERSHIP) for _ in range(2)]
        lock = (
            "SELECT FROM cases c JOIN offices f ON f.id = c.office_id WHERE f.code = :code"
            " FOR UPDATE OF c"
        )
        for way, body, told in (
            ("PUT", {"reason": "Preservation order of the court."}, ("case-held", "held")),
            ("DELETE", None, ("case-not-held", "not_held")),
        ):
            both = [each.send(way, f"{PATH}/hold", body) for each in heads]
            answers = await at_once(shared_registry, lock, both, code=office.code)
            won, lost = sorted(answers, key=lambda each: each.status_code)
            assert (won.status_code, lost.status_code) == (200, 409)
            assert (lost.json()["code"], lost.json()["status_now"]) == told


class TestCorrections:
    async def test_another_person_settles_and_the_outcome_stays(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        await office.put_case("24-1", case(someone()))
        one, two = [await sign_in(shared_registry, office, Role.LEADERSHIP) for _ in range(2)]
        ask = {"asked_for": "counsel", "ground": "not_the_person"}
        asked = await one.send("POST", f"{PATH}/corrections", ask)
        assert asked.status_code == 201, asked.text
        path = f"{PATH}/corrections/{asked.json()['id']}/outcome"
        same = await one.send("POST", path, {"outcome": "stands"})
        assert (same.status_code, same.json()["code"]) == (403, "second-person-needed")
        settled = await two.send("POST", path, {"outcome": "changed"})
        assert settled.json()["outcome"] == "changed"
        again = await two.send("POST", path, {"outcome": "stands"})
        assert (again.status_code, again.json()["code"]) == (409, "correction-settled")
        listed = await office.http.get(f"{PATH}/corrections")
        assert listed.json()["items"] == [settled.json()]
        entry = [
            e for e in await shared_registry.audit("correction.settled")
            if e["object"] == asked.json()["id"]
        ]  # fmt: skip
        assert [e["detail"]["outcome"] for e in entry] == ["changed"]

    async def test_of_two_who_settle_it_at_once_one_does(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        await office.put_case("24-1", case(someone()))
        heads = [await sign_in(shared_registry, office, Role.LEADERSHIP) for _ in range(3)]
        ask = {"asked_for": "counsel", "ground": "not_the_person"}
        asked = (await heads[0].send("POST", f"{PATH}/corrections", ask)).json()
        path = f"{PATH}/corrections/{asked['id']}/outcome"
        answers = await at_once(
            shared_registry,
            "SELECT FROM corrections WHERE id = :id FOR UPDATE",
            [
                head.send("POST", path, {"outcome": outcome})
                for head, outcome in zip(heads[1:], ("stands", "changed"), strict=True)
            ],
            id=parse_public_id("cor", asked["id"]),
        )
        assert sorted(each.status_code for each in answers) == [200, 409]
        won, lost = sorted((each.json() for each in answers), key=lambda each: "code" in each)
        assert (lost["code"], lost["status_now"]) == ("correction-settled", won["outcome"])

    async def test_of_another_office_there_is_nothing_to_find(
        self, shared_registry: Registry
    ) -> None:
        mine, other = await make_offices(shared_registry)
        await mine.put_case("24-1", case(someone()))
        lead = await sign_in(shared_registry, other, Role.LEADERSHIP)
        ask = {"asked_for": "own_office", "ground": "wrong_data"}
        for method, path, body in (
            ("POST", f"{PATH}/corrections", ask),
            ("GET", f"{PATH}/corrections", None),
            ("PUT", f"{PATH}/hold", {"reason": "Preservation order."}),
        ):
            answer = await lead.send(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")

    async def test_the_database_wants_two_persons(self, database_url: str) -> None:
        connection = await asyncpg.connect(database_url)
        try:
            rules = await connection.fetch(
                "SELECT conrelid::regclass::text FROM pg_constraint"
                " WHERE conname ~ '^ck_(corrections|summary_readings)_two_persons$'"
            )
        finally:
            await connection.close()
        assert {row[0] for row in rules} == {"corrections", "summary_readings"}
