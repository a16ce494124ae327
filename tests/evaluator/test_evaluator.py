"""The evaluator through HTTP: blinded elements in, evaluated ones and a proof out."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.clock import utc_now
from app.core.jwt import SigningKey
from app.core.permits import Permit
from app.core.settings import EvaluatorSettings
from app.evaluator.main import create_app
from app.identifiers.batches import batch_digest
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import ProofError, blind, finalize, key_for
from app.serving.keys import create_keys
from tests.blinding import SEED, element
from tests.factories import ISSUER


class Evaluator:
    """An evaluator with the keys of a directory, and permits signed by its registry."""

    def __init__(self, keys: Path, *, signed_by: Path | None = None) -> None:
        self.signing = SigningKey(
            ((signed_by or keys) / "registry" / "access-signing.pem").read_text()
        )
        app = create_app(EvaluatorSettings(keys=keys, public_url=ISSUER))
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://evaluator.test",
        )

    def permit(
        self,
        groups: Sequence[dict[str, Any]],
        *,
        epoch: int = 1,
        audience: str = f"{ISSUER}/v1/tokens",
        age: int = 0,
    ) -> str:
        batch = [(each["key_class"], list(map(b64u_decode, each["elements"]))) for each in groups]
        counts = {key_class: len(elements) for key_class, elements in batch}
        digest = b64u_encode(batch_digest(epoch, batch))
        return self.signing.mint_permit(
            Permit(str(uuid4()), 7, epoch, counts, digest),
            issuer=ISSUER,
            audience=audience,
            jti=uuid4().hex,
            now=int(utc_now().timestamp()) - age,
        )

    async def evaluate(
        self, *groups: dict[str, Any], epoch: int = 1, permit: str | None = None
    ) -> httpx.Response:
        if permit is None:
            permit = self.permit(groups, epoch=epoch)
        return await self.http.post(
            "/v1/tokens/evaluate",
            json={"epoch": epoch, "groups": list(groups)},
            headers={"Authorization": f"Bearer {permit}"},
        )


@pytest.fixture
async def evaluator(keys_directory: Path) -> AsyncIterator[Evaluator]:
    made = Evaluator(keys_directory)
    async with made.http:
        yield made


def group(key_class: str, *elements: bytes) -> dict[str, Any]:
    return {"key_class": key_class, "elements": [b64u_encode(element) for element in elements]}


ONE, OTHER = blind([b"x", b"y"]).elements


class TestEvaluate:
    async def test_gives_every_office_the_same_element_for_the_same_input(
        self, evaluator: Evaluator
    ) -> None:
        public = key_for(SEED, "tel", 1).public
        outputs = []
        for _ in range(2):
            blinded = blind([b"\x00\x0ejoinder/v1/tel\x00\x01x", b"another"])
            answer = await evaluator.evaluate(group("tel", *blinded.elements))
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
        answer = await Evaluator(tmp_path / "keys").evaluate(group("tel", *blinded.elements))
        (found,) = answer.json()["groups"]
        evaluated = [b64u_decode(text) for text in found["elements"]]
        with pytest.raises(ProofError):
            finalize(
                key_for(SEED, "tel", 1).public, blinded, evaluated, b64u_decode(found["proof"])
            )

    async def test_each_class_has_a_key_and_a_proof_of_its_own(self, evaluator: Evaluator) -> None:
        answer = await evaluator.evaluate(*(group(name, ONE) for name in KEY_CLASSES))
        groups = answer.json()["groups"]
        assert [found["key_class"] for found in groups] == list(KEY_CLASSES)
        assert len({found["elements"][0] for found in groups}) == len(KEY_CLASSES)

    async def test_keeps_the_order(self, evaluator: Evaluator) -> None:
        elements = blind([bytes([n]) for n in range(20)]).elements
        one_way = (await evaluator.evaluate(group("tel", *elements))).json()["groups"][0]
        other = (await evaluator.evaluate(group("tel", *elements[::-1]))).json()["groups"][0]
        assert one_way["elements"] == other["elements"][::-1]


class TestRefusals:
    async def test_another_epoch_conflicts(self, evaluator: Evaluator) -> None:
        answer = await evaluator.evaluate(group("tel", ONE), epoch=2)
        assert (answer.status_code, answer.json()["code"]) == (409, "epoch-changed")

    async def test_more_than_a_thousand_in_all_are_too_many(self, evaluator: Evaluator) -> None:
        many = [group("tel", *[ONE] * 600), group("addr", *[ONE] * 401)]
        answer = await evaluator.evaluate(*many)
        assert (answer.status_code, answer.json()["code"]) == (413, "batch-too-large")

    @pytest.mark.parametrize("bad", [bytes(32), b"\xff" * 31 + b"\x7f", b"\x01" + bytes(31)])
    async def test_what_is_no_element_is_named_by_its_place(
        self, evaluator: Evaluator, bad: bytes
    ) -> None:
        answer = await evaluator.evaluate(group("tel", ONE), group("addr", ONE, bad))
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
        self, evaluator: Evaluator, groups: list[Any]
    ) -> None:
        answer = await evaluator.evaluate(*groups, permit=evaluator.permit([]))
        assert answer.status_code == 422
        assert "4155550132" not in answer.text

    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic eDp5"])
    async def test_without_a_permit_nothing_is_evaluated(
        self, evaluator: Evaluator, authorization: str
    ) -> None:
        answer = await evaluator.http.post(
            "/v1/tokens/evaluate",
            json={"epoch": 1, "groups": [group("tel", ONE)]},
            headers={"Authorization": authorization},
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "permit-needed")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_a_permit_of_another_registry_is_refused(
        self, keys_directory: Path, tmp_path: Path
    ) -> None:
        create_keys(tmp_path / "keys")
        other = Evaluator(keys_directory, signed_by=tmp_path / "keys")
        assert (await other.evaluate(group("tel", ONE))).status_code == 401

    async def test_an_access_token_is_no_permit(self, evaluator: Evaluator) -> None:
        token = evaluator.signing.mint_access(
            issuer=ISSUER,
            audience=f"{ISSUER}/v1/tokens",
            client_id=str(uuid4()),
            scopes=["tokens:evaluate"],
            jti=uuid4().hex,
            now=int(utc_now().timestamp()),
        )
        assert (await evaluator.evaluate(group("tel", ONE), permit=token)).status_code == 401


class TestPermit:
    async def test_used_again_gives_the_same_again(self, evaluator: Evaluator) -> None:
        permit = evaluator.permit([group("tel", ONE)])
        answers = [await evaluator.evaluate(group("tel", ONE), permit=permit) for _ in range(2)]
        first, again = [answer.json()["groups"][0]["elements"] for answer in answers]
        assert first == again

    @pytest.mark.parametrize(
        "sent",
        [
            [group("tel", OTHER)],
            [group("person", ONE)],
            [group("tel", ONE, OTHER)],
            [group("tel", ONE, ONE)],
            [group("tel", ONE), group("person", ONE)],
        ],
    )
    async def test_is_for_one_batch_and_no_other(
        self, evaluator: Evaluator, sent: list[dict[str, Any]]
    ) -> None:
        permit = evaluator.permit([group("tel", ONE)])
        answer = await evaluator.evaluate(*sent, permit=permit)
        assert (answer.status_code, answer.json()["code"]) == (403, "permit-mismatch")
        assert (await evaluator.evaluate(group("tel", ONE), permit=permit)).status_code == 200

    async def test_names_its_epoch(self, evaluator: Evaluator) -> None:
        permit = evaluator.permit([group("tel", ONE)], epoch=2)
        assert (await evaluator.evaluate(group("tel", ONE), permit=permit)).status_code == 403

    async def test_counts_that_were_not_debited_buy_nothing(self, evaluator: Evaluator) -> None:
        groups = [group("tel", ONE, OTHER)]
        digest = b64u_encode(batch_digest(1, [("tel", [ONE, OTHER])]))
        permit = evaluator.signing.mint_permit(
            Permit(str(uuid4()), 7, 1, {"tel": 1}, digest),
            issuer=ISSUER,
            audience=f"{ISSUER}/v1/tokens",
            jti=uuid4().hex,
            now=int(utc_now().timestamp()),
        )
        assert (await evaluator.evaluate(*groups, permit=permit)).status_code == 403

    @pytest.mark.parametrize("change", [{"audience": ISSUER}, {"age": 400}, {"age": -400}])
    async def test_expired_or_for_another_is_refused(
        self, evaluator: Evaluator, change: dict[str, Any]
    ) -> None:
        permit = evaluator.permit([group("tel", ONE)], **change)
        assert (await evaluator.evaluate(group("tel", ONE), permit=permit)).status_code == 401

    async def test_altered_is_refused(self, evaluator: Evaluator) -> None:
        head, claims, signature = evaluator.permit([group("tel", ONE)]).split(".")
        richer = b64u_decode(claims).replace(b'"office":7', b'"office":8')
        permit = f"{head}.{b64u_encode(richer)}.{signature}"
        assert (await evaluator.evaluate(group("tel", ONE), permit=permit)).status_code == 401
