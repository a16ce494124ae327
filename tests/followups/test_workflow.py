"""docs/workflow.md publishes the tables of the state machines and of the due dates."""

import re
from pathlib import Path

from app.contact_requests import states as contact_requests
from app.followups import states as followups
from app.followups.due_dates import DAYS
from app.second_looks import states as second_looks

PAGE = (Path(__file__).parents[2] / "docs/workflow.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading."""
    below = PAGE.split(heading, 1)[1]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None
    _, _, *lines = table[0].strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


class TestWorkflow:
    def test_tables_are_those_of_the_code(self) -> None:
        for heading, table in (
            ("## Follow-ups", followups.NEXT),
            ("## Requests for a contact", contact_requests.NEXT),
            ("## Second looks", second_looks.NEXT),
        ):
            found = {(state, event): following for state, event, following, _ in rows(heading)}
            assert found == table

    def test_due_dates_are_those_of_the_code(self) -> None:
        found = rows("**Due dates**")
        classes = ("pre_charge", "charged", "disposed", "declined")
        assert {
            (band, record_class): int(days)
            for band, *cells in found
            for record_class, days in zip(classes, cells, strict=True)
        } == DAYS
