"""What every page is made with: who reads it, how it is rendered, and how refusals look."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.access.policy import is_allowed
from app.access.principal import STEP_UP_FOR, Principal
from app.accounts.pages import Page
from app.core.errors import AppError, UnauthenticatedError
from app.core.http import StrictRoute
from app.core.settings import RegistrySettings
from app.offices.seats import seat_of
from app.people import sign_ins
from app.people.deps import COOKIE
from app.people.errors import BannerNotAcknowledgedError, SecondFactorNeededError
from app.people.queries import ABSOLUTE, IDLE, SignedIn
from app.web import forms, menu, refusals
from app.web.rendering import render

SEE_OTHER: Final = 303
MOST_PER_PAGE: Final = 100
_OPEN_STATUS: Final = 500
_LACKS_STEP: Final = (UnauthenticatedError, BannerNotAcknowledgedError, SecondFactorNeededError)


@dataclass(frozen=True)
class Visit:
    """One person's request for a page."""

    request: Request
    signed: SignedIn
    now: datetime
    form: dict[str, str] = field(default_factory=dict)
    """What the page's form sent; empty for a page that is only read."""
    unread: int = 0
    """Notices that the person has not read, at most 20."""

    @property
    def principal(self) -> Principal:
        """Return who acts."""
        principal: Principal = self.request.state.principal
        return principal

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone that the person's office works in."""
        return seat_of(self.signed.state, self.signed.time_zone).zone

    @property
    def today(self) -> date:
        """Return the day that it is at the person's office."""
        return self.now.astimezone(self.zone).date()

    @property
    def ends_in(self) -> int:
        """Return in how many seconds the sign-in ends, whatever its person does."""
        return int((self.signed.began_at + ABSOLUTE - self.now).total_seconds())

    @property
    def csrf_token(self) -> str:
        """Return what each form of the page sends back."""
        return sign_ins.csrf_token(self.request.cookies[COOKIE])

    @property
    def is_part(self) -> bool:
        """Return whether a script asks for a part of the page to put in place."""
        return _is_part(self.request)

    def is_proved(self, within: timedelta = STEP_UP_FOR) -> bool:
        """Return whether the second factor is recent enough for what asks for it."""
        try:
            self.principal.require_step_up(self.now, within)
        except StepUpNeededError:
            return False
        return True

    def may(self, permission: str) -> bool:
        """Return whether the person may do this to anything at all."""
        return is_allowed(self.principal, Permission(permission))

    def list_page(self, response: Response, cursor: str | None, limit: int, filters: str) -> Page:
        """Return the page of a list that is asked for; `filters` belong to its cursors."""
        listed = f"{self.request.url.path}?{filters}"
        pager = self.request.app.state.pager
        return Page(limit, cursor, listed, self.signed.office_id, pager, response)

    def page(self, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        shown = {**_frame(self.request), "visit": self, "menu": menu.sections(self), **values}
        return respond(render(template, **shown), self.request, status)

    def go_on_with(self, secret: str) -> None:
        """Let forms of the page that is made next be of the sign-in's new secret."""
        self.request.cookies[COOKIE] = secret

    def redirect(self, path: str, note: str = "") -> Response:
        """Send the browser to another page of ours, which then says what `note` names."""
        mark = "&" if "?" in path else "?"
        return redirect(path + (f"{mark}note={note}" if note else ""))


def _is_part(request: Request) -> bool:
    return request.headers.get("hx-request-type") == "partial"


def redirect(path: str) -> Response:
    """Send the browser on with GET."""
    return RedirectResponse(path, SEE_OTHER)


def respond(text: str, request: Request, status: int = 200) -> Response:
    """Return HTML with the headers that a page needs.

    Not compressed: the page holds a token beside words that others chose (BREACH). The policy
    allows what the registry itself serves and, for tokens, the evaluator; nothing inline.
    """
    policy = (
        f"{worker_policy(request)}; worker-src 'self'; style-src 'self'; img-src 'self';"
        " font-src 'self'; form-action 'self'; base-uri 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        # a form's Origin would be "null" with no-referrer, and is what shows where it comes from
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Vary": "HX-Request-Type",
    }
    return HTMLResponse(text, status, headers=headers)


def worker_policy(request: Request) -> str:
    """Return what scripts may do: run what the registry serves, and ask it and the evaluator."""
    settings: RegistrySettings = request.app.state.settings
    evaluator = settings.evaluator_url.rstrip("/")
    return (
        "default-src 'none'; script-src 'self';"
        f" connect-src 'self' {evaluator}; frame-ancestors 'none'"
    )


def open_page(request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response:
    """Return a page that anyone may read."""
    shown = {**_frame(request), "visit": None, "menu": (), **values}
    return respond(render(template, **shown), request, status)


def _frame(request: Request) -> dict[str, Any]:
    settings: RegistrySettings = request.app.state.settings
    return {
        "is_demo": bool(settings.demo_people),
        "has_nights": bool(settings.demo_night),
        "idle_seconds": int(IDLE.total_seconds()),
        "path": request.url.path,
        "note": request.query_params.get("note", ""),
    }


class PageRoute(StrictRoute):
    """A route that answers people with pages, its refusals too."""


def _is_for_page(request: Request) -> bool:
    """Return whether the route makes pages, or there is none and a browser shows the answer."""
    route = request.scope.get("route")
    if route is None:
        return "text/html" in request.headers.get("accept", "")
    return isinstance(route, PageRoute)


def _page_of(request: Request) -> str:
    """Return the page that is asked for, or that of a form, whose draft is there; "" without one.

    A form that was refused is shown at an address that is sent to, and may have no page to open.
    """
    asked = str(request.url) if request.method == "GET" else request.headers.get("referer", "")
    page = "".join(f"/{rest}" for rest in asked.split("/", 3)[3:] if rest)
    path = page.partition("?")[0]
    of_pages = (each for each in request.app.routes if isinstance(each, PageRoute))
    there = [each for each in of_pages if each.path_regex.match(path)]
    read = {each.path for each in there if "GET" in (each.methods or ())}
    return page if read and read == {each.path for each in there} else ""


def problem_page(request: Request, error: AppError) -> Response | None:
    """Render a refusal for people, None for programs: what is wrong and what to do about it.

    A sign-in that lacks a step is led to it; where a script asked for a part of a page, by loading
    that page again. What may not be seen and what does not exist give the same, byte for byte.
    """
    if not _is_for_page(request):
        return None
    if isinstance(error, _LACKS_STEP) and _is_part(request):
        return Response(status_code=error.status, headers={"HX-Refresh": "true"})
    is_read = request.method == "GET"
    if isinstance(error, UnauthenticatedError):
        to = quote(_page_of(request))
        had = COOKIE in request.cookies
        parts = [f"next={to}" if to else "", "note=expired" if had else ""]
        ask = "&".join(filter(None, parts))
        return redirect("/sign-in" + (f"?{ask}" if ask else ""))
    if isinstance(error, BannerNotAcknowledgedError):
        return redirect("/sign-in/notice")
    if isinstance(error, SecondFactorNeededError):
        return redirect("/sign-in/second-factor")
    visit = getattr(request.state, "visit", None) if error.status < _OPEN_STATUS else None
    values = {
        "details": refusals.details(error),
        "is_part": _is_part(request),
        "heading": refusals.heading(error),
        "advice": refusals.advice(error),
        "back": "/" if is_read else forms.local_path(request.url.path.rpartition("/")[0]),
        "trace_id": request.state.request_id if error.status >= _OPEN_STATUS else "",
    }
    if visit is not None:
        answer: Response = visit.page("problem.html", status=error.status, **values)
    else:
        answer = open_page(request, "problem.html", status=error.status, **values)
    for name, value in error.headers.items():
        answer.headers[name] = value
    return answer
