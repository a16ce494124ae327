"""Posting cases: one or many in one transaction, each by its natural key, each at most once."""

import hashlib
import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder, queries
from app.cases.errors import (
    DuplicateCaseError,
    SummaryRefusedError,
    TokenRefusedError,
)
from app.cases.guard import find_identifiers
from app.cases.queries import SeenOverlap, StoredCase
from app.cases.schemas import (
    MAX_OVERLAPS_IN_ANSWER,
    CaseItem,
    CasePut,
    CaseReceipt,
    CaseResult,
    ProblemRead,
    SubjectPut,
    SubjectReceipt,
)
from app.cases.service import disclosed
from app.core.errors import AppError, EpochChangedError, FieldProblem, InvalidError
from app.core.ids import public_id
from app.core.problems import field_problems
from app.identifiers.oprf import is_element
from app.overlaps import service as overlaps
from app.overlaps.postings import Name, PostedSubject, Posting
from app.overlaps.service import Matcher, Registration

REVIEW_AFTER: Final = timedelta(days=3 * 365)
REVIEW_DECLINED_AFTER: Final = timedelta(days=365)
"""When a case is reviewed if the office does not say; the ceiling of five years is a constraint."""

REVIEW_CEILING: Final = timedelta(days=5 * 365)

Ref = tuple[str, str]
"""Source system and external id: an office's own name for its case."""


@dataclass(frozen=True)
class Intake:
    """What posting needs besides the session: the matcher and the secret of content tags."""

    matcher: Matcher
    app_secret: bytes

    def __repr__(self) -> str:
        return "Intake()"


async def put_case(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    ref: Ref,
    case: CasePut,
    *,
    now: datetime,
) -> CaseReceipt:
    """Post one case, or replace it, and find its overlaps in the same transaction.

    Raises:
        MissingScopeError: the caller lacks `cases:post`.
        EpochChangedError: the tokens belong to another key epoch.
        TokenRefusedError, SummaryRefusedError, InvalidError: see errors.py.
    """
    principal.require(Permission.CASES_POST)
    subjects = _checked(intake, case, now=now)
    receipts = await _put(session, principal, intake, {ref: (case, subjects)}, now=now)
    return receipts[ref]


async def put_cases(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    items: Sequence[CaseItem],
    *,
    now: datetime,
) -> list[CaseResult]:
    """Post many cases in one transaction; a bad one is refused by itself and the others are kept.

    Raises:
        MissingScopeError: the caller lacks `cases:post`.
        DuplicateCaseError: a case is named twice.
    """
    principal.require(Permission.CASES_POST)
    if len({(item.source_system, item.external_id) for item in items}) != len(items):
        raise DuplicateCaseError
    good: dict[Ref, tuple[CasePut, list[PostedSubject]]] = {}
    problems: dict[Ref, ProblemRead] = {}
    for item in items:
        ref = (item.source_system, item.external_id)
        try:
            case = CasePut.model_validate(item.case)
            good[ref] = (case, _checked(intake, case, now=now))
        except ValidationError as error:
            problems[ref] = _problem(InvalidError(problems=field_problems(error.errors())))
        except AppError as error:
            problems[ref] = _problem(error)
    receipts = await _put(session, principal, intake, good, now=now) if good else {}
    return [_result(item, receipts, problems) for item in items]


def _result(
    item: CaseItem, receipts: Mapping[Ref, CaseReceipt], problems: Mapping[Ref, ProblemRead]
) -> CaseResult:
    ref = (item.source_system, item.external_id)
    if ref in problems:
        return CaseResult(
            source_system=ref[0], external_id=ref[1], result="refused", problem=problems[ref]
        )
    return CaseResult.model_validate(vars(receipts[ref]))


def _problem(error: AppError) -> ProblemRead:
    errors = tuple(vars(problem) for problem in error.problems)
    return ProblemRead(code=error.code, title=error.title, detail=error.detail, errors=errors)


def _checked(intake: Intake, case: CasePut, *, now: datetime) -> list[PostedSubject]:
    """Return the subjects of a case that keeps every rule that its schema cannot tell."""
    if case.epoch != intake.matcher.epoch:
        raise EpochChangedError
    if (
        case.review_on is not None
        and not now.date() < case.review_on <= now.date() + REVIEW_CEILING
    ):
        detail = "Choose a date after today and at most five years from it (28 CFR 23.20(h))."
        raise InvalidError(problems=(FieldProblem("/review_on", "review-date", detail),))
    if case.summary is not None and (found := find_identifiers(case.summary)):
        raise SummaryRefusedError(problems=found)
    return [_subject(index, subject) for index, subject in enumerate(case.subjects)]


