"""Access tokens for machine clients: private_key_jwt in, ten minutes of access out."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from app.access.principal import OPERATOR
from app.accounts import service, suspension, upkeep
from app.accounts.errors import ClientPeriodError
from app.accounts.machines import LASTS
from app.core.clock import utc_now
from app.core.db import transaction
from app.jobs.steps import NIGHTLY
from tests.factories import ISSUER, Registry
from tests.scenes import make_offices
from tests.signing import Signer, token_request

EVALUATOR = f"{ISSUER}/v1/tokens"
EVERYTHING = {
    "cases:post",
    "cases:read",
    "overlaps:read",
    "overlaps:judge",
    "handling:read",
    "handling:request",
    "handling:answer",
    "grants:read",
    "grants:give",
    "state-overlaps:read",
    "offices:read",
    "suppressions:manage",
    "tokens:evaluate",
    "defendant-feed:read",
    "infusion:read",
    "infusion:ask",
    "infusion:answer",
}


@dataclass
class Machine:
    """An office's machine client with its private key, and no access yet."""

    registry: Registry
    signer: Signer
    client_id: str
    http: httpx.AsyncClient

    async def ask(self, assertion: str | None = None, **changes: str) -> httpx.Response:
        """Ask for an access token, by default with a good assertion."""
        good = assertion or self.signer.assertion(self.client_id, ISSUER)
        return await self.http.post("/v1/oauth/token", data=token_request(good, **changes))

    async def token(self, **changes: str) -> str:
        answer = await self.ask(**changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def get(self, path: str, token: str) -> httpx.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
async def machine(shared_registry: Registry) -> AsyncIterator[Machine]:
    (office,) = await make_offices(shared_registry, 1)
    signer = Signer()
    async with transaction(shared_registry.operator) as session:
        client_id = await service.add_client(
            session, OPERATOR, office.code, signer.jwk, label="nightly", now=utc_now()
        )
    async with shared_registry.http() as http:
        yield Machine(shared_registry, signer, str(client_id), http)


class TestIssue:
    async def test_a_good_assertion_gets_ten_minutes(self, machine: Machine) -> None:
        answer = await machine.ask()
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
        assert set(body["scope"].split()) == EVERYTHING
        assert answer.headers["Cache-Control"] == "no-store"
        me = await machine.get("/v1/me", body["access_token"])
        assert me.json()["client_id"] == machine.client_id

    async def test_an_assertion_serves_once(self, machine: Machine) -> None:
        assertion = machine.signer.assertion(machine.client_id, ISSUER)
        first, again = [await machine.ask(assertion) for _ in range(2)]
        assert (first.status_code, again.status_code) == (200, 401)
        assert again.json()["error"] == "invalid_client"

    async def test_another_assertion_with_a_spent_jti_is_a_replay(self, machine: Machine) -> None:
        jti = uuid4().hex
        now = int(utc_now().timestamp())
        answers = [
            await machine.ask(machine.signer.assertion(machine.client_id, ISSUER, jti=jti, exp=exp))
            for exp in (now + 50, now + 40)
        ]
        assert [answer.status_code for answer in answers] == [200, 401]

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": [ISSUER]},
            {"aud": [ISSUER, "http://other.test"]},
            {"aud": f"{ISSUER}/v1/oauth/token"},
            {"aud": "http://other.test"},
            {"aud": None},
            {"iss": "00000000-0000-7000-8000-000000000001"},
            {"sub": "00000000-0000-7000-8000-000000000001"},
            {"jti": None},
            {"jti": "short"},
            {"exp": None},
            {"iat": None},
        ],
        ids=str,
    )
    async def test_one_with_a_wrong_claim_is_refused(
        self, machine: Machine, claims: dict[str, Any]
    ) -> None:
        answer = await machine.ask(machine.signer.assertion(machine.client_id, ISSUER, **claims))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid-client")

    @pytest.mark.parametrize(("issued", "expires"), [(-120, -60), (0, 61), (120, 150), (0, 0)])
    async def test_one_out_of_its_time_is_refused(
        self, machine: Machine, issued: int, expires: int
    ) -> None:
        now = int(utc_now().timestamp())
        assertion = machine.signer.assertion(
            machine.client_id, ISSUER, iat=now + issued, exp=now + expires
        )
        assert (await machine.ask(assertion)).status_code == 401

    async def test_one_signed_with_another_key_is_refused(self, machine: Machine) -> None:
        stranger = Signer()
        for header in ({}, {"kid": machine.signer.jwk["kid"]}):
            assertion = stranger.assertion(machine.client_id, ISSUER, header)
            assert (await machine.ask(assertion)).status_code == 401

    async def test_an_unknown_client_is_refused_alike(self, machine: Machine) -> None:
        unknown, bad = [
            await machine.ask(Signer().assertion(client_id, ISSUER))
            for client_id in (str(uuid4()), machine.client_id)
        ]
        same = ("type", "title", "status", "detail", "code", "error")
        assert [unknown.json()[name] for name in same] == [bad.json()[name] for name in same]

    async def test_a_failed_request_spends_nothing_and_tells_nothing(
        self, machine: Machine
    ) -> None:
        assertion = machine.signer.assertion(machine.client_id, ISSUER)
        refused = await machine.ask(assertion, scope="offices:manage")
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
        assert assertion not in refused.text


