"""Advice of specialist units: desks, questions to them, answers, and what came of these."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Final
from uuid import uuid4

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.accounts.idempotency import Answer
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.infusion import desks, service
from app.infusion.schemas import (
    DeskPut,
    DeskRead,
    QuestionAnswer,
    QuestionAsk,
    QuestionId,
    QuestionNotUsed,
    QuestionUsed,
)
from app.infusion.states import ANSWER, SAY_USE, TAKE, WITHDRAW, Side
from app.offices.queries import list_names
from app.reference.words import TOPICS
from app.web import forms, refusals
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import attempt
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
DESKS_AT_ONCE: Final = 100
_ASKED: Final = "desk", "topic", "trafficking_type", "industry", "origin", "stage", "question"
_USES: Final[dict[str, type[QuestionUsed | QuestionNotUsed]]] = {
    "used": QuestionUsed,
    "not_used": QuestionNotUsed,
}
_STEPS: Final = {"take": TAKE, "answer": ANSWER, "withdraw": WITHDRAW, "use": SAY_USE}
_PERMISSIONS: Final = {
    "take": Permission.INFUSION_ANSWER,
    "answer": Permission.INFUSION_ANSWER,
    "withdraw": Permission.INFUSION_ASK,
    "use": Permission.INFUSION_ASK,
}


@router.get("/infusion", **page(Permission.INFUSION_READ))
async def show_advice(
    visit: Reading,
    session: Session,
    response: Response,
    direction: Side = "asked",
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show the desks that give advice, the office's questions, and how answers went."""
    wanted = visit.list_page(response, cursor, PER_PAGE, f"direction={direction}")
    found = await service.list_questions(
        session,
        visit.principal,
        direction=direction,
        status=None,
        topic=None,
        before=wanted.id,
        limit=PER_PAGE,
        now=visit.now,
    )
    offered = await _desks(visit, session)
    told = [each.desk if direction == "asked" else each.office for _, each in found]
    own = next((each.topics for each in offered if each.office == visit.signed.office), ())
    return visit.page(
        "advice/advice.html",
        questions=[read for _, read in found],
        names=await list_names(session, told),
        direction=direction,
        desks=[each for each in offered if each.office != visit.signed.office],
        own_topics=own,
        figures=(await desks.read_figures(session, visit.principal, now=visit.now)).topics,
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


async def _desks(visit: Visit, session: Session) -> list[DeskRead]:
    """Return the offices that give advice, the own one too; none before the agreement."""
    if not visit.principal.is_participating:
        return []
    found: list[tuple[int, DeskRead]] = []
    while len(found) % DESKS_AT_ONCE == 0:
        after = found[-1][0] if found else None
        more = await desks.list_desks(
            session, visit.principal, topic=None, after=after, limit=DESKS_AT_ONCE, now=visit.now
        )
        found += more
        if not more:
            break
    return [read for _, read in found]


@router.post("/infusion/desk", **page(Permission.INFUSION_OFFER))
async def offer_desk(visit: Changing, session: Session) -> Response:
    """Offer the office's advice on the topics that are ticked, in place of those before."""
    topics = [topic for topic in TOPICS if f"topic-{topic}" in visit.form]
    body = DeskPut(topics=tuple(topics))
    await desks.put_desk(session, visit.principal, body.topics, now=visit.now)
    return visit.redirect("/infusion", "desk-offered")


@router.get("/infusion/new", **page(Permission.INFUSION_ASK))
async def show_new_question(
    visit: Reading,
    session: Session,
    desk: Annotated[str, Query(max_length=32)] = "",
    topic: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show the form of a question; the matter is told in coded words only."""
    visit.principal.require(Permission.INFUSION_ASK)
    return await _new_question(visit, session, {"desk": desk, "topic": topic}, {})


async def _new_question(
    visit: Visit, session: Session, form: dict[str, str], errors: dict[str, str]
) -> Response:
    offered = [each for each in await _desks(visit, session) if each.office != visit.signed.office]
    return visit.page(
        "advice/ask.html",
        status=422 if errors else 200,
        desks=offered,
        topics={topic for each in offered for topic in each.topics},
        form=form,
        errors=errors,
        key=uuid4().hex,
    )


@router.post("/infusion/new", **page(Permission.INFUSION_ASK))
async def ask_question(visit: Changing, session: Session) -> Response:
    """Ask another office's desk; sent twice, it is asked once."""
    visit.principal.require(Permission.INFUSION_ASK)
    body, errors = forms.read(QuestionAsk, forms.only(visit.form, *_ASKED))
    errors |= forms.identifying(visit.form, "question")
    if body is None or errors:
        return await _new_question(visit, session, visit.form, errors)
    asked = body
    made, refused = await attempt(
        session,
        visit,
        Permission.INFUSION_ASK,
        lambda: service.ask_question(session, visit.principal, asked, now=visit.now),
    )
    if refused is not None:
        return await _new_question(visit, session, visit.form, refusals.at_form(refused))
    return visit.redirect(f"/infusion/{made['id']}", "question-asked")


@router.get("/infusion/{question_id}", **page(Permission.INFUSION_READ))
async def show_question(
    question_id: QuestionId,
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one question, its answer, and what the reader may do next."""
    return await _question(visit, session, question_id, {})


async def _question(
    visit: Visit, session: Session, question_id: str, errors: dict[str, str]
) -> Response:
    key = parse_public_id(service.PREFIX, question_id)
    read = await service.read_question(session, visit.principal, key, now=visit.now)
    is_late = read.answered_at is None and read.expires_at <= visit.now
    return visit.page(
        "advice/question.html",
        status=422 if errors else 200,
        question=read,
        names=await list_names(session, [read.office, read.desk]),
        steps={
            name
            for name, step in _STEPS.items()
            if step.side == read.direction
            and read.status in step.starts
            and not is_late
            and visit.may(_PERMISSIONS[name])
        },
        errors=errors,
        form=visit.form,
        keys=[uuid4().hex for _ in _STEPS],
    )


@router.post("/infusion/{question_id}/steps", **page(Permission.INFUSION_READ))
async def take_question_step(
    question_id: QuestionId, visit: Changing, session: Session
) -> Response:
    """Take a question, answer it, withdraw it, or say whether its answer was used."""
    step = visit.form.get("step", "")
    permission = _PERMISSIONS.get(step, Permission.INFUSION_READ)
    visit.principal.require(permission)
    key = parse_public_id(service.PREFIX, question_id)
    who, now = visit.principal, visit.now
    act: Callable[[], Awaitable[Answer]]
    if step == "answer":
        advice, errors = forms.read(QuestionAnswer, {"answer": visit.form.get("advice", "")})
        found = forms.identifying(visit.form, "advice")
        if advice is None or found:
            errors = found or {"advice": forms.hint("advice")}
            return await _question(visit, session, question_id, errors)
        act = partial(service.answer_question, session, who, key, advice.answer, now=now)
    elif step == "use":
        use, _, code = visit.form.get("use", "").partition(":")
        said, _ = forms.read(_USES.get(use, QuestionUsed), {"use": use, "code": code})
        if said is None:
            return await _question(visit, session, question_id, {"use": forms.hint("use")})
        act = partial(service.say_use, session, who, key, said, now=now)
    else:
        simple = service.take_question if step == "take" else service.withdraw_question
        act = partial(simple, session, who, key, now=now)
    _, refused = await attempt(session, visit, permission, act)
    if refused is not None:
        return await _question(visit, session, question_id, refusals.at_form(refused))
    return visit.redirect(f"/infusion/{question_id}", "question-kept")
