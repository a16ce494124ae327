from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base
from app.pairs.models import Overlap

_WORDS: Final = {
    "kind": "'consult', 'information', 'co_counsel', 'cross_designation', 'lead_transfer',"
    " 'conflict_referral', 'joint_handling', 'expertise_infusion'",
    "status": "'draft', 'awaiting_own_leadership', 'sent', 'countered', 'accepted',"
    " 'awaiting_their_leadership', 'active', 'extended', 'concluded', 'declined', 'withdrawn',"
    " 'expired', 'escalated'",
    "on_silence": "'none', 'escalate'",
}


class HandlingRequest(Base):
    """One office's request to others about overlapping cases, from its draft to its end.

    `status` moves as app/handling/machine.py says; a trigger refuses any other move.
    """

    __tablename__ = "handling_requests"
    __table_args__ = (
        *(CheckConstraint(f"{name} IN ({words})", name=name) for name, words in _WORDS.items()),
        CheckConstraint(
            "(status = 'declined') = (decline_reason IS NOT NULL)", name="decline_reason"
        ),
        CheckConstraint("(status = 'concluded') = (end_reason IS NOT NULL)", name="end_reason"),
        CheckConstraint(
            "(status IN ('concluded', 'declined', 'withdrawn', 'expired'))"
            " = (ended_at IS NOT NULL)",
            name="ended_at",
        ),
        CheckConstraint("agreed_number BETWEEN 1 AND terms_number", name="agreed_number"),
        CheckConstraint("terms_number BETWEEN 0 AND 20", name="terms_number"),
        CheckConstraint(
            "status NOT IN ('active', 'extended', 'concluded') OR agreed_number IS NOT NULL"
            " OR kind IN ('consult', 'information')"
            " OR status = 'concluded' AND deemed_at IS NOT NULL",
            name="agreed",
        ),
        CheckConstraint("deemed_at IS NULL OR agreed_number IS NULL", name="deemed"),
        CheckConstraint("answer_days BETWEEN 1 AND 90", name="answer_days"),
        Index("ix_handling_requests_due_at", "due_at", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str]
    requester_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    requested_by: Mapped[str]
    on_silence: Mapped[str]
    answer_days: Mapped[int] = mapped_column(SmallInteger)
    terms_number: Mapped[int] = mapped_column(SmallInteger)
    """The version of the terms that is on the table; 0 for a question."""
    agreed_number: Mapped[int | None] = mapped_column(SmallInteger)
    """The version that all signed and that is in force."""
    decline_reason: Mapped[str | None]
    explanation: Mapped[str | None]
    end_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer)
    requested_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    """Since when the offices asked know of it."""
    answered_at: Mapped[datetime | None]
    deemed_at: Mapped[datetime | None]
    """When a law took the silence of the office that was asked as its consent."""
    due_at: Mapped[datetime]
    """When it escalates or expires by itself; of a final one it means nothing."""
    escalated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class HandlingParty(Base):
    """An office in a request. Number 1 asks; the others are asked, most through an overlap."""

    __tablename__ = "handling_parties"
    __table_args__ = (
        CheckConstraint("number BETWEEN 1 AND 9", name="number"),
        CheckConstraint(
            "(overlap_id IS NULL) = (case_id IS NULL)"
            " AND (overlap_id IS NULL OR requester_case_id IS NOT NULL)",
            name="overlap",
        ),
        CheckConstraint("number > 1 OR requester_case_id IS NULL", name="requester"),
        CheckConstraint("first_terms > 0 OR joined_at IS NULL", name="joined"),
        Index(
            "ix_handling_parties_leaves_on", "leaves_on", postgresql_where=text("left_at IS NULL")
        ),
        Index("uq_handling_parties_office", "request_id", "office_id", unique=True),
        # one open agreement, and one open question of each kind, for each overlap
        Index("uq_handling_parties_open", "overlap_id", "open_as", unique=True),
        # and without an overlap for each office that is asked about a case
        Index(
            "uq_handling_parties_open_case",
            *("requester_case_id", "office_id", "open_as"),
            unique=True,
            postgresql_where=text("overlap_id IS NULL"),
        ),
        Index("ix_handling_parties_office_id_request_id", "office_id", "request_id"),
    )

    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("handling_requests.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    overlap_id: Mapped[UUID | None] = mapped_column(ForeignKey(Overlap.id, ondelete="CASCADE"))
    case_id: Mapped[int | None]
    requester_case_id: Mapped[int | None]
    """The case of who asks; None of who was named beside an overlap, and of who joined later."""
    open_as: Mapped[str | None]
    """`agreement`, or the kind of a question, from when the request is sent until it has ended."""
    accepted_terms: Mapped[int | None] = mapped_column(SmallInteger)
    """The newest version that its people accepted."""
    named_at: Mapped[datetime | None]
    """Since when the other parties are told which office it is."""
    first_terms: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """The version with which it joins, told when all others signed that; 0: from the beginning."""
    joined_at: Mapped[datetime | None]
    """When it signed, and so joined; None for one that is there from the beginning."""
    leaves_on: Mapped[date | None]
    """The day on which its notice is over; None while it gave none."""
    left_at: Mapped[datetime | None]
    """When it was released, or all signed that it leaves."""


class HandlingTerms(Base):
    """One version of the terms; never changed, the next one has the next number."""

    __tablename__ = "handling_terms"
    __table_args__ = (
        CheckConstraint("number BETWEEN 1 AND 20", name="number"),
        CheckConstraint("num_nonnulls(joins_office_id, leaves_office_id) <= 1", name="parties"),
    )

    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("handling_requests.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    joins_office_id: Mapped[int | None] = mapped_column(ForeignKey("offices.id"))
    """Who is a party once all have signed it, or None."""
    leaves_office_id: Mapped[int | None] = mapped_column(ForeignKey("offices.id"))
    """Who is none any more then, or None."""


class HandlingSignature(Base):
    """A leader's signature under the exact text that it holds; never changed.

    `send` lets an office's own request go out, `agree` binds the office to the agreement.
    """

    __tablename__ = "handling_signatures"
    __table_args__ = (
        CheckConstraint("purpose IN ('send', 'agree')", name="purpose"),
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        CheckConstraint("digest = sha256(convert_to(text, 'UTF8'))", name="of_the_text"),
        CheckConstraint("proved_at > signed_at - interval '15 minutes'", name="step_up"),
        Index(
            "uq_handling_signatures_office",
            "request_id",
            "terms_number",
            "purpose",
            "office_id",
            unique=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("handling_requests.id", ondelete="CASCADE"))
    terms_number: Mapped[int] = mapped_column(SmallInteger)
    purpose: Mapped[str]
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    post: Mapped[str]
    """The post that the signatory holds, in its own words."""
    attestation: Mapped[str]
    text: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    proved_at: Mapped[datetime]
    signed_at: Mapped[datetime]


class Instrument(Base):
    """The paper by which a matter is referred to an office, or consent is given; not the paper."""

    __tablename__ = "handling_instruments"
    __table_args__ = (
        CheckConstraint("scope IN ('whole_matter', 'named_offences', 'advice_only')", name="scope"),
        CheckConstraint("octet_length(document_digest) = 32", name="document_digest"),
        Index("ix_handling_instruments_request_id", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("handling_requests.id", ondelete="CASCADE"))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    authority: Mapped[str]
    """The law that it rests on, as cited."""
    signatory: Mapped[str]
    scope: Mapped[str]
    dated_on: Mapped[date]
    document_digest: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
