"""What is answered about requests."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from app.cases.overlap_schemas import CaseRef, OverlapId
from app.core.schemas import PageRead, Read, Version
from app.handling.machine import Step
from app.handling.terms import PartyNumber, TermChange, Terms
from app.handling.vocabulary import DeclineReason, EndReason, Kind, OnSilence, Status
from app.offices.schemas import CommitmentRead, OfficeRef

HandlingId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a request for joint handling to its parties; opaque.",
        examples=["hnd_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]


class LeadRead(OfficeRef):
    """The one office that leads a jointly handled matter."""

    is_own: bool
    """Whether it is the reader's office."""


class PartyRead(Read):
    """A party of a request, as far as the reader may know which office it is."""

    number: PartyNumber
    is_own: bool
    """Whether it is the reader's office."""
    office: OfficeRef | None = None
    """Which office; null while it takes part no longer, and until it answered, unless the reader
    asks and the overlap with it shows whom to call. The text names it when it has answered."""
    has_accepted: bool
    """Whether its people accepted the terms on the table."""
    has_signed: bool
    """Whether its leadership signed them."""
    is_joining: bool = False
    """Whether it is asked to join and has not signed yet."""
    joined_at: datetime | None = None
    """When it joined, UTC; null for one that is there from the beginning."""
    leaves_on: date | None = None
    """The day on which its notice is over; null while it gave none."""
    left_at: datetime | None = None
    """When it left, UTC; null while it is a party."""


class AuthorityRead(Read):
    """What a state's law lets its Attorney General do here; it informs, a lawyer decides."""

    state: str
    """The state, two letters."""
    basis: Literal[
        "exclusive", "concurrent", "on_request", "on_consent", "referral_by", "none", "unknown"
    ]
    """How such a matter comes to the Attorney General; unknown where no cited row is loaded."""
    citation: str
    """The law as cited; empty if unknown."""
    effective_on: date | None
    """First day of the rule, read in a text only if `is_verified`; null if the table has none."""
    note: str
    """What else the rule says, in a sentence or two; may be empty."""
    source: str
    """Addresses where it was read, with spaces; empty if unknown."""
    is_verified: bool
    """Whether the row was read against the text of the law; that is no lawyer's word."""
    verified_by: str
    """Who did; empty while nobody has."""
    verified_on: date | None
    """The day of it; null while nobody has."""
    counsel: str = ""
    """The post of the state's counsel who confirmed all this as it stands; empty if nobody has."""
    counsel_on: date | None = None
    """The day of it; null while nobody has."""
    denial_needs_reasons: bool
    """Whether declining the Attorney General takes a written explanation."""
    silence_days: int | None = None
    """After how many days the law makes something of silence, or null. It is only told, unless the
    operator switched it on for the state."""


class HandlingRead(Read):
    """A request as one of its parties sees it."""

    id: HandlingId
    version: Version
    kind: Kind
    overlap_id: OverlapId | None = None
    """The overlap that ties the reader's office to it; null for an office named by its code."""
    case: CaseRef | None = None
    """The reader's own case that it is about, the first of several; else null."""
    direction: Literal["sent", "received"]
    """Whether the reader's office asked, or was asked."""
    status: Status
    steps: tuple[Step, ...]
    """What the reader's office can do next, whoever of it may."""
    parties: tuple[PartyRead, ...]
    """Who asks first, then who was asked."""
    terms_number: int
    """The version of the terms on the table; 0 for a question."""
    agreed_number: int | None = None
    """The version that all signed and that is in force, or null."""
    terms: Terms | None = None
    """The version on the table, or null for a question."""
    has_lapsed: bool = False
    """Whether that version is a change that nobody can sign any more, as a party has left or the
    lead has passed since: propose it anew."""
    digest: str | None = None
    """SHA-256 in hex of the text of that version, to sign with; or null."""
    on_silence: OnSilence
    due_at: datetime | None = None
    """When it escalates or ends by itself, UTC; null when it has ended."""
    authority: tuple[AuthorityRead, ...] = ()
    """One for each party that is an Attorney General's office, once there are terms."""
    decline_reason: DeclineReason | None = None
    """Why an office that was asked declined, else null."""
    explanation: str | None = None
    """The same in writing, where the state's rule asks for it; else null."""
    end_reason: EndReason | None = None
    """How it was concluded, else null."""
    requested_at: datetime
    """When it was drafted, or sent if it is a question, UTC."""
    sent_at: datetime | None = None
    """When the offices asked learned of it, UTC; null before."""
    answered_at: datetime | None = None
    """When it was last answered, UTC; null before."""
    deemed_at: datetime | None = None
    """When a law took silence as consent, UTC, where that is switched on for the state; or null."""
    ended_at: datetime | None = None
    """When it ended, UTC; null before."""
    lead: LeadRead | None = None
    """Which office leads; null unless an agreement is or was in force."""
    matter_id: str | None = None
    """The matter that came of it, or null."""
    ends_on: date | None = None
    """First day on which the matter no longer holds, or null."""
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


class TermsVersionRead(Read):
    """One version of the terms, what it changed, and the exact text of it."""

    number: int
    """1 at first; versions are never changed."""
    proposed_by: PartyNumber
    proposed_at: datetime
    """When it was put on the table, UTC."""
    terms: Terms
    """What it says, coded."""
    changes: tuple[TermChange, ...]
    """What it changed in the version before, field by field; empty for the first."""
    party_change: str | None = None
    """Who joins or leaves with it, as a sentence; or null."""
    text: str
    """What a signature of it is given under, as the parties are named now."""
    digest: str
    """SHA-256 of the text in UTF-8, in hex."""


class TermsVersionList(Read):
    """Every version of the terms, oldest first; there are 20 at most."""

    items: tuple[TermsVersionRead, ...]
    """The last one is on the table."""


class SignatureRead(Read):
    """A leader's signature."""

    party: PartyNumber
    terms_number: int
    """The version that was signed."""
    purpose: Literal["send", "agree"]
    """To let the own request go out, or to bind the office."""
    post: str
    """The post of who signed."""
    attestation: str
    """What was typed."""
    digest: str
    """SHA-256 in hex of the text below."""
    text: str
    """Exactly what was signed."""
    signed_at: datetime
    """When, UTC, within 15 minutes of a second factor."""


class InstrumentRead(Read):
    """A referral or consent on record."""

    party: PartyNumber
    authority: str
    """The law that it rests on, as cited."""
    signatory: str
    """The post of who signed."""
    scope: Literal["whole_matter", "named_offences", "advice_only"]
    """What it covers."""
    dated_on: date
    """Date of the document."""
    document_sha256: str
    """Of the document, in hex."""
    recorded_at: datetime
    """When it was entered, UTC."""


class AgreementExport(Read):
    """Everything that the registry holds of a request and its agreement, to file or to disclose."""

    request: HandlingRead
    """The request as it stands."""
    versions: tuple[TermsVersionRead, ...]
    """Every version of the terms."""
    signatures: tuple[SignatureRead, ...]
    """In the order in which they were given; of `send` only the reader's own office's."""
    instruments: tuple[InstrumentRead, ...]
    """Referrals and consents on record."""
