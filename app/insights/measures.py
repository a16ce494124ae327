"""What is counted, in which categories, and their meanings in words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from app.reference.words import ORIGINS, meaning

MeasureName = Annotated[
    Literal["trafficking", "charges", "origin", "outcomes", "acknowledgement", "resolutions"],
    Field(
        description="What is counted: cases by sex and labor, by what is charged, by where they "
        "came from, by outcome; sides of overlaps by time to acknowledge, by how they were settled."
    ),
]
Breakdown = Annotated[
    Literal["county", "month"],
    Field(description="By county of the case, or by month: opened, or for overlaps found."),
]


@dataclass(frozen=True)
class Measure:
    """A question that the figures answer."""

    title: str
    unit: Literal["cases", "sides"]
    """Cases, or each office's side of an overlap."""
    categories: Mapping[str, str]
    """Each case or side is in exactly one; what it means, in words."""


MEASURES: Final[Mapping[str, Measure]] = {
    "trafficking": Measure(
        "Labor and sex",
        "cases",
        {
            "labor": "Labor trafficking",
            "sex": "Sex trafficking",
            "both": "Sex and labor trafficking",
            "undetermined": "Not yet determined",
        },
    ),
    "charges": Measure(
        "Charges",
        "cases",
        {
            "trafficking": "A trafficking offence",
            "other_offence": "Other offences only",
            "not_told": "Charged, offence not told",
            "none": "Nothing charged",
        },
    ),
    "origin": Measure(
        "Origin",
        "cases",
        {**{origin: meaning("origin", origin) for origin in ORIGINS}, "not_told": "Not told"},
    ),
    "outcomes": Measure(
        "Outcomes",
        "cases",
        {
            "before_charges": "Before charges",
            "charged": "Charged, still open",
            "sentenced": "Sentenced",
            "dismissed": "Dismissed",
            "otherwise_disposed": "Otherwise disposed of",
            "declined": "Declined",
        },
    ),
    "acknowledgement": Measure(
        "Time to acknowledge",
        "sides",
        {
            "within_day": "Within a day",
            "within_3_days": "Within three days",
            "within_week": "Within a week",
            "within_month": "Within 30 days",
            "later": "Later",
            "not_yet": "Not yet",
        },
    ),
    "resolutions": Measure(
        "How overlaps were settled",
        "sides",
        {
            "handled_jointly": "Handled jointly",
            "handled_separately": "Handled separately",
            "other_office_handles": "The other office handles it",
            "not_a_match": "Not a match",
            "open": "Not settled yet",
        },
    ),
}
BREAKDOWNS: Final[tuple[str, ...]] = get_args(get_args(Breakdown)[0])
