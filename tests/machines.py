"""Lives of a state machine beside a model of its own (hypothesis, stateful)."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from itertools import permutations
from typing import Any, ClassVar, TypeVar

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from app.core.errors import AppError
from tests.factories import Registry
from tests.scenes import at_once

T = TypeVar("T")
State = TypeVar("State")


def several(one: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """Return who acts at one moment: one, two of any kind, or two who do the same."""
    return st.one_of(
        one.map(lambda each: [each]),
        st.lists(one, min_size=2, max_size=2),
        one.map(lambda each: [each, each]),
    )


class Machine(RuleBasedStateMachine):
    """A machine whose steps are coroutines of the event loop that the registry lives in."""

    registry: ClassVar[Registry]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def do(self, step: Coroutine[Any, Any, T]) -> T:
        """Return what a step comes to; hypothesis itself knows no coroutines."""
        return asyncio.run_coroutine_threadsafe(step, self.loop).result()

    def race(
        self,
        state: State,
        rivals: Sequence[T],
        act: Callable[[T], Coroutine[Any, Any, object]],
        take: Callable[[State, T], tuple[State, str]],
        lock: str,
        **values: Any,
    ) -> State:
        """Let rivals act while `lock` holds a row; return where they lead, one after another.

        What each is told must be what the model tells it in one and the same order of them.
        """
        acts = [told(act(rival)) for rival in rivals]
        answers = self.do(at_once(self.registry, lock, acts, **values))
        for order in permutations(range(len(rivals))):
            reached, expected = state, list(answers)
            for place in order:
                reached, expected[place] = take(reached, rivals[place])
            if expected == answers:
                return reached
        raise AssertionError(f"{rivals} were told {answers} at {state}")


async def told(act: Coroutine[Any, Any, object]) -> str:
    """Return "" of what succeeds, else why not: the code, and where the thing is by now."""
    try:
        answer = await act
    except AppError as refused:
        return " ".join([refused.code, *refused.extensions.values()])
    return refusal(answer) if isinstance(answer, httpx.Response) else ""


def refusal(answer: httpx.Response) -> str:
    """Return as `told` does what an answer says."""
    problem = {} if answer.is_success else answer.json()
    return " ".join(problem[name] for name in ("code", "status_now") if name in problem)


async def trails(registry: Registry, ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return what is audited of each of these things, in its order."""
    rows = await registry.rows(
        "SELECT object, array_agg(action ORDER BY id) FROM audit_entries"
        " WHERE object = ANY (:ids) GROUP BY 1",
        ids=[*ids],
    )
    return {row[0]: tuple(row[1]) for row in rows}


async def live(machine: type[Machine], registry: Registry, *, examples: int, steps: int) -> None:
    """Live so many lives of at most so many steps; the first difference fails."""
    machine.registry, machine.loop = registry, asyncio.get_running_loop()
    asked = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=asked)
