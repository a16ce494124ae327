"""What one person is told: its own list and marks, only of what it may know."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import httpx
import pytest
import uvicorn

from app.access.vocabulary import Role
from app.notices.errors import TooManyStreamsError
from app.notices.hints import MOST_EACH, Hub
from tests.access.people import Person, sign_in
from tests.factories import OfficeClient, Registry
from tests.invariants.dump import digests
from tests.invariants.test_i6_audited import assert_discloses_nothing, audit_broken
from tests.scenes import Meeting, all_ended, make_offices, meet

LIST = "/v1/me/notices"


async def unread(person: Person) -> list[str]:
    """Return the types of what a person has not read, newest first."""
    answer = await person.send("GET", f"{LIST}?unread=true")
    assert answer.status_code == 200, answer.text
    return [each["event"]["type"] for each in answer.json()["items"]]


async def told(registry: Registry) -> tuple[Meeting, Person, Person]:
    """Return a meeting of which two prosecutors of the first office, there before, are told."""
    offices: list[OfficeClient] = await make_offices(registry)
    people = [await sign_in(registry, offices[0], Role.PROSECUTOR) for _ in range(2)]
    meeting = await meet(registry, offices=offices)
    await all_ended(registry)
    return meeting, people[0], people[1]


async def deepen(registry: Registry, meeting: Meeting, reader: OfficeClient, count: int) -> None:
    """Give an office so many more notices; its people have read a tenth at either end."""
    await registry.rows(
        "INSERT INTO events (office_id, type, overlap_id)"
        " SELECT f.id, 'overlap.updated', :id FROM offices f, generate_series(1, :count)"
        " WHERE f.code = :code RETURNING number",
        id=meeting.key,
        count=count,
        code=reader.code,
    )
    await registry.rows(
        "INSERT INTO notice_reads (person_id, event_number) SELECT p.id, e.number"
        " FROM offices f JOIN persons p ON p.office_id = f.id, LATERAL (SELECT number,"
        " least(rank() OVER (ORDER BY number), rank() OVER (ORDER BY number DESC)) AS depth"
        " FROM events WHERE office_id = f.id) AS e"
        " WHERE f.code = :code AND e.depth <= :read RETURNING event_number",
        read=count // 10,
        code=reader.code,
    )


async def told_much_and_little(registry: Registry) -> tuple[Person, Person]:
    """Return two people of two offices, one with thousands of notices and one with tens."""
    meeting, one, _ = await told(registry)
    other = await sign_in(registry, meeting.second, Role.PROSECUTOR)
    await deepen(registry, meeting, meeting.first, 6_000)
    await deepen(registry, meeting, meeting.second, 60)
    await all_ended(registry)
    return one, other


async def fastest(person: Person, method: str, path: str, body: object = None) -> float:
    """Return the least seconds that an answer took; whoever works beside the test slows some."""
    found = []
    for _ in range(6):
        began = perf_counter()
        answer = await person.send(method, path, body)
        found.append(perf_counter() - began)
        assert answer.status_code == 200, answer.text
    return min(found)


class TestNotices:
    @pytest.mark.parametrize("asked", ["", "&unread=true"])
    async def test_take_no_longer_where_there_are_thousands(
        self, shared_registry: Registry, asked: str
    ) -> None:
        people = await told_much_and_little(shared_registry)
        many, few = [await fastest(each, "GET", f"{LIST}?limit=25{asked}") for each in people]
        assert many < 2.5 * few, "and no event beyond the page is looked at"

    async def test_are_counted_as_fast_where_there_are_thousands(
        self, shared_registry: Registry
    ) -> None:
        took = []
        for each in await told_much_and_little(shared_registry):
            (notice,) = (await each.send("GET", f"{LIST}?limit=1")).json()["items"]
            path = f"{LIST}/{notice['event']['id']}/read"
            took.append(await fastest(each, "PUT", path, {"is_read": True}))
        assert took[0] < 2.5 * took[1], "and no notice that was read is asked about"

    async def test_are_marked_by_each_person_for_itself(self, shared_registry: Registry) -> None:
        meeting, one, other = await told(shared_registry)
        ((found,),) = [(await one.send("GET", LIST)).json()["items"]]
        assert (found["event"]["overlap_id"], found["is_read"]) == (meeting.overlap_id, False)
        path = f"{LIST}/{found['event']['id']}/read"
        assert (await one.send("PUT", path, {"is_read": True})).json() == {"unread": 0}
        assert (await unread(one), await unread(other)) == ([], ["overlap.found"])
        assert (await one.send("PUT", path, {"is_read": False})).json() == {"unread": 1}
        await meeting.second.say(meeting.overlap_id, "confirmed")
        await all_ended(shared_registry)
        assert await unread(one) == ["overlap.updated", "overlap.found"]
        newest = (await one.send("GET", f"{LIST}?limit=1")).json()
        through = {"through": newest["items"][0]["event"]["id"]}
        older = (await one.send("GET", f"{LIST}?limit=1&cursor={newest['next_cursor']}")).json()
        assert [each["event"]["id"] for each in older["items"]] == [found["event"]["id"]]
        left = await one.send("GET", f"{LIST}?unread=true&limit=1")
        assert left.links["next"]["url"].startswith(f"{LIST}?unread=true&")
        cursor = left.json()["next_cursor"]
        elsewhere = await one.send("GET", f"{LIST}?limit=1&cursor={cursor}")
        assert elsewhere.json()["code"] == "cursor-invalid"
        assert (await one.send("PUT", f"{LIST}/read", through)).json() == {"unread": 0}
        assert (await unread(one), len(await unread(other))) == ([], 2)

    async def test_are_of_nothing_that_the_person_may_not_know(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry)
        one = await sign_in(shared_registry, offices[0], Role.PROSECUTOR)
        auditor = await sign_in(shared_registry, offices[0], Role.AUDITOR)
        hidden = await meet(shared_registry, "open", "silent", offices=offices)
        await all_ended(shared_registry)
        assert await unread(one) == []
        shown = {**hidden.second_case, "disclosure": "contact_first"}
        await offices[1].put_case("24-1", shown)
        await all_ended(shared_registry)
        assert set(await unread(one)) == {"overlap.found", "overlap.updated"}
        assert await unread(auditor) == []
        stranger = await sign_in(shared_registry, offices[1], Role.PROSECUTOR)
        known = (await one.send("GET", LIST)).json()["items"][0]["event"]["id"]
        foreign = await stranger.send("PUT", f"{LIST}/{known}/read", {"is_read": True})
        assert (foreign.status_code, foreign.json()["code"]) == (404, "notice-not-found")

    async def test_and_the_feed_pass_over_what_this_release_does_not_know(
        self, registry: Registry
    ) -> None:
        meeting, one, _ = await told(registry)
        await meeting.second.say(meeting.overlap_id, "confirmed")
        await registry.rows(
            "UPDATE events SET type = 'overlap.unheard' WHERE type = 'overlap.found' RETURNING 1"
        )
        await all_ended(registry)
        assert await unread(one) == ["overlap.updated"]
        answer = await meeting.first.http.get("/v1/events")
        assert [each["type"] for each in answer.json()["items"]] == ["overlap.updated"]

    async def test_are_only_of_the_kinds_that_the_person_chose(
        self, shared_registry: Registry
    ) -> None:
        meeting, one, other = await told(shared_registry)
        choice = {"muted": ["overlap.found"]}
        kept = await one.send("PUT", "/v1/me/notice-settings", choice)
        assert kept.json() == {
            "muted": ["overlap.found"],
            "mail": "none",
            "address": None,
            "is_mail_sent": False,
        }
        assert (await unread(one), await unread(other)) == ([], ["overlap.found"])
        mail = {"mail": "daily", "address": f"someone@{meeting.first.code}.test"}
        absent = await one.send("PUT", "/v1/me/notice-settings", mail)
        assert (absent.status_code, absent.json()["code"]) == (422, "mail-not-sent-here")


class TestNoRowNoEffect:
    async def test_of_any_operation(self, registry: Registry) -> None:
        _, one, _ = await told(registry)
        (notice,) = (await one.send("GET", LIST)).json()["items"]
        key = notice["event"]["id"]
        acts: list[tuple[str, str, object]] = [
            ("GET", LIST, None),
            ("PUT", f"{LIST}/{key}/read", {"is_read": True}),
            ("PUT", f"{LIST}/read", {"through": key}),
            ("PUT", "/v1/me/notice-settings", {"muted": ["overlap.found"]}),
        ]
        stored = await digests(registry)
        async with audit_broken(registry):
            for method, path, body in acts:
                assert_discloses_nothing(await one.send(method, path, body))
                assert await digests(registry) == stored, path
        for method, path, body in acts:
            assert (await one.send(method, path, body)).is_success, path


@asynccontextmanager
async def served(registry: Registry) -> AsyncIterator[str]:
    """Yield the address of the application on a real server: streams need one."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        registry.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


