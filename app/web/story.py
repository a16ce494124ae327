"""What happened to an overlap or a request, a line each, as far as its reader may know. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from app.cases.overlap_schemas import OverlapRead
from app.followups.schemas import FollowUpRead
from app.handling.reads import AgreementExport, HandlingRead, SignatureRead
from app.web import handling_words, words

REMINDERS: Final = {
    "reminder": "It was late, and your office was told.",
    "backup": "It was still late, and passed on to your office's backup, if it named one.",
    "mediator": "It was still late, and the state's mediator was told.",
}
Event = tuple[datetime, str]


def story(
    overlap: OverlapRead, requests: Iterable[HandlingRead], follow_up: FollowUpRead | None
) -> list[Event]:
    """Return when what happened, oldest first."""
    found = [
        (overlap.found_at, "The overlap was found."),
        *_verdicts(overlap),
        *(event for each in requests for event in _request(each)),
        *(_work(follow_up) if follow_up else ()),
    ]
    if overlap.retracted_at and overlap.retract_reason:
        found.append((overlap.retracted_at, words.RETRACTIONS[overlap.retract_reason]))
    return sorted(found)


def request_story(export: AgreementExport) -> list[Event]:
    """Return the same of a request and its agreement."""
    asked = export.request

    def who(number: int) -> str:
        return handling_words.party(asked.parties[number - 1])

    is_agreement = asked.terms is not None
    dated = [
        (asked.requested_at, "It was drafted." if is_agreement else "It was asked."),
        (asked.sent_at if is_agreement else None, "It was sent."),
        (asked.answered_at, "It was last answered."),
        (asked.ended_at, f"It ended: {handling_words.STATUSES[asked.status].lower()}."),
        *(
            (each.proposed_at, f"{who(each.proposed_by)} proposed version {each.number}.")
            for each in export.versions[1:]
        ),
        *(
            (
                each.signed_at,
                f"{who(each.party)} signed version {each.terms_number} {_for(each)}.",
            )
            for each in export.signatures
        ),
        *(
            (each.recorded_at, f"{who(each.party)} put a referral or consent on record.")
            for each in export.instruments
        ),
        *((each.joined_at, f"{handling_words.party(each)} joined.") for each in asked.parties),
        *((each.left_at, f"{handling_words.party(each)} left.") for each in asked.parties),
    ]
    return sorted((at, said) for at, said in dated if at is not None)


def _for(signature: SignatureRead) -> str:
    return handling_words.PURPOSES[signature.purpose]


def _verdicts(overlap: OverlapRead) -> Iterator[Event]:
    for who, said in (
        ("Your office", overlap.verdicts.own),
        ("The other office", overlap.verdicts.other),
    ):
        if said:
            yield said.given_at, f"{who} said: {words.VERDICTS[said.verdict].lower()}."


def _request(asked: HandlingRead) -> Iterator[Event]:
    kind = handling_words.KINDS[asked.kind]
    begun = "begun by your office" if asked.direction == "sent" else "your office was asked"
    yield asked.requested_at, f"{kind}: {begun}."
    if asked.answered_at:
        yield asked.answered_at, f"{kind}: last answered."
    if asked.ended_at:
        yield asked.ended_at, f"{kind}: {handling_words.STATUSES[asked.status].lower()}."


def _work(done: FollowUpRead) -> Iterator[Event]:
    if done.acknowledged_at:
        yield done.acknowledged_at, "Your office acknowledged it."
    if done.contacted_at:
        yield done.contacted_at, "Your office spoke with the other one."
    for each in done.reminders:
        yield each.made_at, REMINDERS[each.level]
    if done.resolved_at and done.resolution:
        came_to = words.RESOLUTIONS[done.resolution].lower()
        yield done.resolved_at, f"Your office was done with it: {came_to}."