class TestScopes:
    async def test_are_narrowed_to_what_is_asked(self, machine: Machine) -> None:
        answer = await machine.ask(scope="cases:read overlaps:read")
        assert set(answer.json()["scope"].split()) == {"cases:read", "overlaps:read"}
        token = answer.json()["access_token"]
        assert (await machine.get("/v1/cases", token)).status_code == 200
        assert (await machine.get("/v1/handling-requests", token)).status_code == 403

    async def test_beyond_the_credential_are_refused(self, machine: Machine) -> None:
        narrow = Signer()
        async with transaction(machine.registry.operator) as session:
            office = (await machine.get("/v1/me", await machine.token())).json()["office"]
            client_id = await service.add_client(
                session, OPERATOR, office, narrow.jwk,
                label="narrow", now=utc_now(), scopes=["cases:post"],
            )  # fmt: skip
        client = Machine(machine.registry, narrow, str(client_id), machine.http)
        assert (await client.ask()).json()["scope"] == "cases:post"
        assert (await client.ask(scope="cases:post cases:read")).status_code == 400

    async def test_taken_from_the_credential_are_gone_with_the_next_request(
        self, machine: Machine
    ) -> None:
        token = await machine.token()
        assert (await machine.get("/v1/cases", token)).status_code == 200
        await machine.registry.rows(
            "UPDATE client_credentials SET scopes = '{overlaps:read}' WHERE id = :id RETURNING id",
            id=UUID(machine.client_id),
        )
        assert (await machine.get("/v1/cases", token)).status_code == 403
        assert (await machine.get("/v1/overlaps", token)).status_code == 200


class TestRevocation:
    async def test_stops_the_next_request_and_the_next_token(self, machine: Machine) -> None:
        token = await machine.token()
        assert (await machine.get("/v1/me", token)).status_code == 200
        async with transaction(machine.registry.operator) as session:
            await service.revoke_client(session, OPERATOR, UUID(machine.client_id), now=utc_now())
        assert (await machine.get("/v1/me", token)).status_code == 401
        assert (await machine.ask()).status_code == 401


class TestExpiry:
    async def test_refuses_from_its_day_on_until_the_operator_renews(
        self, machine: Machine
    ) -> None:
        token, now = await machine.token(), utc_now()
        await machine.registry.rows(
            "UPDATE client_credentials SET expires_on = current_date WHERE id = :key RETURNING 1",
            key=UUID(machine.client_id),
        )
        assert (await machine.get("/v1/me", token)).status_code == 401
        assert (await machine.ask()).status_code == 401
        await self.renew(machine, now + timedelta(days=1), now=now)
        assert (await machine.get("/v1/me", token)).status_code == 200
        assert (await machine.ask()).status_code == 200

    async def test_is_at_most_two_years_away(self, machine: Machine) -> None:
        now = utc_now()
        await self.renew(machine, now + LASTS, now=now)
        for ahead in (timedelta(0), LASTS + timedelta(days=1)):
            with pytest.raises(ClientPeriodError):
                await self.renew(machine, now + ahead, now=now)
        with pytest.raises(DBAPIError, match="row-level security"):  # whatever the application asks
            await self.renew(machine, now + LASTS * 2, now=now + LASTS)

    async def renew(self, machine: Machine, until: datetime, *, now: datetime) -> None:
        async with transaction(machine.registry.operator) as session:
            await service.renew_client(
                session, OPERATOR, UUID(machine.client_id), expires_on=until.date(), now=now
            )


