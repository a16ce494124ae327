"""What every step of a request does: it is found in the table, checked, taken and audited."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.ids import public_id
from app.core.preconditions import Precondition
from app.handling import machine, queries
from app.handling.errors import HandlingMovedError, HandlingNotYoursError
from app.handling.machine import Transition
from app.handling.models import HandlingRequest
from app.handling.reads import HandlingRead
from app.handling.rendering import (
    own_party,
    present,
    render,
    signers,
    signing_step,
    status_of,
)
from app.handling.vocabulary import FINAL

DRAFTED_FOR: Final = timedelta(days=30)
"""How long a draft, or a text that waits for leadership, stays."""
ANSWERED_FOR: Final = timedelta(days=365)
"""How long a question that was answered yes stays open."""


async def take(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    step: str,
    permission: Permission,
    *,
    if_match: Precondition,
    now: datetime,
) -> tuple[asyncpg.Record, Transition]:
    """Lock a request and return it with what `step` does to it.

    Of two steps at the same moment the second finds the state that the first left, and is told so.

    Raises:
        MissingScopeError: the caller lacks `permission`.
        HandlingNotFoundError: absent, or not for the caller; never told apart.
        HandlingMovedError: the step does not lead on from where the request is, or another one
            was taken while it waited.
        HandlingNotYoursError: another party must take it.
        PreconditionFailedError: `if_match` does not name the version that stands.
    """
    principal.require(permission)
    row, sent_at_version = await queries.lock_request(session, principal, request_id, now=now)
    if step == "sign" and row["agreed_number"] is not None:
        step = signing_step(row)
    status = status_of(row)
    found = machine.find(step, row["kind"], status)
    if found is None or found.permission != permission:
        raise HandlingMovedError(status)
    takers = signers(row) if step == "amend" else present(row)
    if not found.may(row["own_number"]) or own_party(row) not in takers:
        raise HandlingNotYoursError(row["status"])
    if_match.require(f'"{sent_at_version}"')
    if sent_at_version != row["version"]:  # somebody was first while this one waited
        raise HandlingMovedError(row["status"])
    return row, found


async def finish(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    *,
    now: datetime,
    is_complete: bool = True,
    detail: Mapping[str, Any] | None = None,
    **changes: Any,
) -> HandlingRead:
    """Write a step and its audit entry, and return the request as it is then; see `write`."""
    await write(
        session, principal, row, taken, now=now, is_complete=is_complete, detail=detail, **changes
    )
    return render(await queries.get_request(session, principal, row["id"], now=now))


async def write(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    taken: Transition,
    *,
    now: datetime,
    is_complete: bool = True,
    told: Sequence[int] = (),
    detail: Mapping[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Write a step and its audit entry.

    With `is_complete` false the step waits for the other parties and the state stays. `told` are
    offices that learn of the request by it.
    """
    status = taken.to if is_complete else row["status"]
    if status in FINAL:
        changes["ended_at"] = now
    elif status != row["status"]:
        changes.setdefault("due_at", due(status, row["answer_days"], now))
    await session.execute(
        update(HandlingRequest)
        .where(HandlingRequest.id == row["id"])
        .values(status=status, version=HandlingRequest.version + 1, **changes)
    )
    others = [p["office_id"] for p in _told(row) if p["office_id"] != principal.office_id]
    is_known = row["sent_at"] is not None or "sent_at" in changes
    await audit.record(
        session,
        principal,
        taken.audited,
        str(row["id"]),
        recipients=[*others, *told] if is_known else [],
        detail={"from": row["status"], "to": status, **(detail or {})},
    )
    if status in FINAL and is_known:
        ended = revoked(row["id"], row["parties"])
        await audit.record_each(session, principal, [entry for _, entry in ended])


def _told(row: asyncpg.Record) -> list[dict[str, Any]]:
    return [party for party in row["parties"] if party["left_at"] is None]


def revoked(
    request_id: UUID, parties: Sequence[Mapping[str, Any]], *, of: int | None = None
) -> list[tuple[int, audit.Entry]]:
    """Return the audit entries of what a request showed, each with the office whose case it was.

    The database ends it with the request. With `of` an office leaves, and only what it was shown
    and what it showed ends; all of it does when that is who asked.
    """
    requester = parties[0]
    if requester["number"] != 1:  # has left
        return []
    asked = [
        party
        for party in parties
        if party["case_id"] is not None and of in {None, party["office_id"], requester["office_id"]}
    ]
    shown = [(requester, party["requester_case_id"], party) for party in asked]
    shown += [
        (party, party["case_id"], requester)
        for party in asked
        if party["accepted_terms"] is not None
    ]
    detail = {"request": public_id(queries.PREFIX, request_id)}
    return [
        (
            owner["office_id"],
            audit.Entry("case.grant_revoked", str(case_id), [reader["office_id"]], detail),
        )
        for owner, case_id, reader in shown
    ]


def due(status: str, answer_days: int, now: datetime) -> datetime:
    """Return when a request that enters a state is due by itself."""
    if status in {"sent", "countered", "escalated"}:
        return now + timedelta(days=answer_days)
    return now + (ANSWERED_FOR if status == "accepted" else DRAFTED_FOR)
