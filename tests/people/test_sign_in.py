"""Signing in with a local account; what a sign-in is, and how it ends."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.people import attempts, passwords, queries, upkeep
from app.people.deps import COOKIE, CSRF_HEADER
from tests.factories import Registry
from tests.people.browsers import ORIGIN, PASSWORD, Browser, Someone, make_person
from tests.scenes import make_offices

TRACE = "0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"


async def enrolled(registry: Registry, *roles: Role) -> Someone:
    someone = await make_person(registry, *roles)
    await someone.enrol()
    return someone


async def refusals(registry: Registry, someone: Someone) -> list[str]:
    """Return why attempts at someone's account were refused, from the audit, in order."""
    entries = await registry.audit("sign_in.refused")
    return [each["detail"]["why"] for each in entries if each["object"] == str(someone.key)]


class TestEnrolment:
    async def test_code_is_good_once(self, people: Registry) -> None:
        someone = await make_person(people)
        await someone.enrol()
        again = await Browser.new(people).send(
            "POST", "/sign-in/enrolment", {"code": someone.code, "password": PASSWORD}
        )
        assert again.status_code == 401
        assert again.json()["code"] == "sign-in-refused"

    async def test_two_at_once_one_wins(self, people: Registry) -> None:
        someone = await make_person(people)
        body = {"code": someone.code.lower().replace("-", " "), "password": PASSWORD}
        answers = await asyncio.gather(
            *(Browser.new(people).send("POST", "/sign-in/enrolment", body) for _ in range(5))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]

    async def test_code_expires_and_is_stored_hashed(self, people: Registry) -> None:
        someone = await make_person(people)
        ((stored, expires),) = await people.rows(
            "SELECT enrolment_digest, enrolment_expires_at FROM persons WHERE id = :id",
            id=someone.key,
        )
        assert len(stored) == 32
        assert timedelta(hours=71) < expires - utc_now() <= timedelta(hours=72)
        await people.rows(
            "UPDATE persons SET enrolment_expires_at = now() WHERE id = :id RETURNING id",
            id=someone.key,
        )
        late = await Browser.new(people).send(
            "POST", "/sign-in/enrolment", {"code": someone.code, "password": PASSWORD}
        )
        assert late.status_code == 401

    async def test_bad_password_leaves_the_code_good(self, people: Registry) -> None:
        someone = await make_person(people)
        browser = Browser.new(people)
        for password in ("short", "passwordpassword", f"{someone.account}!"):
            body = {"code": someone.code, "password": password}
            refused = await browser.send("POST", "/sign-in/enrolment", body)
            assert (refused.status_code, refused.json()["code"]) == (422, "password-not-accepted")
        await someone.enrol(browser)

    async def test_short_password_works_only_beside_a_second_factor(self, people: Registry) -> None:
        someone = await make_person(people, Role.AUDITOR)
        browser = await someone.enrol(password="k7#Vq!p2zz")
        assert (await browser.get("/sign-in"))["next_step"] == "register_second_factor"
        refused = await browser.send("GET", "/access-review")
        assert (refused.status_code, refused.json()["code"]) == (403, "second-factor-needed")
        await someone.register_app(browser)
        await browser.get("/access-review")


