from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.checks import queries
from app.checks.models import Check
from app.checks.schemas import Act, CheckedOverlapRead, CheckRead, MadeCheckRead, ShownRead
from app.core.ids import new_id, public_id

PREFIX: Final = "chk"


async def check_before(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    act: Act,
    *,
    now: datetime,
) -> CheckRead:
    """Return the open overlaps of one of the caller's own cases before an act, and record that.

    It advises and never refuses: whatever it shows, the act is the office's to decide.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.OVERLAPS_READ)
    case_id, blind_because, rows = await queries.list_open(session, principal, ref, now=now)
    overlaps = tuple(_overlap(row) for row in rows[: queries.LIMIT])
    check_id = new_id()
    kept = set(ShownRead.model_fields)
    await session.execute(
        insert(Check).values(
            id=check_id,
            office_id=principal.office_id,
            case_id=case_id,
            act=act,
            checked_at=now,
            checked_by=principal.actor,
            blind_because=blind_because,
            shown=[each.model_dump(include=kept) for each in overlaps],
        )
    )
    await audit.record(
        session,
        principal,
        "case.checked",
        public_id(PREFIX, check_id),
        recipients=[principal.office_id],
        detail={"act": act, "overlaps": {each.overlap_id: each.rung for each in overlaps}},
    )
    return CheckRead.model_validate(
        {
            "id": public_id(PREFIX, check_id),
            "case": {"source_system": ref[0], "external_id": ref[1]},
            "act": act,
            "checked_at": now,
            "checked_by": principal.actor,
            "overlaps": overlaps,
            "blind_because": blind_because,
            "is_complete": len(rows) == len(overlaps),
        }
    )


async def list_checks(
    session: AsyncSession,
    principal: Principal,
    ref: tuple[str, str],
    *,
    before: UUID | None,
    limit: int,
) -> list[tuple[UUID, MadeCheckRead]]:
    """Return a page of the checks of one of the caller's own cases, newest first.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        CaseNotFoundError: absent, another office's, or behind a wall.
    """
    principal.require(Permission.OVERLAPS_READ)
    case = await cases.get_case(session, principal, *ref)
    made = await queries.list_checks(session, case.id, before=before, limit=limit)
    own = [principal.office_id]
    await audit.record(
        session, principal, "checks.disclosed", f"{len(made)} checks", recipients=own
    )
    return [
        (
            each.id,
            MadeCheckRead(
                id=public_id(PREFIX, each.id),
                act=each.act,
                checked_at=each.checked_at,
                checked_by=each.checked_by,
                blind_because=each.blind_because,
                shown=tuple(ShownRead.model_validate(shown) for shown in each.shown),
            ),
        )
        for each in made
    ]


def _overlap(row: asyncpg.Record) -> CheckedOverlapRead:
    """Return what a check says of an overlap: what the ladder shows, and what follows from it."""
    read = ladder.render(row)
    strengths = [each.strength for each in read.findings if each.strength is not None]
    status = row["handling_status"]
    return CheckedOverlapRead.model_validate(
        {
            "overlap_id": read.id,
            "version": read.version,
            "band": read.band,
            "strength": max(strengths, default=None),
            "rung": read.rung,
            "state": read.counterpart.state,
            "office_kind": read.counterpart.office_kind,
            "is_same_sovereign": row["is_same_sovereign"],
            "verdict": read.verdicts.state,
            "next_step": _next_step(row, read.verdicts.state),
            "office": read.counterpart.office,
            "contact": read.counterpart.contact,
            "backup": _backup(row),
            "handling": status and {"status": status, "is_own_lead": row["is_own_lead"]},
        }
    )


def _backup(row: asyncpg.Record) -> dict[str, Any] | None:
    if row["backup_title"] is None:
        return None
    return {name: row[f"backup_{name}"] for name in ("title", "phone", "email")}


def _next_step(row: asyncpg.Record, verdict: str) -> str:
    if verdict == "not_a_match":
        return "none"
    if row["rung"] < ladder.CONTACT:
        return "await_contact" if row["is_contact_asked"] else "request_contact"
    return "call_lead" if row["is_led_by_other"] else "call"
