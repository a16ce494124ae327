"""Second factors as they are given, and passkeys as a way to sign in."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core.db import transaction
from app.people import attempts, passkeys, queries, service, sign_ins, totp
from app.people.errors import BannerNotAcknowledgedError, SignInRefusedError
from app.people.gate import Caller, Gate
from app.people.models import Passkey, Person, RecoveryCode
from app.people.queries import SignedIn
from app.people.schemas import FactorGive
from app.people.seal import SealError


async def give_second_factor(
    gate: Gate, signed: SignedIn, given: FactorGive, caller: Caller, *, now: datetime
) -> str:
    """Complete a sign-in, or step up in one; returns its new secret.

    Guesses count against the account together with those at its password; the guess that locks it
    also ends the sign-in.

    Raises:
        BannerNotAcknowledgedError: the notice comes first.
        SignInRefusedError: wrong, used before, or locked.
    """
    if signed.acknowledged_at is None:
        raise BannerNotAcknowledgedError
    key = gate.account_key(signed.office, signed.account)
    challenge = None
    async with transaction(gate.sessions) as session:
        is_open = await attempts.count(session, caller.source, key, now=now)
        if given.passkey is not None:
            purpose = passkeys.proving(signed.person_id)
            challenge = await passkeys.spend_challenge(
                session, gate, purpose, given.passkey, now=now
            )
    secret = None
    async with transaction(gate.sessions) as session:
        person = await service.own_person(session, signed)
        kind = await _right_factor(session, gate, person, given, challenge, now) if is_open else ""
        if kind:
            secret = await sign_ins.rotate(session, signed.id, proved_at=now)
            await attempts.give_back(session, caller.source)
            await attempts.forget(session, key)
            principal = signed.principal(caller.request_id)
            detail = {"kind": kind, "source": caller.source_id}
            await audit.record(session, principal, "factor.given", str(person.id), detail=detail)
        else:
            if not is_open:
                await sign_ins.end(session, signed.id)
            await service.record_refusal(session, caller, person, "factor" if is_open else "locked")
    if secret is None:
        raise SignInRefusedError
    return secret


async def _right_factor(
    session: AsyncSession,
    gate: Gate,
    person: Person,
    given: FactorGive,
    challenge: bytes | None,
    now: datetime,
) -> str:
    """Return the kind of a right factor, which is used up by this, else an empty text."""
    if given.totp is not None:
        return "totp" if await _take_totp(session, gate, person, given.totp, now) else ""
    if given.recovery_code is not None:
        used = await session.scalar(
            delete(RecoveryCode)
            .where(
                RecoveryCode.person_id == person.id,
                RecoveryCode.digest == recovery_digest(given.recovery_code),
            )
            .returning(RecoveryCode.person_id)
        )
        return "recovery_code" if used is not None else ""
    passkey = await _right_passkey(session, gate, given.passkey or {}, challenge)
    return "passkey" if passkey is not None and passkey.person_id == person.id else ""


async def _take_totp(
    session: AsyncSession, gate: Gate, person: Person, code: str, now: datetime
) -> bool:
    if person.totp_sealed is None:
        return False
    try:
        secret = gate.seal.open(f"totp:{person.id}", person.totp_sealed)
    except SealError:  # of another app secret, as after a restored backup: enroll again
        return False
    step = totp.step_of(secret, code, now=now)
    taken = await session.scalar(
        update(Person)
        .where(Person.id == person.id, Person.totp_step < (step or 0))
        .values(totp_step=step)
        .returning(Person.id)
    )
    return taken is not None


async def _right_passkey(
    session: AsyncSession, gate: Gate, credential: Mapping[str, Any], challenge: bytes | None
) -> Passkey | None:
    passkey = await queries.get_passkey(session, passkeys.credential_id(credential))
    if passkey is None or challenge is None:
        return None
    is_right = await passkeys.use(session, gate, passkey, credential, challenge)
    return passkey if is_right else None


async def sign_in_with_passkey(
    gate: Gate, credential: Mapping[str, Any], caller: Caller, *, now: datetime
) -> str:
    """Begin a complete sign-in: a passkey with user verification is two factors; its secret.

    A locked account can be signed in to like this: there is nothing to guess.

    Raises:
        SignInRefusedError: unknown, of somebody disabled, not verified, or replayed.
    """
    async with transaction(gate.sessions) as session:
        is_open = await attempts.count(session, caller.source, now=now)
        challenge = await passkeys.spend_challenge(
            session, gate, passkeys.SIGN_IN, credential, now=now
        )
    secret = None
    async with transaction(gate.sessions) as session:
        named = await queries.get_passkey(session, passkeys.credential_id(credential))
        # the person first, as everywhere: who resets one takes its passkeys away after that
        person = await queries.lock_person(session, named.person_id) if named and is_open else None
        if person and not await _right_passkey(session, gate, credential, challenge):
            person = None
        if person is None or person.disabled_at is not None:
            await service.record_refusal(session, caller, person, "passkey")
        else:
            secret = await service.begin_sign_in(
                session, person, "passkey", caller, now=now, proved_at=now
            )
            await attempts.give_back(session, caller.source)
    if secret is None:
        raise SignInRefusedError
    return secret


def recovery_digest(code: str) -> bytes:
    """Return what is stored of a recovery code, however it was typed."""
    plain = code.replace("-", "").replace(" ", "").upper()
    return hashlib.sha256(b"joinder/v1/recovery\0" + plain.encode()).digest()
