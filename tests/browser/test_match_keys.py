import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.identifiers import match_keys
from app.identifiers.errors import IdentifierError
from app.identifiers.kinds import KINDS, MATCH_SPEC
from app.identifiers.names import COMMONNESS_SHA256, NICKNAMES_SHA256
from tests.browser import raw
from tests.browser.peer import Json, Peer
from tests.identifiers import make_vectors

VECTORS: dict[str, Any] = json.loads(make_vectors.TARGET.read_bytes())
MANY = 10_000


def answer(derive: Callable[..., Any], *arguments: Any) -> Json:
    """Return what Python makes of a raw value, in the form of the peer's answers."""
    try:
        return {"value": derive(*arguments)}
    except IdentifierError as error:
        return {"refused": error.code, "error": "IdentifierError"}


def aliases(names: Sequence[dict[str, str]]) -> list[Json]:
    persons = [match_keys.PersonName(**name) for name in names]
    return [
        {"rarity": alias.rarity, "keys": list(map(plain, alias.keys))}
        for alias in match_keys.person_aliases(persons)
    ]


def phone(number: str, region: str) -> Json:
    return plain(match_keys.phone_key(number, region))


def address(arguments: dict[str, str]) -> list[Json]:
    return list(map(plain, match_keys.address_keys(**arguments)))


def plain(key: match_keys.MatchKey) -> Json:
    return {"kind": key.kind, "fields": list(key.fields)}


def address_command(arguments: dict[str, str]) -> list[Any]:
    rest = {name: value for name, value in arguments.items() if name not in {"street", "postcode"}}
    return ["call", "addressKeys", arguments["street"], arguments["postcode"], rest]


def same(peer: Peer, commands: list[list[Any]], expected: list[Json]) -> None:
    """Compare what both make of each value; shows the first differences."""
    found = peer.ask(*commands)
    differences = [
        (command, ours, theirs)
        for command, ours, theirs in zip(commands, expected, found, strict=True)
        if ours != theirs
    ]
    assert differences[:5] == []


class TestMany:
    def test_names(self, peer: Peer) -> None:
        seeded = random.Random(1)
        people = [raw.name(seeded) for _ in range(MANY)]
        expected = [answer(aliases, names) for names in people]
        same(peer, [["call", "personAliases", names] for names in people], expected)
        assert sum("value" in each for each in expected) > MANY / 3

    def test_phones(self, peer: Peer) -> None:
        seeded = random.Random(2)
        phones = [raw.phone(seeded) for _ in range(MANY)]
        expected = [answer(phone, *each) for each in phones]
        same(peer, [["call", "phoneKey", *each] for each in phones], expected)
        assert sum("value" in each for each in expected) > MANY / 3

    def test_addresses(self, peer: Peer) -> None:
        seeded = random.Random(3)
        addresses = [raw.address(seeded) for _ in range(MANY)]
        expected = [answer(address, each) for each in addresses]
        same(peer, [address_command(each) for each in addresses], expected)
        assert sum("value" in each for each in expected) > MANY / 3


class TestEveryCharacter:
    """Python and Node carry different releases of Unicode; no character may show which."""

    def test_in_a_name(self, peer: Peer) -> None:
        codes = [*range(0x3100), *range(0xFB00, 0x10000), *range(0x3100, 0x110000, 499)]
        people = [[{"given": f"a{chr(code)}b", "surname": chr(code)}] for code in codes]
        expected = [answer(aliases, names) for names in people]
        same(peer, [["call", "personAliases", names] for names in people], expected)

    def test_in_a_phone(self, peer: Peer) -> None:
        codes = [*range(0x700), *range(0x2000, 0x3100), *range(0xFE00, 0x10000), 0x11F50, 0x1CCF0]
        phones = [
            (text, "US")
            for code in codes
            for text in (f"{chr(code)}4155550{chr(code)}132", f"(415) 555-0132{chr(code)}")
        ]
        expected = [answer(phone, *each) for each in phones]
        same(peer, [["call", "phoneKey", *each] for each in phones], expected)


class TestVectors:
    def test_cover_every_raw_value(self, peer: Peer) -> None:
        for vector in VECTORS["vectors"]:
            fields = fields_of(peer, vector)
            assert {"kind": vector["kind"], "fields": vector["fields"]} in fields
            key = {"kind": vector["kind"], "fields": vector["fields"]}
            assert peer.value("oprfInput", key) == vector["input"]


def fields_of(peer: Peer, vector: Json) -> list[Json]:
    """Return the match keys that the module derives from a vector's raw value."""
    value = vector["raw"]
    if vector["key_class"] == "person":
        keys: list[Json] = peer.value("call", "personAliases", [value])[vector["alias"]]["keys"]
        return keys
    if vector["kind"] == "tel":
        return [peer.value("call", "phoneKey", value["raw"], value["region"])]
    (found,) = peer.ask(address_command(value))
    return list(found["value"])


class TestTables:
    def test_kinds_are_those_of_python(self, peer: Peer) -> None:
        classes = {name: kind.key_class for name, kind in KINDS.items()}
        assert peer.value("export", "KEY_CLASSES") == classes
        assert peer.value("export", "MATCH_SPEC") == MATCH_SPEC

    def test_are_those_that_the_registry_publishes(self, peer: Peer) -> None:
        published = {
            "nicknames_sha256": NICKNAMES_SHA256,
            "commonness_sha256": COMMONNESS_SHA256,
        }
        assert peer.value("export", "TABLES") == published

    def test_too_many_names_are_refused_alike(self, peer: Peer) -> None:
        names = [{"given": "Ann", "surname": "Lee"}] * 9
        expected = [answer(aliases, names)]
        assert expected == peer.ask(["call", "personAliases", names])
        assert expected[0]["refused"] == "too-many-names"


@pytest.mark.parametrize("name", ["given", "surname"])
def test_a_refusal_holds_no_value(peer: Peer, name: str) -> None:
    person = {"given": "Ann", "surname": "Lee", name: "Иван"}
    (found,) = peer.ask(["call", "personAliases", [person]])
    assert found == {"refused": "name-not-latin", "error": "IdentifierError"}
