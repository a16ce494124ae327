"""Mails, to a mail server that somebody else wrote: that something waits, and nothing else."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import DATABASE_ERRORS, transaction
from app.followups import reminding
from app.jobs.steps import NIGHTLY
from app.notices import mailing, upkeep
from app.offices import service
from app.offices.schemas import MailDomainSet
from tests.access.people import Person, sign_in
from tests.database import Template
from tests.factories import OfficeClient, Registry
from tests.scenes import all_ended, make_offices, meet


@dataclass
class Mailbox:
    """A mail server's handler, and what it was handed."""

    answer: str = "250 OK"
    got: list[Any] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's
        if self.answer.startswith("250"):
            self.got.append(envelope)
        return self.answer


def certificate(directory: Path) -> Path:
    """Write a certificate of 127.0.0.1 with its key; return where."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / "mail.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="module")
def server(trusted: Path) -> Iterator[Controller]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(
        Mailbox(), "127.0.0.1", port, tls_context=context, require_starttls=True
    )
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture(scope="module")
async def registry(
    database_template: Template, keys_directory: Path, server: Controller, trusted: Path
) -> AsyncIterator[Registry]:
    settings = {
        "smtp_host": "127.0.0.1",
        "smtp_port": server.port,
        "smtp_ca": trusted,
        "mail_from": "joinder@registry.test",
    }
    with database_template.clone() as url:
        async with Registry.started(url, keys_directory, **settings) as started:
            yield started


@pytest.fixture
def mailbox(server: Controller) -> Mailbox:
    handler: Mailbox = server.handler
    handler.answer = "250 OK"
    handler.got.clear()
    return handler


async def choose(person: Person, office: OfficeClient, mail: str, local: str = "deputy") -> str:
    """Let a person choose mail; return its address."""
    address = f"{local}.{office.code.lower()}@example.com"
    body = {"mail": mail, "address": address}
    kept = await person.send("PUT", "/v1/me/notice-settings", body)
    assert kept.status_code == 200, kept.text
    return address


async def send(registry: Registry, office: OfficeClient, *, now: datetime | None = None) -> int:
    """Let a worker send what is due to the people of an office; return how much it tried."""
    await all_ended(registry)
    ((key,),) = await registry.rows("SELECT id FROM offices WHERE code = :c", c=office.code)
    postbox = mailing.Postbox(registry.app.state.sessions, registry.app.state.settings)
    at = now or utc_now()
    tried = 0
    while some := await mailing.send_mails(postbox, key, now=at):
        tried += some
    return tried


class TestAtOnce:
    @pytest.mark.usefixtures("full_log")
    async def test_says_that_something_waits_and_nothing_else(
        self, registry: Registry, mailbox: Mailbox, capfd: pytest.CaptureFixture[str]
    ) -> None:
        offices = await make_offices(registry)
        person = await sign_in(registry, offices[0], Role.PROSECUTOR)
        address = await choose(person, offices[0], "at_once")
        assert await send(registry, offices[0]) == 0
        meeting = await meet(registry, offices=offices)
        assert await send(registry, offices[0]) == 1
        (envelope,) = mailbox.got
        assert envelope.rcpt_tos == [address]
        mail = message_from_bytes(envelope.content)
        assert mail["Subject"] == "Joinder: something waits for you"
        assert mail["Auto-Submitted"] == "auto-generated"
        del mail["Message-ID"]  # which is random, and may hold any number
        whole = mail.as_string()
        for told in (meeting.overlap_id, meeting.key.hex, "24-1", "overlap", "Office"):
            assert told not in whole.replace(address, "").replace(offices[0].code, "")
        assert offices[1].code not in whole
        await meeting.second.say(meeting.overlap_id, "confirmed")
        assert await send(registry, offices[0]) == 0, "at most every 15 minutes"
        later = utc_now() + mailing.APART
        assert await send(registry, offices[0], now=later) == 1
        assert len(mailbox.got) == 2
        output = "".join(capfd.readouterr())
        assert address not in output

    async def test_says_nothing_of_what_the_person_may_not_know_or_has_read(
        self, registry: Registry, mailbox: Mailbox
    ) -> None:
        offices = await make_offices(registry)
        person = await sign_in(registry, offices[0], Role.PROSECUTOR)
        await choose(person, offices[0], "at_once")
        await meet(registry, "open", "silent", offices=offices)
        await send(registry, offices[0])
        assert mailbox.got == []
        await meet(registry, offices=offices, external_id="24-2")
        await all_ended(registry)
        newest = (await person.send("GET", "/v1/me/notices")).json()["items"][0]
        await person.send("PUT", "/v1/me/notices/read", {"through": newest["event"]["id"]})
        await send(registry, offices[0], now=utc_now() + mailing.APART)
        assert mailbox.got == []

    async def test_is_tried_again_given_up_when_refused_for_good_and_sent_again_by_hand(
        self, registry: Registry, mailbox: Mailbox
    ) -> None:
        offices = await make_offices(registry)
        person = await sign_in(registry, offices[0], Role.PROSECUTOR)
        await choose(person, offices[0], "at_once")
        await meet(registry, offices=offices)
        mailbox.answer = "451 Later"
        now = utc_now()
        assert await send(registry, offices[0], now=now) == 1
        assert await send(registry, offices[0], now=now) == 0
        mailbox.answer = "250 OK"
        assert await send(registry, offices[0], now=now + 2 * mailing.RETRIES[0]) == 1
        assert len(mailbox.got) == 1
        await meet(registry, offices=offices, external_id="24-2")
        mailbox.answer = "550 Nobody here"
        await send(registry, offices[0], now=now + timedelta(hours=1))
        states = await registry.rows(
            "SELECT state, error FROM mails WHERE office_id ="
            " (SELECT id FROM offices WHERE code = :c) ORDER BY state",
            c=offices[0].code,
        )
        assert [tuple(row) for row in states] == [("dead", "550"), ("delivered", None)]
        mailbox.answer = "250 OK"
        later = now + timedelta(hours=2)
        for tried in (1, 0):
            async with transaction(registry.operator) as session:
                assert await upkeep.send_again(session, OPERATOR, now=later) == tried
            assert await send(registry, offices[0], now=later) == tried
        assert len(mailbox.got) == 2

    async def test_is_one_to_each_person_however_many_workers_there_are(
        self, registry: Registry, mailbox: Mailbox
    ) -> None:
        offices = await make_offices(registry)
        person = await sign_in(registry, offices[0], Role.PROSECUTOR)
        await choose(person, offices[0], "at_once")
        colleagues = 2 * mailing.AT_ONCE
        await registry.rows(
            "WITH added AS (INSERT INTO persons (id, office_id, account, name, roles, created_at,"
            "   enabled_at, is_password_short, totp_step) SELECT gen_random_uuid(), office_id,"
            "   account || '.' || number, name, roles, created_at, enabled_at, false, 0"
            "   FROM persons, generate_series(1, :many) AS number WHERE id = :id RETURNING id)"
            " INSERT INTO notice_settings SELECT a.id, s.office_id, s.muted, s.read_written_in,"
            "   s.read_number, s.mail, left(a.id::text, 8) || '@example.com', s.mail_written_in,"
            "   s.mail_due_at"
            " FROM notice_settings s, added a WHERE s.person_id = :id RETURNING person_id",
            id=person.key,
            many=colleagues,
        )
        await meet(registry, offices=offices)
        tried = await asyncio.gather(*(send(registry, offices[0]) for _ in range(3)))
        assert sum(tried) == colleagues + 1
        to = [address for envelope in mailbox.got for address in envelope.rcpt_tos]
        assert len(to) == len(set(to)) == colleagues + 1

    async def test_is_not_for_somebody_who_is_disabled(
        self, registry: Registry, mailbox: Mailbox
    ) -> None:
        offices = await make_offices(registry)
        person = await sign_in(registry, offices[0], Role.PROSECUTOR)
        await choose(person, offices[0], "at_once")
        async with registry.behind.begin() as session:
            await session.execute(
                text(
                    "UPDATE persons SET disabled_at = now(), disabled_for = 'idle' WHERE id = :id"
                ),
                {"id": person.key},
            )
        await meet(registry, offices=offices)
        assert await send(registry, offices[0]) == 0
        assert mailbox.got == []
        postbox = mailing.Postbox(registry.app.state.sessions, registry.app.state.settings)
        waiting = await mailing.offices_to_mail(postbox, now=utc_now())
        keys = await registry.rows("SELECT id FROM offices WHERE code = :c", c=offices[0].code)
        assert keys[0][0] not in waiting, "no worker asks for it again and again"


class TestDigest:
    async def test_is_one_mail_a_night_for_who_has_something_to_read(
        self, registry: Registry, mailbox: Mailbox
    ) -> None:
        offices = await make_offices(registry)
        reader = await sign_in(registry, offices[0], Role.PROSECUTOR)
        other = await sign_in(registry, offices[0], Role.PROSECUTOR)
        address = await choose(reader, offices[0], "daily")
        muted = {"mail": "daily", "address": "other@example.com", "muted": ["overlap.found"]}
        await other.send("PUT", "/v1/me/notice-settings", muted)
        await meet(registry, offices=offices)
        await meet(registry, offices=offices, external_id="24-2")
        assert await send(registry, offices[0]) == 0
        night = utc_now() + timedelta(hours=6)
        for _ in range(2):
            async with transaction(registry.operator) as session:
                await upkeep.add_digests(session, NIGHTLY, now=night, limit=500)
            await send(registry, offices[0], now=night)
        assert [envelope.rcpt_tos for envelope in mailbox.got] == [[address]]


class TestSafety:
    async def test_mail_goes_to_the_domain_of_the_office_only(self, registry: Registry) -> None:
        (office,) = await make_offices(registry, 1)
        person = await sign_in(registry, office, Role.PROSECUTOR)
        for address in ("me@elsewhere.test", "me@example.com.elsewhere.test", None):
            body = {"mail": "daily", "address": address}
            refused = await person.send("PUT", "/v1/me/notice-settings", body)
            assert (refused.status_code, refused.json()["code"]) == (422, "notice-address-refused")

    async def test_its_domain_is_the_operators_to_say(
        self, registry: Registry, mailbox: Mailbox
    ) -> None:
        """Not of who changes the contact, nor of who writes past the application."""
        offices = await make_offices(registry)
        person = await sign_in(registry, offices[0], Role.PROSECUTOR, Role.ADMINISTRATOR)
        address = await choose(person, offices[0], "at_once")
        await registry.rows(
            "UPDATE offices SET contact_email = 'me@elsewhere.test' WHERE code = :code"
            " RETURNING id",
            code=offices[0].code,
        )
        elsewhere = {"mail": "at_once", "address": "me@elsewhere.test"}
        refused = await person.send("PUT", "/v1/me/notice-settings", elsewhere)
        assert refused.json()["code"] == "notice-address-refused"
        for past in ("me@elsewhere.test", "me@example.com@, me@elsewhere.test"):
            with pytest.raises(DATABASE_ERRORS, match="mail goes to the domain"):
                await registry.rows(
                    "UPDATE notice_settings SET address = :past WHERE person_id = :id"
                    " RETURNING person_id",
                    past=past,
                    id=person.key,
                )
        for domain, got in (("elsewhere.test", []), ("Example.com", [[address]])):
            async with transaction(registry.operator) as session:
                await service.set_mail_domain(
                    session, OPERATOR, offices[0].code, MailDomainSet(domain=domain)
                )
            await meet(registry, offices=offices, external_id=f"24-{len(got) + 1}")
            await send(registry, offices[0], now=utc_now() + len(got) * mailing.APART)
            assert [envelope.rcpt_tos for envelope in mailbox.got] == got

    async def test_nothing_is_said_to_a_server_without_a_certificate_that_is_trusted(
        self, registry: Registry, mailbox: Mailbox, tmp_path: Path
    ) -> None:
        offices = await make_offices(registry)
        person = await sign_in(registry, offices[0], Role.PROSECUTOR)
        await choose(person, offices[0], "at_once")
        await meet(registry, offices=offices)
        await all_ended(registry)
        settings = registry.app.state.settings.model_copy(update={"smtp_ca": certificate(tmp_path)})
        postbox = mailing.Postbox(registry.app.state.sessions, settings)
        ((key,),) = await registry.rows("SELECT id FROM offices WHERE code = :c", c=offices[0].code)
        assert await mailing.send_mails(postbox, key, now=utc_now()) == 1
        assert mailbox.got == []
        ((error,),) = await registry.rows(
            "SELECT error FROM mails WHERE office_id = :o AND state = 'waiting'", o=key
        )
        assert error == "no-answer"


class TestToBackup:
    async def test_is_told_when_the_office_stays_late_whoever_signs_in(
        self, registry: Registry, mailbox: Mailbox
    ) -> None:
        offices = await make_offices(registry)
        meeting = await meet(registry, offices=offices)
        address = await name_backup(registry, offices[0], "example.com")
        await name_backup(registry, offices[1], "elsewhere.test")
        now = utc_now()
        for days, run in ((30, reminding.remind), (40, reminding.escalate)):
            at = now + timedelta(days=days)
            async with transaction(registry.operator) as session:
                while await run(session, OPERATOR, now=at, limit=100):
                    pass
            assert mailbox.got == []
            for office in offices * 2:
                await send(registry, office, now=at)
        (envelope,) = mailbox.got
        assert envelope.rcpt_tos == [address]
        mail = message_from_bytes(envelope.content)
        assert mail["Subject"] == mailing.SUBJECT
        del mail["Message-ID"]  # which is random, and may hold any number
        whole = mail.as_string()
        for told in (
            meeting.overlap_id,
            "24-1",
            "overlap",
            "late",
            "backup",
            *(o.code for o in offices),
        ):
            assert told not in whole.replace(address, "")
        postbox = mailing.Postbox(registry.app.state.sessions, registry.app.state.settings)
        keys = await registry.rows(
            "SELECT id FROM offices WHERE code = ANY(:codes)", codes=[o.code for o in offices]
        )
        waiting = await mailing.offices_to_mail(postbox, now=at)
        assert not {key for (key,) in keys} & set(waiting)

    async def test_is_told_of_nothing_hidden(self, registry: Registry, mailbox: Mailbox) -> None:
        meeting = await meet(registry, "open", "silent")
        for office in (meeting.first, meeting.second):
            await name_backup(registry, office, "example.com")
        now = utc_now()
        for days, run in ((30, reminding.remind), (40, reminding.escalate)):
            at = now + timedelta(days=days)
            async with transaction(registry.operator) as session:
                while await run(session, OPERATOR, now=at, limit=100):
                    pass
            await send(registry, meeting.first, now=at)
        assert mailbox.got == []


async def name_backup(registry: Registry, office: OfficeClient, domain: str) -> str:
    """Let an office name a backup contact; return its address."""
    address = f"backup.{office.code.lower()}@{domain}"
    await registry.rows(
        "INSERT INTO office_contacts (office_id, role, title, phone, email)"
        " SELECT id, 'backup', 'Chief deputy', '555-0100', :address FROM offices"
        " WHERE code = :code RETURNING office_id",
        code=office.code,
        address=address,
    )
    return address
