"""What is asked without a post, subjects and lists: counted, and what is left."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.db import driver
from app.quotas import allowances, queries
from app.quotas.allowances import LISTING, QUICK_CHECK, Bucket
from app.quotas.service import debit, refusal, shares_of

LOOKS_AT_ONCE: Final = 20
"""How many looks at single overlaps are counted together."""


async def count_checked(
    session: AsyncSession, principal: Principal, subjects: int, *, now: datetime
) -> int:
    """Count subjects against the allowances of the office and the caller; return what is left.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        QuotaExceededError: nothing was debited.
    """
    principal.require(Permission.OVERLAPS_READ)
    await debit(await driver(session), principal, {QUICK_CHECK: subjects}, now=now)
    return (await read_left(session, principal, [QUICK_CHECK], now=now))[QUICK_CHECK]


@asynccontextmanager
async def within_listing(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    is_newest: bool = False,
    permission: Permission = Permission.OVERLAPS_READ,
) -> AsyncIterator[None]:
    """Count a page of overlaps, or a network, that is read meanwhile, for office and caller.

    The page of the newest costs nothing: whoever opens it again is told no more, and pages of one
    office need not wait for each other. Where the allowance is used up nothing is read. It is
    counted at the end, which is to be that of the transaction: from then on whatever else the
    office has counted waits. Who finds it used up only then is refused too, which undoes what the
    page had recorded.

    Raises:
        MissingScopeError: the caller lacks `permission`.
        QuotaExceededError: nothing was debited.
    """
    principal.require(permission)
    async with _within(session, principal, 0 if is_newest else 1, now=now):
        yield


@asynccontextmanager
async def within_look(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    draw: Callable[[int], int] = secrets.randbelow,
) -> AsyncIterator[None]:
    """Count one overlap, or those of one case, that are read meanwhile: as one page, on average.

    One in `LOOKS_AT_ONCE` is counted, as so many, so that the rest need not wait for each other;
    nobody can tell which it will be. All are refused alike where so many do not fit any more.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        QuotaExceededError: nothing was debited.
    """
    principal.require(Permission.OVERLAPS_READ)
    is_drawn = draw(LOOKS_AT_ONCE) == 0
    async with _within(session, principal, LOOKS_AT_ONCE, now=now, is_counted=is_drawn):
        yield


@asynccontextmanager
async def _within(
    session: AsyncSession,
    principal: Principal,
    count: int,
    *,
    now: datetime,
    is_counted: bool = True,
) -> AsyncIterator[None]:
    if not count:
        yield
        return
    connection, counts = await driver(session), {LISTING: count}
    if (await _left(connection, principal, [LISTING], now=now))[LISTING] < count:
        raise await refusal(connection, principal, counts, now=now)
    yield
    if is_counted:
        await debit(connection, principal, counts, now=now)


async def read_left(
    session: AsyncSession, principal: Principal, classes: Iterable[str], *, now: datetime
) -> dict[str, int]:
    """Return by class how many more elements the caller may have counted now.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    return await _left(await driver(session), principal, classes, now=now)


async def _left(
    connection: asyncpg.Connection, principal: Principal, classes: Iterable[str], *, now: datetime
) -> dict[str, int]:
    shares = shares_of(principal)
    asked = list(classes)
    keys = [(holder, each) for holder in shares for each in asked]
    stored = await queries.list_buckets(connection, keys)
    nothing = Bucket(0.0, now, 0, now)
    return {
        each: min(
            allowances.left(
                allowances.at(stored.get((holder, each), nothing), each, share, now), each, share
            )
            for holder, share in shares.items()
        )
        for each in asked
    }
