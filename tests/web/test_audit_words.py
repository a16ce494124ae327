"""Every action that an office is told of has plain words."""

import ast
import re
from pathlib import Path
from typing import get_args

from app.access.vocabulary import Role
from app.contact_requests.states import NEXT as CONTACTS
from app.followups.states import NEXT as FOLLOW_UPS
from app.handling.machine import MACHINE
from app.infusion.states import Status
from app.lapses.service import ENDS
from app.oversight.queries import TOLD
from app.second_looks.states import NEXT as SECOND_LOOKS
from app.web import audit_words
from tests.factories import Registry
from tests.scenes import meet
from tests.web.pages import reader

APP = Path(__file__).parents[2] / "app"
NOUNS = {noun for nouns in TOLD.values() for noun in nouns}
WRITES = {"record", "Entry", "record_disclosed"}
NAMES = {"action"}


def _texts(node: ast.AST) -> set[str]:
    found = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
    return {each for each in found if isinstance(each, str)}


def written() -> set[str]:
    """Return the actions that the source writes, those made of a state from their tables."""
    found: set[str] = set()
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in WRITES:
                    found |= {text for each in node.args for text in _texts(each)}
                if name == "record_disclosed":
                    found |= {f"{text}.disclosed" for each in node.args for text in _texts(each)}
            elif (
                isinstance(node, ast.Assign)
                and {getattr(target, "id", "") for target in node.targets} & NAMES
            ):
                found |= _texts(node.value)
    moves = [state for (_, event), state in FOLLOW_UPS.items() if event != "ask_disclosure"]
    found |= {f"follow_up.{state}" for state in moves}
    found |= {f"second_look.{state}" for state in SECOND_LOOKS.values()}
    found |= {f"contact.{status}" for status in CONTACTS.values()}
    found |= {f"infusion.{status}" for status in get_args(Status)}
    found |= {each.audited for each in MACHINE}
    found |= {action for action, _ in ENDS.values()}
    found |= {f"matter_{what}.disclosed" for what in ("members", "tasks", "notes")}
    found |= {f"suppression.{what}" for what in ("added", "ended", "expired")}
    return {
        each
        for each in found
        if re.fullmatch(r"[a-z_]+\.[a-z_]+", each) and each.partition(".")[0] in NOUNS
    }


class TestWords:
    def test_there_are_some_for_every_action(self) -> None:
        actions = written()
        assert len(actions) > 100
        assert actions - audit_words.ACTS.keys() == set()

    def test_there_are_none_for_what_nobody_is_told(self) -> None:
        assert {each.partition(".")[0] for each in audit_words.ACTS} <= NOUNS

    def test_one_is_no_plural(self) -> None:
        for said, expected in (
            ("1 overlaps", "1 overlap"),
            ("1 entries", "1 entry"),
            ("2 entries", "2 entries"),
            ("11 second looks", "11 second looks"),
            ("CA-1", "CA-1"),
        ):
            assert audit_words.amount(said) == expected


class TestPage:
    async def test_says_what_was_done_in_words(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        await met.first.http.get("/v1/overlaps")
        auditor = await reader(shared_registry, met.first, Role.AUDITOR)
        shown = (await auditor.get("/audit")).text
        assert "Overlaps shown" in shown
        assert ">1 overlap<" in shown
        assert "Case posted" in shown
