"""Plain words for nightly runs and their steps. Pure."""

from datetime import timedelta
from typing import Final

from app.jobs.schemas import RunRead, StepRead

STATES: Final = {
    "running": "Under way",
    "succeeded": "All done",
    "failed": "A step failed",
    "interrupted": "Interrupted",
}
TONES: Final = {
    "running": "wait",
    "succeeded": "good",
    "failed": "alert",
    "interrupted": "todo",
    "left_out": "off",
}
STEP_STATES: Final = {
    "running": "Under way",
    "succeeded": "Done",
    "failed": "Failed",
    "left_out": "Left out",
}
STEPS: Final = {
    "cases.expire": "Take cases out of matching whose review date has passed",
    "cases.purge": "Delete cases that have left, and keep only that they were there",
    "suppressions.expire": "End entries of suppression lists",
    "overlaps.finish": "Match again what a post left for later",
    "overlaps.recount": "Count anew which cases share something",
    "overlaps.compare": "Compare that with the overlaps on record",
    "handling.deem": "Take silence as consent where a state's law says so",
    "handling.escalate": "Mark requests that nobody answered",
    "handling.expire": "End requests and agreements whose time is over",
    "handling.release": "Let offices go whose notice to leave is over",
    "matters.remind": "Remind of reviews that are due under an agreement",
    "contact_requests.expire": "End requests for a contact",
    "second_looks.ask": "Ask for a second look at declined cases",
    "follow_ups.remind": "Remind offices of what is due",
    "follow_ups.escalate": "Tell backups and mediators what is late",
    "defendants.expire": "Take old charges out of the feed",
    "infusion.expire": "End questions that no desk answered",
    "lapses.tell": "Tell offices what lapsed or is about to",
    "lapses.record": "Write down what ended by its date alone",
    "lapses.tell_again": "Tell what happened while an office took no part",
    "mails.digest": "Gather what is told once a day by mail",
    "mails.alarm": "Raise alarms about mail that is not delivered",
    "webhooks.alarm": "Raise alarms about webhooks that do not answer",
    "schedule.alarm": "Raise the alarm when nobody starts the nightly run",
    "access_reviews.remind": "Remind of the yearly review of access",
    "people.disable_idle": "Disable accounts that nobody uses",
    "clients.end_idle": "End machine clients that nobody uses",
    "glass.alarm": "Raise alarms about emergency readings",
    "alarms.raise": "Raise alarms about unusual use",
    "agendas.make": "Make the agendas of the meetings, once a week",
    "insights.publish": "Make the figures of each state, once a month",
    "people.forget": "Delete sign-ins that have ended",
    "answers.forget": "Delete kept answers to repeated requests",
    "assertions.forget": "Delete used proofs of clients",
    "announcements.forget": "Delete old numbers of cases that were announced",
    "mails.forget": "Delete old mail",
    "webhooks.forget": "Delete records of old deliveries",
    "lapses.forget": "Delete old notices of what lapsed",
    "events.forget": "Delete old events",
    "runs.forget": "Delete reports of old runs",
}


def step(name: str) -> str:
    """Return what a step does; one of an earlier release stands for itself."""
    return STEPS.get(name, name)


def took(run: RunRead) -> timedelta | None:
    """Return how long a run took, None while it is under way."""
    return None if run.finished_at is None else run.finished_at - run.started_at


def duration(spent: timedelta | None) -> str:
    """Return a duration in the units that matter: `2 min 5 s`, `0.4 s`."""
    if spent is None:
        return "Not over yet"
    seconds = spent.total_seconds()
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def beside_last(run: RunRead, last: RunRead | None) -> str:
    """Return how long a run took beside the last whole one: as long, or longer or shorter by.

    Nothing of one that took some steps only, or that was tried and undone.
    """
    spent, before = took(run), took(last) if last is not None else None
    if spent is None or before is None or not run.is_whole or run.is_dry:
        return ""
    difference = spent - before
    if abs(difference) < max(timedelta(seconds=1), before / 10):
        return "about as long as the last whole run"
    word = "longer" if difference > timedelta(0) else "shorter"
    return f"{duration(abs(difference))} {word} than the last whole run"


def compared(each: StepRead, last: RunRead | None) -> str:
    """Return what became of a step in the last whole run, in words."""
    if last is None:
        return "None before"
    before = next((step.state for step in last.steps if step.step == each.step), None)
    if before is None:
        return "Not taken then"
    if each.state == "failed":
        return "Failed before, too" if before == "failed" else "Worked before"
    return "Failed before" if before == "failed" else "As before"


def progress(run: RunRead, last: RunRead | None) -> tuple[int, int]:
    """Return how many steps of a run are over, and of how many: 0 when that is not known."""
    over = sum(each.state != "running" for each in run.steps)
    if last is None or not run.is_whole:
        return over, 0
    return over, max(len(run.steps), len(last.steps))
