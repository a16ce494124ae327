from typing import Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints, field_validator

from app.core.schemas import Epoch, Read, Sent
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import MAX_BATCH


class PermitAsk(Sent):
    """One evaluation to come: how many elements of which class, and the digest of them all."""

    epoch: Epoch
    purpose: Literal["post"]
    """What the tokens are for."""
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


class PermitRead(Read):
    """A permit to send to the evaluator, as bearer token, with the batch that it is for."""

    permit: str
    """Opaque; worth this one batch, however often it is sent."""
    expires_in: int
    """Seconds until it expires."""
