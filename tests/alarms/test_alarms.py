"""Alarms: each finding once, told to the operator whole and to the office as far as it may know."""

from datetime import datetime, timedelta
from typing import Any

from app.access.vocabulary import Role
from app.alarms import queries, service
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.jobs.steps import NIGHTLY
from app.quotas import service as quotas
from tests.access.people import Person, sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import all_ended, make_offices, meet, someone, something
from tests.sharing.test_glass import smash
from tests.suppressing.test_canaries import set_canary
from tests.wall.acting import office_id
from tests.web.pages import reader
from tests.webhooks.office import hook


async def night(registry: Registry, now: datetime | None = None, of: int | None = None) -> int:
    """Raise what there is, as the nightly job does until nothing is left."""
    raised = 0
    async with transaction(registry.operator) as session:
        while some := await service.raise_alarms(
            session, NIGHTLY, now=now or utc_now(), limit=50, office_id=of
        ):
            raised += some
    return raised


async def told(registry: Registry, office: OfficeClient) -> list[tuple[str, int]]:
    """Return what the office's administrator reads."""
    person = await sign_in(registry, office, Role.ADMINISTRATOR)
    answer = await person.send("GET", "/v1/alarms")
    assert answer.status_code == 200, answer.text
    return [(each["kind"], each["count"]) for each in answer.json()["items"]]


async def all_of(registry: Registry, office: OfficeClient) -> list[tuple[str, str]]:
    """Return what the operator reads about the office, and whom to reach."""
    async with transaction(registry.operator) as session:
        found = await service.list_all(session, NIGHTLY, since=utc_now() - timedelta(hours=1))
    return [(row["kind"], row["email"]) for row in found if row["code"] == office.code]


class TestCanary:
    async def test_is_told_of_once_and_to_the_poster_by_no_name(
        self, shared_registry: Registry
    ) -> None:
        owner, poster = await make_offices(shared_registry, 2)
        bait = something()
        await set_canary(shared_registry, owner, bait)
        await night(shared_registry)
        await poster.put_case("24-1", case(bait))
        assert await night(shared_registry) == 1
        assert await night(shared_registry) == 0
        assert await told(shared_registry, poster) == [("unusual_post", 1)]
        assert await told(shared_registry, owner) == []
        ((kind, email),) = await all_of(shared_registry, poster)
        assert kind == "canary"
        assert email.endswith("@example.com")
        entries = [
            each["detail"]
            for each in await shared_registry.audit("alarm.raised")
            if each["detail"]["kind"] == "canary"
        ]
        assert entries[-1] == {"kind": "canary", "count": 1}


