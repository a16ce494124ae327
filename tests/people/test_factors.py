"""Second factors: authenticator apps, passkeys, recovery codes, and stepping up."""

import asyncio
import base64
from contextlib import AsyncExitStack
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.access.principal import OPERATOR, STEP_UP_FOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.offices import queries as offices
from app.people import administration, attempts, registering, totp
from app.people.deps import COOKIE
from app.people.seal import Seal
from tests.factories import Registry
from tests.people.authenticator import Authenticator
from tests.people.browsers import ORIGIN, Browser, Someone, make_person
from tests.scenes import at_once, holding, waiting_for


async def with_app(registry: Registry, *roles: Role) -> Someone:
    """Return somebody enrolled with an authenticator app."""
    someone = await make_person(registry, *roles)
    await someone.register_app(await someone.enrol())
    return someone


async def half(someone: Someone) -> Browser:
    """Return a browser with the password given and the second factor still due."""
    browser = Browser.new(someone.registry)
    await browser.good("POST", "/sign-in", someone.sign_in_body())
    assert (await browser.acknowledge())["next_step"] == "give_second_factor"
    return browser


async def give(browser: Browser, **factor: Any) -> httpx.Response:
    return await browser.send("POST", "/sign-in/second-factor", factor)


async def with_passkey(registry: Registry, *roles: Role) -> tuple[Someone, Authenticator]:
    """Return somebody enrolled with a passkey, and the passkey."""
    someone = await make_person(registry, *roles)
    browser, device = await someone.enrol(), Authenticator(ORIGIN)
    options = (await browser.get("/me/passkeys"))["public_key"]
    body = {"label": "Desk", "credential": device.create(options)}
    await browser.good("POST", "/me/passkeys", body)
    return someone, device


async def sign_in_with(device: Authenticator, registry: Registry) -> httpx.Response:
    browser = Browser.new(registry)
    options = (await browser.get("/sign-in/passkey"))["public_key"]
    return await browser.send("POST", "/sign-in/passkey", {"credential": device.get(options)})


class TestApp:
    async def test_half_a_sign_in_opens_nothing(self, people: Registry) -> None:
        someone = await with_app(people, Role.AUDITOR)
        browser = await half(someone)
        for method, path, body in (
            ("GET", "/access-review", None),
            ("GET", "/me/totp", None),
            ("GET", "/me/passkeys", None),
            ("PUT", "/me/password", {"password": "nine other words in a row"}),
        ):
            refused = await browser.send(method, path, body)
            assert refused.json()["code"] == "second-factor-needed", path
        before = browser.cookie
        assert (await give(browser, totp=await someone.app_code())).json()["next_step"] == "none"
        assert browser.cookie != before
        await browser.get("/access-review")
        browser.http.cookies.set(COOKIE, before or "", domain="registry.test")
        assert (await browser.send("GET", "/sign-in")).status_code == 401

    async def test_one_of_many_parallel_uses_of_a_code_counts(self, people: Registry) -> None:
        someone = await with_app(people)
        browsers = [await half(someone) for _ in range(5)]
        code = await someone.app_code()
        answers = await asyncio.gather(*(give(browser, totp=code) for browser in browsers))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]

    async def test_step_is_taken_once_by_the_database(self, people: Registry) -> None:
        """Without the lock of the person's row too: the condition of the UPDATE is enough."""
        someone = await with_app(people)
        statement = (
            "UPDATE persons SET totp_step = :step WHERE id = :id AND totp_step < :step RETURNING id"
        )
        step = totp.step_at(utc_now()) + 5
        found = await asyncio.gather(
            *(people.rows(statement, step=step, id=someone.key) for _ in range(30))
        )
        assert sum(map(len, found)) == 1

    async def test_code_of_the_registration_is_used_up(self, people: Registry) -> None:
        someone = await make_person(people)
        browser = await someone.enrol()
        offer = await browser.get("/me/totp")
        someone.secret = base64.b32decode(offer["secret"])
        code = totp.code_at(someone.secret, totp.step_at(utc_now()))
        body = {"offer": offer["offer"], "code": code}
        await browser.good("PUT", "/me/totp", body)
        assert (await browser.send("PUT", "/me/totp", body)).json()["code"] == "factor-not-accepted"
        assert (await give(await half(someone), totp=code)).status_code == 401

    async def test_offer_is_this_persons(self, people: Registry) -> None:
        one, other = await make_person(people), await make_person(people)
        browser, theirs = await one.enrol(), await other.enrol()
        offer = await browser.get("/me/totp")
        secret = base64.b32decode(offer["secret"])
        good = totp.code_at(secret, totp.step_at(utc_now()))
        for body in (
            {"offer": offer["offer"], "code": good},
            {"offer": "c2VhbGVk", "code": good},
            {"offer": "not base64", "code": good},
        ):
            assert (await theirs.send("PUT", "/me/totp", body)).status_code == 422

    async def test_secret_is_stored_sealed(self, people: Registry) -> None:
        someone = await with_app(people)
        rows = await people.rows("SELECT totp_sealed FROM persons WHERE id = :id", id=someone.key)
        assert someone.secret not in rows[0][0]
        assert len(rows[0][0]) == len(someone.secret) + 16

    async def test_one_sealed_under_another_app_secret_is_a_wrong_one(
        self, people: Registry
    ) -> None:
        someone, state = await with_app(people), people.app.state
        browser, code = await half(someone), await someone.app_code()
        gate = state.gate
        state.gate = replace(gate, seal=Seal(b"of another backup"))
        try:
            assert (await give(browser, totp=code)).status_code == 401
        finally:
            state.gate = gate
        assert (await give(browser, totp=code)).status_code == 200

    async def test_registering_ends_sign_ins_that_lack_it(self, people: Registry) -> None:
        someone = await make_person(people)
        browser = await someone.enrol()
        other = await someone.sign_in()
        await someone.register_app(browser)
        assert (await other.send("GET", "/sign-in")).status_code == 401
        await browser.get("/sign-in")


