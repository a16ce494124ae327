"""Which key epochs are in force. Posts and the switch to a new one meet at one advisory lock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

GATE: Final = 0x4A4F4550
"""Advisory lock: a post holds it shared from its first token on, the switch holds it alone."""

_STANDING: Final = text(
    "SELECT epoch, state, accepted_until FROM key_epochs WHERE state <> 'ended'"
)
_CURRENT: Final = "SELECT epoch FROM key_epochs WHERE state = 'current'"
_SET_CHECK: Final = text(
    "UPDATE key_epochs SET key_check = :check WHERE epoch = :epoch AND key_check IS NULL"
)
_CHECK: Final = text("SELECT key_check FROM key_epochs WHERE epoch = :epoch")
_HAS_ANY: Final = text("SELECT EXISTS (SELECT FROM key_epochs)")
_FIRST: Final = text(
    "INSERT INTO key_epochs (epoch, state, began_at, switched_at)"
    " SELECT :epoch, 'current', :now, :now WHERE NOT EXISTS (SELECT FROM key_epochs)"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True)
class Epochs:
    """The key epochs as they stand."""

    current: int
    next: int | None = None
    """What old tokens are being lifted to."""
    previous: int | None = None
    accepted_until: datetime | None = None
    """Until when posts under `previous` are taken."""

    def accepted(self, now: datetime) -> list[int]:
        """Return the epochs under which tokens may be made and posted, the current one first."""
        if self.previous is None or self.accepted_until is None or self.accepted_until <= now:
            return [self.current]
        return [self.current, self.previous]


async def get_epochs(session: AsyncSession) -> Epochs:
    """Return the epochs that have not ended; there is always a current one."""
    rows = {row.state: row for row in await session.execute(_STANDING)}
    later, earlier = rows.get("next"), rows.get("previous")
    return Epochs(
        rows["current"].epoch,
        later.epoch if later else None,
        earlier.epoch if earlier else None,
        earlier.accepted_until if earlier else None,
    )


async def get_current(connection: asyncpg.Connection) -> int:
    """Return the current epoch as it is now, to a transaction that works on the driver."""
    found: int = await connection.fetchval(_CURRENT)
    return found


async def has_any(session: AsyncSession) -> bool:
    """Return whether the database has tokens of any keys, or had: the first start says which."""
    return bool(await session.scalar(_HAS_ANY))


async def is_key_of(session: AsyncSession, epoch: int, check: bytes) -> bool:
    """Return whether `check` is that of the epoch's token key; the first one given becomes it."""
    await session.execute(_SET_CHECK, {"epoch": epoch, "check": check})
    return bool(await session.scalar(_CHECK, {"epoch": epoch}) == check)


async def ensure_first(session: AsyncSession, epoch: int, *, now: datetime) -> None:
    """Make `epoch` the current one if the database knows none yet."""
    await session.execute(_FIRST, {"epoch": epoch, "now": now})


async def close_gate(connection: asyncpg.Connection) -> None:
    """Wait for the posts under way and hold off further ones until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", GATE)


async def begin_next(connection: asyncpg.Connection, epoch: int) -> None:
    """Record that tokens are being lifted to `epoch`; once recorded, nothing changes."""
    await connection.execute(
        "INSERT INTO key_epochs (epoch, state, began_at) VALUES ($1, 'next', now())"
        " ON CONFLICT DO NOTHING",
        epoch,
    )


async def switch(connection: asyncpg.Connection, grace_seconds: float) -> None:
    """Make the next epoch the current one, and the current one the previous."""
    await connection.execute(
        "UPDATE key_epochs SET state = 'previous',"
        " accepted_until = now() + make_interval(secs => $1) WHERE state = 'current'",
        grace_seconds,
    )
    await connection.execute(
        "UPDATE key_epochs SET state = 'current', switched_at = now() WHERE state = 'next'"
    )
