"""Looking at overlaps is counted wherever they are shown, and nearly nobody waits for it."""

from typing import Any, Final
from uuid import UUID

import pytest

from app.access.principal import Principal
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import driver
from app.people.deps import CSRF_HEADER
from app.quotas import queries
from app.quotas.allowances import CLIENT, LISTING, PERSON, Share, daily
from app.quotas.counting import LOOKS_AT_ONCE, read_left, within_look
from app.quotas.errors import QuotaExceededError
from app.quotas.service import shares_of
from tests.access.people import Person, sign_in
from tests.documented import document
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, meet
from tests.wall.acting import client_of
from tests.web.pages import reader, statements

SHOWS: Final = {"OverlapRead", "StateOverlapRead", "NetworkRead"}
"""Schemas that tell of another office's side."""
SINGLE: Final = ("/v1/overlaps/{overlap}", "/v1/overlaps/{overlap}/follow-up")
LATER: Final = ("/v1/overlaps", "/v1/follow-ups", "/v1/second-looks", "/v1/state-overlaps",
                "/v1/mediations")  # fmt: skip
PAGES: Final = (
    *("/overlaps/{overlap}", "/overlaps/{overlap}/glass", "/cases/cms/24-1"),
    *("/cases/cms/24-1/network", "/overlaps?turn=ours", "/overlaps?new=1"),
)
OF_THE_STATE: Final = ("/state?band=strong", "/state?of=waiting&days=7")


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry)


def schemas_in(part: Any, known: set[str]) -> set[str]:
    """Return the names of all schemas that a part of the document leads to."""
    if isinstance(part, list):
        for each in part:
            schemas_in(each, known)
    elif isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name and name not in known:
            known.add(name)
            schemas_in(document()["components"]["schemas"][name], known)
        for each in part.values():
            schemas_in(each, known)
    return known


def drawn_for_all(_: int) -> int:
    return 0


def drawn_for_none(_: int) -> int:
    return 1


async def use_up(registry: Registry, who: Principal, share: Share, *, but: int = 0) -> None:
    """Use all of the caller's looks of a day but so many, of as many days as come at once."""
    async with registry.acting(who) as session:
        most = {LISTING: int(share.burst * daily(LISTING, share)) - but}
        assert await queries.debit(await driver(session), most)
    await let_none_come_back(registry, who)


async def let_none_come_back(registry: Registry, who: Principal) -> None:
    """Count as of tomorrow: a slow test would else have a look again within seconds."""
    counted = await registry.rows(
        "UPDATE quota_buckets SET counted_at = now() + interval '1 day'"
        " WHERE holder = ANY (:holders) RETURNING 1",
        holders=list(shares_of(who)),
    )
    assert len(counted) >= len(shares_of(who))


async def person_of(meeting: Meeting, person: Person, *roles: Role) -> Principal:
    of_office = await client_of(meeting.registry, meeting.first)
    return Principal(
        "test", of_office.office_id, of_office.permissions, person_id=person.key,
        roles=frozenset(roles),
    )  # fmt: skip


async def later(meeting: Meeting, client: OfficeClient, path: str) -> str:
    """Return the address of a page behind the newest one of a list."""
    office = (await client_of(meeting.registry, client)).office_id
    behind = UUID(int=2**128 - 1)
    cursor = meeting.registry.app.state.pager.after(f"{office}:{path}", [behind], 1)
    return f"{path}?cursor={cursor}"


def test_every_way_to_read_overlaps_is_counted() -> None:
    shown = {
        path: get["responses"]
        for path, methods in document()["paths"].items()
        if (get := methods.get("get")) and schemas_in(get["responses"]["200"], set()) & SHOWS
    }
    assert shown.keys() == {
        *(path.format(overlap="{overlap_id}") for path in SINGLE),
        *LATER,
        "/v1/cases/{source_system}/{external_id}/network",
    }
    assert all("429" in responses for responses in shown.values())


