"""Registering second factors and taking them away: each person its own, after a recent proof."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.people import passkeys, queries, service, sign_ins, totp
from app.people.errors import FactorError, PasskeyNotFoundError, TooManyPasskeysError
from app.people.factors import recovery_digest
from app.people.gate import Caller, Gate
from app.people.models import Passkey, RecoveryCode
from app.people.queries import SignedIn
from app.people.schemas import FactorsRead, PasskeyAdd, PasskeyRead, TotpOffer, TotpRegister
from app.people.seal import SealError

OFFER_LIFE: Final = timedelta(minutes=10)
RECOVERY_CODES: Final = 10
MOST_PASSKEYS: Final = 20
"""Of one person: more than anybody has devices."""
_CODE_BYTES: Final = 10


async def offer_totp(gate: Gate, signed: SignedIn, *, now: datetime) -> TotpOffer:
    """Return a new secret for the person's app; nothing is stored before a code comes back.

    Raises:
        StepUpNeededError, BannerNotAcknowledgedError, SecondFactorNeededError: see
            `service.require_recent`.
    """
    service.require_recent(signed, now=now)
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    offer = gate.seal.lend(f"totp-offer:{signed.person_id}", secret, until=now + OFFER_LIFE)
    return TotpOffer(
        secret=totp.text(secret),
        address=totp.address(secret, account=signed.account, office=signed.office),
        offer=b64u_encode(offer),
    )


async def register_totp(
    session: AsyncSession,
    gate: Gate,
    signed: SignedIn,
    body: TotpRegister,
    caller: Caller,
    *,
    now: datetime,
) -> tuple[str, list[str]]:
    """Take an app's secret in place of an older one; returns the sign-in's new secret and codes.

    Raises:
        FactorError: the offer is too old or somebody else's, or the code is wrong.
        StepUpNeededError, BannerNotAcknowledgedError, SecondFactorNeededError: as above.
    """
    service.require_recent(signed, now=now)
    try:
        sealed = b64u_decode(body.offer)
        purpose = f"totp-offer:{signed.person_id}"
        secret, until = gate.seal.take_back(purpose, sealed, now=now)
    except (SealError, ValueError):
        raise FactorError from None
    step = totp.step_of(secret, body.code, now=now)
    person = await service.own_person(session, signed)
    if step is None or not await passkeys.spend(session, sealed, until):
        raise FactorError
    person.totp_sealed = gate.seal.close(f"totp:{person.id}", secret)
    person.totp_step = step
    return await _registered(session, signed, "totp", caller, now=now)


async def offer_passkey(
    session: AsyncSession, gate: Gate, signed: SignedIn, *, now: datetime
) -> dict[str, Any]:
    """Return what the browser needs to make a passkey; nothing is stored.

    Raises:
        StepUpNeededError, BannerNotAcknowledgedError, SecondFactorNeededError: as above.
    """
    service.require_recent(signed, now=now)
    known = await queries.list_passkeys(session, signed.person_id)
    return passkeys.creation_options(gate, signed, known, now=now)


async def register_passkey(
    session: AsyncSession,
    gate: Gate,
    signed: SignedIn,
    body: PasskeyAdd,
    caller: Caller,
    *,
    now: datetime,
) -> tuple[str, list[str]]:
    """Add a passkey; returns the sign-in's new secret and new recovery codes.

    Raises:
        FactorError: not made here, for this person, just now, and with user verification.
        TooManyPasskeysError: the person has as many as one may have.
        StepUpNeededError, BannerNotAcknowledgedError, SecondFactorNeededError: as above.
    """
    service.require_recent(signed, now=now)
    purpose = passkeys.registering(signed.person_id)
    challenge = await passkeys.spend_challenge(session, gate, purpose, body.credential, now=now)
    made = passkeys.verify_new(gate, body.credential, challenge) if challenge else None
    if made is None:
        raise FactorError
    await service.own_person(session, signed)
    if len(await queries.list_passkeys(session, signed.person_id)) >= MOST_PASSKEYS:
        raise TooManyPasskeysError
    added = await session.scalar(
        insert(Passkey)
        .values(
            credential_id=made.credential_id,
            person_id=signed.person_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            label=body.label,
            added_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Passkey.credential_id)
    )
    if added is None:
        raise FactorError
    return await _registered(session, signed, "passkey", caller, now=now)


async def renew_recovery_codes(
    session: AsyncSession, signed: SignedIn, caller: Caller, *, now: datetime
) -> tuple[str, list[str]]:
    """Make recovery codes in place of the older ones; returns the sign-in's new secret and them.

    Raises:
        FactorError: the person has no factor that they could stand in for.
        StepUpNeededError, BannerNotAcknowledgedError, SecondFactorNeededError: as above.
    """
    service.require_recent(signed, now=now)
    await service.own_person(session, signed)
    if not signed.has_factor:
        raise FactorError
    return await _registered(session, signed, "recovery_codes", caller, now=now)


async def _registered(
    session: AsyncSession, signed: SignedIn, kind: str, caller: Caller, *, now: datetime
) -> tuple[str, list[str]]:
    """End the other sign-ins, which lack what is new; return new secret and recovery codes."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == signed.person_id))
    codes = [
        base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode() for _ in range(RECOVERY_CODES)
    ]
    rows = [{"person_id": signed.person_id, "digest": recovery_digest(code)} for code in codes]
    await session.execute(insert(RecoveryCode).values(rows))
    await sign_ins.end_all(session, [signed.person_id], besides=signed.id)
    secret = await sign_ins.rotate(session, signed.id, proved_at=now)
    await audit.record(
        session,
        signed.principal(caller.request_id),
        "factor.registered",
        str(signed.person_id),
        detail={"kind": kind},
    )
    return secret, codes


async def remove_passkey(
    session: AsyncSession, signed: SignedIn, key: str, caller: Caller, *, now: datetime
) -> None:
    """Take away a passkey of the caller, by the id that `read_factors` gives.

    Raises:
        PasskeyNotFoundError: the caller has none with this id.
        StepUpNeededError, BannerNotAcknowledgedError, SecondFactorNeededError: as above.
    """
    service.require_recent(signed, now=now)
    try:
        credential_id = b64u_decode(key)
    except ValueError:
        raise PasskeyNotFoundError from None
    removed = await session.scalar(
        delete(Passkey)
        .where(Passkey.credential_id == credential_id, Passkey.person_id == signed.person_id)
        .returning(Passkey.credential_id)
    )
    if removed is None:
        raise PasskeyNotFoundError
    await audit.record(
        session, signed.principal(caller.request_id), "factor.removed", str(signed.person_id)
    )


async def read_factors(session: AsyncSession, signed: SignedIn) -> FactorsRead:
    """Return what the caller can sign in with.

    Raises:
        SignInNeededError: the caller was disabled meanwhile.
    """
    person = await service.own_person(session, signed)
    return FactorsRead(
        has_password=person.password_digest is not None,
        has_totp=person.totp_sealed is not None,
        passkeys=[
            PasskeyRead(
                id=b64u_encode(each.credential_id), label=each.label, added_at=each.added_at
            )
            for each in await queries.list_passkeys(session, person.id)
        ],
        recovery_codes_left=await queries.count_recovery_codes(session, person.id),
    )


async def forget(session: AsyncSession, person_id: UUID) -> None:
    """Take away every passkey and recovery code of a person whose row is locked."""
    await session.execute(delete(Passkey).where(Passkey.person_id == person_id))
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
