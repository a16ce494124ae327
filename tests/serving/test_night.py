"""The nightly run that `joinder serve` starts."""

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from app.serving.installation import Installation
from app.serving.night import next_after, start
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
