"""The feed of newly charged defendants through HTTP: who is in it, for whom, and how long."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.defendants import service
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.feed import FEED_KINDS, feed_digest
from tests.access.people import sign_in
from tests.blinding import attested, case
from tests.factories import OfficeClient, Registry
from tests.scenes import end_agreement, make_offices, someone


def today() -> date:
    return utc_now().date()


def offences(code: str = "40A", *, days_ago: int = 1) -> dict[str, Any]:
    charged_on = today() - timedelta(days=days_ago)
    return {"offences": [{"nibrs": code, "charged_on": charged_on.isoformat()}]}


def defendant(**changes: Any) -> dict[str, Any]:
    return {**someone(), "is_charged": True, **changes}


def charged(*subjects: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a case whose subjects are in the feed, unless `changes` keep them out."""
    return case(*subjects, **{"facts": offences(), **changes})


def digests_of(subject: dict[str, Any]) -> set[str]:
    """Return what the subject is in the feed, from its tokens."""
    return {
        b64u_encode(feed_digest(kind, b64u_decode(token)))
        for name in subject["names"]
        for kind, token in name["tokens"].items()
        if kind in FEED_KINDS
    }


async def feed(office: OfficeClient, limit: int = 100) -> list[dict[str, Any]]:
    """Return the whole feed as the office reads it, page after page."""
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        answer = await office.http.get("/v1/defendant-feed", params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return found
        params["cursor"] = answer.json()["next_cursor"]


async def published(office: OfficeClient) -> set[str]:
    return {digest for item in await feed(office) for digest in item["digests"]}


async def post(office: OfficeClient, body: dict[str, Any], number: str = "24-1") -> None:
    answer = await office.put_case(number, body)
    assert answer.status_code in {200, 201}, answer.text


class TestListCharges:
    async def test_shows_who_is_charged_with_date_and_whom_to_call(
        self, shared_registry: Registry
    ) -> None:
        owner, reader = await make_offices(shared_registry)
        accused, other = defendant(), someone(ref="2")
        await post(owner, charged(accused, other))
        (item,) = [each for each in await feed(reader) if each["office"]["code"] == owner.code]
        assert set(item["digests"]) == digests_of(accused)
        assert item["digests"] == sorted(item["digests"], key=b64u_decode)
        charged_on = today() - timedelta(days=1)
        assert item["charged_on"] == charged_on.isoformat()
        assert item["expires_on"] == (charged_on + timedelta(days=60)).isoformat()
        assert item["office"]["phone"] == "555-0100"
        assert set(item) == {"charged_on", "expires_on", "digests", "office"}
        assert digests_of(accused) <= await published(owner)

    @pytest.mark.parametrize(
        "body",
        [
            lambda who: charged(who, record_class="pre_charge", **attested("pre_charge")),
            lambda who: charged(who, record_class="disposed"),
            lambda who: charged(who, disclosure="silent"),
            lambda who: charged(who, disclosure="contact_first"),
            lambda who: charged(who, facts=offences("120")),
            lambda who: charged(who, facts=offences(days_ago=60)),
            lambda who: charged(who, facts={"offences": [{"nibrs": "40A"}]}),
            lambda who: charged({**who, "is_charged": False}),
            lambda who: charged({**who, "names": [], "is_juvenile": True}, someone(ref="2")),
        ],
        ids=[
            *("pre_charge", "disposed", "silent", "contact_first", "not listed", "old"),
            *("not charged yet", "not said to be charged", "juvenile"),
        ],
    )
    async def test_shows_nobody_else(self, shared_registry: Registry, body: Any) -> None:
        owner, reader = await make_offices(shared_registry)
        accused = defendant()
        await post(owner, charged(accused), "24-0")
        assert digests_of(accused) <= await published(reader)
        await post(owner, body(accused), "24-0")
        assert not digests_of(accused) & await published(reader)

    async def test_shows_who_is_charged_where_the_day_has_begun(
        self, shared_registry: Registry
    ) -> None:
        owner, reader = await make_offices(shared_registry)
        accused = defendant()
        await post(owner, charged(accused, facts=offences(days_ago=-1)))
        assert digests_of(accused) <= await published(reader)

    async def test_follows_the_statute_to_its_nibrs_code(self, shared_registry: Registry) -> None:
        owner, reader = await make_offices(shared_registry)
        accused, day = defendant(), today().isoformat()
        offence = {"statute": "nv-201.300", "law_on": day, "charged_on": day}
        await post(owner, charged(accused, facts={"offences": [offence]}))
        assert digests_of(accused) <= await published(reader)

    async def test_forgets_a_withdrawn_case(self, shared_registry: Registry) -> None:
        owner, reader = await make_offices(shared_registry)
        accused = defendant()
        await post(owner, charged(accused))
        assert (await owner.http.delete("/v1/cases/cms/24-1")).status_code == 204
        assert not digests_of(accused) & await published(reader)
        rows = await shared_registry.rows(
            "SELECT feed_digests FROM cases WHERE withdrawn_at IS NOT NULL"
        )
        assert {row[0] for row in rows} == {None}

    async def test_a_wall_and_a_missing_agreement_hide_it(self, shared_registry: Registry) -> None:
        owner, reader, walled = await make_offices(shared_registry, 3)
        accused = defendant()
        await post(owner, charged(accused))
        lead = await sign_in(shared_registry, owner, Role.LEADERSHIP)
        body = {"office": walled.code}
        assert (await lead.send("POST", "/v1/cases/cms/24-1/walls", body)).status_code == 201
        assert not digests_of(accused) & await published(walled)
        assert digests_of(accused) <= await published(reader)
        await end_agreement(shared_registry, owner)
        assert not digests_of(accused) & await published(reader)
        await end_agreement(shared_registry, reader)
        refused = await reader.http.get("/v1/defendant-feed")
        assert (refused.status_code, refused.json()["code"]) == (403, "agreement-not-in-force")

    async def test_a_legal_hold_and_a_passed_review_hide_it(
        self, shared_registry: Registry
    ) -> None:
        owner, reader = await make_offices(shared_registry)
        accused = defendant()
        await post(owner, charged(accused))
        lead = await sign_in(shared_registry, owner, Role.LEADERSHIP)
        held = {"reason": "A court asked to keep the file as it stands."}
        for method, body, is_shown in (("PUT", held, False), ("DELETE", None, True)):
            answer = await lead.send(method, "/v1/cases/cms/24-1/hold", body)
            assert answer.is_success, answer.text
            assert (digests_of(accused) <= await published(reader)) is is_shown
        await shared_registry.rows(
            "UPDATE cases SET review_on = current_date, validated_on = current_date - 1"
            " WHERE office_id = (SELECT id FROM offices WHERE code = :code) RETURNING 1",
            code=owner.code,
        )
        assert not digests_of(accused) & await published(reader)

    async def test_leadership_decides_about_contact_first(self, shared_registry: Registry) -> None:
        owner, reader = await make_offices(shared_registry)
        accused, path = defendant(), "/v1/defendant-feed/choice"
        await post(owner, charged(accused, disclosure="contact_first"))
        lead = await sign_in(shared_registry, owner, Role.LEADERSHIP)
        assert (await lead.send("GET", path)).json() == {
            "has_contact_first": False,
            "chosen_at": None,
        }
        for choice in (True, False):
            put = await lead.send("PUT", path, {"has_contact_first": choice})
            assert (await lead.send("GET", path)).json() == put.json()
            assert (digests_of(accused) <= await published(reader)) is choice

    async def test_pages_end_and_each_is_audited(self, shared_registry: Registry) -> None:
        owner, reader = await make_offices(shared_registry)
        for number in range(3):
            await post(owner, charged(defendant()), f"24-{number}")
        before = len(await shared_registry.audit("defendant_feed.disclosed"))
        whole, pages = await feed(reader), await feed(reader, 2)
        assert whole == pages
        entries = await shared_registry.audit("defendant_feed.disclosed")
        assert len(entries) - before == 1 + len(whole) // 2 + 1  # the last page may be empty
        listed = [key for entry in entries[before + 1 :] for key in entry["detail"]["cases"]]
        assert len(listed) == len(set(listed)) == len(whole)


class TestEndExpired:
    async def test_forgets_what_nobody_is_shown_any_more(self, shared_registry: Registry) -> None:
        owner, reader = await make_offices(shared_registry)
        kept, gone = defendant(), defendant()
        await post(owner, charged(kept), "24-1")
        await post(owner, charged(gone, facts=offences(days_ago=59)), "24-2")
        assert digests_of(kept) | digests_of(gone) <= await published(reader)

        async def end() -> int:
            tomorrow = utc_now() + timedelta(days=1)
            async with transaction(shared_registry.operator, OPERATOR) as session:
                return await service.end_expired(session, OPERATOR, now=tomorrow, limit=1)

        ended = 0
        while await end():
            ended += 1
        assert ended >= 1
        assert digests_of(kept) <= await published(reader)
        assert not digests_of(gone) & await published(reader)
