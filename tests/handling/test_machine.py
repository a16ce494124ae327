"""The machine of requests: its table, and what holds of it on a real database."""

import re
from pathlib import Path
from typing import Final

import pytest

from app.access.permissions import Permission
from app.core.errors import PreconditionFailedError
from app.handling import machine
from app.handling.errors import HandlingMovedError
from app.handling.vocabulary import FINAL, STATUSES
from tests.factories import Registry
from tests.handling.table import LOCK, refusal, sit_down
from tests.scenes import at_once

ROOT: Final = Path(__file__).parents[2]


class TestTable:
    def test_is_the_one_of_the_documentation(self) -> None:
        written = (ROOT / "docs/handling.md").read_text()
        for line in machine.TABLE.strip().splitlines():
            cells = [cell.replace(",", ", ") for cell in line.split()]
            assert f"| {' | '.join(cells)} |" in written

    def test_is_the_one_of_the_database(self) -> None:
        (path,) = (ROOT / "migrations/versions").glob("*_parties_come_and_go.py")
        found = re.search(r"^MOVES = \((.*?)\)$", path.read_text(), re.DOTALL | re.MULTILINE)
        assert found is not None
        moves = {tuple(each.split(">")) for each in re.findall(r"\w+>\w+", found[1])}
        assert moves == machine.pairs()

    def test_leaves_no_final_state_and_reaches_every_state(self) -> None:
        assert {t.leaves for t in machine.MACHINE}.isdisjoint(FINAL)
        assert {t.to for t in machine.MACHINE} == set(STATUSES)

    def test_lets_no_agreement_into_force_without_signatures_of_all(self) -> None:
        for each in machine.MACHINE:
            if (
                not each.is_question
                and each.to in {"active", "extended"}
                and each.to != each.leaves
            ):
                assert each.permission is Permission.HANDLING_SIGN
                assert {"signature", "everyone"} <= each.needs
            if not each.is_question and each.to == "sent":
                assert each.permission is Permission.HANDLING_SIGN

    def test_lets_the_registry_only_escalate_end_and_deem(self) -> None:
        moved = {t.to for t in machine.MACHINE if t.who == "registry" and t.to != t.leaves}
        assert moved == {"escalated", "expired", "accepted"}
        (deemed,) = {t.step for t in machine.MACHINE if t.who == "registry" and t.to == "accepted"}
        assert deemed == "deem"  # where a law says so, and nobody signs by it


class TestTwoAtOnce:
    async def test_one_wins_and_the_other_is_told_where_the_request_is(
        self, shared_registry: Registry
    ) -> None:
        table = await sit_down(shared_registry)
        for number, step in ((1, "submit"), (1, "sign")):
            await table.take(number, step)
        sent = await table.read(1)
        assert sent is not None
        both = [
            refusal(table.attempt(number, step, sent))
            for number, step in ((1, "withdraw"), (2, "decline"))
        ]
        outcomes = await at_once(shared_registry, LOCK, both, id=table.key)
        (lost,) = [outcome for outcome in outcomes if outcome is not None]
        assert isinstance(lost, HandlingMovedError)
        now = await table.read(1)
        assert now is not None
        assert lost.extensions == {"status_now": now.status}
        assert now.status in {"withdrawn", "declined"}
        assert now.version == sent.version + 1

    async def test_is_told_so_where_its_step_would_still_lead_on(
        self, shared_registry: Registry
    ) -> None:
        table = await sit_down(shared_registry)
        for number, step in ((1, "submit"), (1, "sign")):
            await table.take(number, step)
        sent = await table.read(1)
        assert sent is not None
        all_three = [refusal(table.attempt(number, "counter", sent)) for number in (1, 2, 3)]
        outcomes = await at_once(shared_registry, LOCK, all_three, id=table.key)
        raced = [each for each in outcomes if isinstance(each, HandlingMovedError)]
        assert outcomes.count(None) == 1
        assert [each.extensions for each in raced] == [{"status_now": "countered"}] * 2
        with pytest.raises(PreconditionFailedError):  # nobody is at it, and the version is old
            await table.attempt(2, "counter", sent)
