import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.identifiers import match_keys
from app.identifiers.addresses import place_of
from app.identifiers.errors import IdentifierError
from app.identifiers.identifier_keys import VALUE_KINDS, identifier_keys
from app.identifiers.kinds import KINDS, MATCH_SPEC
from app.identifiers.names import COMMONNESS_SHA256, NICKNAMES_SHA256
from tests.browser import raw
from tests.browser.peer import Json, Peer
from tests.identifiers import make_vectors

VECTORS: dict[str, Any] = json.loads(make_vectors.TARGET.read_bytes())
MANY = 10_000


pytestmark = pytest.mark.long


def answer(derive: Callable[..., Any], *arguments: Any) -> Json:
    """Return what Python makes of a raw value, in the form of the peer's answers."""
    try:
        return {"value": derive(*arguments)}
    except IdentifierError as error:
        return {"refused": error.code, "error": "IdentifierError"}


def aliases(
    names: Sequence[dict[str, str]], addresses: Sequence[dict[str, str]] = ()
) -> list[Json]:
    persons = [match_keys.PersonName(**name) for name in names]
    places = [place_of(**each) for each in addresses]
    return [
        {"rarity": alias.rarity, "keys": list(map(plain, alias.keys))}
        for alias in match_keys.person_aliases(persons, places)
    ]


def phone(number: str, region: str) -> Json:
    return plain(match_keys.phone_key(number, region))


def address(arguments: dict[str, str]) -> list[Json]:
    return list(map(plain, match_keys.address_keys(**arguments)))


def identifier(kind: str, value: str, of: str) -> list[Json]:
    return list(map(plain, identifier_keys(kind, value, of)))


def plain(key: match_keys.MatchKey) -> Json:
    return {"kind": key.kind, "fields": list(key.fields)}


def without_unit(arguments: dict[str, str]) -> dict[str, str]:
    return {part: value for part, value in arguments.items() if part != "unit"}


