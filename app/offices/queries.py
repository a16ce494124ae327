from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import driver
from app.offices.errors import OfficeNotFoundError
from app.offices.models import Office, StateSettings
from app.offices.schemas import CommitmentRead, OfficeFilter, OfficeRead
from app.offices.seats import Seat, seat_of

REVIEW_YEARS: Final = 5
"""The longest that a case is kept without a review (28 CFR 23.20(h)); a state can ask for less."""

REVIEW_CEILING: Final = f"""
make_interval(years => coalesce(
  (SELECT x.review_years FROM state_settings x JOIN offices o ON o.state = x.state
   WHERE o.id = {{office}}), {REVIEW_YEARS}))
"""  # noqa: S608 -- constants only
"""SQL interval: how long a case of `office` (a parameter) is kept without a review."""

IN_FORCE: Final = """
EXISTS (SELECT FROM participation_agreements a
        WHERE a.office_id = {office} AND a.effective_on <= {today}
          AND (a.ends_on IS NULL OR a.ends_on > {today}))
"""
"""SQL condition: `office` (a column) has an agreement in force on `today` (a date parameter)."""
CONFIRMED: Final = """
(SELECT json_build_object('counsel', x.counsel, 'on', x.counsel_on,
   'digest', encode(x.law_digest, 'hex')) FROM state_settings x
 WHERE x.state = {office}.state AND {office}.kind = 'attorney_general' AND x.counsel IS NOT NULL)
"""
"""Who confirmed the rules loaded for an Attorney General's office, null if nobody did."""
HAS_STATE_POINTERS: Final = """
NOT EXISTS (SELECT FROM state_settings x WHERE x.state = {state} AND NOT x.has_state_pointers)
"""
"""SQL condition: the Attorney General of `state` (a column) sees pointers."""

COMMITMENTS: Final = """
SELECT json_agg(to_jsonb(t) - 'id' - 'office_id' ORDER BY t.trafficking_type) AS commitments
FROM (SELECT DISTINCT ON (trafficking_type) * FROM commitments
      WHERE office_id = {office} ORDER BY trafficking_type, lapses_on DESC) AS t
"""
"""SQL for the latest commitment of each kind of `office` (a column), for `read_commitments`."""

_OFFICE: Final = f"""
SELECT o.*, c.contacts, m.commitments
FROM {{found}} o
CROSS JOIN LATERAL (
  SELECT json_agg(to_jsonb(k) - 'office_id' ORDER BY k.role) AS contacts
  FROM office_contacts k WHERE k.office_id = o.id) AS c
CROSS JOIN LATERAL ({COMMITMENTS.format(office="o.id")}) AS m
"""  # noqa: S608 -- constants only; every value is a parameter
# $1 today, $2 the office after which to begin, $3 how many, $4 a part of name or code, $5 a state
_FOUND: Final = f"""
(SELECT o.* FROM offices o
 WHERE {IN_FORCE.format(office="o.id", today="$1::date")}
   AND position(lower($4::text) IN lower(o.name || ' ' || o.code)) > 0
   AND ($5::text = '' OR o.state = $5)
   AND ($2::bigint IS NULL
        OR (lower(o.name), o.id) > (SELECT lower(l.name), l.id FROM offices l WHERE l.id = $2))
 ORDER BY lower(o.name), o.id LIMIT $3)
"""  # noqa: S608 -- as above
_PARTICIPANTS: Final = _OFFICE.format(found=_FOUND) + " ORDER BY lower(o.name), o.id"
_OWN: Final = _OFFICE.format(found="offices") + " WHERE o.id = $1"
_OWN_AGREEMENTS: Final = (
    "SELECT version, signatory, signed_on, effective_on, ends_on FROM own_agreements()"
)

_PARTICIPATING: Final = f"""
SELECT o.id, o.state, o.time_zone FROM offices o
WHERE {IN_FORCE.format(office="o.id", today="$1::date")}
  AND ($2::bigint IS NULL OR o.id = $2) ORDER BY o.id
"""  # noqa: S608 -- as above


_IS_PARTICIPATING: Final = f"SELECT {IN_FORCE.format(office='$1::bigint', today='$2::date')}"


async def is_participating(session: AsyncSession, office_id: int, *, now: datetime) -> bool:
    """Return whether the office's participation agreement is in force."""
    return bool(await (await driver(session)).fetchval(_IS_PARTICIPATING, office_id, now.date()))


async def is_suspended(session: AsyncSession, office_id: int) -> bool:
    """Return whether the operator has shut the office out."""
    asked = select(Office.suspended_at).where(Office.id == office_id)
    return await session.scalar(asked) is not None


