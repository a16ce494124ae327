from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, field_validator

from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import MAX_BATCH


class PermitAsk(BaseModel):
    """One evaluation to come: how many elements of which class, and the digest of them all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epoch: StrictInt = Field(ge=1, le=32767, description="The key epoch of the evaluation.")
    purpose: Literal["post"] = Field(description="What the tokens are for.")
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


class PermitRead(BaseModel):
    """A permit to send to the evaluator, as bearer token, with the batch that it is for."""

    permit: str
    expires_in: int = Field(description="Seconds until it expires.")
