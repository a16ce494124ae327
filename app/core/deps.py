from collections.abc import AsyncIterator
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import transaction
from app.core.errors import PreconditionRequiredError
from app.core.preconditions import Precondition
from app.core.settings import RegistrySettings

Address = IPv4Address | IPv6Address


async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Yield the request's one session; committed before the response is sent."""
    async with transaction(request.app.state.sessions) as session:
        yield session


async def request_settings(request: Request) -> RegistrySettings:
    """Return the settings that the application was built with."""
    settings: RegistrySettings = request.app.state.settings
    return settings


def caller_address(request: Request) -> Address | None:
    """Return where a request comes from; None over a Unix socket."""
    try:
        address = ip_address(request.client.host) if request.client else None
    except ValueError:
        return None
    # a listener for both kinds of address sees the older one inside the newer
    return getattr(address, "ipv4_mapped", None) or address


async def request_time(request: Request) -> datetime:
    """Return the instant at which a request counts as made."""
    now: datetime = request.app.state.clock()
    return now


async def optional_precondition(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=200,
            description="The ETag of the version that was read.",
            examples=['"1"'],
        ),
    ] = None,
) -> Precondition | None:
    """Return what the `If-Match` header asks for, None where there is none."""
    return None if if_match is None else Precondition.parse(if_match)


OptionalIfMatch = Annotated[Precondition | None, Depends(optional_precondition)]


async def required_precondition(precondition: OptionalIfMatch) -> Precondition:
    """Return what the `If-Match` header asks for.

    Raises:
        PreconditionRequiredError: it was not sent, or names no version: who acts here has read one.
    """
    if precondition is None or precondition.is_any:
        raise PreconditionRequiredError
    return precondition


# Every dependency is async: FastAPI would hand a plain function to a thread.
# "function": the default scope would commit after the client has heard "201".
Session = Annotated[AsyncSession, Depends(request_session, scope="function")]
IfMatch = Annotated[Precondition, Depends(required_precondition)]
Now = Annotated[datetime, Depends(request_time)]
Settings = Annotated[RegistrySettings, Depends(request_settings)]
