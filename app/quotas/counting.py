"""What is asked without a post, subjects and lists: counted, and what is left."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.db import driver
from app.quotas import allowances, queries
from app.quotas.allowances import LISTING, QUICK_CHECK, Bucket
from app.quotas.service import debit, refusal, shares_of


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
    session: AsyncSession, principal: Principal, *, now: datetime, is_newest: bool = False
) -> AsyncIterator[None]:
    """Count a page of overlaps, or a network, that is read meanwhile, for office and caller.

    The page of the newest costs nothing: whoever opens it again is told no more, and pages of one
    office need not wait for each other. Where the allowance is used up nothing is read. It is
    counted at the end, which is to be that of the transaction: from then on whatever else the
    office has counted waits. Who finds it used up only then is refused too, which undoes what the
    page had recorded.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        QuotaExceededError: nothing was debited.
    """
    principal.require(Permission.OVERLAPS_READ)
    if is_newest:
        yield
        return
    connection = await driver(session)
    if (await read_left(session, principal, [LISTING], now=now))[LISTING] < 1:
        raise await refusal(connection, principal, {LISTING: 1}, now=now)
    yield
    await debit(connection, principal, {LISTING: 1}, now=now)


async def read_left(
    session: AsyncSession, principal: Principal, classes: Iterable[str], *, now: datetime
) -> dict[str, int]:
    """Return by class how many more elements the caller may have counted now.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    shares = shares_of(principal)
    asked = list(classes)
    keys = [(holder, each) for holder in shares for each in asked]
    stored = await queries.list_buckets(await driver(session), keys)
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
