"""Pairs that earlier transactions left to be found anew, because nobody waits for so many."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import MATCHING
from app.audit import service as audit
from app.core.clock import utc_now
from app.core.db import APP, DATABASE_ERRORS, MATCHER, Sessions, become, driver, transaction
from app.core.ids import OVERLAP, public_id
from app.core.items import attempt_all, failing, hidden_name
from app.overlaps.errors import EpochMovedError
from app.overlaps.keyring import Keyring
from app.overlaps.service import Matcher
from app.rematching import queries
from app.rematching.service import AT_ONCE, LEFT, CasePair, find_anew

PATIENCE: Final = timedelta(seconds=5)
"""How long `finish_all` waits for cases that others hold."""

_PAUSE: Final = timedelta(milliseconds=100)


async def finish(
    session: AsyncSession,
    matcher: Matcher,
    *,
    now: datetime,
    limit: int = AT_ONCE,
    office_id: int | None = None,
) -> int | None:
    """Find `limit` of the pairs anew that earlier transactions left; return how many.

    Pairs with a case that is being posted now are left again, and so is one that fails: 0 means
    that none could be done now, None that none is left but those that fail.
    Takes the gate, the lock of rematching and the cases, in this order and waiting for no case;
    so neither case changes meanwhile, and whatever changes a token of both waits or comes first.

    Raises:
        EpochMovedError: the matcher is of an epoch that is no longer the current one.
    """
    connection = await driver(session)
    await become(session, MATCHER)
    if await queries.enter(connection) != matcher.epoch:
        raise EpochMovedError
    await queries.lock(connection)
    claimed = await queries.claim(connection, limit, office_id)
    changed: list[audit.Entry] = []

    async def store(pairs: Sequence[CasePair]) -> None:
        events = await find_anew(connection, matcher, set(pairs), now=now)
        changed.extend(audit.Entry(what, public_id(OVERLAP, key)) for what, key in events)

    done = await attempt_all(session, {hidden_name(pair): pair for pair in claimed}, store)
    await queries.forget(connection, done)
    is_left = bool(done) or await queries.is_left(connection, besides=claimed)
    await become(session, APP)
    if changed:
        await audit.record_each(session, MATCHING, changed)
    return len(done) if is_left else None


async def finish_all(sessions: Sessions, keyring: Keyring) -> int:
    """Find all pairs anew that earlier transactions left, in one transaction for each batch.

    What is kept busy for longer than `PATIENCE` stays for the next that does this, and so does
    what fails, which is tried once.

    Raises:
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    done, until = 0, monotonic() + PATIENCE.total_seconds()
    failed: Mapping[str, str] = {}
    while monotonic() < until:
        async with transaction(sessions, MATCHING) as session:
            failed = failing(session, failed)
            matcher = await keyring.follow(session)
            limit = AT_ONCE + len(failed)  # those may be among the ones that are claimed
            count = await finish(session, matcher, now=utc_now(), limit=limit)
        if count is None:
            break
        if count == 0:  # who holds the case may end without matching it
            await asyncio.sleep(_PAUSE.total_seconds())
            continue
        done, until = done + count, monotonic() + PATIENCE.total_seconds()
    return done


async def finish_left(session: AsyncSession, sessions: Sessions, keyring: Keyring) -> None:
    """Finish what the transaction of `session`, which has committed, left; usually nothing."""
    if session.info.get(LEFT):
        await finish_backlog(sessions, keyring)


async def finish_backlog(sessions: Sessions, keyring: Keyring) -> None:
    """Finish what is left, by whomever; what fails waits for the next that does this."""
    try:
        await finish_all(sessions, keyring)
    except (*DATABASE_ERRORS, EpochMovedError) as error:  # type: ignore[misc]  # mypy unpacks no tuples here
        structlog.get_logger().warning("backlog_left", error=type(error).__name__)