class TestGuesses:
    async def test_count_with_those_at_the_password_and_end_the_half_sign_in(
        self, people: Registry
    ) -> None:
        someone = await with_app(people)
        browser = await half(someone)
        for _ in range(2):
            wrong = someone.sign_in_body("seven green bicycles awake")
            await Browser.new(people).send("POST", "/sign-in", wrong)
        code = await someone.app_code()
        bad = f"{(int(code) + 1) % 10**6:06}"
        statuses = [(await give(browser, totp=bad)).status_code for _ in range(3)]
        assert statuses == [401] * 3
        assert (await give(browser, totp=code)).status_code == 401, "locked"
        assert (await browser.send("GET", "/sign-in")).json()["code"] == "sign-in-needed"
        assert (
            await Browser.new(people).send("POST", "/sign-in", someone.sign_in_body())
        ).status_code == 401

    async def test_knowing_the_password_buys_no_more_guesses(self, people: Registry) -> None:
        someone = await with_app(people)
        reached = 0
        for _ in range(12):
            browser = Browser.new(people)
            if (await browser.send("POST", "/sign-in", someone.sign_in_body())).is_success:
                await browser.acknowledge()
                await give(browser, recovery_code="AAAAAAAAAAAAAAAA")
                reached += 1
        entries = await people.audit("sign_in.refused")
        guesses = [e for e in entries if e["object"] == str(someone.key)]
        assert reached == [e["detail"]["why"] for e in guesses].count("factor")
        assert reached <= attempts.ACCOUNT_LIMIT

    async def test_hundreds_at_once(self, people: Registry) -> None:
        someone = await with_app(people)
        browser = await half(someone)
        answers = await asyncio.gather(
            *(give(browser, recovery_code=f"{n:016}") for n in range(100))
        )
        assert {answer.status_code for answer in answers} <= {401, 503}
        entries = await people.audit("sign_in.refused")
        reasons = [e["detail"]["why"] for e in entries if e["object"] == str(someone.key)]
        assert reasons.count("factor") <= attempts.ACCOUNT_LIMIT

    async def test_one_too_many_and_a_right_one_do_not_wait_for_each_other(
        self, people: Registry
    ) -> None:
        """Counts are the last that a right one takes, and all that one too many has at first."""
        someone = await with_app(people)
        browser, code = await half(someone), await someone.app_code()
        account = people.app.state.gate.account_key(someone.office, someone.account)
        person = "SELECT FROM persons WHERE id = :id FOR UPDATE"
        counts = "SELECT FROM sign_in_attempts WHERE key = :key FOR UPDATE"
        async with asyncio.timeout(30), AsyncExitStack() as until_both_wait:
            async with holding(people, person, id=someone.key) as holder:
                right = asyncio.ensure_future(give(browser, totp=code))
                while not await waiting_for(people, holder):
                    pass
                await people.rows(
                    "UPDATE sign_in_attempts SET counted = 9, locked_until = 'infinity'"
                    " WHERE key = :key RETURNING key",
                    key=account,
                )
                counter = await until_both_wait.enter_async_context(
                    holding(people, counts, key=account)
                )
                too_many = asyncio.ensure_future(give(browser, totp=code))
                while not await waiting_for(people, counter):
                    pass
            while await waiting_for(people, counter) < 2:
                pass
        assert (await too_many).status_code == 401
        assert (await right).status_code in {200, 401}  # its sign-in may have ended by its answer
        assert (await browser.send("GET", "/sign-in")).json()["code"] == "sign-in-needed"


