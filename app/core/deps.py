from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.errors import PreconditionRequiredError
from app.core.settings import RegistrySettings


async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Yield the request's one session; committed before the response is sent."""
    async with transaction(request.app.state.sessions) as session:
        yield session


async def request_settings(request: Request) -> RegistrySettings:
    """Return the settings that the application was built with."""
    settings: RegistrySettings = request.app.state.settings
    return settings


async def request_time() -> datetime:
    """Return the instant at which a request counts as made."""
    return utc_now()


IfMatchOptional = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=64,
        description="The ETag of the version that was read.",
        examples=['"1"'],
    ),
]


async def if_match_header(if_match: IfMatchOptional = None) -> str:
    """Return the `If-Match` header.

    Raises:
        PreconditionRequiredError: it was not sent.
    """
    if if_match is None:
        raise PreconditionRequiredError
    return if_match


# Every dependency is async: FastAPI would hand a plain function to a thread.
# "function": the default scope would commit after the client has heard "201".
Session = Annotated[AsyncSession, Depends(request_session, scope="function")]
IfMatch = Annotated[str, Depends(if_match_header)]
Now = Annotated[datetime, Depends(request_time)]
Settings = Annotated[RegistrySettings, Depends(request_settings)]
