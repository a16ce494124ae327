"""The page of nightly runs: progress while one runs, then what became of each step."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.errors import ConflictError
from app.jobs.nightly import run
from app.jobs.steps import Step, steps
from app.web import run_words
from app.web.run_routes import PER_PAGE
from tests.factories import Registry
from tests.scenes import make_offices
from tests.web.pages import reader

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def rest(session: AsyncSession, *, limit: int, now: datetime) -> int:
    """Have nothing to do."""
    del session, limit, now
    return 0


async def fail(
    session: AsyncSession, *, limit: int, now: datetime, office_id: int | None = None
) -> int:
    """Fail."""
    del session, limit, now, office_id
    raise ConflictError


class TestRuns:
    async def test_are_followed_while_they_run_and_compared_when_they_are_over(
        self, shared_registry: Registry
    ) -> None:
        begun, end = asyncio.Event(), asyncio.Event()

        async def wait(session: AsyncSession, *, limit: int, now: datetime) -> int:
            del session, limit, now
            begun.set()
            await end.wait()
            return 0

        (office,) = await make_offices(shared_registry, 1)
        auditor = await reader(shared_registry, office, Role.AUDITOR)
        operator, now = shared_registry.operator, utc_now()
        await run(operator, [Step("runs.forget", rest), Step("waits", rest)], as_of=now)
        second = [Step("runs.forget", rest), Step("waits", wait), Step("overlaps.recount", fail)]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run(operator, second, as_of=now))
            await begun.wait()
            for headers in ({}, PART):
                shown = (await auditor.get("/runs", **headers)).text
                assert 'hx-trigger="every 3s"' in shown
                assert "1 of 2 steps" in shown  # as many as the run before had
                assert 'href="/runs">show it again' in shown
                assert ("<!doctype" in shown) == (not headers)
            end.set()
        ended = (await auditor.get("/runs")).text
        assert "hx-trigger" not in ended
        newest = ended.partition("Earlier runs")[0]
        assert "Nothing of your office's was due." in newest
        assert '<details class="j-more" open>' in newest  # there is a step that failed
        assert "<code>overlaps.recount</code>" in newest
        assert "runs.forget" not in newest
        assert "than the last whole run" in newest or "as the last whole run" in newest
        for words in (">A step failed<", "<code>conflict</code>", "Not taken then"):
            assert newest.count(words) == 1, words
        assert newest.count('<td data-label="Last whole run">As before</td>') == 2
        assert run_words.STEPS["runs.forget"] in newest

    async def test_are_compared_with_whole_ones_alone_however_long_ago(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        auditor = await reader(shared_registry, office, Role.AUDITOR)
        operator, now = shared_registry.operator, utc_now()
        both = [Step("runs.forget", fail), Step("events.forget", rest)]
        await run(operator, both, as_of=now)
        for _ in range(PER_PAGE):  # so that the page itself has no whole one
            await run(operator, [Step("runs.forget", rest)], as_of=now, is_whole=False)
        await run(operator, both, as_of=now, is_dry=True)
        await run(operator, both[1:], as_of=now - timedelta(days=2), is_whole=False)
        newest = (await auditor.get("/runs")).text.partition("Earlier runs")[0]
        assert newest.count("some steps only") == 1
        assert newest.count("As before") == 1
        assert "the last whole run" not in newest  # how long it took says nothing
        assert "As of" in newest
        await run(operator, [Step("runs.forget", rest)], as_of=now)
        newest = (await auditor.get("/runs")).text.partition("Earlier runs")[0]
        assert newest.count("Failed before") == 1
        assert '<details class="j-more">' in newest
        assert "some steps only" not in newest

    async def test_have_words_for_every_step(self, shared_registry: Registry) -> None:
        taken = {step.name for step in steps(shared_registry.app.state.intake)}
        assert run_words.STEPS.keys() == taken


def test_durations_name_the_units_that_matter() -> None:
    for seconds, text in ((0.42, "0.4 s"), (125, "2 min 5 s"), (3_725, "1 h 2 min")):
        assert run_words.duration(timedelta(seconds=seconds)) == text
