"""Signing in with a local account, and what people do with a sign-in of their own.

The steps that take a `Gate` are several transactions: an attempt is counted and committed before
it is looked at, and no connection is held while a password is hashed.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import StepUpNeededError
from app.access.principal import STEP_UP_FOR
from app.audit import service as audit
from app.core.db import transaction
from app.core.errors import UnavailableError
from app.core.ids import public_id
from app.people import attempts, enrolment, passwords, queries, sign_ins
from app.people.errors import (
    BannerChangedError,
    BannerNotAcknowledgedError,
    SecondFactorNeededError,
    SignInNeededError,
    SignInRefusedError,
)
from app.people.gate import Caller, Gate
from app.people.models import Person, SignIn
from app.people.queries import ABSOLUTE, IDLE, SignedIn
from app.people.schemas import EnrolmentUse, PasswordSignIn, SignInRead
from app.people.sign_ins import Method

PREFIX: Final = "psn"


async def sign_in_with_password(
    gate: Gate, body: PasswordSignIn, caller: Caller, *, now: datetime
) -> str:
    """Begin a sign-in with a local account's password; returns its secret.

    Raises:
        SignInRefusedError: for whatever reason; an account that does not exist takes as long.
        UnavailableError: too many passwords are being checked.
    """
    key = gate.account_key(body.office, body.account)
    async with transaction(gate.sessions) as session:
        known = await queries.get_person_by_account(session, body.office, body.account)
        is_open = await attempts.count(session, caller.source, key, now=now)
        if not is_open:
            await record_refusal(session, caller, known, "locked")
    if not is_open:
        raise SignInRefusedError
    digest = known.password_digest if known is not None and known.disabled_at is None else None
    renewed = digest
    try:
        is_right = await gate.hasher.is_right(digest, body.password)
        if is_right and digest is not None and gate.hasher.is_outdated(digest):
            renewed = await gate.hasher.digest(body.password)
    except UnavailableError:  # a guess that nobody looked at must lock nobody out
        async with transaction(gate.sessions) as session:
            await attempts.give_back(session, caller.source, key)
        raise
    secret = None
    async with transaction(gate.sessions) as session:
        person = await queries.lock_person(session, known.id) if is_right and known else None
        if person is None or person.disabled_at or person.password_digest != digest:
            await record_refusal(session, caller, known, "password")
        else:
            person.password_digest = renewed
            secret = await begin_sign_in(session, person, "password", caller, now=now)
            await attempts.give_back(session, caller.source, key)
            if not person.is_password_short and not await queries.has_factor(session, person):
                await attempts.forget(session, key)
    if secret is None:
        raise SignInRefusedError
    return secret


async def enrol(gate: Gate, body: EnrolmentUse, caller: Caller, *, now: datetime) -> str:
    """Set the first password with the administrator's code and begin a sign-in.

    Raises:
        SignInRefusedError: the code is unknown, used or too old, or the source is locked.
        PasswordError: the password is too short or too easy to guess; the code stays good.
    """
    digest = enrolment.digest_of(body.code)
    async with transaction(gate.sessions) as session:
        is_open = await attempts.count(session, caller.source, now=now)
        found = await queries.get_person_by_enrolment(session, digest, now=now)
        known = found if is_open else None
        if known is None:
            await record_refusal(session, caller, None, "enrolment")
        else:
            office = await queries.get_office(session, known.office_id)
    if known is None:
        raise SignInRefusedError
    passwords.check(body.password, (office.code, office.name, known.account, known.name))
    hashed = await gate.hasher.digest(body.password)
    secret = None
    async with transaction(gate.sessions) as session:
        person = await queries.lock_person(session, known.id)
        if person is None or person.disabled_at or person.enrolment_digest != digest:
            await record_refusal(session, caller, known, "enrolment")
        else:
            enrolment.spend(person)
            person.password_digest = hashed
            person.is_password_short = passwords.is_short(body.password)
            secret = await begin_sign_in(session, person, "enrolment", caller, now=now)
            await attempts.give_back(session, caller.source)
            # the code is an administrator's, who so releases the account
            await attempts.forget(session, gate.account_key(office.code, person.account))
    if secret is None:
        raise SignInRefusedError
    return secret


async def change_password(
    gate: Gate, signed: SignedIn, password: str, caller: Caller, *, now: datetime
) -> str:
    """Set another password and end the person's other sign-ins; returns the own one's new secret.

    Raises:
        StepUpNeededError: the second factor, or the sign-in without one, is not recent.
        PasswordError: the password is too short or too easy to guess.
        UnavailableError: too many passwords are being checked.
    """
    require_recent(signed, now=now)
    async with transaction(gate.sessions) as session:
        office = await queries.get_office(session, signed.office_id)
    passwords.check(password, (office.code, office.name, signed.account, signed.name))
    hashed = await gate.hasher.digest(password)
    async with transaction(gate.sessions) as session:
        person = await own_person(session, signed)
        person.password_digest = hashed
        person.is_password_short = passwords.is_short(password)
        await sign_ins.end_all(session, [person.id], besides=signed.id)
        secret = await sign_ins.rotate(session, signed.id)
        await audit.record(
            session, signed.principal(caller.request_id), "password.changed", str(person.id)
        )
    return secret


async def acknowledge_banner(
    session: AsyncSession,
    gate: Gate,
    signed: SignedIn,
    sha256: str,
    caller: Caller,
    *,
    now: datetime,
) -> None:
    """Record that the notice was shown and acknowledged in this sign-in.

    Raises:
        BannerChangedError: another text was shown than the one in force.
    """
    if sha256 != gate.banner_sha256:
        raise BannerChangedError
    await session.execute(update(SignIn).where(SignIn.id == signed.id).values(acknowledged_at=now))
    await audit.record(
        session,
        signed.principal(caller.request_id),
        "banner.acknowledged",
        str(signed.id),
        detail={"sha256": sha256},
    )


async def sign_out(
    session: AsyncSession, signed: SignedIn, caller: Caller, *, everywhere: bool = False
) -> int:
    """End the sign-in, or all of the person; returns how many were ended."""
    if everywhere:
        person = await own_person(session, signed)
        ended = await sign_ins.end_all(session, [person.id])
    else:
        await sign_ins.end(session, signed.id)
        ended = 1
    await _record_ended(session, signed, caller, ended)
    return ended


async def list_sign_ins(session: AsyncSession, signed: SignedIn, *, now: datetime) -> list[SignIn]:
    """Return the caller's own sign-ins that are in force, the one used last first."""
    return await queries.list_sign_ins(session, signed.person_id, now=now)


