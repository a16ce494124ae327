from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class EvaluatorKeys(BaseModel):
    """An evaluator and its public keys by key class, which clients pin."""

    model_config = ConfigDict(frozen=True)

    id: str
    url: str
    classes: dict[str, str] = Field(
        description="Public key of each class, 32 bytes in hexadecimal."
    )


class PreviousKeys(BaseModel):
    """The epoch before, whose tokens are still taken."""

    model_config = ConfigDict(frozen=True)

    epoch: int
    classes: dict[str, str]
    accepted_until: datetime


class OprfKeysRead(BaseModel):
    """What a client needs to make tokens (RFC 9497, ristretto255-SHA512, VOPRF mode)."""

    model_config = ConfigDict(frozen=True)

    match_spec: str
    nicknames_sha256: str
    commonness_sha256: str
    epoch: int
    evaluators: tuple[EvaluatorKeys, ...]
    previous: PreviousKeys | None = Field(
        default=None,
        description="After a key rotation, for a time: a client that has not pinned the new keys "
        "yet goes on with these.",
    )
