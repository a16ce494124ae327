"""The feed of events, in the order of the transactions that wrote them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import ladder
from app.core.db import driver
from app.core.models import HORIZON
from app.notifications.models import Event

# Only what the caller may read now: a page of the database's own choice (row security), of which
# the ladder makes its choice once more. Below the horizon the feed is whole: nothing comes later.
_SHOWN: Final = f"""
WITH page AS MATERIALIZED (
  SELECT e.number, e.written_in, e.key, e.type, e.at, e.overlap_id, e.case_id,
    e.request_id, e.question_id
  FROM events e
  WHERE e.office_id = $1 AND {{which}}
  ORDER BY e.written_in, e.number{{limit}}),
shown AS (
  SELECT v.id FROM page q CROSS JOIN LATERAL (
    {ladder.VISIBLE} AND (v.retracted_at IS NULL OR v.seen_at IS NOT NULL)
    AND v.id = q.overlap_id) AS v)
SELECT p.number, p.written_in, p.key, p.type, p.at, p.overlap_id, c.source_system, c.external_id,
  p.request_id, p.question_id, p.overlap_id IN (SELECT id FROM shown) OR c.id IS NOT NULL
    OR p.request_id IS NOT NULL AND is_party(p.request_id) OR p.question_id IN (
      SELECT q.id FROM infusion_questions q WHERE $1 IN (q.office_id, q.desk_office_id))
    OR num_nonnulls(p.overlap_id, p.case_id, p.request_id, p.question_id) = 0 AS is_shown
FROM page p
LEFT JOIN cases c ON c.id = p.case_id AND c.office_id = $1
  AND {ladder.NOT_WALLED.format(cases="c.id", office="$1::bigint", person="$5::uuid")}
ORDER BY p.written_in, p.number
"""  # noqa: S608 -- constants only; every value is a parameter
_FEED: Final = _SHOWN.format(
    which=f"(e.written_in, e.number) > ($6::bigint, $7::bigint) AND e.written_in < {HORIZON}",
    limit=" LIMIT $8",
)
_NUMBERED: Final = _SHOWN.format(which="e.number = ANY($6::bigint[])", limit="")
_HORIZON: Final = f"SELECT {HORIZON}"


class FeedRow(NamedTuple):
    """An event as its office's feed has it."""

    number: int
    written_in: int
    key: UUID
    type: str
    at: datetime
    overlap_id: UUID | None
    source_system: str | None
    external_id: str | None
    request_id: UUID | None
    question_id: UUID | None
    is_shown: bool

    @property
    def place(self) -> UUID:
        """Where the feed goes on after it."""
        return place_of(self.written_in, self.number)


def place_of(written_in: int, number: int) -> UUID:
    """Return a place in the feed; later ones are greater."""
    return UUID(int=written_in << 64 | number)


def parts_of(place: UUID) -> tuple[int, int]:
    """Return the transaction and the number of a place."""
    return place.int >> 64, place.int & (1 << 64) - 1


async def list_events(
    session: AsyncSession, principal: Principal, *, after: UUID, limit: int, now: datetime
) -> list[FeedRow]:
    """Return the events after a place, oldest first, up to the horizon.

    Read again later from the last place on, the feed has each event once and leaves out none,
    whichever transaction is the first to commit.
    """
    rows = await (await driver(session)).fetch(
        _FEED,
        *ladder.arguments(principal, now),
        principal.person_id,
        *parts_of(after),
        limit,
    )
    return [_row(principal, row) for row in rows]


def _row(principal: Principal, row: asyncpg.Record) -> FeedRow:
    """Return an event, shown as far as its object and its type are for the caller."""
    found = FeedRow(*row)
    return found._replace(is_shown=found.is_shown and _is_told(principal, found))


def _is_told(principal: Principal, row: FeedRow) -> bool:
    if row.type == "alarm.raised":
        return Permission.ALARMS_READ in principal.permissions
    of_office = row.type.startswith(("participation.", "commitment.", "credential."))
    return of_office or Permission.OVERLAPS_READ in principal.permissions


async def list_numbered(
    session: AsyncSession, principal: Principal, numbers: Sequence[int], *, now: datetime
) -> list[FeedRow]:
    """Return those of the events that the caller may read now, oldest first."""
    rows = await (await driver(session)).fetch(
        _NUMBERED, *ladder.arguments(principal, now), principal.person_id, numbers
    )
    return [found for row in rows if (found := _row(principal, row)).is_shown]


async def get_horizon(session: AsyncSession) -> UUID:
    """Return a place before which nothing will come any more, and whose events are all seen."""
    horizon = await (await driver(session)).fetchval(_HORIZON)
    return place_of(horizon, 0)


async def is_numbered_on(connection: AsyncConnection) -> bool:
    """Return whether transactions have higher numbers than those stored (`core/models.py`).

    They have not where the database was restored from another server and not migrated since.
    """
    return bool(await connection.scalar(text("SELECT is_numbered_on()")))


def old(*, before: datetime, limit: int) -> Select[int]:
    """Describe events from before then."""
    return select(Event.number).where(Event.at < before).order_by(Event.at).limit(limit)
