"""`joinder worker` as a process, confined to its one key file."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.factories import Registry
from tests.scenes import make_offices
from tests.webhooks.office import hook
from tests.webhooks.receiver import receiving


@pytest.mark.long
async def test_delivers_and_finishes_what_it_began(
    fresh_database_url: str, keys_directory: Path
) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("JOINDER_")},
        "JOINDER_DATABASE_URL": fresh_database_url,
        "JOINDER_KEYS": str(keys_directory),
        "JOINDER_ALLOW_LOOPBACK_WEBHOOKS": "true",
    }
    settings = {"allow_loopback_webhooks": True}
    async with (
        receiving() as receiver,
        Registry.started(fresh_database_url, keys_directory, **settings) as registry,
    ):
        (office,) = await make_offices(registry, 1)
        hooked = await hook(registry, office, receiver.url)
        workers = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app.cli.main", "worker"),
                env=environment,
                stderr=asyncio.subprocess.PIPE,
            )
            for _ in range(2)
        ]
        for _ in range(3):
            await hooked.test()
            await receiver.came.get()
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        ended = [await worker.communicate() for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0], ended
        assert len(receiver.ids) == len(set(receiver.ids)) == 3
        assert {each["state"] for each in await hooked.deliveries()} == {"delivered"}
        lines = [json.loads(line) for _, text in ended for line in text.decode().splitlines()]
        assert {line["event"] for line in lines} == {"confinement", "working"}, lines
        assert hooked.secret not in str(ended)
