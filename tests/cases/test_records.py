"""What a record class asks for, and what of a case is shown on which rung."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from app.access.vocabulary import Role
from app.core.clock import utc_now
from tests.access.people import approve_summary, handle_jointly, sign_in
from tests.blinding import attested, case
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, meet, phone, someone

FACTS: dict[str, Any] = {
    "offences": [
        {"statute": "ca-pc-236.1", "law_on": "2011-05-01", "charged_on": "2013-02-01"},
        {"nibrs": "40B"},
    ],
    "industries": ["agriculture"],
    "origin": "labor_inspection",
    "co_offences": ["wage_theft", "210"],
    "period": {"begins_on": "2010-01-01", "ends_on": "2011-06-30"},
}
LABELS = {"sensitivity": "sensitive", "control_official": "Chief, trafficking unit"}
STAGE = {"stage": "complaint_filed", "on": "2013-02-01"}
PATH = "/v1/cases/cms/24-1"


@pytest.fixture
async def office(shared_registry: Registry) -> OfficeClient:
    return (await make_offices(shared_registry, 1))[0]


class TestClasses:
    @pytest.mark.parametrize("record_class", ["pre_charge", "declined"])
    async def test_who_is_not_charged_needs_an_attestation_of_its_own(
        self, office: OfficeClient, record_class: str
    ) -> None:
        good = case(someone(), record_class=record_class)
        other = {"pre_charge": "declined", "declined": "pre_charge"}[record_class]
        wrong = {**good["attestation"], "attests": other}
        later = {
            **good["attestation"],
            "attested_on": (utc_now() + timedelta(days=2)).date().isoformat(),
        }
        for attestation in (None, wrong, later):
            answer = await office.put_case("24-1", {**good, "attestation": attestation})
            assert answer.status_code == 422, answer.text
        assert (await office.put_case("24-1", good)).status_code == 201
        read = (await office.http.get(PATH)).json()
        assert read["attestation"] == good["attestation"]

    async def test_declined_has_a_coded_reason_and_a_year_at_most(
        self, office: OfficeClient
    ) -> None:
        good = case(someone(), record_class="declined")
        too_far = (utc_now() + timedelta(days=367)).date().isoformat()
        for changes in ({"declined_reason": None}, {"declined_reason": "because"},
                        {"review_on": too_far}):  # fmt: skip
            answer = await office.put_case("24-1", {**good, **changes})
            assert answer.status_code == 422
        charged = await office.put_case("24-1", case(someone(), declined_reason="venue"))
        assert charged.status_code == 422
        assert (await office.put_case("24-1", good)).status_code == 201

    async def test_sealed_is_refused(self, office: OfficeClient) -> None:
        answer = await office.put_case("24-1", case(someone(), record_class="sealed"))
        assert answer.status_code == 422

    async def test_the_database_holds_each_rule_by_itself(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        body = case(someone(), record_class="declined", stages=[STAGE])
        assert (await office.put_case("24-1", body)).status_code == 201
        for change, constraint in (
            ("attestation = NULL", "attestation"),
            ("attestation = NULL, awaits_attestation = true", "attestation"),
            ("attestation = attestation - 'support_at'", "attestation"),
            ("attestation = jsonb_set(attestation, '{attests}', '\"charged\"')", "attestation"),
            ("attestation = jsonb_set(attestation, '{attested_on}', '\"9999\"')", "attestation"),
            ("record_class = 'sealed', declined_reason = NULL", "record_class"),
            ("declined_reason = NULL", "declined_reason"),
            ("review_on = validated_on + 367", "declined_review_on"),
            ("facts = '[]'", "forms"),
            ("held_at = now()", "held"),
            ("provenances = '{hotline}'", "provenances"),
            ("provenances = provenances || '{victim_services}'", "provenances"),
            ("stages = '[]'", "stages_stay"),
        ):
            with pytest.raises(
                IntegrityError, match=f"ck_cases_{constraint}|stage that was|earlier release"
            ):
                await shared_registry.rows(
                    f"UPDATE cases SET {change} FROM offices f"  # noqa: S608 -- constants above
                    " WHERE f.id = office_id AND f.code = :code RETURNING cases.id",
                    code=office.code,
                )


class TestSubjects:
    @pytest.mark.parametrize(
        "changes", [{"is_juvenile": True}, {"standing": "not_suspected"}], ids=str
    )
    async def test_who_is_not_matched_has_no_token_anywhere(
        self, shared_registry: Registry, changes: dict[str, Any]
    ) -> None:
        one, other = await make_offices(shared_registry)
        shared = someone(phones=(phone(),))
        await one.put_case("24-1", case(shared))
        refused = await other.put_case("24-1", case(shared | changes))
        assert refused.status_code == 422
        apart = {"ref": "2", **changes}
        put = await other.put_case("24-1", case(someone(), apart))
        assert put.status_code == 201, put.text
        assert [each["ref"] for each in put.json()["subjects"]] == ["1"]
        read = (await other.http.get(PATH)).json()
        assert read["apart"] == [
            {"kind": "person", "standing": "suspected", "is_juvenile": False, **apart}
        ]
        assert await other.overlaps() == []
        rows = await shared_registry.rows(
            "SELECT s.ref FROM subjects s JOIN offices f ON f.id = s.office_id"
            " WHERE f.code = :code",
            code=other.code,
        )
        assert [row[0] for row in rows] == ["1"]

    @pytest.mark.parametrize("source", ["victim_services", "hotline"])
    async def test_what_victims_told_in_confidence_is_no_source(
        self, office: OfficeClient, source: str
    ) -> None:
        subject = someone(phones=(phone(),))
        subject["identifiers"][0]["provenance"] = source
        answer = await office.put_case("24-1", case(subject))
        assert (answer.status_code, source in answer.text) == (422, False)

    async def test_where_the_office_has_it_from_is_kept_until_it_is_withdrawn(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        put = await office.put_case("24-1", case(someone(phones=(phone(),))))
        assert put.status_code == 201, put.text
        read = (await office.http.get(PATH)).json()
        assert read["provenances"] == ["own_investigation", "police_report"]
        assert (await office.http.delete(PATH)).status_code == 204
        rows = await shared_registry.rows(
            "SELECT provenances FROM cases c JOIN offices o ON o.id = c.office_id"
            " WHERE o.code = :code",
            code=office.code,
        )
        assert rows[0][0] == []


class TestFacts:
    async def test_are_read_with_the_law_of_their_day(self, office: OfficeClient) -> None:
        await office.put_case("24-1", case(someone(), facts=FACTS, labels=LABELS))
        read = (await office.http.get(PATH)).json()
        first, second = read["facts"]["offences"]
        assert first["citation"] == "Cal. Penal Code 236.1"
        assert (first["nibrs"], first["is_verified"]) == (["64A", "64B"], False)
        assert (second["nibrs"], second["title"]) == (
            ["40B"],
            "Assisting or promoting prostitution",
        )
        for name in ("industries", "origin", "co_offences", "period"):
            assert read["facts"][name] == FACTS[name]
        assert {name: read["labels"][name] for name in LABELS} == LABELS

    @pytest.mark.parametrize(
        "offence",
        [
            {"statute": "ca-pc-236.1", "law_on": "2012-11-07"},
            {"statute": "ca-pc-236.1"},
            {"statute": "zz-1", "law_on": "2020-01-01"},
            {"statute": "nv-200.467", "law_on": "2020-01-01"},
            {"statute": "ca-pc-236.1", "law_on": "2011-05-01", "nibrs": "64A"},
            {},
        ],
        ids=str,
    )
    async def test_what_the_table_has_not_for_that_day_is_refused(
        self, office: OfficeClient, offence: dict[str, Any]
    ) -> None:
        answer = await office.put_case("24-1", case(someone(), facts={"offences": [offence]}))
        assert answer.status_code == 422

    @pytest.mark.parametrize(
        ("told", "pointer"),
        [
            ({"opened_on": "{}"}, "/opened_on"),
            ({"stages": [{"stage": "plea", "on": "{}"}]}, "/stages/0/on"),
            ({"facts": {"period": {"begins_on": "{}"}}}, "/facts/period/begins_on"),
            ({"facts": {"offences": [{"nibrs": "64A", "charged_on": "{}"}]}},
             "/facts/offences/0/charged_on"),
            ({"facts": {"offences": [{"statute": "ca-pc-236.1-b", "law_on": "{}"}]}},
             "/facts/offences/0/law_on"),
        ],
        ids=str,
    )  # fmt: skip
    async def test_what_has_happened_is_of_no_day_to_come(
        self, office: OfficeClient, told: dict[str, Any], pointer: str
    ) -> None:
        for days, status in ((2, 422), (0, 201)):
            day = (utc_now() + timedelta(days=days)).date().isoformat()
            body = case(someone(), **json.loads(json.dumps(told).replace("{}", day)))
            answer = await office.put_case("24-1", body)
            assert answer.status_code == status, answer.text
            if status == 422:
                assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]

    async def test_a_step_that_was_struck_is_of_any_day(self, office: OfficeClient) -> None:
        day = (utc_now() + timedelta(days=30)).date().isoformat()
        struck = [{**STAGE, "on": day, "is_struck": True}]  # as older releases took them
        answer = await office.put_case("24-1", case(someone(), stages=struck))
        assert answer.status_code == 201, answer.text

    @pytest.mark.parametrize("county", ["00000", "06000", "99001"])
    async def test_a_county_that_is_none_is_refused(
        self, office: OfficeClient, county: str
    ) -> None:
        assert (
            await office.put_case("24-1", case(someone(), county_fips=county))
        ).status_code == 422

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("labels", {"control_official": "Reach at 415-555-0132"}),
            (
                "attestation",
                {**attested("pre_charge")["attestation"], "support_at": "DOB 1/2/1990"},
            ),
        ],
    )
    async def test_words_of_the_office_hold_no_identifier(
        self, office: OfficeClient, name: str, value: object
    ) -> None:
        body = case(someone(), record_class="pre_charge") | {name: value}
        answer = await office.put_case("24-1", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "text-holds-identifier")
        assert answer.json()["errors"][0]["pointer"].startswith(f"/{name}/")


class TestStages:
    async def test_add_up_and_mistakes_are_struck(self, office: OfficeClient) -> None:
        body = case(someone())
        second = {"stage": "plea", "on": "2013-09-01"}
        for stages in ([STAGE], [second], [], [{**second, "is_struck": True}], [STAGE]):
            assert (await office.put_case("24-1", {**body, "stages": stages})).status_code < 300
        read = (await office.http.get(PATH)).json()["stages"]
        assert [(each["stage"], each["is_struck"]) for each in read] == [
            ("complaint_filed", False), ("plea", False), ("plea", True),
        ]  # fmt: skip

    async def test_go_with_a_case_that_is_withdrawn(self, office: OfficeClient) -> None:
        body = case(someone(), stages=[STAGE], facts=FACTS, labels=LABELS)
        await office.put_case("24-1", body)
        assert (await office.http.delete(PATH)).status_code == 204
        await office.put_case("24-1", {**body, "stages": [], "facts": {}})
        read = (await office.http.get(PATH)).json()
        assert (read["stages"], read["facts"]["offences"]) == ([], [])


class TestLadder:
    async def test_shows_facts_with_the_summary_and_stages_to_nobody_before(
        self, shared_registry: Registry
    ) -> None:
        """Below the summary two posts that differ in all that is new answer byte for byte alike."""
        one, other = await make_offices(shared_registry)
        meeting = await meet(shared_registry, offices=[one, other])
        path = f"/v1/overlaps/{meeting.overlap_id}"
        bare = (await one.http.get(path)).content
        told = {"facts": FACTS, "labels": LABELS, "stages": [STAGE]}
        put = await other.put_case("24-1", {**meeting.second_case, **told})
        assert put.json()["result"] == "updated"
        assert (await one.http.get(path)).content == bare
        await handle_jointly(meeting)
        seen = (await one.http.get(path, params={"reason": "charging"})).json()
        assert seen["rung"] == "summary"
        shown = seen["counterpart"]["case"]
        assert shown["facts"]["industries"] == FACTS["industries"]
        assert shown["labels"]["sensitivity"] == "sensitive"
        assert not {"attestation", "apart", "held_at"} & shown.keys()
        assert seen["counterpart"]["stages"] is None

    async def test_shows_stages_at_the_rung_record(self, shared_registry: Registry) -> None:
        one, other = await make_offices(shared_registry)
        meeting = await meet(shared_registry, offices=[one, other])
        await other.put_case("24-1", {**meeting.second_case, "stages": [STAGE]})
        until = (utc_now() + timedelta(days=30)).isoformat()
        asked = {"office": one.code, "rung": "record", "purpose": "coordination"}
        grant = await other.http.post(f"{PATH}/grants", json={**asked, "expires_at": until})
        assert grant.status_code == 201, grant.text
        await approve_summary(meeting, other)
        reader = await sign_in(shared_registry, one, Role.PROSECUTOR)
        path = f"/v1/overlaps/{meeting.overlap_id}"
        seen = (await reader.send("GET", f"{path}?reason=charging")).json()
        assert (seen["rung"], seen["counterpart"]["stages"]) == (
            "record", [{**STAGE, "is_struck": False}],
        )  # fmt: skip
        by_machine = (await one.http.get(path)).json()
        assert (by_machine["rung"], by_machine["counterpart"]["stages"]) == ("summary", None)
