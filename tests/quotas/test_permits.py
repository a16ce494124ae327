"""Permits through HTTP: counted before work, by class, per office and per client or person."""

import asyncio
import secrets
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.accounts import service as accounts
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.jwt import public_jwk
from app.identifiers.encoding import b64u_encode
from app.identifiers.match_keys import phone_key
from app.identifiers.oprf import blind, evaluate, finalize, key_for
from app.offices.errors import OfficeNotFoundError
from app.quotas import service
from tests.access.people import Person, sign_in
from tests.blinding import SEED, case, element
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, phone, someone

CASE = {"source_system": "cms", "external_id": "24-1"}


def wish(counts: dict[str, int], **changes: Any) -> dict[str, Any]:
    """Return what asks for a permit for a batch that nobody else asked for."""
    digest = b64u_encode(secrets.token_bytes(32))
    return {
        "epoch": 1,
        "reason": "new_case",
        "cases": [CASE],
        "counts": counts,
        "digest": digest,
        **changes,
    }


async def send(client: OfficeClient | Person, body: dict[str, Any]) -> httpx.Response:
    while True:
        answer = await client.http.post("/v1/tokens/permits", json=body)
        if answer.status_code != 503:  # more at once wait for ten connections
            return answer


async def ask(client: OfficeClient | Person, /, **counts: int) -> httpx.Response:
    return await send(client, wish(counts))


async def another_client(registry: Registry, office: OfficeClient) -> OfficeClient:
    jwk = public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    async with transaction(registry.operator) as session:
        client_id = await accounts.add_client(
            session, OPERATOR, office.code, jwk, label="second", now=utc_now()
        )
    return registry.client(office.code, str(client_id))


async def open_import(registry: Registry, office: OfficeClient, elements: int) -> None:
    now = utc_now()
    async with transaction(registry.operator) as session:
        await service.open_import(
            session,
            OPERATOR,
            office.code,
            elements=elements,
            ends_at=now + timedelta(days=1),
            now=now,
            key_classes=["tel"],
        )


