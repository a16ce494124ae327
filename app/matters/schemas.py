from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from app.cases.overlap_schemas import CaseRef
from app.core.schemas import PageRead, Read, Sent
from app.offices.schemas import OfficeCode, OfficeRef

State = Literal["open", "ended"]
Part = Literal["lead", "party"]

MatterId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a jointly handled matter to its parties; opaque.",
        examples=["mat_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]
OfferId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names an offer of the lead; opaque.",
        examples=["led_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]


class LeadOffer(Sent):
    """The lead, offered by the office that has it to another party."""

    office: OfficeCode
    """Code of the party that is to lead."""


class LeadTake(Sent):
    """The lead is taken as it was offered."""

    from_office: OfficeCode
    """Code of the office that offered it, and leads until now."""


class LeadPeriodRead(Read):
    """Since when an office leads, or that the lead is offered to it."""

    id: OfferId
    office: OfficeRef
    """Who leads, or is to lead."""
    from_office: str | None = None
    """Code of the office that offered the lead; null for the one that the agreement named."""
    offered_at: datetime
    """When it was offered, UTC."""
    accepted_at: datetime | None = None
    """When it was accepted and took effect, UTC; null while the offer waits."""
    until: datetime | None = None
    """When the next office took over, or the matter ended, UTC; null for the present lead."""


class MatterPartyRead(OfficeRef):
    """An office that is or was a party of a matter."""

    joined_at: datetime | None = None
    """When it joined, UTC; null for one that is there from the beginning."""
    leaves_on: date | None = None
    """The day on which its notice is over; null while it gave none."""
    left_at: datetime | None = None
    """When it left, UTC; null while it is a party."""


class MatterSummaryRead(Read):
    """A jointly handled matter, as a list has it."""

    id: MatterId
    request_id: str
    """The request with the agreement."""
    kind: str
    """What was agreed on: the kind of the request."""
    status: Literal["active", "extended", "concluded", "expired"]
    """Concluded and expired are final."""
    began_on: date
    """When the last party signed, the day in UTC."""
    began_at: datetime
    """When the first lead took effect with that, UTC."""
    agreed_on: date
    """When all last signed: at the beginning, or for the last extension."""
    ends_on: date
    """First day on which it no longer holds."""
    ended_at: datetime | None = None
    """When it ended, UTC; null while it holds."""
    parties: tuple[MatterPartyRead, ...]
    """Who asked first, then the others, with those that left."""
    lead: OfficeRef
    """The one office that leads now, or led at the end."""
    is_lead: bool
    """Whether that is the reader's office."""
    case: CaseRef | None = None
    """The reader's own case that it is about, the first of several; else null."""


class MatterPage(PageRead[MatterSummaryRead]):
    """Matters of the office, newest first."""


class MatterRead(MatterSummaryRead):
    """A jointly handled matter."""

    leads: tuple[LeadPeriodRead, ...]
    """Every lead in turn, and an offer that waits, oldest first."""

    def response_headers(self) -> Mapping[str, str]:
        """Return the address of the matter."""
        return {"Location": f"/v1/matters/{self.id}"}


class OriginRead(Read):
    """One thing that came to the office from the registry."""

    at: datetime
    """When it came, UTC."""
    what: Literal[
        "pointer",
        "contact",
        "summary",
        "record",
        "request",
        "answer",
        "agreement",
        "lead",
        "end",
    ]
    """What was shown (a rung of an overlap), or what was done."""
    from_office: OfficeRef | None = None
    """Whose case it was shown of, or who did it; null where no more than a pointer is shown."""
    overlap_id: str | None = None
    """The overlap that it was shown in, or null."""


class CaseOriginPage(PageRead[OriginRead]):
    """What came from the registry for one case of the reader's office, oldest first."""


class OriginList(Read):
    """What came from the registry in this matter, when and from whom: the origin of the lead."""

    matter_id: MatterId
    items: tuple[OriginRead, ...]
    """Oldest first; of the reader's own office only. It cannot be deleted."""