def _subject(index: int, subject: SubjectPut) -> PostedSubject:
    names = [
        Name(
            name.rarity,
            {
                kind: _element(token, f"/subjects/{index}/names/{alias}/tokens/{kind}")
                for kind, token in name.tokens.items()
            },
        )
        for alias, name in enumerate(subject.names)
    ]
    identifiers = [
        (
            identifier.kind,
            _element(identifier.token, f"/subjects/{index}/identifiers/{place}/token"),
        )
        for place, identifier in enumerate(subject.identifiers)
    ]
    return PostedSubject(subject.ref, subject.kind, names, identifiers)


def _element(token: str, pointer: str) -> bytes:
    element = urlsafe_b64decode(token + "=")  # the schema lets only the canonical spelling pass
    if not is_element(element):
        advice = "This is not an element that the evaluator gave; make the token again."
        raise TokenRefusedError(problems=(FieldProblem(pointer, "bad-element", advice),))
    return element


async def _put(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    cases: Mapping[Ref, tuple[CasePut, list[PostedSubject]]],
    *,
    now: datetime,
) -> dict[Ref, CaseReceipt]:
    await queries.check_not_walled(session, principal, list(cases))
    tags = {ref: _content_tag(intake.app_secret, case) for ref, (case, _) in cases.items()}
    rows = [_row(ref, case, tags[ref], now) for ref, (case, _) in cases.items()]
    changed = await queries.upsert_cases(session, principal, rows, now=now)
    unchanged = [ref for ref in cases if ref not in changed]
    stored = changed | (
        await queries.lock_cases(session, principal, unchanged) if unchanged else {}
    )
    registration = Registration((), frozenset())
    if changed:
        postings = [Posting(case.id, case.is_new, cases[ref][1]) for ref, case in changed.items()]
        registration = await overlaps.register(
            session, intake.matcher, principal.office_id, postings, now=now
        )
    seen = await _seen(session, principal, stored, changed, registration, now=now)
    if entries := _entries(principal, changed.values(), registration, seen):
        await audit.record_each(session, principal, entries)
    common = registration.common if principal.is_participating else frozenset()
    return {
        ref: _receipt(ref, stored[ref], ref in changed, subjects, seen, common)
        for ref, (_, subjects) in cases.items()
    }


def _content_tag(secret: bytes, case: CasePut) -> bytes:
    """Return a keyed digest of the post; an unkeyed one would let guesses be tested."""
    return hmac.digest(
        secret, b"joinder/v1/content\0" + case.model_dump_json().encode(), hashlib.sha256
    )


def _row(ref: Ref, case: CasePut, tag: bytes, now: datetime) -> tuple[object, ...]:
    after = REVIEW_DECLINED_AFTER if case.record_class == "declined" else REVIEW_AFTER
    return (
        *ref,
        case.record_class,
        case.trafficking_type,
        case.disclosure,
        case.county_fips,
        case.opened_on,
        case.review_on or (now + after).date(),
        case.summary,
        tag,
    )


def _entries(
    principal: Principal,
    posted: Iterable[StoredCase],
    registration: Registration,
    seen: Mapping[int, Sequence[SeenOverlap]],
) -> list[audit.Entry]:
    """Return what the audit keeps of a post: the cases, their overlaps, and what was shown."""
    shown = [item for items in seen.values() for item in items[:MAX_OVERLAPS_IN_ANSWER]]
    return [
        *(
            audit.Entry("case.posted", str(case.id), detail={"version": case.version})
            for case in posted
        ),
        *(
            audit.Entry(action, public_id(ladder.PREFIX, overlap_id))
            for action, overlap_id in registration.events
        ),
        *([disclosed(principal, shown)] if shown else []),
    ]


async def _seen(
    session: AsyncSession,
    principal: Principal,
    stored: Mapping[Ref, StoredCase],
    changed: Mapping[Ref, StoredCase],
    registration: Registration,
    *,
    now: datetime,
) -> dict[int, list[SeenOverlap]]:
    """Return what the caller may see of overlaps; a new case without evidence costs no query."""
    found = {case for pair in registration.found for case in (pair.low_case_id, pair.high_case_id)}
    fresh = {case.id for case in changed.values() if case.is_new}
    ids = [case.id for case in stored.values() if case.id in found or case.id not in fresh]
    if not ids or Permission.OVERLAPS_READ not in principal.permissions:
        return {}
    limit = MAX_OVERLAPS_IN_ANSWER + 1
    return await queries.list_overlaps_of_cases(session, principal, ids, limit=limit, now=now)


def _receipt(
    ref: Ref,
    case: StoredCase,
    is_changed: bool,  # noqa: FBT001 -- positional inside this module only
    subjects: Sequence[PostedSubject],
    seen: Mapping[int, Sequence[SeenOverlap]],
    common: frozenset[tuple[int, str, str]],
) -> CaseReceipt:
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
