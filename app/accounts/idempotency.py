import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, NoReturn, Protocol

from fastapi import Depends, Header, Request, Response
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.models import IdempotencyKey
from app.audit import service as audit
from app.core.db import savepoint
from app.core.deps import Now, Session
from app.core.errors import AppError, NotFoundError
from app.core.openapi import scope_of

KEPT_FOR: Final = timedelta(hours=72)
"""How long an answer is kept for repeats."""


class Answer(Protocol):
    """What a creating operation answers with: a schema that knows its own headers."""

    def model_dump_json(self) -> str:
        """Return the body."""

    def response_headers(self) -> Mapping[str, str]:
        """Return ETag and, for something new, Location."""


Act = Callable[[], Awaitable[Answer]]
"""What is done at most once. A repeat does it too and undoes it, so it leaves nothing outside."""


@dataclass(frozen=True)
class Claim:
    """A client's or person's promise that a request with this key is always the same request."""

    principal: Principal
    key: str
    request_digest: bytes
    at: datetime


async def claim(
    request: Request,
    principal: CurrentPrincipal,
    now: Now,
    idempotency_key: Annotated[
        str,
        Header(
            pattern=r"^[A-Za-z0-9_-]{8,64}$",
            description="New for each new request; a repeat gets the first answer.",
            examples=["5f0c2b7e-1c5d-4f7a-9a58-0d6f4a1c9b3e"],
        ),
    ],
) -> Claim:
    """Return the claim of this request: its key, and a digest of method, path and body."""
    head = f"{request.method} {request.url.path}\n".encode()
    digest = hashlib.sha256(head + await request.body()).digest()
    return Claim(principal, idempotency_key, digest, now)


async def answer_once(
    session: AsyncSession,
    claim: Claim,
    permission: Permission,
    status: int,
    act: Act,
) -> Response:
    """Run `act` once per key and give every repeat the first answer.

    The key, the effect and the answer are one transaction. A repeat that comes while the first is
    still running waits for it. A refused request leaves no key behind. A repeat is audited too,
    because it discloses the answer once more; without the permission, once the office no longer
    takes part, or where what it is about is hidden from the caller by now, behind a wall for one,
    it is refused as the request itself would be.

    Raises:
        MissingScopeError: the caller lacks `permission`.
        IdempotencyKeyReusedError: the key belongs to another request.
        AppError: as `act`; of a repeat, what an absent thing is answered with.
    """
    principal = claim.principal
    principal.require(permission)
    mine = IdempotencyKey.person_id == principal.person_id
    if principal.client_id is not None:
        mine = IdempotencyKey.client_id == principal.client_id
    this = (mine, IdempotencyKey.key == claim.key)
    # the other old ones are the nightly job's, so that no two requests wait for each other
    old = IdempotencyKey.created_at < claim.at - KEPT_FOR
    await session.execute(delete(IdempotencyKey).where(*this, old))
    fresh = await session.scalar(
        insert(IdempotencyKey)
        .values(
            client_id=principal.client_id,
            person_id=principal.person_id,
            key=claim.key,
            request_digest=claim.request_digest,
            created_at=claim.at,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    if fresh is None:
        stored = (await session.scalars(select(IdempotencyKey).where(*this))).one()
        if stored.request_digest != claim.request_digest:
            raise IdempotencyKeyReusedError
        await _try_again(session, act, principal)
        await audit.record(session, principal, "answer.repeated", str(principal.caller_id))
        return _respond(
            stored.body, stored.status, {**stored.headers, "Idempotent-Replayed": "true"}
        )
    answer = await act()
    body, headers = answer.model_dump_json(), dict(answer.response_headers())
    await session.execute(
        update(IdempotencyKey).where(*this).values(status=status, body=body, headers=headers)
    )
    return _respond(body, status, headers)


async def _try_again(session: AsyncSession, act: Act, principal: Principal) -> None:
    """Do it once more and undo it: whoever could not ask for it now is not told of it either.

    Whatever else that comes to, mostly a conflict with the first time, its answer stands.

    Raises:
        AppError: what it is about is not there for the caller; or any refusal, of an office that
            does not take part.
    """
    try:
        with suppress(_UndoneError):
            await _act_and_undo(session, act)
    except AppError as error:
        if isinstance(error, NotFoundError) or not principal.is_participating:
            raise


async def _act_and_undo(session: AsyncSession, act: Act) -> NoReturn:
    async with savepoint(session):
        await act()
        raise _UndoneError


class _UndoneError(Exception):
    """Takes back what a repeat has done."""


async def once(
    request: Request, session: Session, claim: Annotated[Claim, Depends(claim)]
) -> Callable[[Act], Awaitable[Response]]:
    """Return what answers the operation once, for the scope and with the status that it says."""
    route = request.scope["route"]
    permission = Permission(scope_of(route))
    return partial(answer_once, session, claim, permission, route.status_code or HTTPStatus.OK)


Once = Annotated[Callable[[Act], Awaitable[Response]], Depends(once)]


def _respond(body: str, status: int, headers: Mapping[str, str]) -> Response:
    return Response(body, status, headers=dict(headers), media_type="application/json")
