from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.cases.overlap_schemas import CaseRef, OverlapId
from app.cases.vocabulary import Band, JointVerdict, Rung
from app.core.schemas import PageRead, Read, Sent, Version
from app.handling.vocabulary import Status
from app.offices.schemas import ContactRead, OfficeRef

Act = Annotated[
    Literal["plea", "declination", "charge", "operation"],
    Field(description="What the office is about to do in the case."),
]
CheckId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a check that was made; opaque.",
        examples=["chk_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]
NextStep = Annotated[
    Literal["call", "call_lead", "request_contact", "await_contact", "none"],
    Field(
        description="What to do about it before acting: call the office, call the lead of the "
        "joint handling, ask for the contact, await the answer to that; or nothing, because both "
        "offices found no match."
    ),
]


Blindness = Annotated[
    Literal["not_participating", "held", "not_matched_yet"],
    Field(
        description="Why a check can show no overlap, whatever there is: the office takes no part "
        "now, a legal hold keeps the case out of the matching, or it was not posted again since "
        "one was lifted."
    ),
]


class CheckMake(Sent):
    """The act before which the overlaps of a case are looked at."""

    act: Act


class CheckedHandlingRead(Read):
    """Joint handling of the overlap that is asked for or under way."""

    status: Status
    is_own_lead: bool | None = None
    """Whether the own office leads; null until all have signed."""


class CheckedOverlapRead(Read):
    """One open overlap of the case: how strong it is, and whom to call before acting."""

    overlap_id: OverlapId
    version: Version
    band: Band
    strength: int | None = None
    """Bits of evidence of the strongest finding; from the rung contact on, else null."""
    rung: Rung
    state: str
    """The other office's, two letters."""
    office_kind: str
    """What the other office is: local, attorney_general, tribal or regional."""
    is_same_sovereign: bool
    """Whether both prosecute for one state: then a plea or verdict may bar the other's case."""
    verdict: JointVerdict
    next_step: NextStep
    office: OfficeRef | None = None
    """From the rung contact on, else null."""
    contact: ContactRead | None = None
    """Whom to call; from the rung contact on, else null."""
    backup: ContactRead | None = None
    """Whom to call when nobody answers there; null if the office named none."""
    handling: CheckedHandlingRead | None = None
    """Null where none is open."""


class CheckRead(Read):
    """What somebody was shown before an act."""

    id: CheckId
    case: CaseRef
    """The own case that was checked."""
    act: Act
    checked_at: datetime
    """When it was made, UTC."""
    checked_by: str
    """Who: a machine client, or a person of the office by id."""
    overlaps: tuple[CheckedOverlapRead, ...]
    """The strongest first."""
    blind_because: Blindness | None = None
    """Set where no overlap can be shown, whatever there is; null where all that may be are."""
    is_complete: bool
    """False when the case has more overlaps than a check shows; list them then."""


class ShownRead(Read):
    """What a check that was made before had shown of one overlap."""

    overlap_id: OverlapId
    version: Version
    rung: Rung
    band: Band
    is_same_sovereign: bool
    """Whether both offices prosecuted for one state."""
    next_step: NextStep


class MadeCheckRead(Read):
    """A check that was made before."""

    id: CheckId
    act: Act
    checked_at: datetime
    """When it was made, UTC."""
    checked_by: str
    """Who: a machine client, or a person of the office by id."""
    blind_because: Blindness | None = None
    """Set where no overlap could be shown, whatever there was."""
    shown: tuple[ShownRead, ...]
    """What it showed, the strongest first."""


class CheckPage(PageRead[MadeCheckRead]):
    """The checks of a case, newest first."""
