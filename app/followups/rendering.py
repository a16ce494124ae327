"""A follow-up as its office reads it."""

from datetime import date

import asyncpg

from app.cases import ladder
from app.core.ids import public_id
from app.followups.due_dates import due_on
from app.followups.schemas import FollowUpRead
from app.followups.states import DUE
from app.offices.seats import Seat
from app.people.service import PREFIX as PERSON


def standing(row: asyncpg.Record) -> dict[str, object]:
    """Return what is stored of the round that stands; a new one begins with nothing."""
    names = "acknowledged_at", "contacted_at", "resolved_at", "resolution", "resolved_evidence"
    is_over = row["resolved_evidence"] is not None and row["progress"] != "resolved"
    kept = {name: None if is_over else row[name] for name in names}
    return {**kept, "round": row["round"], "version": row["follow_up_version"] + 1}


def version_of(row: asyncpg.Record) -> str:
    """Return what names an overlap's version and that of the office's own steps with it."""
    return f"{row['follow_up_version']}-{row['version']}"


def due_of(row: asyncpg.Record, seat: Seat) -> date:
    """Return the last day in time of the step that the office at `seat` owes."""
    step = DUE[row["progress"]]
    return due_on(row["owed_since"], row["band"], row["own_class"], step, seat)


def render(row: asyncpg.Record, seat: Seat) -> FollowUpRead:
    """Return an overlap as the ladder shows it, with what the office at `seat` did about it."""
    due = row["owed_since"] and {
        "step": DUE[row["progress"]],
        "on": due_of(row, seat),
        "is_overdue": row["is_overdue"],
    }
    person = row["person_id"]
    names = "acknowledged_at", "contacted_at", "resolved_at", "resolution"
    round_now = standing(row)
    return FollowUpRead.model_validate(
        {
            "overlap": ladder.render(row),
            "state": row["progress"],
            "round": row["round"],
            "assignee": person
            and {"person": public_id(PERSON, person), "name": row["person_name"]},
            "due": due,
            **{name: round_now[name] for name in names},
            "disclosure_asked_at": row["disclosure_asked_at"],
            "other_state": row["other_progress"],
            "reminders": row["reminders"] or (),
            "version": version_of(row),
        }
    )
