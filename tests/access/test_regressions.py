"""The fifteen failures of MISP and Bitwarden, 2023 to 2026, each as a test of this service.

A name ends with the CVE that it is after. All are of sharing between organisations.
"""

from typing import Any

import pytest

from app.access import policy
from app.access.policy import PolicyError
from app.access.vocabulary import Role
from tests.access.people import sign_in
from tests.blinding import case
from tests.documented import document
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, make_offices, meet, someone
from tests.sharing.test_glass import REASON
from tests.sharing.test_grants import PATH, SOON, give


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry, "open", "silent")


async def rows(meeting: Meeting, client: OfficeClient) -> list[Any]:
    return await meeting.registry.rows(
        "SELECT c.* FROM cases c JOIN offices f ON f.id = c.office_id WHERE f.code = :code"
        " ORDER BY c.id",
        code=client.code,
    )


class TestSharing:
    async def test_correlation_obeys_the_owners_choice_2026_85226(self, meeting: Meeting) -> None:
        put = await meeting.first.put_case("24-2", meeting.first_case)
        assert put.json()["overlaps"] == await meeting.first.overlaps() == []

    async def test_bulk_checks_each_object_2026_56423(self, meeting: Meeting) -> None:
        kept = await rows(meeting, meeting.second)
        item = {"source_system": "cms", "external_id": "24-1", "case": case(someone())}
        answer = await meeting.first.http.put("/v1/cases", json={"cases": [item]})
        assert answer.json()["results"][0]["result"] == "updated"
        assert await rows(meeting, meeting.second) == kept
        people = [
            await sign_in(meeting.registry, meeting.first, role)
            for role in (Role.LEADERSHIP, Role.PROSECUTOR)
        ]
        lead, person = people
        wall = {"person": f"psn_{person.key.hex}"}
        assert (await lead.send("POST", "/v1/cases/cms/24-1/walls", wall)).status_code == 201
        kept = await rows(meeting, meeting.first)
        items = [item, {**item, "external_id": "24-9", "case": case(someone())}]
        answer = await person.send("PUT", "/v1/cases", {"cases": items})
        refused, posted = answer.json()["results"]
        assert refused["problem"]["code"] == "case-not-found"
        assert posted["result"] == "created"
        assert (await rows(meeting, meeting.first))[:-1] == kept

    async def test_what_is_checked_is_what_is_changed_2026_56424(self, meeting: Meeting) -> None:
        owner = meeting.second
        await owner.put_case("24-2", case(someone()))
        grant = (await give(owner, meeting.first, "contact")).json()
        answer = await owner.http.delete(f"/v1/cases/cms/24-2/grants/{grant['id']}")
        assert (answer.status_code, answer.json()["code"]) == (404, "grant-not-found")
        assert (await owner.http.get(PATH)).json()["items"][0]["state"] == "in_force"

    @pytest.mark.parametrize("name", ["id", "office_id", "owner", "version", "granted_by", "rung"])
    async def test_ids_and_owners_are_never_taken_from_the_caller_2026_94374(
        self, meeting: Meeting, name: str
    ) -> None:
        kept = await rows(meeting, meeting.first)
        body = {**meeting.first_case, "summary": "Other words."}
        path = "/v1/cases/cms/24-1"
        assert (await meeting.first.http.put(path, json={**body, name: 1})).status_code == 422
        assert (await meeting.first.http.put(f"{path}?{name}=1", json=body)).status_code == 400
        assert await rows(meeting, meeting.first) == kept

    async def test_no_grant_without_a_level_2026_85533(self, meeting: Meeting) -> None:
        body = {"office": meeting.first.code, "purpose": "transfer", "expires_at": SOON}
        assert (await meeting.second.http.post(PATH, json=body)).status_code == 422
        assert (await meeting.second.http.get(PATH)).json()["items"] == []

    async def test_being_named_is_not_enough_2026_112178(self, meeting: Meeting) -> None:
        named = (await give(meeting.second, meeting.first, "summary")).json()
        assert named["state"] == "pending"  # nobody approved it
        assert await meeting.first.overlaps() == []
        lead = await sign_in(meeting.registry, meeting.second, Role.LEADERSHIP)
        path = f"{PATH}/{named['id']}/approvals"
        assert (await lead.send("POST", path, {"digest": named["digest"]})).status_code == 200
        assert [each["rung"] for each in await meeting.first.overlaps()] == ["summary"]

    async def test_a_child_is_no_more_open_than_its_parent_2026_95683(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        asked = (await meeting.first.request_handling(meeting.overlap_id)).json()
        lead = await sign_in(shared_registry, meeting.first, Role.LEADERSHIP)
        await lead.send("POST", "/v1/cases/cms/24-1/walls", {"office": meeting.second.code})
        for path in (f"/v1/overlaps/{meeting.overlap_id}", f"/v1/handling-requests/{asked['id']}"):
            assert (await meeting.second.http.get(path)).status_code == 404
        answer = await meeting.second.answer(asked["id"], {"answer": "accept"})
        assert answer.status_code == 404

    async def test_every_way_of_storing_checks_alike_2026_95671(self, meeting: Meeting) -> None:
        reader = meeting.registry.client(
            meeting.first.code, meeting.first.client_id, "cases:read overlaps:read"
        )
        bad = {**meeting.first_case, "summary": "Call 415-555-0142."}
        item = {"source_system": "cms", "external_id": "24-1", "case": bad}
        for client, status in ((reader, {403}), (meeting.first, {200, 422})):
            one = await client.put_case("24-1", bad)
            many = await client.http.put("/v1/cases", json={"cases": [item]})
            assert {one.status_code, many.status_code} == status
        assert many.json()["results"][0]["problem"]["code"] == "summary-holds-identifier"

    @pytest.mark.parametrize("changes", [{"office": "*"}, {"rung": "*"}, {"purpose": "%"}])
    async def test_a_wildcard_is_no_name_2026_95685(
        self, meeting: Meeting, changes: dict[str, str]
    ) -> None:
        assert (await give(meeting.second, meeting.first, **changes)).status_code == 422
        assert await meeting.first.overlaps() == []
        wild = meeting.registry.client(meeting.first.code, meeting.first.client_id, "* overlaps:*")
        assert (await wild.http.get("/v1/overlaps")).status_code in {401, 403}

    def test_a_typing_error_in_the_table_stops_the_start_2026_95805(self) -> None:
        with pytest.raises(PolicyError):
            policy._load(
                policy._ROLES.replace("analyst", "analyts"), policy._CLASSES, policy._DISCLOSED
            )

    async def test_one_item_is_filtered_like_the_list_2026_60125(self, meeting: Meeting) -> None:
        assert await meeting.first.overlaps() == []
        single = await meeting.first.http.get(f"/v1/overlaps/{meeting.overlap_id}")
        asked = await meeting.first.request_handling(meeting.overlap_id)
        assert (single.status_code, asked.status_code) == (404, 404)

    async def test_nothing_forces_anothers_record_2026_95697(self, meeting: Meeting) -> None:
        kept = await rows(meeting, meeting.second)
        answer = await meeting.first.http.put(
            "/v1/cases/cms/24-1?force=true", json=meeting.first_case
        )
        assert answer.status_code == 400
        assert (await meeting.first.put_case("24-1", case(someone()))).status_code == 200
        assert await rows(meeting, meeting.second) == kept

    async def test_the_audit_is_not_to_be_read_2023_50918(self, meeting: Meeting) -> None:
        assert [path for path in document()["paths"] if "audit" in path] == ["/v1/audit-entries"]
        for path in ("/v1/audit", "/v1/audit_entries"):
            assert (await meeting.first.http.get(path)).status_code == 404
        refused = await meeting.first.http.get("/v1/audit-entries")  # for auditors, who are people
        assert refused.status_code == 403

    async def test_an_empty_list_opens_nothing_2026_43638(self, meeting: Meeting) -> None:
        (office,) = await make_offices(meeting.registry, 1)
        nobody = meeting.registry.client(office.code, office.client_id, "")
        for path in ("/v1/cases", "/v1/overlaps", "/v1/handling-requests", "/v1/glass-breaks"):
            assert (await nobody.http.get(path)).status_code == 403
        assert (await office.http.put("/v1/cases", json={"cases": []})).status_code == 422
        assert policy.permissions_of([]) == frozenset()

    async def test_no_secret_act_without_a_fresh_factor_2026_43640(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        roles = Role.LEADERSHIP, Role.ADMINISTRATOR
        lead = await sign_in(shared_registry, meeting.first, *roles, minutes_ago=16)
        none, account = "0" * 32, {"account": "new.person", "name": "New", "roles": ["analyst"]}
        for method, path, body in (
            ("GET", "/v1/me/totp", None),
            ("POST", "/v1/people", account),
            ("POST", f"/v1/people/psn_{none}/enrolment", {"forget_factors": True}),
            ("POST", "/v1/webhooks", {"url": "https://cms.example.com/joinder"}),
            ("POST", f"/v1/webhooks/whk_{none}/secret", {"ends_old": True}),
            ("POST", f"/v1/overlaps/{meeting.overlap_id}/glass-breaks", {"reason": REASON}),
            ("POST", f"{PATH}/grt_{none}/approvals", {"digest": "0" * 64}),
            ("DELETE", f"/v1/cases/cms/24-1/walls/wal_{none}", None),
        ):
            assert (await lead.send(method, path, body)).json()["code"] == "step-up-needed"
        assert "jwk" not in (await meeting.first.http.get("/v1/me")).text
