"""Signing in through the office's identity provider, a real one in a process of its own."""

import html
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from app.access.errors import MissingScopeError
from app.access.principal import OPERATOR, Principal
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.core.keyfiles import write_secret
from app.people import provider_setting
from app.people.deps import PROVIDER_COOKIE
from app.people.errors import ProviderSettingError
from app.proposals import service as proposals
from app.proposals.errors import ProposalEndedError
from app.web.audit_words import ACTS
from tests.access.people import sign_in
from tests.factories import Registry
from tests.invariants.test_i6_audited import assert_discloses_nothing, audit_broken
from tests.people.browsers import ORIGIN, PASSWORD, Browser, Someone, make_person
from tests.scenes import at_once, make_offices
from tests.web.album import Album, looked_at
from tests.web.pages import PageReader, reader
from tests.web.test_oversight import done

ROOT: Final = Path(__file__).parents[2]
ACR: Final = "urn:example:two-factors"
PROPOSALS: Final = "/v1/proposals/providers"
APPROVAL: Final = re.compile(r"joinder proposal approve (\S+) ([0-9a-f]{64})")
_SUBJECTS: Final = count(1)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Yield the address of a provider that lives as long as this module's tests."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", ROOT / "tests/people/identity_provider.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.terminate()
    process.wait()
    process.stdout.close()


@dataclass
class House:
    """An office with a provider, and somebody there whom the provider knows."""

    registry: Registry
    issuer: str
    office: str
    subject: str
    someone: Someone
    http: httpx.AsyncClient

    async def claims(self, **changes: Any) -> None:
        """Set what the provider says of the subject in ID tokens, wrong things too."""
        claims = {"acr": ACR, "auth_time": int(utc_now().timestamp()) - 60, **changes}
        answer = await self.http.put(f"{self.issuer}/users/{self.subject}", json=claims)
        assert answer.is_success, answer.text

    async def begin(self, browser: Browser, **changes: Any) -> str:
        """Begin a sign-in; return the provider's address."""
        body = {"office": self.office, **changes}
        return str((await browser.good("POST", "/sign-in/provider", body))["address"])

    async def authorize(self, address: str) -> dict[str, str]:
        """Sign in at the provider as the subject; return what the browser takes back."""
        answer = await self.http.post(address, data={"sub": self.subject})
        assert answer.status_code == 302, answer.text
        location = urlsplit(answer.headers["Location"])
        assert f"{location.scheme}://{location.netloc}" == ORIGIN
        return {key: value[0] for key, value in parse_qs(location.query).items()}

    async def finish(self, browser: Browser, taken: dict[str, str]) -> httpx.Response:
        """Hand over what was taken back."""
        return await browser.send("POST", "/sign-in/provider/answer", taken)

    async def sign_in(self, browser: Browser | None = None, **changes: Any) -> httpx.Response:
        """Go the whole way."""
        used = browser or Browser.new(self.registry)
        return await self.finish(used, await self.authorize(await self.begin(used, **changes)))


@pytest.fixture
async def house(people: Registry, issuer: str, keys_directory: Path) -> AsyncIterator[House]:
    (office,) = await make_offices(people, 1)
    write_secret(
        keys_directory / "registry" / f"provider-secret-{office.code}", f"{issuer}\nof this client"
    )
    async with transaction(people.operator) as session:
        await provider_setting.set_provider(
            session,
            OPERATOR,
            office.code,
            issuer=issuer,
            client_id="joinder",
            acr_values=[ACR],
            allow_loopback=True,
        )
    subject = f"subject-{next(_SUBJECTS)}"
    someone = await make_person(people, Role.AUDITOR, office=office.code, subject=subject)
    async with httpx.AsyncClient(trust_env=False) as http:
        made = House(people, issuer, office.code, subject, someone, http)
        await made.claims()
        yield made


async def approve(registry: Registry, proposal: str, digest: str, *, hours: int = 0) -> None:
    """Approve for the operator what a page shows."""
    key, now = parse_public_id(proposals.PREFIX, proposal), utc_now() + timedelta(hours=hours)
    async with transaction(registry.operator) as session:
        await proposals.approve(session, OPERATOR, key, digest, now=now, allow_loopback=True)


def assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-refused"), answer.text
    assert "set-cookie" not in answer.headers


class TestSignIn:
    async def test_whole_way(self, house: House) -> None:
        browser = Browser.new(house.registry)
        answer = await house.sign_in(browser)
        assert answer.status_code == 200, answer.text
        assert answer.json()["person_id"] == house.someone.person_id
        assert (await browser.acknowledge())["next_step"] == "none"
        await browser.get("/access-review")

    async def test_what_the_provider_is_asked(self, house: House) -> None:
        address = await house.begin(Browser.new(house.registry))
        asked = {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{house.issuer}/oauth2/authorize?")
        assert asked["code_challenge_method"] == "S256"
        assert (asked["scope"], asked["acr_values"]) == ("openid", ACR)
        assert (asked["max_age"], asked["redirect_uri"]) == ("43200", f"{ORIGIN}/sign-in/provider")
        assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3

    async def test_proof_is_as_old_as_the_provider_says(self, house: House) -> None:
        when = int(utc_now().timestamp()) - 7200
        await house.claims(auth_time=when)
        assert (
            (await house.sign_in())
            .json()["proved_at"]
            .startswith(datetime.fromtimestamp(when, UTC).isoformat()[:19])
        )
        address = await house.begin(Browser.new(house.registry), anew=True)
        assert parse_qs(urlsplit(address).query)["max_age"] == ["0"]


class TestWhom:
    async def test_unknown_subject_gets_no_account(self, house: House) -> None:
        before = await house.registry.rows("SELECT count(*) FROM persons")
        house.subject = f"stranger-{next(_SUBJECTS)}"
        await house.claims()
        assert_refused(await house.sign_in())
        assert await house.registry.rows("SELECT count(*) FROM persons") == before

    async def test_invited_one_is_linked_once(self, house: House) -> None:
        invited = await make_person(house.registry, office=house.office)
        house.subject = f"invited-{next(_SUBJECTS)}"
        await house.claims()
        first = await house.sign_in(enrolment_code=invited.code)
        assert first.json()["person_id"] == invited.person_id
        assert (await house.sign_in()).json()["person_id"] == invited.person_id
        house.subject = f"other-{next(_SUBJECTS)}"
        await house.claims()
        assert_refused(await house.sign_in(enrolment_code=invited.code))

    async def test_invitation_of_another_office_does_not_count(self, house: House) -> None:
        elsewhere = await make_person(house.registry)
        house.subject = f"invited-{next(_SUBJECTS)}"
        await house.claims()
        assert_refused(await house.sign_in(enrolment_code=elsewhere.code))
        body = {"code": elsewhere.code, "password": PASSWORD}
        await Browser.new(house.registry).good("POST", "/sign-in/enrolment", body)

    async def test_disabled_one_stays_out(self, house: House) -> None:
        await house.registry.rows(
            "UPDATE persons SET disabled_at = now(), disabled_for = 'idle' WHERE id = :id"
            " RETURNING id",
            id=house.someone.key,
        )
        assert_refused(await house.sign_in())

    async def test_one_who_loses_the_link_meanwhile_stays_out(self, house: House) -> None:
        unlink = "UPDATE persons SET issuer = NULL, subject = NULL WHERE id = :id"
        (answer,) = await at_once(house.registry, unlink, [house.sign_in()], id=house.someone.key)
        assert_refused(answer)

    async def test_same_subject_at_another_issuer_is_nobody(self, house: House) -> None:
        await house.registry.rows(
            "UPDATE persons SET issuer = 'https://other.example' WHERE id = :id RETURNING id",
            id=house.someone.key,
        )
        assert_refused(await house.sign_in())


class TestIdToken:
    @pytest.mark.parametrize(
        "claims",
        [
            {"acr": "urn:example:password"},
            {"acr": None},
            {"acr": [ACR]},
            {"auth_time": None},
            {"auth_time": 1},
            {"auth_time": "1767225600"},
            {"auth_time": 99999999999},
            {"iss": "https://evil.example"},
            {"aud": "another-client"},
            {"aud": ["joinder", "another-client"]},
            {"azp": "another-client"},
            {"nonce": "of another sign-in"},
            {"nonce": None},
            {"exp": 1767225600},
            {"exp": 99999999999},
            {"exp": None},
            {"iat": 1767225600},
            {"iat": 99999999999},
        ],
        ids=str,
    )
    async def test_with_another_claim_is_refused(
        self, house: House, claims: dict[str, Any]
    ) -> None:
        await house.claims(**claims)
        assert_refused(await house.sign_in())

    async def test_audience_as_list_of_one_is_good(self, house: House) -> None:
        await house.claims(aud=["joinder"], azp="joinder")
        assert (await house.sign_in()).status_code == 200


class TestTheWayBack:
    async def test_is_for_the_browser_that_began(self, house: House) -> None:
        began, other = Browser.new(house.registry), Browser.new(house.registry)
        taken = await house.authorize(await house.begin(began))
        assert_refused(await house.finish(other, taken))
        await house.begin(other)
        assert_refused(await house.finish(other, taken))
        assert (await house.finish(began, taken)).status_code == 200

    async def test_is_good_once(self, house: House) -> None:
        browser = Browser.new(house.registry)
        taken = await house.authorize(await house.begin(browser))
        kept = browser.http.cookies.get(PROVIDER_COOKIE) or ""
        assert (await house.finish(browser, taken)).status_code == 200
        assert browser.http.cookies.get(PROVIDER_COOKIE) is None
        browser.http.cookies.set(PROVIDER_COOKIE, kept, domain="registry.test")
        assert_refused(await house.finish(browser, taken))

    @pytest.mark.parametrize("name", ["state", "code", "iss", "cookie"])
    async def test_changed_is_refused(self, house: House, name: str) -> None:
        browser = Browser.new(house.registry)
        taken = await house.authorize(await house.begin(browser))
        if name == "cookie":
            browser.http.cookies.set(PROVIDER_COOKIE, "c2VhbGVk", domain="registry.test")
        else:
            taken[name] = "https://evil.example"
        assert_refused(await house.finish(browser, taken))

    async def test_code_of_another_sign_in_is_refused(self, house: House) -> None:
        """Code injection: PKCE binds the code to the verifier of the browser that began."""
        one, other = Browser.new(house.registry), Browser.new(house.registry)
        stolen = await house.authorize(await house.begin(one))
        taken = await house.authorize(await house.begin(other))
        assert_refused(await house.finish(other, {**taken, "code": stolen["code"]}))

    async def test_without_challenge_the_provider_refuses(self, house: House) -> None:
        """The provider of these tests does check PKCE; without it the test above proves little."""
        browser = Browser.new(house.registry)
        address = urlsplit(await house.begin(browser))
        query = {key: value[0] for key, value in parse_qs(address.query).items()}
        del query["code_challenge"]
        taken = await house.authorize(address._replace(query=urlencode(query)).geturl())
        assert_refused(await house.finish(browser, taken))


class TestProvider:
    async def test_that_wants_a_client_secret_is_given_it(
        self, house: House, keys_directory: Path
    ) -> None:
        """Its provider wants one of every client, whichever it is; one for another is not sent."""
        file = keys_directory / "registry" / f"provider-secret-{house.office}"
        file.write_text(file.read_text().replace(house.issuer, "https://other.example.com"))
        assert_refused(await house.sign_in())
        file.unlink()
        assert_refused(await house.sign_in())

    async def test_office_without_one_and_no_office_look_the_same(self, people: Registry) -> None:
        (office,) = await make_offices(people, 1)
        answers = [
            await Browser.new(people).send("POST", "/sign-in/provider", {"office": code})
            for code in (office.code, "ZZ-NOWHERE")
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.json()["code"] for answer in answers}) == 1

    async def test_that_is_away_is_unavailable(self, house: House) -> None:
        await house.registry.rows(
            "UPDATE identity_providers SET issuer = 'http://127.0.0.1:9' RETURNING issuer"
        )
        answer = await Browser.new(house.registry).send(
            "POST", "/sign-in/provider", {"office": house.office}
        )
        assert answer.json()["code"] == "identity-provider-unavailable"

    async def test_that_calls_itself_otherwise_is_not_believed(self, house: House) -> None:
        named = house.issuer.replace("127.0.0.1", "[::ffff:127.0.0.1]")
        for issuer in (f"{house.issuer}/", named):
            await house.registry.rows(
                "UPDATE identity_providers SET issuer = :issuer RETURNING issuer", issuer=issuer
            )
            answer = await Browser.new(house.registry).send(
                "POST", "/sign-in/provider", {"office": house.office}
            )
            assert answer.status_code == 503

    @pytest.mark.parametrize(
        "issuer",
        [
            *(
                "http://login.example.com",
                "http://127.0.0.1:9",
                "https://",
                "ftp://x",
                "https://u@x",
            ),
            *("https://x:8443", "https://x?", "https://x?a=b", "https://x#", "https://x#a"),
        ],
    )
    async def test_operator_names_it_by_https(self, people: Registry, issuer: str) -> None:
        (office,) = await make_offices(people, 1)
        with pytest.raises(ProviderSettingError):
            async with transaction(people.operator) as session:
                await provider_setting.set_provider(
                    session, OPERATOR, office.code, issuer=issuer, client_id="j", acr_values=[ACR]
                )

    async def test_nobody_else_names_it(self, people: Registry) -> None:
        with pytest.raises(MissingScopeError):
            async with transaction(people.operator) as session:
                await provider_setting.set_provider(
                    session,
                    Principal("person:x", 1, frozenset()),
                    "CA001000A",
                    issuer="https://login.example.com",
                    client_id="j",
                    acr_values=[ACR],
                )


