from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator

from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import MAX_BATCH

Element = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
KeyClass = Literal[KEY_CLASSES]  # type: ignore[valid-type]  # mypy cannot read the table


class GroupSent(BaseModel):
    """Blinded elements of one key class; one proof will cover them all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_class: KeyClass
    elements: Annotated[tuple[Element, ...], Field(min_length=1, max_length=MAX_BATCH)]


class Evaluate(BaseModel):
    """Blinded elements to evaluate under the keys of an epoch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epoch: StrictInt = Field(ge=1, le=32767)
    groups: Annotated[tuple[GroupSent, ...], Field(min_length=1, max_length=len(KEY_CLASSES))]

    @model_validator(mode="after")
    def _classes(self) -> Self:
        if len({group.key_class for group in self.groups}) != len(self.groups):
            raise ValueError("Name each key class once; one group holds all its elements.")
        return self


class GroupEvaluated(BaseModel):
    """Evaluated elements in the order sent, and the proof that the published key made them."""

    key_class: str
    elements: list[str]
    proof: str = Field(description="RFC 9497 DLEQ proof over the group, 64 bytes in base64url.")


class Evaluated(BaseModel):
    """The groups in the order sent."""

    epoch: int
    groups: list[GroupEvaluated]
