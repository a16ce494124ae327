import asyncio
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from app.core.clock import utc_now
from app.identifiers.encoding import b64u_encode
from app.identifiers.kinds import IDENTIFIER_KINDS, KINDS
from tests.blinding import case, element, person
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, phone, someone, something


@pytest.fixture
async def office(shared_registry: Registry) -> OfficeClient:
    return (await make_offices(shared_registry, 1))[0]


def item(external_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"source_system": "cms", "external_id": external_id, "case": body}


async def stored(registry: Registry, client: OfficeClient) -> list[str]:
    """Return the external ids of the office's cases as the database has them."""
    rows = await registry.rows(
        "SELECT external_id FROM cases c JOIN offices f ON f.id = c.office_id"
        " WHERE f.code = :code ORDER BY external_id",
        code=client.code,
    )
    return [row[0] for row in rows]


class TestPutCase:
    async def test_a_new_case_is_created_and_answered_with_its_tokens(
        self, office: OfficeClient
    ) -> None:
        subject = someone(phones=(phone(),))
        answer = await office.put_case("24-1", case(subject))
        assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
        body = answer.json()
        tokens = sum(len(name["tokens"]) for name in subject["names"]) + 1
        assert body["subjects"] == [{"ref": "1", "tokens": tokens, "common": []}]
        assert (body["result"], body["version"], body["overlaps"]) == ("created", 1, [])

    async def test_a_changed_case_replaces_the_former_one(self, office: OfficeClient) -> None:
        body = case(someone(), summary="First text.")
        await office.put_case("24-1", body)
        changes = {"summary": "Second text.", "record_class": "disposed", "county_fips": "06019"}
        answer = await office.put_case("24-1", {**body, **changes})
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
        assert answer.json()["result"] == "updated"
        read = (await office.http.get("/v1/cases/cms/24-1")).json()
        assert {name: read[name] for name in changes} == changes
        assert read["version"] == 2

    async def test_with_if_match_only_the_version_that_was_read_is_replaced(
        self, office: OfficeClient
    ) -> None:
        first, second = case(someone(), summary="One."), case(someone(), summary="Two.")
        statuses = []
        for etag, body in (
            ('"0"', first), ('"1"', first), ('"1"', second), ('"1"', first), ('"2"', second),
        ):  # fmt: skip
            answer = await office.http.put(
                "/v1/cases/cms/24-1", json=body, headers={"If-Match": etag}
            )
            statuses.append(answer.status_code)
            if etag == '"0"':
                await office.put_case("24-1", first)
        assert statuses == [412, 200, 200, 412, 200]
        assert (await office.http.get("/v1/cases/cms/24-1")).json()["summary"] == "Two."

    @pytest.mark.parametrize(
        ("header", "stands"),
        [
            ("*", True), ('"7", "1"', True), ('"1"', True), ('W/"1"', False), ('"None"', False),
            ("1", False), ('"2"', False), ('"1" "2"', True), ('"1", x', False), ('""', False),
        ],
    )  # fmt: skip
    async def test_if_match_names_versions_that_stand(
        self, office: OfficeClient, header: str, *, stands: bool
    ) -> None:
        path, named = "/v1/cases/cms/24-1", {"If-Match": header}
        absent = await office.http.put(path, json=case(someone()), headers=named)
        assert absent.status_code == 412
        gone = await office.http.delete(path, headers=named)
        assert gone.status_code == 404
        await office.put_case("24-1", case(someone()))
        replaced = await office.http.delete(path, headers=named)
        assert replaced.status_code == (204 if stands else 412)

    @pytest.mark.parametrize(
        "changes",
        [
            {"county_fips": "١٢٣٤٥"},
            {"opened_on": "1699920000"},
            {"opened_on": "2026-01-31T00:00:00Z"},
            {"summary": "   "},
            {"summary": "Bell\x01."},
            {"summary": "Turned \u202earound."},
        ],
        ids=str,
    )
    async def test_what_could_be_read_as_something_else_is_refused(
        self, office: OfficeClient, changes: dict[str, Any]
    ) -> None:
        assert (await office.put_case("24-1", case(someone(), **changes))).status_code == 422

    async def test_white_space_of_forms_and_tables_is_taken(self, office: OfficeClient) -> None:
        await office.put_case("24-1", case(someone(), summary="One.\r\nTwo.\tThree."))
        read = await office.http.get("/v1/cases/cms/24-1")
        assert read.json()["summary"] == "One.\nTwo. Three."

    @pytest.mark.parametrize("name", ["epoch", "match_spec", "record_class", "subjects"])
    async def test_of_many_a_bad_one_is_refused_by_itself(
        self, office: OfficeClient, name: str
    ) -> None:
        bad = [[1], {}, "1", 1.5, True, None, 10**30, -1]
        cases = [case(someone()), *(case(someone()) | {name: value} for value in bad)]
        items = [
            {"source_system": "cms", "external_id": f"24-{n}", "case": each}
            for n, each in enumerate([*cases, case(someone())])
        ]
        answer = await office.http.put("/v1/cases", json={"cases": items})
        assert answer.status_code == 200
        results = [each["result"] for each in answer.json()["results"]]
        assert results == ["created", *["refused"] * len(bad), "created"]

    async def test_of_writers_who_read_the_same_version_one_wins(
        self, office: OfficeClient
    ) -> None:
        await office.put_case("24-1", case(someone()))
        answers = await asyncio.gather(*(
            office.http.put(
                "/v1/cases/cms/24-1",
                json=case(someone(), summary=f"Writer {number}."),
                headers={"If-Match": '"1"'},
            )
            for number in range(6)
        ))  # fmt: skip
        assert sorted(answer.status_code for answer in answers) == [200] + 5 * [412]

    @pytest.mark.parametrize(
        ("record_class", "years"), [("charged", 3), ("pre_charge", 3), ("declined", 1)]
    )
    async def test_the_review_date_follows_the_record_class(
        self, office: OfficeClient, record_class: str, years: int
    ) -> None:
        await office.put_case("24-1", case(someone(), record_class=record_class))
        read = (await office.http.get("/v1/cases/cms/24-1")).json()
        assert read["review_on"] == (utc_now() + timedelta(days=365 * years)).date().isoformat()

    @pytest.mark.parametrize(
        ("days", "status"), [(-1, 422), (0, 422), (2, 201), (5 * 365 + 1, 201), (5 * 365 + 3, 422)]
    )
    async def test_a_review_date_is_after_today_and_within_five_years(
        self, office: OfficeClient, days: int, status: int
    ) -> None:
        review_on = (utc_now() + timedelta(days=days)).date().isoformat()
        answer = await office.put_case("24-1", case(someone(), review_on=review_on))
        assert answer.status_code == status
        if status == 422:
            assert answer.json()["errors"][0]["code"] == "review-date"
            assert review_on not in answer.text

    async def test_tokens_of_another_epoch_conflict(self, office: OfficeClient) -> None:
        answer = await office.put_case("24-1", case(someone(), epoch=2))
        assert (answer.status_code, answer.json()["code"]) == (409, "epoch-changed")

    @pytest.mark.parametrize(
        "token", [bytes(32), b"\xff" * 31 + b"\x7f", sha256(b"+14155550133").digest()]
    )
    async def test_what_no_evaluator_gave_is_refused_where_it_stands(
        self, shared_registry: Registry, office: OfficeClient, token: bytes
    ) -> None:
        subject = something()
        subject["identifiers"][0]["token"] = b64u_encode(token)
        answer = await office.put_case("24-1", case(someone(ref="0"), subject))
        assert (answer.status_code, answer.json()["code"]) == (422, "token-invalid")
        (error,) = answer.json()["errors"]
        assert error["pointer"].endswith("/subjects/1/identifiers/0/token")
        assert b64u_encode(token) not in answer.text
        assert await stored(shared_registry, office) == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"record_class": "sealed"},
            {"record_class": "juvenile"},
            {"match_spec": "joinder/v2"},
            {"epoch": "1"},
            {"subjects": []},
            {"county_fips": "6019"},
            {"disclosure": "everyone"},
            {"summary": ""},
            {"summary": "x" * 2001},
            {"summary": "Call 415-555-0132."},
            {"opened_on": "2026-13-01"},
        ],
    )
    async def test_what_the_schema_does_not_know_is_refused(
        self, shared_registry: Registry, office: OfficeClient, changes: dict[str, Any]
    ) -> None:
        answer = await office.put_case("24-1", case(someone(), **changes))
        assert answer.status_code == 422
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert await stored(shared_registry, office) == []

    async def test_two_subjects_with_one_ref_are_refused(self, office: OfficeClient) -> None:
        answer = await office.put_case("24-1", case(someone(), something()))
        assert answer.status_code == 422

    async def test_a_kind_of_key_that_does_not_exist_is_refused(self, office: OfficeClient) -> None:
        subject = someone()
        tokens = subject["names"][0]["tokens"]
        tokens["p.zz"] = tokens.pop("p.ld")
        assert (await office.put_case("24-1", case(subject))).status_code == 422

    async def test_without_the_scope_nothing_is_kept_and_the_attempt_is_recorded(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        reader = shared_registry.client(office.code, office.client_id, "cases:read")
        answer = await reader.put_case("24-1", case(someone()))
        assert (answer.status_code, answer.json()["code"]) == (403, "missing-scope")
        assert await stored(shared_registry, office) == []
        refused = await shared_registry.audit("access.refused")
        assert [e["detail"] for e in refused if e["client_id"] == office.client_id] == [
            {"code": "missing-scope"}
        ]

    async def test_many_overlaps_are_cut_at_the_strongest_and_said_so(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        subject = someone(phones=(phone(),))
        phone_only = {**subject, "names": []}
        *others, last = await make_offices(shared_registry, 7)
        for other in others:
            cases = [item(f"24-{n}", case(phone_only)) for n in range(10)]
            await other.http.put("/v1/cases", json={"cases": cases})
        await last.put_case("24-1", case(subject))
        answer = (await office.put_case("24-1", case(subject))).json()
        assert (len(answer["overlaps"]), answer["more_overlaps"]) == (50, True)
        assert answer["overlaps"][0]["counterpart"]["office"]["code"] == last.code
        assert len(await office.overlaps()) == 61


class TestPutCases:
    async def test_a_bad_one_is_refused_by_itself_and_the_others_are_kept(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        cases = [
            item("24-1", case(someone())),
            item("24-2", case(someone(), summary="Call 415-555-0132.")),
            item("24-3", {"victim_name": "Canary Person"}),
            item("24-4", case(someone(), epoch=2)),
            item("24-5", case(someone())),
        ]
        answer = await office.http.put("/v1/cases", json={"cases": cases})
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        assert [r["external_id"] for r in results] == [c["external_id"] for c in cases]
        assert [r["result"] for r in results] == [
            "created", "refused", "refused", "refused", "created",
        ]  # fmt: skip
        codes = [r["problem"]["code"] for r in results if r["problem"]]
        assert codes == ["summary-holds-identifier", "invalid-request", "epoch-changed"]
        assert not any(value in answer.text for value in ("555-0132", "Canary"))
        assert await stored(shared_registry, office) == ["24-1", "24-5"]

    async def test_again_is_unchanged(self, office: OfficeClient) -> None:
        cases = {"cases": [item(f"24-{n}", case(someone())) for n in range(3)]}
        first, again = [await office.http.put("/v1/cases", json=cases) for _ in range(2)]
        assert {r["result"] for r in first.json()["results"]} == {"created"}
        assert {r["result"] for r in again.json()["results"]} == {"unchanged"}
        assert {r["version"] for r in again.json()["results"]} == {1}

    async def test_one_by_one_and_together_are_the_same_post(self, office: OfficeClient) -> None:
        body = case(someone(), opened_on="2026-01-31", review_on="2027-01-31", summary="Text.")
        await office.put_case("24-1", body)
        answer = await office.http.put("/v1/cases", json={"cases": [item("24-1", body)]})
        assert answer.json()["results"][0]["result"] == "unchanged"

    async def test_finds_the_overlaps_of_each_case(self, shared_registry: Registry) -> None:
        one, other = await make_offices(shared_registry)
        people = [someone() for _ in range(4)]
        await one.http.put(
            "/v1/cases", json={"cases": [item(f"24-{n}", case(p)) for n, p in enumerate(people)]}
        )
        everybody = case(*({**subject, "ref": str(n)} for n, subject in enumerate(people)))
        bodies = {"all": everybody, "none": case(someone()), "two": case(people[2])}
        answer = await other.http.put(
            "/v1/cases", json={"cases": [item(name, body) for name, body in bodies.items()]}
        )
        counts = {r["external_id"]: len(r["overlaps"]) for r in answer.json()["results"]}
        assert counts == {"all": 4, "none": 0, "two": 1}

    async def test_a_case_named_twice_refuses_the_whole(
        self, shared_registry: Registry, office: OfficeClient
    ) -> None:
        cases = [item("24-1", case(someone())), item("24-1", case(person()))]
        answer = await office.http.put("/v1/cases", json={"cases": cases})
        assert (answer.status_code, answer.json()["code"]) == (422, "case-twice")
        assert await stored(shared_registry, office) == []

    @pytest.mark.parametrize("how_many", [0, 201])
    async def test_takes_one_to_two_hundred(self, office: OfficeClient, how_many: int) -> None:
        cases = [item(f"24-{n}", {}) for n in range(how_many)]
        answer = await office.http.put("/v1/cases", json={"cases": cases})
        assert answer.status_code == 422


def identifiers(*kinds: str) -> list[dict[str, str]]:
    """Return an identifier of each kind that no other call returns."""
    only = uuid4().hex
    return [
        {"kind": kind, "provenance": "court_filing", "token": element(kind, (only,))}
        for kind in kinds
    ]


def subject(kind: str, *kinds: str) -> dict[str, Any]:
    return {"ref": "1", "kind": kind, "identifiers": identifiers(*kinds)}


class TestIdentifierKinds:
    @pytest.mark.parametrize("kind", ["person", "organization"])
    async def test_two_offices_find_each_other_by_every_kind(
        self, shared_registry: Registry, kind: str
    ) -> None:
        kinds = [each for each in IDENTIFIER_KINDS if kind in KINDS[each].subjects]
        body = case(subject(kind, *kinds))
        for client in await make_offices(shared_registry):
            answer = await client.put_case("24-1", body)
            assert answer.status_code == 201, answer.text
        (overlap,) = answer.json()["overlaps"]
        (finding,) = [
            each for each in overlap["findings"] if each["finding"] == "shared_identifier"
        ]
        assert finding["kinds"] == sorted(kinds)

    async def test_a_person_with_every_kind_is_explained(self, shared_registry: Registry) -> None:
        kinds = [each for each in IDENTIFIER_KINDS if "person" in KINDS[each].subjects]
        body = case({**someone(), "identifiers": identifiers(*kinds)})
        for client in await make_offices(shared_registry):
            answer = await client.put_case("24-1", body)
            assert answer.status_code == 201, answer.text
        found = {each["finding"] for each in answer.json()["overlaps"][0]["findings"]}
        assert found == {"same_person", "shared_identifier"}

    @pytest.mark.parametrize(
        "wrong",
        [
            subject("person", "fein"),
            subject("person", "org"),
            subject("organization", "ssn"),
            subject("organization", "dl"),
            {**person(), "kind": "organization"},
            {"ref": "1", "identifiers": [{**identifiers("tel")[0], "kind": "p.n"}]},
            {"ref": "1", "identifiers": [{**identifiers("tel")[0], "kind": "shoe"}]},
        ],
    )
    async def test_what_a_subject_cannot_have_is_refused(
        self, office: OfficeClient, wrong: dict[str, Any]
    ) -> None:
        answer = await office.put_case("24-1", case(wrong))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
