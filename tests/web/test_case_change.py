"""Changing a case on its page: what it says, on the version that was read."""

import json
from datetime import timedelta

from app.access.vocabulary import Role
from app.core.clock import utc_now
from tests.blinding import case
from tests.factories import Registry
from tests.scenes import meet, someone
from tests.web.pages import reader

REVIEW_ON = (utc_now() + timedelta(days=200)).date().isoformat()
SAID = {
    "record_class": "charged",
    "trafficking_type": "labor",
    "disclosure": "open",
    "county_fips": "06019",
    "review_on": REVIEW_ON,
    "summary": "Worked for a debt that never got smaller.",
    "origin": "hotline_tip",
    "begins_on": "2024-03-01",
    "stage": "indicted",
    "stage_on": "2025-01-09",
    "handling_code": "ask_before_use",
    "information_confidence": "2",
    "control_official": "Chief, trafficking unit",
}


class TestChange:
    async def test_changes_what_a_case_says_and_keeps_its_overlaps(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        visitor = await reader(shared_registry, meeting.first, Role.PROSECUTOR)
        page = await visitor.page("/cases/cms/24-1")
        assert "/cases/cms/24-1/change" in page.links
        form = (await visitor.page("/cases/cms/24-1/change")).form("/change")
        saved = await visitor.send(form, **SAID)
        assert saved.headers["location"] == "/cases/cms/24-1?note=case-updated", saved.text
        read = (await meeting.first.http.get("/v1/cases/cms/24-1")).json()
        assert read["version"] == 2
        assert read["summary"] == SAID["summary"]
        assert read["facts"]["origin"] == "hotline_tip"
        assert read["facts"]["period"] == {"begins_on": "2024-03-01", "ends_on": None}
        assert read["stages"] == [{"stage": "indicted", "on": "2025-01-09", "is_struck": False}]
        assert read["labels"]["handling_code"] == "ask_before_use"
        assert read["labels"]["information_confidence"] == 2
        shown = (await visitor.get("/cases/cms/24-1")).text
        assert "Chief, trafficking unit" in shown
        assert meeting.overlap_id in shown
        # what the office's system posts counts, also if it is what it had posted before
        again = await meeting.first.put_case("24-1", meeting.first_case)
        assert (again.status_code, again.json()["result"]) == (200, "updated")

    async def test_offences_stay_whatever_became_of_their_rows(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        offences = [
            {"statute": "nv-200.467", "law_on": "2019-05-01"},
            {"statute": "zz-1", "law_on": "2019-05-01"},
        ]
        told = json.dumps({"offences": offences, "industries": ["agriculture"]})
        await shared_registry.rows(
            "UPDATE cases SET facts = CAST(:told AS jsonb) WHERE external_id = '24-1'"
            " AND office_id = (SELECT id FROM offices WHERE code = :code) RETURNING 1",
            told=told,
            code=meeting.first.code,
        )
        visitor = await reader(shared_registry, meeting.first, Role.PROSECUTOR)
        form = (await visitor.page("/cases/cms/24-1/change")).form("/change")
        assert (await visitor.send(form, **SAID)).status_code == 303
        facts = (await meeting.first.http.get("/v1/cases/cms/24-1")).json()["facts"]
        assert [each["statute"] for each in facts["offences"]] == ["nv-200.467", "zz-1"]
        assert (facts["industries"], facts["origin"]) == (["agriculture"], "hotline_tip")
        shown = (await visitor.get("/cases/cms/24-1")).text
        assert "NRS 200.467" in shown
        assert "zz-1" in shown

    async def test_on_another_version_nothing_is_saved_and_nothing_typed_is_lost(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        visitor = await reader(shared_registry, meeting.first, Role.ANALYST)
        form = (await visitor.page("/cases/cms/24-1/change")).form("/change")
        assert (await visitor.send(form, **SAID)).status_code == 303
        refused = await visitor.send(form, **SAID | {"summary": "A second thought."})
        assert refused.status_code == 412
        assert "somebody changed this case" in refused.text
        assert "A second thought." in refused.text
        read = (await meeting.first.http.get("/v1/cases/cms/24-1")).json()
        assert read["summary"] == SAID["summary"]

    async def test_says_where_a_summary_holds_identifiers_and_what_else_is_wrong(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        visitor = await reader(shared_registry, meeting.first, Role.PROSECUTOR)
        form = (await visitor.page("/cases/cms/24-1/change")).form("/change")
        summary = "Call 415-555-0142 or write to x@example.com."
        refused = await visitor.send(form, **SAID | {"summary": summary})
        assert refused.status_code == 422
        assert "character 6" in refused.text
        assert "character 31" in refused.text
        for wrong in (
            {"review_on": "2020-01-01"},
            {"record_class": "declined"},
            {"stage_on": ""},
            {"ends_on": "2023-01-01"},
            {"disclosure": "silent"},
        ):
            assert (await visitor.send(form, **SAID | wrong)).status_code == 422, wrong
        assert (await meeting.first.http.get("/v1/cases/cms/24-1")).json()["version"] == 1

    async def test_is_for_those_who_post_and_for_the_own_office_alone(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, external_id="24-77")
        await meeting.second.put_case("24-78", case(someone()))
        coordinator = await reader(shared_registry, meeting.first, Role.COORDINATOR)
        assert (await coordinator.get("/cases/cms/24-77/change")).status_code == 403
        visitor = await reader(shared_registry, meeting.first, Role.PROSECUTOR)
        assert (await visitor.get("/cases/cms/24-78/change")).status_code == 404
        form = (await visitor.page("/cases/cms/24-77/change")).form("/change")
        form.action = "/cases/cms/24-78/change"
        assert (await visitor.send(form, **SAID)).status_code == 404
