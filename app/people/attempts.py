"""Lock-out that counts before it checks: an attempt that is not counted cannot be made.

The count is committed before the guess is looked at, so neither a burst nor a rollback makes a
guess free. Counting then checking the other way lets dozens of parallel guesses through.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.people.models import SignInAttempts

ACCOUNT_LIMIT: Final = 5
IN_A_ROW_LIMIT: Final = 100
"""Attempts at an account between two whole sign-ins, however slowly they come: who knows a password
could else try four codes each quarter of an hour for ever (NIST SP 800-63B-4 section 3.2.2)."""
SOURCE_LIMIT: Final = 100
WINDOW: Final = timedelta(minutes=15)
FIRST_LOCK: Final = timedelta(minutes=15)
LONGEST_LOCK: Final = timedelta(hours=4)
"""How long a source is locked; an account is until an administrator releases it."""

REMEMBERED: Final = timedelta(days=30)
"""How long attempts at an account count as in a row when none comes."""

KEPT: Final = timedelta(days=365)
"""How long a locked account is remembered that nobody releases: most name nobody."""

_COUNT: Final = text("""
INSERT INTO sign_in_attempts AS a (key, counted, started_at, locks, in_a_row)
VALUES (:key, 1, :now, 0, CAST(:until_released AS boolean)::int)
ON CONFLICT (key) DO UPDATE SET
  (counted, started_at, locks, in_a_row, locked_until) = ROW (
    CASE WHEN coalesce(a.locked_until, a.started_at + CAST(:window AS interval)) <= :now THEN 1
         ELSE a.counted + 1 END,
    CASE WHEN coalesce(a.locked_until, a.started_at + CAST(:window AS interval)) <= :now THEN :now
         ELSE a.started_at END,
    CASE WHEN a.locked_until IS NULL AND a.started_at + CAST(:window AS interval) > :now
          AND a.counted + 1 >= :limit THEN a.locks + 1
         ELSE a.locks END,
    a.in_a_row + CAST(:until_released AS boolean)::int,
    CASE WHEN a.in_a_row + 1 >= :most AND CAST(:until_released AS boolean) THEN 'infinity'
         WHEN coalesce(a.locked_until, a.started_at + CAST(:window AS interval)) <= :now THEN NULL
         WHEN a.locked_until IS NULL AND a.counted + 1 >= :limit
         THEN CASE WHEN CAST(:until_released AS boolean) THEN 'infinity'
              ELSE :now + least(CAST(:first AS interval) * power(2, least(a.locks, 10)),
                                CAST(:longest AS interval)) END
         ELSE a.locked_until END)
RETURNING counted <= :limit AND in_a_row <= :most
""")
"""The last attempt that a limit lets through also sets the lock; success takes it away again.

Each lock of a source lasts twice as long as the one before; an account's until its release.
"""
_GIVE_BACK: Final = text("""
UPDATE sign_in_attempts
SET counted = counted - 1, in_a_row = greatest(0, in_a_row - 1),
  locked_until = CASE WHEN counted > :limit OR in_a_row > :most THEN locked_until END
WHERE key = :key AND counted > 0
""")


async def count(
    session: AsyncSession, source: bytes, account: bytes | None = None, *, now: datetime
) -> bool:
    """Count an attempt and return whether it may be made; commit before looking at the guess.

    Locks the rows of source and account in this order. A locked source costs no account anything.
    """
    return await _count(session, source, SOURCE_LIMIT, now) and (
        account is None
        or await _count(session, account, ACCOUNT_LIMIT, now, is_until_released=True)
    )


async def _count(
    session: AsyncSession, key: bytes, limit: int, now: datetime, *, is_until_released: bool = False
) -> bool:
    values = {"key": key, "limit": limit, "now": now, "window": WINDOW, "most": IN_A_ROW_LIMIT}
    values |= {"first": FIRST_LOCK, "longest": LONGEST_LOCK, "until_released": is_until_released}
    return bool((await session.execute(_COUNT, values)).scalar_one())


async def give_back(session: AsyncSession, source: bytes, account: bytes | None = None) -> None:
    """Take one count back: the guess was right, though a second factor may still be due."""
    most = {"most": IN_A_ROW_LIMIT}
    await session.execute(_GIVE_BACK, {"key": source, "limit": SOURCE_LIMIT, **most})
    if account is not None:
        await session.execute(_GIVE_BACK, {"key": account, "limit": ACCOUNT_LIMIT, **most})


async def forget(session: AsyncSession, key: bytes) -> None:
    """Forget the attempts at an account: somebody signed in to it whole."""
    await session.execute(delete(SignInAttempts).where(SignInAttempts.key == key))
