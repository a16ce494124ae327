"""The nightly run that `joinder serve` starts."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from app.serving.installation import Installation
from app.serving.night import first_due, next_after, start
from tests.database import run
from tests.factories import Registry


@pytest.mark.parametrize(
    ("now", "at", "due"),
    [
        ("2026-03-01T01:59:59", "02:00", "2026-03-01T02:00:00"),
        ("2026-03-01T02:00:00", "02:00", "2026-03-02T02:00:00"),
        ("2026-02-28T23:30:00", "00:10", "2026-03-01T00:10:00"),
    ],
)
def test_the_next_night_is_the_next_time_that_it_is_so_late(now: str, at: str, due: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert next_after(moment, time.fromisoformat(at)) == expected


@pytest.mark.long
def test_a_run_is_a_process_that_does_every_step(
    fresh_database_url: str, keys_directory: Path
) -> None:
    here = Installation(fresh_database_url, fresh_database_url, keys_directory)
    assert start(here).wait() == 0

    async def states() -> set[tuple[str, str]]:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            rows = await registry.rows(
                "SELECT r.state, s.state FROM runs r JOIN run_steps s ON s.run_id = r.id"
            )
            return {(row[0], row[1]) for row in rows}

    assert run(states()) == {("succeeded", "succeeded")}


def test_a_night_that_was_missed_or_stopped_is_made_up_for(
    fresh_database_url: str, keys_directory: Path
) -> None:
    here = Installation(fresh_database_url, fresh_database_url, keys_directory)
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    next_night, hour = datetime(2026, 3, 5, 2, tzinfo=UTC), time(2)

    async def begun(state: str, ago: timedelta, *, is_whole: bool = True, late: int = 0) -> None:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            await registry.rows(
                "INSERT INTO runs (id, state, is_dry, is_whole, as_of, started_at, finished_at)"
                " VALUES (gen_random_uuid(), :state, false, :is_whole, :day, :at, :at) RETURNING 1",
                state=state,
                is_whole=is_whole,
                day=now - ago - timedelta(days=late),
                at=now - ago,
            )

    assert first_due(here, hour, now) == next_night  # nothing ever ran here
    run(begun("succeeded", timedelta(hours=11)))
    assert first_due(here, hour, now) == now
    run(begun("interrupted", timedelta(hours=10)))
    assert first_due(here, hour, now) == now
    run(begun("succeeded", timedelta(hours=10), is_whole=False))
    assert first_due(here, hour, now) == now
    run(begun("succeeded", timedelta(hours=10), late=1))  # as at the end of a day before
    assert first_due(here, hour, now) == now
    run(begun("failed", timedelta(hours=10)))  # its steps that failed are tried again tomorrow
    assert first_due(here, hour, now) == next_night
