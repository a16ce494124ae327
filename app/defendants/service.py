from datetime import datetime

import asyncpg
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases.charges import PUBLISHED_FOR
from app.defendants import queries
from app.defendants.models import FeedChoice
from app.defendants.schemas import (
    ChargeRead,
    ChargingOfficeRead,
    FeedChoicePut,
    FeedChoiceRead,
)
from app.epochs.queries import get_epochs
from app.identifiers.encoding import b64u_encode
from app.identifiers.feed import DIGEST_BYTES


async def list_charges(
    session: AsyncSession,
    principal: Principal,
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> tuple[int, list[tuple[int, ChargeRead]]]:
    """Return the key epoch and a page of newly charged defendants; the audit keeps which.

    The office's own are among them: a victim may be charged at home.

    Raises:
        MissingScopeError: the caller lacks `defendant-feed:read`.
        AgreementNotInForceError: the office does not take part now.
    """
    principal.require(Permission.DEFENDANT_FEED_READ)
    principal.require_participation()
    epoch = (await get_epochs(session)).current
    rows = await queries.list_charges(session, principal, before=before, limit=limit, now=now)
    await audit.record(
        session,
        principal,
        "defendant_feed.disclosed",
        f"{len(rows)} cases",
        recipients=[principal.office_id],
        detail={"epoch": epoch, "cases": [row["id"] for row in rows]},
    )
    return epoch, [(row["id"], _render(row)) for row in rows]


async def read_choice(session: AsyncSession, principal: Principal) -> FeedChoiceRead:
    """Return what the caller's office decided about the feed.

    Raises:
        MissingScopeError: the caller lacks `defendant-feed:choose`.
    """
    principal.require(Permission.DEFENDANT_FEED_CHOOSE)
    choice = await queries.get_choice(session, principal.office_id)
    if choice is None:
        return FeedChoiceRead(has_contact_first=False, chosen_at=None)
    return FeedChoiceRead.model_validate(vars(choice))


async def put_choice(
    session: AsyncSession, principal: Principal, chosen: FeedChoicePut, *, now: datetime
) -> FeedChoiceRead:
    """Decide for the caller's office; it counts from the next reading of the feed on.

    Raises:
        MissingScopeError: the caller lacks `defendant-feed:choose`; machine clients always do.
    """
    principal.require(Permission.DEFENDANT_FEED_CHOOSE)
    values = {
        "has_contact_first": chosen.has_contact_first,
        "chosen_by": principal.actor,
        "chosen_at": now,
    }
    statement = insert(FeedChoice).values(office_id=principal.office_id, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[FeedChoice.office_id], set_=values)
    )
    await audit.record(
        session,
        principal,
        "defendant_feed.chosen",
        str(principal.office_id),
        detail=chosen.model_dump(),
    )
    return FeedChoiceRead(has_contact_first=chosen.has_contact_first, chosen_at=now)


async def end_expired(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Forget the digests of at most `limit` cases whose time in the feed is over; 0 when done.

    Nobody was shown them any more: what is too old is left out when the feed is read.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    ended = await queries.end_expired(session, now.date() - PUBLISHED_FOR, limit, office_id)
    if ended:
        await audit.record(session, principal, "defendant_feed.expired", f"{ended} cases")
    return ended


def _render(row: asyncpg.Record) -> ChargeRead:
    digests: bytes = row["digests"]
    return ChargeRead(
        charged_on=row["charged_on"],
        expires_on=row["charged_on"] + PUBLISHED_FOR,
        digests=tuple(
            b64u_encode(digests[start : start + DIGEST_BYTES])
            for start in range(0, len(digests), DIGEST_BYTES)
        ),
        office=ChargingOfficeRead(
            code=row["code"],
            name=row["name"],
            state=row["state"],
            title=row["contact_title"],
            phone=row["contact_phone"],
            email=row["contact_email"],
        ),
    )
