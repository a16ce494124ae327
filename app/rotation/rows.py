"""A subject on its way to the next epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class SealedSubject:
    """A subject with the elements that are sealed of it."""

    id: int
    office_id: int
    key_id: UUID
    epoch: int
    """Of the elements."""
    sealed_key: bytes
    sealed: bytes
    is_published: bool = False
    """Whether its case is in the feed of defendants."""


@dataclass(frozen=True)
class LiftedSubject:
    """The same with its tokens before and after, and its elements sealed anew."""

    id: int
    office_id: int
    tokens: Sequence[tuple[bytes, bytes]]
    """Each token once: before, after."""
    sealed: bytes
    digests: Sequence[tuple[bytes, bytes]] = ()
    """Of a subject whose case is in the feed of defendants: each before, after."""