class TestPassword:
    async def test_signs_in(self, people: Registry) -> None:
        someone = await enrolled(people)
        browser = Browser.new(people)
        answer = await browser.send("POST", "/sign-in", someone.sign_in_body())
        assert answer.status_code == 200
        body = answer.json()
        assert (body["person_id"], body["next_step"]) == (someone.person_id, "acknowledge_banner")
        assert body["roles"] == ["prosecutor"]
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert attributes == {"secure", "httponly", "samesite=lax", "path=/"}
        (entry,) = [
            each
            for each in await people.audit("sign_in.begun")
            if each["object"] == str(someone.key) and each["detail"]["method"] == "password"
        ]
        assert entry["actor"] == f"person:{someone.key}"
        assert someone.account not in str(entry)

    async def test_name_and_office_in_any_case_and_any_spelling_of_the_password(
        self, people: Registry
    ) -> None:
        someone = await make_person(people)
        await someone.enrol(password="café crème brûlée deux")
        body = {
            "office": someone.office.lower(),
            "account": someone.account.upper(),
            "password": "cafe\u0301 cre\u0300me bru\u0302le\u0301e deux",
        }
        assert (await Browser.new(people).send("POST", "/sign-in", body)).status_code == 200

    async def test_refusals_are_the_same_in_every_byte(self, people: Registry) -> None:
        someone = await enrolled(people)
        shut_out = await enrolled(people)
        await people.rows(
            "UPDATE persons SET disabled_at = now(), disabled_for = 'idle' WHERE id = :id"
            " RETURNING id",
            id=shut_out.key,
        )
        wrong = {"password": "seven green bicycles awake"}
        unknown = {**someone.sign_in_body(), "account": "nobody.here"}
        elsewhere = {**someone.sign_in_body(), "office": "ZZ-NOWHERE"}
        bodies = [
            *[{**someone.sign_in_body(), **wrong}] * 7,  # the last ones are locked
            *[unknown] * 7,
            *[elsewhere] * 7,
            shut_out.sign_in_body(),
        ]
        answers = [
            await Browser.new(people).send("POST", "/sign-in", body, **{"X-Request-Id": TRACE})
            for body in bodies
        ]
        seen = {
            (answer.status_code, answer.content, str(sorted(answer.headers.items())))
            for answer in answers
        }
        assert len(seen) == 1
        assert answers[0].status_code == 401
        assert await refusals(people, someone) == ["password"] * 5 + ["locked"] * 2

    async def test_unknown_account_is_hashed_for_too(
        self, people: Registry, keys_directory: Path
    ) -> None:
        """So it costs as much: seconds of the processor, which other work does not change."""
        url = people.app.state.settings.database_url.get_secret_value()
        costly = {"password_memory_kib": 16 * 1024, "password_passes": 4}
        async with Registry.started(url, keys_directory, public_url=ORIGIN, **costly) as registry:
            someone = await enrolled(registry)
            wrong = someone.sign_in_body("seven green bicycles awake")
            spent = []
            for body in (wrong, {**wrong, "account": "nobody.here"}, {**wrong, "office": "ZZ-NO"}):
                began = process_time()
                await Browser.new(registry).send("POST", "/sign-in", body)
                spent.append(process_time() - began)
        assert min(spent) > max(spent) / 2

    async def test_digest_is_renewed_when_parameters_change(self, people: Registry) -> None:
        someone = await enrolled(people)
        stronger = type(people.app.state.gate.hasher)(memory_kib=16, passes=1)
        old = await stronger.digest(PASSWORD)
        await people.rows(
            "UPDATE persons SET password_digest = :old WHERE id = :id RETURNING id",
            old=old,
            id=someone.key,
        )
        await someone.sign_in()
        ((digest,),) = await people.rows(
            "SELECT password_digest FROM persons WHERE id = :id", id=someone.key
        )
        assert digest.startswith("$argon2id$v=19$m=8,t=1,p=1$")
        await someone.sign_in()

    async def test_change_ends_the_other_sign_ins(self, people: Registry) -> None:
        someone = await enrolled(people)
        browser, other = await someone.sign_in(), await someone.sign_in()
        before = browser.cookie
        await browser.good("PUT", "/me/password", {"password": "nine other words in a row"})
        assert browser.cookie != before
        await browser.get("/sign-in")
        assert (await other.send("GET", "/sign-in")).status_code == 401
        body = someone.sign_in_body()
        assert (await Browser.new(people).send("POST", "/sign-in", body)).status_code == 401


