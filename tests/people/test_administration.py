"""What administrators, the operator and nightly jobs do with people."""

import asyncio
from datetime import timedelta
from typing import Any, get_args

import pytest

from app.access.errors import MissingScopeError
from app.access.permissions import CLIENT_SCOPES, Permission
from app.access.policy import permissions_of
from app.access.principal import OPERATOR, Principal
from app.access.vocabulary import PersonsRole, Role
from app.accounts import review, suspension
from app.core.clock import utc_now
from app.core.db import transaction
from app.offices import queries as offices
from app.people import administration, attempts, upkeep
from app.people.admin_schemas import PersonAdd
from tests.factories import Registry
from tests.people.browsers import Browser, Someone, make_administrator, make_person

NEW: dict[str, Any] = {"account": "new.person", "name": "New Person", "roles": ["analyst"]}


async def make_both(registry: Registry) -> tuple[Someone, Browser, Someone, Browser]:
    """Return an administrator and somebody of the same office, both signed in."""
    administrator, browser = await make_administrator(registry)
    someone = await make_person(registry, Role.AUDITOR, office=administrator.office)
    return administrator, browser, someone, await someone.enrol()


class TestRoles:
    def test_administrators_and_auditors_see_no_case(self) -> None:
        for role in (Role.ADMINISTRATOR, Role.AUDITOR):
            seen = ("cases:", "overlaps:", "handling:", "state-overlaps:")
            assert not [each for each in permissions_of([role]) if each.startswith(seen)]

    def test_nobody_manages_offices_and_no_machine_manages_people(self) -> None:
        assert Permission.OFFICES_MANAGE not in permissions_of(get_args(PersonsRole))
        assert not {Permission.PEOPLE_MANAGE, Permission.PEOPLE_REVIEW} & set(CLIENT_SCOPES)

    def test_unknown_role_grants_nothing(self) -> None:
        with pytest.raises(ValueError, match="wizard"):
            permissions_of(["wizard"])


class TestAddPerson:
    async def test_is_added_with_a_code(self, people: Registry) -> None:
        administrator, browser = await make_administrator(people)
        made = await browser.send("POST", "/people", NEW)
        assert made.status_code == 201
        someone = Someone(
            people,
            administrator.office,
            NEW["account"],
            made.json()["person_id"],
            made.json()["code"],
        )
        shown = await (await someone.enrol()).get("/sign-in")
        assert (shown["office"], shown["roles"]) == (administrator.office, ["analyst"])
        entry = (await people.audit("person.added"))[-1]
        assert (entry["actor"], entry["object"]) == (
            f"person:{administrator.key}",
            str(someone.key),
        )
        assert "New Person" not in str(entry)

    async def test_what_the_operator_does_is_in_the_audit_of_the_office(
        self, people: Registry
    ) -> None:
        administrator, _ = await make_administrator(people)
        async with transaction(people.operator, OPERATOR) as session:
            office_id = (await offices.get_office(session, administrator.office)).id
            body = PersonAdd(account="second.admin", name="New Person", roles=(Role.ADMINISTRATOR,))
            await administration.add_person(session, OPERATOR, office_id, body, now=utc_now())
            await administration.end_sign_ins(session, OPERATOR, office_id, now=utc_now())
            await suspension.set_suspended(
                session, OPERATOR, administrator.office, is_suspended=True, now=utc_now()
            )
        for action in ("person.added", "sign_ins.ended", "office.suspended"):
            entry = (await people.audit(action))[-1]
            assert (entry["office_id"], entry["actor"]) == (office_id, OPERATOR.actor)

    async def test_account_is_unique_in_its_office_for_good(self, people: Registry) -> None:
        _, browser = await make_administrator(people)
        _, elsewhere = await make_administrator(people)
        made = await browser.good("POST", "/people", NEW)
        await browser.good("PUT", f"/people/{made['person_id']}/disabled", {"is_disabled": True})
        again = await browser.send("POST", "/people", NEW)
        assert (again.status_code, again.json()["code"]) == (409, "person-exists")
        assert (await elsewhere.send("POST", "/people", NEW)).status_code == 201

    @pytest.mark.parametrize(
        "change",
        [
            {"roles": []},
            {"account": "New.Person"},
            {"roles": ["wizard"]},
            {"roles": ["client"]},
            {"roles": ["operator"]},
            {"account": "a b"},
            {"name": ""},
            {"office": "X"},
        ],
        ids=str,
    )
    async def test_what_is_wrong_is_refused(self, people: Registry, change: dict[str, Any]) -> None:
        _, browser = await make_administrator(people)
        assert (await browser.send("POST", "/people", {**NEW, **change})).status_code == 422

    @pytest.mark.parametrize("role", sorted({*get_args(PersonsRole)} - {Role.ADMINISTRATOR}))
    async def test_only_administrators_add(self, people: Registry, role: Role) -> None:
        someone = await make_person(people, role)
        browser = await someone.enrol()
        await someone.register_app(browser)
        refused = await browser.send("POST", "/people", NEW)
        assert (refused.status_code, refused.json()["code"]) == (403, "missing-scope")
        entry = (await people.audit("access.refused"))[-1]
        assert entry["actor"] == f"person:{someone.key}"

    async def test_administrator_without_second_factor_does_not(self, people: Registry) -> None:
        someone = await make_person(people, Role.ADMINISTRATOR)
        refused = await (await someone.enrol()).send("POST", "/people", NEW)
        assert refused.json()["code"] == "step-up-needed"


