"""Small situations that many tests begin with, made of offices and people nobody else uses."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import text

from app.core.db import transaction
from app.core.ids import public_id
from tests.blinding import case, person, raw
from tests.factories import OfficeClient, Registry

T = TypeVar("T")
_NUMBERS: Final = count(1)


def someone(*, ref: str = "1", phones: tuple[str, ...] = (), **changes: str) -> dict[str, Any]:
    """Return a posted person who shares no key with any other one of this process."""
    number = next(_NUMBERS)
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    born = date(1940, 1, 1) + timedelta(days=number)
    fields = {"given": "Alex", "surname": f"Quillon{letters}", "born": born.isoformat(), **changes}
    return person(ref=ref, phones=phones, **fields)


def phone() -> str:
    """Return a phone number that nobody else in this process has."""
    number = next(_NUMBERS)
    return f"+1415{200 + number // 10_000}{number % 10_000:04}"


def something(how_many: int = 1, *, ref: str = "1") -> dict[str, Any]:
    """Return a posted subject with `how_many` phones that no other subject has."""
    return raw({str(place): (f"only-here-{next(_NUMBERS)}",) for place in range(how_many)}, ref=ref)


async def make_offices(registry: Registry, how_many: int = 2) -> list[OfficeClient]:
    """Return the clients of new offices whose agreements are in force."""
    states = ("CA", "NV", "OR", "WA")
    return [
        await registry.add_office(f"{states[place % 4]}-{next(_NUMBERS):06}")
        for place in range(how_many)
    ]


@dataclass(frozen=True)
class Meeting:
    """Two offices with one overlap, `first` having posted before `second`."""

    registry: Registry
    first: OfficeClient
    second: OfficeClient
    first_case: Mapping[str, Any]
    second_case: Mapping[str, Any]
    key: UUID

    @property
    def overlap_id(self) -> str:
        """The overlap's id, also where nobody may know it."""
        return public_id("ovl", self.key)


async def meet(
    registry: Registry,
    first: str = "open",
    second: str = "open",
    *,
    offices: list[OfficeClient] | None = None,
    external_id: str = "24-1",
) -> Meeting:
    """Let two offices post the same person, with a phone, under the given disclosures."""
    one, other = offices or await make_offices(registry)
    subject = someone(phones=(phone(),))
    summary = "Worked without pay in a kitchen; the employer kept the papers."
    bodies = [case(subject, disclosure=way, summary=summary) for way in (first, second)]
    for client, body in zip((one, other), bodies, strict=True):
        answer = await client.put_case(external_id, body)
        assert answer.status_code == 201, answer.text
    rows = await registry.rows(
        "SELECT s.overlap_id FROM overlap_sides s JOIN offices f ON f.id = s.office_id"
        " JOIN offices g ON g.id = s.other_office_id WHERE (f.code, g.code) = (:code, :other)"
        " ORDER BY s.overlap_id DESC",
        code=one.code,
        other=other.code,
    )
    return Meeting(registry, one, other, bodies[0], bodies[1], rows[0][0])


async def end_agreement(registry: Registry, client: OfficeClient) -> None:
    """Let the office's participation agreement end today."""
    await registry.rows(
        "UPDATE participation_agreements SET ends_on = (now() AT TIME ZONE 'UTC')::date"
        " WHERE office_id = (SELECT id FROM offices WHERE code = :code) RETURNING id",
        code=client.code,
    )


async def all_ended(registry: Registry) -> None:
    """Wait until every transaction that has begun by now on the server has ended.

    Events of other databases' long transactions wait for those too: the horizon is the server's.
    A test that has written in a transaction of its own, and not ended it, would wait for itself.
    """
    # a number of its own: a snapshot's end is not past what runs while nothing after it has ended
    rows = await registry.rows("SELECT pg_current_xact_id()::text::bigint")
    # not by numbers of the registry, which a restore moves
    ended = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    passed = f"SELECT {ended} > {rows[0][0]}, pg_sleep(0.02)"
    while not (await registry.rows(passed))[0][0]:
        pass


async def at_once(
    registry: Registry,
    lock: str,
    acts: Sequence[Coroutine[Any, Any, T]],
    *,
    in_order: bool = False,
    **values: Any,
) -> list[T]:
    """Return what acts come to that all get as far as they do while `lock` holds a row.

    So none has ended when the last one has read what it must not rely on. With `in_order` each
    begins when the one before waits, so that they go on in this order.

    Raises:
        TimeoutError: after half a minute one neither waits for the row nor has ended.
    """
    async with holding(registry, lock, **values) as locker:
        begun: list[asyncio.Future[T]] = []
        async with asyncio.timeout(30):
            for some in [[act] for act in acts] if in_order else [acts]:
                begun += map(asyncio.ensure_future, some)
                while sum(not each.done() for each in begun) > await waiting_for(registry, locker):
                    pass
    return await asyncio.gather(*begun)


@asynccontextmanager
async def holding(registry: Registry, lock: str, **values: Any) -> AsyncIterator[int]:
    """Hold what `lock` locks; yield who does, for `waiting_for`."""
    async with transaction(registry.behind) as session:
        await session.execute(text(lock), values)
        locker: int = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        yield locker


async def waiting_for(registry: Registry, locker: int) -> int:
    """Return, after a moment, how many wait for `locker`, or for others who do (a queue)."""
    rows = await registry.rows(
        "WITH RECURSIVE everybody AS ("
        " SELECT pid, pg_blocking_pids(pid) AS blockers FROM pg_stat_activity"
        " WHERE datname = current_database()), waiting AS ("
        " SELECT pid FROM everybody WHERE :locker = ANY (blockers)"
        " UNION SELECT e.pid FROM everybody e JOIN waiting w ON w.pid = ANY (e.blockers))"
        " SELECT count(*), pg_sleep(0.01) FROM waiting",
        locker=locker,
    )
    found: int = rows[0][0]
    return found
