"""Offices post cases that share tokens at the same moment: nothing may be missed or made up.

    python -m tests.campaigns.collisions --rounds 3000 --offices 2..8

In a round each post waits on its own connection, inside its transaction, until all are there;
then they go together. A part of them replace a case that was posted before the round. With
--naive the registry rows are not locked: the same checker must then count misses.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import posting
from app.cases.receipt_schemas import CaseReceipt, CaseResult
from app.cases.schemas import CaseItem, CasePut
from app.core.clock import utc_now
from app.identifiers.encoding import b64u_encode
from app.identifiers.suite import hash_to_group
from app.overlaps import queries
from app.overlaps.rows import Holders, Locked
from app.serving.keys import create_keys
from tests.blinding import case
from tests.database import Template, serving
from tests.factories import Registry
from tests.overlaps.recount import CHECKS

REPLACING: Final = 0.3
"""Share of the posts that replace a case; half of them give up tokens that others take."""

_FOUND: Final = """
SELECT DISTINCT o.id, o.low_case_id, o.high_case_id
FROM overlap_sides s JOIN "overlaps" o ON o.id = s.overlap_id
WHERE s.case_id = ANY(:cases) AND o.retracted_at IS NULL
"""
_CASES: Final = """
SELECT external_id, id FROM cases
WHERE office_id = ANY(:offices) AND source_system = 'round' AND external_id = ANY(:externals)
"""


@dataclass
class Outcome:
    """What the rounds came to; anything but zeros in the last five is a violation."""

    rounds: int = 0
    posts: int = 0
    sharing: int = 0
    missed: int = 0
    untold: int = 0
    """Pairs that share a token where neither of the two answers showed the overlap."""
    phantom: int = 0
    deadlocks: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.missed or self.untold or self.phantom or self.deadlocks or self.failures)

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.posts} posts, {self.sharing} sharing pairs: "
            f"{self.missed} missed, {self.untold} untold, {self.phantom} phantom, "
            f"{self.deadlocks} deadlocks, {len(self.failures)} other failures"
        )


@dataclass
class Post:
    """One post of a round: by whom, of which cases, with which of the round's shared tokens."""

    office: Principal
    shared: dict[str, set[int]]
    overlaps: set[str] = field(default_factory=set)


class Campaign:
    """Rounds of colliding posts on one registry."""

    def __init__(self, registry: Registry, random: Random) -> None:
        self.registry = registry
        self.random = random
        self.outcome = Outcome()
        self.offices: list[Principal] = []

    async def add_offices(self, how_many: int) -> None:
        for number in range(how_many):
            await self.registry.add_office(f"CA-{number:04}")
        rows = await self.registry.rows("SELECT id FROM offices ORDER BY id")
        may = frozenset({Permission.CASES_POST, Permission.OVERLAPS_READ})
        self.offices = [Principal("campaign", row[0], may, is_participating=True) for row in rows]

    async def round(self, fewest: int, most: int) -> None:
        number = self.outcome.rounds = self.outcome.rounds + 1
        pool = [self._element() for _ in range(6)]
        chosen = self.random.sample(self.offices, self.random.randint(fewest, most))
        posts = [
            Post(office, {f"r{number}-{office.office_id}-{place}-{n}": self._some() for n in range(
                1 if self.random.random() < 0.8 else 3)})
            for office in chosen
            for place in range(1 if self.random.random() < 0.8 else 2)
        ]  # fmt: skip
        for post in posts:
            if self.random.random() < REPLACING:
                before = Post(post.office, {external: self._some() for external in post.shared})
                await self._put(before, pool, None)
        barrier = asyncio.Barrier(len(posts))
        done = await asyncio.gather(*(self._attempt(post, pool, barrier) for post in posts))
        await self._check([post for post, ok in zip(posts, done, strict=True) if ok])

    def _some(self) -> set[int]:
        return set(self.random.sample(range(6), self.random.randint(0, 3)))

    def _element(self) -> str:
        return b64u_encode(hash_to_group(self.random.randbytes(16)))

    def _body(self, shared: set[int], pool: list[str]) -> dict[str, Any]:
        tokens = [pool[place] for place in shared] + [self._element() for _ in range(5)]
        self.random.shuffle(tokens)
        identifiers = [
            {"kind": "tel", "provenance": "police_report", "token": token} for token in tokens
        ]
        return case({"ref": "1", "identifiers": identifiers})

    async def _attempt(self, post: Post, pool: list[str], barrier: asyncio.Barrier) -> bool:
        try:
            await self._put(post, pool, barrier)
        except Exception as error:  # noqa: BLE001 -- each failure is counted
            cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
            if isinstance(cause, asyncpg.DeadlockDetectedError):
                self.outcome.deadlocks += 1
            else:
                self.outcome.failures.append(repr(cause))
            return False
        self.outcome.posts += 1
        return True

    async def _put(self, post: Post, pool: list[str], barrier: asyncio.Barrier | None) -> None:
        bodies = {external: self._body(shared, pool) for external, shared in post.shared.items()}
        intake, now = self.registry.app.state.intake, utc_now()
        async with self.registry.acting(post.office) as session:
            if barrier is not None:
                await barrier.wait()
            receipts: list[CaseReceipt] | list[CaseResult]
            if len(bodies) == 1:
                ((external, body),) = bodies.items()
                sent = CasePut.model_validate(body)
                ref = ("round", external)
                receipts = [
                    await posting.put_case(session, post.office, intake, ref, sent, now=now)
                ]
            else:
                items = [
                    CaseItem(source_system="round", external_id=external, case=body)
                    for external, body in bodies.items()
                ]
                receipts = await posting.put_cases(session, post.office, intake, items, now=now)
        post.overlaps = {overlap.id for receipt in receipts for overlap in receipt.overlaps}

    async def _check(self, posts: list[Post]) -> None:
        """Compare the overlaps that stand with the tokens that were shared."""
        rows = await self.registry.rows(
            _CASES,
            offices=[post.office.office_id for post in posts],
            externals=[external for post in posts for external in post.shared],
        )
        keys = dict(tuple(row) for row in rows)
        expected = {
            frozenset({keys[mine], keys[theirs]}): one.overlaps | other.overlaps
            for one, other in combinations(posts, 2)
            if one.office != other.office
            for mine, tokens in one.shared.items()
            for theirs, others in other.shared.items()
            if tokens & others
        }
        found = {
            frozenset({low, high}): f"ovl_{key.hex}"
            for key, low, high in await self.registry.rows(_FOUND, cases=list(keys.values()))
        }
        self.outcome.sharing += len(expected)
        self.outcome.missed += len(expected.keys() - found.keys())
        self.outcome.phantom += len(found.keys() - expected.keys())
        self.outcome.untold += sum(
            found[pair] not in told for pair, told in expected.items() if pair in found
        )

    async def recount(self) -> None:
        """Hold the registry's counts against the sightings."""
        for name, query in CHECKS.items():
            wrong = await self.registry.rows(query)
            self.outcome.failures += [f"{name}: {len(wrong)} rows"] if wrong else []