class TestForTheFeed:
    async def test_counts_by_itself_and_takes_the_classes_of_the_feed_only(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        feed: dict[str, Any] = {"reason": "defendant_feed", "cases": []}
        full = {"person": 1000}
        for _ in range(3):
            assert (await send(office, wish(full, **feed))).status_code == 200
        assert (await send(office, wish({"person": 1}, **feed))).status_code == 429
        assert (await ask(office, person=1)).status_code == 200
        for counts, cases in (({"tel": 1}, []), ({"person": 1}, [CASE])):
            answer = await send(office, wish(counts, reason="defendant_feed", cases=cases))
            assert answer.status_code == 422, answer.text


class TestParallel:
    async def test_requests_cannot_overrun(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        answers = await asyncio.gather(*[ask(office, tel=5) for _ in range(150)])
        assert Counter(answer.status_code for answer in answers) == {200: 100, 429: 50}

    async def test_clients_of_one_office_share_its_burst(self, shared_registry: Registry) -> None:
        (first,) = await make_offices(shared_registry, 1)
        clients = [first, *[await another_client(shared_registry, first) for _ in range(3)]]
        asks = [ask(client, addr=50) for client in clients for _ in range(10)]
        answers = await asyncio.gather(*asks)
        assert Counter(answer.status_code for answer in answers) == {200: 8, 429: 32}

    async def test_one_batch_is_debited_once(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        body = wish({"tel": 400})
        answers = await asyncio.gather(*[send(office, body) for _ in range(20)])
        assert {answer.status_code for answer in answers} == {200}
        assert Counter([(await ask(office, tel=50)).status_code for _ in range(3)]) == {
            200: 2,
            429: 1,
        }

    async def test_an_import_allowance_is_spent_once(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        await open_import(shared_registry, office, 20_000)
        answers = await asyncio.gather(*[ask(office, tel=1000) for _ in range(30)])
        assert Counter(answer.status_code for answer in answers) == {200: 20, 429: 10}


class TestRefused:
    async def test_names_class_and_time(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        assert (await ask(office, tel=500, person=10)).status_code == 200
        refused = await ask(office, person=10, tel=50)
        assert refused.status_code == 429
        problem = refused.json()
        assert problem["code"] == "quota-exceeded"
        assert "class tel" in problem["detail"]
        seconds = int(refused.headers["Retry-After"])
        assert 8600 < seconds <= 8641  # a tenth of a day's allowance comes back in a tenth of a day
        assert (await ask(office, person=10)).status_code == 200

    async def test_names_the_class_that_two_imports_cover_only_together(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        for _ in range(2):
            await open_import(shared_registry, office, 600)
        refused = await ask(office, tel=900, person=10)
        assert refused.status_code == 429
        assert "class tel" in refused.json()["detail"]
        assert "Retry-After" not in refused.headers  # it never fits
        assert (await ask(office, tel=600, person=10)).status_code == 200

    async def test_debits_no_class_when_one_is_used_up(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        assert (await ask(office, tel=500)).status_code == 200
        for _ in range(4):
            assert (await ask(office, person=900, tel=1)).status_code == 429
        for _ in range(3):
            assert (await ask(office, person=1000)).status_code == 200

    async def test_without_an_agreement_in_force(self, shared_registry: Registry) -> None:
        (taking_part,) = await make_offices(shared_registry, 1)
        office = await shared_registry.add_office("CA-NOT-YET", is_participating=False)
        refused = await ask(office, tel=1)
        assert (refused.status_code, refused.json()["code"]) == (403, "agreement-not-in-force")
        assert (await ask(taking_part, tel=1)).status_code == 200

    async def test_without_the_scope(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        client = shared_registry.client(office.code, office.client_id, "cases:post")
        assert (await ask(client, tel=1)).json()["code"] == "missing-scope"

    async def test_is_not_remembered_as_debited(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        body = wish({"tel": 400})
        assert (await ask(office, tel=200)).status_code == 200
        assert [(await send(office, body)).status_code for _ in range(2)] == [429, 429]

    @pytest.mark.parametrize("counts", [{}, {"tel": 0}, {"ssn0": 1}, {"tel": 600, "addr": 401}])
    async def test_counts_that_make_no_batch(
        self, shared_registry: Registry, counts: dict[str, int]
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        assert (await ask(office, **counts)).status_code == 422

    async def test_another_epoch(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        answer = await send(office, wish({"tel": 1}, epoch=9))
        assert (answer.status_code, answer.json()["code"]) == (409, "epoch-changed")


class TestAudit:
    async def test_grants_refusals_and_imports_leave_an_entry(self, registry: Registry) -> None:
        (office,) = await make_offices(registry, 1)
        body = wish({"tel": 500}, cases=[CASE, {**CASE, "external_id": "24-2"}])
        for _ in range(2):
            assert (await send(office, body)).status_code == 200
        await ask(office, tel=1)
        await open_import(registry, office, 100)
        for action in ("evaluation.permitted", "evaluation.permitted_again"):
            (granted,) = await registry.audit(action)
            assert granted["object"] == body["digest"]
            assert granted["detail"] == {
                "reason": "new_case",
                "epoch": 1,
                "counts": {"tel": 500},
                "cases": ["cms/24-1", "cms/24-2"],
            }
        (refused,) = await registry.audit("access.refused")
        assert refused["detail"] == {"code": "quota-exceeded"}
        assert len(await registry.audit("import.opened")) == 1

    async def test_an_import_needs_an_office(self, registry: Registry) -> None:
        with pytest.raises(OfficeNotFoundError):
            await open_import(registry, OfficeClient("NOBODY", "", registry.http()), 1)


class TestRepeat:
    async def test_with_other_counts_is_another_batch(self, shared_registry: Registry) -> None:
        """Or the permit for one element would be one for a thousand."""
        (office,) = await make_offices(shared_registry, 1)
        body = wish({"tel": 1})
        assert (await send(office, body)).status_code == 200
        assert (await send(office, {**body, "counts": {"tel": 500}})).status_code == 429
        assert (await send(office, {**body, "counts": {"tel": 499}})).status_code == 200
        assert (await ask(office, tel=1)).status_code == 429

    async def test_is_a_permit_of_its_own(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        body = wish({"tel": 1})
        permits = [(await send(office, body)).json()["permit"] for _ in range(2)]
        assert permits[0] != permits[1]

    async def test_after_a_day_is_debited_again(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        body = wish({"tel": 300})
        assert (await send(office, body)).status_code == 200
        await shared_registry.rows(
            "UPDATE permitted_batches SET permitted_at = permitted_at - interval '25 hours'"
            " WHERE office_id = (SELECT id FROM offices WHERE code = :code) RETURNING digest",
            code=office.code,
        )
        assert (await send(office, body)).status_code == 429


class TestPeople:
    async def test_each_has_a_third_of_the_offices(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        people = [await sign_in(shared_registry, office, Role.ANALYST) for _ in range(4)]
        answers = [[await ask(one, addr=133), await ask(one, addr=1)] for one in people[:3]]
        assert [[each.status_code for each in pair] for pair in answers] == [[200, 429]] * 3
        assert (await ask(people[3], addr=2)).status_code == 429  # the office has one left
        assert (await ask(people[3], addr=1)).status_code == 200


class TestCases:
    @pytest.mark.parametrize(
        "changes",
        [
            {"cases": []},
            {"cases": [CASE, CASE]},
            {"cases": [{**CASE, "external_id": "415-555-0142"}]},
            {"cases": [{**CASE, "external_id": f"24-{n}"} for n in range(201)]},
            {"reason": "suppression"},
            {"reason": "curiosity"},
        ],
    )
    async def test_that_say_nothing_are_refused(
        self, shared_registry: Registry, changes: dict[str, Any]
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        assert (await send(office, wish({"tel": 1}, **changes))).status_code == 422
        assert (await send(office, wish({"tel": 1}))).status_code == 200

    @pytest.mark.parametrize("reason", ["update", "resubmission", "quick_check"])
    async def test_that_the_office_must_have_posted(
        self, shared_registry: Registry, reason: str
    ) -> None:
        office, other = await make_offices(shared_registry)
        await other.put_case("24-2", case(someone()))
        await office.put_case("24-1", case(someone()))
        absent = wish({"tel": 1}, reason=reason, cases=[CASE, {**CASE, "external_id": "24-2"}])
        refused = await send(office, absent)
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/cases/1"]
        assert (await send(office, wish({"tel": 1}, reason=reason))).status_code == 200

    async def test_a_suppression_has_none(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        body = wish({"tel": 1}, reason="suppression", cases=[])
        assert (await send(office, body)).status_code == 200

    @pytest.mark.parametrize(
        ("reason", "scope"),
        [("suppression", "suppressions:manage"), ("defendant_feed", "defendant-feed:read")],
    )
    async def test_are_named_but_by_who_may_use_the_list(
        self, shared_registry: Registry, reason: str, scope: str
    ) -> None:
        """Or a reason would be the way to evaluate without a case."""
        (office,) = await make_offices(shared_registry, 1)
        for scopes, status in (("", 403), (scope, 200)):
            client = shared_registry.client(
                office.code, office.client_id, f"tokens:evaluate {scopes}"
            )
            body = wish({"person": 1}, reason=reason, cases=[])
            assert (await send(client, body)).status_code == status
            assert (await ask(client, person=1)).status_code == 200


def under(key_class: str, number: str) -> str:
    """Return the token of a phone that was evaluated as `key_class`."""
    keys = key_for(SEED, key_class, 1)
    blinded = blind([phone_key(number).input])
    return b64u_encode(finalize(keys.public, blinded, *evaluate(keys, blinded.elements))[0])


def holding(token: str) -> dict[str, Any]:
    identifier = {"kind": "tel", "provenance": "police_report", "token": token}
    return case({"ref": "1", "identifiers": [identifier]})


@pytest.mark.parametrize(("key_class", "found"), [("tel", 1), ("person", 0)])
async def test_a_phone_sent_as_a_name_gives_a_token_that_matches_nothing(
    shared_registry: Registry, key_class: str, found: int
) -> None:
    one, other = await make_offices(shared_registry, 2)
    number = phone()
    await one.put_case(body=holding(element("tel", phone_key(number).fields)))
    answer = await other.put_case(body=holding(under(key_class, number)))
    assert answer.status_code == 201, answer.text
    assert len(await other.overlaps()) == found
