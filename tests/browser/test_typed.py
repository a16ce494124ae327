"""What is typed at a page makes the keys that the office client makes of the same."""

from typing import Any

from app.client.cases import Identifier, Subject
from app.client.prepare import prepare_subject
from app.identifiers.match_keys import PersonName
from tests.browser.peer import Peer

SSN = {"kind": "ssn", "value": "899-12-3456", "of": "", "provenance": "court_filing"}


def typed(identifier: dict[str, str], **name: str) -> dict[str, Any]:
    """Return a person as subjects.mjs gives it to tokens.mjs."""
    parts = dict.fromkeys(("given", "middle", "surname", "born", "name", "state"), "") | name
    return {"ref": "1", "kind": "person", **parts, "identifiers": [identifier]}


class TestTyped:
    def test_a_whole_number_makes_the_keys_of_its_last_four_too(self, peer: Peer) -> None:
        name = {"given": "Alex", "surname": "De la Cruz-Peña", "born": "1979-03-05"}
        prepared = prepare_subject(
            Subject(
                ref="1",
                provenance="court_filing",
                names=(PersonName(**name),),
                identifiers=(Identifier("ssn", SSN["value"]),),
            ),
            [],
        )
        keys = [key for alias in prepared.names for key in alias.keys] + [*prepared.identifiers]
        found = peer.value("typed", typed(SSN, **name))
        assert found == [{"kind": key.kind, "fields": list(key.fields)} for key in keys]
        last_four = SSN | {"kind": "ssn4", "value": "3456"}
        partial = [each for each in found if each["kind"] == "ssn4"]
        assert len(partial) == 3
        assert peer.value("typed", typed(last_four, **name))[-3:] == partial

    def test_without_a_name_the_whole_number_stands_alone(self, peer: Peer) -> None:
        assert [each["kind"] for each in peer.value("typed", typed(SSN))] == ["ssn"]
