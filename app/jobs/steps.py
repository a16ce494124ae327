"""What a nightly run does, in order."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.policy import permissions_of
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.accounts import review
from app.accounts import upkeep as accounts
from app.agendas import service as agendas
from app.alarms import service as alarms
from app.cases.registering import Intake
from app.contact_requests import service as contact_requests
from app.defendants import service as defendants
from app.followups import reminding
from app.handling import deeming
from app.handling import upkeep as handling
from app.infusion import service as infusion
from app.insights import service as insights
from app.jobs import upkeep as jobs
from app.lapses import service as lapses
from app.mails.queries import MAILS
from app.matters import upkeep as matters
from app.notices import upkeep as notices
from app.notifications import upkeep as notifications
from app.outbox import service as outbox
from app.overlaps.keyring import Keyring
from app.people import upkeep as people
from app.quotas import service as quotas
from app.recounting import service as recounting
from app.rematching import backlog
from app.rematching.service import AT_ONCE
from app.retention import service as retention
from app.second_looks import service as second_looks
from app.sharing import glass
from app.suppressing import service as suppressing
from app.webhooks.queries import DELIVERIES

NIGHTLY: Final = Principal(
    "nightly",
    0,
    permissions_of([Role.OPERATOR]),
    roles=frozenset({Role.OPERATOR}),
)
"""The registry's own job: it does what the operator would, and the audit tells them apart."""

_OF_STATE: Final = "counts all offices of a state together"
_BY_AGE: Final = "goes by age alone, and the job may not read whose they are"

Work = Callable[..., Awaitable[int]]
"""Called with a session and, by name, `limit`, `now` and `office_id` unless the run is of all
offices; returns how many items, 0 when done. Items that fail alone (`core/items.py`) are claimed
again, so `limit` grows by as many as have."""


@dataclass(frozen=True)
class Step:
    """One step: a service function, and how many items it handles in a transaction."""

    name: str
    work: Work
    limit: int = 500
    longest: timedelta = timedelta(hours=1)
    """After which no other batch of it is begun; the next run does the rest. A batch itself ends by
    the bounds on its statements."""
    tried_for: timedelta = timedelta(seconds=2)
    """After which a dry run begins no other batch of it and undoes it. For what it holds posts wait
    that long and as long as its last batch takes; beyond their `lock_timeout` they are refused."""
    of_all: str | None = None
    """Why it cannot be done for one office, as people read it; then `work` takes no `office_id`.
    A run for one office leaves it out."""


def steps(intake: Intake, *, is_full: bool = False) -> tuple[Step, ...]:
    """Return the steps in the order in which a run takes them.

    What leaves comes first, so that it is in no recount; then what is found, then what is told, and
    last what nobody needs any more.
    """
    keyring, me = intake.keyring, NIGHTLY
    return (
        Step("cases.expire", partial(retention.expire, principal=me, intake=intake)),
        Step("cases.purge", partial(retention.purge, principal=me)),
        Step(
            "suppressions.expire",
            partial(suppressing.end_expired, principal=me, keyring=keyring),
            limit=20,
        ),
        Step("overlaps.finish", partial(_finish, keyring=keyring), limit=AT_ONCE),
        Step(
            "overlaps.recount",
            partial(recounting.note_pairs, is_full=is_full),
            limit=5000,
            of_all="goes through tokens and transactions, which are of no office",
        ),
        Step("overlaps.compare", partial(_compare, keyring=keyring), limit=AT_ONCE),
        Step("handling.deem", partial(deeming.deem_consents, principal=me)),
        Step("handling.escalate", partial(handling.escalate_requests, principal=me)),
        Step("handling.expire", partial(handling.expire_requests, principal=me)),
        Step("handling.release", partial(handling.release_parties, principal=me)),
        Step("matters.remind", partial(matters.remind_of_reviews, principal=me)),
        Step("contact_requests.expire", partial(contact_requests.expire_requests, principal=me)),
        Step("second_looks.ask", partial(second_looks.ask_again, principal=me)),
        Step("follow_ups.remind", partial(reminding.remind, principal=me)),
        Step("follow_ups.escalate", partial(reminding.escalate, principal=me)),
        Step("defendants.expire", partial(defendants.end_expired, principal=me)),
        Step("infusion.expire", partial(infusion.expire_questions, principal=me)),
        Step("lapses.tell", partial(lapses.tell, principal=me)),
        Step("lapses.record", partial(lapses.record, principal=me)),
        Step("lapses.tell_again", partial(lapses.tell_again, principal=me), limit=50),
        Step(
            "agendas.make",
            partial(agendas.make_agendas, principal=me),
            of_all=_OF_STATE,
        ),
        Step(
            "insights.publish",
            partial(insights.publish_insights, principal=me),
            of_all=_OF_STATE,
        ),
        Step("access_reviews.remind", partial(review.remind, principal=me)),
        Step("people.disable_idle", partial(people.disable_idle, principal=me)),
        Step("clients.end_idle", partial(accounts.end_idle, principal=me)),
        Step("glass.alarm", partial(glass.raise_alarms, principal=me)),
        Step("alarms.raise", partial(alarms.raise_alarms, principal=me)),
        Step("mails.digest", partial(notices.add_digests, principal=me)),
        Step("mails.alarm", partial(outbox.raise_alarms, principal=me, outbox=MAILS)),
        Step("webhooks.alarm", partial(outbox.raise_alarms, principal=me, outbox=DELIVERIES)),
        Step(
            "schedule.alarm",
            partial(jobs.alarm_of_schedule, principal=me),
            of_all="the schedule is of the registry",
        ),
        Step("people.forget", partial(people.purge_ended, principal=me)),
        Step(
            "answers.forget",
            partial(accounts.forget_answers, principal=me),
            of_all=_BY_AGE,
        ),
        Step("assertions.forget", partial(accounts.forget_assertions, principal=me)),
        Step(
            "announcements.forget",
            partial(quotas.forget_announced, principal=me),
            of_all=_BY_AGE,
        ),
        Step("mails.forget", partial(outbox.forget, principal=me, outbox=MAILS)),
        Step("webhooks.forget", partial(outbox.forget, principal=me, outbox=DELIVERIES)),
        Step(
            "events.forget",
            partial(notifications.forget_events, principal=me),
            of_all=_BY_AGE,
        ),
        Step("lapses.forget", partial(lapses.forget, principal=me)),
        Step(
            "runs.forget",
            partial(jobs.forget_runs, principal=me),
            of_all="records of runs are the operator's",
        ),
    )


async def _finish(
    session: AsyncSession,
    *,
    keyring: Keyring,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    matcher = await keyring.follow(session)
    done = await backlog.finish(session, matcher, now=now, limit=limit, office_id=office_id)
    return done or 0


async def _compare(
    session: AsyncSession,
    *,
    keyring: Keyring,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    matcher = await keyring.follow(session)
    return await recounting.compare(session, matcher, limit=limit, now=now, office_id=office_id)
