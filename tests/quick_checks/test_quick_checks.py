"""Quick checks: they tell what a post would, no more than disclosure allows, and store nothing."""

from typing import Any

import asyncpg
import httpx
import pytest

from app.access.vocabulary import Role
from app.overlaps.limits import LIMITS
from tests.access.people import sign_in
from tests.blinding import case, element
from tests.factories import OfficeClient, Registry
from tests.scenes import end_agreement, make_offices, phone, someone, something
from tests.suppressing.test_canaries import alarms, set_canary
from tests.wall.acting import acting, office_id

PATH = "/v1/cases/cms/24-own/quick-checks"


async def ask(
    http: httpx.AsyncClient, *subjects: dict[str, Any], path: str = PATH, **changes: Any
) -> httpx.Response:
    whole = case(*subjects)
    body = {name: whole[name] for name in ("match_spec", "epoch", "subjects")}
    return await http.post(path, json={**body, "reason": "investigation", **changes})


async def told(client: OfficeClient, *subjects: dict[str, Any]) -> dict[str, Any]:
    answer = await ask(client.http, *subjects)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def with_case(registry: Registry, how_many: int = 2) -> list[OfficeClient]:
    """Return offices, the first with a case that overlaps with nothing."""
    offices = await make_offices(registry, how_many)
    await offices[0].put_case("24-own", case(someone()))
    return offices


async def stored(registry: Registry, office: OfficeClient) -> list[Any]:
    """Return how many subjects, sightings and overlaps the office has."""
    return await registry.rows(
        "SELECT (SELECT count(*) FROM subjects s WHERE s.office_id = o.id),"
        " (SELECT count(*) FROM sightings s WHERE s.office_id = o.id),"
        " (SELECT count(*) FROM overlap_sides s WHERE s.office_id = o.id)"
        " FROM offices o WHERE o.code = :code",
        code=office.code,
    )


class TestWhatIsTold:
    async def test_is_what_a_post_of_the_same_would_find_and_stores_nothing(
        self, shared_registry: Registry
    ) -> None:
        me, other = await with_case(shared_registry)
        number = phone()
        subjects = [
            someone(ref="whole", phones=(number,)),
            {**someone(ref="name")},
            something(ref="phone"),
            someone(ref="nobody", phones=(phone(),)),
        ]
        await other.put_case("24-their", case(*subjects[:3]))
        before = await stored(shared_registry, me)
        found = await told(me, *subjects)
        assert await stored(shared_registry, me) == before
        await me.put_case("24-post", case(*subjects))
        (overlap,) = await me.overlaps()
        posted = {
            (each["subject"], each["finding"], each["band"], tuple(sorted(each["kinds"])))
            for each in overlap["findings"]
        }
        asked = {
            (hit["ref"], each["finding"], each["band"], tuple(sorted(each["kinds"])))
            for hit in found["hits"]
            for each in hit["findings"]
        }
        assert asked == posted
        assert {hit["ref"] for hit in found["hits"]} == {"whole", "name", "phone"}
        assert found["hits"][0]["contact"] == overlap["counterpart"]["contact"]
        entry = (await shared_registry.audit("case.quick_checked"))[-1]
        assert entry["object"] == found["id"]
        assert list(entry["detail"]["told"].values()) == ["contact"]
        again = await told(me, *subjects)
        last = (await shared_registry.audit("case.quick_checked"))[-1]
        assert last["detail"]["told"].keys() != entry["detail"]["told"].keys()
        assert again["left"] == found["left"] - 4

    async def test_is_what_a_post_would_find_where_an_address_is_common(
        self, shared_registry: Registry
    ) -> None:
        def at(house: str) -> dict[str, Any]:
            tokens = {"p.nmd": ("A", "B", "0305"), "p.ih": ("A", "B", "12", house)}
            keys = {kind: element(kind, fields) for kind, fields in tokens.items()}
            name = {"rarity": 3, "provenance": "police_report", "tokens": keys}
            return {"ref": "1", "names": [name], "identifiers": [motel]}

        motel = {"kind": "addr0", "provenance": "police_report",
                 "token": element("addr0", ("12 MOTEL ST", "93650"))}  # fmt: skip
        me, other, *crowd = await with_case(shared_registry, LIMITS["addr0"].offices + 2)
        for office in crowd:
            await office.put_case("24-1", case({"ref": "1", "identifiers": [motel]}))
        await other.put_case("24-1", case(at("M340")))
        (hit,) = (await told(me, at("M340")))["hits"]
        answer = (await me.put_case("24-own", case(at("M340")))).json()
        (overlap,) = answer["overlaps"]
        (finding,) = overlap["findings"]
        assert finding["common"] == ["addr0"]
        assert finding["facts"]["house"] == "unknown"
        assert hit["findings"] == [{name: finding[name] for name in ("finding", "kinds", "band")}]

    async def test_goes_no_further_than_the_owner_discloses(
        self, shared_registry: Registry
    ) -> None:
        me, shy = await with_case(shared_registry)
        subject = someone(phones=(phone(),))
        await shy.put_case("24-shy", case(subject, disclosure="contact_first"))
        (hit,) = (await told(me, subject))["hits"]
        assert (hit["rung"], hit["office"], hit["contact"]) == ("pointer", None, None)
        assert shy.code not in str(hit)

    async def test_ranks_alike_what_it_tells_alike(self, shared_registry: Registry) -> None:
        me, one, two = await with_case(shared_registry, 3)
        subject = someone(phones=(phone(),))
        for client in (two, one):
            await client.put_case("24-shy", case(subject, disclosure="contact_first"))
        hits = (await told(me, subject))["hits"]
        assert [(hit["rung"], hit["state"]) for hit in hits] == [
            ("pointer", "NV"),
            ("pointer", "OR"),
        ]

    async def test_what_is_hidden_is_as_if_it_were_not(self, shared_registry: Registry) -> None:
        me, silent, walled, gone = await with_case(shared_registry, 4)
        subjects = [someone(ref=ref, phones=(phone(),)) for ref in ("1", "2", "3", "4")]
        await silent.put_case("24-1", case(subjects[0], disclosure="silent"))
        await walled.put_case("24-1", case(subjects[1]))
        head = await sign_in(shared_registry, walled, Role.LEADERSHIP)
        set_up = await head.send("POST", "/v1/cases/cms/24-1/walls", {"office": me.code})
        assert set_up.status_code == 201, set_up.text
        await gone.put_case("24-1", case(subjects[2]))
        await end_agreement(shared_registry, gone)
        for subject in subjects:
            found = await told(me, {**subject, "ref": "1"})
            assert (found["hits"], found["common"]) == ([], [])


