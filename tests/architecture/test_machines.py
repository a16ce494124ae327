"""Whatever moves through states is lived by a stateful test, beside a model of its own."""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import CheckConstraint

from app.tables import Base
from tests.machines import Machine

ROOT: Final = Path(__file__).parents[2]
FEWEST: Final = 3
"""States of a machine at least: of two, one is a flag."""
LIVED: Final = {
    "case_grants": "sharing/test_lives.py",
    "contact_requests": "contact_requests/test_life.py",
    "handling_requests": "handling/life.py",
    "infusion_questions": "infusion/test_questions.py",
    "second_looks": "second_looks/test_second_looks.py",
    "webhooks": "webhooks/test_life.py",
}
NOBODYS: Final = {
    "key_epochs": "the operator's command alone moves them; tests/rotation",
    "mails": "one worker moves each, under a lease; tests/notices/test_mail.py",
    "run_steps": "the nightly run writes them; tests/jobs",
    "runs": "one at a time, by a lock of the database; tests/jobs",
    "webhook_deliveries": "one worker moves each, under a lease; tests/webhooks",
}
"""What no two offices or people move at once, and what tests it."""


def moving() -> set[str]:
    """Return the tables that have a column of states."""
    return {
        table.name
        for table in Base.metadata.tables.values()
        for each in table.constraints
        if isinstance(each, CheckConstraint)
        and re.match(r"(status|state|approval) IN \(", words := str(each.sqltext))
        and words.count("'") >= 2 * FEWEST
    }


class TestMachines:
    def test_each_table_of_states_is_lived(self) -> None:
        assert moving() == LIVED.keys() | NOBODYS.keys()

    def test_each_package_with_a_table_of_steps_is_lived(self) -> None:
        tables = [*ROOT.glob("app/*/states.py"), *ROOT.glob("app/*/machine.py")]
        lives = {*LIVED.values(), *(f"{each.parent.name}/" for each in tables)}
        for name in lives:
            found = ROOT / "tests" / name
            modules = [found] if found.suffix else found.glob("*.py")
            assert any(f"({Machine.__name__}):" in each.read_text() for each in modules), name