class TestLockOut:
    async def count_up(self, people: Registry, network: str) -> int:
        """Let a source be one attempt short of its limit; return how many it had made."""
        ((counted,),) = await people.rows(
            "SELECT counted FROM sign_in_attempts WHERE key = :key",
            key=people.app.state.gate.seal.fingerprint("source", network),
        )
        await people.rows(
            "UPDATE sign_in_attempts SET counted = :counted WHERE key = :key RETURNING key",
            counted=attempts.SOURCE_LIMIT - 1,
            key=people.app.state.gate.seal.fingerprint("source", network),
        )
        return int(counted)

    async def test_five_of_three_hundred_parallel_guesses_reach_the_check(
        self, people: Registry
    ) -> None:
        someone = await enrolled(people)
        bodies = [someone.sign_in_body(f"guess number {n} of many") for n in range(300)]
        answers = await asyncio.gather(
            *(Browser.new(people).send("POST", "/sign-in", body) for body in bodies)
        )
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) <= {401, 503}, "a busy machine may send some away unread"
        reasons = await refusals(people, someone)
        assert reasons.count("password") == attempts.ACCOUNT_LIMIT
        assert reasons.count("locked") == statuses.count(401) - attempts.ACCOUNT_LIMIT
        right = await Browser.new(people).send("POST", "/sign-in", someone.sign_in_body())
        assert right.status_code == 401, "locked for the right password too"

    async def test_a_guess_that_nobody_looked_at_is_not_counted(self, people: Registry) -> None:
        someone, hasher = await enrolled(people), people.app.state.gate.hasher
        many = passwords._AT_ONCE + passwords._WAITING
        gate = threading.Event()
        others = [asyncio.create_task(hasher._turns.run(gate.wait)) for _ in range(many)]
        await asyncio.sleep(0)
        try:
            for _ in range(attempts.ACCOUNT_LIMIT + 1):
                sent_away = await Browser.new(people).send(
                    "POST", "/sign-in", someone.sign_in_body()
                )
                assert sent_away.status_code == 503
        finally:
            gate.set()
            await asyncio.gather(*others)
        await Browser.new(people).good("POST", "/sign-in", someone.sign_in_body())

    async def test_a_source_is_counted_over_all_accounts(self, people: Registry) -> None:
        someone = await enrolled(people)
        at = "203.0.113.7"
        guesses = [{**someone.sign_in_body("no"), "account": f"guess.{n}"} for n in range(3)]
        for guess in guesses:
            await Browser.new(people, at).send("POST", "/sign-in", guess)
        assert await self.count_up(people, f"{at}/32") == 3
        statuses = [
            (await Browser.new(people, at).send("POST", "/sign-in", body)).status_code
            for body in (someone.sign_in_body(), guesses[0], someone.sign_in_body())
        ]
        assert statuses == [200, 401, 401], "a right one is given back, a wrong one is the last"
        assert await refusals(people, someone) == ["locked"]
        await someone.sign_in()  # from elsewhere

    async def test_neighbours_in_an_ipv6_network_are_one_source(self, people: Registry) -> None:
        body = {"code": "AAAAAA", "password": PASSWORD}
        for host in range(2):
            if host:
                await self.count_up(people, "2001:db8:7:7::/64")
            browser = Browser.new(people, f"2001:db8:7:7::{host:x}")
            await browser.send("POST", "/sign-in/enrolment", body)
        someone = await enrolled(people)
        near, far = (Browser.new(people, f"2001:db8:7:{net}::99") for net in (7, 8))
        assert (await near.send("POST", "/sign-in", someone.sign_in_body())).status_code == 401
        assert (await far.send("POST", "/sign-in", someone.sign_in_body())).status_code == 200

    async def test_of_an_account_lasts_until_its_release(self, people: Registry) -> None:
        someone = await enrolled(people)
        gate, later = people.app.state.gate, utc_now() + timedelta(days=300)
        key, source = gate.account_key(someone.office, someone.account), b"elsewhere"
        for _ in range(attempts.ACCOUNT_LIMIT):
            body = someone.sign_in_body("seven green bicycles awake")
            await Browser.new(people).send("POST", "/sign-in", body)
        async with transaction(people.operator) as session:
            while await upkeep.purge_ended(session, OPERATOR, now=later, limit=500):
                pass
        async with transaction(people.app.state.sessions) as session:
            assert not await attempts.count(session, source, key, now=later)
            assert not await queries.release_account(session, key)  # nobody administers here
            await attempts.forget(session, key)
            assert await attempts.count(session, source, key, now=later)
            for each in (key, source):
                await attempts.forget(session, each)
        await someone.sign_in()

    async def test_of_slow_guesses_lasts_too_and_a_right_password_resets_nothing(
        self, shared_registry: Registry
    ) -> None:
        """Four each quarter of an hour, with the right password before each, and nights between."""
        now, account, source = utc_now(), b"slowly", b"of many"
        open_for = 0
        for turn in range(attempts.IN_A_ROW_LIMIT + 8):
            async with transaction(shared_registry.app.state.sessions) as session:
                if await attempts.count(session, source, account, now=now):
                    await attempts.give_back(session, source, account)
                guessed = await attempts.count(session, source, account, now=now)
                await attempts.give_back(session, source)
            assert guessed is (turn < attempts.IN_A_ROW_LIMIT)
            open_for += guessed
            if turn % 4 == 3:
                now += timedelta(hours=20) if turn % 16 == 15 else attempts.WINDOW
                async with transaction(shared_registry.operator) as session:
                    await upkeep.purge_ended(session, OPERATOR, now=now, limit=500)
        assert open_for == attempts.IN_A_ROW_LIMIT
        async with transaction(shared_registry.app.state.sessions) as session:
            later = now + timedelta(days=300)
            assert not await attempts.count(session, source, account, now=later)
            await attempts.forget(session, account)
            assert await attempts.count(session, source, account, now=later)
            for each in (account, source):
                await attempts.forget(session, each)

    async def test_of_a_source_ends_by_itself_and_lasts_longer_each_time(
        self, shared_registry: Registry
    ) -> None:
        now, source = utc_now(), b"one source"
        async with transaction(shared_registry.app.state.sessions) as session:
            for minutes in (15, 30, 60, 120, 240, 240):
                tries = [
                    await attempts.count(session, source, now=now)
                    for _ in range(attempts.SOURCE_LIMIT + 1)
                ]
                assert tries == [True] * attempts.SOURCE_LIMIT + [False]
                now += timedelta(minutes=minutes - 1)
                assert not await attempts.count(session, source, now=now)
                now += timedelta(minutes=1)
            await attempts.forget(session, source)

    async def test_old_failures_are_forgotten(self, people: Registry) -> None:
        someone = await enrolled(people)
        key = people.app.state.gate.account_key(someone.office, someone.account)
        for _ in range(3):
            for _ in range(attempts.ACCOUNT_LIMIT - 1):
                body = someone.sign_in_body("seven green bicycles awake")
                await Browser.new(people).send("POST", "/sign-in", body)
            await people.rows(
                "UPDATE sign_in_attempts SET started_at = started_at - interval '15 minutes'"
                " WHERE key = :key RETURNING key",
                key=key,
            )
        await someone.sign_in()