class TestPages:
    async def test_a_form_goes_to_the_provider_without_being_redirected(self, house: House) -> None:
        """Chromium follows no redirect of a form to another site under `form-action 'self'`."""
        browser = Browser.new(house.registry)
        ours = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        asked = {"office": house.office, "next": "/cases/cms/24-1"}
        left = await browser.http.post("/sign-in/provider", data=asked, headers=ours)
        assert left.status_code == 200
        assert "form-action 'self';" in left.headers["content-security-policy"]
        address = left.headers["refresh"].removeprefix("0; url=")
        assert address.startswith(house.issuer)
        assert f'href="{html.escape(address)}"' in left.text
        back = await browser.http.get("/sign-in/provider", params=await house.authorize(address))
        assert (back.status_code, back.headers["location"]) == (303, "/sign-in/notice")
        notice = await browser.http.get("/sign-in/notice")
        assert notice.status_code == 200
        form = PageReader(notice.text).form("/sign-in/notice")
        await browser.http.post(form.action, data=form.fields, headers=ours)
        onward = await browser.http.get("/sign-in/second-factor")
        assert onward.headers["location"] == asked["next"]

    @looked_at
    async def test_the_page_on_the_way_has_nothing_that_axe_finds(self, house: House) -> None:
        http, album = Browser.new(house.registry).http, Album()
        ours = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        left = await http.post("/sign-in/provider", data={"office": house.office}, headers=ours)
        album.add(left, "Go now")
        assert await album.look(house.registry) == []


