"""What posting answers with."""

from collections.abc import Mapping, Sequence
from typing import Literal

from app.cases.ladder import SeenOverlap
from app.cases.receipt_schemas import (
    MAX_OVERLAPS_IN_ANSWER,
    CaseReceipt,
    CaseResult,
    ProblemRead,
    SubjectReceipt,
)
from app.cases.rows import StoredCase
from app.cases.schemas import CaseItem
from app.core.errors import AppError
from app.overlaps.postings import PostedSubject

Ref = tuple[str, str]
"""Source system and external id: an office's own name for its case."""


def receipt(
    ref: Ref,
    case: StoredCase,
    subjects: Sequence[PostedSubject],
    seen: Mapping[int, Sequence[SeenOverlap]],
    common: frozenset[tuple[int, str, str]],
    *,
    is_changed: bool,
) -> CaseReceipt:
    """Return what the poster of one case is told, its overlaps among it."""
    overlaps_seen = seen.get(case.id, ())
    result: Literal["created", "updated", "unchanged"] = "unchanged"
    if is_changed:
        result = "created" if case.is_new else "updated"
    return CaseReceipt(
        source_system=ref[0],
        external_id=ref[1],
        version=case.version,
        result=result,
        subjects=tuple(
            SubjectReceipt(
                ref=subject.ref,
                tokens=len(subject.elements),
                common=tuple(sorted({k for c, r, k in common if (c, r) == (case.id, subject.ref)})),
            )
            for subject in subjects
        ),
        overlaps=tuple(item.read for item in overlaps_seen[:MAX_OVERLAPS_IN_ANSWER]),
        more_overlaps=len(overlaps_seen) > MAX_OVERLAPS_IN_ANSWER,
    )


def result(
    item: CaseItem, receipts: Mapping[Ref, CaseReceipt], problems: Mapping[Ref, ProblemRead]
) -> CaseResult:
    """Return what came of one case of a bulk request: its receipt or its problem."""
    ref = (item.source_system, item.external_id)
    if ref in problems:
        return CaseResult(
            source_system=ref[0], external_id=ref[1], result="refused", problem=problems[ref]
        )
    return CaseResult.model_validate(vars(receipts[ref]))


def problem(error: AppError) -> ProblemRead:
    """Return the refusal of one case in the form of its request's own."""
    errors = tuple(vars(problem) for problem in error.problems)
    return ProblemRead(code=error.code, title=error.title, detail=error.detail, errors=errors)
