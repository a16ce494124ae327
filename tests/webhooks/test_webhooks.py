"""Webhooks: two persons, thin messages that others verify, at least once, and nothing lost."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from standardwebhooks.webhooks import Webhook as Standard
from standardwebhooks.webhooks import WebhookVerificationError
from structlog.testing import capture_logs
from svix.webhooks import Webhook as Svix

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.accounts import suspension
from app.core.clock import utc_now
from app.core.db import DATABASE_ERRORS, transaction
from app.core.ids import parse_public_id
from app.webhooks.delivering import LEASE, RETRIES, deliver
from app.webhooks.secrets import headers as headers_of
from tests.access.people import sign_in
from tests.factories import Registry
from tests.invariants.test_i6_audited import audit_broken
from tests.scenes import make_offices, meet
from tests.webhooks.office import hook, post, webhooks, work
from tests.webhooks.receiver import SIGNED, receiving

HOOK = "https://cms.example.com/joinder"


class TestTwoPersons:
    async def test_nothing_is_sent_before_another_administrator_approves(
        self, sandbox: Registry
    ) -> None:
        async with receiving() as receiver:
            (office,) = await make_offices(sandbox, 1)
            first, second = [await sign_in(sandbox, office, Role.ADMINISTRATOR) for _ in range(2)]
            added = await first.send("POST", "/v1/webhooks", {"url": receiver.url})
            path = f"/v1/webhooks/{added.json()['webhook']['id']}"
            approval = f"{path}/approval", {"url": receiver.url}
            own = await first.send("POST", *approval)
            assert (own.status_code, own.json()["code"]) == (403, "second-administrator-needed")
            for end in ("test", "secret"):
                await first.send("POST", f"{path}/{end}", {})
            await meet(sandbox, offices=[office, (await make_offices(sandbox, 1))[0]])
            assert await work(sandbox, office) == 0
            other = await second.send("POST", approval[0], {"url": receiver.url + "/x"})
            assert (other.status_code, other.json()["code"]) == (422, "webhook-url-refused")
            assert (await second.send("POST", *approval)).json()["state"] == "active"
            again = await second.send("POST", *approval)
            assert (again.status_code, again.json()["code"]) == (409, "webhook-stands")
            assert await work(sandbox, office) == 0, "only what comes after the approval"
            assert receiver.connections == 0

    async def test_an_address_that_waited_a_day_is_approved_no_more(
        self, sandbox: Registry
    ) -> None:
        (office,) = await make_offices(sandbox, 1)
        first, second = [await sign_in(sandbox, office, Role.ADMINISTRATOR) for _ in range(2)]
        hook = (await first.send("POST", "/v1/webhooks", {"url": HOOK})).json()["webhook"]
        path = f"/webhooks/{hook['id']}"
        assert "Approve this address" in (await second.http.get(path)).text
        await sandbox.rows(
            "UPDATE webhooks SET added_at = added_at - interval '24 hours'"
            " WHERE id = :id RETURNING id",
            id=parse_public_id("whk", hook["id"]),
        )
        late = await second.send("POST", f"/v1{path}/approval", {"url": HOOK})
        assert (late.status_code, late.json()["code"]) == (409, "webhook-stands")
        assert late.json()["status_now"] == "lapsed"
        assert "Approve this address" not in (await second.http.get(path)).text
        assert (await first.send("DELETE", f"/v1{path}")).is_success
        again = (await first.send("POST", "/v1/webhooks", {"url": HOOK})).json()["webhook"]
        body = {"url": HOOK}
        done = await second.send("POST", f"/v1/webhooks/{again['id']}/approval", body)
        assert done.json()["state"] == "active", done.text

    async def test_the_database_knows_of_the_two_persons_too(self, sandbox: Registry) -> None:
        (office,) = await make_offices(sandbox, 1)
        one = await sign_in(sandbox, office, Role.ADMINISTRATOR)
        await one.send("POST", "/v1/webhooks", {"url": HOOK})
        with pytest.raises(Exception, match="only an administrator who acts approves"):
            await sandbox.rows(
                "UPDATE webhooks SET state = 'active', approved_at = now(), approved_by = added_by"
                " WHERE office_id = (SELECT id FROM offices WHERE code = :code) RETURNING id",
                code=office.code,
            )

    @pytest.mark.parametrize(
        "url",
        [
            *("http://cms.example.com/x", "https://cms.example.com:8443/x", "https://localhost/x"),
            *("https://user@cms.example.com/x", "https://93.184.216.34/x", "https://[2a00::1]/x"),
            *("https://2130706433/xxxx", "https://0x7f.1/xxxxxx", "https://127.1/xxxxxxx"),
            *("https://cms.example.com/x#y", "ftp://cms.example.com/x", "https://cms/xxxxxxx"),
            "https://①②⑦.0.0.1/xx",
        ],
    )
    async def test_an_address_that_is_no_public_name_over_tls_is_refused(
        self, sandbox: Registry, url: str
    ) -> None:
        (office,) = await make_offices(sandbox, 1)
        one = await sign_in(sandbox, office, Role.ADMINISTRATOR)
        refused = await one.send("POST", "/v1/webhooks", {"url": url})
        assert (refused.status_code, refused.json()["code"]) == (422, "webhook-url-refused")
        assert url not in refused.text


class TestMessage:
    async def test_is_thin_and_verified_by_libraries_of_others(self, sandbox: Registry) -> None:
        async with receiving() as receiver:
            offices = await make_offices(sandbox)
            hooked = await hook(sandbox, offices[0], receiver.url)
            meeting = await meet(sandbox, offices=offices)
            assert await work(sandbox, *offices) == 1
            ((headers, body),) = receiver.got
            told = json.loads(body)
            assert told.keys() == {"type", "timestamp", "data"}
            assert told["type"] == "overlap.found"
            assert told["data"] == {"id": headers["webhook-id"], "overlap_id": meeting.overlap_id}
            assert offices[1].code not in body
            signed = {name: headers[name] for name in SIGNED}
            Standard(hooked.secret).verify(body, signed)
            Svix(hooked.secret).verify(body, signed)
            tampered = body.replace("overlap.found", "overlap.gone")
            old = {**signed, "webhook-timestamp": str(int(signed["webhook-timestamp"]) - 301)}
            replayed = headers_of(
                [hooked.secret], signed["webhook-id"], body, now=utc_now() - timedelta(seconds=301)
            )
            renamed = {**signed, "webhook-id": "evt_00000000000000000000000000000000"}
            for library in (Standard(hooked.secret), Svix(hooked.secret)):
                for text, sent in (
                    *((tampered, signed), (body, old), (body, renamed)),
                    (body, replayed),  # ours, word for word, but too late
                ):
                    with pytest.raises(WebhookVerificationError):
                        library.verify(text, sent)
            feed = (await offices[0].http.get("/v1/events")).json()["items"]
            assert [each["id"] for each in feed] == receiver.ids

    async def test_tells_nothing_that_the_office_may_not_know_when_it_is_sent(
        self, sandbox: Registry
    ) -> None:
        async with receiving() as receiver:
            receiver.status = 503
            offices = await make_offices(sandbox)
            hooked = await hook(sandbox, offices[0], receiver.url)
            hidden = await meet(sandbox, "open", "silent", offices=offices)
            assert await work(sandbox, offices[0]) == 0
            shown = {**hidden.second_case, "disclosure": "contact_first"}
            await offices[1].put_case("24-1", shown)
            assert await work(sandbox, offices[0]) > 0
            await offices[1].put_case("24-1", {**shown, "disclosure": "silent"})
            later = utc_now() + timedelta(hours=1)
            sent = len(receiver.got)
            assert await work(sandbox, offices[0], now=later) == 0
            assert len(receiver.got) == sent
            assert {each["state"] for each in await hooked.deliveries()} == {"withheld"}


class TestSecrets:
    async def test_two_count_while_one_takes_over_from_the_other(self, sandbox: Registry) -> None:
        async with receiving() as receiver:
            (office,) = await make_offices(sandbox, 1)
            hooked = await hook(sandbox, office, receiver.url)
            known = [hooked.secret]
            for body in ({}, {}, {"ends_old": True}):
                answer = await hooked.administrators[0].send("POST", f"{hooked.path}/secret", body)
                known.append(answer.json()["secret"])
                await hooked.test()
            await work(sandbox, office)
            await hooked.test()
            assert await work(sandbox, office, now=utc_now() + timedelta(days=8)) == 1

            def who(place: int) -> set[int]:
                headers, body = receiver.got[place]
                found = set()
                for number, secret in enumerate(known):
                    stamp = {name: headers[name] for name in SIGNED}
                    signed = Standard(secret).sign(
                        stamp["webhook-id"], _at(stamp["webhook-timestamp"]), body
                    )
                    found |= {number} if signed in stamp["webhook-signature"].split() else set()
                return found

            assert [who(place) for place in range(4)] == [{3}, {3}, {3}, {3}]
            answer = await hooked.administrators[0].send("POST", f"{hooked.path}/secret", {})
            known.append(answer.json()["secret"])
            answer = await hooked.administrators[0].send("POST", f"{hooked.path}/secret", {})
            known.append(answer.json()["secret"])
            await hooked.test()
            await work(sandbox, office)
            assert who(4) == {3, 5}, "the receiver's, and the newest; the lost one does not count"

    async def test_are_sealed_and_shown_once(self, sandbox: Registry) -> None:
        (office,) = await make_offices(sandbox, 1)
        hooked = await hook(sandbox, office, HOOK)
        rows = await sandbox.rows("SELECT webhooks::text FROM webhooks")
        assert hooked.secret not in str(rows)
        assert hooked.secret.removeprefix("whsec_") not in str(await hooked.read())
        kept = await sandbox.rows("SELECT coalesce(body, '') FROM idempotency_keys")
        assert hooked.secret not in str(kept)


def _at(timestamp: str) -> datetime:
    return datetime.fromtimestamp(int(timestamp), UTC)


Break = Callable[[UUID], AbstractAsyncContextManager[None]]


@pytest.fixture
def broken(sandbox: Registry) -> Break:
    """Return what lets the database refuse to note, while it lasts, that a message arrived."""

    @asynccontextmanager
    async def refuse(key: UUID) -> AsyncIterator[None]:
        url = sandbox.app.state.settings.database_url.get_secret_value()
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " $$BEGIN RAISE EXCEPTION 'no'; END$$;"
                "CREATE TRIGGER refuse BEFORE UPDATE ON webhook_deliveries FOR EACH ROW"
                f" WHEN (NEW.key = '{key}' AND NEW.state = 'delivered') EXECUTE FUNCTION refuse()"
            )
            yield
        finally:
            await connection.execute("DROP FUNCTION IF EXISTS refuse() CASCADE")
            await connection.close()

    return refuse


class TestDelivering:
    async def test_is_repeated_with_growing_waits_under_one_id_and_then_given_up(
        self, sandbox: Registry
    ) -> None:
        async with receiving() as receiver:
            receiver.status = 500
            (office,) = await make_offices(sandbox, 1)
            hooked = await hook(sandbox, office, receiver.url)
            await hooked.test()
            now = utc_now()
            waits: list[float] = []
            for _ in RETRIES:
                assert await work(sandbox, office, now=now) == 1
                assert await work(sandbox, office, now=now) == 0
                (waiting,) = await hooked.deliveries()
                due = datetime.fromisoformat(waiting["due_at"])
                waits.append((due - now) / RETRIES[len(waits)])
                now = due
            assert await work(sandbox, office, now=now) == 1
            (dead,) = await hooked.deliveries()
            assert (dead["state"], dead["status"], dead["error"]) == ("dead", 500, "refused")
            assert all(0.79 < wait < 1.21 for wait in waits)
            assert len(set(waits)) > 1
            assert len(set(receiver.ids)) == 1
            read = await hooked.read()
            assert (read["state"], read["paused_for"]) == ("paused", "failing")
            receiver.status = 200
            await hooked.administrators[0].send(
                "PUT", f"{hooked.path}/paused", {"is_paused": False}
            )
            again = await hooked.administrators[1].send(
                "POST", f"{hooked.path}/deliveries/{dead['id']}/again", {}
            )
            assert again.json()["state"] == "waiting"
            assert await work(sandbox, office, now=now) == 1
            assert (await hooked.deliveries())[0]["state"] == "delivered"
            assert len(set(receiver.ids)) == 1

    async def test_of_one_message_does_not_stop_the_others(self, sandbox: Registry) -> None:
        """A secret that cannot be opened, a dead address, a refusal: each is its own affair."""
        async with receiving() as good, receiving() as bad:
            bad.status = 302
            (office,) = await make_offices(sandbox, 1)
            lost = await hook(sandbox, office, good.url + "/lost")
            await sandbox.rows(
                "UPDATE webhooks SET secret_sealed = '\\x00' WHERE url LIKE '%/lost' RETURNING id"
            )
            closed = await hook(sandbox, office, "http://127.0.0.1:9/closed")
            moved = await hook(sandbox, office, bad.url)
            well = await hook(sandbox, office, good.url)
            for each in (lost, closed, moved, well):
                await each.test()
            assert await work(sandbox, office) == 4
            ended = [(await each.deliveries())[0]["error"] for each in (lost, closed, moved, well)]
            assert ended == ["secret-lost", "no-answer", "refused", None]
            assert (len(good.got), len(bad.got)) == (1, 1)

    async def test_of_what_this_release_does_not_know_keeps_nothing_back(
        self, sandbox: Registry
    ) -> None:
        """It is given up at once, and can be sent again when the release does."""
        async with receiving() as receiver:
            offices = await make_offices(sandbox)
            hooked = await hook(sandbox, offices[0], receiver.url)
            await meet(sandbox, offices=offices)
            named = "UPDATE events SET type = :type WHERE type = :was RETURNING 1"
            assert await sandbox.rows(named, type="overlap.unheard", was="overlap.found")
            await meet(sandbox, offices=offices, external_id="24-2")
            assert await work(sandbox, offices[0]) == 1
            unheard = next(
                each for each in await hooked.deliveries() if each["type"] == "overlap.unheard"
            )
            assert (unheard["state"], unheard["error"]) == ("dead", "unreadable")
            assert len(receiver.ids) == 1
            assert (await hooked.read())["state"] == "active"
            await sandbox.rows(named, type="overlap.found", was="overlap.unheard")
            again = f"{hooked.path}/deliveries/{unheard['id']}/again"
            await hooked.administrators[0].send("POST", again, {})
            assert await work(sandbox, offices[0]) == 1
            assert receiver.ids[1] == unheard["event_id"]

    async def test_that_cannot_be_written_down_loses_no_other_one(
        self, sandbox: Registry, broken: Break
    ) -> None:
        """It is sent again, under its old id, when its claim is over."""
        async with receiving() as receiver:
            (office,) = await make_offices(sandbox, 1)
            hooked = await hook(sandbox, office, receiver.url)
            for _ in range(3):
                await hooked.test()
            one, other, third = [each["event_id"] for each in await hooked.deliveries()]
            now = utc_now()
            async with broken(UUID(other.removeprefix("tst_"))):
                assert await work(sandbox, office, now=now) == 3
            ended = [each["state"] for each in await hooked.deliveries()]
            assert ended == ["delivered", "waiting", "delivered"]
            assert await work(sandbox, office, now=now + LEASE) == 1
            assert sorted(receiver.ids) == sorted([one, other, other, third])

    async def test_that_a_worker_took_and_died_with_is_sent_by_another(
        self, sandbox: Registry
    ) -> None:
        async with receiving() as receiver:
            (office,) = await make_offices(sandbox, 1)
            hooked = await hook(sandbox, office, receiver.url)
            await hooked.test()
            now = utc_now()
            await sandbox.rows(
                "UPDATE webhook_deliveries SET claimed_until = :until, attempts = 1"
                " WHERE key IS NOT NULL AND state = 'waiting' RETURNING id",
                until=now + LEASE,
            )
            assert await work(sandbox, office, now=now) == 0
            assert await work(sandbox, office, now=now + LEASE) == 1
            assert len(receiver.got) == 1

    @pytest.mark.parametrize("given_up", ["refused", "worker-lost"])
    async def test_that_is_given_up_waits_for_who_changes_the_webhook(
        self, sandbox: Registry, given_up: str
    ) -> None:
        """Whoever deletes it, or lets it go on, locks it first and its deliveries after it."""
        url = sandbox.app.state.settings.database_url.get_secret_value()
        async with (
            receiving() as receiver,
            asyncpg.create_pool(url, min_size=1, max_size=1) as pool,
            pool.acquire() as connection,
        ):
            receiver.status = 410
            receiver.may_answer.clear()
            (office,) = await make_offices(sandbox, 1)
            hooked = await hook(sandbox, office, receiver.url)
            await hooked.test()
            key = parse_public_id("whk", hooked.id)
            if given_up == "worker-lost":
                await sandbox.rows(
                    "UPDATE webhook_deliveries SET attempts = 10"
                    " WHERE webhook_id = :id RETURNING id",
                    id=key,
                )
            administrator = connection.transaction()
            (keys,) = await webhooks(sandbox, office)
            delivered = deliver(post(sandbox), *keys, now=utc_now())
            with capture_logs() as logs:
                if given_up == "refused":
                    worker = asyncio.create_task(delivered)
                    await receiver.came.get()
                    await administrator.start()
                    await connection.execute("SELECT FROM webhooks WHERE id = $1 FOR UPDATE", key)
                    receiver.may_answer.set()
                else:
                    await administrator.start()
                    await connection.execute("SELECT FROM webhooks WHERE id = $1 FOR UPDATE", key)
                    worker = asyncio.create_task(delivered)
                async with asyncio.timeout(30):
                    while not await connection.fetchval(
                        "SELECT EXISTS (SELECT FROM pg_locks"  # of activity it sees one state alone
                        " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
                    ):
                        await connection.execute("SELECT pg_sleep(0.01)")
                await connection.execute("SET LOCAL lock_timeout = '2s'")
                waiting = "SELECT FROM webhook_deliveries WHERE webhook_id = $1 FOR UPDATE"
                await connection.execute(waiting, key)
                await administrator.commit()
                await worker
            assert [each for each in logs if each["log_level"] == "error"] == []
            (dead,) = await hooked.deliveries()
            assert (dead["state"], dead["error"]) == ("dead", given_up)
            assert (await hooked.read())["paused_for"] == "failing"

    async def test_waits_while_paused_and_loses_nothing(self, sandbox: Registry) -> None:
        async with receiving() as receiver:
            offices = await make_offices(sandbox)
            hooked = await hook(sandbox, offices[0], receiver.url)
            pause = f"{hooked.path}/paused"
            await hooked.administrators[0].send("PUT", pause, {"is_paused": True})
            meeting = await meet(sandbox, offices=offices)
            assert await work(sandbox, offices[0]) == 0
            await hooked.administrators[0].send("PUT", pause, {"is_paused": False})
            assert await work(sandbox, offices[0]) == 1
            assert meeting.overlap_id in receiver.got[0][1]
            deleted = await hooked.administrators[0].send("DELETE", hooked.path)
            assert deleted.status_code == 200
            assert (await hooked.administrators[0].send("DELETE", hooked.path)).status_code == 404

    async def test_waits_while_the_operator_shuts_the_office_out(self, sandbox: Registry) -> None:
        async with receiving() as receiver:
            (office,) = await make_offices(sandbox, 1)
            hooked = await hook(sandbox, office, receiver.url)
            await hooked.test()
            for is_suspended, sent in ((True, 0), (False, 1)):
                async with transaction(sandbox.operator) as session:
                    await suspension.set_suspended(
                        session, OPERATOR, office.code, is_suspended=is_suspended, now=utc_now()
                    )
                assert await work(sandbox, office) == sent
            assert len(receiver.got) == 1

    async def test_is_of_the_offices_own_events_alone(self, sandbox: Registry) -> None:
        async with receiving() as one, receiving() as other:
            offices = await make_offices(sandbox)
            await hook(sandbox, offices[0], one.url)
            await hook(sandbox, offices[1], other.url)
            await meet(sandbox, offices=offices)
            assert await work(sandbox, *offices) == 2
            feeds = [
                [each["id"] for each in (await office.http.get("/v1/events")).json()["items"]]
                for office in offices
            ]
            assert [one.ids, other.ids] == feeds

    async def test_that_is_not_audited_is_not_made(self, sandbox: Registry) -> None:
        async with receiving() as receiver:
            (office,) = await make_offices(sandbox, 1)
            hooked = await hook(sandbox, office, receiver.url)
            await hooked.test()
            async with audit_broken(sandbox):
                with pytest.raises(DATABASE_ERRORS):
                    await work(sandbox, office)
            assert receiver.connections == 0
            await work(sandbox, office)
            (entry,) = [
                each for each in await sandbox.audit("webhook.sent") if each["object"] == hooked.id
            ]
            assert entry["detail"]["message"] == receiver.ids[0]
            assert entry["actor"] == "worker"
