"""The nightly run: each step in transactions of its own, whatever became of the others."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core import items
from app.core.clock import utc_now
from app.core.db import JOBS, Sessions, become, enter, transaction
from app.core.errors import AppError
from app.core.ids import new_id
from app.core.locks import held
from app.jobs import queries
from app.jobs.errors import RunLostError, RunUnderWayError
from app.jobs.queries import State
from app.jobs.steps import NIGHTLY, Step
from app.offices import queries as offices

LOCK: Final = "joinder nightly"
MOST_FAIL: Final = 10
"""Offices that a step may fail of before the others are left for the next run, too."""
MOST_ITEMS_FAIL: Final = 1_000
"""Items that may fail of a step before the others are left: then it is not for the sake of one."""
ITEMS_FAILED: Final = "items-failed"
"""The error of a step that did all but some items, which stay for the next run."""
UNFINISHED: Final = "unfinished"
"""The error of a step whose time was over before its work was."""


def counted(count: int, *, is_more: bool) -> str:
    """Return a count as people read it, `+` behind it where there is more."""
    return f"{count}{'+' if is_more else ''}"


@dataclass(frozen=True)
class Done:
    """How far a step is, or how it ended."""

    step: str
    state: State = "running"
    count: int = 0
    before: int | None = None
    """What it handled in the last whole run; None when it was no part of it."""
    is_more: bool = False
    """Whether a dry run had no time to count all."""
    milliseconds: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)
    """Items that it left as they were, and why."""
    error: str | None = None
    reason: str | None = None
    """Why a run for one office left it out."""
    offices: Mapping[int, int] = field(default_factory=dict)
    """How many of its effects concern which office, as far as the audit has one of it."""

    @property
    def counted(self) -> str:
        """Return the count as people read it."""
        return counted(self.count, is_more=self.is_more)


Report = Callable[[Done], None]
"""Told after each batch and at the end of each step."""


@dataclass(frozen=True)
class _Run:
    id: UUID
    sessions: Sessions
    as_of: datetime
    office_id: int | None
    is_dry: bool
    report: Report


class _UndoneError(Exception):
    """Ends the transaction of a dry run, which leaves nothing behind."""


async def run(
    sessions: Sessions,
    steps: Sequence[Step],
    *,
    as_of: datetime,
    office_id: int | None = None,
    is_dry: bool = False,
    is_whole: bool = True,
    report: Report = lambda _: None,
) -> list[Done]:
    """Take the steps in order and return what became of each; one run at a time.

    A step is repeated, each time in a transaction of its own, until it does nothing and nothing
    more of it fails, or its time is over. Items that fail alone stay as they were
    (`core/items.py`); a step that fails as a whole is tried again office by office. Both have
    failed all the same, and the next step is taken. A run that is killed leaves whole batches
    behind, and the next does the rest. A dry run does all of a step in one transaction, as far as
    it comes in the time for that, and undoes it.

    Args:
        sessions: Of the operator's role.
        steps: See `steps.py`.
        as_of: The `now` of every step.
        office_id: Only what concerns this office is done; steps that cannot tell are left out, and
            say why. None: of all offices.
        is_dry: Whether nothing shall stay done.
        is_whole: Whether `steps` are all that there are; else it stands for no night.
        report: Told how far the run is.

    Raises:
        RunUnderWayError: another run holds the lock.
        RunLostError: the connection that held the lock ended, and another run began.
    """
    async with held(sessions, LOCK) as is_ours:
        if not is_ours:
            raise RunUnderWayError
        this = _Run(new_id(), sessions, as_of, office_id, is_dry, report)
        async with transaction(sessions) as session:
            before = await queries.get_last_counts(session, office_id)
            await queries.begin_run(
                session,
                this.id,
                office_id,
                as_of=as_of,
                is_dry=is_dry,
                is_whole=is_whole,
                now=utc_now(),
            )
        done = [
            await _take(this, position, step, Done(step.name, before=before.get(step.name)))
            for position, step in enumerate(steps)
        ]
        state: State = "failed" if any(each.error for each in done) else "succeeded"
        async with transaction(sessions) as session:
            await queries.finish(session, this.id, state, now=utc_now())
        return done


async def _take(this: _Run, position: int, step: Step, done: Done) -> Done:
    """Repeat a step until it has nothing more to do, and return what became of it."""
    if this.office_id is not None and step.of_all is not None:
        done = replace(done, state="left_out", reason=step.of_all)
    else:
        until = monotonic() + step.longest.total_seconds()
        done = await _repeat(this, position, step, done, this.office_id, until)
        if done.error and this.office_id is None and step.of_all is None:
            done = await _by_office(this, position, step, done, until)
        if done.failed and not done.error:
            done = replace(done, error=ITEMS_FAILED)
        done = replace(done, state="failed" if done.error else "succeeded")
    async with transaction(this.sessions) as session:
        await _note(session, this, position, done)
    this.report(done)
    return done


async def _repeat(
    this: _Run, position: int, step: Step, done: Done, office_id: int | None, until: float
) -> Done:
    """Repeat a step of one office or of all; return how far it came, with what stopped it."""
    try:
        more = True
        while more:
            if monotonic() >= until:
                structlog.get_logger().error("step_unfinished", step=step.name)
                return replace(done, error=UNFINISHED)
            this.report(done)
            before, done = done, await _batch(this, position, step, done, office_id)
            is_further = done.count > before.count or len(done.failed) > len(before.failed)
            more = is_further and len(done.failed) < MOST_ITEMS_FAIL and not this.is_dry
    except RunLostError:
        raise
    except Exception as error:  # noqa: BLE001 -- the edge of a step: the next one is taken anyway
        code = error.code if isinstance(error, AppError) else type(error).__name__
        structlog.get_logger().error("step_failed", step=step.name, error=code, office=office_id)
        return replace(done, error=code)
    return done


async def _by_office(this: _Run, position: int, step: Step, done: Done, until: float) -> Done:
    """Take a step that failed office by office: what fails again holds up its own office alone.

    It has failed all the same. When `MOST_FAIL` offices have, it is not for the sake of an item.
    """
    async with transaction(this.sessions) as session:
        every = [office.id for office in await offices.list_offices(session)]
    error, failed = done.error, 0
    for office_id in every:
        if failed >= MOST_FAIL or monotonic() >= until:
            break
        tried = await _repeat(this, position, step, replace(done, error=None), office_id, until)
        failed += tried.error is not None
        done = replace(tried, error=error)
    return done


async def _batch(this: _Run, position: int, step: Step, done: Done, office_id: int | None) -> Done:
    """Do and record one batch, of a dry run all of them, and undo those; both or neither.

    Raises:
        RunLostError: another run has taken over.
    """
    began, handled, is_more = monotonic(), 0, True
    until = began + step.tried_for.total_seconds()
    of_office = {} if office_id is None else {"office_id": office_id}
    try:
        async with transaction(this.sessions) as session:
            if not await queries.hold(session, this.id):
                raise RunLostError
            told, failed = audit.tally(session), items.failing(session, done.failed)
            while is_more:
                known = len(failed)  # which may be the first again: others come after them
                limit = step.limit + known
                count = await step.work(session, limit=limit, now=this.as_of, **of_office)
                await enter(session, NIGHTLY)
                await become(session, JOBS)
                handled += count
                is_further = count > 0 or len(failed) > known
                is_more = this.is_dry and is_further and monotonic() < until
            spent = round(1000 * (monotonic() - began))
            done = replace(
                done,
                count=done.count + handled,
                is_more=done.is_more or (this.is_dry and is_further),
                milliseconds=done.milliseconds + spent,
                failed=failed,
                offices=told + Counter(done.offices),
            )
            await _note(session, this, position, done)
            if this.is_dry:
                raise _UndoneError  # noqa: TRY301 -- ends the transaction
    except _UndoneError:
        pass
    return done


async def _note(session: AsyncSession, this: _Run, position: int, done: Done) -> None:
    await queries.note_step(
        session,
        this.id,
        position,
        done.step,
        done.state,
        count=done.count,
        is_more=done.is_more,
        milliseconds=done.milliseconds,
        why=done.error or done.reason,
    )
    if done.offices:
        await queries.note_offices(session, this.id, position, done.offices)
