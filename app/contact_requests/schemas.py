from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.cases.overlap_schemas import CaseRef, OverlapId
from app.contact_requests.states import Status
from app.core.schemas import PageRead, Read, Sent, Version

ContactRequestId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a request for a contact to both offices; opaque.",
        examples=["crq_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]
DeclineReason = Annotated[
    Literal[
        "investigation_at_risk",
        "not_the_same_subject",
        "matter_closed",
        "conflict_of_interest",
        "later",
    ],
    Field(description="Why the contact stays hidden; read by the office that asked."),
]

ContactReason = Annotated[
    Literal["same_subject", "act_ahead", "joint_handling"],
    Field(
        description="Why the other office is to be called: it may be the same subject, a plea, "
        "charge or operation is ahead, or joint handling is to be talked over."
    ),
]


class ContactAsk(Sent):
    """A request to be shown whom to call."""

    reason: ContactReason


class ContactAnswer(Sent):
    """What becomes of a request: the office that was asked answers, the other may withdraw."""

    answer: Literal["accept", "decline", "withdraw"]
    """Final. Accepting shows the office and whom to call, in this overlap alone."""
    reason: DeclineReason | None = None
    """Why the contact stays hidden; with a declination only."""

    @model_validator(mode="after")
    def _reasoned(self) -> "ContactAnswer":
        if (self.answer == "decline") != (self.reason is not None):
            raise ValueError("Give a reason to decline, and with nothing else.")
        return self


class ContactRequestRead(Read):
    """A request for a contact as one of its two offices sees it."""

    id: ContactRequestId
    version: Version
    overlap_id: OverlapId
    case: CaseRef
    """The reader's own case."""
    direction: Literal["sent", "received"]
    """Whether the reader's office asked, or was asked."""
    reason: ContactReason
    status: Status
    decline_reason: DeclineReason | None = None
    """Why the other office, or the own one, declined, else null."""
    requested_at: datetime
    """When it was sent, UTC."""
    expires_at: datetime
    """Until when it can be answered, UTC."""
    ended_at: datetime | None = None
    """When it was answered, withdrawn or expired, UTC; null while it is pending."""

    @property
    def etag(self) -> str:
        """The strong validator of this representation."""
        return f'"{self.version}"'

    def response_headers(self) -> Mapping[str, str]:
        """Return ETag and address of the request."""
        return {"ETag": self.etag, "Location": f"/v1/contact-requests/{self.id}"}


class ContactRequestPage(PageRead[ContactRequestRead]):
    """Requests that the office sent or received, newest first."""
