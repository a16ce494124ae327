"""Suppression lists: making and ending entries, and what follows for cases that are stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import OPERATOR, Principal
from app.audit import service as audit
from app.cases import ladder
from app.cases.admission import read_element
from app.core.db import APP, MATCHER, become, driver
from app.core.errors import FieldProblem, InvalidError
from app.core.ids import new_id, public_id
from app.epochs.queries import get_current
from app.identifiers.kinds import KINDS, KINDS_BY_CODE, MATCH_SPEC_NUMBER
from app.identifiers.tokens import stored_token
from app.offices.models import Office
from app.overlaps import queries as overlaps
from app.overlaps.errors import EpochMovedError
from app.overlaps.keyring import Keyring
from app.overlaps.postings import PostedSubject
from app.overlaps.rows import Locked
from app.overlaps.service import Matcher
from app.quotas.errors import AgreementNotInForceError
from app.rematching import service as rematching
from app.suppressing.errors import (
    ScopeNotYoursError,
    SuppressionNotFoundError,
    SuppressionStandsError,
)
from app.suppressing.schemas import Scope, SuppressionAdd, SuppressionRead
from app.suppressions import queries
from app.suppressions.rows import StandingEntry

LONGEST: Final = timedelta(days=2 * 365)
"""How far out an entry may expire."""

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
    if not now.date() < entry.expires_on <= now.date() + LONGEST:
        detail = "Choose a date after today and at most two years from it."
        raise InvalidError(problems=(FieldProblem("/expires_on", "expiry-date", detail),))
    matcher = await keyring.follow(session, {entry.epoch})
    posted = PostedSubject("1", "person", (), [(entry.kind, read_element(entry.token, "/token"))])
    ((kind, element),) = keyring.lift(posted, entry.epoch, matcher, now=now).identifiers
    token = stored_token(matcher.token_key, kind, element)
    connection = await driver(session)
    await become(session, MATCHER)
    row = (await _lock(connection, keyring, matcher, {token: KINDS[kind].code}))[token]
    key = new_id()
    cover = await queries.insert_suppression(
        connection,
        key,
        principal.office_id,
        token,
        row.kind,
        matcher.epoch,
        entry.mode,
        entry.scope,
        state,
        entry.reason,
        entry.expires_on,
        now,
        matcher.sealer.key_id,
        matcher.sealer.seal(key, [(row.kind, element)]),
    )
    if cover is None:
        raise SuppressionStandsError
    events = await rematching.rematch_covered(session, matcher, token, row, cover, now=now)
    await become(session, APP)
    read = _render(await queries.get_suppression(connection, key))
    await _record(session, principal, "suppression.added", read, events)
    return read


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
        SuppressionNotFoundError: absent, ended before, or another office's.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    principal.require(Permission.SUPPRESSIONS_MANAGE)
    _require_participation(principal)
    matcher = await keyring.follow(session)
    connection = await driver(session)
    own = suppression_id and await queries.get_own(connection, suppression_id, principal.office_id)
    if not own:
        raise SuppressionNotFoundError
    ended = await _end(session, principal, keyring, matcher, [own], "suppression.ended", now=now)
    if not ended:
        raise SuppressionNotFoundError
    return ended[0]


async def end_expired(
    session: AsyncSession, principal: Principal, keyring: Keyring, *, now: datetime, limit: int
) -> int:
    """End at most `limit` entries that have expired; return how many, 0 when done.

    What they held back is found again here, unless a post has found it since they expired.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    principal.require(Permission.OFFICES_MANAGE)
    matcher = await keyring.follow(session)
    connection = await driver(session)
    expired = await queries.list_expired(connection, today=now.date(), limit=limit)
    action = "suppression.expired"
    return len(await _end(session, principal, keyring, matcher, expired, action, now=now))


async def _end(
    session: AsyncSession,
    principal: Principal,
    keyring: Keyring,
    matcher: Matcher,
    entries: Sequence[StandingEntry],
    action: str,
    *,
    now: datetime,
) -> list[SuppressionRead]:
    """End entries that nobody else has ended meanwhile, and match anew the pairs they covered.

    An entry without a sealed element is left behind by a key rotation: its token matches nothing.
    """
    if any(entry.epoch > matcher.epoch for entry in entries):
        keyring.expire()
        raise EpochMovedError
    connection = await driver(session)
    await become(session, MATCHER)
    current = {each.token: each.kind for each in entries if each.epoch == matcher.epoch}
    rows = await _lock(connection, keyring, matcher, current)
    ended: dict[UUID, list[tuple[str, UUID]]] = {}
    for entry in entries:
        cover = await queries.end_suppression(connection, entry.id, entry.office_id, now=now)
        if cover is None:
            continue
        ended[entry.id] = []
        if row := rows.get(entry.token):
            ended[entry.id] = await rematching.rematch_covered(
                session, matcher, entry.token, row, cover, now=now
            )
    await overlaps.delete_empty(connection, list(current))
    await become(session, APP)
    told = []
    for key, events in ended.items():
        read = _render(await queries.get_suppression(connection, key))
        await _record(session, principal, action, read, events)
        told.append(read)
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
    _require_participation(principal)
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


def _require_participation(principal: Principal) -> None:
    if principal != OPERATOR and not principal.is_participating:
        raise AgreementNotInForceError


async def _state(session: AsyncSession, principal: Principal, scope: Scope) -> str | None:
    """Return the state that an entry of the caller covers, None unless its scope is one."""
    _require_participation(principal)
    if (scope == "all") != (principal == OPERATOR):
        raise ScopeNotYoursError
    if scope != "state":
        return None
    office = await session.get_one(Office, principal.office_id)
    if office.kind != "attorney_general":
        raise ScopeNotYoursError
    return office.state


async def _lock(
    connection: asyncpg.Connection, keyring: Keyring, matcher: Matcher, tokens: Mapping[bytes, int]
) -> dict[bytes, Locked]:
    """Lock the registry rows of tokens, by token and kind; they are made if nobody holds them."""
    rows = [(token, kind, 0, 0) for token, kind in sorted(tokens.items())]
    locked = await overlaps.lock_tokens(
        connection, rows, match_spec=MATCH_SPEC_NUMBER, epoch=matcher.epoch
    )
    if await get_current(connection) != matcher.epoch:
        keyring.expire()
        raise EpochMovedError
    return locked


def _render(row: asyncpg.Record) -> SuppressionRead:
    known = {
        "id": public_id(PREFIX, row["id"]),
        "kind": KINDS_BY_CODE[row["kind"]].name,
    }
    return SuppressionRead.model_validate({**row, **known})


async def _record(
    session: AsyncSession,
    principal: Principal,
    action: str,
    read: SuppressionRead,
    events: Sequence[tuple[str, UUID]],
) -> None:
    detail = read.model_dump(include={"kind", "mode", "scope", "reason"})
    changed = [audit.Entry(what, public_id(ladder.PREFIX, key)) for what, key in events]
    await audit.record_each(
        session, principal, [audit.Entry(action, read.id, detail=detail), *changed]
    )
