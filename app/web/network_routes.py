"""The network around an own case as a picture and as a table, and what checks had shown before."""

from typing import Final

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.cases.schemas import ExternalId, SourceSystem
from app.checks import service as checks
from app.core.deps import Session
from app.networks import service
from app.networks.service import CASES, EDGES
from app.web import network_drawing, words
from app.web.deps import Cursor, Reading, page
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 20


@router.get("/cases/{source_system}/{external_id}/network", **page(Permission.OVERLAPS_READ))
async def show_network(
    source_system: SourceSystem, external_id: ExternalId, visit: Reading, session: Session
) -> Response:
    """Show the overlaps around one of the own cases as one network, no more than each of them."""
    ref = source_system, external_id
    network = await service.read_network(session, visit.principal, ref, now=visit.now)
    offices = {
        each.label: each.office.name if each.office else words.OFFICE_KINDS[each.office_kind]
        for each in network.counterparts
    }
    return visit.page(
        "cases/network.html",
        case={"source_system": source_system, "external_id": external_id},
        network=network,
        picture=network_drawing.draw(network, offices),
        others={each.label: each for each in network.counterparts},
        most_cases=CASES,
        most_edges=EDGES,
    )


@router.get("/cases/{source_system}/{external_id}/checks", **page(Permission.OVERLAPS_READ))
async def show_checks(
    source_system: SourceSystem,
    external_id: ExternalId,
    visit: Reading,
    session: Session,
    response: Response,
    cursor: Cursor = None,
) -> Response:
    """Show who checked one of the own cases before which act, and what they were shown."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await checks.list_checks(
        session,
        visit.principal,
        (source_system, external_id),
        before=wanted.id,
        limit=PER_PAGE,
    )
    return visit.page(
        "cases/checks.html",
        case={"source_system": source_system, "external_id": external_id},
        checks=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )
