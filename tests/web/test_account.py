"""The page of a person's own account: password, passkeys, app, recovery codes, sign-ins."""

import base64
import json
import re
from typing import Final

from app.core.clock import utc_now
from app.identifiers.encoding import b64u_encode
from app.people import totp
from tests.access.people import sign_in
from tests.factories import Registry
from tests.people.authenticator import Authenticator
from tests.people.browsers import ORIGIN, Browser, make_person
from tests.scenes import make_offices
from tests.web.pages import PageReader, Reader

CODE: Final = re.compile(r"<li><code>([A-Z2-7]+)</code>")
SECRET: Final = re.compile(r"<code>([A-Z2-7]+)</code>")


async def is_signed_in(browser: Browser) -> bool:
    return (await browser.http.get("/v1/sign-in")).status_code == 200


class TestSignIns:
    async def test_the_others_end_when_asked_and_with_a_new_password(
        self, shared_registry: Registry
    ) -> None:
        someone = await make_person(shared_registry)
        visitor = Reader((await someone.enrol()).http)
        other = await someone.sign_in()
        for path in ("/help", "/accessibility"):
            assert "/notices" in (await visitor.page(path)).links
        page = await visitor.get("/account")
        assert page.text.count('data-label="Last used"') == 2
        assert page.text.count("This one") == 1
        ended = await visitor.send(PageReader(page.text).form("/account/sign-ins"))
        text = (await visitor.get(ended.headers["location"])).text
        assert "Your other sign-ins have ended" in text
        assert text.count('data-label="Last used"') == 1
        assert not await is_signed_in(other)
        other = await someone.sign_in()
        form = (await visitor.page("/account")).form("/account/password")
        for password, why in (("wet", "at least 15"), ("passwordpassword", "first that are tried")):
            refused = await visitor.send(form, password=password)
            assert (refused.status_code, why in refused.text) == (422, True), refused.text
            assert password not in refused.text
        assert await is_signed_in(other)
        changed = await visitor.send(form, password="nine other words in a row")
        assert "password is changed" in (await visitor.get(changed.headers["location"])).text
        assert not await is_signed_in(other)
        body = someone.sign_in_body("nine other words in a row")
        assert (await other.send("POST", "/sign-in", body)).status_code == 200


class TestFactors:
    async def test_a_passkey_is_added_used_and_removed_and_an_app_set_up(
        self, shared_registry: Registry
    ) -> None:
        someone = await make_person(shared_registry)
        browser, device = await someone.enrol(), Authenticator(ORIGIN)
        visitor = Reader(browser.http)
        form = (await visitor.page("/account")).form("/account/passkeys")
        options = (await browser.get("/me/passkeys"))["public_key"]
        sent = {"label": "Office laptop", "credential": json.dumps(device.create(options))}
        for bad in ({"credential": "[]"}, {"credential": "{}"}, {"label": ""}):
            assert (await visitor.send(form, **(sent | bad))).status_code == 422
        made = await visitor.send(form, **sent)
        assert made.text.count("<li><code>") == 10
        text = (await visitor.get("/account")).text
        assert "Office laptop" in text
        assert "10 of ten left" in text

        again = Reader(Browser.new(shared_registry).http)
        asked = (await again.page("/sign-in")).form("/sign-in")
        await again.send(asked, **someone.sign_in_body(), next="/account")
        await again.send((await again.page("/sign-in/notice")).form("/sign-in/notice"))
        proofs = (await again.page("/sign-in/second-factor")).forms
        proof = next(form for form in proofs if "credential" in form.fields)
        assert (await again.send(proof, credential="{}")).status_code == 401
        offered = await again.get("/v1/sign-in/second-factor")
        credential = json.dumps(device.get(offered.json()["public_key"]))
        came = await again.send(proof, credential=credential)
        assert came.headers["location"] == "/account"

        key = b64u_encode(device.credential_id)
        assert f"/account/passkeys/{key}/remove" in (await again.page("/account")).links
        confirming = await again.get(f"/account/passkeys/{key}/remove")
        assert "your last passkey" in confirming.text
        remove = PageReader(confirming.text).form(f"/{key}/remove")
        stranger = Reader((await (await make_person(shared_registry)).enrol()).http)
        theirs = (await stranger.page("/account")).form("/account/passkeys").fields
        assert (await stranger.post(remove.action, theirs)).status_code == 404
        assert (await stranger.get(remove.action)).status_code == 404
        assert (
            "is removed" in (await again.get((await again.send(remove)).headers["location"])).text
        )

        app = await again.get("/sign-in/app?next=/account")
        secret = base64.b32decode(SECRET.findall(app.text)[0])
        code = totp.code_at(secret, totp.step_at(utc_now()))
        codes = await again.send(PageReader(app.text).form("/sign-in/app"), code=code)
        assert 'href="/account"' in codes.text
        renew = (await again.page("/account")).form("/account/recovery-codes")
        anew = await again.send(renew)
        assert anew.text.count("<li><code>") == 10
        assert not set(CODE.findall(anew.text)) & set(CODE.findall(codes.text))
        assert "It is set up" in (await again.get("/account")).text
        out = await again.send(PageReader(anew.text).form("/sign-out"))
        assert out.headers["location"] == "/sign-in?note=signed-out"

    async def test_nothing_changes_without_a_recent_proof(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        person = await sign_in(shared_registry, office, minutes_ago=20)
        visitor = Reader(person.http)
        page = await visitor.page("/account")
        assert "/sign-in/again?next=/account" in page.links
        assert {form.action for form in page.forms} == {"/sign-out"}
        token = page.forms[0].fields
        acts = {
            "/account/password": {"password": "nine other words in a row"},
            "/account/passkeys": {"label": "Desk", "credential": "{}"},
            "/account/passkeys/AAAA/remove": {},
            "/account/recovery-codes": {},
        }
        for path, fields in acts.items():
            refused = await visitor.post(path, token | fields)
            assert (refused.status_code, "last 15 minutes" in refused.text) == (403, True), path
            assert (await visitor.post(path, {"label": "Desk", **fields})).status_code == 403
        assert (await visitor.get("/sign-in/app")).status_code == 403