class TestRecoveryCodes:
    async def test_each_works_once_and_counts_down(self, people: Registry) -> None:
        someone = await with_app(people)
        code = someone.recovery_codes[0]
        assert len(set(someone.recovery_codes)) == 10
        browsers = [await half(someone) for _ in range(3)]
        answers = await asyncio.gather(*(give(each, recovery_code=code) for each in browsers))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
        used = next(b for b, a in zip(browsers, answers, strict=True) if a.is_success)
        assert (await used.get("/me/factors"))["recovery_codes_left"] == 9

    async def test_of_somebody_else_do_not_work(self, people: Registry) -> None:
        one, other = await with_app(people), await with_app(people)
        refused = await give(await half(one), recovery_code=other.recovery_codes[0])
        assert refused.status_code == 401

    async def test_new_factor_new_codes(self, people: Registry) -> None:
        someone = await with_app(people)
        old = someone.recovery_codes[0]
        await someone.register_app(await someone.sign_in())
        assert (await give(await half(someone), recovery_code=old)).status_code == 401
        good = await give(await half(someone), recovery_code=someone.recovery_codes[0].lower())
        assert good.status_code == 200


class TestStepUp:
    async def test_what_needs_it_is_refused_once_the_factor_is_old(self, people: Registry) -> None:
        someone = await with_app(people, Role.ADMINISTRATOR)
        browser = await someone.sign_in()
        person = {"account": "new.person", "name": "New", "roles": ["analyst"]}
        await people.rows(
            "UPDATE sign_ins SET proved_at = proved_at - CAST(:past AS interval)"
            " WHERE person_id = :id RETURNING id",
            past=STEP_UP_FOR - timedelta(seconds=30),
            id=someone.key,
        )
        await browser.get("/me/totp")
        await people.rows(
            "UPDATE sign_ins SET proved_at = proved_at - interval '30 seconds'"
            " WHERE person_id = :id RETURNING id",
            id=someone.key,
        )
        for method, path, body in (
            ("POST", "/people", person),
            ("GET", "/me/totp", None),
            ("GET", "/me/passkeys", None),
            ("PUT", "/me/password", {"password": "nine other words in a row"}),
        ):
            refused = await browser.send(method, path, body)
            assert refused.json()["code"] == "step-up-needed", path
        await browser.get("/access-review")
        before = browser.cookie
        assert (await give(browser, totp=await someone.app_code())).status_code == 200
        assert browser.cookie != before
        assert (await browser.send("POST", "/people", person)).status_code == 201

    async def test_first_factor_needs_a_fresh_sign_in(self, people: Registry) -> None:
        someone = await make_person(people)
        browser = await someone.enrol()
        await people.rows(
            "UPDATE sign_ins SET began_at = began_at - CAST(:past AS interval)"
            " WHERE person_id = :id RETURNING id",
            past=STEP_UP_FOR,
            id=someone.key,
        )
        assert (await browser.send("GET", "/me/totp")).json()["code"] == "step-up-needed"
        await (await someone.sign_in()).get("/me/totp")

    async def test_one_of_three_is_given(self, people: Registry) -> None:
        browser = await half(await with_app(people))
        for body in ({}, {"totp": "123456", "recovery_code": "A"}, {"totp": "1234567"}):
            assert (await give(browser, **body)).status_code == 422


