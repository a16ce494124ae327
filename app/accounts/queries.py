from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.accounts.errors import ClientNotFoundError
from app.accounts.models import (
    AccessReviewed,
    Client,
    ClientKey,
    IdempotencyKey,
    SpentAssertion,
)
from app.accounts.schemas import MeRead
from app.core.db import ENTER
from app.core.deps import Address
from app.core.ids import public_id
from app.offices.models import Office
from app.offices.queries import IN_FORCE
from app.people.service import PREFIX

# for the driver as it is: every request of a machine begins with it
_STANDING: Final = f"""
SELECT c.office_id, c.scopes,
  {IN_FORCE.format(office="c.office_id", today="$1::date")} AS is_participating,
  {ENTER.format(office="c.office_id", client="c.id", person="NULL", roles="'client'")}
FROM client_credentials c
JOIN offices o ON o.id = c.office_id
WHERE c.id = $2 AND c.revoked_at IS NULL AND c.expires_on > $1 AND o.suspended_at IS NULL
  AND (c.networks = '{{}}' OR $3::inet <<= ANY (c.networks))
"""  # noqa: S608 -- constants only; every value is a parameter


@dataclass(frozen=True)
class Standing:
    """What a machine client is worth now."""

    office_id: int
    scopes: list[str]
    is_participating: bool


async def get_standing(
    session: AsyncSession, client_id: UUID, address: Address | None, *, now: datetime
) -> Standing | None:
    """Return what a machine client is worth that calls from `address`.

    None when it is unknown, revoked, expired, of a suspended office, or not to be used from there;
    these are never told apart. From then on the transaction acts for the client.
    """
    connection = await session.connection()
    found = await connection.exec_driver_sql(_STANDING, (now.date(), client_id, address))
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return Standing(row["office_id"], row["scopes"], row["is_participating"])


async def note_use(session: AsyncSession, today: date) -> None:
    """Note that the client for whom the transaction acts was used today."""
    await session.execute(select(func.client_used(today)))


async def list_idle(
    session: AsyncSession, *, since: date, today: date, limit: int, office_id: int | None
) -> list[Client]:
    """Return clients that count today and were not used since then, locked; others' are skipped.

    Of offices that are let in: no other one's can be used.
    """
    used = func.greatest(Client.last_used_on, Client.counted_from)
    idle = (
        select(Client)
        .join(Office, Office.id == Client.office_id)
        .where(
            Client.revoked_at.is_(None),
            Client.expires_on > today,
            used <= since,
            Office.suspended_at.is_(None),
        )
    )
    if office_id is not None:
        idle = idle.where(Client.office_id == office_id)
    page = idle.order_by(Client.id).limit(limit)
    return list(
        await session.scalars(page.with_for_update(of=Client, skip_locked=True, key_share=True))
    )


async def get_scopes(
    session: AsyncSession, office_id: int, client_id: UUID, *, today: date
) -> list[str]:
    """Return what a client of the office may do, nothing if it was revoked or has expired."""
    found = await session.scalar(
        select(Client.scopes).where(
            Client.id == client_id,
            Client.office_id == office_id,
            Client.revoked_at.is_(None),
            Client.expires_on > today,
        )
    )
    return found or []


async def get_public_jwk(session: AsyncSession, client_id: UUID, kid: str) -> dict[str, Any] | None:
    """Return a live key of a client that is not revoked."""
    return await session.scalar(
        select(ClientKey.public_jwk)
        .join(Client, Client.id == ClientKey.client_id)
        .where(
            ClientKey.client_id == client_id,
            ClientKey.kid == kid,
            ClientKey.ended_at.is_(None),
            Client.revoked_at.is_(None),
        )
    )


async def list_live_keys(session: AsyncSession, client_id: UUID) -> Sequence[ClientKey]:
    """Return a client's live keys, the oldest first, and keep others from changing them.

    Raises:
        ClientNotFoundError: unknown or revoked.
    """
    client = (
        select(Client.id)
        .where(Client.id == client_id, Client.revoked_at.is_(None))
        .with_for_update(key_share=True)  # a spent assertion refers to the row and holds it so
    )
    if await session.scalar(client) is None:
        raise ClientNotFoundError
    found = await session.scalars(
        select(ClientKey)
        .where(ClientKey.client_id == client_id, ClientKey.ended_at.is_(None))
        .order_by(ClientKey.added_at)
    )
    return found.all()