class TestHints:
    async def test_say_how_much_is_new_and_never_what(self, shared_registry: Registry) -> None:
        meeting, one, _ = await told(shared_registry)
        cookies = dict(one.http.cookies)
        async with (
            served(shared_registry) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
        ):
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
            async with http.stream("GET", "/notices/stream", headers=headers) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                lines = stream.aiter_lines()
                first = await _event(lines)
                assert first["data"] == "1"
                await meeting.second.say(meeting.overlap_id, "confirmed")
                second = await _event(lines)
                assert second["data"] == "2"
                assert meeting.overlap_id not in str([first, second])
            again = {**headers, "Last-Event-ID": second["id"]}
            async with http.stream("GET", "/notices/stream", headers=again) as stream:
                lines = stream.aiter_lines()
                listed = await one.send("GET", f"{LIST}?limit=1")
                newest = listed.json()["items"][0]["event"]["id"]
                assert newest == second["id"], "what it was told is not told again"
                await one.send("PUT", f"{LIST}/read", {"through": newest})
                await meeting.first.say(meeting.overlap_id, "confirmed")
                third = await _event(lines)
                if third["data"] == "0":  # it looked between the two
                    third = await _event(lines)
                assert third["data"] == "1"
            stranger = await http.get("/notices/stream")
            assert stream.status_code == 200
            assert stranger.status_code == 303

    @pytest.mark.parametrize("end", ["sign-in", "roles", "office"])
    async def test_end_at_once_with_what_they_rest_on(
        self, shared_registry: Registry, end: str
    ) -> None:
        meeting, one, _ = await told(shared_registry)
        cookie = "; ".join(f"{name}={value}" for name, value in one.http.cookies.items())
        acts = {
            "sign-in": "DELETE FROM sign_ins WHERE person_id = :key RETURNING 1",
            "roles": "UPDATE persons SET roles = '{administrator}' WHERE id = :key RETURNING 1",
            "office": "UPDATE offices SET suspended_at = now() WHERE id ="
            " (SELECT office_id FROM persons WHERE id = :key) RETURNING 1",
        }
        async with (
            served(shared_registry) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
            http.stream("GET", "/notices/stream", headers={"Cookie": cookie}) as stream,
        ):
            lines = stream.aiter_lines()
            assert (await _event(lines))["data"] == "1"
            await shared_registry.rows(acts[end], key=one.key)
            if end == "roles":  # an administrator is told of no overlap
                await meeting.second.say(meeting.overlap_id, "confirmed")
                assert (await _event(lines))["data"] == "0"
                return
            with pytest.raises(AssertionError, match="the stream ended"):
                await _event(lines)

    async def test_are_refused_before_they_begin_and_take_no_place_if_they_never_do(
        self, shared_registry: Registry
    ) -> None:
        hub = Hub(shared_registry.app.state.sessions)

        async def look() -> None:
            raise AssertionError("nobody reads")

        streams = [hub.listen(1, b"one", "", look) for _ in range(MOST_EACH)]
        with pytest.raises(TooManyStreamsError):
            hub.listen(1, b"one", "", look)
        hub.listen(1, b"other", "", look)
        del streams[:1]
        hub.listen(1, b"one", "", look)

    async def test_hold_no_connection_of_the_database_and_are_bounded(
        self, shared_registry: Registry
    ) -> None:
        """More streams than connections, and of each sign-in no more than so many."""
        meeting, *people = await told(shared_registry)
        cookies = [
            "; ".join(f"{name}={value}" for name, value in each.http.cookies.items())
            for each in people
        ]
        assert shared_registry.app.state.settings.pool_size < 2 * MOST_EACH
        async with (
            served(shared_registry) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
        ):
            asked = [
                http.build_request("GET", "/notices/stream", headers={"Cookie": cookie})
                for cookie in cookies * (MOST_EACH + 3)  # at once: none knows of the others yet
            ]
            answers = await asyncio.gather(*(http.send(each, stream=True) for each in asked))
            streams = [each for each in answers if each.status_code == 200]
            assert len(streams) == 2 * MOST_EACH
            lines = [stream.aiter_lines() for stream in streams]  # whose end ends the stream
            assert [(await _event(each))["data"] for each in lines] == ["1"] * len(streams)
            assert len(await meeting.first.overlaps()) == 1
            for refused in set(answers) - set(streams):
                assert refused.status_code == 429
                assert b"Too many streams" in await refused.aread()
            for answer in answers:
                await answer.aclose()


async def _event(lines: AsyncIterator[str]) -> dict[str, str]:
    """Return the fields of the next event of a stream."""
    fields: dict[str, str] = {}
    async for line in lines:
        assert line != ": still here", "nothing came while it waited"
        name, _, value = line.partition(": ")
        if name in {"id", "data", "event"}:
            fields[name] = value
        if not line and "data" in fields:
            return fields
    raise AssertionError("the stream ended")