class TestWhoMayAsk:
    async def test_only_for_an_own_case_with_a_reason(self, shared_registry: Registry) -> None:
        me, other = await with_case(shared_registry)
        subject = someone()
        assert (await ask(other.http, subject)).status_code == 404
        assert (await ask(me.http, subject, reason="curiosity")).status_code == 422
        await end_agreement(shared_registry, me)
        assert (await ask(me.http, subject)).status_code == 403

    async def test_it_is_counted_before_it_is_done(self, shared_registry: Registry) -> None:
        me, _ = await with_case(shared_registry)
        subject = something()
        left = (await told(me, subject))["left"]
        await shared_registry.rows(
            "UPDATE quota_buckets SET spent = spent + :left WHERE key_class = 'quick_check'"
            " AND holder = :holder RETURNING holder",
            left=left,
            holder=f"client:{me.client_id}",
        )
        entries = len(await shared_registry.audit("case.quick_checked"))
        refused = await ask(me.http, subject)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert len(await shared_registry.audit("case.quick_checked")) == entries

    async def test_canaries_tell_of_checks_too(self, shared_registry: Registry) -> None:
        me, owner = await with_case(shared_registry)
        value = something()
        canary = await set_canary(shared_registry, owner, value)
        plain = await told(me, something())
        found = await told(me, value)
        assert {**found, "id": 0, "checked_at": 0, "left": 0} == {
            **plain,
            "id": 0,
            "checked_at": 0,
            "left": 0,
        }
        assert [office for office, _ in await alarms(shared_registry, canary)] == [me.code]

    async def test_the_application_cannot_ask_the_database_about_cases(
        self, shared_registry: Registry
    ) -> None:
        me, _ = await with_case(shared_registry)
        key = await office_id(shared_registry, me)
        url = shared_registry.app.state.sessions.kw["bind"].url
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with acting(plain, "joinder_app", key) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT * FROM told_cases('{1}')")
