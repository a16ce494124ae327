"""What an office looks back at: readings and grants of all its cases, and its own audit."""

from datetime import timedelta
from typing import Any

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.accounts import suspension
from app.core.clock import utc_now
from app.core.db import transaction
from tests.access.people import handle_jointly, sign_in
from tests.factories import Registry
from tests.invariants.test_i6_audited import assert_discloses_nothing, audit_broken
from tests.scenes import make_offices, meet


async def listed(http: Any, path: str) -> list[dict[str, Any]]:
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestReadings:
    async def test_of_all_cases_say_which_one_and_what_for(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        await handle_jointly(met)
        await meet(shared_registry, offices=[met.first, met.second], external_id="24-2")
        opened = await met.first.http.get(f"/v1/overlaps/{met.overlap_id}?reason=plea")
        assert opened.json()["counterpart"]["case"] is not None
        (reading,) = await listed(met.second.http, "/v1/readings")
        assert reading["case"] == {"source_system": "cms", "external_id": "24-1"}
        assert (reading["reason"], reading["office"]) == ("plea", met.first.code)
        assert await listed(met.second.http, "/v1/readings?reason=charging") == []
        assert await listed(met.first.http, "/v1/readings") == []


class TestGrants:
    async def test_of_all_cases_are_listed_by_how_they_stand(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        await meet(shared_registry, offices=[met.first, met.second], external_id="24-2")
        end = (utc_now() + timedelta(days=30)).isoformat()
        asked = {"office": met.second.code, "purpose": "coordination", "expires_at": end}
        made = []
        for number, rung in (("24-1", "contact"), ("24-2", "contact"), ("24-2", "summary")):
            path = f"/v1/cases/cms/{number}/grants"
            answer = await met.first.http.post(path, json={**asked, "rung": rung})
            assert answer.status_code == 201, answer.text
            made.append(answer.json()["id"])
        ended = await met.first.http.delete(f"/v1/cases/cms/24-1/grants/{made[0]}")
        assert ended.status_code == 200
        for shown, expected in (
            ("all", made[::-1]),
            ("waiting", [made[2]]),
            ("in_force", [made[1]]),
            ("ended", [made[0]]),
        ):
            found = await listed(met.first.http, f"/v1/grants?shown={shown}")
            assert [each["id"] for each in found] == expected, shown
        assert found[0]["case"]["external_id"] == "24-1"
        assert await listed(met.second.http, "/v1/grants") == []


class TestAudit:
    async def test_is_the_auditors_and_tells_nothing_of_silent_overlaps(
        self, shared_registry: Registry
    ) -> None:
        one, other = await make_offices(shared_registry)
        hidden = await meet(shared_registry, "open", "silent", offices=[one, other])
        auditor = await sign_in(shared_registry, one, Role.AUDITOR)
        found = await listed(auditor.http, "/v1/audit-entries?limit=100")
        (posted,) = [each for each in found if each["action"] == "case.posted"]
        assert posted["object_name"] == "cms 24-1"
        assert {each["action"].partition(".")[0] for each in found} & {"overlap", "canary"} == set()
        assert hidden.overlap_id not in str(found)
        again = await listed(auditor.http, "/v1/audit-entries?about=people")
        assert again[0]["action"] == "audit.read"
        assert again[0]["actor_name"]
        late = (utc_now() + timedelta(days=1)).isoformat().replace("+00:00", "Z")
        assert await listed(auditor.http, f"/v1/audit-entries?since={late}") == []
        theirs = await sign_in(shared_registry, other, Role.AUDITOR)
        assert not [
            each
            for each in await listed(theirs.http, "/v1/audit-entries?limit=100")
            if each["actor"] == posted["actor"]
        ]

    async def test_names_an_object_by_what_it_is(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        await met.first.http.get(f"/v1/overlaps/{met.overlap_id}?reason=plea")
        await shared_registry.rows(  # a case whose key is the office's
            "INSERT INTO audit_entries (action, office_id, actor, object, recipients, detail,"
            " request_id) SELECT 'case.withdrawn', id, 'x', id, '{}', '{}', '' FROM offices"
            " WHERE code = :code RETURNING audit_entries.id",
            code=met.first.code,
        )
        async with transaction(shared_registry.operator, OPERATOR) as session:
            await suspension.set_suspended(
                session, OPERATOR, met.first.code, is_suspended=False, now=utc_now()
            )
        auditor = await sign_in(shared_registry, met.first, Role.AUDITOR)
        found = await listed(auditor.http, "/v1/audit-entries?limit=100")
        named = {each["action"]: each["object_name"] for each in found}
        assert named["reading.made"] == "cms 24-1"
        assert met.first.code in str(named["office.resumed"])
        assert met.first.code not in str(named["case.withdrawn"])

    async def test_no_row_no_reading(self, registry: Registry) -> None:
        (office,) = await make_offices(registry, 1)
        auditor = await sign_in(registry, office, Role.AUDITOR)
        async with audit_broken(registry):
            assert_discloses_nothing(await auditor.http.get("/v1/audit-entries"))