class TestOnePerson:
    CHANGES: tuple[tuple[str, str, Any], ...] = (
        ("PUT", "roles", {"roles": ["coordinator"]}),
        ("PUT", "disabled", {"is_disabled": True}),
        ("POST", "enrolment", {"forget_factors": True}),
        ("DELETE", "sign-ins", None),
    )

    @pytest.mark.parametrize(("method", "path", "body"), CHANGES)
    async def test_change_counts_from_the_next_request_on(
        self, people: Registry, method: str, path: str, body: Any
    ) -> None:
        _, browser, someone, theirs = await make_both(people)
        await theirs.get("/access-review")
        done = await browser.good(method, f"/people/{someone.person_id}/{path}", body)
        assert done.get("ended", 1) == 1
        assert (await theirs.send("GET", "/access-review")).status_code == 401

    @pytest.mark.parametrize(("method", "path", "body"), [*CHANGES, ("DELETE", "lock", None)])
    async def test_of_another_office_is_not_found_and_the_own_not_changed(
        self, people: Registry, method: str, path: str, body: Any
    ) -> None:
        administrator, browser = await make_administrator(people)
        stranger, theirs = await make_administrator(people)
        for person_id in (stranger.person_id, f"psn_{'0' * 32}", "psn_x", "x"):
            refused = await browser.send(method, f"/people/{person_id}/{path}", body)
            assert (refused.status_code, refused.json()["code"]) == (404, "person-not-found")
        own = await browser.send(method, f"/people/{administrator.person_id}/{path}", body)
        assert (own.status_code, own.json()["code"]) == (409, "own-account")
        await theirs.get("/sign-in")

    async def test_disabled_one_stays_out_until_enabled(self, people: Registry) -> None:
        _, browser, someone, _ = await make_both(people)
        path = f"/people/{someone.person_id}/disabled"
        await browser.good("PUT", path, {"is_disabled": True})
        refused = await Browser.new(people).send("POST", "/sign-in", someone.sign_in_body())
        assert refused.status_code == 401
        await browser.good("PUT", path, {"is_disabled": False})
        await someone.sign_in()

    async def test_none_begins_beside_the_kill_switch(self, people: Registry) -> None:
        """Sign-ins race with being disabled; afterwards there is none."""
        _, browser, someone, _ = await make_both(people)
        body = {"is_disabled": True}
        await asyncio.gather(
            *(
                Browser.new(people).send("POST", "/sign-in", someone.sign_in_body())
                for _ in range(4)
            ),
            browser.send("PUT", f"/people/{someone.person_id}/disabled", body),
        )
        left = await people.rows("SELECT 1 FROM sign_ins WHERE person_id = :id", id=someone.key)
        assert left == []

    async def test_reset_forgets_the_factors_or_keeps_them(self, people: Registry) -> None:
        _, browser, someone, theirs = await make_both(people)
        await someone.register_app(theirs)
        path = f"/people/{someone.person_id}/enrolment"
        someone.code = (await browser.good("POST", path, {"forget_factors": False}))["code"]
        old = await Browser.new(people).send("POST", "/sign-in", someone.sign_in_body())
        assert old.status_code == 401
        again = await someone.enrol(password="nine other words in a row")
        assert (await again.get("/sign-in"))["next_step"] == "give_second_factor"
        someone.code = (await browser.good("POST", path, {"forget_factors": True}))["code"]
        fresh = await someone.enrol()
        factors = await fresh.get("/me/factors")
        assert (factors["has_totp"], factors["recovery_codes_left"]) == (False, 0)

    async def test_administrator_releases_a_locked_account(self, people: Registry) -> None:
        _, browser, someone, _ = await make_both(people)
        for _ in range(attempts.ACCOUNT_LIMIT):
            wrong = someone.sign_in_body("seven green bicycles awake")
            await Browser.new(people).send("POST", "/sign-in", wrong)
        locked = await Browser.new(people).send("POST", "/sign-in", someone.sign_in_body())
        assert locked.status_code == 401
        await browser.good("DELETE", f"/people/{someone.person_id}/lock")
        await someone.sign_in()

    async def test_a_new_code_releases_a_locked_account_too(self, people: Registry) -> None:
        _, browser, someone, _ = await make_both(people)
        for _ in range(attempts.ACCOUNT_LIMIT):
            wrong = someone.sign_in_body("seven green bicycles awake")
            await Browser.new(people).send("POST", "/sign-in", wrong)
        path = f"/people/{someone.person_id}/enrolment"
        someone.code = (await browser.good("POST", path, {"forget_factors": False}))["code"]
        await someone.enrol()
        await someone.sign_in()

    async def test_every_sign_in_of_the_office_ends_at_once(self, people: Registry) -> None:
        _, browser, _, theirs = await make_both(people)
        _, elsewhere = await make_administrator(people)
        assert await browser.good("DELETE", "/people/sign-ins") == {"ended": 2}
        for each in (browser, theirs):
            assert (await each.send("GET", "/sign-in")).status_code == 401
        await elsewhere.get("/sign-in")


