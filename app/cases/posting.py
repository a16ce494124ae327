"""Posting cases: one or many in one transaction, each by its natural key, each at most once."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import queries
from app.cases.admission import check_case, summary_digest
from app.cases.charges import published
from app.cases.errors import (
    CaseHeldError,
    CaseNotFoundError,
    DuplicateCaseError,
    SummaryRefusedError,
)
from app.cases.ladder import SeenOverlap
from app.cases.receipt_schemas import (
    MAX_OVERLAPS_IN_ANSWER,
    CaseReceipt,
    CaseResult,
    ProblemRead,
)
from app.cases.receipts import Ref, problem, receipt, result
from app.cases.registering import Intake, entries_of, register
from app.cases.rows import StoredCase
from app.cases.schemas import CaseItem, CasePut, SubjectPut
from app.cases.service import disclosed
from app.core.db import APP, MATCHER, Role
from app.core.errors import AppError, InvalidError
from app.core.preconditions import Precondition
from app.core.problems import field_problems
from app.offices import queries as offices
from app.overlaps.postings import PostedSubject, Posting
from app.overlaps.service import Matcher, Registration

REVIEW_AFTER: Final = timedelta(days=3 * 365)
REVIEW_DECLINED_AFTER: Final = timedelta(days=365)
"""When a case is reviewed if the office does not say; the state's ceiling bounds it."""


