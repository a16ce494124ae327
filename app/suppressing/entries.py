"""A value as an entry of a list: its token locked in the registry, and the row stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases.admission import read_element
from app.core.db import MATCHER, become, driver
from app.core.errors import FieldProblem, InvalidError
from app.core.ids import new_id
from app.epochs.queries import get_current
from app.identifiers.kinds import KINDS, MATCH_SPEC_NUMBER
from app.identifiers.tokens import stored_token
from app.overlaps import queries as overlaps
from app.overlaps.errors import EpochMovedError
from app.overlaps.keyring import Keyring
from app.overlaps.postings import PostedSubject
from app.overlaps.rows import Locked
from app.overlaps.service import Matcher
from app.suppressing.errors import SuppressionStandsError
from app.suppressing.schemas import Scope, ValueSent
from app.suppressions import queries
from app.suppressions.rows import Cover, Mode

LONGEST: Final = timedelta(days=2 * 365)
"""How far out an entry may expire."""


@dataclass(frozen=True)
class LockedValue:
    """A value that was sent, as the matcher knows it; its registry row is locked."""

    matcher: Matcher
    token: bytes
    row: Locked
    element: bytes


def check_expiry(day: date, *, now: datetime) -> None:
    """Refuse an entry that would expire at once or never.

    Raises:
        InvalidError: `day` is not after today, or more than two years from it.
    """
    if not now.date() < day <= now.date() + LONGEST:
        detail = "Choose a date after today and at most two years from it."
        raise InvalidError(problems=(FieldProblem("/expires_on", "expiry-date", detail),))


async def lock_value(
    session: AsyncSession, keyring: Keyring, sent: ValueSent, *, now: datetime
) -> LockedValue:
    """Return a value as the matcher knows it; the session becomes the matcher.

    Raises:
        EpochChangedError: the token belongs to an epoch that is not taken, or no longer.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
        TokenRefusedError: it is no token.
    """
    matcher = await keyring.follow(session, {sent.epoch})
    posted = PostedSubject("1", "person", (), [(sent.kind, read_element(sent.token, "/token"))])
    ((kind, element),) = keyring.lift(posted, sent.epoch, matcher, now=now).identifiers
    token = stored_token(matcher.token_key, kind, element)
    await become(session, MATCHER)
    rows = await lock_tokens(await driver(session), keyring, matcher, {token: KINDS[kind].code})
    return LockedValue(matcher, token, rows[token], element)


async def lock_tokens(
    connection: asyncpg.Connection, keyring: Keyring, matcher: Matcher, tokens: Mapping[bytes, int]
) -> dict[bytes, Locked]:
    """Lock the registry rows of tokens, by token and kind; they are made if nobody holds them.

    Raises:
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    rows = [(token, kind, 0, 0) for token, kind in sorted(tokens.items())]
    locked = await overlaps.lock_tokens(
        connection, rows, match_spec=MATCH_SPEC_NUMBER, epoch=matcher.epoch
    )
    if await get_current(connection) != matcher.epoch:
        keyring.expire()
        raise EpochMovedError
    return locked


async def insert_entry(  # noqa: PLR0913 -- the columns of one row
    connection: asyncpg.Connection,
    principal: Principal,
    value: LockedValue,
    sent: ValueSent,
    *,
    mode: Mode | Literal["alarm"],
    scope: Scope,
    state: str | None,
    reason: str,
    now: datetime,
) -> tuple[UUID, Cover]:
    """Store an entry of the principal's office; return its key and whom it covers.

    Raises:
        SuppressionStandsError: the office has one for the value and scope already.
    """
    key = new_id()
    cover = await queries.insert_suppression(
        connection,
        key,
        principal.office_id,
        value.token,
        value.row.kind,
        value.matcher.epoch,
        mode,
        scope,
        state,
        reason,
        sent.expires_on,
        now,
        value.matcher.sealer.key_id,
        value.matcher.sealer.seal(key, [(value.row.kind, value.element)]),
    )
    if cover is None:
        last = await queries.get_standing_end(
            connection, value.token, principal.office_id, scope, is_canary=mode == "alarm"
        )
        raise SuppressionStandsError("in_force" if last > now.date() else "expired")
    return key, cover
