"""What the own office does about an overlap: steps, and who of it sees to it."""

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.cases import ladder
from app.cases.overlap_schemas import OverlapId
from app.core.deps import Session, Settings
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.followups import service as followups
from app.followups.errors import AssigneeRefusedError
from app.followups.schemas import FollowUpStep
from app.openings import service as openings
from app.web import forms
from app.web.deps import Changing, page
from app.web.overlap_routes import show
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)


@router.post("/overlaps/{overlap_id}/follow-up", **page(Permission.OVERLAPS_JUDGE))
async def follow_up(
    overlap_id: OverlapId, visit: Changing, session: Session, settings: Settings
) -> Response:
    """Note that the office acknowledged the overlap, spoke with the other one, or is done."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    step, errors = forms.read(FollowUpStep, forms.only(visit.form, "event", "resolution"))
    if step is None:
        return await _again(visit, session, settings, overlap_id, errors)
    if_match = Precondition.parse(visit.form.get("version", ""))
    await followups.take_step(session, visit.principal, key, step, if_match=if_match, now=visit.now)
    return visit.redirect(f"/overlaps/{overlap_id}", "follow-up-kept")


@router.post("/overlaps/{overlap_id}/assignment", **page(Permission.OVERLAPS_JUDGE))
async def assign(
    overlap_id: OverlapId, visit: Changing, session: Session, settings: Settings
) -> Response:
    """Give the overlap to a colleague or to oneself, or take it from whoever has it."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    if_match = Precondition.parse(visit.form.get("version", ""))
    person = visit.form.get("person")
    try:
        await followups.assign(
            session, visit.principal, key, person, if_match=if_match, now=visit.now
        )
    except AssigneeRefusedError:
        errors = {"person": "They may not see this case. Choose somebody else."}
        return await _again(visit, session, settings, overlap_id, errors)
    return visit.redirect(f"/overlaps/{overlap_id}", "follow-up-kept")


async def _again(
    visit: Changing, session: Session, settings: Settings, overlap_id: str, errors: dict[str, str]
) -> Response:
    """Show the overlap as it stands, with what was not right."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    seen = await openings.read_overlap(session, visit.principal, key, reason=None, now=visit.now)
    return await show(visit, session, seen, settings, errors, 422)
