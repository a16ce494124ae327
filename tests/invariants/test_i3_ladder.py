"""I3. No office learns another's case beyond the ladder; not visible is as if it did not exist.

What each rung shows is in tests/cases/test_ladder.py.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.ids import new_id, public_id
from tests.blinding import case, element
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, end_agreement, make_offices, meet, phone, someone, something

TRACE: Final = "0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"


def seen(response: httpx.Response) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return all that a client can observe, apart from time."""
    return response.status_code, sorted(response.headers.raw), response.content


async def silent(registry: Registry) -> tuple[OfficeClient, Meeting]:
    meeting = await meet(registry, "open", "silent")
    return meeting.first, meeting


async def own_agreement_lapsed(registry: Registry) -> tuple[OfficeClient, Meeting]:
    meeting = await meet(registry)
    await end_agreement(registry, meeting.first)
    return meeting.first, meeting


async def their_agreement_lapsed(registry: Registry) -> tuple[OfficeClient, Meeting]:
    meeting = await meet(registry)
    await end_agreement(registry, meeting.second)
    return meeting.first, meeting


async def third_office(registry: Registry) -> tuple[OfficeClient, Meeting]:
    meeting = await meet(registry)
    (third,) = await make_offices(registry, 1)
    return third, meeting


async def retracted(registry: Registry) -> tuple[OfficeClient, Meeting]:
    meeting = await meet(registry)
    await meeting.second.put_case("24-1", case(someone()))
    return meeting.first, meeting


HIDDEN: Final = [silent, own_agreement_lapsed, their_agreement_lapsed, third_office, retracted]
Step = tuple[str, int, set[str]]
"""Who posts which of its cases, with which of two phones."""
STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from(["one", "other", "quiet", "outside", "crowd"]),
        st.integers(0, 1),
        st.sets(st.sampled_from("ab")),
    ),
    min_size=2,
    max_size=6,
)
Situation = Callable[[Registry], Awaitable[tuple[OfficeClient, Meeting]]]


async def send(client: OfficeClient, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"X-Request-Id": TRACE}
    if method == "POST" or path.endswith("/verdict"):
        headers |= {"Idempotency-Key": new_id().hex, "If-Match": '"1"'}
    return await client.http.request(method, path, json=body, headers=headers)


