"""I6 for people: no audit row, no effect. Only counts and spent challenges may stay."""

import base64
from typing import Any, Final

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.people import totp
from tests.factories import Registry
from tests.invariants.dump import digests
from tests.invariants.test_i6_audited import assert_discloses_nothing, audit_broken
from tests.people.authenticator import Authenticator
from tests.people.browsers import ORIGIN, Browser, make_administrator, make_person

KEPT: Final = {"sign_in_attempts", "spent_challenges"}
"""Committed before the guess is looked at: what counts against the guesser."""


async def effects(registry: Registry) -> dict[str, str | None]:
    return await digests(registry) | dict.fromkeys(KEPT)


class TestNoRowNoEffect:
    async def test_of_any_operation(self, registry: Registry) -> None:
        administrator, browser = await make_administrator(registry)
        someone = await make_person(registry, Role.AUDITOR, office=administrator.office)
        other = await make_person(registry, office=administrator.office)
        theirs = await someone.enrol()
        device = Authenticator(ORIGIN)
        options = (await theirs.get("/me/passkeys"))["public_key"]
        offer = await theirs.get("/me/totp")
        code = totp.code_at(base64.b32decode(offer["secret"]), totp.step_at(utc_now()))
        stranger, one = Browser.new(registry), f"/people/{someone.person_id}"
        notice = {"sha256": registry.app.state.gate.banner_sha256}
        new = {"account": "new.person", "name": "New", "roles": ["analyst"]}
        recovery = {"recovery_code": administrator.recovery_codes[0]}
        first = {"code": other.code, "password": "nine other words in a row"}
        acts: list[tuple[Browser, str, str, Any]] = [
            (stranger, "POST", "/sign-in", someone.sign_in_body()),
            (stranger, "POST", "/sign-in", someone.sign_in_body("wrong one")),
            (stranger, "POST", "/sign-in/enrolment", first),
            (stranger, "POST", "/sign-in/passkey", {"credential": {}}),
            (stranger, "POST", "/sign-in/provider/answer", {"state": "x", "code": "x"}),
            (browser, "POST", "/sign-in/second-factor", recovery),
            (theirs, "PUT", "/sign-in/banner", notice),
            (theirs, "PUT", "/me/password", {"password": "nine other words in a row"}),
            (theirs, "PUT", "/me/totp", {"offer": offer["offer"], "code": code}),
            (theirs, "POST", "/me/passkeys", {"label": "x", "credential": device.create(options)}),
            (theirs, "GET", "/access-review", None),
            (browser, "POST", "/people", new),
            (browser, "PUT", f"{one}/roles", {"roles": ["analyst"]}),
            (browser, "PUT", f"{one}/disabled", {"is_disabled": True}),
            (browser, "POST", f"{one}/enrolment", {"forget_factors": True}),
            (browser, "DELETE", f"{one}/lock", None),
            (browser, "DELETE", f"{one}/sign-ins", None),
            (theirs, "DELETE", "/sign-in", None),
            (theirs, "DELETE", "/me/sign-ins", None),
            (browser, "DELETE", "/people/sign-ins", None),
        ]
        stored = await effects(registry)
        async with audit_broken(registry):
            for used, method, path, body in acts:
                answer = await used.send(method, path, body)
                assert_discloses_nothing(answer)
                assert "set-cookie" not in answer.headers, path
                assert await effects(registry) == stored, path
