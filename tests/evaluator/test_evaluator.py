"""The evaluator through HTTP: blinded elements in, evaluated ones and a proof out."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.clock import utc_now
from app.core.jwt import SigningKey
from app.core.settings import EvaluatorSettings
from app.evaluator.main import create_app
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import ProofError, blind, finalize, key_for
from app.serving.keys import create_keys
from tests.blinding import SEED, element
from tests.factories import ISSUER


def client(keys: Path, *, scopes: str = "tokens:evaluate", signed_by: Path | None = None) -> Any:
    """Return an HTTP client of an evaluator with these keys, with an access token for it."""
    signing = SigningKey(((signed_by or keys) / "registry" / "access-signing.pem").read_text())
    token = signing.mint_access(
        issuer=ISSUER,
        audience=f"{ISSUER}/v1/tokens",
        client_id=str(uuid4()),
        scopes=scopes.split(),
        jti=uuid4().hex,
        now=int(utc_now().timestamp()),
    )
    app = create_app(EvaluatorSettings(keys=keys, public_url=ISSUER))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://evaluator.test",
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.fixture
async def evaluator(keys_directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client(keys_directory) as http:
        yield http


async def evaluate(http: httpx.AsyncClient, *groups: dict[str, Any], epoch: int = 1) -> Any:
    return await http.post("/v1/tokens/evaluate", json={"epoch": epoch, "groups": list(groups)})


def group(key_class: str, *elements: bytes) -> dict[str, Any]:
    return {"key_class": key_class, "elements": [b64u_encode(element) for element in elements]}


ONE = blind([b"x"]).elements[0]


class TestEvaluate:
    async def test_gives_every_office_the_same_element_for_the_same_input(
        self, evaluator: httpx.AsyncClient
    ) -> None:
        public = key_for(SEED, "tel", 1).public
        outputs = []
        for _ in range(2):
            blinded = blind([b"\x00\x0ejoinder/v1/tel\x00\x01x", b"another"])
            answer = await evaluate(evaluator, group("tel", *blinded.elements))
            assert answer.status_code == 200, answer.text
            (found,) = answer.json()["groups"]
            evaluated = [b64u_decode(text) for text in found["elements"]]
            proof = b64u_decode(found["proof"])
            outputs.append(finalize(public, blinded, evaluated, proof))
        assert outputs[0] == outputs[1]
        assert b64u_encode(outputs[0][0]) == element("tel", ("x",))

    async def test_with_another_seed_fails_against_the_pinned_key(self, tmp_path: Path) -> None:
        create_keys(tmp_path / "keys")
        blinded = blind([b"x"])
        async with client(tmp_path / "keys") as impostor:
            answer = await evaluate(impostor, group("tel", *blinded.elements))
        (found,) = answer.json()["groups"]
        evaluated = [b64u_decode(text) for text in found["elements"]]
        with pytest.raises(ProofError):
            finalize(
                key_for(SEED, "tel", 1).public, blinded, evaluated, b64u_decode(found["proof"])
            )

    async def test_each_class_has_a_key_and_a_proof_of_its_own(
        self, evaluator: httpx.AsyncClient
    ) -> None:
        answer = await evaluate(evaluator, *(group(name, ONE) for name in KEY_CLASSES))
        groups = answer.json()["groups"]
        assert [found["key_class"] for found in groups] == list(KEY_CLASSES)
        assert len({found["elements"][0] for found in groups}) == len(KEY_CLASSES)

    async def test_keeps_the_order(self, evaluator: httpx.AsyncClient) -> None:
        elements = blind([bytes([n]) for n in range(20)]).elements
        one_way = (await evaluate(evaluator, group("tel", *elements))).json()["groups"][0]
        other = (await evaluate(evaluator, group("tel", *elements[::-1]))).json()["groups"][0]
        assert one_way["elements"] == other["elements"][::-1]


class TestRefusals:
    async def test_another_epoch_conflicts(self, evaluator: httpx.AsyncClient) -> None:
        answer = await evaluate(evaluator, group("tel", ONE), epoch=2)
        assert (answer.status_code, answer.json()["code"]) == (409, "epoch-changed")

    async def test_more_than_a_thousand_in_all_are_too_many(
        self, evaluator: httpx.AsyncClient
    ) -> None:
        many = [group("tel", *[ONE] * 600), group("addr", *[ONE] * 401)]
        answer = await evaluate(evaluator, *many)
        assert (answer.status_code, answer.json()["code"]) == (413, "batch-too-large")

    @pytest.mark.parametrize("bad", [bytes(32), b"\xff" * 31 + b"\x7f", b"\x01" + bytes(31)])
    async def test_what_is_no_element_is_named_by_its_place(
        self, evaluator: httpx.AsyncClient, bad: bytes
    ) -> None:
        answer = await evaluate(evaluator, group("tel", ONE), group("addr", ONE, bad))
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-element")
        (error,) = answer.json()["errors"]
        assert error["pointer"].endswith("/groups/1/elements/1")
        assert b64u_encode(bad) not in answer.text

    @pytest.mark.parametrize(
        "groups",
        [
            [],
            [{"key_class": "tel", "elements": []}],
            [{"key_class": "shoe", "elements": [b64u_encode(ONE)]}],
            [{"key_class": "tel", "elements": ["+14155550132"]}],
            [{"key_class": "tel", "elements": [b64u_encode(ONE)], "input": "x"}],
            [{"key_class": "tel", "elements": [b64u_encode(ONE)]}] * 2,
        ],
    )
    async def test_what_the_schema_does_not_know_is_refused(
        self, evaluator: httpx.AsyncClient, groups: list[Any]
    ) -> None:
        answer = await evaluate(evaluator, *groups)
        assert answer.status_code == 422
        assert "4155550132" not in answer.text

    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic eDp5"])
    async def test_without_a_token_nothing_is_evaluated(
        self, evaluator: httpx.AsyncClient, authorization: str
    ) -> None:
        evaluator.headers["Authorization"] = authorization
        answer = await evaluate(evaluator, group("tel", ONE))
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_a_token_of_another_registry_is_refused(
        self, keys_directory: Path, tmp_path: Path
    ) -> None:
        create_keys(tmp_path / "keys")
        async with client(keys_directory, signed_by=tmp_path / "keys") as http:
            assert (await evaluate(http, group("tel", ONE))).status_code == 401

    async def test_the_scope_is_needed(self, keys_directory: Path) -> None:
        async with client(keys_directory, scopes="cases:post") as http:
            assert (await evaluate(http, group("tel", ONE))).status_code == 403