class TestI3NotVisibleIsNotExisting:
    @pytest.mark.parametrize("situation", HIDDEN)
    async def test_of_an_overlap(self, shared_registry: Registry, situation: Situation) -> None:
        client, meeting = await situation(shared_registry)
        absent = public_id("ovl", new_id())
        for path, method, body in (
            ("/v1/overlaps/{}", "GET", None),
            ("/v1/overlaps/{}/verdict", "PUT", {"verdict": "confirmed"}),
            ("/v1/overlaps/{}/handling-requests", "POST", {"kind": "consult"}),
        ):
            hidden, missing, malformed = [
                seen(await send(client, method, path.format(key), body))
                for key in (meeting.overlap_id, absent, "ovl_1")
            ]
            assert hidden == missing == malformed
            assert hidden[0] == 404

    async def test_of_a_request_for_joint_handling(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asked = (await meeting.first.request_handling(meeting.overlap_id)).json()["id"]
        (third,) = await make_offices(shared_registry, 1)
        for path, method, body in (
            ("/v1/handling-requests/{}", "GET", None),
            ("/v1/handling-requests/{}/answers", "POST", {"answer": "accept"}),
        ):
            hidden, missing = [
                seen(await send(third, method, path.format(key), body))
                for key in (asked, public_id("hnd", new_id()))
            ]
            assert hidden == missing
            assert hidden[0] == 404

    async def test_of_another_offices_case(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        await meeting.second.put_case("24-7", case(someone()))
        hidden, missing = [
            seen(await send(meeting.first, "GET", f"/v1/cases/cms/{external}"))
            for external in ("24-7", "24-8")
        ]
        assert hidden == missing
        assert hidden[0] == 404

    async def test_what_is_visible_differs(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        path = f"/v1/overlaps/{meeting.overlap_id}"
        assert (await send(meeting.first, "GET", path)).status_code == 200


async def transcript(client: OfficeClient, body: dict[str, Any]) -> list[Any]:
    """Return everything an office hears while it posts, changes and reads one case."""
    steps = [
        ("PUT", "/v1/cases/cms/24-1", body),
        ("PUT", "/v1/cases/cms/24-1", body),
        ("PUT", "/v1/cases/cms/24-1", {**body, "summary": "Other words."}),
        (
            "PUT",
            "/v1/cases",
            {"cases": [{"source_system": "cms", "external_id": "24-2", "case": body}]},
        ),
        ("GET", "/v1/overlaps?limit=1", None),
        ("GET", "/v1/overlaps", None),
        ("GET", "/v1/overlaps?retracted=true", None),
        ("GET", "/v1/handling-requests", None),
    ]
    return [seen(await send(client, method, path, sent)) for method, path, sent in steps]


class TestI3TwoRegistriesThatDifferInWhatIsHidden:
    @pytest.mark.parametrize("way", ["silent", "no agreement", "retracted", "own"])
    async def test_answer_alike(
        self, shared_registry: Registry, registry: Registry, way: str
    ) -> None:
        subject = someone(phones=(phone(),))
        heard = []
        for twin, has_hidden in ((shared_registry, True), (registry, False)):
            client, other = await make_offices(twin)
            if has_hidden and way == "own":
                other = client
            if has_hidden:
                disclosure = "silent" if way == "silent" else "open"
                hidden = case({**subject, "ref": "7"}, disclosure=disclosure)
                await other.put_case("24-9", hidden)
            if way == "retracted":
                await other.put_case("24-9", case(something()))
            if way == "no agreement":
                await end_agreement(twin, other)
            heard.append(await transcript(client, case(subject)))
        assert heard[0] == heard[1]

    async def test_unlike_what_may_be_seen(
        self, shared_registry: Registry, registry: Registry
    ) -> None:
        subject = someone(phones=(phone(),))
        heard = []
        for twin, has_other in ((shared_registry, True), (registry, False)):
            client, other = await make_offices(twin)
            if has_other:
                await other.put_case("24-9", case(subject))
            heard.append(await transcript(client, case(subject)))
        assert heard[0] != heard[1]

    async def test_the_strength_of_a_dated_name_does_not_tell_of_what_is_not_seen(
        self, shared_registry: Registry
    ) -> None:
        assert await strengths(shared_registry, hidden=0) == await strengths(
            shared_registry, hidden=6
        )

    async def test_the_strength_of_a_phone_does_not_tell_of_what_is_not_seen(
        self, shared_registry: Registry
    ) -> None:
        assert await strengths(shared_registry, hidden=0, has_phone=True) == await strengths(
            shared_registry, hidden=6, has_phone=True
        )

    @given(steps=STEPS)
    @settings(max_examples=4, deadline=None)
    async def test_tell_the_same_whatever_happens(
        self, shared_registry: Registry, steps: list[Step]
    ) -> None:
        assert await hears(shared_registry, steps, has_hidden=True) == await hears(
            shared_registry, steps, has_hidden=False
        )

    async def test_a_crowd_that_is_seen_is_told(self, shared_registry: Registry) -> None:
        steps: list[Step] = [("crowd", 0, {"a"}), ("one", 0, {"a"})]
        assert b'"common":["tel"]' in b"".join(await hears(shared_registry, steps, seen_crowd=True))


async def hears(
    registry: Registry, steps: list[Step], *, has_hidden: bool = True, seen_crowd: bool = False
) -> list[bytes]:
    """Return all that two offices hear in a history that hidden offices may take part in."""
    one, other, quiet, *crowd = await make_offices(registry, 15)
    outside = await registry.add_office(f"{one.code}-X", is_participating=False)
    phones = {letter: element("tel", (f"{one.code}/{letter}",)) for letter in "ab"}
    heard = []
    for actor, number, letters in steps:
        held = [
            {"kind": "tel", "provenance": "police_report", "token": phones[letter]}
            for letter in sorted(letters)
        ]
        subject = {"ref": "1", "names": own_name(one.code), "identifiers": held}
        hidden = {"quiet": [quiet], "outside": [outside], "crowd": crowd}.get(actor, [])
        if hidden and not has_hidden:
            continue
        is_open = actor == "outside" or seen_crowd
        body = case(subject, disclosure="open" if is_open else "silent")
        for office in hidden:
            await office.put_case(f"24-{number}", body)
        if not hidden:
            client = one if actor == "one" else other
            answer = await client.put_case(f"24-{number}", case(subject))
            listed = await client.http.get("/v1/overlaps")
            heard += [
                re.sub(
                    rb"ovl_[0-9a-f]{32}|\d{4}-\d\d-\d\dT[0-9:.]+Z|(?i:[A-Z]{2}-\d{6})"
                    rb'|"state":"[A-Z]{2}"|"next_cursor":"[^"]*"',
                    b"",
                    said.content,
                )
                for said in (answer, listed)
            ]
    return heard


def own_name(salt: str) -> list[dict[str, Any]]:
    """Return a name whose only key, without a date, nobody else's history has."""
    token = element("p.n", (salt,))
    return [{"rarity": 3, "provenance": "police_report", "tokens": {"p.n": token}}]


async def strengths(
    registry: Registry, *, hidden: int, has_phone: bool = False
) -> list[int | None]:
    """Return what one office sees of another's case when `hidden` silent offices hold it too."""
    subject = someone(phones=(phone(),) if has_phone else ())
    client, other, *quiet = await make_offices(registry, 2 + hidden)
    for office in quiet:
        await office.put_case("24-9", case(subject, disclosure="silent"))
    await other.put_case("24-1", case(subject))
    (overlap,) = (await client.put_case("24-1", case(subject))).json()["overlaps"]
    return [finding["strength"] for finding in overlap["findings"]]


class TestI3AskingAboutOneOverlap:
    """What is asked or agreed of one overlap tells nothing of others between the same offices."""

    @staticmethod
    async def two_of_one_case(registry: Registry) -> tuple[OfficeClient, OfficeClient, list[str]]:
        """Return two offices and the overlaps of the first's silent case with two of the other."""
        first, second = await make_offices(registry)
        shared = phone(), phone()
        await first.put_case("24-1", case(someone(phones=shared), disclosure="silent"))
        for number, each in enumerate(shared):
            await second.put_case(f"24-{number}", case(someone(phones=(each,))))
        return first, second, [each["id"] for each in await first.overlaps()]

    async def test_shows_that_one_alone(self, shared_registry: Registry) -> None:
        first, second, (one, other) = await self.two_of_one_case(shared_registry)
        assert await second.overlaps() == []
        asked = (await first.request_handling(one)).json()
        assert [each["id"] for each in await second.overlaps()] == [one]
        answer = await second.answer(asked["id"], {"answer": "accept"})
        assert answer.status_code == 200
        assert [each["id"] for each in await second.overlaps()] == [one]
        assert (await second.http.get(f"/v1/overlaps/{other}")).status_code == 404

    async def test_a_no_ends_that_one_alone(self, shared_registry: Registry) -> None:
        first, second, (one, other) = await self.two_of_one_case(shared_registry)
        asked = [(await first.request_handling(each)).json() for each in (one, other)]
        no = {"answer": "decline", "reason": "matter_closed"}
        assert (await second.answer(asked[0]["id"], no)).status_code == 200
        assert [each["id"] for each in await second.overlaps()] == [other]
        assert (await second.answer(asked[1]["id"], {"answer": "accept"})).status_code == 200
