from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import AgreementNotInForceError
from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.items import attempt
from app.insights import queries
from app.insights.figures import ALL, SUM, arrange, first_month, months
from app.insights.measures import MEASURES, Breakdown, MeasureName
from app.insights.schemas import InsightRead
from app.reference.counties import COUNTIES, state_of
from app.reference.statutes import CODES


async def publish_insights(
    session: AsyncSession, principal: Principal, *, now: datetime, limit: int
) -> int:
    """Count one state anew that was not yet this month; returns 1, or 0 when all were.

    Once a month and not each night, so that nobody follows single cases from one night to the
    next. Of one that fails the others are counted all the same.

    Args:
        session: Of the jobs' role.
        principal: The operator, or a job of the operator.
        now: Its month is that of the figures.
        limit: Not asked: one state is a batch.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    del limit
    principal.require(Permission.OFFICES_MANAGE)

    async def count(state: str) -> None:
        rows = await queries.list_counts(
            session, state, trafficking=sorted(CODES), since=first_month(now.date())
        )
        await queries.store(session, state, now.date(), arrange(rows))

    for state in await queries.list_due_states(session, today=now.date()):
        if await attempt(session, state, partial(count, state)):
            return 1
    return 0


async def read_insight(
    session: AsyncSession,
    principal: Principal,
    measure: MeasureName,
    by: Breakdown,
    *,
    now: datetime,
) -> InsightRead:
    """Return figures of the caller's state; every office that takes part is told the same.

    Raises:
        MissingScopeError: the caller lacks `insights:read`.
        AgreementNotInForceError: the office does not take part now.
    """
    principal.require(Permission.INSIGHTS_READ)
    row = await queries.get_insight(session, principal.office_id, measure, by, today=now.date())
    if row is None:
        raise AgreementNotInForceError
    figures: Mapping[str, Mapping[str, int | None]] = row["figures"] or {}
    categories = MEASURES[measure].categories

    def told(place: str, name: str) -> dict[str, Any]:
        counts = figures.get(place, {})
        return {
            "place": place,
            "name": name,
            "total": counts.get(SUM, 0),
            "counts": [counts.get(each, 0) for each in categories],
        }

    found = _counties(figures, row["state"]) if by == "county" else _months(figures, row["made_on"])
    return InsightRead.model_validate(
        {
            "measure": measure,
            "by": by,
            "unit": MEASURES[measure].unit,
            "state": row["state"],
            "made_on": row["made_on"],
            "categories": [{"code": c, "meaning": words} for c, words in categories.items()],
            "overall": told(ALL, "Whole state"),
            "rows": [told(place, name) for place, name in found],
        }
    )


def _counties(figures: Mapping[str, object], state: str) -> list[tuple[str, str]]:
    """Return the counties that have figures by name, those of other states and none at all last."""
    named = []
    for fips in figures.keys() - {ALL, ""}:
        of_state = state_of(fips)
        name = COUNTIES.get(fips, fips)
        named.append(
            (of_state != state, name if of_state == state else f"{name}, {of_state}", fips)
        )
    found = [(fips, name) for _, name, fips in sorted(named)]
    return [*found, *([("", "No county given")] if "" in figures else [])]


def _months(figures: Mapping[str, object], made_on: date | None) -> list[tuple[str, str]]:
    """Return every month that is told apart, after the time before them if anything was then."""
    if made_on is None:
        return []
    told = [
        (month, date.fromisoformat(f"{month}-01").strftime("%b %Y")) for month in months(made_on)
    ]
    return [*([("", f"Before {told[0][1]}")] if "" in figures else []), *told]
