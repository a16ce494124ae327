"""The worker's turns: who is silent takes no more than its office's places."""

import asyncio
from collections import Counter
from datetime import datetime

from app.jobs.worker import EACH, MOST, Channel, work

Key = tuple[int, int]


class TestWork:
    async def test_silent_receivers_leave_places_for_other_offices(self) -> None:
        """As many as there are places, of four offices that come first: a fifth is told."""
        silent = [(office, number) for office in range(4) for number in range(MOST // 4)]
        stop, begun = asyncio.Event(), list[Key]()

        async def waiting(now: datetime) -> list[Key]:
            del now
            return [*silent, (4, 0)]

        async def tell(key: Key, now: datetime) -> int:
            del now
            begun.append(key)
            if key == (4, 0):
                stop.set()
            await stop.wait()
            return 0

        async with asyncio.timeout(30):  # for ever, if nobody is told
            await work([Channel("silent", lambda key: key[0], waiting, tell)], stop)
        assert Counter(office for office, _ in begun) == {**dict.fromkeys(range(4), EACH), 4: 1}
