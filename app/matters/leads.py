"""The lead of a matter is handed over: one office offers, the other accepts, and it passes."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.ids import new_id, public_id
from app.matters.errors import (
    InstrumentMissingError,
    LeadOfferError,
    LeadOfferLapsedError,
    LeadOfferNotFoundError,
)
from app.matters.models import MatterLead
from app.matters.schemas import MatterRead
from app.matters.service import OFFER, get_open, lead_of, present, read_as
from app.reference.authority import authority_of

ON_PAPER: Final = frozenset({"on_request", "on_consent", "referral_by"})
"""Bases of an Attorney General's authority that take a referral or consent on paper."""


async def offer_lead(
    session: AsyncSession, principal: Principal, key: UUID | None, code: str, *, now: datetime
) -> MatterRead:
    """Offer the lead to another party; an offer that waits is taken back by it.

    Raises:
        MissingScopeError: the caller lacks `handling:sign`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        MatterNotFoundError: absent, or not for the caller; never told apart.
        MatterEndedError: it has ended.
        LeadOfferError: the caller's office does not lead, or `code` is no other party, or
            one that gave notice to leave.
        InstrumentMissingError: the state's rule wants a referral or consent on record.
    """
    principal.require(Permission.HANDLING_SIGN)
    row = await get_open(session, principal, key, now=now)
    principal.require_step_up(now)
    others = (
        each
        for each in present(row)
        if each["office_id"] != principal.office_id and each["leaves_on"] is None
    )
    party = next((each for each in others if each["code"] == code), None)
    if party is None or row["lead_office_id"] != principal.office_id:
        raise LeadOfferError(lead_of(row)["code"])
    _require_instrument(row, party)
    await session.execute(
        update(MatterLead)
        .where(
            MatterLead.request_id == row["request_id"],
            MatterLead.accepted_at.is_(None),
            MatterLead.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
    )
    offer_id = new_id()
    await session.execute(
        insert(MatterLead).values(
            id=offer_id,
            request_id=row["request_id"],
            office_id=party["office_id"],
            from_office_id=principal.office_id,
            offered_by=principal.actor,
            offered_at=now,
        )
    )
    await audit.record(
        session,
        principal,
        "lead.offered",
        str(row["request_id"]),
        recipients=[each["office_id"] for each in present(row)],
        detail={"offer": public_id(OFFER, offer_id), "to": party["office_id"]},
    )
    return await read_as(session, principal, row["request_id"], now=now)


def _require_instrument(row: asyncpg.Record, party: dict[str, Any]) -> None:
    if party["kind"] != "attorney_general" or row["has_instrument"]:
        return
    rule = authority_of(party["state"], row["trafficking_type"], row["matter_kind"], row["today"])
    if rule.basis in ON_PAPER:
        raise InstrumentMissingError(row["status"])


async def accept_lead(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    offer_id: UUID | None,
    from_office: str,
    *,
    now: datetime,
) -> MatterRead:
    """Take the lead that was offered; the database lets it pass at this moment.

    An offer lapses when another is made, and when the office that it was made to gives notice.

    Raises:
        MissingScopeError: the caller lacks `handling:sign`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
        MatterNotFoundError: absent, or not for the caller; never told apart.
        MatterEndedError: it has ended.
        LeadOfferNotFoundError: no such offer, of that office, was made to the caller's.
        LeadOfferLapsedError: it was, and waits no longer.
    """
    principal.require(Permission.HANDLING_SIGN)
    row = await get_open(session, principal, key, now=now)
    principal.require_step_up(now)
    offer = None if offer_id is None else await session.get(MatterLead, offer_id)
    made = row["request_id"], principal.office_id
    if offer is None or (offer.request_id, offer.office_id) != made:
        raise LeadOfferNotFoundError
    if offer.accepted_at is not None:
        raise LeadOfferLapsedError("accepted")
    if offer.withdrawn_at is not None:
        raise LeadOfferLapsedError("withdrawn")
    if lead_of(row)["code"] != from_office:
        raise LeadOfferNotFoundError
    offer.accepted_at, offer.accepted_by = now, principal.actor
    await session.flush()  # the lead passes before the audit entry and the answer say so
    await audit.record(
        session,
        principal,
        "lead.handed_over",
        str(row["request_id"]),
        recipients=[each["office_id"] for each in present(row)],
        detail={"from": row["lead_office_id"], "to": principal.office_id},
    )
    return await read_as(session, principal, row["request_id"], now=now)
