from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.db import driver
from app.core.errors import EpochChangedError
from app.core.ids import new_id
from app.core.jwt import PERMIT_SECONDS, SigningKey
from app.core.permits import Permit
from app.core.settings import RegistrySettings
from app.epochs.queries import get_epochs
from app.identifiers.kinds import KEY_CLASSES
from app.offices import queries as offices
from app.quotas import allowances, queries
from app.quotas.allowances import CLIENT_BURST, OFFICE_BURST, Bucket
from app.quotas.errors import AgreementNotInForceError, exceeded
from app.quotas.models import ImportAllowance
from app.quotas.schemas import PermitAsk, PermitRead

LONGEST_IMPORT: Final = timedelta(days=92)


async def give_permit(
    session: AsyncSession,
    principal: Principal,
    ask: PermitAsk,
    *,
    key: SigningKey,
    settings: RegistrySettings,
    now: datetime,
) -> PermitRead:
    """Debit an evaluation and return the permit for it.

    The permit names the digest of one batch, so that it is worth that batch however often it is
    used. A class that an import allowance covers costs nothing of the ordinary one.

    Raises:
        MissingScopeError: the caller lacks `tokens:evaluate`.
        AgreementNotInForceError: the office does not take part now.
        EpochChangedError: the epoch is not, or no longer, evaluated.
        QuotaExceededError: nothing was debited.
    """
    principal.require(Permission.TOKENS_EVALUATE)
    if not principal.is_participating:
        raise AgreementNotInForceError
    if ask.epoch not in (await get_epochs(session)).accepted(now):
        raise EpochChangedError
    await _debit(session, principal, ask.counts, now=now)
    detail = {"purpose": ask.purpose, "epoch": ask.epoch, "counts": ask.counts}
    await audit.record(session, principal, "evaluation.permitted", ask.digest, detail=detail)
    permit = Permit(
        str(principal.client_id), principal.office_id, ask.epoch, ask.counts, ask.digest
    )
    minted = key.mint_permit(
        permit,
        issuer=settings.issuer,
        audience=settings.evaluator_audience,
        jti=new_id().hex,
        now=int(now.timestamp()),
    )
    return PermitRead(permit=minted, expires_in=PERMIT_SECONDS)


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
    """
    principal.require(Permission.OFFICES_MANAGE)
    office = await offices.get_office(session, office_code)
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
    await audit.record(session, principal, "import.opened", str(office.id), detail=detail)


async def _debit(
    session: AsyncSession, principal: Principal, counts: Mapping[str, int], *, now: datetime
) -> None:
    connection = await driver(session)
    counts = dict(sorted(counts.items()))
    imported = await queries.spend_imports(connection, principal.office_id, counts, now=now)
    rest = {name: count for name, count in counts.items() if name not in imported}
    if not rest:
        return
    bursts = {
        principal.actor: CLIENT_BURST,
        f"office:{principal.office_id}": OFFICE_BURST,
    }
    keys = sorted((holder, key_class) for holder in bursts for key_class in rest)
    locked = await queries.lock_buckets(connection, keys, now=now)
    spent: dict[queries.Key, Bucket] = {}
    for (holder, key_class), before in locked.items():
        bucket, count = allowances.at(before, key_class, now), rest[key_class]
        wait = allowances.wait(bucket, key_class, count, bursts[holder])
        if wait is None or wait:
            raise exceeded(key_class, wait, now)
        spent[holder, key_class] = replace(
            bucket, spent=bucket.spent + count, period_spent=bucket.period_spent + count
        )
    await queries.spend(connection, spent)
