import hmac
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.cases.admission import posted_subject
from app.cases.registering import Intake
from app.core.ids import new_id, public_id
from app.overlaps.errors import EpochMovedError
from app.pairs.rows import FoundOverlap
from app.quick_checks import matching, queries
from app.quick_checks.schemas import QuickCheckMake, QuickCheckRead
from app.quotas import counting
from app.suppressions.rows import CANARY

PREFIX: Final = "qck"
MAX_HITS: Final = 100


async def check(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    ref: tuple[str, str],
    asked: QuickCheckMake,
    *,
    now: datetime,
) -> QuickCheckRead:
    """Look subjects up for one of the caller's own cases, store nothing of them, and record that.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        AgreementNotInForceError: the office does not take part now.
        CaseNotFoundError: absent, another office's, or behind a wall.
        QuotaExceededError: nothing was looked up.
        EpochChangedError: the tokens belong to an epoch that is not taken, or no longer.
        EpochMovedError: a switch to a new epoch came between; asking again helps.
        TokenRefusedError: a token is not the output of the evaluator.
    """
    principal.require(Permission.OVERLAPS_READ)
    principal.require_participation()
    case = await cases.get_case(session, principal, *ref)
    left = await counting.count_checked(session, principal, len(asked.subjects), now=now)
    matcher = await intake.keyring.follow(session, {asked.epoch})
    subjects = [
        intake.keyring.lift(posted_subject(place, each), asked.epoch, matcher, now=now)
        for place, each in enumerate(asked.subjects)
    ]
    try:
        found = await matching.find(session, principal, matcher, case.id, subjects, now=now)
    except EpochMovedError:
        intake.keyring.expire()  # the next one looks at the epochs first
        raise
    offices = await queries.list_offices(session, {office for _, office, _ in found.hits})
    hits = sorted(
        (hit for each in found.hits for hit in _hits(each, case.id, offices)),
        # then by all that is told, or the order would tell whose case is older
        key=lambda hit: (ladder.BANDS.index(hit["band"]), hit["ref"], str(hit)),
    )
    check_id = public_id(PREFIX, new_id())
    await _record(session, principal, intake, check_id, case.id, asked, found)
    common: dict[str, list[str]] = defaultdict(list)
    for subject, kind in found.common:
        common[subject].append(kind)
    return QuickCheckRead.model_validate(
        {
            "id": check_id,
            "case": {"source_system": ref[0], "external_id": ref[1]},
            "reason": asked.reason,
            "checked_at": now,
            "hits": hits[:MAX_HITS],
            "common": [{"ref": each, "kinds": kinds} for each, kinds in common.items()],
            "is_complete": len(hits) <= MAX_HITS,
            "left": left,
        }
    )


def _hits(
    hit: tuple[FoundOverlap, int, Rung], case_id: int, offices: dict[int, asyncpg.Record]
) -> Iterator[dict[str, Any]]:
    """Yield what is told of a pair of cases, for each of the subjects that are part of it."""
    pair, office_id, rung = hit
    office = offices[office_id]
    own = 0 if pair.low_case_id == case_id else 1
    by_ref: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for finding in pair.findings:
        by_ref[finding["subjects"][own]].append(finding)
    named: dict[str, Any] = {}
    if rung >= Rung.CONTACT:
        named = {
            "office": {"code": office["code"], "name": office["name"]},
            "contact": {name: office[f"contact_{name}"] for name in ("title", "phone", "email")},
        }
    for ref, findings in by_ref.items():
        told = [
            {name: each[name] for name in ("finding", "kinds", "band")}
            for each in ladder.pointers(findings)
        ]
        yield {
            "ref": ref,
            "band": min(
                (each["band"] or ladder.BANDS[-1] for each in told), key=ladder.BANDS.index
            ),
            "findings": told,
            "rung": rung.name.lower(),
            "state": office["state"],
            "office_kind": office["kind"],
            **named,
        }


async def _record(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    check_id: str,
    case_id: int,
    asked: QuickCheckMake,
    found: matching.Found,
) -> None:
    """Write the check into the audit: for which case, why, about how many, and what it told.

    The other cases are there under a keyed digest that is new with each check: the operator can
    tell which they were, and two checks do not tell an office that they met the same case.
    """
    others = [(pair.other_case(case_id), rung) for pair, _, rung in found.hits]
    detail = {
        "case": case_id,
        "reason": asked.reason,
        "subjects": len(asked.subjects),
        "told": {_mark(intake, check_id, other): rung.name.lower() for other, rung in others},
    }
    entries = [audit.Entry("case.quick_checked", check_id, [principal.office_id], detail)]
    entries += [audit.Entry("canary.used", public_id(CANARY, key)) for key in found.alarms]
    await audit.record_each(session, principal, entries)


def _mark(intake: Intake, check_id: str, case_id: int) -> str:
    said = f"joinder/v1/quick-check\0{check_id}\0{case_id}".encode()
    return hmac.digest(intake.app_secret, said, sha256)[:16].hex()
