"""One door for both kinds of callers: machine clients by token, people by their sign-in."""

from typing import Any, Final

import pytest

from app.access.vocabulary import Role
from app.people.deps import CSRF_HEADER
from tests.access.people import Person, sign_in
from tests.architecture.test_openapi import call
from tests.blinding import case
from tests.documented import document
from tests.factories import ISSUER, Registry
from tests.people.browsers import Browser, make_person
from tests.scenes import Meeting, end_agreement, make_offices, meet, someone

PATHS: Final[dict[str, Any]] = document()["paths"]
CHANGES: Final = [
    (path, method, operation)
    for path, methods in PATHS.items()
    for method, operation in methods.items()
    if method != "get" and len(operation["security"]) > 1
]
CASE: Final = "/v1/cases/cms/24-7"


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry)


async def ask(person: Person, meeting: Meeting, key: str) -> Any:
    return await person.http.post(
        f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
        json={"kind": "consult"},
        headers={"Idempotency-Key": key},
    )


class TestPerson:
    async def test_does_its_work_with_a_sign_in(self, meeting: Meeting) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        put = await person.send("PUT", CASE, case(someone()))
        assert put.status_code == 201, put.text
        assert (await person.send("GET", CASE)).json() == (
            await meeting.first.http.get(CASE)
        ).json()  # fmt: skip
        (seen,) = (await person.send("GET", "/v1/overlaps")).json()["items"]
        assert seen["id"] == meeting.overlap_id
        entry = (await meeting.registry.audit("case.posted"))[-1]
        assert (entry["actor"], entry["client_id"]) == (f"person:{person.key}", None)
        me = (await person.send("GET", "/v1/me")).json()
        assert (me["client_id"], me["person_id"]) == (None, f"psn_{person.key.hex}")
        assert me["office"] == meeting.first.code

    async def test_is_nobody_until_the_sign_in_is_complete(self, meeting: Meeting) -> None:
        person = await make_person(meeting.registry, Role.PROSECUTOR, office=meeting.first.code)
        await person.register_app(await person.enrol())
        browser = Browser.new(meeting.registry)
        for step, code in (
            (browser.good("POST", "/sign-in", person.sign_in_body()), "banner-not-acknowledged"),
            (browser.acknowledge(), "second-factor-needed"),
        ):
            await step
            refused = await browser.send("GET", "/overlaps")
            assert (refused.status_code, refused.json()["code"]) == (403, code)
        await browser.good("POST", "/sign-in/second-factor", {"totp": await person.app_code()})
        assert (await browser.get("/overlaps"))["items"] != []

    async def test_loses_everything_with_its_sign_in(self, meeting: Meeting) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        assert (await person.send("GET", "/v1/overlaps")).status_code == 200
        await meeting.registry.rows(
            "DELETE FROM sign_ins WHERE person_id = :id RETURNING id", id=person.key
        )
        refused = await person.send("GET", "/v1/overlaps")
        assert (refused.status_code, refused.json()["code"]) == (401, "sign-in-needed")


class TestCrossSite:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": ISSUER, CSRF_HEADER: ""},
            {"Origin": ISSUER, CSRF_HEADER: "of somebody else"},
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
        ],
        ids=str,
    )
    async def test_no_change_is_made_for_another_site(
        self, shared_registry: Registry, headers: dict[str, str]
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        person = await sign_in(shared_registry, office, Role.LEADERSHIP)
        person.http.headers.update(headers)
        for path, method, operation in CHANGES:
            refused = await call(person.http, path, method, operation)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross-site-request")
        assert (await person.send("GET", "/v1/cases")).json()["items"] == []


class TestBoth:
    async def test_a_token_counts_before_a_cookie(self, meeting: Meeting) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        token = meeting.second.http.headers["Authorization"]
        for authorization, status in ((token, 200), (f"{token}x", 401), ("Basic eDp5", 401)):
            answer = await person.http.get("/v1/me", headers={"Authorization": authorization})
            assert answer.status_code == status
            if status == 200:
                assert answer.json()["client_id"] == meeting.second.client_id


class TestIdempotencyKey:
    @pytest.mark.parametrize("kept_out", ["office", "person"])
    async def test_is_answered_to_nobody_whom_a_wall_keeps_out_by_now(
        self, meeting: Meeting, kept_out: str
    ) -> None:
        registry, asker = meeting.registry, meeting.first
        person = await sign_in(registry, asker, Role.PROSECUTOR)
        assert (await ask(person, meeting, "same-key-1")).status_code == 201
        by = meeting.second if kept_out == "office" else asker
        wall = (
            {"office": asker.code} if by is meeting.second else {"person": f"psn_{person.key.hex}"}
        )
        lead = await sign_in(registry, by, Role.LEADERSHIP)
        set_wall = await lead.send("POST", "/v1/cases/cms/24-1/walls", wall)
        assert set_wall.status_code == 201, set_wall.text
        for key in ("same-key-1", "another-key-1"):
            hidden = await ask(person, meeting, key)
            assert (hidden.status_code, hidden.json()["code"]) == (404, "overlap-not-found")

    async def test_of_an_office_that_takes_no_part_is_done_once_too(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        await office.put_case("24-1", case(someone()))
        await end_agreement(shared_registry, office)
        asked = {"asked_for": "counsel", "ground": "not_the_person"}
        answers = [
            await office.http.post(
                "/v1/cases/cms/24-1/corrections",
                json=asked,
                headers={"Idempotency-Key": "same-key-1"},
            )
            for _ in range(2)
        ]
        assert [each.status_code for each in answers] == [201, 201], answers[0].text
        assert answers[0].content == answers[1].content

    async def test_belongs_to_its_person(self, meeting: Meeting) -> None:
        people = [await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR) for _ in range(2)]
        first = await ask(people[0], meeting, "same-key-1")
        again = await ask(people[0], meeting, "same-key-1")
        assert (first.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
        colleague = await ask(people[1], meeting, "same-key-1")
        client = await meeting.first.request_handling(meeting.overlap_id, key="same-key-1")
        for other in (colleague, client):
            assert (other.status_code, other.json()["code"]) == (409, "handling-request-open")
