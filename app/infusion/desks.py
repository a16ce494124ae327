"""Desks: which offices give advice on what, and how their own answers went."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.infusion import queries
from app.infusion.schemas import DeskRead, FiguresRead, TopicFigures


async def put_desk(
    session: AsyncSession, principal: Principal, topics: Sequence[str], *, now: datetime
) -> DeskRead:
    """Offer advice on topics, in place of those before; none closes the desk.

    Raises:
        MissingScopeError: the caller lacks `infusion:offer`; machine clients always do.
    """
    principal.require(Permission.INFUSION_OFFER)
    chosen = sorted(set(topics))
    row = await queries.put_desk(session, principal.office_id, chosen, now=now)
    await audit.record(
        session,
        principal,
        "infusion_desk.offered",
        str(principal.office_id),
        detail={"topics": chosen},
    )
    return _desk(row)


async def list_desks(
    session: AsyncSession,
    principal: Principal,
    *,
    topic: str | None,
    after: int | None,
    limit: int,
    now: datetime,
) -> list[tuple[int, DeskRead]]:
    """Return a page of the offices that give advice.

    Raises:
        MissingScopeError: the caller lacks `infusion:read`.
        AgreementNotInForceError: the office does not take part now.
    """
    principal.require(Permission.INFUSION_READ)
    principal.require_participation()
    rows = await queries.list_desks(
        session, after=after, limit=limit, today=now.date(), topic=topic
    )
    return [(row["id"], _desk(row)) for row in rows]


async def read_figures(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> FiguresRead:
    """Return how the office's questions and its desk's answers went.

    Raises:
        MissingScopeError: the caller lacks `infusion:read`.
    """
    principal.require(Permission.INFUSION_READ)
    rows = await queries.list_figures(session, principal, now=now)
    return FiguresRead(topics=tuple(TopicFigures.model_validate(dict(row)) for row in rows))


def _desk(row: asyncpg.Record) -> DeskRead:
    return DeskRead(
        office=row["code"],
        name=row["name"],
        state=row["state"],
        title=row["contact_title"],
        phone=row["contact_phone"],
        email=row["contact_email"],
        topics=tuple(row["topics"]),
    )
