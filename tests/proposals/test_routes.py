"""What people of an office propose for it through the API, as they do on its pages."""

from itertools import count
from typing import Any, Final

import pytest

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.proposals import own, service
from app.proposals.errors import ProposalEndedError
from tests.access.people import Person, sign_in
from tests.factories import OfficeClient, Registry, agreement
from tests.scenes import at_once, make_offices

_CODES: Final = count(1)
AGREEMENTS: Final = "/v1/proposals/agreements"
PROVIDERS: Final = "/v1/proposals/providers"
SIGNED: Final = agreement().model_dump(mode="json")
NAMED: Final = {
    "issuer": "https://login.office.example",
    "client_id": "joinder",
    "acr_values": ["two"],
}

MEANWHILE: Final = {
    "disabled": "UPDATE persons SET disabled_at = now(), disabled_for = 'idle' WHERE id = :id",
    "another role": "UPDATE persons SET roles = '{analyst}' WHERE id = :id",
    "suspended": "UPDATE offices o SET suspended_at = now() FROM persons p"
    " WHERE o.id = p.office_id AND p.id = :id",
}


@pytest.fixture
async def outside(shared_registry: Registry) -> OfficeClient:
    """Return an office that takes no part yet."""
    return await shared_registry.add_office(f"CA-OUT{next(_CODES)}", is_participating=False)


async def is_participating(office: OfficeClient) -> bool:
    return bool((await office.http.get("/v1/me")).json()["is_participating"])


