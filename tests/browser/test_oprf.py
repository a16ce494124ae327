"""The browser blinds, Python evaluates and proves, the browser verifies: and both get one token."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.cases.schemas import SubjectPut
from app.evaluator import service
from app.evaluator.schemas import Evaluate
from app.identifiers.encoding import b64u_decode
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import key_for
from tests.blinding import SEED, element
from tests.browser.peer import Json, Peer
from tests.identifiers import make_vectors

VECTORS: dict[str, Any] = json.loads(make_vectors.TARGET.read_bytes())
KEYS = {key_class: key_for(SEED, key_class, 1) for key_class in KEY_CLASSES}
PINS = {"epoch": 1, "publicKeys": {name: keys.public.hex() for name, keys in KEYS.items()}}
PERSON = [{"given": "José Luis", "surname": "De la Cruz-Peña", "born": "1979-03-05"}]


def evaluate(body: Json) -> Json:
    """Answer as the evaluator does."""
    groups = Evaluate.model_validate(body).groups
    elements = {group.key_class: list(map(b64u_decode, group.elements)) for group in groups}
    return service.evaluate_batch(KEYS, body["epoch"], elements).model_dump()


def subject(peer: Peer) -> Json:
    return {
        "ref": "1",
        "kind": "person",
        "provenance": "police_report",
        "names": peer.value("call", "personAliases", PERSON),
        "identifiers": [
            peer.value("call", "phoneKey", "(415) 555-0132"),
            *peer.value("call", "addressKeys", "1600 Lombard St #4", "94123"),
        ],
    }


def post(peer: Peer, tamper: Callable[[Json], Any] = lambda _: None, **pins: Any) -> Json:
    """Return the module's answer to one subject, `tamper` having changed the evaluator's."""

    def answer(body: Json) -> Json:
        found = evaluate(body)
        tamper(found)
        return found

    (answered,) = peer.ask_with(answer, ["post", [subject(peer)], PINS | pins])
    return answered


class TestPost:
    def test_gives_the_tokens_that_python_gives(self, peer: Peer) -> None:
        sent = subject(peer)
        (wire,) = post(peer)["value"]
        assert wire["names"] == [
            {
                "rarity": name["rarity"],
                "provenance": "police_report",
                "tokens": {
                    key["kind"]: element(key["kind"], tuple(key["fields"])) for key in name["keys"]
                },
            }
            for name in sent["names"]
        ]
        assert wire["identifiers"] == [
            {
                "kind": key["kind"],
                "provenance": "police_report",
                "token": element(key["kind"], tuple(key["fields"])),
            }
            for key in sent["identifiers"]
        ]
        assert SubjectPut.model_validate(wire).ref == "1"

    def test_sends_nothing_but_elements(self, peer: Peer) -> None:
        bodies: list[Json] = []

        def answer(body: Json) -> Json:
            bodies.append(body)
            return evaluate(body)

        first, second = peer.ask_with(answer, *[["post", [subject(peer)], PINS]] * 2)
        assert first == second
        assert [set(body) for body in bodies] == [{"epoch", "groups"}] * 2
        elements = [
            set(group["elements"]) for body in bodies for group in body["groups"]
        ]  # never the same twice: blinded afresh
        assert len(set().union(*elements)) == sum(map(len, elements)) > 0

    def test_another_key_is_refused(self, peer: Peer) -> None:
        other = key_for(bytes(32), "person", 1).public.hex()
        pinned = PINS["publicKeys"]
        assert isinstance(pinned, dict)
        found = post(peer, publicKeys=pinned | {"person": other})
        assert found == {"refused": "proof-invalid", "error": "OprfError"}

    def test_an_unpinned_class_is_refused(self, peer: Peer) -> None:
        found = post(peer, publicKeys={"person": KEYS["person"].public.hex()})
        assert found["refused"] == "class-unpinned"

    @pytest.mark.parametrize(
        ("tamper", "code"),
        [
            (lambda body: _flip(body["groups"][0], "proof"), "proof-invalid"),
            (lambda body: body["groups"][0]["elements"].reverse(), "proof-invalid"),
            (lambda body: _identity(body["groups"][0]["elements"]), "proof-invalid"),
            (lambda body: body["groups"][0]["elements"].pop(), "answer-invalid"),
            (lambda body: body["groups"].pop(), "answer-invalid"),
            (lambda body: body["groups"].append(body["groups"][0]), "answer-invalid"),
            (lambda body: body.update(epoch=2), "answer-invalid"),
            (lambda body: body["groups"][0].update(proof="AA=="), "answer-invalid"),
            (lambda body: body.clear(), "answer-invalid"),
        ],
    )
    def test_a_tampered_answer_is_refused(
        self, peer: Peer, tamper: Callable[[Json], Any], code: str
    ) -> None:
        assert post(peer, tamper) == {"refused": code, "error": "OprfError"}


class TestVectors:
    @pytest.mark.parametrize("key_class", VECTORS["classes"])
    def test_finalize_gives_the_elements(self, peer: Peer, key_class: str) -> None:
        batch = [vector for vector in VECTORS["vectors"] if vector["key_class"] == key_class]
        keys = VECTORS["classes"][key_class]
        blinded = {
            "inputs": [vector["input"] for vector in batch],
            "blinds": [vector["blind"] for vector in batch],
            "elements": [vector["blinded"] for vector in batch],
        }
        evaluated = [vector["evaluated"] for vector in batch]
        found = peer.value("finalize", keys["public"], blinded, evaluated, keys["proof"])
        assert found == [vector["element"] for vector in batch]


def _flip(group: Json, name: str) -> None:
    text = group[name]
    group[name] = ("B" if text[0] == "A" else "A") + text[1:]


def _identity(elements: list[str]) -> None:
    elements[0] = "A" * 43
