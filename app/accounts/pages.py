from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.access.principal import Principal
from app.accounts.deps import CurrentPrincipal
from app.core.paging import Pager, Reached

_PAGE_PARAMETERS = frozenset({"limit", "cursor"})


@dataclass(frozen=True)
class Page:
    """One page of a list, as a caller asks for it.

    Its cursors belong to the list (its path and filters) and to the caller's office.
    """

    limit: int
    _cursor: str | None
    _list: str
    """Path and filters."""
    _office_id: int
    _pager: Pager
    _response: Response

    @property
    def number(self) -> int | None:
        """Return the row number to go on from, None on the first page.

        Raises:
            CursorError: the cursor was altered, or is of another list or office.
        """
        return self._pager.read_number(self._scope, self._cursor)

    @property
    def id(self) -> UUID | None:
        """Return the id to go on from, None on the first page.

        Raises:
            CursorError: the cursor was altered, or is of another list or office.
        """
        return self._pager.read_id(self._scope, self._cursor)

    def end(self, keys: Sequence[int] | Sequence[UUID]) -> str | None:
        """Return the cursor of the next page, None after the last; also as Link (RFC 8288)."""
        cursor = self._pager.after(self._scope, keys, self.limit)
        if cursor is not None:
            query = urlencode({"limit": self.limit, "cursor": cursor})
            target = self._list + ("&" if "?" in self._list else "?") + query
            self._response.headers["Link"] = f'<{target}>; rel="next"'
        return cursor

    @property
    def reached(self) -> Reached | None:
        """Return how far a list that grows at its end was read, None at its beginning.

        Raises:
            CursorError: the cursor was altered, or is of another list or office.
        """
        return self._pager.read_reached(self._scope, self._cursor)

    def onward(self, reached: Reached) -> str:
        """Return the cursor that goes on from there, of a list that grows at its end."""
        return self._pager.onward(self._scope, reached)

    @property
    def _scope(self) -> str:
        return f"{self._office_id}:{self._list}"


Limit = Annotated[int, Query(ge=1, le=100, description="Items per page.", examples=[20])]
Cursor = Annotated[
    str | None,
    Query(
        max_length=200,
        description="`next_cursor` of the page before.",
        examples=["Yb3k9uQ2m1nX0c4vAAAAAAAAAGQ"],
    ),
]


def page_of(
    request: Request, response: Response, principal: Principal, limit: int, cursor: str | None
) -> Page:
    """Return the page of a list that a caller asks for, with the filters of the request."""
    given = sorted(request.query_params.items())
    filters = urlencode([item for item in given if item[0] not in _PAGE_PARAMETERS])
    listed = request.url.path + (f"?{filters}" if filters else "")
    return Page(limit, cursor, listed, principal.office_id, request.app.state.pager, response)


async def request_page(
    request: Request,
    response: Response,
    principal: CurrentPrincipal,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page:
    """Return the page that a request asks for."""
    return page_of(request, response, principal, limit, cursor)


RequestedPage = Annotated[Page, Depends(request_page)]
