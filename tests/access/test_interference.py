"""What is hidden changes nothing of what another office hears."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.campaigns.twins import ACTS, Step, steps, transcripts
from tests.database import Template
from tests.factories import Registry


@pytest.fixture(scope="module")
async def twins(
    database_template: Template, keys_directory: Path
) -> AsyncIterator[tuple[Registry, Registry]]:
    with database_template.clone() as one, database_template.clone() as two:
        async with (
            Registry.started(one, keys_directory) as first,
            Registry.started(two, keys_directory) as second,
        ):
            yield first, second


class TestTwins:
    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(sequence=steps)
    async def test_are_never_told_apart(
        self, twins: tuple[Registry, Registry], sequence: list[Step]
    ) -> None:
        """Many more: `python -m tests.campaigns.twins --sequences 2000`."""
        first, second = await transcripts(twins, [("hide", 0, 0, "silent"), *sequence])
        assert first == second

    async def test_are_alike_in_all_that_gathers_overlaps(
        self, twins: tuple[Registry, Registry]
    ) -> None:
        """The hidden case shares a subject with each of mine, and with the other office's."""
        gathering = ("network", "check", "checks", "follow-ups", "follow-up", "contact", "looks")
        sequence: list[Step] = [
            *(("hide", 0, whom, "silent") for whom in range(2)),
            *(("other puts", 1, whom, "open") for whom in range(2)),
            *(("put", place, 1, "open") for place in range(2)),
            *((what, place, 1, "open") for what in gathering for place in range(2)),
        ]
        first, second = await transcripts(twins, sequence)
        assert first == second
        assert any(answer and answer[2].count('"overlap_id"') for answer in first)

    async def test_are_alike_after_a_night(self, twins: tuple[Registry, Registry]) -> None:
        """Of hidden cases one ends, one is held, and a grant of one is about to end."""
        sequence: list[Step] = [
            *(("put", place, place, "open") for place in range(3)),
            *(("hide", place, place, "silent") for place in range(3)),
            *((what, 0, 0, "open") for what in ("hold", "give held")),
            ("let pass", 2, 0, "open"),
            ("other puts", 1, 0, "open"),
            *((what, 0, 0, "open") for what in ("night", "events", "runs", "overlaps", "page")),
        ]
        first, second = await transcripts(twins, sequence)
        assert first == second
        assert first[-4][2].count('"type"') == 1, "of the other office's case"

    async def test_are_alike_on_pages(self, twins: tuple[Registry, Registry]) -> None:
        """What is hidden changes no list, count, form or answer that a person is shown."""
        pages = [each for each in ACTS if each.startswith("page")]
        sequence: list[Step] = [
            *(("hide", 0, whom, "silent") for whom in range(2)),
            ("other puts", 1, 0, "open"),
            *(("put", place, place, "open") for place in range(2)),
            *((what, place, 0, "open") for what in pages for place in range(2)),
        ]
        first, second = await transcripts(twins, sequence)
        assert first == second
        assert {answer[0] for answer in first if answer} == {200, 201}
        shown = [step for step in sequence if step[0] != "hide"]
        first, second = await transcripts(twins, shown, reveal=True)
        told = {step[0] for step, a, b in zip(shown, first, second, strict=True) if a != b}
        assert {"page", "page of queue", "page of case", "page of check"} <= told

    async def test_are_told_apart_by_what_is_open(self, twins: tuple[Registry, Registry]) -> None:
        first, second = await transcripts(twins, [("put", 0, 0, "open")], reveal=True)
        assert first != second
