"""Suppression lists: what an entry does to findings, to whose, and what it never tells."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from app.access.principal import OPERATOR
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.jobs.nightly import ITEMS_FAILED, run
from app.jobs.steps import steps
from app.overlaps.limits import MATCHED_PER_OFFICE
from app.overlaps.weights import SUPPRESSED_BITS
from app.suppressing import service
from app.suppressing.schemas import SuppressionAdd
from tests.blinding import case, element
from tests.factories import OfficeClient, Registry
from tests.overlaps.recount import CHECKS
from tests.scenes import make_offices, phone, someone, something
from tests.wall.acting import office_id


def entry(subject: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an entry for the first identifier of a posted subject."""
    first = subject["identifiers"][0]
    return {
        "match_spec": "joinder/v1",
        "epoch": 1,
        "kind": first["kind"],
        "token": first["token"],
        "mode": "block",
        "scope": "office",
        "reason": "hotline",
        "expires_on": (utc_now().date() + timedelta(days=300)).isoformat(),
        **changes,
    }


async def post(client: OfficeClient, path: str, body: Any) -> httpx.Response:
    headers = {"Idempotency-Key": uuid4().hex}
    return await client.http.post(f"/v1/suppressions{path}", json=body, headers=headers)


async def suppress(client: OfficeClient, subject: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await post(client, "", entry(subject, **changes))
    assert answer.status_code == 201, answer.text
    read: dict[str, Any] = answer.json()
    return read


async def end(client: OfficeClient, suppression: dict[str, Any]) -> None:
    answer = await post(client, f"/{suppression['id']}/end", {})
    assert answer.status_code == 200, answer.text


async def share(offices: list[OfficeClient], subject: dict[str, Any]) -> None:
    for client in offices:
        answer = await client.put_case("24-1", case(subject))
        assert answer.status_code in {200, 201}, answer.text


async def met(client: OfficeClient) -> set[str]:
    return {seen["counterpart"]["office"]["code"] for seen in await client.overlaps()}


def kept(overlaps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what overlaps say, by id, whatever version of them it is."""
    return {seen["id"]: (seen["band"], seen["findings"]) for seen in overlaps}


async def own_entries(client: OfficeClient) -> list[dict[str, Any]]:
    listed = (await client.http.get("/v1/suppressions")).json()["items"]
    return [item for item in listed if item["is_own"]]


async def sweep(registry: Registry, limit: int) -> int:
    """End at most `limit` expired entries, as a job does; return how many."""
    state = registry.app.state
    async with transaction(state.sessions, OPERATOR) as session:
        return await service.end_expired(
            session, OPERATOR, state.keyring, now=utc_now(), limit=limit
        )


async def assert_consistent(registry: Registry) -> None:
    for name, query in CHECKS.items():
        assert await registry.rows(query) == [], name


class TestBlock:
    @pytest.mark.parametrize("is_first", [True, False])
    async def test_makes_no_finding_and_its_end_brings_them(
        self, shared_registry: Registry, *, is_first: bool
    ) -> None:
        one, other = await make_offices(shared_registry)
        subject = something()
        if not is_first:
            await share([one, other], subject)
            assert await met(one) == {other.code}
        suppression = await suppress(one, subject)
        if is_first:
            await share([one, other], subject)
        assert await met(one) == await met(other) == set()
        await assert_consistent(shared_registry)
        await end(one, suppression)
        assert (await met(one), await met(other)) == ({other.code}, {one.code})
        await assert_consistent(shared_registry)

    @pytest.mark.parametrize("listed", [0, 1])
    async def test_of_an_address_holds_for_its_door_and_its_building(
        self, shared_registry: Registry, listed: int
    ) -> None:
        one, other = await make_offices(shared_registry)
        number = phone()
        identifiers = [
            {"kind": kind, "provenance": "police_report", "token": element(kind, (number, "93650"))}
            for kind in ("addr", "addr0")
        ]
        subject = {"ref": "1", "identifiers": identifiers}
        await share([one, other], subject)
        suppression = await suppress(one, {"identifiers": [identifiers[listed]]})
        assert await met(one) == await met(other) == set()
        await share([one, other], subject)
        assert await met(one) == set()
        await end(one, suppression)
        assert await met(one) == {other.code}
        await assert_consistent(shared_registry)

    async def test_is_named_where_something_else_makes_a_hit(
        self, shared_registry: Registry
    ) -> None:
        one, other = await make_offices(shared_registry)
        subject = someone(phones=(phone(),))
        await share([one, other], subject)
        (before,) = await one.overlaps()
        await suppress(other, subject)
        (seen,) = await one.overlaps()
        (finding,) = seen["findings"]
        assert finding["finding"] == "same_person"
        assert finding["suppressed"] == [{"kind": "tel", "mode": "block"}]
        assert "tel" not in finding["kinds"]
        assert finding["strength"] < before["findings"][0]["strength"]

    async def test_leaves_pairs_of_other_offices_alone(self, shared_registry: Registry) -> None:
        one, two, three = await make_offices(shared_registry, 3)
        subject = something()
        await share([one, two], subject)
        await suppress(one, subject)
        await share([three], subject)
        assert await met(one) == set()
        assert await met(two) == {three.code}
        (seen,) = await two.overlaps()
        assert seen["findings"][0]["suppressed"] == []

    async def test_retraction_is_audited(self, registry: Registry) -> None:
        one, other = await make_offices(registry)
        subject = something()
        await share([one, other], subject)
        suppression = await suppress(one, subject)
        (added,) = await registry.audit("suppression.added")
        assert added["object"] == suppression["id"]
        assert added["detail"] == {
            "kind": "tel",
            "mode": "block",
            "scope": "office",
            "reason": "hotline",
        }
        assert len(await registry.audit("overlap.retracted")) == 1


class TestFullShare:
    async def test_ends_bring_back_what_was_and_room_the_rest(
        self, shared_registry: Registry
    ) -> None:
        """Sightings beyond an office's share match nobody, with an entry or without one."""
        many, other, third = await make_offices(shared_registry, 3)
        subject = something()
        refs = [str(number) for number in range(MATCHED_PER_OFFICE)]
        await share([other, third], subject)
        await many.put_case("24-1", case(*({**subject, "ref": ref} for ref in refs)))
        await many.put_case("24-2", case(subject, someone(ref="2")))
        before = [kept(await client.overlaps()) for client in (many, other, third)]
        entries = [await suppress(client, subject) for client in (many, other)]
        assert await met(other) == await met(many) == set()
        for each in entries:
            await end(many if each is entries[0] else other, each)
        assert [kept(await client.overlaps()) for client in (many, other, third)] == before
        entry = await suppress(other, subject)
        await many.put_case("24-1", case(something()))  # room, taken by the one that was aside
        assert (await met(many), await met(other)) == ({third.code}, set())
        await end(other, entry)
        assert await met(many) == {other.code, third.code}
        await assert_consistent(shared_registry)


class TestDownWeightAndInform:
    @pytest.mark.parametrize("is_first", [True, False])
    async def test_down_weight_counts_three_bits_at_most(
        self, shared_registry: Registry, *, is_first: bool
    ) -> None:
        one, other, *bare = await make_offices(shared_registry, 4)
        subject = someone(phones=(phone(),))
        await share(bare, {**subject, "identifiers": []})
        plain = (await bare[0].overlaps())[0]["findings"][0]["strength"]
        listed = someone(phones=(phone(),))
        if is_first:
            await suppress(one, listed, mode="down_weight")
        await share([one, other], listed)
        if not is_first:
            await suppress(one, listed, mode="down_weight")
        (seen,) = await other.overlaps()
        same, shared = seen["findings"]
        assert (same["finding"], shared["finding"]) == ("same_person", "shared_identifier")
        assert same["strength"] == plain + SUPPRESSED_BITS
        assert (
            same["suppressed"] == shared["suppressed"] == [{"kind": "tel", "mode": "down_weight"}]
        )

    async def test_inform_counts_fully_and_is_named(self, shared_registry: Registry) -> None:
        one, other = await make_offices(shared_registry)
        subject = someone(phones=(phone(),))
        await share([one, other], subject)
        (before,) = await one.overlaps()
        await suppress(other, subject, mode="inform")
        (after,) = await one.overlaps()
        assert [f["suppressed"] for f in after["findings"]] == [
            [{"kind": "tel", "mode": "inform"}]
        ] * 2
        assert after["version"] == before["version"] + 1
        assert [{**f, "suppressed": []} for f in after["findings"]] == before["findings"]


class TestScope:
    async def test_state_covers_pairs_with_an_office_of_it(self, shared_registry: Registry) -> None:
        ca, nv, oregon = await make_offices(shared_registry, 3)
        general = await shared_registry.add_office(f"CA-AG{ca.code[3:]}", kind="attorney_general")
        subject = something()
        await share([ca, nv, oregon], subject)
        suppression = await suppress(general, subject, scope="state")
        assert suppression["state"] == "CA"
        assert await met(ca) == set()
        assert await met(nv) == {oregon.code}
        await end(general, suppression)
        assert await met(ca) == {nv.code, oregon.code}

    async def test_all_covers_everybody(self, registry: Registry) -> None:
        offices = await make_offices(registry, 3)
        subject = something()
        await share(offices[:2], subject)
        state = registry.app.state
        made = SuppressionAdd.model_validate(entry(subject, scope="all"))
        async with transaction(registry.operator) as session:
            await service.add_suppression(session, OPERATOR, state.keyring, made, now=utc_now())
        await share(offices[2:], subject)
        assert [await met(client) for client in offices] == [set()] * 3
        listed = (await offices[0].http.get("/v1/suppressions")).json()["items"]
        assert (listed[0]["owner"], listed[0]["is_own"]) == (None, False)
        refused = await post(offices[0], f"/{listed[0]['id']}/end", {})
        assert (refused.status_code, refused.json()["code"]) == (404, "suppression-not-found")

    @pytest.mark.parametrize("scope", ["state", "all"])
    async def test_wider_than_the_office_may_choose_is_refused(
        self, shared_registry: Registry, scope: str
    ) -> None:
        (one,) = await make_offices(shared_registry, 1)
        answer = await post(one, "", entry(something(), scope=scope))
        assert (answer.status_code, answer.json()["code"]) == (403, "suppression-scope-not-yours")


class TestExpiry:
    async def test_ends_the_effect_with_the_next_post(self, shared_registry: Registry) -> None:
        one, other = await make_offices(shared_registry)
        subject = something()
        suppression = await suppress(one, subject)
        await share([one, other], subject)
        await shared_registry.rows(
            "UPDATE suppressions SET expires_on = (now() AT TIME ZONE 'UTC')::date"
            " WHERE office_id = (SELECT id FROM offices WHERE code = :code) RETURNING id",
            code=one.code,
        )
        assert await met(one) == set()
        await other.put_case("24-1", case(subject, summary="Other words."))
        assert await met(one) == {other.code}
        await end(one, suppression)
        assert await met(one) == {other.code}

    async def test_is_carried_out_once_in_bounded_steps(self, registry: Registry) -> None:
        one, other, third = await make_offices(registry, 3)
        held, unknown, standing = something(), something(), something()
        await share([one, other, third], {**held, "ref": "1"})
        entries = [
            await suppress(client, subject)
            for client, subject in ((one, held), (other, held), (one, unknown), (one, standing))
        ]
        assert await met(one) == await met(other) == set()
        await registry.rows(
            "UPDATE suppressions SET expires_on = (now() AT TIME ZONE 'UTC')::date"
            " WHERE id <> :id RETURNING id",
            id=UUID(entries[-1]["id"].removeprefix("sup_")),
        )
        swept = await asyncio.gather(*(sweep(registry, 2) for _ in range(2)))
        assert max(swept) == 2, "and nothing of the other's, whichever comes first"
        rest = [await sweep(registry, 2) for _ in range(2)]
        assert (sum(swept) + rest[0], rest[1]) == (3, 0)
        assert await met(one) == {other.code, third.code}
        assert [each["id"] for each in await own_entries(one)] == [entries[-1]["id"]]
        assert await own_entries(other) == []
        expired = await registry.audit("suppression.expired")
        assert [each["object"] for each in expired] == [each["id"] for each in entries[:3]]
        owners = [await office_id(registry, each) for each in (one, other, one)]
        assert [each["office_id"] for each in expired] == owners
        await assert_consistent(registry)

    @pytest.mark.parametrize("days", [0, 731])
    async def test_is_within_two_years(self, shared_registry: Registry, days: int) -> None:
        (one,) = await make_offices(shared_registry, 1)
        day = (utc_now().date() + timedelta(days=days)).isoformat()
        answer = await post(one, "", entry(something(), expires_on=day))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/expires_on"


class TestAnswers:
    async def test_do_not_tell_whether_anybody_holds_the_value(
        self, shared_registry: Registry
    ) -> None:
        one, other = await make_offices(shared_registry)
        held, unknown = something(), something()
        await other.put_case("24-1", case(held))
        reads = [await suppress(one, subject) for subject in (held, unknown)]
        same = [{k: v for k, v in read.items() if k not in {"id", "added_at"}} for read in reads]
        assert same[0] == same[1]
        assert await own_entries(one) == reads[::-1]
        for read in reads:
            await end(one, read)
        assert await own_entries(one) == []
        await assert_consistent(shared_registry)

    @pytest.mark.parametrize("changes", [{"kind": "p.n"}, {"kind": "shoe"}, {"token": "A" * 43}])
    async def test_unknown_kinds_and_no_elements_are_refused(
        self, shared_registry: Registry, changes: dict[str, str]
    ) -> None:
        (one,) = await make_offices(shared_registry, 1)
        answer = await post(one, "", entry(something(), **changes))
        assert answer.status_code == 422, answer.text

    async def test_a_second_entry_of_the_same_value_conflicts(
        self, shared_registry: Registry
    ) -> None:
        (one,) = await make_offices(shared_registry, 1)
        subject = something()
        await suppress(one, subject)
        answer = await post(one, "", entry(subject, mode="inform"))
        assert (answer.status_code, answer.json()["code"]) == (409, "suppression-stands")
        assert answer.json()["status_now"] == "in_force"

    async def test_other_offices_neither_see_nor_end_it(self, shared_registry: Registry) -> None:
        one, other = await make_offices(shared_registry)
        suppression = await suppress(one, something())
        mine = (await other.http.get("/v1/suppressions")).json()["items"]
        assert suppression["id"] not in {item["id"] for item in mine}
        assert (await post(other, f"/{suppression['id']}/end", {})).status_code == 404

    async def test_takes_an_agreement_and_the_scope(self, shared_registry: Registry) -> None:
        (one,) = await make_offices(shared_registry, 1)
        reader = shared_registry.client(one.code, one.client_id, "cases:read")
        refused = await post(reader, "", entry(something()))
        assert (refused.status_code, refused.json()["code"]) == (403, "missing-scope")
        apart = await shared_registry.add_office(f"NV-X{one.code[3:]}", is_participating=False)
        refused = await post(apart, "", entry(something()))
        assert (refused.status_code, refused.json()["code"]) == (403, "agreement-not-in-force")


class TestAtOnce:
    async def test_entries_against_posts_leave_no_blocked_overlap(
        self, shared_registry: Registry
    ) -> None:
        for _ in range(5):
            offices = await make_offices(shared_registry, 4)
            subject = something()
            await offices[0].put_case("24-1", case(subject))
            await asyncio.gather(
                *(client.put_case("24-1", case(subject)) for client in offices[1:3]),
                suppress(offices[0], subject),
                offices[3].put_case("24-1", case(subject)),
            )
            assert await met(offices[0]) == set()
            assert await met(offices[1]) == {offices[2].code, offices[3].code}
        await assert_consistent(shared_registry)

    async def test_ends_against_posts_bring_every_overlap(self, shared_registry: Registry) -> None:
        for _ in range(5):
            one, *others = await make_offices(shared_registry, 4)
            subject = something()
            await one.put_case("24-1", case(subject))
            suppression = await suppress(one, subject)
            await asyncio.gather(
                *(client.put_case("24-1", case(subject)) for client in others),
                end(one, suppression),
            )
            assert await met(one) == {client.code for client in others}
        await assert_consistent(shared_registry)


class TestExpiring:
    async def test_an_entry_that_fails_holds_up_no_other_one_of_its_office(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        offices = await make_offices(registry, 2)
        values = [something() for _ in range(3)]
        for number, value in enumerate(values):
            for office in offices:
                await office.put_case(f"24-{number}", case(value))
        made = [await suppress(offices[0], value) for value in values]
        assert await met(offices[1]) == set()
        connection = await asyncpg.connect(fresh_database_url)
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'no'; END$$;"
            "CREATE TRIGGER refuse BEFORE UPDATE ON suppressions FOR EACH ROW"
            f" WHEN (OLD.id = '{parse_public_id('sup', made[0]['id'])}')"
            " EXECUTE FUNCTION refuse()"
        )
        await connection.close()
        every = steps(registry.app.state.intake)
        only = [replace(each, limit=1) for each in every if each.name == "suppressions.expire"]
        (done,) = await run(registry.operator, only, as_of=utc_now() + timedelta(days=301))
        assert (done.state, done.count, done.error) == ("failed", 2, ITEMS_FAILED)
        assert [*done.failed] == [made[0]["id"]]
        assert [each["id"] for each in await own_entries(offices[0])] == [made[0]["id"]]
        assert len(await offices[1].overlaps()) == 2