class TestPasskey:
    async def test_is_both_factors_at_once(self, people: Registry) -> None:
        someone, device = await with_passkey(people, Role.AUDITOR)
        answer = await sign_in_with(device, people)
        assert answer.status_code == 200, answer.text
        assert answer.json()["person_id"] == someone.person_id
        assert answer.json()["proved_at"] is not None

    async def test_is_a_second_factor_after_the_password(self, people: Registry) -> None:
        someone, device = await with_passkey(people)
        browser = await half(someone)
        options = (await browser.get("/sign-in/second-factor"))["public_key"]
        assert (await give(browser, passkey=device.get(options))).json()["next_step"] == "none"

    async def test_asks_for_verification_and_tells_no_account(self, people: Registry) -> None:
        options = (await Browser.new(people).get("/sign-in/passkey"))["public_key"]
        assert options["userVerification"] == "required"
        assert not options.get("allowCredentials")
        assert options["rpId"] == "registry.test"
        someone = await make_person(people)
        made = (await (await someone.enrol()).get("/me/passkeys"))["public_key"]
        assert made["authenticatorSelection"]["userVerification"] == "required"
        assert made["authenticatorSelection"]["residentKey"] == "required"

    async def test_unverified_user_is_refused(self, people: Registry) -> None:
        someone, device = await with_passkey(people)
        device.is_verifying = False
        assert (await sign_in_with(device, people)).status_code == 401
        browser = await half(someone)
        options = (await browser.get("/sign-in/second-factor"))["public_key"]
        assert (await give(browser, passkey=device.get(options))).status_code == 401

    async def test_unverified_registration_is_refused(self, people: Registry) -> None:
        someone = await make_person(people)
        browser, device = await someone.enrol(), Authenticator(ORIGIN, is_verifying=False)
        options = (await browser.get("/me/passkeys"))["public_key"]
        body = {"label": "Desk", "credential": device.create(options)}
        assert (await browser.send("POST", "/me/passkeys", body)).status_code == 422

    async def test_one_person_has_only_so_many(self, people: Registry) -> None:
        someone = await make_person(people)
        browser, device = await someone.enrol(), Authenticator(ORIGIN)
        options = (await browser.get("/me/passkeys"))["public_key"]
        body = {"label": "Desk", "credential": device.create(options)}
        await browser.good("POST", "/me/passkeys", body)
        await people.rows(
            "INSERT INTO passkeys SELECT sha256(n::text::bytea || credential_id), person_id,"
            " public_key, sign_count, label, added_at FROM passkeys, generate_series(2, :most) n"
            " WHERE person_id = :id RETURNING label",
            id=someone.key,
            most=registering.MOST_PASSKEYS,
        )
        options = (await browser.get("/me/passkeys"))["public_key"]
        body = {"label": "Desk", "credential": Authenticator(ORIGIN).create(options)}
        refused = await browser.send("POST", "/me/passkeys", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "passkeys-too-many")

    async def test_challenge_is_good_once_even_for_a_wrong_answer(self, people: Registry) -> None:
        _, device = await with_passkey(people)
        browser = Browser.new(people)
        for bad_first in (False, True):
            options = (await browser.get("/sign-in/passkey"))["public_key"]
            good = device.get(options)
            first = deepcopy(good)
            if bad_first:
                first["response"]["signature"] = "AAAA"
            statuses = [
                (await browser.send("POST", "/sign-in/passkey", {"credential": each})).status_code
                for each in (first, good)
            ]
            assert statuses == [401 if bad_first else 200, 401]

    async def test_of_who_is_reset_meanwhile_is_refused_and_holds_up_nobody(
        self, people: Registry
    ) -> None:
        """Both take the person's row before the passkey's, or each would wait for the other."""
        someone, device = await with_passkey(people)

        async def reset() -> int:
            async with transaction(people.operator) as session:
                office = await offices.get_office(session, someone.office)
                await administration.start_enrolment(
                    session,
                    OPERATOR,
                    office.id,
                    someone.person_id,
                    forget_factors=True,
                    now=utc_now(),
                )
            return 200

        async def sign_in() -> int:
            return (await sign_in_with(device, people)).status_code

        lock = "SELECT FROM persons WHERE id = :id FOR UPDATE"
        acts = [reset(), sign_in()]
        assert await at_once(people, lock, acts, in_order=True, id=someone.key) == [200, 401]

    @pytest.mark.parametrize(
        "change",
        ["origin", "type", "challenge", "purpose", "signature", "user", "id", "empty", "nested"],
    )
    async def test_any_change_is_refused(self, people: Registry, change: str) -> None:
        someone, device = await with_passkey(people)
        _, other = await with_passkey(people)
        browser = Browser.new(people)
        options = (await browser.get("/sign-in/passkey"))["public_key"]
        if change == "origin":
            device.origin = "https://registry.test.evil.example"
        if change == "challenge":
            options["challenge"] = "AAAA" * 10
        if change == "purpose":
            options = (await (await half(someone)).get("/sign-in/second-factor"))["public_key"]
        if change == "user":
            device.user = other.user
        answer = device.get(options)
        if change == "type":
            answer["type"] = "password"
        if change == "signature":
            answer["response"]["signature"] = other.get(options)["response"]["signature"]
        if change == "id":
            answer["id"] = answer["rawId"] = other.get(options)["id"]
        if change == "empty":
            answer = {}
        if change == "nested":
            answer["response"] = {"clientDataJSON": [[[]]]}
        sent = await browser.send("POST", "/sign-in/passkey", {"credential": answer})
        assert (sent.status_code, sent.json()["code"]) == (401, "sign-in-refused")

    async def test_copy_with_an_old_count_is_refused(self, people: Registry) -> None:
        someone = await make_person(people)
        browser, device = await someone.enrol(), Authenticator(ORIGIN, count=7)
        options = (await browser.get("/me/passkeys"))["public_key"]
        body = {"label": "Key", "credential": device.create(options)}
        await browser.good("POST", "/me/passkeys", body)
        copy = deepcopy(device.__dict__ | {"key": None})
        copied = Authenticator(**{**copy, "key": device.key})
        assert (await sign_in_with(device, people)).status_code == 200
        assert (await sign_in_with(device, people)).status_code == 200
        assert (await sign_in_with(copied, people)).status_code == 401

    async def test_works_while_the_account_is_locked(self, people: Registry) -> None:
        someone, device = await with_passkey(people)
        for _ in range(attempts.ACCOUNT_LIMIT + 1):
            wrong = someone.sign_in_body("seven green bicycles awake")
            await Browser.new(people).send("POST", "/sign-in", wrong)
        assert (await sign_in_with(device, people)).status_code == 200

    async def test_can_be_taken_away_by_its_owner_only(self, people: Registry) -> None:
        someone, device = await with_passkey(people)
        other, theirs = await with_passkey(people)
        for one, key in ((someone, device), (other, theirs)):
            browser = await half(one)
            options = (await browser.get("/sign-in/second-factor"))["public_key"]
            await give(browser, passkey=key.get(options))
            if one is someone:
                mine = (await browser.get("/me/factors"))["passkeys"][0]["id"]
                owner = browser
            else:
                refused = await browser.send("DELETE", f"/me/passkeys/{mine}")
                assert refused.status_code == 404
        left = await owner.good("DELETE", f"/me/passkeys/{mine}")
        assert left["passkeys"] == []
        assert (await sign_in_with(device, people)).status_code == 401
