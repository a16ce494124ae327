from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from app.cases.overlap_schemas import OverlapRead
from app.core.schemas import PageRead, Read, Sent, Version
from app.second_looks.states import State

SecondLookId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a second look; opaque.",
        examples=["sec_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]
Outcome = Annotated[
    Literal["reopened", "consulting", "declination_stands"],
    Field(description="What the office made of it: its decision, which nothing here overrules."),
]
Whose = Annotated[
    Literal["own", "other"],
    Field(description="Whose declined case it is: the reader's office's, or the other side's."),
]


class SecondLookStep(Sent):
    """A step of the office that is asked to look again."""

    event: Literal["acknowledge", "close"]
    """That it was read, or what the office made of it."""
    outcome: Outcome | None = None
    """What the office made of it; to close only."""

    @model_validator(mode="after")
    def _closed(self) -> "SecondLookStep":
        if (self.event == "close") != (self.outcome is not None):
            raise ValueError("Give an outcome to close, and to nothing else.")
        return self


class SecondLookRead(Read):
    """A declined case overlaps since: its office is asked to look again, with the new facts."""

    id: SecondLookId
    version: Version
    whose: Whose
    state: State
    outcome: Outcome | None = None
    """What the office made of it; null until it is closed."""
    overlap: OverlapRead
    """The new facts, as far as the reader may see them."""
    consult: Literal["call", "request_contact"]
    """How to consult the other office: call it, or ask for its contact first."""
    asked_at: datetime
    """When the nightly job found it, UTC."""
    acknowledged_at: datetime | None = None
    """When somebody of the office said that it was read, UTC; else null."""
    closed_at: datetime | None = None
    """When the office closed it, UTC; else null."""

    @property
    def etag(self) -> str:
        """The strong validator of this representation."""
        return f'"{self.version}"'

    def response_headers(self) -> Mapping[str, str]:
        """Return the ETag."""
        return {"ETag": self.etag}


class SecondLookPage(PageRead[SecondLookRead]):
    """Second looks, newest first."""
