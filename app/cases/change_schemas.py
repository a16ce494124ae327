"""What a person may change of a case on its page."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from app.cases.days import Day
from app.cases.fact_schemas import AttestationPut, DeclinedReason, FactsChange, LabelsPut, StagePut
from app.cases.schemas import County, Summary, check_class
from app.cases.vocabulary import Disclosure, RecordClass, TraffickingType, WithdrawReason
from app.core.schemas import Sent


class CaseChange(Sent):
    """What a case says from now on; whom and what it is about stays as it was posted."""

    record_class: RecordClass
    trafficking_type: TraffickingType
    disclosure: Disclosure
    """To `silent` and back only with a new post: the subjects are then matched otherwise."""
    county_fips: County | None = None
    opened_on: Day | None = None
    review_on: Day
    summary: Summary | None = None
    attestation: AttestationPut | None = None
    declined_reason: DeclinedReason | None = None
    facts: FactsChange = FactsChange()
    stages: Annotated[tuple[StagePut, ...], Field(max_length=50)] = ()
    """Steps to add; none is taken away."""
    labels: LabelsPut = LabelsPut()

    @model_validator(mode="after")
    def _class(self) -> Self:
        check_class(self.record_class, self.attestation, self.declined_reason)
        return self


class CaseWithdraw(Sent):
    """Why a case is taken back; the office's audit keeps it."""

    reason: WithdrawReason
