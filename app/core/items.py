"""Items of a step that hold up no other one: each is done whole or not at all, once in a run."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from hashlib import blake2b
from secrets import token_bytes
from typing import Final, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import is_passing, savepoint
from app.core.errors import AppError, UnavailableError

Item = TypeVar("Item")
_FAILED: Final = "failed items"
_OF_ONE: Final = ("57014", "55P03", "40P01")
"""SQLSTATEs of what takes too long, or stands in the way of somebody: other items may not."""
_OF_PROCESS: Final = token_bytes(32)


def hidden_name(item: object) -> str:
    """Return what the log may call an item that tells who meets; nobody can follow it back."""
    return blake2b(repr(item).encode(), key=_OF_PROCESS, digest_size=8).hexdigest()


async def attempt(session: AsyncSession, item: str, work: Callable[[], Awaitable[None]]) -> bool:
    """Do `work` on one item, or undo what it did and note why; return whether it was done.

    It then stays as it was, and this run leaves it alone. What would fail at any item, as when the
    database is away, is raised. The log has the name `item`, so that must tell nobody who meets.
    """
    failed: dict[str, str] = session.info.setdefault(_FAILED, {})
    if item in failed:
        return False
    try:
        async with _whole(session):
            await work()
    except Exception as error:
        if _is_of_all(error):
            raise
        failed[item] = error.code if isinstance(error, AppError) else type(error).__name__
        structlog.get_logger().error("item_failed", item=item, error=failed[item])
        return False
    return True


async def attempt_all(
    session: AsyncSession, items: Mapping[str, Item], work: Callable[[list[Item]], Awaitable[None]]
) -> list[Item]:
    """Do `work` on items together, or, if that fails, on each by itself; return those done."""
    failed: dict[str, str] = session.info.setdefault(_FAILED, {})
    left = {name: item for name, item in items.items() if name not in failed}
    if not left:
        return []
    try:
        async with _whole(session):
            await work(list(left.values()))
    except Exception as error:
        if _is_of_all(error):
            raise
    else:
        return list(left.values())
    return [
        item for name, item in left.items() if await attempt(session, name, partial(work, [item]))
    ]


@asynccontextmanager
async def _whole(session: AsyncSession) -> AsyncIterator[None]:
    """Undo what is done inside when it fails, and with it what the session counted of it."""
    counted = [(each, each.copy()) for each in session.info.values() if isinstance(each, Counter)]
    try:
        async with savepoint(session):
            yield
    except BaseException:
        for counter, before in counted:
            counter.clear()
            counter.update(before)
        raise


def _is_of_all(error: Exception) -> bool:
    """Return whether any item would have failed."""
    if isinstance(error, UnavailableError):
        return True
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    return is_passing(error) and sqlstate not in _OF_ONE


def failing(session: AsyncSession, before: Mapping[str, str]) -> Mapping[str, str]:
    """Return why items fail, from now on in a session and `before` in this run."""
    failed: dict[str, str] = dict(before)
    session.info[_FAILED] = failed
    return failed
