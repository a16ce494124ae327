from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from app.cases.overlap_schemas import CaseRef
from app.core.schemas import PageRead, Read
from app.sharing.schemas import GrantRead, ReadingRead

GrantsShown = Annotated[
    Literal["all", "waiting", "in_force", "ended"],
    Field(description="waiting: for a second person; ended: withdrawn, expired or not approved."),
]
KnownDay = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
KnownInstant = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC)),
]
"""Between these years, so that neither a zone nor a day more leads out of what dates can say."""
About = Literal["", "cases", "disclosures", "people", "machines", "sharing", "handling", "office"]


class CaseReadingRead(ReadingRead):
    """That another office read one of the office's cases, and which one."""

    case: CaseRef
    """The one that was read."""
    office_name: str | None
    """As that office calls itself, as far as the overlap shows it now; else null."""


class CaseReadingPage(PageRead[CaseReadingRead]):
    """Who read the office's cases for a reason, newest first."""


class ShownOverlapRead(Read):
    """An overlap that somebody of the office was shown, as far as the office is told of it now."""

    rung: str
    """How far it was shown."""
    case: CaseRef | None
    """The office's own; null: the office is not told of this overlap any more."""
    state: str | None
    """Of the other office."""
    office_kind: str | None
    """What the other office is."""
    office_name: str | None
    """As that office calls itself, as far as the overlap shows it now."""


class CaseGrantRead(GrantRead):
    """A grant, and the case that it is of."""

    case: CaseRef
    """The one that it is of."""
    office_name: str | None
    """As the office that may see the case calls itself; null where it hides behind a pointer."""


class CaseGrantPage(PageRead[CaseGrantRead]):
    """What the office let others see, newest first, with what ended."""


class AuditEntryRead(Read):
    """One act of the office's people and machines, or of the registry for them."""

    at: datetime
    """When, UTC; the database's clock."""
    action: str
    """Noun and past participle, such as `case.posted`."""
    actor: str
    """`person:` or `client:` and a UUID, or the operator's."""
    actor_name: str | None
    """What the office calls that person or machine; null: it is not of the office."""
    object: str
    """Opaque id of what was acted on, or how many things were shown."""
    object_name: str | None
    """What the office calls it, such as the person's name or the case's system and number."""
    request_id: str
    """Of the request, as the registry's answers name it; empty for a nightly job."""


class AuditPage(PageRead[AuditEntryRead]):
    """The office's audit, newest first; what the matching did by itself is not in it."""
