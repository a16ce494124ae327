from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.insights import service as insights
from app.insights import sheets
from app.insights.measures import MEASURES, Breakdown, MeasureName
from app.web import charts
from app.web.deps import Reading, page
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)
_BY: Final = {"county": "By county", "month": "By month"}
_ALL: Final = {"cases": "All cases", "sides": "All sides of overlaps"}


@router.get("/insights", **page(Permission.INSIGHTS_READ))
async def show_insight(
    visit: Reading,
    session: Session,
    measure: MeasureName = "trafficking",
    by: Breakdown = "county",
    category: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show figures of the state as pictures, each with the same numbers as a table beside it."""
    found = await insights.read_insight(session, visit.principal, measure, by, now=visit.now)
    named = {each.code: each.meaning for each in found.categories}
    columns, top = charts.columns(found, category)
    most = max([each or 0 for each in found.overall.counts], default=0)
    return visit.page(
        "insights/insights.html",
        insight=found,
        measures=MEASURES,
        breakdowns=_BY,
        category=category if category in named else "",
        counted=named.get(category, _ALL[found.unit]),
        bars=[
            (each.meaning, value, 0 if value is None else 100 * value / max(1, most))
            for each, value in zip(found.categories, found.overall.counts, strict=True)
        ],
        rows=[(row, charts.value_of(found, row, category)) for row in found.rows],
        columns=columns,
        top=top,
        charts=charts,
        map=charts.county_map(found, category) if by == "county" else None,
        notes=sheets.about(found),
    )
