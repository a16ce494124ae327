from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.offices import queries
from app.offices.errors import MediatorRefusedError, NoAgreementError, OfficeExistsError
from app.offices.models import (
    Commitment,
    Office,
    OfficeContact,
    ParticipationAgreement,
    StateSettings,
)
from app.offices.schemas import (
    AgreementSign,
    CommitmentSign,
    LawConfirmed,
    MailDomainSet,
    OfficeAdd,
    OfficeContactSet,
    OfficeFilter,
    OfficeRead,
    StateSet,
    TimeZoneSet,
)
from app.reference.authority import law_digest, rules_of


async def add_office(
    session: AsyncSession, principal: Principal, office: OfficeAdd, *, now: datetime
) -> int:
    """Add an office; it takes part only once an agreement is signed. Returns its key.

    Its people may have mail in the domain of its contact, until the operator says another.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeExistsError: the code is taken.
    """
    principal.require(Permission.OFFICES_MANAGE)
    domain = office.contact_email.rpartition("@")[2]
    key: int | None = await session.scalar(
        insert(Office)
        .values(**office.model_dump(), mail_domain=domain.lower(), created_at=now)
        .on_conflict_do_nothing(index_elements=["code"])
        .returning(Office.id)
    )
    if key is None:
        raise OfficeExistsError
    await audit.record_of_office(session, principal, key, "office.added", office.code)
    return key


async def set_mail_domain(
    session: AsyncSession, principal: Principal, code: str, change: MailDomainSet
) -> None:
    """Say in which domain the people of an office may have mail; none goes to another one.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
    """
    async with _changing(session, principal, code, "office.mail_domain_set") as office:
        office.mail_domain = change.domain


async def set_time_zone(
    session: AsyncSession, principal: Principal, code: str, change: TimeZoneSet
) -> None:
    """Say in which zone an office reads times and owes steps, if not that of its state's capital.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
    """
    async with _changing(session, principal, code, "office.time_zone_set") as office:
        office.time_zone = change.time_zone


async def sign_agreement(
    session: AsyncSession, principal: Principal, code: str, agreement: AgreementSign
) -> None:
    """Record that an office signed a participation agreement.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
    """
    async with _changing(session, principal, code, "agreement.signed") as office:
        session.add(ParticipationAgreement(office_id=office.id, **agreement.model_dump()))


async def set_contact(
    session: AsyncSession, principal: Principal, code: str, contact: OfficeContactSet
) -> None:
    """Say whom else of an office to reach: its backup, or about security.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
    """
    fields = contact.model_dump()
    changing = _changing(session, principal, code, "office_contact.set", role=contact.role)
    async with changing as office:
        await session.execute(
            insert(OfficeContact)
            .values(office_id=office.id, **fields)
            .on_conflict_do_update(index_elements=["office_id", "role"], set_=fields)
        )


async def sign_commitment(
    session: AsyncSession, principal: Principal, code: str, commitment: CommitmentSign
) -> None:
    """Record what an office's leadership committed itself to; earlier ones stay on record.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
    """
    kind = commitment.trafficking_type
    changing = _changing(session, principal, code, "commitment.signed", trafficking_type=kind)
    async with changing as office:
        session.add(Commitment(office_id=office.id, **commitment.model_dump()))


async def set_state(session: AsyncSession, principal: Principal, asked: StateSet) -> None:
    """Set what a state decides for its offices; it counts from the next request on.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has the mediator's code.
        MediatorRefusedError: the mediator is not the state's Attorney General's office.
    """
    principal.require(Permission.OFFICES_MANAGE)
    given = asked.model_dump(exclude_none=True)
    values = {name: value for name, value in given.items() if name != "mediator"}
    if asked.mediator is not None:
        mediator = await queries.get_office(session, asked.mediator)
        if (mediator.kind, mediator.state) != ("attorney_general", asked.state):
            raise MediatorRefusedError
        values["mediator_office_id"] = mediator.id
    await _set(session, values)
    await audit.record(session, principal, "state.set", asked.state, detail=given)


async def confirm_law(session: AsyncSession, principal: Principal, asked: LawConfirmed) -> None:
    """Record that counsel of a state confirmed its rules as they are loaded now.

    Requests tell it beside each rule until a release changes one of them.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    digest = law_digest(rules_of(asked.state))
    await _set(
        session,
        {
            "state": asked.state,
            "counsel": asked.counsel,
            "counsel_on": asked.confirmed_on,
            "law_digest": digest,
        },
    )
    detail = {**asked.model_dump(mode="json"), "digest": digest.hex()}
    await audit.record(session, principal, "state.law_confirmed", asked.state, detail=detail)


@asynccontextmanager
async def _changing(
    session: AsyncSession,
    principal: Principal,
    code: str,
    action: str,
    **detail: str,
) -> AsyncIterator[Office]:
    """Yield an office that the operator changes, and record the change in its own audit."""
    principal.require(Permission.OFFICES_MANAGE)
    office = await queries.get_office(session, code)
    yield office
    await session.flush()  # constraints speak before the audit entry is written
    await audit.record_of_office(session, principal, office.id, action, office.code, detail=detail)


async def _set(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(
        insert(StateSettings)
        .values(
            **{"has_state_pointers": True, "review_years": 5, "has_deemed_consent": False, **values}
        )
        .on_conflict_do_update(index_elements=["state"], set_=values)
    )


async def list_participants(
    session: AsyncSession,
    principal: Principal,
    asked: OfficeFilter,
    *,
    after: int | None,
    limit: int,
    now: datetime,
) -> list[tuple[int, OfficeRead]]:
    """Return a page of the offices that take part, by name, with their keys.

    Raises:
        MissingScopeError: the caller lacks `offices:read`.
    """
    principal.require(Permission.OFFICES_READ)
    if not principal.is_participating:
        return []
    return await queries.list_participants(
        session, asked, after=after, limit=limit, today=now.date()
    )


async def end_agreements(
    session: AsyncSession, principal: Principal, code: str, *, ends_on: date
) -> None:
    """End an office's participation; from `ends_on` on nothing is shared by it or with it.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
        NoAgreementError: it has no agreement that lasts until then.
    """
    principal.require(Permission.OFFICES_MANAGE)
    office = await queries.get_office(session, code)
    ended = await session.scalars(
        update(ParticipationAgreement)
        .where(
            ParticipationAgreement.office_id == office.id,
            ParticipationAgreement.effective_on < ends_on,
            or_(
                ParticipationAgreement.ends_on.is_(None),
                ParticipationAgreement.ends_on > ends_on,
            ),
        )
        .values(ends_on=ends_on)
        .returning(ParticipationAgreement.id)
    )
    if not ended.all():
        raise NoAgreementError
    detail = {"ends_on": ends_on.isoformat()}
    await audit.record_of_office(
        session, principal, office.id, "agreement.ended", office.code, detail=detail
    )
