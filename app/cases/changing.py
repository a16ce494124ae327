"""Changing what a case says: its text, coded facts and labels, not whom it is about."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import queries
from app.cases.admission import check_told, summary_digest
from app.cases.change_schemas import CaseChange
from app.cases.errors import CaseHeldError, CaseNotFoundError, SummaryRefusedError
from app.cases.fact_schemas import FactsChange
from app.cases.models import Case
from app.core.errors import FieldProblem, InvalidError
from app.core.preconditions import Precondition
from app.offices import queries as offices

_AS_SENT: Final = {"record_class", "trafficking_type", "disclosure", "county_fips", "opened_on"} | {
    *("review_on", "summary", "declined_reason")
}
_FACTS: Final = FactsChange.model_fields.keys()
_NO_POST: Final = b""
"""The content tag of what nobody posted: whatever is posted next replaces it."""


async def change_case(
    session: AsyncSession,
    principal: Principal,
    app_secret: bytes,
    ref: tuple[str, str],
    change: CaseChange,
    *,
    if_match: Precondition,
    now: datetime,
) -> None:
    """Change one of the caller's own cases; its subjects, tokens and overlaps stay.

    A post of the same case replaces the change. Out of the class `charged` it leaves the feed of
    defendants; only a post brings it in.

    Raises:
        MissingScopeError: the caller lacks `cases:post`.
        CaseNotFoundError: absent, withdrawn, another office's, or behind a wall.
        PreconditionFailedError: `if_match` does not name the version that stands.
        CaseHeldError: a legal hold keeps it as it is.
        SummaryRefusedError, TextRefusedError, InvalidError: see errors.py.
    """
    principal.require(Permission.CASES_POST)
    await queries.check_not_walled(session, principal, [ref])
    held = await queries.lock_cases(session, principal, [ref])
    if ref not in held:
        raise CaseNotFoundError
    if_match.require(f'"{held[ref].version}"')
    if held[ref].is_held:
        raise CaseHeldError
    years = await offices.get_review_years(session, principal.office_id)
    digest = summary_digest(app_secret, principal.office_id, change.summary or "")
    try:
        check_told(change, review_years=years, now=now)
    except SummaryRefusedError:
        if not await queries.is_summary_read(session, principal, digest, now=now):
            raise
        check_told(change, review_years=years, now=now, is_read=True)
    case = await queries.get_case(session, principal, *ref)
    if (case.disclosure == "silent") != (change.disclosure == "silent"):
        detail = "Post the case anew to make it silent, or to end that."
        raise InvalidError(problems=(FieldProblem("/disclosure", "disclosure-posted", detail),))
    _write(case, change, now=now)
    await session.flush()  # the audit entry tells the version that it has now
    changed = audit.Entry("case.changed", str(case.id), detail={"version": case.version})
    await audit.record_each(session, principal, [changed])


def _write(case: Case, change: CaseChange, *, now: datetime) -> None:
    for name in _AS_SENT:
        setattr(case, name, getattr(change, name))
    told: dict[str, Any] = change.model_dump(mode="json", exclude_defaults=True)
    kept = {name: value for name, value in case.facts.items() if name not in _FACTS}
    case.facts, case.labels = kept | told.get("facts", {}), told.get("labels", {})
    attestation = change.attestation
    case.attestation = attestation.model_dump(mode="json") if attestation else None
    stages = [*case.stages]
    stages += [
        each for stage in change.stages if (each := stage.model_dump(mode="json")) not in stages
    ]
    case.stages = sorted(stages, key=lambda stage: str(stage["on"]))
    if change.record_class != "charged":
        case.feed_digests = case.feed_charged_on = None
    case.awaits_attestation = False
    case.validated_on = now.date()
    case.content_tag = _NO_POST
    case.version += 1
    case.changed_at = now
