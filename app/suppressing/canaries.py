"""Canaries: values that no case holds, so that a post of one tells of guessing or of a leak.

The operator alone makes them and reads the alarms: an office that could watch a value of its
choice would learn of silent cases.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.db import APP, MATCHER, become, driver, enter
from app.core.ids import public_id
from app.offices import queries as offices
from app.overlaps.keyring import Keyring
from app.suppressing import entries, service
from app.suppressing.errors import SuppressionNotFoundError
from app.suppressing.schemas import ValueSent
from app.suppressions import queries
from app.suppressions.rows import CANARY


async def add_canary(
    session: AsyncSession,
    operator: Principal,
    keyring: Keyring,
    office_code: str,
    sent: ValueSent,
    *,
    now: datetime,
) -> str:
    """Set a canary for an office; return its id. From then on a post of the value raises an alarm.

    Nothing that anyone is shown depends on it, and cases that hold the value already do not tell.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
        SuppressionStandsError: the office has a canary of this value.
        EpochChangedError: the token belongs to an epoch that is not taken, or no longer.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
        TokenRefusedError, InvalidError: the token or the date is not valid.
    """
    on_behalf = await _on_behalf(session, operator, office_code)
    entries.check_expiry(sent.expires_on, now=now)
    value = await entries.lock_value(session, keyring, sent, now=now)
    connection = await driver(session)
    key, _ = await entries.insert_entry(
        connection,
        on_behalf,
        value,
        sent,
        mode="alarm",
        scope="office",
        state=None,
        reason="other",
        now=now,
    )
    await become(session, APP)
    added = await queries.get_suppression(connection, key)
    await service.record(session, on_behalf, "added", added, office_id=on_behalf.office_id)
    return public_id(CANARY, key)


async def end_canary(
    session: AsyncSession,
    operator: Principal,
    keyring: Keyring,
    office_code: str,
    canary_id: UUID | None,
    *,
    now: datetime,
) -> None:
    """End a canary of an office; its alarms stay.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError, SuppressionNotFoundError: as the names say.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    on_behalf = await _on_behalf(session, operator, office_code)
    matcher = await keyring.follow(session)
    await become(session, MATCHER)
    own = canary_id and await queries.get_own(
        await driver(session), canary_id, on_behalf.office_id, is_canary=True
    )
    if not (
        own and await service.end(session, on_behalf, keyring, matcher, [own], "ended", now=now)
    ):
        raise SuppressionNotFoundError


async def list_canaries(
    session: AsyncSession, operator: Principal, office_code: str
) -> list[asyncpg.Record]:
    """Return the standing canaries of an office, newest first; which values they are of is unknown.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
    """
    operator.require(Permission.OFFICES_MANAGE)
    office = await offices.get_office(session, office_code)
    return await queries.list_canaries(await driver(session), office.code)


async def list_alarms(
    session: AsyncSession, operator: Principal, *, since: datetime
) -> list[asyncpg.Record]:
    """Return alarms from `since` on, oldest first, with whom of both offices to reach.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    operator.require(Permission.OFFICES_MANAGE)
    return await queries.list_alarms(await driver(session), since=since)


async def _on_behalf(session: AsyncSession, operator: Principal, office_code: str) -> Principal:
    """Return the operator as it acts for an office; the transaction does from here on."""
    operator.require(Permission.OFFICES_MANAGE)
    office = await offices.get_office(session, office_code)
    on_behalf = replace(operator, office_id=office.id)
    await enter(session, on_behalf)
    return on_behalf