class TestResource:
    @pytest.mark.parametrize("resource", ["http://other.test", f"{ISSUER}/v1", EVALUATOR])
    async def test_that_is_unknown_is_refused(self, machine: Machine, resource: str) -> None:
        answer = await machine.ask(resource=resource)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


class TestKeys:
    """A client goes over to a new key by itself, and has two meanwhile."""

    async def add(self, machine: Machine, new: Mapping[str, str], signer: Signer) -> httpx.Response:
        return await machine.http.post(
            "/v1/me/keys",
            headers={"Authorization": f"Bearer {await machine.token()}"},
            json={
                "client_assertion": signer.assertion(machine.client_id, ISSUER),
                "public_jwk": new,
            },
        )

    async def end(self, machine: Machine, kid: str, signer: Signer) -> httpx.Response:
        return await machine.http.post(
            f"/v1/me/keys/{kid}/end",
            headers={"Authorization": f"Bearer {await machine.token()}"},
            json={"client_assertion": signer.assertion(machine.client_id, ISSUER)},
        )

    async def test_both_sign_until_one_is_ended(self, machine: Machine) -> None:
        old, new = machine.signer, Signer()
        added = await self.add(machine, new.jwk, old)
        assert (added.status_code, added.json()["kid"]) == (201, new.jwk["kid"])
        for signer in (old, new):
            assert (await machine.ask(signer.assertion(machine.client_id, ISSUER))).is_success
        ended = await self.end(machine, old.jwk["kid"], new)
        assert ended.json()["ended_at"] is not None
        refused = await machine.ask(old.assertion(machine.client_id, ISSUER))
        assert refused.status_code == 401
        assert (await machine.ask(new.assertion(machine.client_id, ISSUER))).is_success

    async def test_there_are_never_more_than_two(self, machine: Machine) -> None:
        others = [Signer() for _ in range(6)]
        answers = await asyncio.gather(
            *(self.add(machine, other.jwk, machine.signer) for other in others)
        )
        assert sorted(answer.status_code for answer in answers) == [201] + 5 * [409]

    async def test_a_key_does_not_end_itself(self, machine: Machine) -> None:
        answer = await self.end(machine, machine.signer.jwk["kid"], machine.signer)
        assert (answer.status_code, answer.json()["code"]) == (409, "client-key-in-use")

    async def test_an_ended_key_does_not_come_back(self, machine: Machine) -> None:
        new = Signer()
        await self.add(machine, new.jwk, machine.signer)
        await self.end(machine, new.jwk["kid"], machine.signer)
        again = await self.add(machine, new.jwk, machine.signer)
        assert (again.status_code, again.json()["code"]) == (409, "client-key-exists")
        twice = await self.end(machine, new.jwk["kid"], machine.signer)
        assert (twice.status_code, twice.json()["code"]) == (404, "client-key-not-found")

    async def test_an_access_token_alone_adds_none(self, machine: Machine) -> None:
        thief = Signer()
        answer = await self.add(machine, thief.jwk, thief)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid-client")

    async def test_nor_does_the_assertion_of_another_client(self, machine: Machine) -> None:
        other = Signer()
        (office,) = await make_offices(machine.registry, 1)
        async with transaction(machine.registry.operator) as session:
            client_id = await service.add_client(
                session, OPERATOR, office.code, other.jwk, label="other", now=utc_now()
            )
        answer = await machine.http.post(
            "/v1/me/keys",
            headers={"Authorization": f"Bearer {await machine.token()}"},
            json={
                "client_assertion": other.assertion(str(client_id), ISSUER),
                "public_jwk": Signer().jwk,
            },
        )
        assert answer.status_code == 401

    async def test_a_private_key_is_refused_and_not_repeated(self, machine: Machine) -> None:
        secret = "c2VjcmV0LXNjYWxhci10aGF0LW5vYm9keS1zaG91bGQ"
        answer = await self.add(machine, {**Signer().jwk, "d": secret}, machine.signer)
        assert (answer.status_code, answer.json()["code"]) == (422, "credential-key-invalid")
        assert secret not in answer.text


