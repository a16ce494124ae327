import math
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.db import driver
from app.core.errors import EpochChangedError, FieldProblem, InvalidError
from app.core.ids import new_id
from app.core.jwt import PERMIT_SECONDS, SigningKey
from app.core.permits import Permit
from app.core.settings import RegistrySettings
from app.epochs.queries import get_epochs
from app.identifiers.kinds import KEY_CLASSES
from app.offices import queries as offices
from app.quotas import allowances, queries
from app.quotas.allowances import CLIENT, OFFICE, PERSON, Bucket, Share
from app.quotas.errors import (
    ImportPeriodError,
    QuotaExceededError,
    exceeded,
)
from app.quotas.models import ImportAllowance
from app.quotas.schemas import (
    FEED,
    OF_CASES_TO_COME,
    OF_STANDING_CASES,
    AllowanceRead,
    PermitAsk,
    PermitRead,
)

OF_LISTS: Final = {
    "suppression": Permission.SUPPRESSIONS_MANAGE,
    FEED: Permission.DEFENDANT_FEED_READ,
}
"""What who names no case must hold besides: nobody evaluates for a list that it may not use."""

LONGEST_IMPORT: Final = timedelta(days=92)
KEPT_FOR: Final = timedelta(days=30)
"""How long numbers of cases to come are remembered."""


async def give_permit(
    session: AsyncSession,
    principal: Principal,
    ask: PermitAsk,
    *,
    key: SigningKey,
    settings: RegistrySettings,
    now: datetime,
) -> PermitRead:
    """Debit an evaluation and return the permit for it; the audit keeps its cases and reason.

    The permit names the digest of one batch, so that it is worth that batch however often it is
    used, and a second permit for it is worth nothing more: it is not debited again. A class that
    an import allowance covers costs nothing of the ordinary one. Elements are blinded, so that
    they are of the cases which are named is the office's word; numbers of cases to come are
    remembered, and many that never come raise an alarm (app/alarms).

    Raises:
        MissingScopeError: the caller lacks `tokens:evaluate`, or what the list is for.
        AgreementNotInForceError: the office does not take part now.
        EpochChangedError: the epoch is not, or no longer, evaluated.
        InvalidError: the reason speaks of cases which the office does not hold.
        QuotaExceededError: nothing was debited.
    """
    principal.require(Permission.TOKENS_EVALUATE)
    principal.require(OF_LISTS.get(ask.reason, Permission.TOKENS_EVALUATE))
    principal.require_participation()
    if ask.epoch not in (await get_epochs(session)).accepted(now):
        raise EpochChangedError
    connection = await driver(session)
    if ask.reason in OF_STANDING_CASES:
        await _check_held(connection, principal, ask)
    digest = urlsafe_b64decode(ask.digest + "=")
    to_come = ask.refs if ask.reason in OF_CASES_TO_COME else []
    is_new = await queries.permit_batch(
        connection, digest, ask.counts, to_come, is_feed=ask.reason == FEED
    )
    if is_new is None:
        raise await refusal(connection, principal, ask.debits, now=now)
    detail = ask.model_dump(include={"reason", "epoch", "counts"})
    detail |= {"cases": [f"{system}/{number}" for system, number in ask.refs]}
    action = "evaluation.permitted" if is_new else "evaluation.permitted_again"
    await audit.record(session, principal, action, ask.digest, detail=detail)
    permit = Permit(
        str(principal.caller_id), principal.office_id, ask.epoch, ask.counts, ask.digest
    )
    minted = key.mint_permit(
        permit,
        issuer=settings.issuer,
        audience=settings.evaluator_audience,
        jti=new_id().hex,
        now=int(now.timestamp()),
    )
    return PermitRead(permit=minted, expires_in=PERMIT_SECONDS)


