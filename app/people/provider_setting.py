"""Which identity provider an office signs in through; whoever names it can name anyone."""

from typing import Final
from urllib.parse import urlsplit

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.outbound import FetchError, check_url, is_loopback
from app.offices import queries as offices
from app.people import queries
from app.people.errors import ProviderSettingError
from app.people.models import IdentityProvider

_PORT: Final = 443


async def set_provider(
    session: AsyncSession,
    principal: Principal,
    office_code: str,
    *,
    issuer: str,
    client_id: str,
    acr_values: list[str],
    allow_loopback: bool = False,
) -> None:
    """Name the one identity provider of an office, and the `acr` values that are good enough.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
        ProviderSettingError: the issuer is no https address, or no `acr` is named.
    """
    principal.require(Permission.OFFICES_MANAGE)
    office = await offices.get_office(session, office_code)
    check_provider(issuer, acr_values, allow_loopback=allow_loopback)
    named = {"issuer": issuer, "client_id": client_id, "acr_values": acr_values}
    await session.execute(
        insert(IdentityProvider)
        .values(office_id=office.id, **named)
        .on_conflict_do_update(index_elements=["office_id"], set_=named)
    )
    await audit.record_of_office(
        session, principal, office.id, "identity_provider.set", office.code
    )


async def read_provider(session: AsyncSession, principal: Principal) -> IdentityProvider | None:
    """Return the identity provider of the caller's office, None without one.

    Raises:
        MissingScopeError: the caller lacks `offices:read`.
    """
    principal.require(Permission.OFFICES_READ)
    return await queries.find_provider(session, principal.office_id)


def check_provider(issuer: str, acr_values: list[str], *, allow_loopback: bool = False) -> None:
    """Refuse what can be no provider of an office.

    Raises:
        ProviderSettingError: the issuer is no plain https address, or no `acr` is named.
    """
    try:
        check_url(issuer, allow_loopback=allow_loopback)
    except FetchError:
        raise ProviderSettingError from None
    if set("?#") & set(issuer):  # OpenID Connect Discovery 1.0 section 3
        raise ProviderSettingError
    if urlsplit(issuer).port not in (None, _PORT) and not is_loopback(issuer):
        raise ProviderSettingError
    if not acr_values:
        raise ProviderSettingError("Name the acr values that stand for two factors.")
