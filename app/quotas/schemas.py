from typing import Annotated, Final, Literal, Self

from pydantic import Field, StrictInt, StringConstraints, field_validator, model_validator

from app.cases.schemas import MAX_CASES, ExternalId, SourceSystem
from app.core.schemas import Epoch, Read, Sent
from app.identifiers.feed import FEED_CLASSES
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import MAX_BATCH

PermitReason = Annotated[
    Literal[
        "new_case",
        "update",
        "posting",
        "resubmission",
        "quick_check",
        "suppression",
        "defendant_feed",
    ],
    Field(
        description="What the tokens are for: a case to be posted (new_case), one to be changed "
        "(update), cases of which only the office's system knows whether they are new (posting), "
        "the same ones after a change of keys or specification (resubmission), a check before "
        "deciding on a case (quick_check), an entry of the suppression list (suppression, with "
        "suppressions:manage), a list of the office's own to hold against the feed of defendants "
        "(defendant_feed, with defendant-feed:read). For "
        "update, resubmission and quick_check the office must have posted the cases; those of "
        "new_case and posting are to come within a week: many that do not raise an alarm."
    ),
]
OF_STANDING_CASES: Final = frozenset({"update", "resubmission", "quick_check"})
"""Reasons that speak of cases which the office holds already."""
OF_CASES_TO_COME: Final = frozenset({"new_case", "posting"})
"""Reasons that may name cases which are not posted yet."""
FEED: Final = "defendant_feed"
OF_NO_CASE: Final = frozenset({"suppression", FEED})
"""Reasons that speak of no case."""


class PermitCase(Sent):
    """One of the office's own cases, by its natural key; it may be about to be posted."""

    source_system: SourceSystem
    external_id: ExternalId


class PermitAsk(Sent):
    """One evaluation to come: how many elements of which class, and the digest of them all."""

    epoch: Epoch
    reason: PermitReason
    cases: Annotated[tuple[PermitCase, ...], Field(max_length=MAX_CASES)]
    """Those that the elements are of, each once; none for `suppression` and `defendant_feed`."""
    counts: Annotated[
        dict[str, Annotated[StrictInt, Field(ge=1, le=MAX_BATCH)]],
        Field(min_length=1, max_length=64),
    ]
    """Elements by key class, at most 1000 together."""
    digest: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
    """SHA-256 of the batch (docs/matching.md), base64url."""

    @field_validator("counts")
    @classmethod
    def _known(cls, counts: dict[str, int]) -> dict[str, int]:
        if not counts.keys() <= set(KEY_CLASSES):
            raise ValueError("Use the key classes that GET /v1/oprf/keys names.")
        if sum(counts.values()) > MAX_BATCH:
            raise ValueError(f"Ask for at most {MAX_BATCH} elements together.")
        return counts

    @model_validator(mode="after")
    def _of_cases(self) -> Self:
        if bool(self.cases) == (self.reason in OF_NO_CASE):
            raise ValueError("Name the cases that the elements are of; for a list, none.")
        if len(set(self.refs)) != len(self.cases):
            raise ValueError("Name each case once.")
        if self.reason == FEED and not self.counts.keys() <= set(FEED_CLASSES):
            raise ValueError("Ask for the classes that the feed is made of, for the feed.")
        return self

    @property
    def debits(self) -> dict[str, int]:
        """Elements by quota class: those for the feed are counted by themselves."""
        head = "feed:" if self.reason == FEED else ""
        return {head + key_class: count for key_class, count in self.counts.items()}

    @property
    def refs(self) -> list[tuple[str, str]]:
        """Source system and number of each case."""
        return [(case.source_system, case.external_id) for case in self.cases]


class AllowanceRead(Read):
    """What the office had evaluated of one class of identifiers, and how much it may."""

    key_class: str
    """As GET /v1/oprf/keys names it; with `feed:` before it, for the feed of defendants;
    `quick_check` for subjects looked up, `reading` for overlaps opened with a reason, `listing`
    for pages of overlaps, but for the newest, and networks."""
    used: int
    """Elements that count now; a day's allowance comes back in a day."""
    limit: int
    """How many may count at once."""
    used_in_period: int
    """Elements in the 30 days that run."""
    limit_of_period: int | None
    """How many these may have; null: as many as come back."""
    imports_left: int
    """What the operator let it have besides, for a backlog, as far as it is left."""


class PermitRead(Read):
    """A permit to send to the evaluator, as bearer token, with the batch that it is for."""

    permit: str
    """Opaque; worth this one batch, however often it is sent."""
    expires_in: int
    """Seconds until it expires."""
