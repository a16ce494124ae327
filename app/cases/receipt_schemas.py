"""What posting answers with."""

from typing import Final, Literal

from app.cases.overlap_schemas import CaseRef, OverlapRead
from app.core.schemas import Read, Version

MAX_OVERLAPS_IN_ANSWER: Final = 50


class SubjectReceipt(Read):
    """What became of a posted subject."""

    ref: str
    """The office's own reference inside the case, as posted."""
    tokens: int
    """How many it has, of all its names and identifiers."""
    common: tuple[str, ...] = ()
    """Kinds that too many offices or cases share, kept and not matched."""


class CaseReceipt(CaseRef):
    """The answer to a post: what was kept and which overlaps the office may know of."""

    version: Version
    result: Literal["created", "updated", "unchanged"]
    """`unchanged`: the same content was posted before."""
    subjects: tuple[SubjectReceipt, ...]
    """In the order of the post."""
    overlaps: tuple[OverlapRead, ...] = ()
    """The 50 strongest, new and old; none without the scope `overlaps:read`."""
    more_overlaps: bool = False
    """Whether there are others; GET /v1/overlaps lists all."""


class ProblemRead(Read):
    """Why one case of a bulk request was refused (RFC 9457)."""

    code: str
    """Stable, kebab-case; docs/problems.md lists all."""
    title: str
    """The same for every problem with this code."""
    detail: str
    """What to do with this case before it is sent again."""
    errors: tuple[dict[str, str], ...] = ()
    """Where the case is wrong: pointer (RFC 6901, within the case), code and detail of each."""


class CaseResult(CaseRef):
    """What became of one case of a bulk request."""

    result: Literal["created", "updated", "unchanged", "refused"]
    """`refused`: nothing of it was kept, and the problem says why."""
    version: Version | None = None
    """As in the receipt of a single post, like all that follows; null if refused."""
    subjects: tuple[SubjectReceipt, ...] = ()
    """In the order of the post; empty if refused."""
    overlaps: tuple[OverlapRead, ...] = ()
    """The 50 strongest that the office may know of."""
    more_overlaps: bool = False
    """Whether there are others; GET /v1/overlaps lists all."""
    problem: ProblemRead | None = None
    """Why it was refused, else null."""


class CasesResult(Read):
    """What became of the cases of a bulk request."""

    results: tuple[CaseResult, ...]
    """In the order of the request."""
