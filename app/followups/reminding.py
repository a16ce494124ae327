"""Reminders and escalation: they tell somebody to look, and disclose and hand over nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.core.ids import new_id, public_id
from app.followups import queries
from app.followups.due_dates import had_before, overdue_before
from app.followups.models import Mediation, Reminder
from app.followups.rendering import due_of
from app.followups.states import DUE
from app.followups.turns import each_office
from app.offices.seats import Seat

ESCALATED: Final = {"backup": ("reminder", 2), "mediator": ("backup", 3)}
"""Each higher level: the one before it, and how many business days that one has had."""


async def remind(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Remind offices of steps that are overdue, once each; returns how many, 0 when done.

    An office is reminded of what it may see and of nothing else.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    done = 0
    async for office, seat in each_office(session, now=now, office_id=office_id):
        today = seat.day_of(now)
        late = await queries.lock_late(
            session,
            office,
            overdue_before(today, seat),
            "reminder",
            None,
            limit=limit - done,
            now=now,
        )
        await _note(session, office, late, "reminder", seat, now=now)
        done += len(late)
        if done >= limit:
            break
    return done


async def escalate(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Tell the office's backup, then the state's mediator, of what stays overdue; returns how many.

    The mediator sees what a pointer shows. Nothing is disclosed or transferred by it.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    done = 0
    async for office, seat in each_office(session, now=now, office_id=office_id):
        today = seat.day_of(now)
        for level, (before, days) in ESCALATED.items():
            late = await queries.lock_late(
                session,
                office,
                overdue_before(today, seat),
                level,
                (before, had_before(today, days, seat)),
                limit=limit - done,
                now=now,
            )
            await _note(session, office, late, level, seat, now=now)
            done += len(late)
        if done >= limit:
            break
    return done


async def _note(
    session: AsyncSession,
    office: Principal,
    late: Sequence[asyncpg.Record],
    level: str,
    seat: Seat,
    *,
    now: datetime,
) -> None:
    """Keep the reminders of one office and level, each with its audit entry; all are told of it."""
    if not late:
        return
    reminders = [
        {
            "id": new_id(),
            "office_id": office.office_id,
            "overlap_id": row["id"],
            "round": row["round"],
            "step": DUE[row["progress"]],
            "level": level,
            "due_on": due_of(row, seat),
            "made_at": now,
        }
        for row in late
    ]
    await session.execute(insert(Reminder).on_conflict_do_nothing(), reminders)
    mediators = {row["id"]: row["mediator_office_id"] for row in late if level == "mediator"}
    if mediators:
        mediations = [
            {"overlap_id": overlap_id, "mediator_office_id": mediator, "asked_at": now}
            for overlap_id, mediator in mediators.items()
        ]
        # the other side may have been late before
        await session.execute(insert(Mediation).on_conflict_do_nothing(), mediations)
    await audit.record_each(
        session,
        office,
        [
            audit.Entry(
                "follow_up.reminded" if level == "reminder" else "follow_up.escalated",
                public_id(ladder.PREFIX, row["id"]),
                [mediators.get(row["id"], office.office_id)],
                {"level": level, "step": DUE[row["progress"]], "round": row["round"]},
            )
            for row in late
        ],
    )
