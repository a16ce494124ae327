from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.offices.schemas import CommitmentRead

ProposedLead = Literal["requester", "counterpart"]
DeclineReason = Literal[
    "not_the_same_subject",
    "no_jurisdiction",
    "conflict_of_interest",
    "insufficient_resources",
    "handled_separately",
    "matter_closed",
]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HandlingAsk(_Sent):
    """A request for joint handling of an overlap."""

    proposed_lead: ProposedLead = Field(description="Which of the two offices should lead.")


class HandlingAccept(_Sent):
    """Agreement to handle the matter jointly under the proposed lead."""

    answer: Literal["accept"]


class HandlingDecline(_Sent):
    """Refusal, with its reason."""

    answer: Literal["decline"]
    reason: DeclineReason


HandlingAnswer = Annotated[HandlingAccept | HandlingDecline, Field(discriminator="answer")]


class LeadRead(BaseModel):
    """The one office that leads a jointly handled matter."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: str
    is_own: bool


class HandlingRead(BaseModel):
    """A request for joint handling as one of its two offices sees it."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int
    overlap_id: str
    direction: Literal["sent", "received"]
    status: Literal["pending", "accepted", "declined"]
    proposed_lead: ProposedLead
    decline_reason: DeclineReason | None = None
    requested_at: datetime
    answered_at: datetime | None = None
    lead: LeadRead | None = Field(default=None, description="Present once accepted.")
    requester_commitments: tuple[CommitmentRead, ...] = Field(
        default=(), description="What the leadership of the office that asks stands for."
    )

    @property
    def etag(self) -> str:
        """The strong validator of this representation."""
        return f'"{self.version}"'

    def response_headers(self) -> Mapping[str, str]:
        """Return ETag and address of the request."""
        return {"ETag": self.etag, "Location": f"/v1/handling-requests/{self.id}"}


class HandlingPage(BaseModel):
    """Requests that the office sent or received, newest first."""

    model_config = ConfigDict(frozen=True)

    items: tuple[HandlingRead, ...]
    next_cursor: str | None = None
