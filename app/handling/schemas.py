"""What is sent about requests; reads.py has what is answered."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.cases.overlap_schemas import OverlapId
from app.core.plain_text import Plain
from app.core.schemas import Sent
from app.handling.terms import Terms
from app.handling.vocabulary import DeclineReason, EndReason, OnSilence
from app.offices.schemas import OfficeCode, Text

Explanation = Annotated[
    str, StringConstraints(min_length=20, max_length=500, strip_whitespace=True), Plain
]
Digest = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 in hex.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]


class _Ask(Sent):
    also: tuple[OverlapId, ...] = Field(default=(), max_length=7)
    """Further overlaps of the office: their other sides are asked too, in one request."""
    offices: tuple[OfficeCode, ...] = Field(default=(), max_length=3)
    """Offices without an overlap, by code, such as the Attorney General's."""
    answer_within_days: int = Field(default=14, ge=1, le=90)
    """How long each answer may take before the request escalates or expires."""
    on_silence: OnSilence = "none"


class ConsultAsk(_Ask):
    """A question: answered yes or no, without agreement and signatures. It is sent at once."""

    kind: Literal["consult", "information"]
    """What is asked for."""


class AgreementAsk(_Ask):
    """A draft of an agreement; the office's own leadership signs before it is sent."""

    kind: Literal[
        "co_counsel",
        "cross_designation",
        "lead_transfer",
        "conflict_referral",
        "joint_handling",
        "expertise_infusion",
    ]
    """What is asked for."""
    terms: Terms
    """The first version of the terms."""


HandlingAsk = Annotated[ConsultAsk | AgreementAsk, Field(discriminator="kind")]


class HandlingSubmit(Sent):
    """The draft goes to the office's own leadership."""

    move: Literal["submit"]
    """From then on only leadership moves it."""


class HandlingWithdraw(Sent):
    """The office that asked takes the request back."""

    move: Literal["withdraw"]
    """Final; what it showed ends."""


class HandlingRevise(Sent):
    """A new version of a draft's terms."""

    move: Literal["revise"]
    """Until it is submitted."""
    terms: Terms
    """In place of the version before, which is kept."""


HandlingMove = Annotated[
    HandlingSubmit | HandlingWithdraw | HandlingRevise, Field(discriminator="move")
]


class HandlingAccept(Sent):
    """Yes to a question, or to the terms on the table; leadership signs after that."""

    answer: Literal["accept"]
    """Contacts show to both, each summary waits for its own unit head."""


class HandlingDecline(Sent):
    """No, with its reason."""

    answer: Literal["decline"]
    """Final; either office may ask anew."""
    reason: DeclineReason
    """Read by the other parties."""
    explanation: Explanation | None = None
    """In writing, where the state's rule asks for it; no identifiers."""


class HandlingCounter(Sent):
    """Other terms instead: the next version, which every other party must accept."""

    answer: Literal["counter"]
    """The office that counters accepts its own version with it."""
    terms: Terms
    """The whole of the terms, not only what changes."""


class HandlingExtend(Sent):
    """A later end of an agreement in force; it counts when leadership of all parties has signed."""

    answer: Literal["extend"]
    """Until all have signed, the agreement ends as before."""
    ends_on: date
    """The new first day without it, at most two years off."""


class HandlingAdmit(Sent):
    """Another office is to join an agreement in force; it counts when all have signed, it last."""

    answer: Literal["admit"]
    """The office learns of it when leadership of every party has signed."""
    office: OfficeCode
    """Which one; what it may see of cases, their owners grant."""


class HandlingClose(Sent):
    """The end of a question that was answered yes."""

    answer: Literal["close"]
    """Final; what it showed ends."""


HandlingAnswer = Annotated[
    HandlingAccept
    | HandlingDecline
    | HandlingCounter
    | HandlingExtend
    | HandlingAdmit
    | HandlingClose,
    Field(discriminator="answer"),
]


class HandlingSign(Sent):
    """A leader's signature under the text of the terms on the table."""

    digest: Digest
    """Of the exact text that was read: `digest` of the newest terms."""
    attestation: str = Field(max_length=200)
    """`I have the authority to bind my office and agree to this text.`, typed."""
    post: Text
    """The post that the signatory holds."""


class HandlingReturn(Sent):
    """The office's own leadership does not let the request go out."""

    decision: Literal["return"]
    """It is a draft again."""
    reason: Literal["terms_unsuitable", "more_facts_needed", "not_now"]
    """What to do about it."""


class HandlingConclude(Sent):
    """The end of an agreement by leadership of one of its parties."""

    decision: Literal["conclude"]
    """Final; what it showed ends, what was written stays."""
    reason: EndReason
    """How it ended."""


class HandlingLeave(Sent):
    """The own office leaves an agreement in force: when all have signed, or after its notice."""

    decision: Literal["leave"]
    """The days of notice are in the terms. The lead hands over first; two parties stay."""


HandlingDecision = Annotated[
    HandlingReturn | HandlingLeave | HandlingConclude, Field(discriminator="decision")
]


class InstrumentRecord(Sent):
    """A referral or consent on paper: what it rests on and who signed, not the paper."""

    authority: Text
    """The law that it rests on, as cited."""
    signatory: Text
    """The post of who signed."""
    scope: Literal["whole_matter", "named_offences", "advice_only"]
    """What it covers."""
    dated_on: date
    """Date of the document."""
    document_sha256: Digest
    """Of the document, which stays in the office's own files."""
