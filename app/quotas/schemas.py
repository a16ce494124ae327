from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.cases.schemas import MAX_CASES, ExternalId, SourceSystem
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import MAX_BATCH

PermitReason = Literal[
    "new_case", "update", "posting", "resubmission", "quick_check", "suppression"
]
OF_STANDING_CASES: Final = frozenset({"update", "resubmission", "quick_check"})
"""Reasons that speak of cases which the office holds already."""


class CaseRef(BaseModel):
    """One of the office's own cases, by its natural key; it may be about to be posted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source_system: SourceSystem = Field(description="The office's system, as in the case's path.")
    external_id: ExternalId = Field(description="The case's number in it.")


class PermitAsk(BaseModel):
    """One evaluation to come: how many elements of which class, and the digest of them all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epoch: StrictInt = Field(ge=1, le=32767, description="The key epoch of the evaluation.")
    reason: PermitReason = Field(
        description="What the tokens are for: a case to be posted (new_case), one to be changed "
        "(update), cases of which only the office's system knows whether they are new (posting), "
        "the same ones after a change of keys or specification (resubmission), a check before "
        "deciding on a case (quick_check), an entry of the suppression list (suppression)."
    )
    cases: Annotated[
        tuple[CaseRef, ...],
        Field(
            max_length=MAX_CASES,
            description="The office's cases that the elements are of, each once; none for "
            "suppression alone. For update, resubmission and quick_check the office must have "
            "posted them.",
        ),
    ]
    counts: Annotated[
        dict[str, Annotated[StrictInt, Field(ge=1, le=MAX_BATCH)]],
        Field(min_length=1, max_length=64, description="Elements by key class."),
    ]
    digest: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")] = (
        Field(description="SHA-256 of the batch (docs/matching.md), base64url.")
    )

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
        if bool(self.cases) == (self.reason == "suppression"):
            raise ValueError("Name the cases that the elements are of; for suppression, none.")
        if len(set(self.refs)) != len(self.cases):
            raise ValueError("Name each case once.")
        return self

    @property
    def refs(self) -> list[tuple[str, str]]:
        """Source system and number of each case."""
        return [(case.source_system, case.external_id) for case in self.cases]


class PermitRead(BaseModel):
    """A permit to send to the evaluator, as bearer token, with the batch that it is for."""

    permit: str
    expires_in: int = Field(description="Seconds until it expires.")
