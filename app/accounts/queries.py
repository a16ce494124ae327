from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.accounts.models import ClientCredential
from app.accounts.schemas import MeRead
from app.offices.models import Office
from app.offices.queries import IN_FORCE

_STANDING: Final = text(
    "SELECT c.office_id, c.scopes, "  # noqa: S608 -- no value is put into the text
    + IN_FORCE.format(office="c.office_id", today=":today")
    + " AS is_participating FROM client_credentials c"
    " WHERE c.id = :client_id AND c.revoked_at IS NULL"
)


@dataclass(frozen=True)
class Standing:
    """What a client credential is worth now."""

    office_id: int
    scopes: list[str]
    is_participating: bool


async def get_standing(session: AsyncSession, client_id: UUID, *, now: datetime) -> Standing | None:
    """Return the credential's standing, or None when it is unknown or revoked."""
    row = (
        await session.execute(_STANDING, {"client_id": client_id, "today": now.date()})
    ).one_or_none()
    return None if row is None else Standing(*row)


async def get_public_jwk(session: AsyncSession, client_id: UUID) -> dict[str, Any] | None:
    """Return the registered key of a client that is not revoked."""
    return await session.scalar(
        select(ClientCredential.public_jwk).where(
            ClientCredential.id == client_id, ClientCredential.revoked_at.is_(None)
        )
    )


async def list_credentials(session: AsyncSession, office_code: str | None) -> Sequence[RowMapping]:
    """Return the machine clients of one office, or of all, by office and age."""
    found = (
        select(
            ClientCredential.id,
            Office.code.label("office"),
            ClientCredential.label,
            ClientCredential.scopes,
            ClientCredential.created_at,
            ClientCredential.revoked_at,
        )
        .join(Office, Office.id == ClientCredential.office_id)
        .order_by(Office.code, ClientCredential.id)
    )
    if office_code is not None:
        found = found.where(Office.code == office_code)
    return (await session.execute(found)).mappings().all()


async def get_me(session: AsyncSession, principal: Principal) -> MeRead:
    """Return what the registry knows of the caller itself."""
    office = await session.get_one(Office, principal.office_id)
    return MeRead(
        client_id=str(principal.client_id),
        office=office.code,
        name=office.name,
        scopes=sorted(principal.permissions),
        is_participating=principal.is_participating,
    )
