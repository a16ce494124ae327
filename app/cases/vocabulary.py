"""The coded words of a case and of what is shown of an overlap."""

from typing import Annotated, Literal

from pydantic import Field

from app.access import vocabulary as access

TraffickingType = Annotated[
    Literal["sex", "labor", "both", "undetermined"],
    Field(description="What the matter is about; undetermined while the office cannot tell."),
]
RecordClass = Annotated[
    access.RecordClass,
    Field(description="How far the matter has come. Sealed matters must not be posted."),
]
Disclosure = Annotated[
    access.Disclosure,
    Field(
        description="What the other side of an overlap learns: office and contact (open), "
        "that there is one (contact_first), or nothing (silent)."
    ),
]
Provenance = Annotated[
    Literal["police_report", "court_filing", "own_investigation"],
    Field(description="Where the office has it from; victim services and hotlines are no source."),
]
Standing = Annotated[
    Literal["suspected", "not_suspected"],
    Field(
        description="Whether the office suspects it. Associates and places that only help to tell "
        "a subject apart are not suspected, and are never matched."
    ),
]
Rung = Annotated[
    Literal["pointer", "contact", "summary", "record"],
    Field(
        description="How much of a case another office sees: that there is one, also whom to "
        "call, also its summary, also the stages of the matter (record)."
    ),
]
Verdict = Annotated[
    Literal["confirmed", "not_a_match", "need_information"],
    Field(
        description="What people of the office found: a match, none, or that more must be known."
    ),
]
NotAMatchReason = Literal[
    "different_person",
    "different_organization",
    "shared_by_chance",
    "shared_service",
    "victim_or_witness",
    "wrong_data",
]
JointVerdict = Annotated[
    Literal[
        "open", "awaiting_other", "confirmed", "not_a_match", "disagreement", "information_needed"
    ],
    Field(
        description="What both come to: open without a verdict, awaiting_other with one, "
        "disagreement when one confirms and the other does not."
    ),
]
RetractReason = Literal["evidence_gone", "case_withdrawn"]
WithdrawReason = Literal[
    "posted_by_mistake",
    "wrong_person",
    "not_involved",
    "sealed",
    "juvenile",
    "closed",
    "post_anew",
]
ReadReason = Annotated[
    Literal["investigation", "charging", "plea", "joint_handling", "victim_safety", "supervision"],
    Field(
        description="What another office's case is read for, beside the own case that overlaps; "
        "its owner finds it in its log of readings."
    ),
]
Band = Annotated[
    Literal["strong", "probable", "possible", "shared_only"],
    Field(
        description="Chance of the same person or organization: at least 99 % (strong), 90 % "
        "(probable), 20 % (possible), or less while an identifier is shared (shared_only)."
    ),
]
Finding = Annotated[
    Literal["same_person", "same_organization", "shared_identifier"],
    Field(description="What is possible; a shared identifier is never proof of identity."),
]
