"""Access tokens for machine clients: private_key_jwt in, ten minutes of access out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.access.principal import OPERATOR
from app.accounts import service
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.settings import EvaluatorSettings
from app.evaluator.main import create_app as create_evaluator
from app.identifiers.encoding import b64u_encode
from app.identifiers.oprf import blind
from tests.factories import ISSUER, Registry
from tests.scenes import make_offices
from tests.signing import Signer, token_request

EVALUATOR = f"{ISSUER}/v1/tokens"
EVERYTHING = {
    "cases:post",
    "cases:read",
    "overlaps:read",
    "handling:read",
    "handling:request",
    "handling:answer",
    "grants:read",
    "grants:give",
    "state-overlaps:read",
    "tokens:evaluate",
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
    async with transaction(shared_registry.app.state.sessions) as session:
        client_id = await service.add_client_credential(
            session, OPERATOR, office.code, signer.jwk, label="nightly", now=utc_now()
        )
    async with shared_registry.http() as http:
        yield Machine(shared_registry, signer, str(client_id), http)


@pytest.fixture
async def evaluator(keys_directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_evaluator(EvaluatorSettings(keys=keys_directory, public_url=ISSUER))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://evaluator.test") as http:
        yield http


async def evaluate(http: httpx.AsyncClient, token: str) -> httpx.Response:
    elements = [b64u_encode(element) for element in blind([b"anything"]).elements]
    return await http.post(
        "/v1/tokens/evaluate",
        json={"epoch": 1, "groups": [{"key_class": "tel", "elements": elements}]},
        headers={"Authorization": f"Bearer {token}"},
    )


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
        async with transaction(machine.registry.app.state.sessions) as session:
            office = (await machine.get("/v1/me", await machine.token())).json()["office"]
            client_id = await service.add_client_credential(
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
        async with transaction(machine.registry.app.state.sessions) as session:
            await service.revoke_client_credential(
                session, OPERATOR, UUID(machine.client_id), now=utc_now()
            )
        assert (await machine.get("/v1/me", token)).status_code == 401
        assert (await machine.ask()).status_code == 401


class TestResource:
    async def test_of_the_evaluator_gives_evaluation_alone(self, machine: Machine) -> None:
        answer = await machine.ask(resource=EVALUATOR)
        assert answer.json()["scope"] == "tokens:evaluate"

    async def test_each_takes_its_own_token_only(
        self, machine: Machine, evaluator: httpx.AsyncClient
    ) -> None:
        for_registry, for_evaluator = await machine.token(), await machine.token(resource=EVALUATOR)
        assert (await evaluate(evaluator, for_evaluator)).status_code == 200
        assert (await evaluate(evaluator, for_registry)).status_code == 401
        assert (await machine.get("/v1/me", for_registry)).status_code == 200
        assert (await machine.get("/v1/me", for_evaluator)).status_code == 401

    async def test_of_the_evaluator_without_its_scope_evaluates_nothing(
        self, machine: Machine, evaluator: httpx.AsyncClient
    ) -> None:
        token = await machine.token(resource=EVALUATOR, scope="cases:read")
        refused = await evaluate(evaluator, token)
        assert (refused.status_code, refused.json()["code"]) == (403, "missing-evaluation-scope")

    @pytest.mark.parametrize("resource", ["http://other.test", f"{ISSUER}/v1", f"{EVALUATOR}/"])
    async def test_that_is_unknown_is_refused(self, machine: Machine, resource: str) -> None:
        answer = await machine.ask(resource=resource)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
