"""When the nightly run is due: PgQueuer's schedule, in tables of its own (schema `jobs`).

Nothing else imports PgQueuer, and of it only the scheduler is used: nothing is ever queued, so its
queue, log and statistics stay empty, and the role of the operator's jobs may not write to them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from typing import Final

import asyncpg
import structlog
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.models import CronExpressionEntrypoint, Schedule
from pgqueuer.queries import Queries
from pgqueuer.sm import SchedulerManager
from pgqueuer.types import ScheduleId
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.core.clock import utc_now
from app.core.db import DATABASE_ERRORS, JOBS, arguments_of, settings_of
from app.jobs import queries

NIGHT: Final = "night"
BEAT: Final = "beat"
_DAY: Final = timedelta(days=1)
_AGAIN_AFTER: Final = timedelta(hours=1)


class _Names(DBSettings):
    """PgQueuer's names of what the migrations made, whatever variables of the environment say."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- as pydantic calls it
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


class _Rows(Queries):
    """PgQueuer's statements, so that no row is lost and none is released before it is put off."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        names = _Names(db_schema="jobs")
        super().__init__(
            AsyncpgPoolDriver(pool),
            QueryBuilderEnvironment(names),
            QueryQueueBuilder(names),
            QuerySchedulerBuilder(names),
        )
        self._pool = pool
        self.undone: dict[int, timedelta] = {}
        """In how long a row is due again when it is released."""

    async def insert_schedule(self, schedules: dict[CronExpressionEntrypoint, timedelta]) -> None:
        for each in schedules:
            if each.entrypoint == NIGHT:
                await queries.begin_schedule(self._pool, NIGHT, each.expression)
        await super().insert_schedule(schedules)

    async def fetch_schedule(
        self, entrypoints: dict[CronExpressionEntrypoint, timedelta]
    ) -> list[Schedule]:
        try:
            # the scheduler inserts at its start only, and would wait for ever for what was deleted
            await self.insert_schedule(entrypoints)
            return await super().fetch_schedule(entrypoints)
        except DATABASE_ERRORS as error:
            if not self.undone:
                raise
            # before it ends for this, the scheduler would wait for the night that is under way
            structlog.get_logger().warning("schedule_away", error=type(error).__name__)
            return []

    async def set_schedule_queued(self, ids: set[ScheduleId]) -> None:
        # where this fails the row stays taken, and half a minute later somebody takes it anew
        for each in ids & self.undone.keys():
            await queries.put_off(self._pool, each, self.undone.pop(each))
        await super().set_schedule_queued(ids)


async def keep(
    url: str, at: time, night: Callable[[], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Do `night` once a day at `at`, UTC, until `stop` is set and what is under way has ended.

    Any number of processes may keep the schedule of a database: one of them takes what is due. A
    night that nobody did when it was due is done as soon as somebody keeps the schedule, once. One
    whose process died is done within two minutes by another, or by its next. What a night was is
    asked of the records of runs: one that somebody did by hand is done, and one that did not come
    to its end is due again, in an hour or, after `stop`, at once.

    Args:
        url: Of the database, by a login that may become `joinder_jobs`.
        at: The time of day; hour and minute count.
        night: Does a nightly run. What it raises is logged, and it did not come to its end.
        stop: Set to end; `night` looks at it too.

    Raises:
        DATABASE_ERRORS: the database went away, or has not this schema; it may be kept again.
    """
    async with _connections(url) as pool:
        expression = f"{at.minute} {at.hour} * * *"
        rows = _Rows(pool)
        manager = SchedulerManager(rows)
        manager.shutdown = stop

        @manager.schedule(NIGHT, expression)
        async def take(due: Schedule) -> None:
            # the row has the next time already, by the database's clock; runs go by ours
            since = utc_now() - (due.updated - (due.next_run - _DAY))
            rows.undone[due.id] = _AGAIN_AFTER  # also when what follows raises
            is_done = await queries.was_done(pool, since=since)
            if not is_done:
                await night()
                is_done = await queries.was_done(pool, since=since)
            if is_done:
                del rows.undone[due.id]
            elif stop.is_set():
                rows.undone[due.id] = timedelta()

        @manager.schedule(BEAT, "* * * * *")
        async def beat(_: Schedule) -> None:
            """Do nothing: that the row is taken shows that somebody keeps the schedule.

            It also has the database asked every minute. The scheduler sleeps until it thinks that
            something is due, by its own clock, and would sleep through what another one left.
            """

        await manager.run()


async def end(url: str) -> None:
    """Forget the schedule of a database; who keeps it writes it anew within a minute.

    Raises:
        DATABASE_ERRORS: as above.
    """
    async with _connections(url) as pool:
        await queries.end_schedule(pool)


def _connections(url: str) -> asyncpg.Pool:
    """Return two connections at most, which come back by themselves; all waits for them end."""
    return asyncpg.create_pool(
        **arguments_of(url),
        min_size=1,
        max_size=2,
        timeout=5,
        command_timeout=15,
        server_settings=settings_of(JOBS),
    )
