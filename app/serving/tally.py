"""How many connections each of some processes holds, in memory that all of them share."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap
from typing import Final

_PLACE_BYTES: Final = 4


class Tally:
    """A place of a process in the tally of those that serve beside it, by default of it alone."""

    def __init__(self, file: int = -1, place: int = 0) -> None:
        self._held = memoryview(mmap(file, 0 if file >= 0 else _PLACE_BYTES)).cast("I")
        self._place = place

    def write(self, held: int) -> None:
        """Tell the others how many connections this process holds."""
        self._held[self._place] = held

    def others_hold_fewer(self) -> bool:
        """Return whether any of the others told of fewer."""
        return self._held[self._place] > min(self._held)


@contextmanager
def tally_file(processes: int) -> Iterator[int]:
    """Yield the descriptor of a file for so many processes to map; it has no name."""
    with tempfile.TemporaryFile() as file:
        file.truncate(processes * _PLACE_BYTES)
        yield file.fileno()