async def get_office(session: AsyncSession, code: str) -> Office:
    """Return the office with this code.

    Raises:
        OfficeNotFoundError: there is none.
    """
    office = await session.scalar(select(Office).where(Office.code == code))
    if office is None:
        raise OfficeNotFoundError
    return office


async def list_offices(session: AsyncSession) -> list[Office]:
    """Return every office by code."""
    return list(await session.scalars(select(Office).order_by(Office.code)))


async def list_codes(session: AsyncSession) -> Sequence[str]:
    """Return the code of every office; asks for nothing that an older schema lacks."""
    return (await session.scalars(select(Office.code))).all()


async def list_states(session: AsyncSession) -> list[StateSettings]:
    """Return the states that decided something, by name."""
    return list(await session.scalars(select(StateSettings).order_by(StateSettings.state)))


async def list_names(session: AsyncSession, codes: Iterable[str | None]) -> dict[str, str]:
    """Return what the offices of these codes are called, by code, for who was shown a code."""
    asked = {code for code in codes if code}
    if not asked:
        return {}
    found = await session.execute(select(Office.code, Office.name).where(Office.code.in_(asked)))
    return {row.code: row.name for row in found}


async def get_own_code(session: AsyncSession, office_id: int) -> str:
    """Return what the caller's office is called by."""
    return (await session.scalars(select(Office.code).where(Office.id == office_id))).one()


async def get_seat(session: AsyncSession, office_id: int) -> Seat:
    """Return where an office is."""
    asked = select(Office.state, Office.time_zone).where(Office.id == office_id)
    return seat_of(*(await session.execute(asked)).one())


async def list_participating(
    session: AsyncSession, *, today: date, office_id: int | None
) -> list[tuple[int, Seat]]:
    """Return key and seat of one or every office with an agreement in force, by key."""
    rows = await (await driver(session)).fetch(_PARTICIPATING, today, office_id)
    return [(row["id"], seat_of(row["state"], row["time_zone"])) for row in rows]


async def get_review_years(session: AsyncSession, office_id: int) -> int:
    """Return after how many years at the latest a case of the office is reviewed."""
    years = await session.scalar(
        select(StateSettings.review_years)
        .join(Office, Office.state == StateSettings.state)
        .where(Office.id == office_id)
    )
    return REVIEW_YEARS if years is None else years


async def list_participants(
    session: AsyncSession,
    asked: OfficeFilter,
    *,
    after: int | None,
    limit: int,
    today: date,
) -> list[tuple[int, OfficeRead]]:
    """Return offices with an agreement in force, by name, with contacts and commitments."""
    rows = await (await driver(session)).fetch(
        _PARTICIPANTS, today, after, limit, asked.named, asked.state
    )
    return [(row["id"], _office(row, today)) for row in rows]


async def get_own(session: AsyncSession, office_id: int, *, today: date) -> OfficeRead:
    """Return an office with contacts and commitments, whether or not it takes part."""
    (row,) = await (await driver(session)).fetch(_OWN, office_id)
    return _office(row, today)


async def list_own_agreements(session: AsyncSession) -> list[asyncpg.Record]:
    """Return the agreements of the caller's office, latest first: version, who, and its dates."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_OWN_AGREEMENTS)
    return rows


async def get_state_settings(
    session: AsyncSession, state: str
) -> tuple[StateSettings, str | None] | None:
    """Return what a state decided and the name of its mediator, None if it decided nothing."""
    row = (
        await session.execute(
            select(StateSettings, Office.name)
            .outerjoin(Office, Office.id == StateSettings.mediator_office_id)
            .where(StateSettings.state == state)
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def _office(row: asyncpg.Record, today: date) -> OfficeRead:
    coordinator = {
        "role": "coordinator",
        "title": row["contact_title"],
        "phone": row["contact_phone"],
        "email": row["contact_email"],
    }
    return OfficeRead.model_validate(
        {
            **{name: row[name] for name in ("code", "name", "kind", "state")},
            "contacts": [coordinator, *(row["contacts"] or ())],
            "commitments": read_commitments(row["commitments"], today),
        }
    )


def read_commitments(
    found: Sequence[dict[str, str]] | None, today: date
) -> tuple[CommitmentRead, ...]:
    """Return what `COMMITMENTS` found, and which of it has lapsed by `today`."""
    return tuple(
        CommitmentRead.model_validate(
            {**each, "has_lapsed": date.fromisoformat(each["lapses_on"]) <= today}
        )
        for each in found or ()
    )
