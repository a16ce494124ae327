"""Server-side sign-ins: a row behind a random secret that only the browser's cookie holds."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.identifiers.encoding import b64u_encode
from app.people import queries
from app.people.errors import SignInNeededError
from app.people.models import Person, SignIn
from app.people.queries import SignedIn

Method = Literal["password", "passkey", "provider", "enrolment"]

SECRET_BYTES: Final = 32
_TOUCH_EVERY: Final = timedelta(minutes=1)


def digest_of(secret: str) -> bytes:
    """Return what is stored of a sign-in's secret."""
    return hashlib.sha256(b"joinder/v1/sign-in\0" + secret.encode()).digest()


def csrf_token(secret: str) -> str:
    """Return the token that pages send with each change; it changes with the secret."""
    return b64u_encode(hashlib.sha256(b"joinder/v1/csrf\0" + secret.encode()).digest())


def _new_secret() -> str:
    return b64u_encode(secrets.token_bytes(SECRET_BYTES))


async def add(
    session: AsyncSession,
    person: Person,
    method: Method,
    *,
    now: datetime,
    proved_at: datetime | None = None,
) -> str:
    """Add a sign-in of `person`, whose row the caller has locked; returns its secret."""
    secret = _new_secret()
    session.add(
        SignIn(
            id=new_id(),
            digest=digest_of(secret),
            person_id=person.id,
            method=method,
            began_at=now,
            seen_at=now,
            proved_at=proved_at,
        )
    )
    person.last_signed_in_at = now
    await session.flush()  # constraints speak before the audit entry is written
    return secret


async def find(session: AsyncSession, secret: str, *, now: datetime) -> SignedIn:
    """Return who is signed in with `secret`, and count the request against idleness.

    The instant is stored once a minute, so an idle sign-in ends up to a minute early.

    Raises:
        SignInNeededError: nobody is, or not any more.
    """
    signed = await queries.get_signed_in(session, digest_of(secret), now=now)
    if signed is None:
        raise SignInNeededError
    if signed.seen_at <= now - _TOUCH_EVERY:
        await session.execute(update(SignIn).where(SignIn.id == signed.id).values(seen_at=now))
    return signed


async def rotate(
    session: AsyncSession, sign_in_id: UUID, *, proved_at: datetime | None = None
) -> str:
    """Give a sign-in a new secret, because more depends on it from now on; returns the secret.

    `proved_at` is stored unless it is None.

    Raises:
        SignInNeededError: it was ended meanwhile.
    """
    secret = _new_secret()
    kept = await session.scalar(
        update(SignIn)
        .where(SignIn.id == sign_in_id)
        .values(digest=digest_of(secret), proved_at=func.coalesce(proved_at, SignIn.proved_at))
        .returning(SignIn.id)
    )
    if kept is None:
        raise SignInNeededError
    return secret


async def end(session: AsyncSession, sign_in_id: UUID) -> None:
    """End one sign-in."""
    await session.execute(delete(SignIn).where(SignIn.id == sign_in_id))


async def end_all(session: AsyncSession, people: list[UUID], *, besides: UUID | None = None) -> int:
    """End every sign-in of people whose rows the caller has locked; returns how many."""
    of_them = delete(SignIn).where(SignIn.person_id.in_(people))
    if besides is not None:
        of_them = of_them.where(SignIn.id != besides)
    return len((await session.scalars(of_them.returning(SignIn.id))).all())