async def end_others(session: AsyncSession, signed: SignedIn, caller: Caller) -> int:
    """End the person's sign-ins besides this one; returns how many were ended."""
    person = await own_person(session, signed)
    ended = await sign_ins.end_all(session, [person.id], besides=signed.id)
    await _record_ended(session, signed, caller, ended)
    return ended


async def _record_ended(
    session: AsyncSession, signed: SignedIn, caller: Caller, ended: int
) -> None:
    await audit.record(
        session,
        signed.principal(caller.request_id),
        "sign_in.ended",
        str(signed.id),
        detail={"ended": ended},
    )


async def begin_sign_in(
    session: AsyncSession,
    person: Person,
    method: Method,
    caller: Caller,
    *,
    now: datetime,
    proved_at: datetime | None = None,
) -> str:
    """Begin and audit a sign-in of a person whose row is locked; returns its secret."""
    secret = await sign_ins.add(session, person, method, now=now, proved_at=proved_at)
    await audit.record(
        session,
        caller.principal(person.id, person.office_id),
        "sign_in.begun",
        str(person.id),
        detail={"method": method, "source": caller.source_id},
    )
    return secret


async def record_refusal(
    session: AsyncSession, caller: Caller, person: Person | None, why: str
) -> None:
    """Audit a refused attempt; the caller raises after this transaction."""
    person_id = None if person is None else person.id
    await audit.record(
        session,
        caller.principal(None, 0 if person is None else person.office_id),
        "sign_in.refused",
        str(person_id or ""),
        detail={"why": why, "source": caller.source_id},
    )


def require_recent(signed: SignedIn, *, now: datetime) -> None:
    """Refuse unless this person proved a short while ago who it is.

    Without any second factor, having just signed in is the proof. Registering the first factor
    must be possible in a sign-in that lacks it.

    Raises:
        BannerNotAcknowledgedError, SecondFactorNeededError: the sign-in is not complete.
        StepUpNeededError: the proof is too old.
    """
    if signed.next_step == "acknowledge_banner":
        raise BannerNotAcknowledgedError
    if signed.next_step == "give_second_factor":
        raise SecondFactorNeededError
    proved_at = signed.proved_at
    if not signed.has_factor:
        proved_at = max(signed.began_at, proved_at or signed.began_at)
    if proved_at is None or proved_at <= now - STEP_UP_FOR:
        raise StepUpNeededError


async def own_person(session: AsyncSession, signed: SignedIn) -> Person:
    """Return the signed-in person's row, locked.

    Raises:
        SignInNeededError: it was disabled meanwhile.
    """
    person = await queries.lock_person(session, signed.person_id)
    if person is None or person.disabled_at is not None:
        raise SignInNeededError
    return person


async def show(session: AsyncSession, secret: str, *, now: datetime) -> SignInRead:
    """Return what the page of the person who is signed in with `secret` needs.

    Raises:
        SignInNeededError: nobody is, or not any more.
    """
    signed = await sign_ins.find(session, secret, now=now)
    return SignInRead.model_validate(
        {
            "person_id": public_id(PREFIX, signed.person_id),
            "office": signed.office,
            "account": signed.account,
            "name": signed.name,
            "roles": signed.roles,
            "next_step": signed.next_step,
            "proved_at": signed.proved_at,
            "ends_at": signed.began_at + ABSOLUTE,
            "idle_seconds": int(IDLE.total_seconds()),
            "csrf_token": sign_ins.csrf_token(secret),
        }
    )
