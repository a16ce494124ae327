"""New keys for old tokens, without the offices (docs/adr/0010-key-rotation.md).

    begin    the next epoch is recorded; its seed, token key and deltas are files
    lift     shard by shard, each one transaction: tokens of both epochs stand side by side
    switch   behind the gate: the last subjects are lifted, and posts go to the new epoch
    drop     tokens of the epoch before go, in batches
    finish   after the time of grace: its keys are destroyed

Each step may be interrupted anywhere and started again. The operator, who opens and seals elements,
becomes the matcher for what reads or writes tokens.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.clock import utc_now
from app.core.db import JOBS, MATCHER, Sessions, become, driver, transaction
from app.epochs import queries as epoch_queries
from app.epochs.queries import get_current, get_epochs
from app.offices import queries as offices
from app.overlaps.sealing import create_sealer
from app.rotation import queries
from app.rotation.errors import EpochStillTakenError, OldTokensLeftError, RotationUnderWayError
from app.rotation.lifting import Lifter
from app.rotation.rows import SealedSubject
from app.rotation.secrets import RotationKeys
from app.suppressions import queries as suppressions

GRACE: Final = timedelta(hours=24)
"""How long posts under the epoch before are taken and lifted at the door."""

SHARD: Final = 200
"""Subjects of one transaction: a fraction of a second, in which posts of their cases wait."""

MOST_BEHIND_THE_GATE: Final = 1000
"""Subjects that may be left for the switch, during which every post waits."""

DROP_BATCH: Final = 2000
_AGAIN: Final = timedelta(seconds=0.2)
"""How long what others hold rows of is left to them before it is tried once more."""

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Told how many subjects are done, of how many."""


@dataclass(frozen=True)
class Rotation:
    """A rotation under way: who does it, where, and with which keys.

    The sessions are of the operator's role, with a login that can become the matcher.
    """

    sessions: Sessions
    principal: Principal
    keys: RotationKeys
    shard: int = SHARD
    most_behind_the_gate: int = MOST_BEHIND_THE_GATE


async def begin_epoch(session: AsyncSession, principal: Principal) -> int:
    """Record the next epoch, if none is under way, and return its number.

    Raises:
        MissingScopeError: the caller is not the operator.
        RotationUnderWayError: the epoch before the current one has not ended yet.
    """
    principal.require(Permission.OFFICES_MANAGE)
    epochs = await get_epochs(session)
    if epochs.previous is not None:
        raise RotationUnderWayError
    if epochs.next is None:
        await epoch_queries.begin_next(await driver(session), epochs.current + 1)
        await audit.record(session, principal, "key_epoch.begun", str(epochs.current + 1))
    return epochs.current + 1


async def lift_all(rotation: Rotation, progress: Progress) -> None:
    """Lift subjects until few are left; posts go on meanwhile, under the epoch before."""
    lifter, key_id = await _lifter(rotation)
    epoch, done = rotation.keys.epoch, 0
    left = await _in_transaction(rotation, lambda c: queries.count_unlifted(c, epoch))
    while left:
        after, lifted = 0, 0
        while True:
            last, count = await _lift_shard(rotation, lifter, key_id, after)
            if last is None:
                break
            after, lifted, done = last, lifted + count, done + count
            progress(done, max(done, left))
        left = await _in_transaction(rotation, lambda c: queries.count_unlifted(c, epoch))
        if left <= rotation.most_behind_the_gate or not lifted:
            break
        left += done


async def _lift_shard(
    rotation: Rotation, lifter: Lifter, key_id: UUID, after: int
) -> tuple[int | None, int]:
    """Lift one shard; return its last subject, None at the end, and how many were lifted."""
    epoch = rotation.keys.epoch
    async with transaction(rotation.sessions) as session:
        connection = await driver(session)
        claimed = await queries.claim(connection, after, epoch, rotation.shard)
        if not claimed:
            return None, 0
        found = await queries.list_unlifted(connection, epoch, claimed, rotation.shard)
        await _store(session, lifter, found, epoch=epoch, sealing_key_id=key_id)
    return claimed[-1], len(found)


async def _store(
    session: AsyncSession,
    lifter: Lifter,
    subjects: Sequence[SealedSubject],
    *,
    epoch: int,
    sealing_key_id: UUID,
) -> None:
    """Lift subjects and store them; the session is the operator's, and then the matcher's."""
    connection = await driver(session)
    lifted = lifter.lift(subjects)
    await queries.reseal(connection, lifted, sealing_key_id)
    await become(session, MATCHER)
    await queries.store(connection, lifted, epoch=epoch)


