"""What one person is told: a list of its own of what happened, with marks, and its choices."""

from datetime import datetime
from typing import Final, get_args
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.ids import parse_public_id, public_id
from app.notices import queries
from app.notices.errors import MailAbsentError, NoticeAddressError, NoticeNotFoundError
from app.notices.schemas import NoticeRead, NoticeSettingsPut, NoticeSettingsRead
from app.notifications import queries as notifications
from app.notifications.schemas import EventType
from app.notifications.service import PREFIX as EVENT
from app.notifications.service import render

_TYPES: Final[tuple[str, ...]] = get_args(EventType)
_END: Final = (2**63 - 1, 2**63 - 1)


async def list_notices(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    is_unread_only: bool = False,
    about: str = "",
    now: datetime,
) -> tuple[list[NoticeRead], list[UUID]]:
    """Return a page of the person's notices, newest first, and the places of all that it went by.

    `about` is what the types of the asked ones begin with, such as `overlap`; empty: any.

    Raises:
        MissingScopeError: the caller lacks `notices:read`.
    """
    principal.require(Permission.NOTICES_READ)
    place = _END if before is None else notifications.parts_of(before)
    types = [each for each in _TYPES if each.partition(".")[0] == about] if about else None
    rows = await queries.list_own(
        session, principal, before=place, limit=limit, is_unread_only=is_unread_only, types=types
    )
    is_read = {row["number"]: row["is_read"] for row in rows}
    events = await notifications.list_numbered(session, principal, list(is_read), now=now)
    cases = await queries.list_own_cases(session, principal, [each.number for each in events])
    read = [
        NoticeRead(event=event, is_read=is_read[each.number], case=cases.get(each.number))
        for each in reversed(events)
        if (event := render(each))
    ]
    if read:
        await audit.record(
            session,
            principal,
            "events.disclosed",
            f"{len(read)} notices",
            recipients=[principal.office_id],
            detail={each.event.id: each.event.type for each in read},
        )
    return read, [notifications.place_of(row["written_in"], row["number"]) for row in rows]


async def count_unread(session: AsyncSession, principal: Principal) -> int:
    """Return how many notices the person has not read, at most 20; none without the right."""
    if Permission.NOTICES_READ not in principal.permissions:
        return 0
    return await queries.count_unread(session, principal)


async def mark_notice(
    session: AsyncSession, principal: Principal, event_id: str, *, is_read: bool, now: datetime
) -> int:
    """Mark one notice as read, or unread if it was marked by itself; returns how many are left.

    Raises:
        MissingScopeError: the caller lacks `notices:read`.
        NoticeNotFoundError: there is none such for the caller.
    """
    number, _ = await _place(session, principal, event_id)
    await queries.add_setting(session, principal, now=now)
    await queries.mark(session, principal.person_id, number, is_read=is_read)
    return await _marked(session, principal, event_id, is_read=is_read)


async def mark_through(
    session: AsyncSession, principal: Principal, event_id: str, *, now: datetime
) -> int:
    """Mark a notice and all before it as read; returns how many are left.

    Raises:
        MissingScopeError, NoticeNotFoundError: as above.
    """
    number, written_in = await _place(session, principal, event_id)
    await queries.add_setting(session, principal, now=now)
    await queries.mark_through(session, principal.person_id, written_in, number)
    return await _marked(session, principal, event_id, is_read=True)


async def read_settings(
    session: AsyncSession, principal: Principal, *, is_mail_sent: bool
) -> NoticeSettingsRead:
    """Return what the caller is told, and how.

    Raises:
        MissingScopeError: the caller lacks `notices:read`.
    """
    principal.require(Permission.NOTICES_READ)
    row = await queries.get_setting(session, principal.person_id)
    return NoticeSettingsRead.model_validate(
        {
            "muted": sorted(row["muted"]) if row else [],
            "mail": row["mail"] if row else "none",
            "address": row["address"] if row else None,
            "is_mail_sent": is_mail_sent,
        }
    )


async def put_settings(
    session: AsyncSession,
    principal: Principal,
    chosen: NoticeSettingsPut,
    *,
    is_mail_sent: bool,
    now: datetime,
) -> NoticeSettingsRead:
    """Choose what to be told, and how; mail that begins is about what comes from now on.

    Raises:
        MissingScopeError: the caller lacks `notices:read`.
        MailAbsentError: mail is chosen, and the operator sends none.
        NoticeAddressError: mail without an address, or with one that is not the office's.
    """
    principal.require(Permission.NOTICES_READ)
    if chosen.mail != "none" and not is_mail_sent:
        raise MailAbsentError
    if chosen.address is not None:
        domain = await queries.get_domain(session, principal.office_id)
        if chosen.address.partition("@")[2].lower() != domain:
            raise NoticeAddressError
    elif chosen.mail != "none":
        raise NoticeAddressError
    await queries.add_setting(session, principal, now=now)
    await queries.set_choices(
        session, principal.person_id, sorted(chosen.muted), chosen.mail, chosen.address, now=now
    )
    detail = {"muted": sorted(chosen.muted), "mail": chosen.mail}
    await audit.record(
        session, principal, "notices.chosen", str(principal.person_id), detail=detail
    )
    return await read_settings(session, principal, is_mail_sent=is_mail_sent)


async def _place(session: AsyncSession, principal: Principal, event_id: str) -> tuple[int, int]:
    principal.require(Permission.NOTICES_READ)
    place = await queries.get_place(session, principal, parse_public_id(EVENT, event_id))
    if place is None:
        raise NoticeNotFoundError
    return place


async def _marked(
    session: AsyncSession, principal: Principal, event_id: str, *, is_read: bool
) -> int:
    detail = {"is_read": is_read}
    await audit.record(session, principal, "notice.marked", event_id, detail=detail)
    return await queries.count_unread(session, principal)


async def newest_unread(session: AsyncSession, principal: Principal) -> str:
    """Return the id of the newest notice that the person has not read, empty without one."""
    key = await queries.get_newest_unread(session, principal)
    return "" if key is None else public_id(EVENT, key)