class TestAllowance:
    async def test_that_is_used_up_raises_one_a_day_and_class(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        auditor, prosecutor = [
            await sign_in(shared_registry, office, role) for role in (Role.AUDITOR, Role.PROSECUTOR)
        ]
        for counts in ({"tel": 501}, {"tel": 501}, {"email": 201}):
            refused = await office.http.post("/v1/tokens/permits", json=permit(counts))
            assert refused.status_code == 429, refused.text
        assert await told(shared_registry, office) == [("allowance", 1)] * 2
        assert len(await all_of(shared_registry, office)) == 2
        await all_ended(shared_registry)
        for person, is_told in ((auditor, True), (prosecutor, False)):
            notices = (await person.send("GET", "/v1/me/notices")).json()["items"]
            types = [each["event"]["type"] for each in notices]
            assert types == ["alarm.raised"] * 2 * is_told
        assert (await office.http.get("/v1/events")).json()["items"] == []  # who may be misused


class TestMany:
    async def test_readings_and_short_lived_cases_raise_one_for_the_day(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        cases = [
            {"source_system": "cms", "external_id": f"24-{number}", "case": case(someone())}
            for number in range(queries.MOST_SHORT_LIVED + 1)
        ]
        put = await office.http.put("/v1/cases", json={"cases": cases})
        assert put.status_code == 200, put.text
        of_it = "office_id = (SELECT id FROM offices WHERE code = :code)"
        await shared_registry.rows(
            "UPDATE cases SET posted_at = now() - interval '3 days',"  # noqa: S608 -- constants
            f" withdrawn_at = now() - interval '1 day' WHERE {of_it} RETURNING id",
            code=office.code,
        )
        await shared_registry.rows(
            "INSERT INTO readings (case_id, owner_office_id, overlap_id, office_id, office_case_id,"
            " actor, reader, roles, rung, reason, read_at, logged_at)"
            " SELECT 1, 1, gen_random_uuid(), o.id, 1, 'test', 'person', '{}', 3, 'plea', now(),"
            " now() - interval '1 day' FROM offices o, generate_series(1, :most)"
            " WHERE o.code = :code RETURNING id",
            most=queries.MOST_READINGS + 1,
            code=office.code,
        )
        await night(shared_registry)
        assert await night(shared_registry) == 0
        assert sorted(await told(shared_registry, office)) == [
            ("readings", queries.MOST_READINGS + 1),
            ("short_lived", queries.MOST_SHORT_LIVED + 1),
        ]


class TestUnposted:
    async def test_cases_that_were_announced_and_never_came_raise_one(
        self, shared_registry: Registry
    ) -> None:
        guessing, honest = await make_offices(shared_registry, 2)
        for office, more in ((guessing, 2), (honest, 1)):
            numbers = range(queries.MOST_UNPOSTED + more)
            named = [{"source_system": "cms", "external_id": f"24-{each}"} for each in numbers]
            more_named = [{**each, "source_system": "rms"} for each in named]
            for cases in (named, more_named):  # the second is free, so it names nothing
                asked = {**permit({"tel": 1}), "cases": cases}
                assert (await office.http.post("/v1/tokens/permits", json=asked)).is_success
            await office.put_case("24-0", case(someone()))
        await shared_registry.rows(
            "UPDATE announced_cases SET announced_at = announced_at - interval '9 days'"
            " RETURNING office_id"
        )
        await night(shared_registry)
        assert await night(shared_registry) == 0
        assert await told(shared_registry, guessing) == [("unposted", queries.MOST_UNPOSTED + 1)]
        assert await told(shared_registry, honest) == []

    async def test_are_forgotten_after_30_days(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        for days in (31, 29):
            numbers = [{"source_system": "cms", "external_id": f"{days}-{each}"} for each in "abc"]
            asked = {**permit({"tel": days}), "cases": numbers}
            assert (await office.http.post("/v1/tokens/permits", json=asked)).is_success
            await shared_registry.rows(
                "UPDATE announced_cases SET announced_at = now() - interval '1 day' * :days"
                " WHERE external_id LIKE :numbers RETURNING office_id",
                days=days,
                numbers=f"{days}-%",
            )
        async with transaction(shared_registry.operator) as session:
            forgotten = [
                await quotas.forget_announced(session, NIGHTLY, now=utc_now(), limit=500)
                for _ in range(2)
            ]
        assert forgotten[0] >= 3
        assert forgotten[1] == 0
        kept = await shared_registry.rows(
            "SELECT external_id FROM announced_cases a JOIN offices o ON o.id = a.office_id"
            " WHERE o.code = :code ORDER BY 1",
            code=office.code,
        )
        assert [row[0] for row in kept] == ["29-a", "29-b", "29-c"]


class TestProposed:
    async def test_what_waits_for_the_operator_is_told_the_night_after(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        head = await reader(shared_registry, office, Role.LEADERSHIP)
        await night(shared_registry)
        form = (await head.page("/office/agreement")).form("/office/agreement")
        sent = await head.send(form, version="2027-1", signatory="District Attorney")
        assert sent.status_code == 303, sent.text
        assert await night(shared_registry) == 1
        assert await night(shared_registry) == 0
        assert await told(shared_registry, office) == [("proposed", 1)]
        assert [kind for kind, _ in await all_of(shared_registry, office)] == ["proposed"]


class TestWebhook:
    async def test_that_gave_up_is_told_to_its_office_once_each_day(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        hooked = await hook(shared_registry, office, "https://cms.example.com/joinder")
        await night(shared_registry)
        for _ in range(2):
            await hooked.test()
        assert await night(shared_registry) == 0, "what waits is no alarm"
        await shared_registry.rows(
            "UPDATE webhook_deliveries SET state = 'dead', due_at = now() WHERE office_id ="
            " (SELECT id FROM offices WHERE code = :code) RETURNING id",
            code=office.code,
        )
        assert await night(shared_registry) == 1
        assert await night(shared_registry) == 0
        assert await told(shared_registry, office) == [("webhook", 2)]
        page = (await hooked.administrators[0].http.get("/alarms")).text
        assert "Messages to a webhook were given up" in page
        assert (await hooked.read())["state"] == "active", "as of an event that is unreadable"
        assert "it is paused:" not in page
        assert [kind for kind, _ in await all_of(shared_registry, office)] == ["webhook"]


class TestMail:
    async def test_that_was_given_up_is_told_to_its_office_once_each_person_by_no_name(
        self, shared_registry: Registry
    ) -> None:
        office, other = await make_offices(shared_registry, 2)
        people = [await sign_in(shared_registry, office, Role.ANALYST) for _ in range(2)]
        await night(shared_registry)
        for person, state in zip(people, ("dead", "waiting"), strict=True):
            await self.put(shared_registry, person, state)
        assert [await night(shared_registry) for _ in range(2)] == [1, 0]
        assert await told(shared_registry, office) == [("mail", 1)]
        assert await told(shared_registry, other) == []

    async def test_does_not_tell_each_night_whom_no_mail_about_it_reaches(
        self, shared_registry: Registry
    ) -> None:
        """An auditor's address is bad: the mail about the alarm is given up like the first."""
        (office,) = await make_offices(shared_registry, 1)
        people = [await sign_in(shared_registry, office, Role.AUDITOR) for _ in range(2)]
        key, today = await office_id(shared_registry, office), utc_now().replace(day=20)
        raised = []
        for person, days in ((people[0], 0), (people[0], 1), (people[1], 1), (people[0], 20)):
            now = today + timedelta(days=days)
            await self.put(shared_registry, person, "dead", now)
            raised.append(await night(shared_registry, now, key))
        assert raised == [1, 0, 1, 1], "and once more in the next month"

    async def test_is_told_once_where_on_a_day_those_to_many_are_given_up(
        self, shared_registry: Registry
    ) -> None:
        """Then it is the mail server; on another day an address is told of by itself."""
        (office,) = await make_offices(shared_registry, 1)
        people = [await sign_in(shared_registry, office, Role.ANALYST) for _ in range(6)]
        key = await office_id(shared_registry, office)
        first = utc_now().replace(day=10, hour=20)

        async def given_up(days: int, *who: Person) -> int:
            at = first + timedelta(days=days)
            for person in who:
                await self.put(shared_registry, person, "dead", at)
            return await night(shared_registry, at + timedelta(minutes=1), key)

        assert await given_up(0, *people[:3]) == 3, "so many addresses can be wrong"
        assert await given_up(1, *people) == 1
        assert await given_up(2, *people) == 0, "once a month"
        assert await given_up(3, people[0]) == 0, "it was told of"
        assert await given_up(3, people[5]) == 1
        told = await shared_registry.rows(
            "SELECT split_part(finding, ' ', 1), count FROM alarms"
            " WHERE office_id = :id AND kind = 'mail' ORDER BY number",
            id=key,
        )
        assert [row[1] for row in told] == [1, 1, 1, 6, 1]
        assert [row[0] == "all" for row in told] == [False] * 3 + [True, False]

    @staticmethod
    async def put(
        registry: Registry, person: Person, state: str, at: datetime | None = None
    ) -> None:
        """Put a mail that was tried eight times into the outbox."""
        await registry.rows(
            "INSERT INTO mails (office_id, person_id, state, attempts, due_at, error)"
            " SELECT office_id, id, :state, 8, :at, '550' FROM persons WHERE id = :id"
            " RETURNING id",
            state=state,
            at=at or utc_now(),
            id=person.key,
        )


class TestLateExport:
    async def test_is_told_once_a_day_to_who_answers_for_the_office_and_to_no_other(
        self, shared_registry: Registry
    ) -> None:
        office, other = await make_offices(shared_registry, 2)
        today = utc_now().date()
        people = [
            await sign_in(shared_registry, office, role) for role in (Role.AUDITOR, Role.ANALYST)
        ]
        for due_on in (today, today, today - timedelta(days=1)):
            sent = {"due_on": due_on.isoformat()}
            answer = await office.http.put("/v1/alarms/late-export", json=sent)
            assert (answer.status_code, answer.json()) == (200, sent)
        for days in (-8, 2):
            sent = {"due_on": (today + timedelta(days=days)).isoformat()}
            refused = await office.http.put("/v1/alarms/late-export", json=sent)
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["pointer"] == "/due_on"
        assert await told(shared_registry, office) == [("late_export", 1)] * 2
        assert await told(shared_registry, other) == []
        await all_ended(shared_registry)
        for person, count in zip(people, (2, 0), strict=True):
            notices = (await person.send("GET", "/v1/me/notices")).json()["items"]
            assert [each["event"]["type"] for each in notices] == ["alarm.raised"] * count
        assert (await office.http.get("/v1/events")).json()["items"] == []
        assert (
            "No export of your case-management system" in (await people[0].http.get("/alarms")).text
        )


class TestReviews:
    async def test_of_an_emergency_reading_that_nobody_made_is_told_to_both_offices(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        person = await sign_in(shared_registry, meeting.first, Role.PROSECUTOR)
        made = (await smash(person, meeting)).json()
        await night(shared_registry)
        assert await told(shared_registry, meeting.second) == []
        await shared_registry.rows(
            "UPDATE glass_breaks SET broken_at = broken_at - interval '72 hours', expires_at ="
            " broken_at - interval '71 hours', review_due_at = review_due_at - interval '72 hours'"
            " WHERE id = :id RETURNING id",
            id=parse_public_id("brk", made["id"]),
        )
        assert [await night(shared_registry) for _ in range(2)] == [2, 0]
        for office in (meeting.first, meeting.second):
            assert await told(shared_registry, office) == [("glass_review", 1)]

    async def test_of_access_is_told_each_time_that_it_is_reminded_of(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        await night(shared_registry)
        mine = "office_id = (SELECT id FROM offices WHERE code = :code)"
        await shared_registry.rows(
            "INSERT INTO access_reviews (office_id, reminded_at) SELECT id, now() FROM offices"
            " WHERE code = :code RETURNING 1",
            code=office.code,
        )
        assert [await night(shared_registry) for _ in range(2)] == [1, 0]
        assert await told(shared_registry, office) == [("access_review", 1)]
        for change in ("reviewed_at = now()", "reminded_at = now() - interval '1 day'"):
            await shared_registry.rows(
                f"UPDATE access_reviews SET {change} WHERE {mine} RETURNING 1",  # noqa: S608 -- ours
                code=office.code,
            )
            assert await night(shared_registry) == 0


class TestIdleAccounts:
    async def test_are_told_of_a_week_before_they_are_disabled(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        people = [await sign_in(shared_registry, office, Role.ANALYST) for _ in range(4)]
        await night(shared_registry)
        for person, days in zip(people, (82, 83, 83, 10), strict=True):
            await shared_registry.rows(
                "UPDATE persons SET created_at = now() - interval '100 days', enabled_at ="
                " now() - interval '100 days', last_signed_in_at = now() - interval '1 day' * :days"
                " WHERE id = :id RETURNING 1",
                days=days,
                id=person.key,
            )
        assert [await night(shared_registry) for _ in range(2)] == [1, 0]
        assert await told(shared_registry, office) == [("idle_accounts", 2)]


def permit(counts: dict[str, int]) -> dict[str, Any]:
    """Return what asks for the evaluation of so many elements."""
    return {
        "epoch": 1,
        "reason": "posting",
        "cases": [{"source_system": "cms", "external_id": "24-1"}],
        "counts": counts,
        "digest": "oXfCO_MK23DYeQDnLQLw4sIYGcWPuMB0eASEHpA7LHs",
    }