class TestNamedByItsOffice:
    async def test_an_administrator_proposes_what_answers_and_the_operator_approves_it(
        self, people: Registry, issuer: str
    ) -> None:
        (office,) = await make_offices(people, 1)
        one, two = [await reader(people, office, Role.ADMINISTRATOR) for _ in range(2)]
        page = "/office/provider"
        form = (await one.page(page)).form(page)
        good = {"issuer": issuer, "client_id": "joinder", "acr_values": ACR}
        for wrong, field in (
            ({"issuer": "http://10.0.0.1"}, "issuer"),
            ({"issuer": f"{issuer}/elsewhere"}, "issuer"),
            ({"issuer": "ftp://login.example.com"}, "issuer"),
            ({"issuer": f"{issuer}?tenant=1"}, "issuer"),
            ({"acr_values": ""}, "acr_values"),
        ):
            refused = await one.send(form, **good | wrong)
            assert refused.status_code == 422
            assert f'id="{field}-error"' in refused.text
        text = await done(one, form, **good)
        older = APPROVAL.search(text)
        await done(two, form := (await two.page(page)).form(page), **good | {"client_id": "new"})
        newer = APPROVAL.findall((await two.get(page)).text)[-1]
        assert older
        assert [f.action for f in (await two.page(page)).forms if f.action.startswith(page)] == [
            page
        ]
        await approve(people, *newer)
        with pytest.raises(ProposalEndedError):
            await approve(people, *older.groups())
        assert "joinder proposal approve" not in (await one.get(page)).text
        auditor = await reader(people, office, Role.AUDITOR)
        told = (await auditor.get("/audit?about=office")).text
        for each in ("identity_provider.asked", "identity_provider.set", "proposal.approved"):
            assert ACTS[each] in told
        browser = Browser.new(people)
        address = await browser.good("POST", "/sign-in/provider", {"office": office.code})
        assert str(address["address"]).startswith(issuer)
        assert "client_id=new" in str(address["address"])

    async def test_an_administrator_proposes_it_through_the_api(
        self, people: Registry, issuer: str
    ) -> None:
        (office,) = await make_offices(people, 1)
        administrator = await sign_in(people, office, Role.ADMINISTRATOR)
        named = {"issuer": issuer, "client_id": "joinder", "acr_values": [ACR]}
        async with audit_broken(people):
            assert_discloses_nothing(await administrator.send("POST", PROPOSALS, named))
        assert (await administrator.send("GET", PROPOSALS)).json()["items"] == []
        made = await administrator.send("POST", PROPOSALS, named)
        assert (made.status_code, made.json()["provider"]) == (201, named)
        assert (await administrator.send("POST", PROPOSALS, named)).json() == made.json()
        assert (await administrator.send("GET", PROPOSALS)).json()["items"] == [made.json()]
        actor = f"person:{administrator.key}"
        for action in ("identity_provider.asked", "proposal.made"):
            assert (await people.audit(action))[-1]["actor"] == actor
        await approve(people, made.json()["id"], made.json()["digest"])
        begun = await Browser.new(people).good("POST", "/sign-in/provider", {"office": office.code})
        assert str(begun["address"]).startswith(issuer)

    async def test_leadership_does_not(self, people: Registry) -> None:
        (office,) = await make_offices(people, 1)
        administrator = await reader(people, office, Role.ADMINISTRATOR)
        head = await reader(people, office, Role.LEADERSHIP)
        assert (await head.get("/office/provider")).status_code == 403
        assert (await administrator.get("/office/agreement")).status_code == 403


