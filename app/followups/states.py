"""What one office does about an overlap, as one table; docs/workflow.md publishes it.

An overlap is `new` to each of its two offices when it is found. `resolved` is final on the evidence
that it was resolved on; other evidence begins a new round. Nothing here discloses or hands over
anything: it shows the own side, and from the rung contact on how far the other has come.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

State = Annotated[
    Literal["new", "acknowledged", "contacted", "verdict_given", "resolved"],
    Field(description="How far one side has come; verdict_given follows from its verdict."),
]
Event = Literal["acknowledge", "contact", "judge", "resolve", "ask_disclosure"]

NEXT: Final[dict[tuple[str, Event], State]] = {
    ("new", "acknowledge"): "acknowledged",
    ("new", "contact"): "contacted",
    ("acknowledged", "contact"): "contacted",
    ("new", "judge"): "verdict_given",
    ("acknowledged", "judge"): "verdict_given",
    ("contacted", "judge"): "verdict_given",
    ("verdict_given", "judge"): "verdict_given",
    ("resolved", "judge"): "resolved",
    ("verdict_given", "resolve"): "resolved",
    ("new", "ask_disclosure"): "new",
    ("acknowledged", "ask_disclosure"): "acknowledged",
    ("contacted", "ask_disclosure"): "contacted",
    ("verdict_given", "ask_disclosure"): "verdict_given",
    ("resolved", "ask_disclosure"): "resolved",
}
"""State and event -> state; what is not here is refused. `judge` is PUT /v1/overlaps/../verdict.

`ask_disclosure` is taken once, whatever comes of the overlap: others of the office are told to see
whether it has to be disclosed.

A verdict of `need_information` leaves the state as it is: the answer is still owed. One of
`not_a_match` whose evidence changed no longer stands, and the state is what it was without it.
"""

Step = Annotated[
    Literal["acknowledge", "judge", "agree"],
    Field(
        description="What is due: to acknowledge the overlap, to give a verdict on it, or to agree "
        "with the other office on one, where each has given another."
    ),
]
DUE: Final[dict[str, Step]] = {
    "new": "acknowledge",
    "acknowledged": "judge",
    "contacted": "judge",
    "verdict_given": "agree",
}
"""Which step each state owes; those without one owe nothing, and `verdict_given` owes its own only
while the two verdicts contradict each other."""
