from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.access.errors import AgreementNotInForceError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.insights import service, sheets
from app.insights.measures import Breakdown, MeasureName
from app.insights.schemas import InsightRead

router = APIRouter(prefix="/v1/insights/{measure}", tags=["insights"], route_class=StrictRoute)

OfMeasure = Annotated[MeasureName, Path(examples=["trafficking"])]
By = Annotated[Breakdown, Query(examples=["county"])]


class CsvResponse(Response):
    """A table."""

    media_type = "text/csv"


class XlsxResponse(Response):
    """A workbook."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _attachment(measure: str, by: str, kind: str) -> dict[str, str]:
    """Return the header by which a browser keeps a file under a name."""
    return {"Content-Disposition": f'attachment; filename="joinder-{measure}-by-{by}.{kind}"'}


@router.get("", openapi_extra=operation(AgreementNotInForceError, scope=Permission.INSIGHTS_READ))
async def read_insight(
    measure: OfMeasure,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
    by: By = "county",
) -> InsightRead:
    """Show figures of the own state by county or month, rounded, with the small ones hidden."""
    return await service.read_insight(session, principal, measure, by, now=now)


@router.get(
    "/figures.csv",
    response_class=CsvResponse,
    openapi_extra=operation(AgreementNotInForceError, scope=Permission.INSIGHTS_READ),
)
async def export_insight_as_csv(
    measure: OfMeasure,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
    by: By = "county",
) -> CsvResponse:
    """Give the same figures as comma-separated text; no cell of it is taken for a formula."""
    found = await service.read_insight(session, principal, measure, by, now=now)
    return CsvResponse(sheets.to_csv(found), headers=_attachment(measure, by, "csv"))


@router.get(
    "/figures.xlsx",
    response_class=XlsxResponse,
    openapi_extra=operation(AgreementNotInForceError, scope=Permission.INSIGHTS_READ),
)
async def export_insight_as_xlsx(
    measure: OfMeasure,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
    by: By = "county",
) -> XlsxResponse:
    """Give the same figures as a workbook, with a sheet that says how to read them."""
    found = await service.read_insight(session, principal, measure, by, now=now)
    return XlsxResponse(sheets.to_xlsx(found), headers=_attachment(measure, by, "xlsx"))
