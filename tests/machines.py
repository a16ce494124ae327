"""Lives of a state machine beside a model of its own (hypothesis, stateful)."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.factories import Registry

T = TypeVar("T")


class Machine(RuleBasedStateMachine):
    """A machine whose steps are coroutines of the event loop that the registry lives in."""

    registry: ClassVar[Registry]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def do(self, step: Coroutine[Any, Any, T]) -> T:
        """Return what a step comes to; hypothesis itself knows no coroutines."""
        return asyncio.run_coroutine_threadsafe(step, self.loop).result()


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