async def listed(person: Person, path: str = AGREEMENTS) -> list[dict[str, Any]]:
    answer = await person.send("GET", path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def approve(registry: Registry, made: dict[str, Any]) -> None:
    key = parse_public_id(service.PREFIX, made["id"])
    async with transaction(registry.operator) as session:
        await service.approve(session, OPERATOR, key, made["digest"], now=utc_now())


async def is_ended(registry: Registry, made: dict[str, Any]) -> bool:
    """Return what the operator's list says of a proposal that is in it."""
    async with transaction(registry.operator) as session:
        found = await service.list_for_operator(session, OPERATOR, now=utc_now())
    (waits,) = [each for each in found if service.read_id(each.proposal) == made["id"]]
    return waits.is_ended


async def refused(registry: Registry, made: dict[str, Any]) -> Any:
    """Return what an approval that is refused says of the proposal."""
    with pytest.raises(ProposalEndedError) as ended:
        await approve(registry, made)
    return ended.value.extensions["status_now"]


class TestAgreement:
    async def test_counts_when_the_operator_countersigned(
        self, shared_registry: Registry, outside: OfficeClient
    ) -> None:
        head = await sign_in(shared_registry, outside, Role.LEADERSHIP)
        made = await head.send("POST", AGREEMENTS, SIGNED)
        assert made.status_code == 201, made.text
        assert made.json()["agreement"] == SIGNED
        assert made.json()["proposed_by"] == f"person:{head.key}"
        assert await listed(head) == [made.json()]
        assert not await is_participating(outside)
        await approve(shared_registry, made.json())
        assert await is_participating(outside)
        assert await listed(head) == []

    @pytest.mark.parametrize("meanwhile", MEANWHILE)
    async def test_counts_no_more_when_who_signed_may_sign_no_more(
        self, shared_registry: Registry, outside: OfficeClient, meanwhile: str
    ) -> None:
        head, other = [await sign_in(shared_registry, outside, Role.LEADERSHIP) for _ in range(2)]
        made = (await head.send("POST", AGREEMENTS, SIGNED)).json()
        assert not made["is_ended"]
        assert not await is_ended(shared_registry, made)
        await shared_registry.rows(f"{MEANWHILE[meanwhile]} RETURNING 1", id=head.key)
        assert await refused(shared_registry, made) == "not_theirs"
        assert await is_ended(shared_registry, made)
        if meanwhile != "suspended":  # then nobody of the office is told anything
            assert await listed(other) == [{**made, "is_ended": True}]
            for path, told in (("/office/agreement", "Ended"), ("/office", "")):
                page = (await other.http.get(path)).text
                assert told in page, path
                assert "aits for the operator" not in page, path
            again = (await other.send("POST", AGREEMENTS, SIGNED)).json()
            assert (again["id"] != made["id"], again["is_ended"]) == (True, False)

    async def test_counts_no_more_when_another_took_its_place(
        self, shared_registry: Registry, outside: OfficeClient
    ) -> None:
        head = await sign_in(shared_registry, outside, Role.LEADERSHIP)
        made = (await head.send("POST", AGREEMENTS, SIGNED)).json()
        better = (await head.send("POST", AGREEMENTS, {**SIGNED, "version": "2026-2"})).json()
        await approve(shared_registry, better)
        assert await refused(shared_registry, made) == "replaced"
        assert await refused(shared_registry, better) == "approved"

    async def test_sent_again_is_the_same_and_by_another_is_not(
        self, shared_registry: Registry, outside: OfficeClient
    ) -> None:
        one, two = [await sign_in(shared_registry, outside, Role.LEADERSHIP) for _ in range(2)]
        first = await one.send("POST", AGREEMENTS, SIGNED)
        assert (await one.send("POST", AGREEMENTS, SIGNED)).json() == first.json()
        await one.send("POST", AGREEMENTS, {**SIGNED, "version": "2026-2"})
        await two.send("POST", AGREEMENTS, SIGNED)
        assert len(await listed(two)) == 3

    async def test_sent_twice_at_once_is_the_same(
        self, shared_registry: Registry, outside: OfficeClient
    ) -> None:
        one = await sign_in(shared_registry, outside, Role.LEADERSHIP)
        answers = await at_once(
            shared_registry,
            "SELECT FROM offices WHERE code = :code FOR UPDATE",
            [one.send("POST", AGREEMENTS, SIGNED) for _ in range(2)],
            code=outside.code,
        )
        assert answers[0].json() == answers[1].json() == (await listed(one))[0]

    async def test_only_so_many_wait(
        self, shared_registry: Registry, outside: OfficeClient
    ) -> None:
        head = await sign_in(shared_registry, outside, Role.LEADERSHIP)
        versions = [{**SIGNED, "version": f"2026-{number}"} for number in range(own.MOST + 1)]
        *made, refused = [await head.send("POST", AGREEMENTS, each) for each in versions]
        assert {each.status_code for each in made} == {201}
        assert (refused.status_code, refused.json()["code"]) == (409, "proposals-too-many")
        assert (await head.send("POST", AGREEMENTS, versions[0])).json() == made[0].json()
        successor = await sign_in(shared_registry, outside, Role.LEADERSHIP)
        await shared_registry.rows(
            "UPDATE persons SET roles = '{auditor}' WHERE id = :id RETURNING id", id=head.key
        )  # what it proposed waits for nobody
        for each in versions[:2]:
            assert (await successor.send("POST", AGREEMENTS, each)).status_code == 201

    async def test_is_known_to_its_office_alone(
        self, shared_registry: Registry, outside: OfficeClient
    ) -> None:
        (other,) = await make_offices(shared_registry, 1)
        head, stranger = [
            await sign_in(shared_registry, office, Role.LEADERSHIP) for office in (outside, other)
        ]
        await head.send("POST", AGREEMENTS, SIGNED)
        assert await listed(stranger) == []

    @pytest.mark.parametrize(
        "change",
        [{"ends_on": SIGNED["effective_on"]}, {"office": "CA-OTHER"}, {"version": ""}],
    )
    async def test_that_is_none_is_refused(
        self, shared_registry: Registry, outside: OfficeClient, change: dict[str, str]
    ) -> None:
        head = await sign_in(shared_registry, outside, Role.LEADERSHIP)
        assert (await head.send("POST", AGREEMENTS, SIGNED | change)).status_code == 422
        assert await listed(head) == []


class TestWhoMay:
    @pytest.mark.parametrize(
        ("path", "body", "role"),
        [(AGREEMENTS, SIGNED, Role.LEADERSHIP), (PROVIDERS, NAMED, Role.ADMINISTRATOR)],
    )
    async def test_only_one_role_with_a_recent_second_factor(
        self, shared_registry: Registry, path: str, body: dict[str, Any], role: Role
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        late = await sign_in(shared_registry, office, role, minutes_ago=20)
        assert (await late.send("POST", path, body)).json()["code"] == "step-up-needed"
        assert await listed(late, path) == []
        for other in {Role.LEADERSHIP, Role.ADMINISTRATOR, Role.PROSECUTOR} - {role}:
            person = await sign_in(shared_registry, office, other)
            for answer in (await person.send("POST", path, body), await person.send("GET", path)):
                assert answer.json()["code"] == "missing-scope"
        assert (await office.http.post(path, json=body)).json()["code"] == "missing-scope"


class TestProvider:
    @pytest.mark.parametrize(
        "change", [{}, {"issuer": "http://10.0.0.1"}, {"acr_values": []}, {"office": "CA-OTHER"}]
    )
    async def test_that_does_not_answer_or_can_be_none_is_refused(
        self, shared_registry: Registry, change: dict[str, Any]
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        administrator = await sign_in(shared_registry, office, Role.ADMINISTRATOR)
        refused = await administrator.send("POST", PROVIDERS, NAMED | change)
        assert refused.status_code == 422
        assert await listed(administrator, PROVIDERS) == []
