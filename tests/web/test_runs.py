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
from tests.factories import Registry
from tests.scenes import make_offices
from tests.web.pages import reader

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def rest(session: AsyncSession, *, limit: int, now: datetime) -> int:
    """Have nothing to do."""
    del session, limit, now
    return 0


async def fail(session: AsyncSession, *, limit: int, now: datetime) -> int:
    """Fail."""
    del session, limit, now
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
        under_way = asyncio.create_task(run(operator, second, as_of=now))
        await begun.wait()
        for headers in ({}, PART):
            shown = (await auditor.get("/runs", **headers)).text
            assert 'hx-trigger="every 3s"' in shown
            assert "1 of 2 steps" in shown  # as many as the run before had
            assert 'href="/runs">show it again' in shown
            assert ("<!doctype" in shown) == (not headers)
        end.set()
        await under_way
        ended = (await auditor.get("/runs")).text
        assert "hx-trigger" not in ended
        newest = ended.partition("Earlier runs")[0]
        for words in (">A step failed<", "<code>conflict</code>", "Not taken in the run before"):
            assert newest.count(words) == 1, words
        assert newest.count('<td data-label="Run before">As before</td>') == 2
        assert run_words.STEPS["runs.forget"] in newest

    async def test_have_words_for_every_step(self, shared_registry: Registry) -> None:
        taken = {step.name for step in steps(shared_registry.app.state.intake)}
        assert run_words.STEPS.keys() == taken


def test_durations_name_the_units_that_matter() -> None:
    for seconds, text in ((0.42, "0.4 s"), (125, "2 min 5 s"), (3_725, "1 h 2 min")):
        assert run_words.duration(timedelta(seconds=seconds)) == text