async def list_by_office(session: AsyncSession, office_code: str | None) -> Sequence[RowMapping]:
    """Return the machine clients of one office, or of all, by office and age."""
    found = (
        select(
            Client.id,
            Office.code.label("office"),
            Client.label,
            Client.scopes,
            Client.networks,
            Client.created_at,
            Client.expires_on,
            Client.revoked_at,
        )
        .join(Office, Office.id == Client.office_id)
        .order_by(Office.code, Client.id)
    )
    if office_code is not None:
        found = found.where(Office.code == office_code)
    return (await session.execute(found)).mappings().all()


async def list_clients(session: AsyncSession, office_id: int) -> list[Client]:
    """Return the machine clients of an office, oldest first."""
    found = select(Client).where(Client.office_id == office_id)
    return list(await session.scalars(found.order_by(Client.id)))


async def list_keys(session: AsyncSession, client_ids: Sequence[UUID]) -> Sequence[ClientKey]:
    """Return the keys of clients, live and ended, oldest first."""
    found = select(ClientKey).where(ClientKey.client_id.in_(client_ids))
    return (await session.scalars(found.order_by(ClientKey.added_at, ClientKey.kid))).all()


async def get_reviewed_at(session: AsyncSession, office_id: int) -> datetime | None:
    """Return when the office last reviewed who has access, None if it never did."""
    reviewed: datetime | None = await session.scalar(
        select(AccessReviewed.reviewed_at).where(AccessReviewed.office_id == office_id)
    )
    return reviewed


async def list_unreviewed(
    session: AsyncSession,
    *,
    since: datetime,
    reminded_before: datetime,
    limit: int,
    office_id: int | None,
) -> list[Office]:
    """Return offices without a review of access since then, the longest due first.

    Those that were told so after `reminded_before` are left out; a new office has as long.
    """
    reviewed_at = func.coalesce(AccessReviewed.reviewed_at, Office.created_at)
    due = (
        select(Office)
        .outerjoin(AccessReviewed, AccessReviewed.office_id == Office.id)
        .where(
            reviewed_at <= since,
            Office.suspended_at.is_(None),
            or_(
                AccessReviewed.reminded_at.is_(None),
                AccessReviewed.reminded_at <= reminded_before,
            ),
        )
        .order_by(reviewed_at, Office.id)
    )
    if office_id is not None:
        due = due.where(Office.id == office_id)
    return list(await session.scalars(due.limit(limit)))


async def get_me(session: AsyncSession, principal: Principal) -> MeRead:
    """Return what the registry knows of the caller itself."""
    office = await session.get_one(Office, principal.office_id)
    return MeRead(
        client_id=str(principal.client_id) if principal.client_id else None,
        person_id=public_id(PREFIX, principal.person_id) if principal.person_id else None,
        office=office.code,
        name=office.name,
        scopes=sorted(principal.permissions),
        is_participating=principal.is_participating,
    )


def answered(*, before: datetime, limit: int) -> Select[int]:
    """Describe requests that were answered before then."""
    return (
        select(IdempotencyKey.id)
        .where(IdempotencyKey.created_at < before)
        .order_by(IdempotencyKey.created_at)
        .limit(limit)
    )


def spent(*, now: datetime, limit: int, office_id: int | None) -> Select[UUID, bytes]:
    """Describe client assertions, of one office or of all, that are too old to be used."""
    found = select(SpentAssertion.client_id, SpentAssertion.jti_digest)
    found = found.where(SpentAssertion.expires_at <= now)
    if office_id is not None:
        clients = select(Client.id).where(Client.office_id == office_id)
        found = found.where(SpentAssertion.client_id.in_(clients))
    return found.order_by(SpentAssertion.expires_at).limit(limit)
