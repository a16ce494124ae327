"""The outbox: 16 writers and three workers, and not a message lost."""

import asyncio
import random
from typing import Final

from sqlalchemy import text

from app.core.clock import utc_now
from app.core.db import transaction
from app.webhooks import delivering
from tests.blinding import case
from tests.factories import Registry
from tests.notifications.test_feed import EACH, WRITE, WRITERS
from tests.scenes import all_ended, make_offices, someone
from tests.webhooks.office import hook, post
from tests.webhooks.receiver import receiving

WORKERS: Final = 3


class TestReaders:
    async def test_lose_and_repeat_nothing_whatever_commits_first(self, sandbox: Registry) -> None:
        """A reader of numbers greater than the last one loses what commits late."""
        async with receiving() as receiver:
            (office,) = await make_offices(sandbox, 1)
            await office.put_case("24-1", case(someone()))
            await hook(sandbox, office, receiver.url)
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

            late = asyncio.create_task(write_late())
            await written.wait()
            writers = [asyncio.create_task(write(seed)) for seed in range(WRITERS - 1)]

            async def tell() -> None:
                many = post(sandbox)
                while not all(writer.done() for writer in writers):
                    await delivering.deliver(many, office_id, now=utc_now())

            workers = [asyncio.create_task(tell()) for _ in range(WORKERS)]
            naive = [0]
            while not all(writer.done() for writer in writers):
                naive += await read_naively(naive[-1])
            await asyncio.gather(*writers, *workers)
            naive += await read_naively(naive[-1])
            last_may_commit.set()
            await late
            await all_ended(sandbox)
            while await delivering.deliver(post(sandbox), office_id, now=utc_now()):
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
