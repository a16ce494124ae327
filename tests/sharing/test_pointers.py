"""Who is behind a pointer: nothing that an office does, or may look at, tells it the name."""

import re
from typing import Any

import pytest

from app.access.vocabulary import Role
from tests.access.people import Person, sign_in
from tests.access.test_matrix import PEOPLE
from tests.factories import Registry
from tests.scenes import Meeting, make_offices, meet
from tests.wall.estate import marked, marked_pages

CASE = "/v1/cases/cms/24-1"
ASKED = {
    "handling": ("handling-requests", {"kind": "consult"}),
    "contact": ("contact-requests", {"reason": "act_ahead"}),
}
DIRECTORY = {"/offices", "/cases/cms/24-1/access"}
"""What names all offices that take part, alike."""


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry, "open", "contact_first")


async def named(meeting: Meeting, person: Person) -> dict[str, set[str]]:
    """Return where the office behind the pointer is named, beside the directory."""
    marks = {meeting.second.code}
    found = await marked(person.http, marks) | await marked_pages(person.http, marks)
    pages = (f"/cases/cms/24-1{end}" for end in ("", "/access", "/network", "/checks", "/readings"))
    calls = (f"{CASE}{end}" for end in ("", "/grants", "/network", "/readings", "/origin"))
    mine = f"/overlaps/{meeting.overlap_id}"
    for path in (*pages, *calls, mine, f"/v1{mine}", f"/v1{mine}/follow-up"):
        answer = await person.http.get(path)
        if meeting.second.code in answer.text:
            found[path] = marks
    return {path: marks for path, marks in found.items() if path not in DIRECTORY}


async def ask(meeting: Meeting, person: Person, what: str) -> dict[str, Any]:
    path, body = ASKED[what]
    answer = await person.send("POST", f"/v1/overlaps/{meeting.overlap_id}/{path}", body)
    assert answer.status_code == 201, answer.text
    assert meeting.second.code not in answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("what", ASKED)
async def test_asking_does_not_tell_whom(meeting: Meeting, what: str) -> None:
    person = await sign_in(meeting.registry, meeting.first, *PEOPLE)
    await ask(meeting, person, what)
    assert not await named(meeting, person)
    (other,) = await make_offices(meeting.registry, 1)
    text = (await person.http.get("/cases/cms/24-1/access")).text
    assert meeting.second.code not in re.sub(r"<option .*?</option>", "", text), (
        "but to choose from"
    )
    (grant,) = (await person.http.get(f"{CASE}/grants")).json()["items"]
    assert (grant["office"], grant["overlap_id"]) == (None, meeting.overlap_id)
    page = await person.http.get(f"/cases/cms/24-1/grants/{grant['id']}")
    assert (page.status_code, meeting.second.code in page.text) == (200, False)
    explained = []
    for office in (meeting.second.code, other.code):
        told = (await person.http.get(f"{CASE}/access/{office}")).text
        explained.append(told.replace(office, ""))
    assert explained[0] == explained[1]
    ended = await person.http.delete(f"{CASE}/grants/{grant['id']}")
    assert (ended.status_code, ended.json()["office"]) == (200, None)
    assert not await named(meeting, person)


@pytest.mark.parametrize("what", ASKED)
async def test_a_no_does_not_tell_who_says_it(meeting: Meeting, what: str) -> None:
    person = await sign_in(meeting.registry, meeting.first, *PEOPLE)
    made = await ask(meeting, person, what)
    path = f"/v1/{ASKED[what][0]}/{made['id']}"
    head = {"If-Match": '"1"', "Idempotency-Key": "said-no-once"}
    body = {"answer": "decline", "reason": "not_the_same_subject"}
    declined = await meeting.second.http.post(f"{path}/answers", json=body, headers=head)
    assert declined.status_code == 200, declined.text
    assert (await person.http.get(path)).json()["status"] == "declined"
    parts = ("", "/terms", "/agreement") if what == "handling" else ("",)
    page = f"/{'handling' if what == 'handling' else 'contact-requests'}/{made['id']}"
    for read in [await person.http.get(each) for each in (*(path + end for end in parts), page)]:
        assert (read.status_code, meeting.second.code in read.text) == (200, False), read.url
    assert not await named(meeting, person)


async def test_a_wall_does_not_tell_whom_it_keeps_out(meeting: Meeting) -> None:
    """Who tries one office after the other sees nothing go, and is refused nothing."""
    person = await sign_in(meeting.registry, meeting.first, *PEOPLE)
    for what in ASKED:
        await ask(meeting, person, what)
    (other,) = await make_offices(meeting.registry, 1)
    mine = f"/v1/overlaps/{meeting.overlap_id}"
    told = []
    for office in ("", other.code, meeting.second.code):
        if office:
            wall = await person.send("POST", f"{CASE}/walls", {"office": office})
            assert wall.status_code == 201, wall.text
        paths = ("/v1/overlaps", "/v1/handling-requests", "/v1/contact-requests", mine)
        told.append([(await person.http.get(path)).text for path in paths])
    assert told[0] == told[1] == told[2]
    asked = await person.send("POST", f"{mine}/handling-requests", {"kind": "information"})
    assert asked.status_code == 201, asked.text


@pytest.mark.parametrize("role", [Role.PROSECUTOR, Role.AUDITOR])
async def test_who_is_shown_is_named_in_the_register(
    shared_registry: Registry, meeting: Meeting, role: Role
) -> None:
    person = await sign_in(shared_registry, meeting.first, *PEOPLE)
    reader = await sign_in(shared_registry, meeting.first, role)
    asked = await ask(meeting, person, "handling")
    for office in (None, meeting.second.code):
        if office is not None:
            accepted = await meeting.second.answer(asked["id"], {"answer": "accept"})
            assert accepted.status_code == 200, accepted.text
        listed = (await reader.http.get("/v1/grants")).json()["items"]
        told = {each["office"] for each in listed if each["purpose"] == "handling_requested"}
        assert told == {office}
