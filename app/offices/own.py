"""An office's own standing: whom others reach, what its leadership promised, what it signed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.offices import queries
from app.offices.models import Commitment, Office, OfficeContact
from app.offices.schemas import CommitmentSign, OfficeRead, OwnContactSet

LAPSES_SOON: Final = timedelta(days=60)
"""How long before a commitment lapses its renewal is asked for."""


@dataclass(frozen=True)
class Agreement:
    """A participation agreement of one's own office."""

    version: str
    signatory: str
    signed_on: date
    effective_on: date
    ends_on: date | None

    def standing(self, today: date) -> str:
        """Return `coming`, `in_force` or `ended`."""
        if today < self.effective_on:
            return "coming"
        return "in_force" if self.ends_on is None or today < self.ends_on else "ended"


@dataclass(frozen=True)
class Standing:
    """What others see of an office, and what only it sees."""

    read: OfficeRead
    agreements: tuple[Agreement, ...]
    """The latest first."""
    has_state_pointers: bool
    review_years: int
    mediator: str | None
    """Name of the Attorney General's office that mediates; None: nobody does."""


async def read_standing(session: AsyncSession, principal: Principal, *, now: datetime) -> Standing:
    """Return how the caller's office stands, whether or not it takes part now.

    Raises:
        MissingScopeError: the caller lacks `offices:read`.
    """
    principal.require(Permission.OFFICES_READ)
    read = await queries.get_own(session, principal.office_id, today=now.date())
    agreements = [Agreement(*row) for row in await queries.list_own_agreements(session)]
    decided = await queries.get_state_settings(session, read.state)
    settings, mediator = decided if decided is not None else (None, None)
    return Standing(
        read,
        tuple(agreements),
        settings is None or settings.has_state_pointers,
        queries.REVIEW_YEARS if settings is None else settings.review_years,
        mediator,
    )


async def set_own_contact(
    session: AsyncSession, principal: Principal, contact: OwnContactSet, *, now: datetime
) -> None:
    """Say whom to reach at the caller's own office; others see it from the next request on.

    Raises:
        MissingScopeError: the caller lacks `contacts:set`; machine clients always do.
        StepUpNeededError: the second factor is not recent: whoever is named here is called.
    """
    principal.require(Permission.CONTACTS_SET)
    principal.require_step_up(now)
    fields = contact.model_dump(exclude={"role"})
    if contact.role == "coordinator":
        named = {f"contact_{name}": value for name, value in fields.items()}
        await session.execute(
            update(Office).where(Office.id == principal.office_id).values(**named)
        )
    else:
        await session.execute(
            insert(OfficeContact)
            .values(office_id=principal.office_id, role=contact.role, **fields)
            .on_conflict_do_update(index_elements=["office_id", "role"], set_=fields)
        )
    detail = {"role": contact.role}
    target = str(principal.office_id)
    await audit.record(session, principal, "office_contact.set", target, detail=detail)


async def sign_own_commitment(
    session: AsyncSession, principal: Principal, commitment: CommitmentSign, *, now: datetime
) -> None:
    """Sign, for the caller's own office, what its leadership stands for; earlier ones stay.

    Raises:
        MissingScopeError: the caller lacks `commitments:sign`; machine clients always do.
        StepUpNeededError: the second factor is not recent.
    """
    principal.require(Permission.COMMITMENTS_SIGN)
    principal.require_step_up(now)
    session.add(Commitment(office_id=principal.office_id, **commitment.model_dump()))
    await session.flush()  # constraints speak before the audit entry is written
    detail = {"trafficking_type": commitment.trafficking_type}
    target = str(principal.office_id)
    await audit.record(session, principal, "commitment.signed", target, detail=detail)
