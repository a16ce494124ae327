"""Items of a step that hold up no other one: each is done whole or not at all, once in a run."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import is_passing, savepoint
from app.core.errors import AppError

_FAILED: Final = "failed items"
_OF_ONE: Final = ("57014", "55P03", "40P01")
"""SQLSTATEs of what takes too long, or stands in the way of somebody: other items may not."""


async def attempt(session: AsyncSession, item: str, work: Callable[[], Awaitable[None]]) -> bool:
    """Do `work` on one item, or undo what it did and note why; return whether it was done.

    The item, an opaque name, then stays as it was, and this run leaves it alone. What would fail
    at any item, as when the database is away, is raised.
    """
    failed: dict[str, str] = session.info.setdefault(_FAILED, {})
    if item in failed:
        return False
    try:
        async with savepoint(session):
            await work()
    except Exception as error:
        sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
        if is_passing(error) and sqlstate not in _OF_ONE:
            raise
        failed[item] = error.code if isinstance(error, AppError) else type(error).__name__
        structlog.get_logger().error("item_failed", item=item, error=failed[item])
        return False
    return True


def failing(session: AsyncSession, before: Mapping[str, str]) -> Mapping[str, str]:
    """Return why items fail, from now on in a session and `before` in this run."""
    failed: dict[str, str] = dict(before)
    session.info[_FAILED] = failed
    return failed