class TestReview:
    async def test_tells_who_has_what_and_when_it_was_used(self, people: Registry) -> None:
        administrator, browser, someone, _ = await make_both(people)
        never = await make_person(people, Role.LEADERSHIP, office=administrator.office)
        review = await browser.get("/access-review")
        found = {each["person_id"]: each for each in review["people"]}
        assert set(found) == {each.person_id for each in (administrator, someone, never)}
        mine = found[administrator.person_id]
        assert mine["factors"] == ["password", "totp", "recovery_codes"]
        own = ["alarms:read", "clients:manage", "contacts:set", "notices:read", "offices:read"]
        own += ["people:manage", "people:review", "providers:set", "walls:set", "webhooks:manage"]
        assert mine["permissions"] == own
        assert mine["last_signed_in_at"] is not None
        assert found[never.person_id]["last_signed_in_at"] is None
        (client,) = review["clients"]
        assert set(client["scopes"]) == set(CLIENT_SCOPES)
        assert review["office"] == administrator.office

    async def test_is_due_once_a_year_and_told_until_it_is_made(self, registry: Registry) -> None:
        lead, browser = await make_administrator(registry)
        now = utc_now()

        async def remind(days: int) -> int:
            later = now + timedelta(days=days)
            async with transaction(registry.operator) as session:
                return await review.remind(session, OPERATOR, now=later, limit=9)

        assert [await remind(days) for days in (364, 366, 366, 397)] == [0, 1, 0, 1]
        told = await registry.audit("access_review.due")
        assert [entry["object"] for entry in told] == [lead.office] * 2
        made = [await browser.get("/access-review") for _ in range(2)]
        assert made[0]["last_reviewed_at"] is None
        assert made[1]["last_reviewed_at"] == made[0]["made_at"]
        assert [await remind(days) for days in (364, 430)] == [0, 1]

    async def test_only_of_the_own_office(self, people: Registry) -> None:
        principal = Principal("person:x", 1, frozenset({Permission.PEOPLE_REVIEW}))
        with pytest.raises(MissingScopeError):
            async with transaction(people.operator) as session:
                await review.review_access(session, principal, 2, now=utc_now())
        with pytest.raises(MissingScopeError):
            async with transaction(people.operator) as session:
                await review.remind(session, principal, now=utc_now(), limit=1)


