from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.core.schemas import Epoch, Read, Sent
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import MAX_BATCH

Element = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"),
    Field(description="A blinded element: 32 bytes in base64url without padding."),
]
KeyClass = Literal[KEY_CLASSES]  # type: ignore[valid-type]  # mypy cannot read the table


class GroupSent(Sent):
    """Blinded elements of one key class; one proof will cover them all."""

    key_class: KeyClass
    """Whose key evaluates them; under another class than its own a token matches nothing."""
    elements: Annotated[tuple[Element, ...], Field(min_length=1, max_length=MAX_BATCH)]
    """Up to 1000 in all groups of a request together."""


class Evaluate(Sent):
    """Blinded elements to evaluate under the keys of an epoch."""

    epoch: Epoch
    groups: Annotated[tuple[GroupSent, ...], Field(min_length=1, max_length=len(KEY_CLASSES))]
    """One for each key class, exactly as the digest of the permit has them."""

    @model_validator(mode="after")
    def _classes(self) -> Self:
        if len({group.key_class for group in self.groups}) != len(self.groups):
            raise ValueError("Name each key class once; one group holds all its elements.")
        return self


class GroupEvaluated(Read):
    """Evaluated elements in the order sent, and the proof that the published key made them."""

    key_class: str
    """As sent; its public key is the one to verify with."""
    elements: list[str]
    """Still blinded, 32 bytes each in base64url; unblind them only once the proof holds."""
    proof: str
    """RFC 9497 DLEQ proof over the group, 64 bytes in base64url."""


class Evaluated(Read):
    """The groups in the order sent."""

    epoch: int
    """Whose keys they were evaluated under, as sent."""
    groups: list[GroupEvaluated]
    """Each with a proof of its own."""
