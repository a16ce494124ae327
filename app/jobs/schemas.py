from datetime import datetime
from typing import Literal

from app.core.schemas import PageRead, Read


class StepRead(Read):
    """What became of one step; how much it handled for other offices is not told."""

    step: str
    """Its name, such as `cases.expire`."""
    state: Literal["running", "succeeded", "failed", "left_out"]
    """A step that failed is taken again by the next run; `left_out`: of a run for one office."""
    error: str | None
    """A code of what went wrong; null unless it failed."""
    reason: str | None
    """Why it was left out; null unless it was."""
    of_own_office: int
    """How many of its effects concerned the caller's office, as far as the audit has them."""


class RunRead(Read):
    """One nightly run."""

    id: str
    """Opaque; later runs have greater ones."""
    state: Literal["running", "succeeded", "failed", "interrupted"]
    """`failed`: a step did, the others were taken; `interrupted`: it was stopped, and the next run
    did the rest."""
    is_of_own_office: bool
    """Whether it was for the caller's office alone; else it was for all."""
    is_whole: bool
    """Whether it was to take every step; else only some, and no night was done by it."""
    is_dry: bool
    """Whether it only tried what it would do."""
    as_of: datetime
    """As of when it did what was due, UTC: when it began, or the end of a day before."""
    started_at: datetime
    """When it began, UTC."""
    finished_at: datetime | None
    """UTC; null while it runs."""
    steps: tuple[StepRead, ...]
    """In the order in which they were taken, as far as it came."""


class RunPage(PageRead[RunRead]):
    """Runs, newest first."""
