from collections.abc import Callable
from dataclasses import replace

import pytest

from app.client.config import ClientConfig
from app.client.credentials import read_private_key
from app.client.errors import TrustError
from app.client.exchange import Exchange
from app.client.pins import fetch_keys
from app.client.registry import RegistryClient
from app.client.tokenize import Purpose, Tokenizer
from app.identifiers import oprf
from app.identifiers.encoding import b64u_encode
from app.identifiers.match_keys import MatchKey
from tests.blinding import element
from tests.client.cases import a_case
from tests.client.clock import FakeClock
from tests.client.line import Fault, Json, Line, altered, with_another_key

EVALUATE = "POST /v1/tokens/evaluate"
KEYS = "GET /v1/oprf/keys"

PURPOSE = Purpose("new_case", [("cms", "24-1")])


@pytest.fixture
def exchange(config: ClientConfig, line: Line, clock: FakeClock) -> Exchange:
    return Exchange(config, read_private_key(config.key_path), clock=clock, transport=line)


@pytest.fixture
def tokenizer(config: ClientConfig, exchange: Exchange) -> Tokenizer:
    return Tokenizer(exchange, fetch_keys(exchange, config), config.pins[1])


def keys(count: int, kind: str = "p.n") -> list[MatchKey]:
    return [MatchKey(kind, ("ALEX", f"SAMPLE{number}")) for number in range(count)]


def sizes(line: Line) -> list[int]:
    """Return how many different elements each evaluation was asked for."""
    return [
        len({element for group in body["groups"] for element in group["elements"]})
        for body in line.bodies(EVALUATE)
    ]


class TestTokens:
    def test_are_the_elements_that_every_office_gets(
        self, tokenizer: Tokenizer, line: Line
    ) -> None:
        wanted = [*keys(2), MatchKey("tel", ("+15595550101",)), MatchKey("addr", ("1 A ST", "9"))]
        found = tokenizer.tokens(wanted, PURPOSE)
        tokens = {name: b64u_encode(token) for name, token in found.items()}
        assert tokens == {key.input: element(key.kind, key.fields) for key in wanted}
        assert sizes(line) == [4]

    def test_equal_keys_are_evaluated_once(self, tokenizer: Tokenizer, line: Line) -> None:
        assert len(tokenizer.tokens(keys(3) * 4, PURPOSE)) == 3
        assert sizes(line) == [3]

    def test_requests_are_few_and_evenly_filled(self, tokenizer: Tokenizer, line: Line) -> None:
        assert len(tokenizer.tokens(keys(1001), PURPOSE)) == 1001
        assert sorted(sizes(line)) == [500, 501]

    def test_every_request_names_reason_and_cases(self, client: RegistryClient, line: Line) -> None:
        list(client.put_cases([a_case("EX-1"), a_case("EX-2")], reason="posting"))
        (asked,) = line.bodies("POST /v1/tokens/permits")
        system = a_case().source_system
        assert asked["reason"] == "posting"
        assert asked["cases"] == [
            {"source_system": system, "external_id": number} for number in ("EX-1", "EX-2")
        ]

    def test_nothing_to_evaluate_asks_nothing(self, tokenizer: Tokenizer, line: Line) -> None:
        assert tokenizer.tokens([], PURPOSE) == {}
        assert sizes(line) == []


def another_key(body: Json) -> None:
    (evaluator,) = body["evaluators"]
    evaluator["classes"]["tel"] = evaluator["classes"]["addr"]


def next_epoch(body: Json) -> None:
    """Publish a further epoch, before which is the one that was published."""
    classes = dict(body["evaluators"][0]["classes"])
    another_key(body)
    body.update(
        epoch=2, previous={"epoch": 1, "classes": classes, "accepted_until": "2026-02-03T04:05:06Z"}
    )


def next_epoch_and_another_key(body: Json) -> None:
    another_key(body)
    next_epoch(body)


class TestHardStops:
    """Each ends the run before anything is posted."""

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda body: body["groups"][0].update(proof=b64u_encode(bytes(64))), "proof-invalid"),
            (lambda body: body["groups"][0].update(proof="AA"), "proof-invalid"),
            (lambda body: body["groups"][0]["elements"].reverse(), "proof-invalid"),
            (lambda body: body["groups"][0]["elements"].pop(), "answer-invalid"),
            (lambda body: body["groups"].pop(), "answer-invalid"),
            (lambda body: body["groups"].append(body["groups"][0]), "answer-invalid"),
            (lambda body: body.update(epoch=2), "answer-invalid"),
            (lambda body: body.update(groups=None), "answer-invalid"),
            (lambda body: body["groups"][0]["elements"].__setitem__(0, "!"), "answer-invalid"),
        ],
    )
    def test_an_altered_evaluation(
        self, client: RegistryClient, line: Line, change: Callable[[Json], object], code: str
    ) -> None:
        self.stops(client, line, code, altered(change), EVALUATE)

    def test_an_evaluator_with_another_key(self, client: RegistryClient, line: Line) -> None:
        self.stops(client, line, "proof-invalid", with_another_key, EVALUATE)

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (another_key, "pin-changed"),
            (lambda body: body.update(epoch=2), "epoch-unknown"),
            (lambda body: body.update(nicknames_sha256="00" * 32), "match-spec-differs"),
            (lambda body: body.update(evaluators=[]), "keys-invalid"),
        ],
    )
    def test_other_keys_than_pinned(
        self, client: RegistryClient, line: Line, change: Callable[[Json], object], code: str
    ) -> None:
        self.stops(client, line, code, altered(change), KEYS)

    def stops(self, client: RegistryClient, line: Line, code: str, fault: Fault, at: str) -> None:
        line.fail([fault], at=at)
        with pytest.raises(TrustError) as caught:
            client.put_case(a_case())
        assert caught.value.code == code
        assert "PUT /v1/cases" not in line.asked

    def test_the_epoch_before_serves_until_the_new_one_is_pinned(
        self, client: RegistryClient, line: Line
    ) -> None:
        line.fail([altered(next_epoch)], at=KEYS)
        assert client.put_case(a_case()).result == "created"
        assert [case["epoch"] for _, case in line.put()] == [1]
        line.fail([altered(next_epoch_and_another_key)], at=KEYS)
        with pytest.raises(TrustError) as caught:
            client.check_keys()
        assert caught.value.code == "pin-changed"

    def test_an_epoch_that_has_ended(self, config: ClientConfig, line: Line) -> None:
        config = replace(config, pins={2: config.pins[1]})
        with RegistryClient(config, transport=line) as client:
            ended = altered(lambda body: body.update(epoch=2))
            self.stops(client, line, "epoch-changed", ended, KEYS)

    def test_a_class_without_a_pin(
        self, config: ClientConfig, exchange: Exchange, line: Line
    ) -> None:
        pins = {name: key for name, key in config.pins[1].items() if name != "tel"}
        tokenizer = Tokenizer(exchange, fetch_keys(exchange, config), pins)
        with pytest.raises(TrustError, match="tel"):
            tokenizer.tokens([MatchKey("tel", ("+15595550101",))], PURPOSE)
        assert sizes(line) == []


def test_no_secret_shows_in_a_repr() -> None:
    blinded = oprf.blind([b"x"])
    assert b64u_encode(blinded.blinds[0]) not in repr(blinded)
    assert "SAMPLE" not in repr(keys(1))
    assert "Sample" not in repr(replace(a_case(), summary="x"))