async def switch(rotation: Rotation, *, grace: timedelta = GRACE) -> None:
    """Lift what is left and make the epoch the current one, in one transaction.

    Sightings that a post let take room since they were lifted aside follow here, and so do the
    entries of suppression lists, each of which has one token at a time.

    Posts wait for it. One that began under the epoch before is refused with 503 and repeated.
    """
    lifter, key_id = await _lifter(rotation)
    epoch = rotation.keys.epoch
    async with transaction(rotation.sessions) as session:
        connection = await driver(session)
        await epoch_queries.close_gate(connection)
        while found := await queries.list_unlifted(connection, epoch, None, rotation.shard):
            await _store(session, lifter, found, epoch=epoch, sealing_key_id=key_id)
            await become(session, JOBS)
        await become(session, MATCHER)
        while moved := await queries.list_moved_since(connection, epoch, rotation.shard):
            await queries.take_back(connection, moved, epoch)
            await become(session, JOBS)
            found = await queries.list_lifted(connection, moved)
            await _store(session, lifter, found, epoch=epoch, sealing_key_id=key_id)
        await become(session, JOBS)
        while entries := await suppressions.list_unlifted(connection, epoch, SHARD):
            await become(session, MATCHER)
            await suppressions.store_lifted(
                connection, lifter.lift_entries(entries), epoch=epoch, sealing_key_id=key_id
            )
            await become(session, JOBS)
        await epoch_queries.switch(connection, grace.total_seconds())
        await audit.record(session, rotation.principal, "key_epoch.switched", str(epoch))


async def drop_old(sessions: Sessions) -> int:
    """Drop the tokens of epochs before the current one and return how many they were."""
    dropped, is_done = 0, False
    while not is_done:
        after: bytes | None = b""
        while after is not None:
            async with transaction(sessions) as session:
                await become(session, MATCHER)
                connection = await driver(session)
                current = await get_current(connection)
                after, gone = await queries.drop_old(connection, after, current, DROP_BATCH)
                dropped += gone
        async with transaction(sessions) as session:
            is_done = not await _has_old(session)
        if not is_done:
            await asyncio.sleep(_AGAIN.total_seconds())  # others hold rows of theirs
    return dropped


async def finish(session: AsyncSession, principal: Principal, *, now: datetime) -> int:
    """End the previous epoch and return its number; its key files are the caller's to destroy.

    Raises:
        MissingScopeError: the caller is not the operator.
        RotationUnderWayError: no epoch waits for its end.
        EpochStillTakenError: posts under it are still taken.
        OldTokensLeftError: tokens of it are not dropped yet.
    """
    principal.require(Permission.OFFICES_MANAGE)
    epochs = await get_epochs(session)
    if epochs.previous is None:
        raise RotationUnderWayError("No earlier key epoch waits for its end.")
    if epochs.previous in epochs.accepted(now):
        raise EpochStillTakenError
    if await _has_old(session):
        raise OldTokensLeftError
    await queries.end(await driver(session), epochs.previous)
    await audit.record(session, principal, "key_epoch.ended", str(epochs.previous))
    return epochs.previous


async def _has_old(session: AsyncSession) -> bool:
    await become(session, MATCHER)
    connection = await driver(session)
    is_left = await queries.has_old(connection, await get_current(connection))
    await become(session, JOBS)
    return is_left


async def list_match_specs(
    session: AsyncSession, principal: Principal
) -> list[tuple[str, dict[int, int]]]:
    """Return by office code how many subjects are under which match specification.

    A change of the normalizer needs posting again. Until all have, tokens of both versions lie
    side by side, and match within their version only: the version is part of every input.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    known = await offices.list_offices(session)
    await become(session, MATCHER)
    counts = await queries.count_match_specs(await driver(session))
    return [(office.code, counts.get(office.id, {})) for office in known]


async def _lifter(rotation: Rotation) -> tuple[Lifter, UUID]:
    keys = rotation.keys
    sealer = await create_sealer(
        rotation.sessions, keys.rotation_public, epoch=keys.epoch, now=utc_now()
    )
    return Lifter(keys, sealer), sealer.key_id


async def _in_transaction(
    rotation: Rotation, act: Callable[[queries.Connection], Awaitable[T]]
) -> T:
    async with transaction(rotation.sessions) as session:
        return await act(await driver(session))
