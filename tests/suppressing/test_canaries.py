"""Canaries: a post of one raises an alarm that only the operator sees."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.access.errors import MissingScopeError
from app.access.principal import OPERATOR, Principal
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.errors import InvalidError
from app.core.ids import parse_public_id
from app.suppressing import canaries, service
from app.suppressing.errors import SuppressionNotFoundError, SuppressionStandsError
from app.suppressing.schemas import ValueSent
from app.suppressions.rows import CANARY
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, something
from tests.suppressing.test_suppressions import end, met, own_entries, post, suppress


def value(subject: dict[str, Any], days: int = 300) -> ValueSent:
    """Return the first identifier of a posted subject as a value of a list."""
    sent = {"match_spec": "joinder/v1", "epoch": 1}
    sent |= {name: subject["identifiers"][0][name] for name in ("kind", "token")}
    until = (utc_now() + timedelta(days=days)).date().isoformat()
    return ValueSent.model_validate({**sent, "expires_on": until})


async def set_canary(
    registry: Registry, owner: OfficeClient, subject: dict[str, Any], days: int = 300
) -> str:
    state = registry.app.state
    async with transaction(state.sessions, OPERATOR) as session:
        return await canaries.add_canary(
            session, OPERATOR, state.keyring, owner.code, value(subject, days), now=utc_now()
        )


async def end_canary(registry: Registry, owner: OfficeClient, canary: str) -> None:
    state, key = registry.app.state, parse_public_id(CANARY, canary)
    async with transaction(state.sessions, OPERATOR) as session:
        await canaries.end_canary(session, OPERATOR, state.keyring, owner.code, key, now=utc_now())


async def alarms(registry: Registry, canary: str) -> list[tuple[str, str]]:
    """Return the offices that used a canary, each with whom to reach."""
    since = utc_now() - timedelta(hours=1)
    async with transaction(registry.operator) as session:
        found = await canaries.list_alarms(session, OPERATOR, since=since)
    key = parse_public_id(CANARY, canary)
    return [(row["office"], row["office_email"]) for row in found if row["canary_id"] == key]


def heard(answer: httpx.Response) -> tuple[int, Any]:
    """Return an answer but for what names the case."""
    body = {name: part for name, part in answer.json().items() if name != "external_id"}
    return answer.status_code, body


class TestUse:
    async def test_raises_an_alarm_and_tells_the_poster_nothing(
        self, shared_registry: Registry
    ) -> None:
        owner, poster, third = await make_offices(shared_registry, 3)
        bait, plain = something(), something()
        canary = await set_canary(shared_registry, owner, bait)
        answers = []
        for number, subject in (("24-1", bait), ("24-2", plain)):
            body = case(subject)
            item = {"source_system": "cms", "external_id": number, "case": body}
            answers.append([
                heard(await poster.put_case(number, body)),
                heard(await poster.put_case(number, body)),
                heard(await poster.put_case(number, {**body, "county_fips": "06019"})),
                (await poster.http.put("/v1/cases", json={"cases": [item]})).json()["results"][0]
                | {"external_id": ""},
            ])  # fmt: skip
        assert answers[0] == answers[1]
        contact = f"{poster.code.lower()}@example.com"
        assert await alarms(shared_registry, canary) == [(poster.code, contact)] * 3
        used = [e for e in await shared_registry.audit("canary.used") if e["object"] == canary]
        assert [entry["client_id"] for entry in used] == [poster.client_id] * 3
        await third.put_case("24-1", case(bait))
        assert await met(poster) == {third.code}  # and matching is as it was

    async def test_is_by_whoever_posts_also_the_office_that_has_it(
        self, shared_registry: Registry
    ) -> None:
        (owner,) = await make_offices(shared_registry, 1)
        bait = something()
        canary = await set_canary(shared_registry, owner, bait)
        await owner.put_case("24-1", case(bait))
        await owner.put_case("24-1", case(something()))  # giving it up is no use of it
        assert [code for code, _ in await alarms(shared_registry, canary)] == [owner.code]

    async def test_of_another_value_is_none(self, shared_registry: Registry) -> None:
        owner, poster = await make_offices(shared_registry)
        canary = await set_canary(shared_registry, owner, something())
        await poster.put_case("24-1", case(something()))
        assert await alarms(shared_registry, canary) == []


class TestList:
    async def test_of_the_office_shows_no_canary_and_ends_none(
        self, shared_registry: Registry
    ) -> None:
        (owner,) = await make_offices(shared_registry, 1)
        bait = something()
        canary = await set_canary(shared_registry, owner, bait)
        assert await own_entries(owner) == []
        answer = await post(owner, f"/sup_{canary[4:]}/end", {})
        assert answer.status_code == 404
        await end(owner, await suppress(owner, bait))  # its own entry of that value is made as ever
        await owner.put_case("24-1", case(bait))
        assert len(await alarms(shared_registry, canary)) == 1

    async def test_is_the_operators(self, shared_registry: Registry) -> None:
        (owner,) = await make_offices(shared_registry, 1)
        canary = await set_canary(shared_registry, owner, something())
        async with transaction(shared_registry.operator) as session:
            (row,) = await canaries.list_canaries(session, OPERATOR, owner.code)
            assert (row["id"], row["alarms"]) == (parse_public_id(CANARY, canary), 0)
            someone = Principal("client:1", 1, frozenset())
            with pytest.raises(MissingScopeError):
                await canaries.list_canaries(session, someone, owner.code)
            with pytest.raises(MissingScopeError):
                await canaries.list_alarms(session, someone, since=utc_now())


class TestAdd:
    async def test_twice_stands_and_its_end_lets_it_be_set_again(
        self, shared_registry: Registry
    ) -> None:
        owner, other = await make_offices(shared_registry)
        bait = something()
        canary = await set_canary(shared_registry, owner, bait)
        with pytest.raises(SuppressionStandsError):
            await set_canary(shared_registry, owner, bait)
        with pytest.raises(SuppressionNotFoundError):
            await end_canary(shared_registry, other, canary)
        await end_canary(shared_registry, owner, canary)
        await owner.put_case("24-1", case(bait))
        assert await alarms(shared_registry, canary) == []
        again = await set_canary(shared_registry, owner, bait)
        assert again != canary

    async def test_with_an_end_that_is_past_is_refused(self, shared_registry: Registry) -> None:
        (owner,) = await make_offices(shared_registry, 1)
        with pytest.raises(InvalidError):
            await set_canary(shared_registry, owner, something(), days=0)

    async def test_ends_with_its_day(self, shared_registry: Registry) -> None:
        (owner,) = await make_offices(shared_registry, 1)
        bait = something()
        canary = await set_canary(shared_registry, owner, bait)
        await shared_registry.rows(
            "UPDATE suppressions SET expires_on = CURRENT_DATE WHERE id = :id RETURNING id",
            id=parse_public_id(CANARY, canary),
        )
        await owner.put_case("24-1", case(bait))
        assert await alarms(shared_registry, canary) == []
        state = shared_registry.app.state
        async with transaction(state.sessions, OPERATOR) as session:
            await service.end_expired(session, OPERATOR, state.keyring, now=utc_now(), limit=50)
        expired = await shared_registry.audit("canary.expired")
        assert canary in {entry["object"] for entry in expired}
