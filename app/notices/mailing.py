"""Mails that say that something waits: no fact, no name, and nothing in the subject to learn from.

Like webhooks: at least once, by any number of workers, without a connection held while sending.
"""

import asyncio
import ssl
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import permissions_of
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.audit import service as audit
from app.core.db import Sessions, transaction
from app.core.settings import RegistrySettings
from app.mails import queries as mails
from app.mails.queries import MAILS
from app.notices import queries
from app.notifications import queries as notifications
from app.offices.queries import is_participating, is_suspended
from app.outbox import queries as outbox
from app.outbox.service import next_try

SUBJECT: Final = "Joinder: something waits for you"
TEXT: Final = """\
Something waits for you in Joinder. Sign in to read it:

{url}/notices

This mail never says what it is. How often it comes is for you to choose on the same page.
"""
TEXT_TO_OFFICE: Final = """\
Something waits for your office in Joinder. Sign in to read it, or ask a colleague who can:

{url}/notices

This mail never says what it is.
"""
"""To the office's backup contact, who may have no account."""
AT_ONCE: Final = 10
LEASE: Final = timedelta(minutes=5)
WITHIN: Final = 20
"""Seconds that the mail server has for each step."""
APART: Final = timedelta(minutes=15)
"""Between two mails to one person that wants them at once."""
RETRIES: Final = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 30)),
    *(timedelta(hours=hours) for hours in (2, 6, 12, 24)),
)
_PERMANENT: Final = 500


@dataclass(frozen=True)
class Postbox:
    """What every mail needs."""

    sessions: Sessions
    """Of the application's role."""
    settings: RegistrySettings


async def offices_to_mail(postbox: Postbox, *, now: datetime) -> list[int]:
    """Return the offices for whose people there may be mail."""
    async with transaction(postbox.sessions) as session:
        return await mails.list_offices_to_mail(session, now=now)


async def send_mails(postbox: Postbox, office_id: int, *, now: datetime) -> int:
    """Send what is due to an office's people and backup contact; returns how many were tried."""
    # between them these are told of every event; whether the person is, is asked for each mail
    roles = frozenset({Role.CLIENT, Role.AUDITOR})
    office = Principal("worker", office_id, frozenset(), roles=roles)
    async with transaction(postbox.sessions, office) as session:
        if await is_suspended(session, office_id):
            return 0
        takes_part = await is_participating(session, office_id, now=now)
        await mails.add_at_once(session, office_id, now=now)
        await mails.add_to_backup(session, office_id, now=now)
        claimed = await mails.claim(session, office_id, now=now, until=now + LEASE, limit=AT_ONCE)
    office = replace(office, is_participating=takes_part)
    await asyncio.gather(*(_try(postbox, office, mail, now=now) for mail in claimed))
    return len(claimed)


async def _try(postbox: Postbox, office: Principal, mail: asyncpg.Record, *, now: datetime) -> None:
    try:
        await _send(postbox, office, mail, now=now)
    except Exception as error:  # noqa: BLE001 -- the edge of a mail: the others are sent anyway
        structlog.get_logger().error("mail_failed", error=type(error).__name__)


async def _send(
    postbox: Postbox, office: Principal, mail: asyncpg.Record, *, now: datetime
) -> None:
    """Send one mail if there is something to read for who gets it, and write how it went."""
    reader = office
    if mail["person_id"] is not None:
        reader = replace(
            office,
            person_id=mail["person_id"],
            roles=frozenset(Role(role) for role in mail["roles"]),
            permissions=permissions_of(mail["roles"]) & {Permission.NOTICES_READ},
        )
    async with transaction(postbox.sessions, reader) as session:
        if not await mails.is_claimed(session, mail):
            return
        if not (await _has_more(session, reader, mail, now=now) and mail["address"]):
            await outbox.settle(session, MAILS, mail, "withheld", at=now)
            return
        if mail["attempts"] > len(RETRIES) + 1:
            await outbox.settle(session, MAILS, mail, "dead", at=now, error="worker-lost")
            return
        await audit.record(session, reader, "mail.sent", str(mail["id"]))
    error = await _hand_over(postbox.settings, mail, now=now)
    async with transaction(postbox.sessions, reader) as session:
        if error is None:
            await outbox.settle(session, MAILS, mail, "delivered", at=now)
            return
        again = None if _is_permanent(error) else next_try(RETRIES, mail["attempts"], now=now)
        state = "dead" if again is None else "waiting"
        await outbox.settle(session, MAILS, mail, state, at=again or now, error=error)


async def _has_more(
    session: AsyncSession, reader: Principal, mail: asyncpg.Record, *, now: datetime
) -> bool:
    """Return whether a mail has something to say; of a person, note up to where that was asked."""
    if reader.person_id is None:  # an escalation put it there
        return True
    # before the look, which then sees all below: what comes later is for the next mail
    horizon, _ = notifications.parts_of(await notifications.get_horizon(session))
    after = mail["mail_written_in"]
    # a mail that was tried before has something to say: that was looked at then
    says = (mail["disabled_at"] is None and mail["mail"] != "none") and (
        mail["attempts"] > 1
        or await queries.has_more(session, reader, after=after, horizon=horizon)
    )
    await mails.note_told(session, reader.person_id, horizon, next_at=_next(mail, now))
    return says


def _next(mail: asyncpg.Record, now: datetime) -> datetime:
    """Return when this person may be told again; of digests the nightly run decides."""
    hours = {"daily": 20, "weekly": 160}.get(mail["mail"])
    return now + (APART if hours is None else timedelta(hours=hours))


def message(settings: RegistrySettings, mail: asyncpg.Record, *, now: datetime) -> EmailMessage:
    """Return the mail; the same each time that it is tried."""
    made = EmailMessage()
    made["From"] = settings.mail_from
    made["To"] = mail["address"]
    made["Subject"] = SUBJECT
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{mail['id']}@{settings.mail_from.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5
    text = TEXT_TO_OFFICE if mail["person_id"] is None else TEXT
    made.set_content(text.format(url=settings.issuer))
    return made


async def _hand_over(
    settings: RegistrySettings, mail: asyncpg.Record, *, now: datetime
) -> str | None:
    """Hand a mail to the operator's mail server; None when it took it, else a code."""
    import aiosmtplib  # noqa: PLC0415 -- only a worker sends

    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    is_secured = settings.smtp_security != "none"
    try:
        async with asyncio.timeout(3 * WITHIN):
            await aiosmtplib.send(
                message(settings, mail, now=now),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user or None,
                password=password,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                tls_context=_trust(settings) if is_secured else None,
                timeout=WITHIN,
            )
    except aiosmtplib.SMTPRecipientsRefused as error:
        return str(error.recipients[0].code)
    except aiosmtplib.SMTPResponseException as error:
        return str(error.code)
    except (aiosmtplib.SMTPException, OSError):
        return "no-answer"
    return None


def _trust(settings: RegistrySettings) -> ssl.SSLContext:
    """Return what a mail server's certificate must come from."""
    return ssl.create_default_context(cafile=settings.smtp_ca)


def _is_permanent(error: str) -> bool:
    return error.isdecimal() and int(error) >= _PERMANENT