class TestSignIn:
    async def age(self, someone: Someone, **columns: timedelta) -> None:
        for column, past in columns.items():
            await someone.registry.rows(
                f"UPDATE sign_ins SET {column} = {column} - CAST(:past AS interval)"  # noqa: S608 -- our own column names
                " WHERE person_id = :id RETURNING id",
                past=past,
                id=someone.key,
            )

    @pytest.mark.parametrize(
        ("column", "minutes", "status"),
        [
            ("seen_at", 28, 200),
            ("seen_at", 30, 401),
            ("began_at", 719, 200),
            ("began_at", 720, 401),
        ],
    )
    async def test_ends_idle_after_30_minutes_and_at_last_after_12_hours(
        self, people: Registry, column: str, minutes: int, status: int
    ) -> None:
        someone = await enrolled(people)
        browser = await someone.sign_in()
        await self.age(someone, **{column: timedelta(minutes=minutes)})
        assert (await browser.send("GET", "/sign-in")).status_code == status

    async def test_requests_keep_it(self, people: Registry) -> None:
        someone = await enrolled(people)
        browser = await someone.sign_in()
        for _ in range(3):
            await self.age(someone, seen_at=timedelta(minutes=20))
            await browser.get("/sign-in")

    async def test_only_a_digest_is_stored(self, people: Registry) -> None:
        someone = await enrolled(people)
        browser = await someone.sign_in()
        assert browser.cookie is not None
        assert len(browser.cookie) == 43  # 256 bits
        rows = await people.rows("SELECT row_to_json(s)::text FROM sign_ins s")
        assert all(browser.cookie not in row[0] for row in rows)

    async def test_banner_comes_before_anything_else(self, people: Registry) -> None:
        someone = await enrolled(people, Role.AUDITOR)
        browser = Browser.new(people)
        await browser.good("POST", "/sign-in", someone.sign_in_body())
        for method, path, body in (
            ("GET", "/access-review", None),
            ("GET", "/me/totp", None),
            ("POST", "/sign-in/second-factor", {"totp": "123456"}),
            ("PUT", "/me/password", {"password": PASSWORD}),
        ):
            refused = await browser.send(method, path, body)
            assert refused.json()["code"] == "banner-not-acknowledged", path
        wrong = await browser.send("PUT", "/sign-in/banner", {"sha256": "0" * 64})
        assert wrong.status_code == 409
        assert (await browser.acknowledge())["next_step"] == "none"
        await browser.get("/access-review")
        entries = await people.audit("banner.acknowledged")
        assert entries[-1]["actor"] == f"person:{someone.key}"

    async def test_sign_out_ends_it_for_good(self, people: Registry) -> None:
        someone = await enrolled(people)
        browser, other = await someone.sign_in(), await someone.sign_in()
        kept = browser.cookie
        answer = await browser.send("DELETE", "/sign-in")
        assert answer.json() == {"ended": 1}
        assert "Clear-Site-Data" in answer.headers
        assert browser.cookie is None
        browser.http.cookies.set(COOKIE, kept or "", domain="registry.test")
        assert (await browser.send("GET", "/sign-in")).status_code == 401
        await other.get("/sign-in")
        ended = await other.good("DELETE", "/me/sign-ins")
        assert ended == {"ended": 2}  # this one, and the one of the enrolment
        assert (await other.send("GET", "/sign-in")).status_code == 401

    async def test_bearer_token_of_a_machine_is_no_person(self, people: Registry) -> None:
        (office,) = await make_offices(people, 1)
        answer = await office.http.get("/v1/sign-in")
        assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-needed")


