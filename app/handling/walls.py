"""Walls among parties: the database lets no office ask, accept or sign beside whom it keeps out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import IntegrityError

from app.core.errors import FieldProblem
from app.handling.errors import PartiesRefusedError


@asynccontextmanager
async def within_walls(pointer: str = "") -> AsyncIterator[None]:
    """Name what the database refuses for a wall before a case of the caller's own office.

    Of a wall before another party's case nobody is told: that party does not sign. Nor is anything
    refused for a party that the caller is not told of, which never sees the request. `pointer` is
    where the request names the offices.

    Raises:
        PartiesRefusedError: an office of the request, or who is to join, is walled.
    """
    try:
        yield
    except (IntegrityError, asyncpg.CheckViolationError) as refused:
        if "ck_handling_parties_walls" not in str(refused):
            raise
        raise refused_parties(pointer, "cannot-take-part") from None


def refused_parties(pointer: str, code: str) -> PartiesRefusedError:
    """Return the refusal of an office that `pointer` names, of the request as a whole if none."""
    problem = FieldProblem(pointer, code, PartiesRefusedError.default_detail)
    return PartiesRefusedError(problems=(problem,) if pointer else ())
