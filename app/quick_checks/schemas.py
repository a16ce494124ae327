from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.cases.overlap_schemas import CaseRef
from app.cases.schemas import MatchSpec, SubjectPut
from app.cases.vocabulary import Band, ReadReason
from app.cases.vocabulary import Rung as Shown
from app.core.schemas import Epoch, Read, Sent
from app.offices.schemas import ContactRead, OfficeRef

MAX_SUBJECTS = 50
"""Subjects of one check."""

QuickCheckId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a quick check in the audit; opaque.",
        examples=["qck_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]


class QuickCheckMake(Sent):
    """Subjects to look up without posting them, as blinded as those of a case."""

    match_spec: MatchSpec
    epoch: Epoch
    reason: ReadReason
    """What it is for; kept in the audit, with the own case."""
    subjects: Annotated[tuple[SubjectPut, ...], Field(min_length=1, max_length=MAX_SUBJECTS)]
    """Each with a ref of its own, by which the answer names it; nothing of them is stored."""

    @model_validator(mode="after")
    def _refs(self) -> Self:
        if len({subject.ref for subject in self.subjects}) != len(self.subjects):
            raise ValueError("Give each subject a ref of its own.")
        if not all(subject.is_matched for subject in self.subjects):
            raise ValueError("Ask about suspected adults and organizations only.")
        return self


class HitFindingRead(Read):
    """What two subjects share, kinds only."""

    finding: str
    """same_person, same_organization or shared_identifier."""
    kinds: tuple[str, ...]
    """Kinds of what they share, such as `name` or `tel`."""
    band: Band | None = None
    """How strong it is; null for a shared identifier."""


class HitRead(Read):
    """Another office's case that may concern one of the subjects: whom to call, never what."""

    ref: str
    """Which of the subjects that were asked about."""
    band: Band
    findings: tuple[HitFindingRead, ...]
    """What is shared, the strongest first."""
    rung: Shown
    """How far it is shown: pointer or contact."""
    state: str
    """The other office's, two letters."""
    office_kind: str
    """What it is: local, attorney_general, tribal or regional."""
    office: OfficeRef | None = None
    """From the rung contact on, else null."""
    contact: ContactRead | None = None
    """Whom to call; from the rung contact on, else null."""


class CommonRead(Read):
    """Kinds of a subject's keys that so many hold that they say nothing."""

    ref: str
    """Which of the subjects that were asked about."""
    kinds: tuple[str, ...]
    """Kinds of its keys, such as `tel`."""


class QuickCheckRead(Read):
    """What a quick check told."""

    id: QuickCheckId
    case: CaseRef
    """The own case that it was made for."""
    reason: ReadReason
    checked_at: datetime
    """When it was made, UTC."""
    hits: tuple[HitRead, ...]
    """The strongest first; no hit says nothing of cases that are silent or posted later."""
    common: tuple[CommonRead, ...]
    """What was not looked at, because too many hold it."""
    is_complete: bool
    """False when there are more hits than an answer holds; ask about fewer subjects then."""
    left: int
    """How many more subjects the caller may ask about now."""
