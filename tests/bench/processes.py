"""Work beside the benchmark's own process: the load client and the bare application."""

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_own_process(act: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Run `act` in a fresh process and return what it returns."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, partial(act, *arguments, **options))
