"""The pages that the application has, as its routes say: a new one is here by itself."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from fastapi.routing import iter_route_contexts

from app.core.openapi import KNOWN, PUBLIC
from app.web.pages import PageRoute
from app.web.routes import router
from tests.web.pages import PageReader

NO_PAGES: Final = {"/", "/static/{version}/{name:path}", "/notices/stream"}
"""What a GET route gives that is not a page: a redirect, a file, a stream."""


@dataclass(frozen=True)
class Place:
    """A route of a page."""

    path: str
    pattern: re.Pattern[str]
    is_for_some: bool
    """Whether a role must have a permission for it."""


def places(method: str) -> Iterator[Place]:
    """Yield the routes of pages that answer the method, in the order in which they are tried."""
    for context in iter_route_contexts(router.routes):
        route = context.original_route
        if isinstance(route, PageRoute) and method in (route.methods or ()):
            scope = (route.openapi_extra or {})["x-scope"]
            yield Place(route.path, route.path_regex, scope not in {PUBLIC, KNOWN})


READ: Final = tuple(each for each in places("GET") if each.path not in NO_PAGES)
SENT: Final = tuple(places("POST"))


def place_of(address: str, among: tuple[Place, ...] = READ) -> str:
    """Return the route of an address of ours, empty if it is none of a page."""
    path = urlsplit(address).path
    return next((each.path for each in among if each.pattern.match(path)), "")


async def follow(
    read: Callable[[str], Awaitable[PageReader]], *starts: str, met: Collection[str] = ()
) -> list[str]:
    """Read the pages that links lead to from some on, one of each route; return their addresses.

    `met` are routes that no link is followed to.
    """
    found, known = [*starts], set(met)
    for address in found:  # which grows
        for link in (await read(address)).links:
            route = place_of(link) if link.startswith("/") else ""
            if route and route not in known:
                known.add(route)
                found.append(link)
    return found
