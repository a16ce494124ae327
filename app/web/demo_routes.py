"""The demonstration's own page: one more night, and how far it is."""

import asyncio
import os
from typing import Final

from fastapi import APIRouter, Request, Response

from app.core.deps import Session, caller_address
from app.core.errors import NotFoundError
from app.core.locks import is_held
from app.core.settings import RegistrySettings
from app.jobs.nightly import LOCK
from app.web.deps import Changing, Reading, page
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)
_BEGINS_WITHIN: Final = 240
"""How often it is looked whether the night has begun, before the page is shown anyway."""
_PAUSE: Final = 0.25
"""Seconds between two looks."""


def _pipe(request: Request) -> int:
    """Return where a night is asked for.

    Raises:
        NotFoundError: this is no demonstration, or the caller is not at home.
    """
    settings: RegistrySettings = request.app.state.settings
    address = caller_address(request)
    if not settings.demo_night or address is None or not address.is_loopback:
        raise NotFoundError
    return settings.demo_night


@router.get("/demo/night", **page())
async def show_night(request: Request, visit: Reading, session: Session) -> Response:
    """Show whether a night of the demonstration is under way, and where its traces are."""
    _pipe(request)
    return visit.page(
        "demo/passing.html" if visit.is_part else "demo/night.html",
        is_under_way=await is_held(session, LOCK),
    )


@router.post("/demo/night", **page())
async def pass_night(request: Request, visit: Changing, session: Session) -> Response:
    """Have one more night pass, unless one is under way."""
    os.write(_pipe(request), b"n")
    for _ in range(_BEGINS_WITHIN):
        if await is_held(session, LOCK):
            break
        await asyncio.sleep(_PAUSE)
    return visit.redirect("/demo/night")
