from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.core.schemas import PageRead, Read, Sent

Digest = Annotated[
    str,
    Field(
        description="SHA-256 of a defendant's element and its kind, base64url "
        "(docs/defendant-feed.md).",
        examples=["oXfCO_MK23DYeQDnLQLw4sIYGcWPuMB0eASEHpA7LHs"],
    ),
]


class ChargingOfficeRead(Read):
    """The office that charged, and whom to call there."""

    code: str
    """ORI or local code."""
    name: str
    """What it is called."""
    state: str
    """Two letters."""
    title: str
    """Post of the person to call."""
    phone: str
    """Number of that post."""
    email: str
    """Address of that post."""


class ChargeRead(Read):
    """The newly charged defendants of one case, as digests; nothing else of the case is told."""

    charged_on: date
    """The day of its newest charge for a listed offence."""
    expires_on: date
    """First day without it: 60 days after the charge."""
    digests: tuple[Digest, ...]
    """Of all its defendants, in no order that means anything; which belong together is not told."""
    office: ChargingOfficeRead
    """Who charged, and whom to call there."""


class ChargePage(PageRead[ChargeRead]):
    """Newly charged defendants, the newest cases first."""

    epoch: Annotated[
        int, Field(description="The key epoch that the office has to make its own digests in.")
    ]


class FeedChoicePut(Sent):
    """What the office's leadership decides."""

    has_contact_first: bool
    """True: the feed names the office for charged cases that are `contact_first`, too."""


class FeedChoiceRead(Read):
    """What the office decided; nothing is published of `contact_first` cases before."""

    has_contact_first: bool
    """Whether the feed names the office for `contact_first` cases; never for `silent` ones."""
    chosen_at: datetime | None
    """When it was decided, UTC; null while it never was."""
