from app.access.vocabulary import Role
from tests.access.people import sign_in
from tests.blinding import case, person
from tests.factories import OfficeClient, Registry


class TestMainJob:
    async def test_two_offices_post_and_settle_joint_handling(
        self, registry: Registry, two_offices: tuple[OfficeClient, OfficeClient]
    ) -> None:
        first, second = two_offices
        posted = await first.put_case("24-1", case(person(phones=["415-555-0132"])))
        assert posted.status_code == 201, posted.text
        assert posted.json()["overlaps"] == []
        answer = await second.put_case("N-7", case(person(phones=["415-555-0132"])))
        assert answer.status_code == 201, answer.text
        (overlap,) = answer.json()["overlaps"]
        assert overlap["band"] == "strong"
        assert overlap["rung"] == "contact"
        assert overlap["counterpart"]["office"]["code"] == first.code
        assert {f["finding"] for f in overlap["findings"]} == {"same_person", "shared_identifier"}
        (mine,) = await first.overlaps()
        assert mine["id"] == overlap["id"]
        asked = await first.request_handling(mine["id"])
        assert asked.status_code == 201, asked.text
        received = (await second.http.get("/v1/handling-requests")).json()["items"][0]
        assert received["direction"] == "received"
        accepted = await second.answer(received["id"], {"answer": "accept"})
        assert accepted.status_code == 200, accepted.text
        assert accepted.json()["status"] == "accepted"
        path = "/v1/cases/cms/24-1/grants"
        (waiting, *_) = (await first.http.get(path)).json()["items"]
        lead = await sign_in(registry, first, Role.LEADERSHIP)
        body = {"digest": waiting["digest"]}
        approved = await lead.send("POST", f"{path}/{waiting['id']}/approvals", body)
        assert approved.status_code == 200, approved.text
        path = f"/v1/overlaps/{overlap['id']}?reason=joint_handling"
        after = (await second.http.get(path)).json()
        assert after["rung"] == "summary"
        assert after["counterpart"]["case"]["trafficking_type"] == "labor"