class TestNetworks:
    """In these tests every request comes from 127.0.0.1."""

    async def limit(self, machine: Machine, *networks: str) -> None:
        async with transaction(machine.registry.operator) as session:
            await service.limit_client(
                session, OPERATOR, UUID(machine.client_id), networks=networks
            )

    @pytest.mark.parametrize(
        ("networks", "status"),
        [
            ((), 200),
            (("127.0.0.0/8",), 200),
            (("192.0.2.0/24", "127.0.0.1/32"), 200),
            (("192.0.2.0/24",), 401),
            (("::1/128",), 401),
        ],
    )
    async def test_decide_from_the_next_request_on(
        self, machine: Machine, networks: tuple[str, ...], status: int
    ) -> None:
        token = await machine.token()
        await self.limit(machine, *networks)
        assert (await machine.get("/v1/me", token)).status_code == status
        assert (await machine.ask()).status_code == status

    async def test_elsewhere_is_answered_as_unknown(self, machine: Machine) -> None:
        await self.limit(machine, "192.0.2.0/24")
        elsewhere = (await machine.ask()).json()
        unknown = await machine.ask(machine.signer.assertion(str(uuid4()), ISSUER))
        assert {**elsewhere, "trace_id": ""} == {**unknown.json(), "trace_id": ""}


class TestIdle:
    async def test_a_client_that_nobody_used_for_ninety_days_ends_until_it_is_renewed(
        self, machine: Machine
    ) -> None:
        registry, key = machine.registry, UUID(machine.client_id)

        async def end(days: int) -> list[str]:
            """Let the client be unused for so long, take the step, and return what it ended."""
            await registry.rows(
                "UPDATE client_credentials SET last_used_on = NULL,"
                " counted_from = current_date - CAST(:days AS integer) WHERE id = :key RETURNING 1",
                key=key,
                days=days,
            )
            return await self.end(registry)

        assert machine.client_id not in await end(89)
        await machine.token()
        assert machine.client_id not in await self.end(registry), "it was used today"
        assert machine.client_id in await end(90)
        assert (await machine.ask()).status_code == 401
        (entry,) = [
            each
            for each in await registry.audit("client_credential.ended")
            if each["object"] == machine.client_id
        ]
        rows = await registry.rows(
            "SELECT office_id FROM client_credentials WHERE id = :key", key=key
        )
        assert (entry["office_id"], entry["actor"]) == (rows[0][0], "nightly")
        async with transaction(registry.operator) as session:
            until = utc_now() + timedelta(days=300)
            await service.renew_client(
                session, OPERATOR, key, expires_on=until.date(), now=utc_now()
            )
        assert machine.client_id not in await self.end(registry)
        assert (await machine.ask()).status_code == 200

    async def test_a_client_that_was_shut_out_does_not_end_for_that(self, machine: Machine) -> None:
        registry, key = machine.registry, UUID(machine.client_id)
        ((code,),) = await registry.rows(
            "UPDATE client_credentials c SET last_used_on = NULL,"
            " counted_from = current_date - 90 FROM offices o"
            " WHERE o.id = c.office_id AND c.id = :key RETURNING o.code",
            key=key,
        )
        for is_suspended in (True, False):
            async with transaction(registry.operator) as session:
                await suspension.set_suspended(
                    session, OPERATOR, code, is_suspended=is_suspended, now=utc_now()
                )
            assert machine.client_id not in await self.end(registry)
        assert (await machine.ask()).status_code == 200

    @staticmethod
    async def end(registry: Registry) -> list[str]:
        before = len(await registry.audit("client_credential.ended"))
        async with transaction(registry.operator, NIGHTLY) as session:
            count = await upkeep.end_idle(session, NIGHTLY, now=utc_now(), limit=500)
        ended = (await registry.audit("client_credential.ended"))[before:]
        assert len(ended) == count
        return [each["object"] for each in ended]

    async def test_use_is_what_the_client_may_write_of_itself(self, machine: Machine) -> None:
        """And of no other one: the function takes the day, and knows the client by itself."""
        ((code,),) = await machine.registry.rows(
            "SELECT o.code FROM offices o JOIN client_credentials c ON c.office_id = o.id"
            " WHERE c.id = :key",
            key=UUID(machine.client_id),
        )
        async with transaction(machine.registry.operator) as session:
            await service.add_client(
                session, OPERATOR, code, Signer().jwk, label="other", now=utc_now()
            )
        await machine.token()
        rows = await machine.registry.rows(
            "SELECT id FROM client_credentials WHERE last_used_on = current_date AND office_id ="
            " (SELECT office_id FROM client_credentials WHERE id = :key)",
            key=UUID(machine.client_id),
        )
        assert [str(row[0]) for row in rows] == [machine.client_id]
