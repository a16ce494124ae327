"""Offices post while parts of the service are killed: nothing may be lost or doubled.

    python -m tests.campaigns.kills --kills 40

A whole installation runs in a home of its own. Writers post over HTTP and repeat what failed.
A random part gets SIGKILL: the database, the registry, the supervisor, or everything at once.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

import asyncpg

from app.access.principal import OPERATOR
from app.accounts import service as accounts
from app.core.clock import utc_now
from app.core.db import JOBS, create_engine, create_sessions, transaction
from app.offices import service as offices
from app.offices.schemas import OfficeAdd
from tests.campaigns.ledger import Ledger, Verdict, judge
from tests.campaigns.service import TARGETS, InstallationUnderTest
from tests.campaigns.writers import Office, Writer
from tests.factories import agreement
from tests.signing import Signer

OFFICES: Final = ("CA-KILLS", "NV-KILLS", "OR-KILLS", "WA-KILLS")
WRITERS_PER_OFFICE: Final = 2
BETWEEN_KILLS: Final = 40
"""Posts that are acknowledged before the next kill, at least."""
WAIT_SECONDS: Final = 60.0
"""Longest wait for writers to be heard again, or to end."""


@dataclass
class Outcome:
    """What the campaign came to."""

    ledger: Ledger
    verdict: Verdict = field(default_factory=Verdict)
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        return self.verdict.is_clean and not self.ledger.refused and self.ledger.acknowledged > 0

    def __str__(self) -> str:
        each = ", ".join(f"{count} {target}" for target, count in sorted(self.kills.items()))
        return (
            f"{self.kills.total()} kills ({each}), {self.ledger.acknowledged} acknowledged, "
            f"{self.ledger.unknown} without an answer, {self.ledger.in_doubt} left in doubt, "
            f"{len(self.ledger.requests)} handling requests: {self.verdict}"
        )


async def add_offices(database_url: str) -> list[Office]:
    """Add the writers' offices with agreements and machine clients."""
    engine, added = create_engine(database_url, pool_size=1, role=JOBS), []
    try:
        async with transaction(create_sessions(engine)) as session:
            for code in OFFICES:
                office = OfficeAdd(
                    code=code,
                    name=f"Office {code}",
                    kind="local",
                    state=code[:2],
                    contact_title="Duty deputy",
                    contact_phone="555-0100",
                    contact_email="duty@example.com",
                )
                await offices.add_office(session, OPERATOR, office, now=utc_now())
                await offices.sign_agreement(session, OPERATOR, code, agreement())
                signer = Signer()
                client_id = await accounts.add_client(
                    session, OPERATOR, code, signer.jwk, label="kills", now=utc_now()
                )
                added.append(Office(code, str(client_id), signer))
    finally:
        await engine.dispose()
    return added


async def heard_again(ledger: Ledger, more: int) -> None:
    """Wait until `more` further posts were acknowledged.

    Raises:
        TimeoutError: the service answers nobody.
    """
    target = ledger.acknowledged + more
    async with asyncio.timeout(WAIT_SECONDS):
        while ledger.acknowledged < target:  # noqa: ASYNC110 -- a counter, nobody announces it
            await asyncio.sleep(0.02)


async def run(
    service: InstallationUnderTest,
    *,
    kills: int,
    seed: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Kill parts of a running service `kills` times under load, then judge what it holds."""
    random = Random(seed)
    outcome = Outcome(Ledger())
    stopping = asyncio.Event()
    writers = [
        Writer(office, service.url, outcome.ledger, Random(random.random()), stopping)
        for office in await add_offices(service.database_url)
        for _ in range(WRITERS_PER_OFFICE)
    ]
    order = [TARGETS[number % len(TARGETS)] for number in range(kills)]
    random.shuffle(order)
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.run())
        for number, target in enumerate(order, 1):
            await heard_again(outcome.ledger, BETWEEN_KILLS)
            await asyncio.sleep(random.uniform(0, 0.8))
            await asyncio.to_thread(service.kill, target)
            outcome.kills[target] += 1
            await asyncio.to_thread(service.start)
            report(f"{number} of {kills}: {target}, {outcome.ledger.acknowledged} acknowledged")
        await heard_again(outcome.ledger, BETWEEN_KILLS)
        stopping.set()
    connection = await asyncpg.connect(service.database_url)
    try:
        outcome.verdict = await judge(outcome.ledger, connection, service.token_key)
    finally:
        await connection.close()
    return outcome


def main() -> int:
    """Run the campaign in a home of its own; 1 when anything was lost, doubled or missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    started = time.monotonic()
    with InstallationUnderTest() as service:
        outcome = asyncio.run(
            run(
                service,
                kills=chosen.kills,
                seed=chosen.seed,
                report=lambda line: print(line, flush=True),
            )
        )
    for refused in outcome.ledger.refused[:10]:
        print(refused)
    print(f"kills: {outcome}, {time.monotonic() - started:.0f} s")
    return int(not outcome.is_clean)


if __name__ == "__main__":
    sys.exit(main())