def address_command(arguments: dict[str, str], name: str = "addressKeys") -> list[Any]:
    rest = {part: value for part, value in arguments.items() if part not in {"street", "postcode"}}
    return ["call", name, arguments["street"], arguments["postcode"], rest]


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
        people = [(raw.name(seeded), raw.places(seeded)) for _ in range(MANY)]
        expected = [answer(aliases, *person) for person in people]
        same(peer, [["person", *person] for person in people], expected)
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
        places = [list(place_of(**without_unit(each))) for each in addresses]
        commands = [address_command(without_unit(each), "placeOf") for each in addresses]
        same(peer, commands, [{"value": place} for place in places])
        assert {tuple(map(bool, place)) for place in places} >= {
            (False, False, False),
            (False, True, True),
            (True, False, False),
            (True, True, True),
        }

    def test_others(self, peer: Peer) -> None:
        seeded = random.Random(4)
        identifiers = [raw.identifier(seeded) for _ in range(MANY // 2)]
        expected = [answer(identifier, *each) for each in identifiers]
        same(peer, [["call", "identifierKeys", *each] for each in identifiers], expected)
        assert sum("value" in each for each in expected) > MANY / 6


class TestEveryCharacter:
    """Python and Node carry different releases of Unicode; no character may show which."""

    def test_in_a_name(self, peer: Peer) -> None:
        codes = [*range(0x3100), *range(0xFB00, 0x10000), *range(0x3100, 0x110000, 997)]
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

    def test_in_an_address(self, peer: Peer) -> None:
        codes = [*range(0x600), *range(0x1E00, 0x2200), *range(0x2200, 0x110000, 997)]
        forms = ("1{}2 M{}ain{}ton St", "94{}123", "", "{}"), ("{} Main St", "SW1A{}1AA", "4{}", "")
        addresses = [
            {name: form.replace("{}", chr(code)) for name, form in zip(parts, each, strict=True)}
            | {"region": region}
            for code in codes
            for parts in [("street", "postcode", "number", "unit")]
            for each, region in zip(forms, ("US", "GB"), strict=True)
        ]
        expected = [answer(address, each) for each in addresses]
        same(peer, [address_command(each) for each in addresses], expected)
        places = [{"value": list(place_of(**without_unit(each)))} for each in addresses]
        same(peer, [address_command(without_unit(each), "placeOf") for each in addresses], places)

    @pytest.mark.parametrize(
        ("kind", "form", "of"),
        [
            ("plate", "A{}B1", "TX"),
            ("plate", "AB12", "T{}X"),
            ("org", "Ac{}me", "CA"),
            ("url", "ex{}ample.example/{}?{}", ""),
            ("email", "n{}@{}a.example", ""),
            ("handle", "{}name", "x"),
        ],
    )
    def test_in_others(self, peer: Peer, kind: str, form: str, of: str) -> None:
        codes = [*range(0x600), *range(0x1E00, 0x2200), *range(0x2200, 0x110000, 997)]
        values = [
            (kind, form.replace("{}", chr(code)), of.replace("{}", chr(code))) for code in codes
        ]
        expected = [answer(identifier, *each) for each in values]
        same(peer, [["call", "identifierKeys", *each] for each in values], expected)


def test_what_no_oprf_takes_is_refused(peer: Peer) -> None:
    people = [
        [{"given": "Alex", "surname": "ab" * count, "born": "1979-03"}] for count in (100, 70_000)
    ]
    urls = [("url", f"a.example/{'a' * count}", "") for count in (64_990, 65_000)]
    expected = [answer(aliases, names) for names in people] + [
        answer(identifier, *url) for url in urls
    ]
    commands = [["call", "personAliases", names] for names in people]
    same(peer, commands + [["call", "identifierKeys", *url] for url in urls], expected)
    assert [each.get("refused") for each in expected] == [None, "value-too-long"] * 2


class TestVectors:
    @pytest.mark.parametrize("reader", sorted({entry["reader"] for entry in VECTORS["keys"]}))
    def test_keys(self, peer: Peer, reader: str) -> None:
        entries = [entry for entry in VECTORS["keys"] if entry["reader"] == reader]
        found = peer.ask(*(command_of(reader, entry["raw"]) for entry in entries))
        for entry, each in zip(entries, found, strict=True):
            assert {"kind": entry["kind"], "fields": entry["fields"]} in keys_of(entry, each)

    def test_inputs(self, peer: Peer) -> None:
        keys = [{"kind": each["kind"], "fields": each["fields"]} for each in VECTORS["keys"]]
        found = peer.ask(*(["oprfInput", key] for key in keys))
        assert [each["value"] for each in found] == [each["input"] for each in VECTORS["keys"]]

    def test_refusals(self, peer: Peer) -> None:
        entries = VECTORS["refusals"]
        found = peer.ask(*(command_of(entry["reader"], entry["raw"]) for entry in entries))
        refused = [{"refused": entry["refused"], "error": "IdentifierError"} for entry in entries]
        assert found == refused


def command_of(reader: str, value: Json) -> list[Any]:
    """Return the command that derives match keys from a raw value of the vectors."""
    match reader:
        case "person":
            name = {part: text for part, text in value.items() if part != "addresses"}
            return ["person", [name], value.get("addresses", [])]
        case "tel":
            return ["call", "phoneKey", value["raw"], value["region"]]
        case "addr":
            return address_command(value)
        case "ssn4":
            return ["call", "lastFourKeys", value["value"], value["names"]]
        case _:
            return ["call", "identifierKeys", reader, value["value"], value["of"]]


def keys_of(entry: Json, found: Json) -> list[Json]:
    """Return the match keys in what the module answered, for one entry of the vectors."""
    value: Any = found["value"]
    if entry["reader"] == "person":
        alias = value[entry["alias"]]
        assert alias["rarity"] == entry["rarity"]
        return list(alias["keys"])
    return list(value) if isinstance(value, list) else [value]


class TestTables:
    def test_kinds_are_those_of_python(self, peer: Peer) -> None:
        classes = {name: kind.key_class for name, kind in KINDS.items()}
        assert peer.value("export", "KEY_CLASSES") == classes
        assert peer.value("export", "MATCH_SPEC") == MATCH_SPEC
        assert sorted(peer.value("export", "VALUE_KINDS")) == sorted(VALUE_KINDS)

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
