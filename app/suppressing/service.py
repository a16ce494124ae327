"""Suppression lists: making and ending entries, and what follows for cases that are stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import OPERATOR, Principal
from app.audit import service as audit
from app.cases import ladder
from app.core.db import APP, MATCHER, become, driver
from app.core.ids import public_id
from app.core.items import attempt_all
from app.identifiers.kinds import KINDS_BY_CODE
from app.offices.models import Office
from app.overlaps import queries as overlaps
from app.overlaps.errors import EpochMovedError
from app.overlaps.keyring import Keyring
from app.overlaps.service import Matcher
from app.rematching import service as rematching
from app.suppressing import entries
from app.suppressing.errors import (
    ScopeNotYoursError,
    SuppressionEndedError,
    SuppressionNotFoundError,
)
from app.suppressing.schemas import Scope, SuppressionAdd, SuppressionRead
from app.suppressions import queries
from app.suppressions.rows import CANARY, StandingEntry

PREFIX: Final = "sup"


async def add_suppression(
    session: AsyncSession,
    principal: Principal,
    keyring: Keyring,
    entry: SuppressionAdd,
    *,
    now: datetime,
) -> SuppressionRead:
    """Put a value on the office's list and match the pairs that the entry covers anew.

    The answer is the same whether anybody holds the value or nobody does.

    Raises:
        MissingScopeError: the caller lacks `suppressions:manage`.
        AgreementNotInForceError: the office does not take part now.
        ScopeNotYoursError: the scope is wider than the caller may choose.
        SuppressionStandsError: the office has one for the value and scope already.
        EpochChangedError: the token belongs to an epoch that is not taken, or no longer.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
        TokenRefusedError, InvalidError: the token or the date is not valid.
    """
    principal.require(Permission.SUPPRESSIONS_MANAGE)
    state = await _state(session, principal, entry.scope)
    entries.check_expiry(entry.expires_on, now=now)
    value = await entries.lock_value(session, keyring, entry, now=now)
    connection = await driver(session)
    key, cover = await entries.insert_entry(
        connection,
        principal,
        value,
        entry,
        mode=entry.mode,
        scope=entry.scope,
        state=state,
        reason=entry.reason,
        now=now,
    )
    events = await rematching.rematch_covered(
        session, value.matcher, value.token, value.row, cover, now=now
    )
    await become(session, APP)
    added = await queries.get_suppression(connection, key)
    await record(session, principal, "added", added, events, office_id=principal.office_id)
    return _render(added)


async def end_suppression(
    session: AsyncSession,
    principal: Principal,
    keyring: Keyring,
    suppression_id: UUID | None,
    *,
    now: datetime,
) -> SuppressionRead:
    """End one of the office's own entries: what it held back is found again.

    Raises:
        MissingScopeError: the caller lacks `suppressions:manage`.
        AgreementNotInForceError: the office does not take part now.
        SuppressionNotFoundError: absent, or another office's.
        SuppressionEndedError: it was ended before.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    principal.require(Permission.SUPPRESSIONS_MANAGE)
    principal.require_participation()
    matcher = await keyring.follow(session)
    await become(session, MATCHER)
    connection = await driver(session)
    own = suppression_id and await queries.get_own(connection, suppression_id, principal.office_id)
    ended = own and await end(session, principal, keyring, matcher, [own], "ended", now=now)
    if ended:
        return _render(ended[0])
    if await queries.is_ended(connection, suppression_id, principal.office_id):
        raise SuppressionEndedError("ended")
    raise SuppressionNotFoundError