class TestUsedUp:
    async def test_shows_and_reads_nothing_but_the_newest(self, meeting: Meeting) -> None:
        first = meeting.first
        paths = [each.format(overlap=meeting.overlap_id) for each in SINGLE]
        paths += [await later(meeting, first, each) for each in LATER]
        paths += ["/v1/cases/cms/24-1/network", "/v1/follow-ups?state=new"]
        await use_up(meeting.registry, await client_of(meeting.registry, first), CLIENT, but=100)
        for path in paths:
            assert (await first.http.get(path)).status_code == 200, path
        left = 100 - len(LATER) - 2
        async with meeting.registry.acting(who := await client_of(meeting.registry, first)) as done:
            fits = (await read_left(done, who, [LISTING], now=utc_now()))[LISTING]
            assert left - fits in {0, LOOKS_AT_ONCE, 2 * LOOKS_AT_ONCE}
            assert await queries.debit(await driver(done), {LISTING: fits})
        for path in (*paths, f"/v1/overlaps/ovl_{'f' * 32}"):
            with statements(meeting.registry) as seen:
                refused = await first.http.get(path)
            assert (refused.status_code, refused.json()["code"]) == (429, "quota-exceeded"), path
            assert not [sql for sql in seen if "_overlaps v" in sql], path
        for path in LATER:
            assert (await first.http.get(path)).status_code == 200, path
        person = await sign_in(meeting.registry, first, Role.ANALYST)
        for other in (meeting.second, person):
            assert (await other.http.get(paths[0])).status_code == 200

    async def test_shows_no_page_either(self, meeting: Meeting) -> None:
        roles = Role.LEADERSHIP, Role.COORDINATOR
        person = await sign_in(meeting.registry, meeting.first, *roles)
        paths = [each.format(overlap=meeting.overlap_id) for each in (*PAGES, *OF_THE_STATE)]
        for path in paths:
            assert (await person.http.get(path)).status_code == 200, path
        who = await person_of(meeting, person, *roles)
        await let_none_come_back(meeting.registry, who)
        async with meeting.registry.acting(who) as session:
            fits = (await read_left(session, who, [LISTING], now=utc_now()))[LISTING]
            assert fits < PERSON.burst * daily(LISTING, PERSON)
            assert await queries.debit(await driver(session), {LISTING: fits})
        for path in paths:
            assert (await person.http.get(path)).status_code == 429, path
        for path in ("/overlaps", "/state", "/cases"):
            assert (await person.http.get(path)).status_code == 200, path

    async def test_shows_no_page_again_for_a_form_that_is_not_right(self, meeting: Meeting) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        token = {"csrf_token": person.http.headers[CSRF_HEADER]}
        case, overlap = "/cases/cms/24-1", f"/overlaps/{meeting.overlap_id}"
        paths = [f"{case}/checks", f"{case}/handling", f"{overlap}/opened", f"{overlap}/verdict"]
        for path in paths:
            assert (await person.http.post(path, data=token)).status_code == 422, path
        who = await person_of(meeting, person, Role.PROSECUTOR)
        async with meeting.registry.acting(who) as session:
            fits = (await read_left(session, who, [LISTING], now=utc_now()))[LISTING]
            assert await queries.debit(await driver(session), {LISTING: fits})
        for path in paths:
            assert (await person.http.post(path, data=token)).status_code == 429, path
        checked = await person.http.post(paths[0], data={**token, "act": "charge"})
        assert checked.status_code == 200, "a check before an act never refuses"


class TestLooks:
    async def test_are_counted_one_in_twenty_as_twenty(self, meeting: Meeting) -> None:
        who = await client_of(meeting.registry, meeting.first)
        await use_up(meeting.registry, who, CLIENT, but=2 * LOOKS_AT_ONCE)
        drawn = iter([0, *range(1, LOOKS_AT_ONCE), 0])
        left = []
        for _ in range(LOOKS_AT_ONCE + 1):
            async with meeting.registry.acting(who) as session:
                now = utc_now()
                async with within_look(session, who, now=now, draw=lambda _: next(drawn)):
                    pass
                left.append((await read_left(session, who, [LISTING], now=now))[LISTING])
        assert left == [LOOKS_AT_ONCE] * LOOKS_AT_ONCE + [0]
        for draw in (drawn_for_all, drawn_for_none):
            with pytest.raises(QuotaExceededError):
                async with (
                    meeting.registry.acting(who) as session,
                    within_look(session, who, now=utc_now(), draw=draw),
                ):
                    pytest.fail("nothing is read")

    async def test_of_what_is_not_found_cost_nothing(self, meeting: Meeting) -> None:
        who = await client_of(meeting.registry, meeting.first)
        await use_up(meeting.registry, who, CLIENT, but=LOOKS_AT_ONCE)
        for _ in range(3 * LOOKS_AT_ONCE):
            answer = await meeting.first.http.get(f"/v1/overlaps/ovl_{'f' * 32}")
            assert answer.status_code == 404


class TestLists:
    async def test_lock_the_offices_count_when_all_is_read(self, shared_registry: Registry) -> None:
        """Or two pages of one office would be made one after the other."""
        meeting = await meet(shared_registry)
        person = await reader(shared_registry, meeting.first, Role.ANALYST)
        newest = await meeting.first.http.get("/v1/overlaps?limit=1")
        for http, path in (
            (meeting.first.http, newest.links["next"]["url"]),
            (meeting.first.http, "/v1/cases/cms/24-1/network"),
            (person.http, "/overlaps?turn=ours"),
        ):
            with statements(shared_registry) as seen:
                assert (await http.get(path)).status_code == 200
            at = [place for place, sql in enumerate(seen) if "debit(" in sql]
            assert [sql.strip("; ") for sql in seen[at[0] + 1 :]] == ["COMMIT"], (path, seen)