async def put_case(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    ref: Ref,
    case: CasePut,
    *,
    if_match: Precondition | None = None,
    now: datetime,
) -> CaseReceipt:
    """Post one case, or replace it, and find its overlaps in the same transaction.

    Raises:
        PreconditionFailedError: `if_match` is given and does not name the version that it replaces.
        MissingScopeError: the caller lacks `cases:post`.
        CaseNotFoundError: a wall keeps the caller from the case.
        EpochChangedError: the tokens belong to an epoch that is not taken, or no longer.
        EpochMovedError: a switch to a new epoch came between; repeating the post helps.
        CaseHeldError: a legal hold keeps it as it is.
        TokenRefusedError, SummaryRefusedError, TextRefusedError, InvalidError: see errors.py.
    """
    principal.require(Permission.CASES_POST)
    matcher = await intake.keyring.follow(session, {case.epoch})
    years = await _review_years(session, principal, [case.review_on])
    subjects = await _admit(session, principal, intake, matcher, case, years, now=now)
    await queries.check_not_walled(session, principal, [ref])
    cases = {ref: (case, subjects)}
    receipts = await _put(session, principal, intake, matcher, cases, if_match=if_match, now=now)
    if ref not in receipts:
        raise CaseHeldError
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
        CaseNotFoundError: a wall was set before one of them at this moment; nothing is kept.
    """
    principal.require(Permission.CASES_POST)
    if len({(item.source_system, item.external_id) for item in items}) != len(items):
        raise DuplicateCaseError
    epochs = [item.case.get("epoch") for item in items]
    matcher = await intake.keyring.follow(session, {each for each in epochs if type(each) is int})
    dates = [item.case.get("review_on") for item in items]
    years = await _review_years(session, principal, dates)
    good: dict[Ref, tuple[CasePut, list[PostedSubject]]] = {}
    problems: dict[Ref, ProblemRead] = {}
    for item in items:
        ref = (item.source_system, item.external_id)
        try:
            case = CasePut.model_validate(item.case)
            subjects = await _admit(session, principal, intake, matcher, case, years, now=now)
            good[ref] = (case, subjects)
        except ValidationError as error:
            problems[ref] = problem(InvalidError(problems=field_problems(error.errors())))
        except AppError as error:
            problems[ref] = problem(error)
    for ref in await queries.list_walled(session, principal, list(good)):
        problems[ref] = problem(CaseNotFoundError())
        del good[ref]
    receipts: dict[Ref, CaseReceipt] = {}
    if good:
        receipts = await _put(session, principal, intake, matcher, good, now=now)
        problems |= {ref: problem(CaseHeldError()) for ref in good if ref not in receipts}
    return [result(item, receipts, problems) for item in items]


async def _admit(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    matcher: Matcher,
    case: CasePut,
    review_years: int,
    *,
    now: datetime,
) -> list[PostedSubject]:
    """Return the subjects of a case as `check_case` does; only a refused summary costs a query."""
    try:
        return check_case(case, intake.keyring, matcher, review_years=review_years, now=now)
    except SummaryRefusedError:
        digest = summary_digest(intake.app_secret, principal.office_id, case.summary or "")
        if not await queries.is_summary_read(session, principal, digest, now=now):
            raise
    return check_case(
        case, intake.keyring, matcher, review_years=review_years, now=now, is_read=True
    )


async def _put(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    matcher: Matcher,
    cases: Mapping[Ref, tuple[CasePut, list[PostedSubject]]],
    *,
    if_match: Precondition | None = None,
    now: datetime,
) -> dict[Ref, CaseReceipt]:
    tags = {
        ref: _content_tag(intake.app_secret, case, principal) for ref, (case, _) in cases.items()
    }
    rows = [_row(ref, *case, tags[ref], now) for ref, case in cases.items()]
    then: Role = MATCHER if len(rows) == 1 else APP  # of several, some may be left to look at
    try:
        changed = await queries.upsert_cases(session, principal, rows, now=now, then=then)
    except asyncpg.InsufficientPrivilegeError as refused:
        if principal.person_id is None or "row-level security" not in str(refused):
            raise
        raise CaseNotFoundError from None  # a wall was set since it was looked for
    unchanged = [ref for ref in cases if ref not in changed]
    stored = changed | (
        await queries.lock_cases(session, principal, unchanged) if unchanged else {}
    )
    if if_match is not None:  # a refusal ends the transaction and leaves nothing of the post
        for ref, case in stored.items():
            if_match.require(None if case.is_new else f'"{case.version - (ref in changed)}"')
    registration = Registration()
    if changed:
        postings = [
            Posting(
                case.id,
                case.is_new,
                cases[ref][1],
                is_hidden=cases[ref][0].disclosure == "silent" or not principal.is_participating,
            )
            for ref, case in changed.items()
        ]
        registration = await register(session, principal, intake, matcher, postings, now=now)
    common = registration.common
    if unchanged:
        kept = [stored[ref].id for ref in unchanged]
        common |= await queries.list_common_kinds(session, kept)
    seen = await _seen(session, principal, stored, changed, registration, now=now)
    if entries := _entries(principal, changed.values(), registration, seen):
        await audit.record_each(session, principal, entries)
    if not principal.is_participating:
        common = frozenset()
    return {
        ref: receipt(ref, stored[ref], subjects, seen, common, is_changed=ref in changed)
        for ref, (_, subjects) in cases.items()
        if not stored[ref].is_held
    }


def _content_tag(secret: bytes, case: CasePut, principal: Principal) -> bytes:
    """Return a keyed digest of the post; an unkeyed one would let guesses be tested.

    Whether the office takes part belongs to it: the same post after its agreement came into force
    is another one, because others may then know of the case.
    """
    head = b"joinder/v1/content\0" + bytes([principal.is_participating])
    return hmac.digest(secret, head + case.model_dump_json().encode(), hashlib.sha256)


async def _review_years(
    session: AsyncSession, principal: Principal, dates: Iterable[object]
) -> int:
    """Return the office's ceiling where a review date is given; storing bounds the others."""
    if not any(dates):
        return offices.REVIEW_YEARS
    return await offices.get_review_years(session, principal.office_id)


def _row(
    ref: Ref, case: CasePut, subjects: Sequence[PostedSubject], tag: bytes, now: datetime
) -> tuple[object, ...]:
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
        case.attestation.model_dump_json() if case.attestation else None,
        case.declined_reason,
        case.facts.model_dump_json(exclude_defaults=True),
        f"[{','.join(stage.model_dump_json() for stage in case.stages)}]",
        case.labels.model_dump_json(exclude_defaults=True),
        json.dumps([_apart(subject) for subject in case.subjects if not subject.is_matched]),
        *published(case, subjects, now.date()),
        " ".join(_provenances(case)),
    )


def _provenances(case: CasePut) -> list[str]:
    """Return where the office has names and identifiers of the case from, each source once."""
    named = {name.provenance for subject in case.subjects for name in subject.names}
    return sorted(named | {each.provenance for s in case.subjects for each in s.identifiers})


def _apart(subject: SubjectPut) -> dict[str, str | bool]:
    """Return what is kept of a subject that is not matched."""
    return {
        "ref": subject.ref,
        "kind": subject.kind,
        "standing": subject.standing,
        "is_juvenile": subject.is_juvenile,
    }


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
        *entries_of(registration),
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
