"""What holds to the day: the end of an agreement, who was on its team when, and its calendar."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from icalendar import Calendar

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import driver, transaction
from app.core.preconditions import Precondition
from app.handling import deciding, upkeep
from app.handling.asking import OfficeChange, add_terms
from app.handling.reading import read_request
from app.handling.schemas import HandlingLeave
from app.handling.terms import Terms
from app.teamwork import statements
from tests.factories import Registry
from tests.handling.heads import TERMS, Side, draft, good, settle
from tests.handling.table import head_of
from tests.scenes import make_offices
from tests.web.pages import PageReader, reader

Json = dict[str, Any]
PERSON: Final = {"name": "Dana Sample", "post": "analyst"}


class RolledBackError(Exception):
    """Nothing of a transaction is to stay."""


def key_of(request: str) -> UUID:
    return UUID(request.removeprefix("hnd_"))


async def age(registry: Registry, request: str, days: int) -> None:
    """Let a matter have begun, and all else of it, so many days before it did."""
    for table, columns in (
        ("matters", ("began_on", "agreed_on", "ends_on")),
        ("matter_members", ("joined_on",)),
        ("matter_tasks", ("due_on",)),
    ):
        changes = ", ".join(f"{column} = {column} - CAST(:days AS int)" for column in columns)
        await registry.rows(
            f"UPDATE {table} SET {changes} WHERE request_id = :id RETURNING 1",  # noqa: S608 -- the names above
            days=days,
            id=key_of(request),
        )
    await registry.rows(
        "UPDATE handling_requests SET due_at = due_at - make_interval(days => CAST(:days AS int))"
        " WHERE id = :id RETURNING 1",
        days=days,
        id=key_of(request),
    )


async def statement(side: Side, matter: str, on: date | None = None) -> Json:
    params = {} if on is None else {"on": on.isoformat()}
    path = f"/v1/matters/{matter}/team-statement"
    return good(await side.office.http.get(path, params=params))


async def join(side: Side, matter: str, on: date) -> int:
    body = {**PERSON, "joined_on": on.isoformat()}
    return (await side.work(f"{matter}/members", body)).status_code


class TestLastDay:
    async def test_is_the_last_whether_or_not_a_night_has_come(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        settled = await settle(sides, request)
        matter, overlap = settled["matter_id"], settled["overlap_id"]
        today = utc_now().date()
        assert await join(sides[0], matter, today) == 201
        await shared_registry.rows(
            "UPDATE cases SET disclosure = 'contact_first' WHERE office_id IN"
            " (SELECT office_id FROM handling_parties WHERE request_id = :id) RETURNING 1",
            id=key_of(request),
        )

        async def rungs() -> set[str]:
            paths = [side.office.http.get(f"/v1/overlaps/{overlap}") for side in sides]
            return {good(await each)["rung"] for each in paths}

        length = (date.fromisoformat(settled["ends_on"]) - today).days
        await age(shared_registry, request, length - 1)
        assert (await rungs(), (await sides[1].read(request))["status"]) == ({"contact"}, "active")
        assert [each["left_on"] for each in (await statement(sides[1], matter))["members"]] == [
            None
        ]
        await age(shared_registry, request, 1)
        ended_at = f"{today}T00:00:00Z"
        visitor = await reader(shared_registry, sides[0].office, Role.LEADERSHIP)
        for has_night_come in (False, True):
            if has_night_come:
                async with transaction(shared_registry.operator) as session:
                    await upkeep.expire_requests(session, OPERATOR, limit=500, now=utc_now())
            read = await sides[1].read(request)
            assert (read["status"], read["steps"], read["ended_at"]) == ("expired", [], ended_at)
            assert read["due_at"] is None
            assert await rungs() == {"pointer"}
            later = {"answer": "extend", "ends_on": f"{today + timedelta(days=90)}"}
            for what, body in (
                ("answers", later),
                ("decisions", {"decision": "conclude", "reason": "transferred"}),
            ):
                refused = await sides[0].send(request, what, body)
                assert refused.status_code == 409
                assert refused.json()["status_now"] == "expired"
            assert await join(sides[0], matter, today) == 409
            for page in (f"/matters/{matter}", f"/handling/{request}"):
                text = (await visitor.get(page)).text
                assert "It is over: its time ran out." in text
                found = PageReader(text).forms
                assert [each.action for each in found if each.action.startswith(page)] == []
            listed = [
                [each["status"] for each in good(answer)["items"]]
                for answer in [
                    await sides[0].office.http.get(f"/v1/matters?state={state}")
                    for state in ("open", "ended")
                ]
            ]
            assert listed == [[], ["expired"]]
            told = await statement(sides[1], matter)
            assert (told["status"], told["ended_at"]) == ("expired", ended_at)
            assert [each["until"] for each in told["leads"]] == [ended_at]
            last = today - timedelta(days=1)
            assert [each["left_on"] for each in told["members"]] == [last.isoformat()]
            on_days = [await statement(sides[1], matter, day) for day in (last, today)]
            assert [len(each["members"]) for each in on_days] == [1, 0]

    async def test_leaves_no_grant_and_stands_in_nobodys_way(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        settled = await settle(sides, request)
        path = f"/v1/overlaps/{settled['overlap_id']}/handling-requests"
        heads = [(await side.head()).http for side in sides]

        async def grants(shown: str) -> list[Json]:
            listed = [await http.get("/v1/grants", params={"shown": shown}) for http in heads]
            return [each for answer in listed for each in good(answer)["items"]]

        (waits, _), stands = await grants("waiting"), await grants("in_force")
        assert {each["state"] for each in stands} == {"in_force"}
        await age(shared_registry, request, 180)
        assert (await grants("waiting"), await grants("in_force")) == ([], [])
        ended = await grants("ended")
        assert len(ended) == len(stands) + len(sides)
        assert {each["state"] for each in ended} == {"expired"}
        of_case = "/v1/cases/cms/24-0/grants"
        listed = good(await heads[0].get(of_case))["items"]
        assert {each["state"] for each in listed} == {"expired"}
        refused = await heads[0].post(
            f"{of_case}/{waits['id']}/approvals", json={"digest": waits["digest"]}
        )
        assert (refused.status_code, refused.json()["status_now"]) == (409, "expired")
        for side in sides:
            checked = await side.office.http.post("/v1/cases/cms/24-0/checks", json={"act": "plea"})
            (found,) = good(checked)["overlaps"]
            assert (found["handling"], found["next_step"]) == (None, "call")
        key = {"Idempotency-Key": uuid4().hex}
        body = {"kind": "joint_handling", "terms": TERMS}
        anew = good(await sides[0].office.http.post(path, json=body, headers=key))["id"]
        again = await settle(sides, anew)
        assert again["status"] == "active"


class TestTeam:
    async def test_has_nobody_of_an_office_before_it_joined_nor_after_it_left(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 3)
        matter = (await settle(sides, request))["matter_id"]
        newcomer = Side(shared_registry, (await make_offices(shared_registry, 1))[0])
        await age(shared_registry, request, 5)
        admit = {"answer": "admit", "office": newcomer.office.code}
        good(await sides[0].send(request, "answers", admit))
        for side in (*sides, newcomer):
            good(await side.sign(request))
        today = utc_now().date()
        before, after = today - timedelta(days=1), today + timedelta(days=3)
        assert await join(newcomer, matter, before) == 422
        assert await join(newcomer, matter, today) == 201
        assert await join(sides[0], matter, before) == 201
        for day in (before, today, after):
            assert await join(sides[1], matter, day) == 201
        good(await sides[1].send(request, "decisions", {"decision": "leave"}))
        for side in (sides[1], sides[0], sides[2], newcomer):
            good(await side.sign(request))
        gone = f"Office {sides[1].office.code}"
        for side in (sides[0], sides[1]):
            told = await statement(side, matter)
            team = [
                (each["joined_on"], each["left_on"])
                for each in told["members"]
                if each["office"] == gone
            ]
            assert team == [(f"{before}", f"{today}"), (f"{today}", f"{today}")]
        for day, how_many in ((before, 2), (today, 4), (after, 2)):
            assert len((await statement(sides[0], matter, day))["members"]) == how_many, day
        assert (await statement(newcomer, matter, after))["members"] != []


class TestCalendar:
    async def test_is_one_by_rfc_5545_of_what_is_to_come(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        matter = (await settle(sides, request))["matter_id"]
        today = utc_now().date()
        task = {"office": sides[1].office.code, "kind": "charging_decision"}
        for days, status in ((0, 201), (179, 201), (180, 422), (-1, 422), (2_000_000, 422)):
            due_on = "9999-12-31" if days > 999 else f"{today + timedelta(days=days)}"
            given = await sides[0].work(f"{matter}/tasks", {**task, "due_on": due_on})
            assert given.status_code == status, given.text

        async def events(days: int = 0) -> dict[str, tuple[date, str]]:
            """Return what the calendar has so many days from now, by title: day and name."""
            head = await head_of(shared_registry, sides[1].office)
            now = utc_now() + timedelta(days=days)
            async with shared_registry.acting(head) as session:
                text = await statements.make_calendar(session, head, key_of(request), now=now)
            assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
            assert "\n" not in text.replace("\r\n", "")
            found: Any = Calendar.from_ical(text)
            assert (found["version"], found["prodid"]) == ("2.0", "-//Joinder//Matter//EN")
            made = found.walk("VEVENT")
            assert made, "RFC 5545 section 3.6: one component at least"
            assert len({each["uid"] for each in made}) == len(made)
            for each in made:
                assert each["dtstamp"].dt == now.replace(microsecond=0)
                assert each["dtend"].dt - each["dtstart"].dt == timedelta(days=1)
            return {
                f"{each['summary']} {each['dtstart'].dt}": (each["dtstart"].dt, each["uid"])
                for each in made
            }

        ends_on = today + timedelta(days=180)
        reviews = [f"Review {today + timedelta(days=days)}" for days in range(30, 180, 30)]
        whose = f"Charging decision ({sides[1].office.code})"
        tasks = [f"{whose} {today + timedelta(days=days)}" for days in (0, 179)]
        first = await events()
        assert first.keys() == {f"Agreement ends {ends_on}", *reviews, *tasks}
        later = await events(60)
        assert later.keys() == first.keys() - {reviews[0]}
        assert {later[name] for name in later} <= set(first.values())  # and the same names
        await shared_registry.rows(
            "UPDATE matters SET began_on = began_on - 600 WHERE request_id = :id RETURNING 1",
            id=key_of(request),
        )
        assert len([each for each in await events() if each.startswith("Review ")]) == 6
        over = await events(200)
        assert {each[1] for each in over.values()} == {f"{matter}-end"}
        assert [*over] == [f"Agreement ended {ends_on}"]


class TestOffer:
    async def test_lapses_by_the_clock_of_the_registry(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry, 3)
        matter = (await settle(sides, request))["matter_id"]
        leaver = await head_of(shared_registry, sides[1].office)
        good(await sides[0].work(f"{matter}/lead-offers", {"office": sides[1].office.code}))
        now: datetime = utc_now() + timedelta(minutes=5)
        other = await head_of(shared_registry, sides[2].office)
        offered = (
            "SELECT withdrawn_at FROM matter_leads WHERE request_id = $1 AND accepted_at IS NULL"
        )
        with suppress(RolledBackError):
            async with shared_registry.acting(other) as session:
                change = OfficeChange(leaves=leaver.office_id)
                terms = Terms.model_validate(TERMS)
                await add_terms(session, other, key_of(request), 2, terms, now=now, change=change)
                assert await (await driver(session)).fetchval(offered, key_of(request)) is None
                raise RolledBackError
        async with shared_registry.acting(leaver) as session:
            known = await read_request(session, leaver, key_of(request), now=now)
            match, leave = Precondition.parse(known.etag), HandlingLeave(decision="leave")
            await deciding.decide_request(
                session, leaver, key_of(request), leave, if_match=match, now=now
            )
        ((withdrawn_at,),) = await shared_registry.rows(
            "SELECT withdrawn_at FROM matter_leads WHERE request_id = :id AND accepted_at IS NULL",
            id=key_of(request),
        )
        assert withdrawn_at == now
