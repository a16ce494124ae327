"""People at the registry, as signing in would make them: a principal for each bearer."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

import httpx
from fastapi import Header, Request

from app.access.policy import permissions_of
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.accounts.deps import current_principal
from app.core.clock import utc_now
from app.core.db import act_for
from app.core.deps import Now, Session
from app.core.ids import new_id
from tests.factories import OfficeClient, Registry


@dataclass
class Person:
    """Someone of an office, with an HTTP client of their own."""

    principal: Principal
    http: httpx.AsyncClient

    async def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request."""
        return await self.http.request(method, path, json=body)


async def sign_in(
    registry: Registry, office: OfficeClient, *roles: Role, minutes_ago: int = 0
) -> Person:
    """Return a person of the office who gave a second factor so long ago."""
    ((office_id,),) = await registry.rows(
        "SELECT id FROM offices WHERE code = :code", code=office.code
    )
    person_id = new_id()
    principal = Principal(
        f"person:{person_id}",
        office_id,
        permissions_of(roles),
        is_participating=True,
        person_id=person_id,
        proved_at=utc_now() - timedelta(minutes=minutes_ago),
        roles=frozenset(roles),
    )
    signed_in = _signed_in(registry)
    signed_in[str(person_id)] = principal
    return Person(principal, registry.http(Authorization=f"Person {person_id}"))


def _signed_in(registry: Registry) -> dict[str, Principal]:
    """Return who is signed in at a registry; from the first time on it knows people too."""
    state = registry.app.state
    if not hasattr(state, "signed_in"):
        state.signed_in = {}

        async def caller(
            request: Request,
            session: Session,
            now: Now,
            authorization: Annotated[str | None, Header()] = None,
        ) -> Principal:
            scheme, _, key = (authorization or "").partition(" ")
            if scheme != "Person":
                return await current_principal(request, session, now, authorization)
            person: Principal = state.signed_in[key]
            principal = replace(person, request_id=request.state.request_id)
            request.state.office = principal.office_id
            request.state.principal = principal
            act_for(session, principal)
            return principal

        registry.app.dependency_overrides[current_principal] = caller
    found: dict[str, Principal] = state.signed_in
    return found
