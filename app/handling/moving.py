"""What the office that asked does with its request: it revises, submits or withdraws it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.preconditions import Precondition
from app.handling import queries, steps
from app.handling.asking import add_terms, check_terms
from app.handling.reads import HandlingRead
from app.handling.schemas import HandlingMove, HandlingRevise, HandlingSubmit
from app.handling.terms import Terms


async def move_request(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    move: HandlingMove,
    *,
    if_match: Precondition,
    now: datetime,
) -> HandlingRead:
    """Revise a draft, give it to leadership, or take the request back.

    Raises:
        MissingScopeError: the caller lacks `handling:request`.
        HandlingNotFoundError, HandlingMovedError, HandlingNotYoursError,
            PreconditionFailedError: see `steps.take`.
        TermsRefusedError: a term names no party, or ends too late.
        PartiesRefusedError: a wall of the office keeps a party from its case.
    """
    row, taken = await steps.take(
        session,
        principal,
        request_id,
        move.move,
        Permission.HANDLING_REQUEST,
        if_match=if_match,
        now=now,
    )
    if isinstance(move, HandlingRevise):
        number = row["terms_number"] + 1
        check_terms(move.terms, len(row["parties"]), now=now, number=number)
        await add_terms(session, principal, row["id"], number, move.terms, now=now)
        await queries.set_accepted(session, principal.office_id, row["id"], number, now=now)
        return await steps.finish(session, principal, row, taken, now=now, terms_number=number)
    if isinstance(move, HandlingSubmit):
        terms = Terms.model_validate(row["terms"])
        check_terms(terms, len(row["parties"]), now=now)  # a draft may have grown old
    return await steps.finish(session, principal, row, taken, now=now)
