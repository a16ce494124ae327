from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import Once
from app.accounts.pages import RequestedPage
from app.cases.errors import CaseHeldError, CaseNotFoundError
from app.cases.registering import Intake
from app.cases.routes import THEN_FINISH
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.reviews import corrections, holds, summaries
from app.reviews.errors import (
    CaseNotHeldError,
    CorrectionNotFoundError,
    CorrectionSettledError,
    OtherSummaryError,
    ReadingNotFoundError,
    ReadingNotNeededError,
)
from app.reviews.schemas import (
    CorrectionAsk,
    CorrectionId,
    CorrectionPage,
    CorrectionRead,
    CorrectionSettle,
    HoldRead,
    HoldSet,
    ReadingId,
    SummaryReadingAsk,
    SummaryReadingGive,
    SummaryReadingRead,
)
from app.sharing.errors import ReasonRefusedError, SecondPersonError
from app.sharing.routes import CASE, Ref

router = APIRouter(prefix="/v1", tags=["reviews"], route_class=StrictRoute)


async def current_intake(request: Request) -> Intake:
    """Return the keys and secrets that posts are taken in with."""
    intake: Intake = request.app.state.intake
    return intake


CurrentIntake = Annotated[Intake, Depends(current_intake)]


@router.post(
    "/summary-readings",
    status_code=201,
    openapi_extra=operation(
        ReadingNotNeededError, ReasonRefusedError, scope=Permission.SUMMARIES_VOUCH
    ),
)
async def ask_summary_reading(
    body: SummaryReadingAsk,
    intake: CurrentIntake,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> SummaryReadingRead:
    """Say that a refused summary holds no identifier; another person has to agree within a day.

    The text is not kept. The same one again, while it waits or counts, is the same reading.
    """
    return await summaries.ask_reading(session, principal, intake.app_secret, body, now=now)


@router.post(
    "/summary-readings/{reading_id}/second",
    openapi_extra=operation(
        ReadingNotFoundError, OtherSummaryError, SecondPersonError, scope=Permission.SUMMARIES_VOUCH
    ),
)
async def give_second_reading(
    reading_id: ReadingId,
    body: SummaryReadingGive,
    intake: CurrentIntake,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> SummaryReadingRead:
    """Agree that a summary holds no identifier; for a year a case can be posted with it.

    The second person sends the text too: only who has it before them can agree.
    """
    key = parse_public_id(summaries.PREFIX, reading_id)
    return await summaries.give_reading(
        session, principal, intake.app_secret, key, body.summary, now=now
    )


@router.put(
    CASE + "/hold",
    dependencies=THEN_FINISH,
    openapi_extra=operation(
        CaseNotFoundError,
        CaseHeldError,
        ReasonRefusedError,
        StepUpNeededError,
        scope=Permission.CASES_OVERSEE,
    ),
)
async def hold_case(
    ref: Ref,
    body: HoldSet,
    intake: CurrentIntake,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> HoldRead:
    """Put one of the own cases under legal hold: kept as it is, and matched with nothing.

    To other offices it looks withdrawn.
    """
    return await holds.hold_case(session, principal, intake, ref, body, now=now)


@router.delete(
    CASE + "/hold",
    openapi_extra=operation(
        CaseNotFoundError, CaseNotHeldError, StepUpNeededError, scope=Permission.CASES_OVERSEE
    ),
)
async def lift_hold(ref: Ref, session: Session, principal: CurrentPrincipal, now: Now) -> HoldRead:
    """Lift the legal hold of one of the own cases; its next post is matched again."""
    return await holds.lift_hold(session, principal, ref, now=now)


@router.post(
    CASE + "/corrections",
    status_code=201,
    response_model=CorrectionRead,
    openapi_extra=operation(
        IdempotencyKeyReusedError, CaseNotFoundError, scope=Permission.CASES_POST
    ),
)
async def ask_correction(
    ref: Ref,
    body: CorrectionAsk,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Have one of the own cases reviewed, for a person's counsel or whoever asks."""
    return await once(lambda: corrections.ask_correction(session, principal, ref, body, now=now))


@router.get(
    CASE + "/corrections",
    openapi_extra=operation(CaseNotFoundError, CursorError, scope=Permission.CASES_READ),
)
async def list_corrections(
    ref: Ref, session: Session, principal: CurrentPrincipal, page: RequestedPage
) -> CorrectionPage:
    """List the requests that one of the own cases be corrected, newest first.

    Of a withdrawn case they stay until it is purged.
    """
    found = await corrections.list_corrections(
        session, principal, ref, before=page.id, limit=page.limit
    )
    return CorrectionPage(
        items=tuple(corrections.render(each) for each in found),
        next_cursor=page.end([each.id for each in found]),
    )


@router.post(
    CASE + "/corrections/{correction_id}/outcome",
    openapi_extra=operation(
        CaseNotFoundError,
        CorrectionNotFoundError,
        CorrectionSettledError,
        SecondPersonError,
        scope=Permission.CASES_OVERSEE,
    ),
)
async def settle_correction(
    ref: Ref,
    correction_id: CorrectionId,
    body: CorrectionSettle,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> CorrectionRead:
    """Say what came of a review; who asked for it cannot."""
    key = parse_public_id(corrections.PREFIX, correction_id)
    return await corrections.settle_correction(session, principal, ref, key, body.outcome, now=now)
