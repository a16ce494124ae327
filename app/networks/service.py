from datetime import datetime
from itertools import groupby
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.networks import queries
from app.networks.schemas import NetworkRead
from app.quotas.counting import within_listing


async def read_network(
    session: AsyncSession, principal: Principal, ref: tuple[str, str], *, now: datetime
) -> NetworkRead:
    """Return the network around one of the caller's own cases, and record what was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
        QuotaExceededError: the office or the caller looked at too many lately.
    """
    principal.require(Permission.OVERLAPS_READ)
    async with within_listing(session, principal, now=now):
        case = await cases.get_case(session, principal, *ref)
        rows = await queries.list_edges(session, principal, case.id, now=now)
        read, shown = _render(ref, rows)
        await audit.record(
            session,
            principal,
            "network.disclosed",
            f"{len(shown)} overlaps",
            recipients=[principal.office_id],
            detail=shown,
        )
        return read


def _render(ref: tuple[str, str], rows: list[asyncpg.Record]) -> tuple[NetworkRead, dict[str, str]]:
    """Return the network, and the rung of each overlap in it."""
    by_case = [list(each) for _, each in groupby(rows, key=lambda row: row["case_id"])]
    center = {"source_system": ref[0], "external_id": ref[1]}
    nodes: list[dict[str, Any]] = [{"case": center, "distance": 0}]
    counterparts: dict[object, dict[str, Any]] = {}
    edges = []
    for each in by_case[: queries.CASES]:
        for row in each[: queries.EDGES]:
            read = ladder.render(row)
            node = {"case": read.case.model_dump(), "distance": row["distance"]}
            if node not in nodes:
                nodes.append(node)
            # that two overlaps are with one case is shown to who sees its summary
            key = row["other_case_id"] if row["rung"] >= ladder.SUMMARY else row["id"]
            known = counterparts.setdefault(
                key, {**read.counterpart.model_dump(), "label": str(len(counterparts) + 1)}
            )
            edges.append(
                {
                    "overlap_id": read.id,
                    "case": node["case"],
                    "counterpart": known["label"],
                    "band": read.band,
                    "rung": read.rung,
                    "verdict": read.verdicts.state,
                }
            )
    shown = {edge["overlap_id"]: edge["rung"] for edge in edges}
    is_complete = len(by_case) <= queries.CASES and len(edges) == len(rows)
    network = {"cases": nodes, "counterparts": list(counterparts.values()), "edges": edges}
    return NetworkRead.model_validate({**network, "is_complete": is_complete}), shown
