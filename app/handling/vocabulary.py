"""The coded words of requests, agreements and their answers."""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field

Kind = Annotated[
    Literal[
        "consult",
        "information",
        "co_counsel",
        "cross_designation",
        "lead_transfer",
        "conflict_referral",
        "joint_handling",
        "expertise_infusion",
    ],
    Field(
        description="What is asked for. consult and information are questions, answered yes or no; "
        "the others become an agreement that leadership of every party signs."
    ),
]
Status = Annotated[
    Literal[
        "draft",
        "awaiting_own_leadership",
        "sent",
        "countered",
        "accepted",
        "awaiting_their_leadership",
        "active",
        "extended",
        "concluded",
        "declined",
        "withdrawn",
        "expired",
        "escalated",
    ],
    Field(
        description="Where the request stands; docs/handling.md has the table of steps. concluded, "
        "declined, withdrawn and expired are final."
    ),
]
DeclineReason = Literal[
    "not_the_same_subject",
    "no_jurisdiction",
    "conflict_of_interest",
    "insufficient_resources",
    "handled_separately",
    "matter_closed",
]
EndReason = Literal[
    "prosecution_completed",
    "charges_declined",
    "went_separate_ways",
    "transferred",
    "evidence_insufficient",
    "question_answered",
    "consent_on_record",
]
OnSilence = Annotated[
    Literal["none", "escalate"],
    Field(
        description="What becomes of a request that nobody answers in time: it expires (none, the "
        "default), or is marked escalated once and expires later. Silence is consent only "
        "where a state's law says so and the operator switched that on for the state."
    ),
]

QUESTIONS: Final = frozenset({"consult", "information"})
"""Kinds that take the short way: no terms, no signatures, no matter."""
FINAL: Final = frozenset({"concluded", "declined", "withdrawn", "expired"})
KINDS: Final[tuple[str, ...]] = get_args(get_args(Kind)[0])
STATUSES: Final[tuple[str, ...]] = get_args(get_args(Status)[0])
