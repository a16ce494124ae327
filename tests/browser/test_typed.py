"""What is typed at a page makes the keys that the office client makes of the same."""

from typing import Any

import pytest

from app.client.cases import Address, Identifier, Subject
from app.client.listed import value_keys
from app.client.prepare import prepare_subject
from app.identifiers.kinds import KINDS
from app.identifiers.match_keys import PersonName
from app.web.subject_fields import asked_kinds
from tests.browser.peer import Peer
from tests.identifiers.samples import VALUES

SSN = {"kind": "ssn", "value": "899-12-3456", "of": "", "provenance": "court_filing"}
NAME = {"given": "Alex", "surname": "De la Cruz-Peña", "born": "1979-03-05"}
HOMES = (
    ("1600 N Lombard Street, Apt. 4-B", "94123-1234"),
    ("P.O. Box 55", "2139"),
    ("100 Example Street", "93650"),
)


def address(street: str, postcode: str) -> dict[str, str]:
    """Return an address as the page has it: the ZIP code beside the street."""
    return {"kind": "addr", "value": street, "of": postcode, "provenance": "court_filing"}


def made(subject: Subject) -> list[dict[str, Any]]:
    """Return the match keys that the office client makes of a subject."""
    prepared = prepare_subject(subject, [])
    keys = [key for alias in prepared.names for key in alias.keys] + [*prepared.identifiers]
    return [{"kind": key.kind, "fields": list(key.fields)} for key in keys]


def typed(*identifiers: dict[str, str], kind: str = "person", **name: str) -> dict[str, Any]:
    """Return a subject as subjects.mjs gives it to tokens.mjs."""
    parts = dict.fromkeys(("given", "middle", "surname", "born", "name", "state"), "") | name
    provenance = {"provenance": "court_filing"}
    return {"ref": "1", "kind": kind, **parts, **provenance, "identifiers": list(identifiers)}


class TestTyped:
    @pytest.mark.parametrize("homes", [HOMES[:1], HOMES, ()])
    def test_addresses_go_with_the_name_too(
        self, peer: Peer, homes: tuple[tuple[str, str], ...]
    ) -> None:
        known = tuple(Address(street, postcode) for street, postcode in homes)
        found = peer.value("typed", typed(*(address(*each) for each in homes), **NAME))
        names = (PersonName(**NAME),)
        assert found == made(Subject("1", "court_filing", names=names, addresses=known))
        houses = {tuple(each["fields"][-2:]) for each in found if each["kind"] == "p.ih"}
        assert len(houses) == len(homes)

    def test_every_kind_that_the_pages_ask_for(self, peer: Peer) -> None:
        asked = {each["name"] for each in asked_kinds()} - {"tel", "addr", "ssn4"}
        values = [each for each in VALUES if each[0] in asked]
        assert {kind for kind, *_ in values} == asked
        expected, commands = [], []
        for kind, value, of in values:
            of_kind = min(KINDS[kind].subjects, key=("person", "organization").index)
            shown = {"kind": kind, "value": value, "of": of, "provenance": "court_filing"}
            commands.append(["typed", typed(shown, kind=of_kind)])
            identifiers = (Identifier(kind, value, of),)
            expected.append(made(Subject("1", "court_filing", of_kind, identifiers=identifiers)))
        assert [answer["value"] for answer in peer.ask(*commands)] == expected

    def test_a_whole_number_makes_the_keys_of_its_last_four_too(self, peer: Peer) -> None:
        names, identifiers = (PersonName(**NAME),), (Identifier("ssn", SSN["value"]),)
        found = peer.value("typed", typed(SSN, **NAME))
        assert found == made(Subject("1", "court_filing", names=names, identifiers=identifiers))
        last_four = SSN | {"kind": "ssn4", "value": "3456"}
        partial = [each for each in found if each["kind"] == "ssn4"]
        assert len(partial) == 3
        assert peer.value("typed", typed(last_four, **NAME))[-3:] == partial

    def test_without_a_name_the_whole_number_stands_alone(self, peer: Peer) -> None:
        assert [each["kind"] for each in peer.value("typed", typed(SSN))] == ["ssn"]

    @pytest.mark.parametrize("place", HOMES)
    def test_an_address_on_a_list_is_what_the_client_lists(
        self, peer: Peer, place: tuple[str, str]
    ) -> None:
        found = peer.value("listed", typed(address(*place)), "addr")
        listed = value_keys("addr", [", ".join(place)])[-1]
        assert found == {"kind": listed.kind, "fields": list(listed.fields)}
