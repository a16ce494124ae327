from typing import Annotated

from pydantic import Field

from app.cases.overlap_schemas import CaseRef, CounterpartRead, OverlapId
from app.cases.vocabulary import Band, JointVerdict, Rung
from app.core.schemas import Read

Label = Annotated[
    str, Field(description="Names a counterpart within this answer only.", examples=["1"])
]


class NetworkCaseRead(Read):
    """One of the own cases in the network."""

    case: CaseRef
    """The office's own name for it."""
    distance: int
    """How many shared counterparts lie between it and the case that was asked about; 0 is that."""


class NetworkCounterpartRead(CounterpartRead):
    """Another office's case, as far as its owner lets it be seen.

    One whose summary is shown appears once however many own cases it overlaps. Of the others
    nobody tells whether two are the same, so each overlap has its own.
    """

    label: Label


class NetworkEdgeRead(Read):
    """One overlap between an own case and a counterpart."""

    overlap_id: OverlapId
    case: CaseRef
    """The own one."""
    counterpart: Label
    band: Band
    rung: Rung
    verdict: JointVerdict


class NetworkRead(Read):
    """Overlaps around one own case, seen as one network: never more than each of them shows.

    Overlaps between two other offices are no part of it, and neither is their number.
    """

    cases: tuple[NetworkCaseRead, ...]
    """The own cases, the nearest first."""
    counterparts: tuple[NetworkCounterpartRead, ...]
    """The other sides."""
    edges: tuple[NetworkEdgeRead, ...]
    """Of each own case the strongest first."""
    is_complete: bool
    """False where the network goes on beyond what one answer shows."""