async def without_lock(
    _connection: object, tokens: list[tuple[bytes, int, int, int]], **_spec: int
) -> dict[bytes, Locked]:
    """Say what locking would say, and lock nothing: the mistake that the checker must see."""
    held = Holders(offices=1, subjects=2)
    return {token: Locked(kind, held, Holders(), is_fresh=False) for token, kind, _, _ in tokens}


async def run(
    url: str,
    keys: Path,
    *,
    rounds: int,
    offices: tuple[int, int] = (2, 8),
    seed: int = 1,
    is_naive: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Run `rounds` rounds on a migrated, empty database."""
    fewest, most = offices
    with pytest.MonkeyPatch.context() as patch:
        if is_naive:
            patch.setattr(queries, "lock_tokens", without_lock)
        async with Registry.started(url, keys, pool_size=2 * most) as registry:
            campaign = Campaign(registry, Random(seed))
            await campaign.add_offices(most)
            for number in range(1, rounds + 1):
                await campaign.round(fewest, most)
                if number % 250 == 0:
                    report(str(campaign.outcome))
            if not is_naive:
                await campaign.recount()
    return campaign.outcome


def main() -> int:
    """Run the campaign on a database of its own; 1 when something was missed or made up."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3000)
    parser.add_argument("--offices", default="2..8", help="fewest..most per round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--naive", action="store_true", help="without the lock; misses expected")
    chosen = parser.parse_args()
    fewest, most = map(int, chosen.offices.split(".."))
    started = time.monotonic()
    with ExitStack() as stack:
        keys = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "keys"
        create_keys(keys)
        template = Template(stack.enter_context(serving(f"collisions-{secrets.token_hex(4)}")))
        stack.callback(template.drop)
        outcome = asyncio.run(
            run(
                stack.enter_context(template.clone()),
                keys,
                rounds=chosen.rounds,
                offices=(fewest, most),
                seed=chosen.seed,
                is_naive=chosen.naive,
                report=lambda line: print(line, flush=True),
            )
        )
    for failure in outcome.failures[:10]:
        print(failure)
    label = "collisions without the lock" if chosen.naive else "collisions"
    print(f"{label}: {outcome}, {time.monotonic() - started:.0f} s")
    return int(outcome.missed == 0 if chosen.naive else not outcome.is_clean)


if __name__ == "__main__":
    sys.exit(main())