async def end_expired(
    session: AsyncSession,
    principal: Principal,
    keyring: Keyring,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """End at most `limit` entries that have expired; return how many, 0 when done.

    What they held back is found again here, unless a post has found it since they expired. One that
    fails stays as it was.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    principal.require(Permission.OFFICES_MANAGE)
    matcher = await keyring.follow(session)
    await become(session, MATCHER)
    connection = await driver(session)
    today = now.date()
    expired = await queries.list_expired(connection, today=today, limit=limit, office_id=office_id)
    # all in their order, because who matches one anew may wait for no other token
    current = {each.token: each.kind for each in expired if each.epoch == matcher.epoch}
    await entries.lock_tokens(connection, keyring, matcher, current)
    ended = 0

    async def expire(some: Sequence[StandingEntry]) -> None:
        nonlocal ended
        await become(session, MATCHER)
        ended += len(await end(session, principal, keyring, matcher, some, "expired", now=now))

    await attempt_all(session, {public_id(PREFIX, each.id): each for each in expired}, expire)
    return ended


async def end(
    session: AsyncSession,
    principal: Principal,
    keyring: Keyring,
    matcher: Matcher,
    standing: Sequence[StandingEntry],
    how: Literal["ended", "expired"],
    *,
    now: datetime,
) -> list[asyncpg.Record]:
    """End entries that nobody else has ended meanwhile, and match anew the pairs they covered.

    The session is the matcher's; it becomes the application's.

    Returns those that were ended. An entry without a sealed element is left behind by a key
    rotation: its token matches nothing.

    Raises:
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    if any(entry.epoch > matcher.epoch for entry in standing):
        keyring.expire()
        raise EpochMovedError
    connection = await driver(session)
    current = {each.token: each.kind for each in standing if each.epoch == matcher.epoch}
    rows = await entries.lock_tokens(connection, keyring, matcher, current)
    ended: list[tuple[StandingEntry, list[tuple[str, UUID]]]] = []
    for entry in standing:
        cover = await queries.end_suppression(connection, entry.id, entry.office_id, now=now)
        if cover is None:
            continue
        events = []
        if row := rows.get(entry.token):
            events = await rematching.rematch_covered(
                session, matcher, entry.token, row, cover, now=now
            )
        ended.append((entry, events))
    await overlaps.delete_empty(connection, list(current))
    await become(session, APP)
    told = []
    for entry, events in ended:
        told.append(await queries.get_suppression(connection, entry.id))
        await record(session, principal, how, told[-1], events, office_id=entry.office_id)
    return told


async def list_suppressions(
    session: AsyncSession, principal: Principal, *, before: UUID | None, limit: int
) -> list[tuple[UUID, SuppressionRead]]:
    """Return a page of the entries that apply to the caller's office, newest first.

    Raises:
        MissingScopeError: the caller lacks `suppressions:manage`.
        AgreementNotInForceError: the office does not take part now.
    """
    principal.require(Permission.SUPPRESSIONS_MANAGE)
    principal.require_participation()
    rows = await queries.list_shown(
        await driver(session), principal.office_id, before=before, limit=limit
    )
    await audit.record(
        session,
        principal,
        "suppressions.disclosed",
        f"{len(rows)} entries",
        recipients=[principal.office_id],
    )
    return [(row["id"], _render(row)) for row in rows]


async def read_suppression(
    session: AsyncSession, principal: Principal, suppression_id: UUID | None
) -> SuppressionRead:
    """Return one of the office's own entries that stands.

    Raises:
        MissingScopeError: the caller lacks `suppressions:manage`.
        AgreementNotInForceError: the office does not take part now.
        SuppressionNotFoundError: absent, ended before, or another office's.
    """
    principal.require(Permission.SUPPRESSIONS_MANAGE)
    principal.require_participation()
    connection = await driver(session)
    own = suppression_id and await queries.find_standing(
        connection, suppression_id, principal.office_id
    )
    if not own:
        raise SuppressionNotFoundError
    return _render(own)


async def _state(session: AsyncSession, principal: Principal, scope: Scope) -> str | None:
    """Return the state that an entry of the caller covers, None unless its scope is one."""
    principal.require_participation()
    if (scope == "all") != (principal == OPERATOR):
        raise ScopeNotYoursError
    if scope != "state":
        return None
    office = await session.get_one(Office, principal.office_id)
    if office.kind != "attorney_general":
        raise ScopeNotYoursError
    return office.state


def _render(row: asyncpg.Record) -> SuppressionRead:
    known = {
        "id": public_id(PREFIX, row["id"]),
        "kind": KINDS_BY_CODE[row["kind"]].name,
    }
    return SuppressionRead.model_validate({**row, **known})


async def record(
    session: AsyncSession,
    principal: Principal,
    what: Literal["added", "ended", "expired"],
    row: asyncpg.Record,
    events: Sequence[tuple[str, UUID]] = (),
    *,
    office_id: int,
) -> None:
    """Record what happened to an office's entry, and to overlaps by it; a canary is told as one."""
    is_canary = row["mode"] == "alarm"
    noun, prefix = ("canary", CANARY) if is_canary else ("suppression", PREFIX)
    detail = {name: row[name] for name in ("mode", "scope", "reason")}
    detail["kind"] = KINDS_BY_CODE[row["kind"]].name
    changed = [audit.Entry(action, public_id(ladder.PREFIX, key)) for action, key in events]
    entry = f"{noun}.{what}", public_id(prefix, row["id"])
    await audit.record_of_office(session, principal, office_id, *entry, detail=detail)
    if changed:
        await audit.record_each(session, principal, changed)
