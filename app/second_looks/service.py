from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.core.ids import new_id, public_id
from app.core.preconditions import Precondition
from app.followups.turns import each_office
from app.quotas.counting import within_listing
from app.second_looks import queries
from app.second_looks.errors import SecondLookStateError
from app.second_looks.models import SecondLook
from app.second_looks.schemas import SecondLookRead, SecondLookStep
from app.second_looks.states import NEXT

PREFIX: Final = "sec"


async def ask_again(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Ask offices to look again at declined cases that overlap since; returns how many.

    Once for each overlap and evidence that it rests on, and of those that the office may see only.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    done = 0
    async for office, _ in each_office(session, now=now, office_id=office_id):
        found = await queries.lock_new(session, office, limit=limit - done, now=now)
        if found:
            looks: list[dict[str, Any]] = [
                {
                    "id": new_id(),
                    "office_id": office.office_id,
                    "overlap_id": overlap_id,
                    "stands_since": stands_since,
                    "state": "asked",
                    "version": 1,
                    "asked_at": now,
                }
                for overlap_id, stands_since in found
            ]
            await session.execute(insert(SecondLook).on_conflict_do_nothing(), looks)
            entries = [
                audit.Entry(
                    "second_look.asked",
                    public_id(PREFIX, look["id"]),
                    [office.office_id],
                    {"overlap": public_id(ladder.PREFIX, look["overlap_id"])},
                )
                for look in looks
            ]
            await audit.record_each(session, office, entries)
        done += len(found)
        if done >= limit:
            break
    return done


async def list_looks(
    session: AsyncSession,
    principal: Principal,
    whose: str,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, SecondLookRead]]:
    """Return a page of second looks at own cases, or at other sides', and record what was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
        QuotaExceededError: the office or the caller looked at too many pages lately.
    """
    async with within_listing(session, principal, now=now, is_newest=before is None):
        rows = await queries.list_looks(
            session, principal, whose, before=before, limit=limit, now=now
        )
        found = [(row["look_id"], render(row)) for row in rows]
        await audit.record(
            session,
            principal,
            "second_looks.disclosed",
            f"{len(found)} second looks",
            recipients=[principal.office_id],
            detail={read.overlap.id: read.overlap.rung for _, read in found},
        )
        return found


async def take_step(
    session: AsyncSession,
    principal: Principal,
    look_id: UUID | None,
    step: SecondLookStep,
    *,
    if_match: Precondition,
    now: datetime,
) -> SecondLookRead:
    """Note that the office read that it is asked to look again, or what it made of it.

    Raises:
        MissingScopeError: the caller lacks `overlaps:judge`.
        SecondLookNotFoundError: absent, another office's, or its overlap is not for the caller.
        SecondLookStateError: the step does not follow from the state that it has by now.
        PreconditionFailedError: `if_match` does not name the version that stands.
    """
    principal.require(Permission.OVERLAPS_JUDGE)
    row, sent_at_version = await queries.lock_look(session, principal, look_id, now=now)
    state = NEXT.get((row["look_state"], step.event))
    if state is None:
        raise SecondLookStateError(row["look_state"])
    if_match.require(f'"{sent_at_version}"')
    if sent_at_version != row["look_version"]:  # a colleague was first while this one waited
        raise SecondLookStateError(row["look_state"])
    at = "closed_at" if state == "closed" else "acknowledged_at"
    values: dict[str, Any] = {at: now, "state": state, "outcome": step.outcome}
    await session.execute(
        update(SecondLook)
        .where(SecondLook.id == row["look_id"])
        .values(version=SecondLook.version + 1, **values)
    )
    await audit.record(
        session,
        principal,
        f"second_look.{state}",
        public_id(PREFIX, row["look_id"]),
        detail={"outcome": step.outcome},
    )
    changed, _ = await queries.lock_look(session, principal, look_id, now=now)
    return render(changed)


def render(row: asyncpg.Record) -> SecondLookRead:
    """Return a second look as its reader may see it."""
    same = ("outcome", "asked_at", "acknowledged_at", "closed_at")
    return SecondLookRead.model_validate(
        {
            **{name: row[name] for name in same},
            "id": public_id(PREFIX, row["look_id"]),
            "version": row["look_version"],
            "whose": "own" if row["is_own"] else "other",
            "state": row["look_state"],
            "overlap": ladder.render(row),
            "consult": "call" if row["rung"] >= ladder.CONTACT else "request_contact",
        }
    )
