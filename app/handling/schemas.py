from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.cases.overlap_schemas import OverlapId
from app.core.schemas import PageRead, Read, Sent, Version
from app.offices.schemas import CommitmentRead, OfficeRef

HandlingId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a request for joint handling to both offices; opaque.",
        examples=["hnd_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]
ProposedLead = Annotated[
    Literal["requester", "counterpart"],
    Field(description="Which of the two offices should lead: the one that asks, or the other."),
]
DeclineReason = Literal[
    "not_the_same_subject",
    "no_jurisdiction",
    "conflict_of_interest",
    "insufficient_resources",
    "handled_separately",
    "matter_closed",
]


class HandlingAsk(Sent):
    """A request for joint handling of an overlap."""

    proposed_lead: ProposedLead


class HandlingAccept(Sent):
    """Agreement to handle the matter jointly under the proposed lead."""

    answer: Literal["accept"]
    """Final; the proposed lead leads, contacts show, each summary waits for its own unit head."""


class HandlingDecline(Sent):
    """Refusal, with its reason."""

    answer: Literal["decline"]
    """Final; either office may ask anew."""
    reason: DeclineReason
    """Read by the office that asked."""


HandlingAnswer = Annotated[HandlingAccept | HandlingDecline, Field(discriminator="answer")]


class LeadRead(OfficeRef):
    """The one office that leads a jointly handled matter."""

    is_own: bool
    """Whether it is the reader's office."""


class HandlingRead(Read):
    """A request for joint handling as one of its two offices sees it."""

    id: HandlingId
    version: Version
    overlap_id: OverlapId
    direction: Literal["sent", "received"]
    """Whether the reader's office asked, or was asked."""
    status: Literal["pending", "accepted", "declined"]
    """The first answer is final."""
    proposed_lead: ProposedLead
    decline_reason: DeclineReason | None = None
    """Why the office that was asked declined, else null."""
    requested_at: datetime
    """When it was sent, UTC."""
    answered_at: datetime | None = None
    """When it was answered, UTC; null while it is pending."""
    lead: LeadRead | None = None
    """Which office leads; null before it was accepted."""
    requester_commitments: tuple[CommitmentRead, ...] = ()
    """What the leadership of the office that asks stands for."""

    @property
    def etag(self) -> str:
        """The strong validator of this representation."""
        return f'"{self.version}"'

    def response_headers(self) -> Mapping[str, str]:
        """Return ETag and address of the request."""
        return {"ETag": self.etag, "Location": f"/v1/handling-requests/{self.id}"}


class HandlingPage(PageRead[HandlingRead]):
    """Requests that the office sent or received, newest first."""
