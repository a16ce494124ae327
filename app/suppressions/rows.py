"""What an entry in force does to a pair of offices."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple
from uuid import UUID

Mode = Literal["inform", "down_weight", "block"]
"""What an entry does to findings. One of mode `alarm` does nothing to them: it is a canary."""

CANARY: Final = "cny"
"""How the public id of a canary begins."""

MODES: Final[Sequence[Mode]] = ("inform", "down_weight", "block")
"""From the weakest to the strongest."""


class Cover(NamedTuple):
    """The pairs that an entry applies to: those with one of `offices` in them; None means all."""

    offices: frozenset[int] | None

    def includes(self, one: int, other: int) -> bool:
        """Return whether it applies to a pair of offices."""
        return self.offices is None or one in self.offices or other in self.offices


InForce = Mapping[bytes, Sequence[tuple[Mode, Cover]]]
"""The entries in force by token."""


class Flagged(NamedTuple):
    """What stands for tokens that are flagged in the registry."""

    in_force: InForce
    canaries: frozenset[bytes]
    """Those that no case should hold."""


NOTHING: Final = Flagged({}, frozenset())


def strongest(entries: Sequence[tuple[Mode, Cover]], one: int, other: int) -> Mode | None:
    """Return what entries of one token do to a pair of offices, None where none applies."""
    modes = [mode for mode, cover in entries if cover.includes(one, other)]
    return max(modes, key=MODES.index, default=None)


class SealedEntry(NamedTuple):
    """A standing entry with its sealed element, of an epoch before."""

    id: UUID
    key_id: UUID
    sealed_key: bytes
    sealed: bytes


class LiftedEntry(NamedTuple):
    """The same with its token in the next epoch, and its element sealed anew."""

    id: UUID
    token: bytes
    sealed: bytes


class StandingEntry(NamedTuple):
    """An entry that was not ended."""

    id: UUID
    office_id: int
    token: bytes
    kind: int
    epoch: int