class TestAgreement:
    async def test_is_signed_by_leadership_and_countersigned_by_the_operator(
        self, people: Registry
    ) -> None:
        office = await people.add_office(f"CA-SIGNS{next(_SUBJECTS)}", is_participating=False)
        head = await reader(people, office, Role.LEADERSHIP, Role.ADMINISTRATOR)
        form = (await head.page("/office/agreement")).form("/office/agreement")
        late = await head.send(form, version="1", signatory="Head", effective_on="2020-01-01")
        assert 'id="ends_on-error"' in late.text
        text = await done(head, form, version="2026-1", signatory="District Attorney")
        assert "Waits for the operator" in text
        assert "waits for the operator until" in (await head.get("/office")).text
        analyst = await reader(people, office, Role.ANALYST)
        assert "waits for the operator until" not in (await analyst.get("/office")).text
        found = APPROVAL.search(text)
        assert found
        assert (await office.http.get("/v1/me")).json()["is_participating"] is False
        with pytest.raises(ProposalEndedError):
            await approve(people, *found.groups(), hours=72)
        await approve(people, *found.groups(), hours=71)  # Friday's, on Monday
        assert "waits for the operator until" not in (await head.get("/office")).text
        assert (await office.http.get("/v1/me")).json()["is_participating"] is True
        assert "signed by District Attorney" in (await head.get("/office")).text
