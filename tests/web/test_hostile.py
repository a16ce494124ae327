"""The pages as someone meets them who means harm: every route, whoever adds it."""

import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import APIRoute

from app.access.vocabulary import Role
from app.core.openapi import PUBLIC
from app.web.pages import PageRoute
from tests.blinding import case
from tests.factories import ISSUER, Registry
from tests.scenes import Meeting, make_offices, meet, someone
from tests.web.pages import PageReader, reader

NOT_UTF8: Final = "\udcff"
BAD: Final = ("\x00", "a\x00b", "9" * 60, "-1", "1e400", "2026-13-45", "<script>alert(1)</script>")
NEVER_AN_ANSWER: Final = "<script>alert"


def routes(registry: Registry, method: str) -> Iterator[tuple[APIRoute, bool]]:
    """Yield every page that answers the method, and whether anyone may open it."""
    for route in registry.app.routes:
        if isinstance(route, PageRoute) and method in (route.methods or ()):
            yield route, (route.openapi_extra or {})["x-scope"] == PUBLIC


def path_of(route: APIRoute, **known: str) -> str:
    """Return an address of the route, with these parameters and some for the others."""
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: known.get(found[1], "x"), route.path)


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry)


class TestEveryRoute:
    async def test_is_closed_to_who_is_not_signed_in(self, shared_registry: Registry) -> None:
        async with shared_registry.http() as http:
            http.headers.update({"Origin": ISSUER, "Sec-Fetch-Site": "same-origin"})
            for method in ("GET", "POST"):
                for route, is_open in routes(shared_registry, method):
                    for cookie in ({}, {"Cookie": "__Host-sign-in=made-up"}):
                        answer = await http.request(
                            method,
                            path_of(route),
                            headers=cookie,
                            data={"csrf_token": "x"} if method == "POST" else None,
                        )
                        assert answer.status_code < 500, route.path
                        if not is_open:
                            assert answer.status_code == 303, route.path
                            assert answer.headers["location"].startswith("/sign-in"), route.path

    async def test_of_a_form_takes_none_of_another_site(
        self, shared_registry: Registry, meeting: Meeting
    ) -> None:
        visitor = await reader(shared_registry, meeting.first, Role.LEADERSHIP, Role.PROSECUTOR)
        token = (await visitor.page("/overlaps")).form("/sign-out").fields["csrf_token"]
        ours = {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin"}
        forged: list[tuple[dict[str, str], str]] = [
            ({}, token),  # neither header: no browser's
            ({**ours, "Sec-Fetch-Site": "cross-site"}, token),
            ({**ours, "Sec-Fetch-Site": "same-site"}, token),
            ({**ours, "Origin": "null"}, token),
            ({**ours, "Origin": ISSUER + ".example"}, token),
            (ours, ""),
            (ours, token[:-1] + ("A" if token[-1] != "A" else "B")),
        ]
        for route, is_open in routes(shared_registry, "POST"):
            for headers, sent in forged[:5] if is_open else forged:
                answer = await visitor.http.post(
                    path_of(route), data={"csrf_token": sent}, headers=headers
                )
                assert answer.status_code == 403, (route.path, headers)

    @pytest.mark.long
    async def test_survives_what_no_browser_sends(
        self, shared_registry: Registry, meeting: Meeting
    ) -> None:
        visitor = await reader(
            shared_registry, meeting.second, Role.LEADERSHIP, Role.COORDINATOR, Role.ADMINISTRATOR
        )
        asked = (await meeting.first.request_handling(meeting.overlap_id)).json()["id"]
        known = {"overlap_id": meeting.overlap_id, "request_id": asked, "source_system": "cms"}
        known["external_id"] = "24-1"
        page = await visitor.page(f"/overlaps/{meeting.overlap_id}")
        token = page.form("/sign-out").fields["csrf_token"]
        for route, _ in routes(shared_registry, "GET"):
            names = [field.alias for field in route.dependant.query_params]
            unknown = await visitor.http.get(path_of(route, **known), params={"unknown": BAD[0]})
            _holds(unknown, route)
            for bad in BAD:
                for name in names:
                    seen = await visitor.http.get(path_of(route, **known), params={name: bad})
                    _holds(seen, route)
                for name in re.findall(r"{(\w+)", route.path):
                    hostile = path_of(route, **{**known, name: quote(bad, safe="")})
                    _holds(await visitor.http.get(hostile), route)
        for route, _ in routes(shared_registry, "POST"):
            if route.path == "/sign-out":
                continue
            for bad in BAD:
                sent = dict.fromkeys(FIELDS, bad) | {"csrf_token": token}
                _holds(await visitor.post(path_of(route, **known), sent), route)
                whole = {**sent, **CHOICES, "key": "0" * 32, "version": '"1"'}
                _holds(await visitor.post(path_of(route, **known), whole), route)


FIELDS: Final = (
    *("office", "account", "password", "code", "totp", "recovery_code", "offer", "sha256", "next"),
    *("verdict", "reason", "version", "opened_for", "event", "kind", "lead", "ends_on", "move"),
    *("statutes", "answer", "decision", "digest", "attestation", "post", "key", "disclosure"),
    *("record_class", "trafficking_type", "summary", "subjects", "county_fips", "opened_on"),
    *("minutes", "epoch", "token", "scope", "mode", "expires_on", "rung", "since", "until"),
    *("review_on", "act", "external_id", "source_system", "explanation", "enrolment_code"),
)
CHOICES: Final = {
    "verdict": "not_a_match",
    "reason": "other",
    "event": "acknowledged",
    "kind": "consult",
    "move": "revise",
    "answer": "counter",
    "decision": "return",
    "act": "plea",
}


def _holds(answer: httpx.Response, route: APIRoute) -> None:
    assert answer.status_code < 500, (route.path, answer.request.url)
    assert NEVER_AN_ANSWER not in answer.text, route.path
    assert "made-up" not in answer.headers.get("location", "")


class TestExtremes:
    async def test_of_time_and_number_are_answered(
        self, shared_registry: Registry, meeting: Meeting
    ) -> None:
        """Each was once a fault of the server."""
        visitor = await reader(
            shared_registry, meeting.first, Role.AUDITOR, Role.LEADERSHIP, Role.ADMINISTRATOR
        )
        for asked in ("until=9999-12-31", "since=9999-12-31", "until=0001-01-01"):
            assert (await visitor.get(f"/audit?{asked}")).status_code in {200, 422}
            for zone in ("Z", "-12:00", "%2B12:00"):
                listed = await visitor.get(f"/v1/audit-entries?{asked}T12:00:00{zone}")
                assert listed.status_code in {200, 422}, (asked, zone)
        token = (await visitor.page("/overlaps")).form("/sign-out").fields["csrf_token"]
        for number in ("9" * 60, "-1", "1e400", "2147483648", "²"):
            sent = {"csrf_token": token, "key": "0" * 32, "minutes": number, "epoch": number}
            for path in (f"/overlaps/{meeting.overlap_id}/glass", "/suppressions/new"):
                refused = await visitor.post(path, sent)
                assert refused.status_code in {403, 422}, (path, number)


class TestText:
    async def test_of_another_office_is_never_markup(self, shared_registry: Registry) -> None:
        hostile = "Worked <img src=x onerror=alert(1)> & </p><script>alert(1)</script> unpaid."
        subject = someone()
        met = await meet(shared_registry)
        await met.second.put_case("24-9", case(subject, summary=hostile))
        await met.first.put_case("24-9", case(subject))
        visitor = await reader(shared_registry, met.second, Role.PROSECUTOR)
        page = await visitor.get("/cases/cms/24-9")
        assert "onerror" in page.text
        assert PageReader(page.text).inline == []
        assert "<img" not in page.text

    @pytest.mark.parametrize("path", ["//elsewhere.example/x", "//elsewhere.example/x/y"])
    async def test_of_an_address_leads_nowhere_else(
        self, shared_registry: Registry, path: str
    ) -> None:
        async with shared_registry.http() as http:
            answer = await http.post(httpx.URL(ISSUER).copy_with(raw_path=path.encode()),
                                     headers={"Accept": "text/html"})  # fmt: skip
        assert answer.status_code == 404
        assert not [link for link in PageReader(answer.text).links if link.startswith("//")]


class TestDemonstration:
    async def test_offers_its_people_at_home_only(self, shared_registry: Registry) -> None:
        people = (
            '[{"office":"CA","office_name":"X","account":"a","name":"N","role":"r","password":"p"}]'
        )
        settings = shared_registry.app.state.settings
        shared_registry.app.state.settings = settings.model_copy(update={"demo_people": people})
        try:
            for address, is_offered in (("127.0.0.1", True), ("::1", True), ("192.0.2.9", False)):
                transport = httpx.ASGITransport(shared_registry.app, client=(address, 1))
                async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
                    shown = (await http.get("/sign-in")).text
                assert ("Look around as" in shown) is is_offered
        finally:
            shared_registry.app.state.settings = settings

    async def test_has_nights_at_home_only(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        visitor = await reader(shared_registry, office, Role.PROSECUTOR)
        fields = (await visitor.page("/notices")).form("/sign-out").fields
        asked, asking = os.pipe()
        settings = shared_registry.app.state.settings
        try:
            for pipe, address, is_there in (
                (0, "127.0.0.1", False),
                (asking, "127.0.0.1", True),
                (asking, "192.0.2.9", False),
            ):
                changed = settings.model_copy(update={"demo_night": pipe})
                shared_registry.app.state.settings = changed
                transport = httpx.ASGITransport(shared_registry.app, client=(address, 1))
                async with httpx.AsyncClient(
                    transport=transport, base_url=ISSUER, cookies=visitor.http.cookies
                ) as http:
                    shown = await http.get("/demo/night")
                    assert shown.status_code == (200 if is_there else 404)
                    if not is_there:
                        sent = {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin"}
                        asked_for = await http.post("/demo/night", data=fields, headers=sent)
                        assert asked_for.status_code == 404
        finally:
            shared_registry.app.state.settings = settings
            for end in (asked, asking):
                os.close(end)
