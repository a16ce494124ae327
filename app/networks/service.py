from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.audit import service as audit
from app.cases import queries as cases
from app.cases.ladder import SeenOverlap
from app.networks import queries
from app.networks.schemas import NetworkRead
from app.quotas.counting import within_listing

DEPTH: Final = 3
"""How many shared counterparts the network reaches over."""
CASES: Final = 50
"""Own cases in one network at most, the nearest."""
EDGES: Final = 20
"""Overlaps of one case at most, the strongest."""

Edges = Sequence[tuple[SeenOverlap, int]]
"""Overlaps, each with the distance of its own case."""


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
        edges, is_complete = await _find(session, principal, case.id, now=now)
        shown = {overlap.read.id: overlap.read.rung for overlap, _ in edges}
        await audit.record(
            session,
            principal,
            "network.disclosed",
            f"{len(shown)} overlaps",
            recipients=[principal.office_id],
            detail=shown,
        )
        return _render(ref, edges, is_complete=is_complete)


async def _find(
    session: AsyncSession, principal: Principal, case_id: int, *, now: datetime
) -> tuple[Edges, bool]:
    """Return the overlaps around a case, the nearest first, and whether these are all."""
    edges: list[tuple[SeenOverlap, int]] = []
    known, shared, around = {case_id}, set[int](), [case_id]
    is_complete = True
    for distance in range(DEPTH + 1):
        by_case = await cases.list_overlaps_of_cases(
            session, principal, around, limit=EDGES + 1, now=now
        )
        is_complete &= all(len(found) <= EDGES for found in by_case.values())
        near = [each for found in by_case.values() for each in found[:EDGES]]
        edges += [(each, distance) for each in near]
        fresh = {each.other_case_id for each in near if _is_told(each)} - shared
        if not fresh:
            break
        room = CASES - len(known) if distance < DEPTH else 0
        further = await queries.list_cases_around(
            session, principal, fresh, known, limit=room + 1, now=now
        )
        is_complete &= len(further) <= room
        around = further[:room]
        known.update(around)
        shared |= fresh
    return edges, is_complete


def _is_told(overlap: SeenOverlap) -> bool:
    """Return whether the reader may know that another overlap is with the same case."""
    return Rung[overlap.read.rung.upper()] >= Rung.SUMMARY


def _render(ref: tuple[str, str], edges: Edges, *, is_complete: bool) -> NetworkRead:
    nodes: list[dict[str, Any]] = [
        {"case": {"source_system": ref[0], "external_id": ref[1]}, "distance": 0}
    ]
    counterparts: dict[object, dict[str, Any]] = {}
    shown = []
    for overlap, distance in edges:
        read = overlap.read
        node = {"case": read.case.model_dump(), "distance": distance}
        if node not in nodes:
            nodes.append(node)
        key = overlap.other_case_id if _is_told(overlap) else overlap.id
        known = counterparts.setdefault(
            key, {**read.counterpart.model_dump(), "label": str(len(counterparts) + 1)}
        )
        shown.append(
            {
                "overlap_id": read.id,
                "case": node["case"],
                "counterpart": known["label"],
                "band": read.band,
                "rung": read.rung,
                "verdict": read.verdicts.state,
            }
        )
    network = {"cases": nodes, "counterparts": list(counterparts.values()), "edges": shown}
    return NetworkRead.model_validate({**network, "is_complete": is_complete})