async def list_allowances(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> list[AllowanceRead]:
    """Return what the caller's office had evaluated of each class that it ever used or may import.

    Raises:
        MissingScopeError: the caller lacks `offices:read`.
    """
    principal.require(Permission.OFFICES_READ)
    connection = await driver(session)
    held = await queries.list_held(connection, f"office:{principal.office_id}")
    imports = await queries.list_imports(connection, principal.office_id, now=now)
    empty = Bucket(0, now, 0, now)
    found = []
    for key_class in sorted(held.keys() | imports.keys()):
        bucket = allowances.at(held.get(key_class, empty), key_class, OFFICE, now)
        of_period = allowances.of_period(key_class, OFFICE)
        found.append(
            AllowanceRead(
                key_class=key_class,
                used=round(bucket.spent),
                limit=int(OFFICE.burst * allowances.daily(key_class, OFFICE)),
                used_in_period=bucket.period_spent,
                limit_of_period=int(of_period) if math.isfinite(of_period) else None,
                imports_left=imports.get(key_class, 0),
            )
        )
    return found


async def open_import(
    session: AsyncSession,
    principal: Principal,
    office_code: str,
    *,
    elements: int,
    ends_at: datetime,
    now: datetime,
    key_classes: Iterable[str] = KEY_CLASSES,
) -> None:
    """Let an office have `elements` of each class evaluated besides its allowance, until a date.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
        ImportPeriodError: `ends_at` is past by now, or too far off.
    """
    principal.require(Permission.OFFICES_MANAGE)
    office = await offices.get_office(session, office_code)
    if not now < ends_at <= now + LONGEST_IMPORT:
        raise ImportPeriodError
    for key_class in key_classes:
        session.add(
            ImportAllowance(
                office_id=office.id,
                key_class=key_class,
                elements=elements,
                spent=0,
                opened_at=now,
                ends_at=ends_at,
            )
        )
    await session.flush()  # constraints speak before the audit entry is written
    detail = {"elements": elements, "ends_at": ends_at.isoformat()}
    await audit.record_of_office(
        session, principal, office.id, "import.opened", str(office.id), detail=detail
    )


async def forget_announced(
    session: AsyncSession, principal: Principal, *, now: datetime, limit: int
) -> int:
    """Delete the numbers that permits named 30 days ago; returns how many, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    return await queries.forget_announced(await driver(session), before=now - KEPT_FOR, limit=limit)


async def _check_held(connection: asyncpg.Connection, principal: Principal, ask: PermitAsk) -> None:
    absent = await queries.list_absent(connection, principal, ask.refs)
    if absent:
        advice = "Your office has posted no such case; for a case to come the reason is new_case."
        raise InvalidError(
            problems=tuple(FieldProblem(f"/cases/{n}", "case-absent", advice) for n in absent)
        )


async def debit(
    connection: asyncpg.Connection,
    principal: Principal,
    counts: Mapping[str, int],
    *,
    now: datetime,
) -> None:
    """Count elements by quota class against the allowances of the office and the caller.

    Raises:
        QuotaExceededError: nothing was debited.
    """
    if not await queries.debit(connection, counts):
        raise await refusal(connection, principal, counts, now=now)


async def refusal(
    connection: asyncpg.Connection,
    principal: Principal,
    counts: Mapping[str, int],
    *,
    now: datetime,
) -> QuotaExceededError:
    """Return what a refused debit is told: the class that has longest to wait, and until when."""
    imported = await queries.list_imported(connection, principal.office_id, counts, now=now)
    rest = {name: count for name, count in counts.items() if name not in imported} or counts
    shares = shares_of(principal)
    keys = [(holder, key_class) for holder in shares for key_class in rest]
    held = await queries.list_buckets(connection, keys)
    waits: list[tuple[str, timedelta | None]] = []
    for holder, key_class in keys:
        share = shares[holder]
        before = held.get((holder, key_class), Bucket(0, now, 0, now))
        bucket = allowances.at(before, key_class, share, now)
        waits.append((key_class, allowances.wait(bucket, key_class, share, rest[key_class])))
    key_class, wait = max(waits, key=lambda each: timedelta.max if each[1] is None else each[1])
    return exceeded(key_class, wait, now)


def shares_of(principal: Principal) -> dict[str, Share]:
    """Return whose allowances an evaluation is counted against: the office's and the caller's."""
    own = (f"person:{principal.person_id}", PERSON)
    if principal.person_id is None:
        own = (f"client:{principal.client_id}", CLIENT)
    return dict([(f"office:{principal.office_id}", OFFICE), own])
