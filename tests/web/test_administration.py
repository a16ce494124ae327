"""Pages of an office's administration: people, machines, contacts, commitments, lists."""

import json
import re
from typing import Final

import pytest
from pydantic import ValidationError

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.db import transaction
from app.offices.schemas import TimeZoneSet
from app.offices.service import set_time_zone
from tests.factories import Registry
from tests.scenes import make_offices, something
from tests.signing import Signer
from tests.suppressing.test_suppressions import entry, suppress
from tests.web.pages import Reader, reader
from tests.web.test_oversight import done

CODE: Final = re.compile(r'class="j-secret">([A-Z0-9-]+)<')


async def links(visitor: Reader, path: str, begin: str) -> list[str]:
    """Return where a page leads that is below `begin`."""
    found = dict.fromkeys((await visitor.page(path)).links)
    return [link for link in found if link.startswith(begin) and link != begin]


class TestPeople:
    async def test_are_invited_changed_shut_out_and_reset(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        visitor = await reader(shared_registry, office, Role.ADMINISTRATOR)
        form = (await visitor.page("/people/new")).form("/people/new")
        wrong = await visitor.send(form, account="New Person!", name="New Person")
        assert wrong.status_code == 422
        assert 'id="account-error"' in wrong.text
        assert 'id="roles"' in wrong.text
        new = {"account": "New.Person", "name": "New Person", "role-analyst": "on"}
        made = await visitor.send(form, **new)
        assert CODE.search(made.text), made.text
        assert (await visitor.send(form, **new)).status_code == 409
        (person,) = [
            each
            for each in await links(visitor, "/people", "/people/psn_")
            if "new.person" in (await visitor.get(each)).text
        ]
        assert "Waits for the first sign-in" in (await visitor.get(person)).text
        roles = (await visitor.page(person)).form("/roles")
        assert roles.fields.pop("role-analyst") == "on"
        assert (await visitor.send(roles)).status_code == 422
        text = await done(visitor, roles, **{"role-auditor": "on", "role-leadership": "on"})
        assert 'name="role-auditor" value="on" checked' in text
        assert 'name="role-analyst" value="on" checked' not in text
        for act, said in (("suspend", "Shut out since"), ("resume", "Waits for the first")):
            assert said in await done(visitor, (await visitor.page(f"{person}/{act}")).form(act))
        assert (await visitor.get(f"{person}/resume")).status_code == 404
        reset = await visitor.send((await visitor.page(f"{person}/reset")).form("/reset"))
        found = CODE.search(reset.text)
        assert found
        enrolment = (await visitor.page("/sign-in/enrolment")).form("/enrolment")
        answer = await visitor.send(enrolment, code=found[1], password="nine other words in a row")
        assert answer.headers["location"] == "/sign-in/notice"

    async def test_lock_sign_ins_and_own_account(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        visitor = await reader(shared_registry, office, Role.ADMINISTRATOR)
        other = await reader(shared_registry, office, Role.PROSECUTOR)
        people = await links(visitor, "/people", "/people/psn_")
        (own,) = [each for each in people if "your own account" in (await visitor.get(each)).text]
        (theirs,) = {*people} - {own}
        assert (await visitor.get(f"{own}/suspend")).status_code == 404
        assert (await visitor.get(f"{theirs}/release")).status_code == 404
        key = shared_registry.app.state.gate.account_key
        account = re.search(r"<dt>Account</dt><dd>([^<]+)<", (await visitor.get(theirs)).text)
        assert account
        await shared_registry.rows(
            "INSERT INTO sign_in_attempts (key, counted, started_at, locks, locked_until)"
            " VALUES (:key, 5, now(), 1, 'infinity') RETURNING 1",
            key=key(office.code, account[1]),
        )
        assert ">Locked<" in (await visitor.get("/people")).text
        text = await done(visitor, (await visitor.page(f"{theirs}/release")).form("/release"))
        assert ">Locked<" not in text
        out = f"{theirs}/sign-out"
        await done(visitor, (await visitor.page(out)).form(out))
        assert (await other.get("/cases")).headers["location"].startswith("/sign-in?")
        ended = await visitor.send((await visitor.page("/people/sign-ins")).form("/sign-ins"))
        assert ended.headers["location"] == "/sign-in?note=all-signed-out"
        assert (await visitor.get("/people")).status_code == 303

    async def test_access_is_reviewed_and_its_report_shown(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        auditor = await reader(shared_registry, office, Role.AUDITOR)
        page = await auditor.get("/access-review")
        assert "It was never made" in page.text
        report = await auditor.send((await auditor.page("/access-review")).form("/access-review"))
        assert "People (1)" in report.text
        assert "Last made" in (await auditor.get("/access-review")).text


class TestMachines:
    async def test_are_registered_limited_and_ended(self, shared_registry: Registry) -> None:
        one, other = await make_offices(shared_registry)
        visitor = await reader(shared_registry, one, Role.ADMINISTRATOR)
        form = (await visitor.page("/machines/new")).form("/machines/new")
        key = json.dumps(Signer().jwk)
        bad = await visitor.send(form, label="Export", public_jwk="{}", networks="anywhere")
        assert bad.status_code == 422
        assert 'id="networks-error"' in bad.text
        assert 'id="public_jwk-error"' in bad.text
        made = await visitor.send(
            form, label="Export", public_jwk=key, networks="192.0.2.0/24\n2001:db8::/32"
        )
        assert made.status_code == 303, made.text
        machine = made.headers["location"].partition("?")[0]
        assert "192.0.2.0/24, 2001:db8::/32" in (await visitor.get(machine)).text
        second = (await visitor.page(machine)).form("/keys")
        assert "key that was ended" in (await visitor.send(second, public_jwk=key)).text
        await done(visitor, second, public_jwk=json.dumps(Signer().jwk))
        first, _ = await links(visitor, machine, f"{machine}/keys/")
        text = await done(visitor, (await visitor.page(first)).form(first))
        assert "Ended" in text
        assert f"<code>{first.rpartition('/')[2]}</code>" in text
        assert (await visitor.get(first)).status_code == 404
        await done(visitor, (await visitor.page(machine)).form("/networks"), networks="")
        assert "<dd>Anywhere</dd>" in (await visitor.get(machine)).text
        text = await done(visitor, (await visitor.page(f"{machine}/end")).form("/end"))
        assert ">Ended<" in text
        stranger = await reader(shared_registry, other, Role.ADMINISTRATOR)
        for path in (machine, f"{machine}/end"):
            assert (await stranger.get(path)).status_code == 404

    async def test_the_database_lets_no_other_role_change_them(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        deputy = await reader(shared_registry, office, Role.PROSECUTOR)
        assert (await deputy.get("/machines")).status_code == 403


class TestOffice:
    async def test_contacts_and_commitments_are_set_by_who_may(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        visitor = await reader(shared_registry, office, Role.ADMINISTRATOR)
        assert "In force" in (await visitor.get("/office")).text
        for role in ("coordinator", "backup"):
            form = (await visitor.page(f"/office/contacts/{role}")).form(f"/contacts/{role}")
            assert (await visitor.send(form, title="")).status_code == 422
            post = {"phone": "+1 415 555 0133", "email": "duty@example.com"}
            text = await done(visitor, form, title=f"Duty {role}", **post)
            assert f"Duty {role}" in text
        assert (await visitor.get("/office/contacts/mascot")).status_code == 422
        assert (await visitor.get("/office/commitments")).status_code == 403
        head = await reader(shared_registry, office, Role.LEADERSHIP)
        form = (await head.page("/office/commitments")).form("/commitments")
        word = {"trafficking_type": "labor", "signatory": "District Attorney"}
        late = await head.send(form, **word, lapses_on="2099-01-01")
        assert late.status_code == 422
        assert "Joint handling of labor trafficking" in await done(head, form, **word)
        listed = await office.http.get("/v1/offices?limit=100")
        assert listed.status_code == 200

    async def test_an_entry_for_a_state_names_the_office_that_made_it(
        self, shared_registry: Registry
    ) -> None:
        general = await shared_registry.add_office("ME-AG", kind="attorney_general")
        office = await shared_registry.add_office("ME-000001")
        await suppress(general, something(), scope="state")
        head = await reader(shared_registry, office, Role.LEADERSHIP)
        text = (await head.get("/suppressions")).text
        assert '<td data-label="Made by">Office ME-AG</td>' in text
        assert '<td data-label="Applies to">Offices of Maine</td>' in text

    async def test_other_offices_are_found_by_name_and_state(
        self, shared_registry: Registry
    ) -> None:
        asking, other = await make_offices(shared_registry, 2)
        visitor = await reader(shared_registry, asking, Role.ADMINISTRATOR)
        for query, is_found in (
            (f"named=OFFICE+{other.code}&state={other.code[:2]}", True),
            (f"named={other.code}", True),
            (f"named={other.code}&state={asking.code[:2]}", False),
        ):
            text = (await visitor.get(f"/offices?{query}")).text
            assert (f'<td data-label="Code">{other.code}</td>' in text) == is_found, query
            assert ("No office that takes part fits" in text) != is_found, query

    async def test_an_office_in_another_zone_of_its_state_reads_times_in_its_own(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        assert office.code.startswith("CA")
        await office.put_case()
        visitor = await reader(shared_registry, office, Role.PROSECUTOR)
        assert re.search(r"[AP]M P[SD]T<", (await visitor.get("/cases/cms/24-1")).text)
        change = TimeZoneSet(time_zone="America/Denver")
        async with transaction(shared_registry.operator) as session:
            await set_time_zone(session, OPERATOR, office.code, change)
        text = (await visitor.get("/cases/cms/24-1")).text
        assert re.search(r"[AP]M M[SD]T<", text)
        assert not re.search(r"P[SD]T", text)
        for wrong in (
            "America/Nowhere",
            "America/Indiana",
            "America/" + "A" * 300,
            "EST",
            "../etc/localtime",
            "America/../Denver",
        ):
            with pytest.raises(ValidationError):
                TimeZoneSet(time_zone=wrong)

    async def test_lists_allowances_and_counts(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        head = await reader(shared_registry, office, Role.LEADERSHIP, Role.ADMINISTRATOR)
        assert "No entry applies" in (await head.get("/suppressions")).text
        assert "Nothing used so far" in (await head.get("/quotas")).text
        form = (await head.page("/suppressions/new")).form("/suppressions/new")
        bare = await head.send(form, reason="hotline")
        assert (bare.status_code, 'id="kind-error"' in bare.text) == (422, True)
        value = {name: str(said) for name, said in entry(something()).items()}
        late = await head.send(form, **{**value, "expires_on": "2099-01-01"})
        assert 'id="expires_on-error"' in late.text
        assert "is on your list" in await done(head, form, **value)
        first, *_ = await links(head, "/suppressions", "/suppressions/sup_")
        form = (await head.page(first)).form(first)
        assert "The entry has ended" in await done(head, form)
        assert (await head.get(first)).status_code == 404
