"""Forms that make something: sent twice, it is made once, as with the API's Idempotency-Key."""

import hashlib
import json
import re
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.accounts.idempotency import Act, Claim, answer_once
from app.core.db import savepoint
from app.core.errors import (
    AppError,
    ConflictError,
    InvalidError,
    MalformedError,
    PreconditionFailedError,
)
from app.web.pages import Visit

_KEY: Final = re.compile(r"[0-9a-f]{32}")
_CREATED: Final = 201
_BESIDE: Final = frozenset({"csrf_token", "key"})


async def once(
    session: AsyncSession,
    visit: Visit,
    permission: Permission,
    act: Act,
) -> dict[str, Any]:
    """Run `act` once for the form's `key` and return the JSON of its answer; see `answer_once`.

    Raises:
        MalformedError: the form lacks its key.
        MissingScopeError, IdempotencyKeyReusedError: see `answer_once`.
    """
    body, _ = await _answer(session, visit, permission, act)
    made: dict[str, Any] = json.loads(body)
    return made


async def is_first(
    session: AsyncSession,
    visit: Visit,
    permission: Permission,
    act: Act,
) -> bool:
    """Run `act` as `once` does and return whether it was not done before.

    A repeat runs it too, and undoes it: nothing that it made is to be shown then.

    Raises:
        MalformedError, MissingScopeError, IdempotencyKeyReusedError: see `once`.
    """
    _, is_done_now = await _answer(session, visit, permission, act)
    return is_done_now


async def _answer(
    session: AsyncSession,
    visit: Visit,
    permission: Permission,
    act: Act,
) -> tuple[bytes, bool]:
    """Return the answer's JSON, and whether it was made now."""
    key = visit.form.get("key", "")
    if not _KEY.fullmatch(key):
        raise MalformedError("Open the page again and send the form from there.")
    said = {name: text for name, text in visit.form.items() if name not in _BESIDE}
    body = json.dumps([visit.request.url.path, said], sort_keys=True)
    claim = Claim(visit.principal, key, hashlib.sha256(body.encode()).digest(), visit.now)
    answer = await answer_once(session, claim, permission, _CREATED, act)
    return bytes(answer.body), "Idempotent-Replayed" not in answer.headers


async def attempt(
    session: AsyncSession,
    visit: Visit,
    permission: Permission,
    act: Act,
) -> tuple[dict[str, Any], AppError | None]:
    """Run `act` as `once` does; a refusal that its form can tell is returned, with nothing done.

    Raises:
        MalformedError, MissingScopeError: see `once`.
    """
    try:
        async with savepoint(session):  # what is refused leaves no key behind
            return await once(session, visit, permission, act), None
    except (ConflictError, InvalidError, PreconditionFailedError) as error:
        return {}, error