class TestJobs:
    async def test_idle_people_are_disabled_in_batches(self, people: Registry) -> None:
        administrator, browser, someone, theirs = await make_both(people)
        never = await make_person(people, office=administrator.office)
        recent = await make_person(people, office=administrator.office)
        for each, column, days in (
            (someone, "last_signed_in_at", 90),
            (never, "created_at", 90),
            (recent, "created_at", 89),
        ):
            await people.rows(
                f"UPDATE persons SET enabled_at = now() - interval '{days} days',"  # noqa: S608 -- our own names
                f" {column} = now() - interval '{days} days' WHERE id = :id RETURNING id",
                id=each.key,
            )
        assert [await self.disable(people, limit=1) for _ in range(3)] == [1, 1, 0]
        assert (await theirs.send("GET", "/sign-in")).status_code == 401
        review = await browser.get("/access-review")
        states = {each["person_id"]: each["disabled_for"] for each in review["people"]}
        assert states == {
            administrator.person_id: None,
            someone.person_id: "idle",
            never.person_id: "idle",
            recent.person_id: None,
        }
        entries = await people.audit("person.disabled")
        assert [e["object"] for e in entries[-2:]] == sorted([str(someone.key), str(never.key)])
        path = f"/people/{someone.person_id}/disabled"
        await browser.good("PUT", path, {"is_disabled": False})
        assert await self.disable(people, limit=10) == 0, "enabling starts the ninety days anew"

    @staticmethod
    async def disable(people: Registry, *, limit: int) -> int:
        async with transaction(people.operator) as session:
            return await upkeep.disable_idle(session, OPERATOR, now=utc_now(), limit=limit)

    async def test_what_is_over_is_purged_and_nothing_else(self, registry: Registry) -> None:
        later = utc_now() + timedelta(hours=6)
        async with transaction(registry.app.state.sessions) as session:
            await attempts.count(session, b"source", b"account", now=utc_now())
        async with transaction(registry.operator) as session:
            assert await upkeep.purge_ended(session, OPERATOR, now=utc_now(), limit=9) == 0
            assert await upkeep.purge_ended(session, OPERATOR, now=later, limit=9) == 1
            later += attempts.REMEMBERED
            assert await upkeep.purge_ended(session, OPERATOR, now=later, limit=9) == 1
            assert await upkeep.purge_ended(session, OPERATOR, now=later, limit=9) == 0

    @pytest.mark.parametrize("job", [upkeep.disable_idle, upkeep.purge_ended])
    async def test_are_the_operators(self, registry: Registry, job: Any) -> None:
        nobody = Principal("person:x", 1, frozenset({Permission.PEOPLE_MANAGE}))
        with pytest.raises(MissingScopeError):
            async with transaction(registry.operator) as session:
                await job(session, nobody, now=utc_now(), limit=1)
