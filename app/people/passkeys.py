"""Passkeys of people: what each challenge is for, and that it is answered once.

A challenge is a sealed value with an expiry: giving one out stores nothing, and its first answer
spends it, right or wrong.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.people.gate import Gate
from app.people.models import Passkey, SpentChallenge
from app.people.queries import SignedIn
from app.people.seal import SealError

if TYPE_CHECKING:
    from webauthn.registration.verify_registration_response import VerifiedRegistration

SIGN_IN: Final = "passkey-sign-in"


def proving(person_id: UUID) -> str:
    """Return the purpose of a challenge for somebody who is signed in already."""
    return f"passkey-proof:{person_id}"


def registering(person_id: UUID) -> str:
    """Return the purpose of a challenge for a new passkey."""
    return f"passkey-registration:{person_id}"


def request_options(gate: Gate, purpose: str, *, now: datetime) -> dict[str, Any]:
    """Return options of `navigator.credentials.get` for any passkey of this registry."""
    from app.people import ceremonies  # noqa: PLC0415 -- see there

    return ceremonies.request_options(gate, purpose, now=now)


def creation_options(
    gate: Gate, signed: SignedIn, known: Sequence[Passkey], *, now: datetime
) -> dict[str, Any]:
    """Return options of `navigator.credentials.create` for a device that is not in `known`."""
    from app.people import ceremonies  # noqa: PLC0415 -- see there

    purpose = registering(signed.person_id)
    return ceremonies.creation_options(gate, purpose, signed, known, now=now)


async def spend_challenge(
    session: AsyncSession, gate: Gate, purpose: str, credential: Mapping[str, Any], *, now: datetime
) -> bytes | None:
    """Return the challenge that `credential` answers, None unless it is ours and answered first.

    Commit before the answer is looked at: a wrong answer must spend the challenge too.
    """
    from app.people import ceremonies  # noqa: PLC0415 -- see there

    challenge = ceremonies.challenge_of(credential)
    if challenge is None:
        return None
    try:
        _, until = gate.seal.take_back(purpose, challenge, now=now)
    except SealError:
        return None
    return challenge if await spend(session, challenge, until) else None


async def spend(session: AsyncSession, value: bytes, until: datetime) -> bool:
    """Return whether `value`, good until then, is used for the first time."""
    fresh = await session.scalar(
        insert(SpentChallenge)
        .values(digest=hashlib.sha256(value).digest(), expires_at=until)
        .on_conflict_do_nothing()
        .returning(SpentChallenge.expires_at)
    )
    return fresh is not None


def verify_new(
    gate: Gate, credential: Mapping[str, Any], challenge: bytes
) -> "VerifiedRegistration | None":
    """Return the new credential, None unless this origin's user made it and was verified."""
    from app.people import ceremonies  # noqa: PLC0415 -- see there

    return ceremonies.verify_new(gate, credential, challenge)


async def use(
    session: AsyncSession,
    gate: Gate,
    passkey: Passkey,
    credential: Mapping[str, Any],
    challenge: bytes,
) -> bool:
    """Return whether `passkey` signed `challenge` for a verified user, and note its count."""
    from app.people import ceremonies  # noqa: PLC0415 -- see there

    count = ceremonies.verified_count(gate, passkey, credential, challenge)
    return count is not None and await _advance(session, passkey, count)


def credential_id(credential: Mapping[str, Any]) -> bytes:
    """Return the id that an answer names, empty when it names none."""
    from app.people import ceremonies  # noqa: PLC0415 -- see there

    return ceremonies.credential_id(credential)


async def _advance(session: AsyncSession, passkey: Passkey, count: int) -> bool:
    """Store the signature count; False when a copy of the passkey was quicker."""
    moved = await session.scalar(
        update(Passkey)
        .where(
            Passkey.credential_id == passkey.credential_id,
            (Passkey.sign_count < count) | ((Passkey.sign_count == 0) & (count == 0)),
        )
        .values(sign_count=count)
        .returning(Passkey.credential_id)
    )
    return moved is not None
