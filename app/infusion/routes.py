from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.access.errors import AgreementNotInForceError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import Once
from app.accounts.pages import RequestedPage
from app.cases.errors import TextRefusedError
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.infusion import desks, service
from app.infusion.errors import (
    DeskAbsentError,
    DeskBusyError,
    QuestionNotFoundError,
    QuestionNotYoursError,
    QuestionStandsError,
)
from app.infusion.schemas import (
    DeskPage,
    DeskPut,
    DeskRead,
    FiguresRead,
    QuestionAnswer,
    QuestionAsk,
    QuestionId,
    QuestionPage,
    QuestionRead,
    QuestionStep,
    QuestionUse,
    Topic,
)
from app.infusion.states import Side, Status

router = APIRouter(prefix="/v1", tags=["infusion"], route_class=StrictRoute)
_SENDS = ("Location",)
_STEP = (
    QuestionNotFoundError,
    QuestionNotYoursError,
    QuestionStandsError,
    IdempotencyKeyReusedError,
)


def question_key(question_id: QuestionId) -> UUID | None:
    """Return the key of the question that the path names, None if it names none."""
    return parse_public_id(service.PREFIX, question_id)


QuestionKey = Annotated[UUID | None, Depends(question_key)]
OfTopic = Annotated[
    Topic | None, Query(description="Only what is on this topic.", examples=["labor"])
]
OfStatus = Annotated[
    Status | None, Query(description="Only questions in this state.", examples=["open"])
]
OfSide = Annotated[
    Side | None,
    Query(
        description="Only questions that the office asked, or that its desk received.",
        examples=["asked"],
    ),
]


@router.put("/infusion-desk", openapi_extra=operation(scope=Permission.INFUSION_OFFER))
async def put_infusion_desk(
    body: DeskPut, session: Session, principal: CurrentPrincipal, now: Now
) -> DeskRead:
    """Offer the advice of the office's specialist unit on topics, or close its desk."""
    return await desks.put_desk(session, principal, body.topics, now=now)


@router.get(
    "/infusion-desks",
    openapi_extra=operation(AgreementNotInForceError, CursorError, scope=Permission.INFUSION_READ),
)
async def list_infusion_desks(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    topic: OfTopic = None,
) -> DeskPage:
    """List the offices that give advice, and on what."""
    found = await desks.list_desks(
        session, principal, topic=topic, after=page.number, limit=page.limit, now=now
    )
    return DeskPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get("/infusion-figures", openapi_extra=operation(scope=Permission.INFUSION_READ))
async def read_infusion_figures(
    session: Session, principal: CurrentPrincipal, now: Now
) -> FiguresRead:
    """Tell how long answers took and which were used, of the office's own questions and desk."""
    return await desks.read_figures(session, principal, now=now)


@router.post(
    "/infusion-questions",
    status_code=201,
    response_model=QuestionRead,
    openapi_extra=operation(
        AgreementNotInForceError,
        DeskAbsentError,
        DeskBusyError,
        IdempotencyKeyReusedError,
        TextRefusedError,
        scope=Permission.INFUSION_ASK,
        sends=_SENDS,
    ),
)
async def ask_question(
    body: QuestionAsk,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Ask another office's desk about a matter told in coded words; it may be discoverable."""
    return await once(lambda: service.ask_question(session, principal, body, now=now))


@router.get(
    "/infusion-questions", openapi_extra=operation(CursorError, scope=Permission.INFUSION_READ)
)
async def list_questions(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    direction: OfSide = None,
    status: OfStatus = None,
    topic: OfTopic = None,
) -> QuestionPage:
    """List the questions that the office asked or received, newest first."""
    found = await service.list_questions(
        session,
        principal,
        direction=direction,
        status=status,
        topic=topic,
        before=page.id,
        limit=page.limit,
        now=now,
    )
    return QuestionPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get(
    "/infusion-questions/{question_id}",
    openapi_extra=operation(QuestionNotFoundError, scope=Permission.INFUSION_READ),
)
async def read_question(
    question_id: QuestionKey, session: Session, principal: CurrentPrincipal, now: Now
) -> QuestionRead:
    """Read one question and its answer."""
    return await service.read_question(session, principal, question_id, now=now)


@router.post(
    "/infusion-questions/{question_id}/take",
    response_model=QuestionRead,
    openapi_extra=operation(*_STEP, scope=Permission.INFUSION_ANSWER, sends=_SENDS),
)
async def take_question(
    question_id: QuestionKey,
    body: QuestionStep,  # noqa: ARG001 -- each POST takes an object
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Say that someone of the desk is at it, so that the other office knows."""
    return await once(lambda: service.take_question(session, principal, question_id, now=now))


@router.post(
    "/infusion-questions/{question_id}/answer",
    response_model=QuestionRead,
    openapi_extra=operation(
        *_STEP, TextRefusedError, scope=Permission.INFUSION_ANSWER, sends=_SENDS
    ),
)
async def answer_question(
    question_id: QuestionKey,
    body: QuestionAnswer,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Answer a question in general terms; the first answer is final and may be discoverable."""
    return await once(
        lambda: service.answer_question(session, principal, question_id, body.answer, now=now)
    )


@router.post(
    "/infusion-questions/{question_id}/use",
    response_model=QuestionRead,
    openapi_extra=operation(*_STEP, scope=Permission.INFUSION_ASK, sends=_SENDS),
)
async def say_use(
    question_id: QuestionKey,
    body: QuestionUse,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Say whether the answer was used, and what for or why not."""
    return await once(lambda: service.say_use(session, principal, question_id, body, now=now))


@router.post(
    "/infusion-questions/{question_id}/withdraw",
    response_model=QuestionRead,
    openapi_extra=operation(*_STEP, scope=Permission.INFUSION_ASK, sends=_SENDS),
)
async def withdraw_question(
    question_id: QuestionKey,
    body: QuestionStep,  # noqa: ARG001 -- each POST takes an object
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Withdraw a question that is not answered; the desk may have read it."""
    return await once(lambda: service.withdraw_question(session, principal, question_id, now=now))
