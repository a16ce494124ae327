"""Overlaps between two offices of a state, as its Attorney General may know of them: pointers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import ceilings
from app.access.principal import Principal
from app.access.vocabulary import Relation
from app.cases import ladder
from app.cases.vocabulary import Band
from app.core.db import driver
from app.offices.queries import HAS_STATE_POINTERS, IN_FORCE

# $1 the office that asks, $2 now, $3 whether its agreement is in force, $4 its ceilings;
# the view decides by itself (cases/ladder.py)
VISIBLE: Final = f"""
SELECT v.id, v.version, v.found_at, v.band, v.findings, v.low_kind, v.high_kind
FROM state_overlaps v
WHERE $3 AND $1 NOT IN (v.low_office_id, v.high_office_id) AND NOT v.is_walled
  AND v.state = (SELECT me.state FROM offices me
                 WHERE me.id = $1 AND me.kind = 'attorney_general')
  AND least({ladder.disclosed(Relation.STATE, "v.low_disclosure")},
            {ladder.disclosed(Relation.STATE, "v.high_disclosure")},
            {ladder.capped("v.low_class", "$4")}, {ladder.capped("v.high_class", "$4")}) > 0
  AND {IN_FORCE.format(office="v.low_office_id", today="$2::date")}
  AND {IN_FORCE.format(office="v.high_office_id", today="$2::date")}
  AND {HAS_STATE_POINTERS.format(state="v.state")}
"""  # noqa: S608 -- constants only; every value is a parameter


@dataclass(frozen=True)
class Asked:
    """Which of a state's overlaps a list is to hold; None: any."""

    band: Band | None = None
    since: datetime | None = None
    """Those found after this instant."""


EVERY: Final = Asked()


def arguments(principal: Principal, now: datetime) -> tuple[object, ...]:
    """Return the parameters of `VISIBLE`."""
    highest = ceilings(principal, Permission.STATE_OVERLAPS_READ, Relation.STATE)
    return principal.office_id, now, principal.is_participating, [int(rung) for rung in highest]


def conditions(asked: Asked) -> tuple[str, list[object]]:
    """Return SQL for what is asked for, and the values of its parameters, from $7 on."""
    found, values = "", list[object]()
    for condition, value in (
        ("v.band = {value}::text", asked.band),
        ("v.found_at > {value}::timestamptz", asked.since),
    ):
        if value is not None:
            values.append(value)
            found += f" AND {condition.format(value=f'${len(values) + 6}')}"
    return found, values


async def list_state_overlaps(
    session: AsyncSession,
    principal: Principal,
    asked: Asked,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of the overlaps between two offices of the caller's state, newest first.

    Empty for an office that is not its state's Attorney General.
    """
    narrowed, values = conditions(asked)
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        VISIBLE + narrowed + ladder.PAGE, *arguments(principal, now), before, limit, *values
    )
    return rows
