"""The outbox: 16 writers and three workers, and not a message lost."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from app.access.principal import OPERATOR
from app.accounts import suspension
from app.core.clock import utc_now
from app.core.db import transaction
from app.jobs.steps import NIGHTLY
from app.jobs.worker import work
from app.outbox import service as outbox
from app.serving.work import channels
from app.webhooks import delivering
from app.webhooks.queries import DELIVERIES
from tests.blinding import case
from tests.factories import Registry
from tests.notifications.test_feed import EACH, WRITE, WRITERS
from tests.scenes import all_ended, make_offices, someone
from tests.webhooks.office import hook, post, webhooks
from tests.webhooks.receiver import receiving

WORKERS: Final = 3


class TestReaders:
    async def test_lose_and_repeat_nothing_whatever_commits_first(self, sandbox: Registry) -> None:
        """A reader of numbers greater than the last one loses what commits late."""
        async with receiving() as receiver:
            (office,) = await make_offices(sandbox, 1)
            await office.put_case("24-1", case(someone()))
            await hook(sandbox, office, receiver.url)
            (keys,) = await webhooks(sandbox, office)
            ((case_id, office_id),) = await sandbox.rows(
                "SELECT id, office_id FROM cases WHERE office_id ="
                " (SELECT id FROM offices WHERE code = :code)",
                code=office.code,
            )
            written, last_may_commit = asyncio.Event(), asyncio.Event()

            async def write_late() -> None:
                async with transaction(sandbox.behind) as session:
                    await session.execute(WRITE, {"id": case_id})
                    written.set()
                    await last_may_commit.wait()

            async def write(seed: int) -> None:
                pick = random.Random(seed)
                for _ in range(EACH):
                    async with transaction(sandbox.behind) as session:
                        await session.execute(WRITE, {"id": case_id})
                        await session.execute(
                            text("SELECT pg_sleep(:s)"), {"s": pick.random() / 100}
                        )

            async def read_naively(after: int) -> list[int]:
                rows = await sandbox.rows(
                    "SELECT number FROM events WHERE number > :n AND office_id = :o"
                    " ORDER BY number",
                    n=after,
                    o=office_id,
                )
                return [row[0] for row in rows]

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(write_late())
                await written.wait()
                writers = [tasks.create_task(write(seed)) for seed in range(WRITERS - 1)]

                async def tell() -> None:
                    many = post(sandbox)
                    while not all(writer.done() for writer in writers):
                        await delivering.deliver(many, *keys, now=utc_now())

                workers = [tasks.create_task(tell()) for _ in range(WORKERS)]
                naive = [0]
                while not all(writer.done() for writer in writers):
                    naive += await read_naively(naive[-1])
                await asyncio.gather(*workers)
                naive += await read_naively(naive[-1])
                last_may_commit.set()
            await all_ended(sandbox)
            while await delivering.deliver(post(sandbox), *keys, now=utc_now()):
                pass
            naive += await read_naively(naive[-1])
            total = (WRITERS - 1) * EACH + 1
            rows = await sandbox.rows(
                "SELECT state, count(*) FROM webhook_deliveries WHERE office_id = :o GROUP BY 1",
                o=office_id,
            )
            assert [tuple(row) for row in rows] == [("delivered", total)]
            assert len(receiver.ids) == len(set(receiver.ids)) == total
            assert len(naive) - 1 < total


class TestTurns:
    async def test_a_receiver_that_is_silent_delays_no_other_one_of_its_office(
        self, sandbox: Registry
    ) -> None:
        """And a worker that is stopped finishes what it began, and begins nothing more."""
        async with receiving() as silent, receiving() as live:
            silent.may_answer.clear()
            (office,) = await make_offices(sandbox, 1)
            dead, well = [await hook(sandbox, office, each.url) for each in (silent, live)]
            await sandbox.rows(
                "INSERT INTO webhook_deliveries"
                " (id, office_id, webhook_id, key, type, state, attempts, due_at)"
                " SELECT gen_random_uuid(), office_id, id, gen_random_uuid(), 'webhook.test',"
                " 'waiting', 0, now() FROM webhooks, generate_series(1, 100) WHERE url = :url"
                " RETURNING id",
                url=silent.url,
            )
            await well.test()
            state, stop = sandbox.app.state, asyncio.Event()
            working = asyncio.create_task(work(channels(state.settings, state.sessions), stop))
            await silent.came.get()
            await live.came.get()
            stop.set()
            silent.may_answer.set()
            await working
            assert live.connections == 1
            assert len(silent.got) < 100, "those behind the first batches were not waited for"
            rows = await sandbox.rows(
                "SELECT d.state, attempts, count(*) FROM webhook_deliveries d"
                " JOIN webhooks w ON w.id = d.webhook_id WHERE w.url = :url GROUP BY 1, 2",
                url=silent.url,
            )
            ended = {(row[0], row[1]): row[2] for row in rows}
            assert ended == {
                ("delivered", 1): len(silent.got),
                ("waiting", 0): 100 - len(silent.got),
            }
            assert (await dead.read())["state"] == "active"


async def alarmed(registry: Registry, codes: list[str], now: datetime) -> list[str]:
    """Raise alarms as at that time; return of whose deliveries there were any."""
    async with transaction(registry.operator) as session:
        while await outbox.raise_alarms(session, NIGHTLY, DELIVERIES, now=now, limit=500):
            pass
    rows = await registry.rows(
        "SELECT o.code FROM webhook_deliveries d JOIN offices o ON o.id = d.office_id"
        " WHERE d.alarmed_at IS NOT NULL AND o.code = ANY(:codes)",
        codes=codes,
    )
    return [row[0] for row in rows]


class TestAlarms:
    async def test_are_of_what_should_move_and_does_not(self, sandbox: Registry) -> None:
        """Not of a webhook that is paused, nor of an office that the operator has shut out."""
        offices = await make_offices(sandbox, 3)
        hooks = [await hook(sandbox, each, "http://127.0.0.1:9/late") for each in offices]
        for each in hooks:
            await each.test()
        codes = [each.code for each in offices]
        paused = hooks[1].administrators[0], f"{hooks[1].path}/paused"
        await sandbox.rows(
            "UPDATE webhook_deliveries SET due_at = :before WHERE office_id ="
            " (SELECT id FROM offices WHERE code = :code) RETURNING id",
            before=utc_now() - 2 * outbox.LATE_AFTER,
            code=codes[1],
        )
        for is_paused in (True, False):
            await paused[0].send("PUT", paused[1], {"is_paused": is_paused})
        assert await alarmed(sandbox, codes, utc_now()) == [], "nobody is late who goes on just now"
        await paused[0].send("PUT", paused[1], {"is_paused": True})
        late = utc_now() + outbox.LATE_AFTER
        async with transaction(sandbox.operator) as session:
            await suspension.set_suspended(
                session, OPERATOR, offices[2].code, is_suspended=True, now=utc_now()
            )
        assert await alarmed(sandbox, codes, late) == [codes[0]]
        entries = [each["detail"]["offices"] for each in await sandbox.audit("webhook.late")]
        assert len(entries) == 1
        dead = late + timedelta(minutes=1)
        await sandbox.rows(
            "UPDATE webhook_deliveries SET state = 'dead', due_at = :dead WHERE office_id ="
            " (SELECT id FROM offices WHERE code = :code) RETURNING id",
            dead=dead,
            code=codes[0],
        )
        for now in (late, dead, dead + timedelta(days=1)):  # one is of a day that is past
            await alarmed(sandbox, codes, now)
        assert len(await sandbox.audit("webhook.given_up")) == 1, "though it was late before"