class TestCrossSite:
    BAD: tuple[dict[str, str], ...] = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://registry.test"},
        {"Origin": "https://registry.test.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none", "Origin": "https://evil.example"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {},
    )

    @pytest.mark.parametrize("headers", BAD, ids=str)
    async def test_nobody_is_signed_in_or_out_from_elsewhere(
        self, people: Registry, headers: dict[str, str]
    ) -> None:
        someone = await enrolled(people)
        browser = await someone.sign_in()
        sent: dict[str, Any] = {"headers": {CSRF_HEADER: browser.csrf, **headers}}
        answers = [
            await browser.http.delete("/v1/sign-in", **sent),
            await browser.http.post("/v1/sign-in", json=someone.sign_in_body(), **sent),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (403, "cross-site-request")
        await browser.get("/sign-in")

    @pytest.mark.parametrize("token", ["", "wrong", "\u00e9"])
    async def test_a_change_needs_the_token_of_this_sign_in(
        self, people: Registry, token: str
    ) -> None:
        someone = await enrolled(people)
        browser, other = await someone.sign_in(), await someone.sign_in()
        for sent in (token, other.csrf):
            headers = [(b"Origin", ORIGIN.encode()), (CSRF_HEADER.encode(), sent.encode("latin-1"))]
            answer = await browser.http.request("DELETE", "/v1/sign-in", headers=headers)
            assert answer.status_code == 403

    async def test_a_form_of_another_site_is_not_read(self, people: Registry) -> None:
        for media_type in ("text/plain", "application/x-www-form-urlencoded"):
            answer = await Browser.new(people).http.post(
                "/v1/sign-in",
                content=b"{}",
                headers={"Origin": ORIGIN, "Content-Type": media_type},
            )
            assert answer.status_code == 415
