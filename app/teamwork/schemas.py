from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.core.plain_text import Plain
from app.core.schemas import PageRead, Read, Sent
from app.matters.schemas import LeadPeriodRead, MatterId, MatterPartyRead
from app.offices.schemas import OfficeCode, Text

MemberId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names someone's time on the team; opaque.",
        examples=["mbr_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]
TaskId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a task; opaque.",
        examples=["tsk_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]
Post = Annotated[
    Literal["prosecutor", "supervisor", "analyst", "investigator", "victim_advocate", "paralegal"],
    Field(description="What a member is on the team."),
]
TaskKind = Annotated[
    Literal[
        "share_evidence",
        "interview_plan",
        "charging_decision",
        "disclosure_review",
        "victim_services",
        "filing",
        "hearing",
        "review",
        "other",
    ],
    Field(description="What is to be done."),
]
NoteKind = Annotated[
    Literal[
        "decision",
        "contact_made",
        "evidence_shared",
        "filing_made",
        "hearing_held",
        "disclosure_made",
        "plan_changed",
    ],
    Field(description="What the note records."),
]
Short = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), Plain
]


class MemberAdd(Sent):
    """Someone of the caller's own office who joins the team. Staff only."""

    name: Text
    """The member's name, of staff."""
    post: Post
    joined_on: date
    """First day on the team."""


class MemberEnd(Sent):
    """The end of someone's time on the team."""

    left_on: date
    """Last day on the team."""


class TaskAdd(Sent):
    """Something that a party is to do."""

    office: OfficeCode
    """Code of the party whose task it is."""
    kind: TaskKind
    due_on: date
    """The day by which it is to be done."""
    note: Short | None = None
    """What else to know, without identifiers."""


class TaskFinish(Sent):
    """That a task is done; an empty object."""


class NoteWrite(Sent):
    """A short note that every party reads and that may be discoverable. Facts, not opinions."""

    kind: NoteKind
    text: Short
    """Facts, without names of subjects and without identifiers."""
    asks_disclosure: bool = False
    """Whether it may have to be disclosed: each party gets a task `disclosure_review`, due in two
    weeks. Nothing is decided by it."""


class MemberRead(Read):
    """Someone's time on the team."""

    id: MemberId
    office: str
    """Code of the member's office."""
    name: str
    """As its office gave it."""
    post: Post
    joined_on: date
    """First day on the team."""
    left_on: date | None = None
    """Last day; null while it lasts."""

    def response_headers(self) -> Mapping[str, str]:
        """Return nothing: members are read in their list."""
        return {}


class MemberPage(PageRead[MemberRead]):
    """The team, in the order in which it was joined."""


class TaskRead(Read):
    """Something that a party is to do."""

    id: TaskId
    office: str
    """Code of the office whose task it is."""
    kind: TaskKind
    note: str | None = None
    """What else to know, without identifiers; or null."""
    due_on: date
    """The day by which it is to be done."""
    made_at: datetime
    """When it was entered, UTC."""
    done_at: datetime | None = None
    """When it was done, UTC; null while it is open."""

    def response_headers(self) -> Mapping[str, str]:
        """Return nothing: tasks are read in their list."""
        return {}


class TaskPage(PageRead[TaskRead]):
    """Tasks, in the order in which they were entered."""


class NoteRead(Read):
    """A short note on the matter."""

    office: str
    """Code of the office that wrote it."""
    kind: NoteKind
    text: str
    """Facts, in its words."""
    asks_disclosure: bool
    """Whether its writer asked every party to see if it has to be disclosed."""
    written_at: datetime
    """When, UTC; a note is never changed."""
    may_be_discoverable: Literal[True] = True
    """Always: write nothing that a court should not read."""

    def response_headers(self) -> Mapping[str, str]:
        """Return nothing: notes are read in their list."""
        return {}


class NotePage(PageRead[NoteRead]):
    """Notes, newest first."""


class StatementMemberRead(Read):
    """Someone on the team, for the statement."""

    office: str
    """Name of the member's office."""
    name: str
    """As its office gave it."""
    post: Post
    joined_on: date
    """First day on the team."""
    left_on: date | None = None
    """Last day, that of the matter at the latest; null while both last."""


class StatementRead(Read):
    """Who was on the team when, for disclosure counsel."""

    matter_id: MatterId
    made_at: datetime
    """When the statement was made, UTC."""
    on: date | None = None
    """The day that it is about; null for the whole time."""
    status: Literal["active", "extended", "concluded", "expired"]
    """Where the matter stands."""
    began_on: date
    """First day of the agreement."""
    ends_on: date
    """First day without it, unless it ended before."""
    ended_at: datetime | None = None
    """When it ended, UTC; null while it holds."""
    parties: tuple[MatterPartyRead, ...]
    """Every office in it, with those that left."""
    leads: tuple[LeadPeriodRead, ...]
    """Which office led when."""
    members: tuple[StatementMemberRead, ...]
    """Everybody on the team in that time, by first day."""
