import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
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
from tests.client.cases import a_case
from tests.client.fakes import FakeClock, FakeRegistry

PURPOSE = Purpose("new_case", [("cms", "24-1")])


@pytest.fixture
def tokenizer(config: ClientConfig, registry: FakeRegistry, clock: FakeClock) -> Tokenizer:
    exchange = Exchange(
        config, read_private_key(config.key_path), clock=clock, transport=registry.transport()
    )
    return Tokenizer(exchange, fetch_keys(exchange, config), config.pins[1])


def keys(count: int, kind: str = "p.n") -> list[MatchKey]:
    return [MatchKey(kind, ("ALEX", f"SAMPLE{number}")) for number in range(count)]


def evaluated(registry: FakeRegistry, match_key: MatchKey) -> bytes:
    pair = registry.key(match_key.spec.key_class)
    blinded = oprf.blind([match_key.input])
    return oprf.finalize(pair.public, blinded, *oprf.evaluate(pair, blinded.elements))[0]


def evaluations(registry: FakeRegistry) -> int:
    return registry.requests.count(("POST", "/v1/tokens/evaluate"))


class TestTokens:
    def test_are_the_elements_that_every_office_gets(
        self, tokenizer: Tokenizer, registry: FakeRegistry
    ) -> None:
        wanted = [*keys(2), MatchKey("tel", ("+15595550101",)), MatchKey("addr", ("1 A ST", "9"))]
        found = tokenizer.tokens(wanted, PURPOSE)
        assert found == {key.input: evaluated(registry, key) for key in wanted}
        assert evaluations(registry) == 1

    def test_equal_keys_are_evaluated_once(
        self, tokenizer: Tokenizer, registry: FakeRegistry
    ) -> None:
        assert len(tokenizer.tokens(keys(3) * 4, PURPOSE)) == 3
        (body,) = [each for each in registry.recorded if b"/v1/tokens/evaluate" in each]
        assert len(set(_elements(body))) == 3

    def test_requests_are_few_and_evenly_filled(
        self, tokenizer: Tokenizer, registry: FakeRegistry
    ) -> None:
        assert len(tokenizer.tokens(keys(1001), PURPOSE)) == 1001
        sizes = [
            len(_elements(each)) for each in registry.recorded if b"/v1/tokens/evaluate" in each
        ]
        assert sorted(sizes) == [500, 501]

    def test_every_request_names_reason_and_cases(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        list(client.put_cases([a_case("EX-1"), a_case("EX-2")], reason="resubmission"))
        asked = [body for body in registry.bodies if "digest" in body]
        assert [(each["reason"], each["cases"]) for each in asked] == [
            (
                "resubmission",
                [
                    {"source_system": a_case().source_system, "external_id": number}
                    for number in ("EX-1", "EX-2")
                ],
            )
        ]

    def test_nothing_to_evaluate_asks_nothing(
        self, tokenizer: Tokenizer, registry: FakeRegistry
    ) -> None:
        assert tokenizer.tokens([], PURPOSE) == {}
        assert evaluations(registry) == 0


def _elements(recorded: bytes) -> list[str]:
    body = json.loads(recorded.split(b"\r\n\r\n", 1)[1])
    return [element for group in body["groups"] for element in group["elements"]]


def _change(change: Callable[[dict[str, Any]], object], registry: FakeRegistry) -> None:
    """Let the evaluator answer, then change its answer."""

    def fault(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/v1/tokens/evaluate":
            registry.faults.append(fault)
            return None
        body = registry.handle(request).json()
        change(body)
        return httpx.Response(200, json=body)

    registry.faults.append(fault)


class TestHardStops:
    """Each ends the run before anything is posted."""

    def put(self, client: RegistryClient, registry: FakeRegistry, code: str) -> None:
        with pytest.raises(TrustError) as caught:
            client.put_case(a_case())
        assert caught.value.code == code
        assert ("PUT", "/v1/cases") not in registry.requests
        assert registry.cases == {}

    def test_a_worker_with_another_key(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        def swap(request: httpx.Request) -> None:
            if request.url.path == "/v1/tokens/evaluate":
                registry.seed = bytes(32)
            else:
                registry.faults.append(swap)

        registry.faults.append(swap)
        self.put(client, registry, "proof-invalid")

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
    def test_an_altered_answer(
        self,
        client: RegistryClient,
        registry: FakeRegistry,
        change: Callable[[dict[str, Any]], object],
        code: str,
    ) -> None:
        _change(change, registry)
        self.put(client, registry, code)

    def test_a_key_that_changed_within_its_epoch(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        registry.seed = bytes(32)
        self.put(client, registry, "pin-changed")

    def test_an_epoch_that_is_not_pinned(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        registry.epoch = 2
        self.put(client, registry, "epoch-unknown")

    def test_the_epoch_before_serves_until_the_new_one_is_pinned(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        registry.epoch, registry.previous = 2, 1
        assert client.put_case(a_case()).result == "created"
        assert {case["epoch"] for case in registry.cases.values()} == {1}
        registry.seed = bytes(32)
        with pytest.raises(TrustError) as caught:
            client.check_keys()
        assert caught.value.code == "pin-changed"

    def test_an_epoch_that_moves_on_meanwhile(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        def move(request: httpx.Request) -> None:
            if request.url.path == "/v1/tokens/evaluate":
                registry.epoch = 2
            else:
                registry.faults.append(move)

        registry.faults.append(move)
        self.put(client, registry, "epoch-changed")

    def test_another_table_of_nicknames(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        registry.nicknames = "00" * 32
        self.put(client, registry, "match-spec-differs")

    def test_a_key_list_of_another_form(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        registry.faults += [lambda _: httpx.Response(200, json={"evaluators": []})]
        self.put(client, registry, "keys-invalid")

    def test_a_class_without_a_pin(self, registry: FakeRegistry, tokenizer: Tokenizer) -> None:
        tokenizer._publics.pop("tel")
        with pytest.raises(TrustError, match="tel"):
            tokenizer.tokens([MatchKey("tel", ("+15595550101",))], PURPOSE)
        assert evaluations(registry) == 0


def test_no_secret_shows_in_a_repr() -> None:
    blinded = oprf.blind([b"x"])
    assert b64u_encode(blinded.blinds[0]) not in repr(blinded)
    assert "SAMPLE" not in repr(keys(1))
    assert "Sample" not in repr(replace(a_case(), summary="x"))
