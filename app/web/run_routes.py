from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.jobs import service as jobs
from app.web import run_words
from app.web.deps import Cursor, Reading, page
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 14
"""Two weeks of nights."""
FOLLOWED_FOR: Final = timedelta(minutes=20)
"""Less than the idle time: a page that follows a run by itself keeps nobody signed in."""


@router.get("/runs", **page(Permission.RUNS_READ))
async def show_runs(
    visit: Reading, session: Session, response: Response, cursor: Cursor = None
) -> Response:
    """Show the newest nightly run step by step, as far as it is, and the ones before."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await jobs.list_runs(session, visit.principal, before=wanted.id, limit=PER_PAGE)
    runs = [read for _, read in found]
    newest = runs[0] if runs and cursor is None else None
    last = await jobs.get_last_whole(session, visit.principal, found[0][0]) if newest else None
    return visit.page(
        "runs/results.html" if visit.is_part else "runs/runs.html",
        runs=runs,
        newest=newest,
        last=last,
        is_followed=newest is not None
        and newest.state == "running"
        and visit.now < newest.started_at + FOLLOWED_FOR,
        run_words=run_words,
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )
