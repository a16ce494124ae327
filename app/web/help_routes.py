from fastapi import APIRouter, Request, Response

from app.core.errors import NotFoundError
from app.web.deps import OpenVisit, open_to_all
from app.web.pages import PageRoute, Visit, open_page, worker_policy
from app.web.statics import static_files, static_version

router = APIRouter(route_class=PageRoute)
_FOREVER = "public, max-age=31536000, immutable"


@router.get("/help", **open_to_all())
async def show_help(request: Request, visit: OpenVisit) -> Response:
    """Explain in plain words what a possible match is and what each page is for."""
    return _shown(request, visit, "help/help.html")


def _shown(request: Request, visit: Visit | None, template: str) -> Response:
    return open_page(request, template) if visit is None else visit.page(template)


@router.get("/accessibility", **open_to_all())
async def show_accessibility(request: Request, visit: OpenVisit) -> Response:
    """State how far the pages are accessible, and whom to tell where they are not."""
    return _shown(request, visit, "help/accessibility.html")


@router.get("/static/{version}/{name:path}", **open_to_all())
async def send_static(version: str, name: str, request: Request) -> Response:
    """Send a style sheet, script, font or picture; its address changes when it does."""
    file = static_files().get(name)
    if file is None:
        raise NotFoundError
    headers = {"Vary": "Accept-Encoding"}
    if version == static_version():
        headers["Cache-Control"] = _FOREVER
    if name.endswith(".mjs"):
        # a worker keeps to the policy that comes with its script, not to that of its page
        headers["Content-Security-Policy"] = worker_policy(request)
    body = file.plain
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = file.packed
    return Response(body, headers=headers, media_type=file.media_type)
