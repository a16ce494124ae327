"""The queue before a thread: bounded, and never in the way of the event loop."""

import asyncio
import threading
import time
from itertools import pairwise

import pytest

from app.core.errors import UnavailableError
from app.core.turns import Turns
from app.evaluator.errors import EvaluatorBusyError
from app.identifiers import oprf
from tests.blinding import SEED

KEYS = oprf.key_for(SEED, "tel", 1)


async def test_one_more_than_may_wait_is_refused_and_the_others_are_done() -> None:
    turns, gate = Turns(1, 2, "test", EvaluatorBusyError), threading.Event()
    waiting = [asyncio.create_task(turns.run(gate.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(EvaluatorBusyError):
        await turns.run(gate.wait)
    gate.set()
    assert await asyncio.gather(*waiting) == [True, True]
    assert await turns.run(lambda: "free again") == "free again"


async def test_who_leaves_keeps_the_place_until_the_thread_is_done() -> None:
    turns, begun, gate = Turns(1, 2, "test"), threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return gate.wait()

    worked_on = asyncio.create_task(turns.run(work))
    assert await asyncio.to_thread(begun.wait, 10)
    waiting = asyncio.create_task(turns.run(lambda: True))
    await asyncio.sleep(0)
    for task in (worked_on, waiting):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    next_one = asyncio.create_task(turns.run(lambda: "the waiting one's place was free"))
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError):
        await turns.run(lambda: "not the other's, whose thread still works")
    gate.set()
    assert await next_one == "the waiting one's place was free"


async def test_the_loop_goes_on_while_a_thousand_elements_are_evaluated() -> None:
    elements = oprf.blind([bytes([n % 256, n // 256]) for n in range(1000)]).elements
    task = asyncio.create_task(Turns(1, 1, "test").run(lambda: oprf.evaluate(KEYS, elements)))
    ticks = [time.perf_counter()]
    while not task.done():
        await asyncio.sleep(0.001)
        ticks.append(time.perf_counter())
    waits = sorted(later - earlier for earlier, later in pairwise(ticks))
    assert len(waits) > 10
    assert waits[len(waits) // 2] < sum(waits) / 4  # blocked, one wait would be nearly all
