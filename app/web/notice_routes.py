"""Pages of what one person is told: its list, its choices, and the hint that there is more."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Request, Response
from starlette.responses import StreamingResponse

from app.access.permissions import Permission
from app.access.policy import is_allowed
from app.core.db import enter, transaction
from app.core.deps import Session, Settings
from app.core.errors import InvalidError, UnavailableError
from app.core.schemas import Sent
from app.notices import service
from app.notices.errors import NoticeNotFoundError, TooManyStreamsError
from app.notices.hints import Hint, Hub
from app.notices.schemas import EventId, NoticeSettingsPut
from app.people.deps import COOKIE, require_complete
from app.people.queries import get_signed_in
from app.people.sign_ins import digest_of
from app.web import forms, notice_words
from app.web.deps import Changing, Cursor, Listening, Note, Reading, page
from app.web.notice_words import About
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE = 25
_SCOPE = Permission.NOTICES_READ


class Through(Sent):
    """The newest notice that the page showed."""

    through: EventId


@router.get("/notices", **page(_SCOPE))
async def show_notices(
    visit: Reading,
    session: Session,
    response: Response,
    show: Literal["all", "unread"] = "all",
    about: About | Literal[""] = "",
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show what happened that the person may know of and did not mute, newest first."""
    is_unread_only = show == "unread"
    asked = {"show": show if is_unread_only else "", "about": about}
    filters = urlencode({name: text for name, text in asked.items() if text})
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    notices, places = await service.list_notices(
        session,
        visit.principal,
        before=wanted.id,
        limit=PER_PAGE,
        is_unread_only=is_unread_only,
        about=about,
        now=visit.now,
    )
    return visit.page(
        "notices/results.html" if visit.is_part else "notices/notices.html",
        is_unread_only=is_unread_only,
        about=about,
        filters=filters,
        notices=notices,
        next_cursor=wanted.end(places),
        is_first=cursor is None,
    )


@router.post("/notices/read", **page(_SCOPE))
async def mark_all(visit: Changing, session: Session) -> Response:
    """Mark everything up to the newest notice of the page as read."""
    body = forms.require(Through, forms.only(visit.form, "through"), NoticeNotFoundError)
    await service.mark_through(session, visit.principal, body.through, now=visit.now)
    return visit.redirect("/notices", "notices-read")


@router.post("/notices/{event_id}/read", **page(_SCOPE))
async def mark_one(event_id: EventId, visit: Changing, session: Session) -> Response:
    """Mark one notice as read."""
    await service.mark_notice(session, visit.principal, event_id, is_read=True, now=visit.now)
    filters = forms.only(visit.form, "show", "about")
    return visit.redirect(f"/notices?{urlencode(filters)}" if filters else "/notices")


@router.get("/notices/settings", **page(_SCOPE))
async def show_settings(
    visit: Reading,
    session: Session,
    settings: Settings,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show what the person is told, and how."""
    return await _settings(visit, session, is_mail_sent=bool(settings.smtp_host), errors={})


@router.post("/notices/settings", **page(_SCOPE))
async def put_settings(visit: Changing, session: Session, settings: Settings) -> Response:
    """Choose what to be told, and how."""
    sends = bool(settings.smtp_host)
    muted = [each for each in notice_words.TYPES if f"tell-{each}" not in visit.form]
    fields = {"muted": muted, **forms.only(visit.form, "mail", "address")}
    chosen, errors = forms.read(NoticeSettingsPut, fields)
    if chosen is not None:
        try:
            await service.put_settings(
                session, visit.principal, chosen, is_mail_sent=sends, now=visit.now
            )
        except InvalidError as error:  # nothing was stored yet
            errors = {"address": error.detail}
    if errors:
        return await _settings(visit, session, is_mail_sent=sends, errors=errors)
    return visit.redirect("/notices/settings", "choices-kept")


async def _settings(
    visit: Visit, session: Session, *, is_mail_sent: bool, errors: dict[str, str]
) -> Response:
    kept = await service.read_settings(session, visit.principal, is_mail_sent=is_mail_sent)
    form = {"mail": kept.mail, "address": kept.address or "", **visit.form}
    told = [each for each in notice_words.TYPES if each not in kept.muted]
    if visit.form:
        told = [each for each in notice_words.TYPES if f"tell-{each}" in visit.form]
    return visit.page(
        "notices/settings.html",
        status=422 if errors else 200,
        kept=kept,
        told=told,
        form=form,
        errors=errors,
    )


@router.get("/notices/stream", **page(_SCOPE, UnavailableError, TooManyStreamsError))
async def stream_hints(
    request: Request,
    signed: Listening,
    last: Annotated[str, Header(alias="Last-Event-ID", max_length=64)] = "",
) -> Response:
    """Say to a page that is open that there is something new, and how much.

    It does not count as use of the sign-in, whose end ends it.
    """
    require_complete(signed)
    request.state.principal.require(_SCOPE)
    hub: Hub = request.app.state.hub
    digest = digest_of(request.cookies[COOKIE])

    async def look() -> Hint | None:
        async with transaction(request.app.state.sessions) as session:
            still = await get_signed_in(session, digest, now=request.app.state.clock())
            if still is None:
                return None
            principal = still.principal(request.state.principal.request_id)  # with its roles now
            if not is_allowed(principal, _SCOPE):
                return None
            await enter(session, principal)
            # the name first: what comes in between is another state, and is told next time
            newest = await service.newest_unread(session, principal)
            return Hint(await service.count_unread(session, principal), newest)

    return StreamingResponse(
        hub.listen(signed.office_id, digest, last, look),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # a proxy would keep it until it is over
    )
