"""A rotation on real PostgreSQL: killed, interrupted, resumed among posts, and nothing lost."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg
import httpx
import pytest

from app.core.db import JOBS, create_engine, create_sessions
from app.core.errors import AppError
from app.evaluator.keys import EpochKeys
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.feed import FEED_KINDS, feed_digest
from app.identifiers.kinds import KINDS
from app.identifiers.match_keys import MatchKey, PersonName, person_aliases, phone_key
from app.identifiers.oprf import key_for
from app.identifiers.ristretto import multiply
from app.identifiers.suite import hash_to_group
from app.identifiers.tokens import stored_token
from app.overlaps.limits import LIMITS, MATCHED_PER_OFFICE
from app.rotation.errors import EpochStillTakenError
from app.rotation.steps import Steps
from app.serving.keys import create_keys
from tests.blinding import SEED, case
from tests.factories import OfficeClient, Registry
from tests.invariants.dump import dump, holding
from tests.overlaps.recount import ACTIVE_PAIRS, CHECKS
from tests.scenes import make_offices
from tests.serving.service import ROOT
from tests.suppressing.test_canaries import alarms, end_canary, set_canary
from tests.suppressing.test_suppressions import end, met, own_entries, suppress

PEOPLE, PHONES = 24, 12
"""Few enough that cases meet, and enough that no token becomes common."""

HOT_LINE: Final = PHONES
"""A phone that is common from the eleventh office on, which so matches nobody by it."""

NOBODY: Final = PEOPLE
"""The first of the people who are in one case only."""

SHAPE: Final = """
SELECT t.kind, t.match_spec, t.offices, t.subjects, t.hidden_offices, t.hidden_subjects,
       t.is_common, array_agg(g.place || s.id || '/' || g.alias ORDER BY g.place, s.id, g.alias)
FROM tokens t
JOIN (SELECT 'seen ' AS place, * FROM sightings UNION ALL SELECT 'hidden ', * FROM hidden_sightings
      UNION ALL SELECT 'aside ', * FROM common_sightings) AS g ON g.token = t.token
JOIN subjects s ON s.id = g.subject_id
WHERE t.epoch = :epoch
GROUP BY t.token
"""
"""All that is kept of tokens but the tokens themselves."""


class InterruptedRunError(Exception):
    """What stands for Ctrl-C in the middle."""


@dataclass
class World:
    """A registry with keys of its own, its offices, and what plaintext says of their cases."""

    registry: Registry
    url: str
    keys: Path
    offices: list[OfficeClient]
    posted: dict[str, frozenset[str]] = field(default_factory=dict)
    """Persons and phones of each case that was acknowledged, by `office/case`."""
    random: Random = field(default_factory=lambda: Random(7))

    async def post(self, office: OfficeClient, external_id: str, epoch: int) -> None:
        """Post or replace a case until it is acknowledged."""
        who, phone = self.random.randrange(PEOPLE), self.random.randrange(PHONES)
        disclosure = self.random.choice(["open", "silent"])
        body = case(subject(self.keys, epoch, who, phone), epoch=epoch, disclosure=disclosure)
        answer = await persistently(lambda: office.put_case(external_id, body))
        assert answer.status_code in {200, 201}, answer.text
        self.posted[f"{office.code}/{external_id}"] = frozenset({f"p{who}", f"t{phone}"})

    async def withdraw(self, office: OfficeClient, external_id: str) -> None:
        """Withdraw a case until that is acknowledged."""
        path = f"/v1/cases/cms/{external_id}"
        answer = await persistently(lambda: office.http.delete(path))
        assert answer.status_code == 204, answer.text
        del self.posted[f"{office.code}/{external_id}"]

    async def post_hot_line(self) -> None:
        """Let every office post somebody of its own with the hot line."""
        for place, office in enumerate(self.offices):
            body = case(subject(self.keys, 1, NOBODY + place, HOT_LINE))
            assert (await office.put_case("hot", body)).status_code == 201
            is_matched = place < LIMITS["tel"].offices
            facts = {f"p{NOBODY + place}"} | ({f"t{HOT_LINE}"} if is_matched else set())
            self.posted[f"{office.code}/hot"] = frozenset(facts)

    async def shape(self, epoch: int) -> list[Any]:
        """Return counts, flags and sightings of every token of an epoch, in some fixed order."""
        return sorted(map(tuple, await self.registry.rows(SHAPE, epoch=epoch)))

    def pairs(self) -> set[frozenset[str]]:
        """Return the overlaps that plaintext matching finds."""
        return {
            frozenset({one, other})
            for one, other in combinations(self.posted, 2)
            if one.partition("/")[0] != other.partition("/")[0]
            and self.posted[one] & self.posted[other]
        }

    async def check(self) -> None:
        rows = await self.registry.rows(ACTIVE_PAIRS)
        assert {frozenset(row) for row in rows} == self.pairs()
        for name, sql in CHECKS.items():
            assert await self.registry.rows(sql) == [], name

    async def count(self, epoch: int) -> int:
        ((found,),) = await self.registry.rows(
            "SELECT count(*) FROM sealed_elements e JOIN sealing_keys k ON k.id = e.sealing_key_id"
            " WHERE k.epoch = :epoch",
            epoch=epoch,
        )
        return int(found)

    def steps(self, said: list[str] | None = None) -> tuple[Any, Steps]:
        engine = create_engine(self.url, pool_size=2, role=JOBS)
        say = (said if said is not None else []).append
        rotation_key = self.keys / "offline" / "rotation.key"
        sessions = create_sessions(engine)
        few = {"shard": 4, "most_behind_the_gate": 0}
        return engine, Steps(sessions, self.keys, rotation_key, timedelta(hours=24), say, **few)

    def command(self, *arguments: str) -> "subprocess.Popen[str]":
        environment = {
            **os.environ,
            "JOINDER_DATABASE_URL": self.url,
            "JOINDER_KEYS": str(self.keys),
            "PYTHONPATH": str(ROOT),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli.main", "keys", "rotate", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


async def persistently(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Ask again as long as a switch came between; repeated, a post is lifted."""
    for _ in range(5):
        answer = await ask()
        if answer.status_code != 503:
            break
    return answer


def subject(keys: Path, epoch: int, who: int, phone: int, *, ref: str = "1") -> dict[str, Any]:
    """Return a posted subject with elements made under an epoch, without blinding."""
    seed = bytes.fromhex((keys / "evaluator" / f"seed-{epoch}").read_text())
    number = phone_key(f"+1415555{1000 + phone}")
    return {
        "ref": ref,
        "names": [
            {
                "rarity": alias.rarity,
                "provenance": "police_report",
                "tokens": {key.kind: element(seed, epoch, key) for key in alias.keys},
            }
            for alias in person_aliases([name_of(who)])
        ],
        "identifiers": [
            {
                "kind": "tel",
                "provenance": "police_report",
                "token": element(seed, epoch, number),
            }
        ],
    }


def name_of(who: int) -> PersonName:
    """Return a name that shares no key with any other one."""
    letters = chr(97 + who // 26) + chr(97 + who % 26)
    born = date(1950, 1, 1) + timedelta(days=397 * who)
    return PersonName("Alex", f"Quillon{letters}", born=born.isoformat())


def element(seed: bytes, epoch: int, key: MatchKey) -> str:
    pair = key_for(seed, KINDS[key.kind].key_class, epoch)
    return b64u_encode(multiply(pair.secret, hash_to_group(key.input)))


@pytest.fixture
async def world(fresh_database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    keys = tmp_path / "keys"
    create_keys(keys, seed=SEED)
    async with Registry.started(fresh_database_url, keys) as registry:
        offices = await make_offices(registry, LIMITS["tel"].offices + 1)
        yield World(registry, fresh_database_url, keys, offices)


async def kill_in_the_middle_of_a_shard(world: World) -> None:
    """Let the command wait for a lock after it wrote tokens, and kill it there."""
    connection = await asyncpg.connect(world.url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE sightings IN SHARE MODE")
            process = world.command()
            waiting = (
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            for _ in range(600):
                if await connection.fetchval(waiting) or process.poll() is not None:
                    break
                await asyncio.sleep(0.02)
            assert process.poll() is None, process.communicate()
            assert await connection.fetchval(waiting)
            process.send_signal(signal.SIGKILL)
            process.communicate()
    finally:
        await connection.close()


@pytest.mark.long
async def test_nothing_is_lost(world: World) -> None:
    await world.post_hot_line()
    writing = world.offices[:3]
    for number in range(8):
        await asyncio.gather(*[world.post(each, f"before-{number}", 1) for each in writing])
    await world.check()
    overlaps = dict(await world.registry.rows('SELECT id, version FROM "overlaps"'))
    versions = dict(await world.registry.rows("SELECT id, version FROM cases"))
    shape = await world.shape(1)
    old_tokens = [row[0] for row in await world.registry.rows("SELECT token FROM tokens")]

    await kill_in_the_middle_of_a_shard(world)
    seed = (world.keys / "evaluator" / "seed-2").read_text()
    assert await world.count(2) == 0

    def interrupt(done: int, _total: int) -> None:
        if done >= 16:
            raise InterruptedRunError

    engine, steps = world.steps()
    with pytest.raises(InterruptedRunError):
        await steps.run(interrupt)
    await engine.dispose()
    assert 0 < await world.count(2) < len(world.posted)
    assert await world.shape(1) == shape
    await world.check()
    assert dict(await world.registry.rows('SELECT id, version FROM "overlaps"')) == overlaps
    assert dict(await world.registry.rows("SELECT id, version FROM cases")) == versions

    said: list[str] = []
    engine, steps = world.steps(said)
    is_done = asyncio.Event()

    async def write(office: OfficeClient) -> None:
        number = 0
        while not is_done.is_set() or number < 3:
            await world.post(office, f"during-{number}", 1)
            again = f"before-{world.random.randrange(8)}"
            await world.post(office, again, 1)
            if number % 3 == 0:
                await world.withdraw(office, again)
            number += 1

    writers = [asyncio.create_task(write(office)) for office in writing]
    await steps.run(lambda _done, _total: None)
    is_done.set()
    await asyncio.gather(*writers)
    await engine.dispose()
    assert seed == (world.keys / "evaluator" / "seed-2").read_text()
    assert await world.count(1) == 0
    assert any("Key epoch 2 is in force" in line for line in said)
    await world.check()

    await going_on(world, writing)
    await finishing(world, old_tokens)
    await world.check()


async def going_on(world: World, writing: Sequence[OfficeClient]) -> None:
    """Post under both epochs after the switch, and make the common value rare again."""
    for number in range(2):
        for office in writing:
            await world.post(office, f"after-{number}", 2)
            await world.post(office, f"late-{number}", 1)
            await world.post(office, f"during-{number}", 2)
    await world.check()
    assert {row[0] for row in await world.registry.rows("SELECT DISTINCT epoch FROM tokens")} == {2}
    await world.withdraw(world.offices[0], "hot")  # ten are left, and match again
    world.posted[f"{world.offices[-1].code}/hot"] |= {f"t{HOT_LINE}"}
    await world.check()


async def finishing(world: World, old_tokens: list[bytes]) -> None:
    engine, steps = world.steps()
    with pytest.raises(EpochStillTakenError):
        await steps.finish()
    evaluator = EpochKeys(world.keys / "evaluator")
    assert set(evaluator.of(1)) == set(evaluator.of(2))
    keys = await world.registry.http().get("/v1/oprf/keys")
    assert (keys.json()["epoch"], keys.json()["previous"]["epoch"]) == (2, 1)
    deltas = (world.keys / "registry" / "delta-1").read_text()
    secrets = [*secret_files(world.keys, "-1").values(), deltas]
    body = case(subject(world.keys, 1, 0, 0), epoch=1)

    await world.registry.rows(
        "UPDATE key_epochs SET accepted_until = now() - interval '1 second'"
        " WHERE state = 'previous' RETURNING epoch"
    )
    refused = await world.offices[0].put_case("too-late", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "epoch-changed")
    done = world.command()
    out, err = done.communicate()
    assert done.returncode == 0, err
    assert "Epoch 1 has ended" in out
    await engine.dispose()

    assert not secret_files(world.keys, "-1")
    for path in world.keys.rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_text() for secret in secrets), path
            if path.parent.name != "public":
                assert path.stat().st_mode & 0o077 == 0, path
    with pytest.raises(AppError):
        evaluator.of(1)
    tables = await dump(world.url)
    assert not any(holding(tables, token) for token in old_tokens)
    left = await world.registry.rows("SELECT DISTINCT epoch FROM sealing_keys")
    assert {row[0] for row in left} == {2}
    keys = await world.registry.http().get("/v1/oprf/keys")
    assert (keys.json()["epoch"], keys.json()["previous"]) == (2, None)
    assert len(await world.registry.audit("key_epoch.ended")) == 1


def secret_files(keys: Path, ending: str) -> Mapping[str, str]:
    return {path.name: path.read_text() for path in keys.rglob(f"*{ending}") if path.is_file()}


async def test_lifted_tokens_are_those_of_the_new_keys(world: World) -> None:
    """An independent computation: from the inputs under the new seed, not by delta."""
    await world.post(world.offices[0], "24-1", 1)
    (facts,) = world.posted.values()
    who, phone = (next(int(fact[1:]) for fact in facts if fact[0] == letter) for letter in "pt")
    engine, steps = world.steps()
    await steps.run(lambda _done, _total: None)
    await engine.dispose()
    token_key = bytes.fromhex((world.keys / "registry" / "token-key-2").read_text())
    seed = bytes.fromhex((world.keys / "evaluator" / "seed-2").read_text())
    (alias,) = person_aliases([name_of(who)])
    keys = [*alias.keys, phone_key(f"+1415555{1000 + phone}")]
    expected = {
        stored_token(
            token_key,
            key.kind,
            multiply(key_for(seed, KINDS[key.kind].key_class, 2).secret, hash_to_group(key.input)),
        )
        for key in keys
    }
    found = await world.registry.rows("SELECT token FROM tokens")
    assert {row[0] for row in found} == expected


async def test_the_feed_of_defendants_goes_along(world: World) -> None:
    """Who is not charged stays out, and who is charged can be found under the new keys."""
    owner, reader, *_ = world.offices
    day = date.today().isoformat()  # noqa: DTZ011 -- a day that is never to come
    people = [subject(world.keys, 1, who, who, ref=str(who)) for who in range(2)]
    people[0]["is_charged"] = True
    facts = {"offences": [{"nibrs": "40A", "charged_on": day}]}
    assert (await owner.put_case("24-1", case(*people, facts=facts))).status_code == 201
    engine, steps = world.steps()
    await steps.run(lambda _done, _total: None)
    await engine.dispose()
    page = (await reader.http.get("/v1/defendant-feed")).json()
    assert page["epoch"] == 2
    (item,) = page["items"]
    expected = {
        b64u_encode(feed_digest(key.kind, b64u_decode(element(seed_of(world, epoch), epoch, key))))
        for epoch in (1, 2)
        for key in person_aliases([name_of(0)])[0].keys
        if key.kind in FEED_KINDS
    }
    assert set(item["digests"]) == expected


async def test_canaries_tell_under_every_keys(world: World) -> None:
    """Of posts before, during and after the switch, under the old keys while these are taken."""
    owner, poster, late = world.offices[:3]
    people = iter(range(NOBODY, 3 * NOBODY))

    async def use(client: OfficeClient, phone: int, epoch: int) -> None:
        body = case(subject(world.keys, epoch, next(people), phone), epoch=epoch)
        answer = await persistently(lambda: client.put_case(f"24-{phone}-{epoch}", body))
        assert answer.status_code in {200, 201}, answer.text

    def bait(phone: int, epoch: int) -> dict[str, Any]:
        return subject(world.keys, epoch, NOBODY, phone)

    canary, unused, ended = [
        await set_canary(world.registry, owner, bait(phone, 1)) for phone in range(3)
    ]
    await end_canary(world.registry, owner, ended)

    def interrupt(done: int, _total: int) -> None:
        if done:
            raise InterruptedRunError

    await use(poster, PHONES - 1, 1)
    engine, steps = world.steps()
    with pytest.raises(InterruptedRunError):
        await steps.run(interrupt)
    await use(poster, 0, 1)
    await steps.run(lambda _done, _total: None)
    for client, epoch in ((poster, 2), (late, 1)):
        for phone in (0, 2):
            await use(client, phone, epoch)
    lifted = await set_canary(world.registry, owner, bait(3, 1))
    await use(late, 3, 2)
    heard = [poster.code, poster.code, late.code]
    assert [code for code, _ in await alarms(world.registry, canary)] == heard
    assert [code for code, _ in await alarms(world.registry, lifted)] == [late.code]

    await world.registry.rows(
        "UPDATE key_epochs SET accepted_until = now() - interval '1 second'"
        " WHERE state = 'previous' RETURNING epoch"
    )
    await steps.run(lambda _done, _total: None)
    await engine.dispose()
    await use(late, 1, 2)
    await end_canary(world.registry, owner, canary)
    await use(poster, 0, 2)
    assert [code for code, _ in await alarms(world.registry, canary)] == heard
    assert [code for code, _ in await alarms(world.registry, unused)] == [late.code]
    assert await alarms(world.registry, ended) == []
    for name, sql in CHECKS.items():
        assert await world.registry.rows(sql) == [], name


def seed_of(world: World, epoch: int) -> bytes:
    return bytes.fromhex((world.keys / "evaluator" / f"seed-{epoch}").read_text())


@pytest.mark.long
async def test_counts_flags_and_shares_stay(world: World) -> None:
    """Also where posts under the epoch before gave room to subjects that were lifted already."""
    await world.post_hot_line()
    office, other = world.offices[:2]

    def crowd(place: int, how_many: int, disclosure: str) -> dict[str, Any]:
        refs = range(how_many)
        subjects = [subject(world.keys, 1, 40 + place + n, place, ref=str(n)) for n in refs]
        return case(*subjects, disclosure=disclosure)

    for place, disclosure in enumerate(("open", "silent")):
        for name, how_many in (("full", MATCHED_PER_OFFICE), ("beyond", 3)):
            body = crowd(place, how_many, disclosure)
            answer = await office.put_case(f"{name}-{disclosure}", body)
            assert answer.status_code == 201, answer.text

    def stop_when_lifted(done: int, total: int) -> None:
        if done == total:
            raise InterruptedRunError

    engine, steps = world.steps()
    with pytest.raises(InterruptedRunError):
        await steps.run(stop_when_lifted)
    assert await world.shape(2) == (before := await world.shape(1))
    assert any(row[6] for row in before)
    assert any("aside" in place for row in before for place in row[7])

    fewer = MATCHED_PER_OFFICE - 2
    for place, disclosure in enumerate(("open", "silent")):
        body = crowd(place, fewer, disclosure)
        assert (await office.put_case(f"full-{disclosure}", body)).status_code == 200
    assert (await other.http.delete("/v1/cases/cms/hot")).status_code == 204
    for name, sql in CHECKS.items():
        assert await world.registry.rows(sql) == [], name
    before = await world.shape(1)
    await steps.run(lambda _done, _total: None)
    await engine.dispose()
    assert await world.shape(2) == before
    for name, sql in CHECKS.items():
        assert await world.registry.rows(sql) == [], name


async def test_entries_of_suppression_lists_go_along(world: World) -> None:
    """Whether a case that holds the value was posted before or after, or nobody holds it."""
    one, other, late, *_ = world.offices
    people = iter(range(NOBODY, 3 * NOBODY))

    async def post(client: OfficeClient, external_id: str, phone: int, epoch: int) -> None:
        body = case(subject(world.keys, epoch, next(people), phone), epoch=epoch)
        answer = await persistently(lambda: client.put_case(external_id, body))
        assert answer.status_code == 201

    for client in (one, other):
        await post(client, "24-1", 0, 1)
    values = [subject(world.keys, 1, NOBODY, phone) for phone in range(3)]
    *entries, ended = [await suppress(one, each) for each in values]
    await end(one, ended)
    assert await met(one) == set()

    engine, steps = world.steps()
    await steps.run(lambda _done, _total: None)
    assert [(each["id"], each["epoch"]) for each in await own_entries(one)] == [
        (each["id"], 2) for each in entries[::-1]
    ]
    for client, epoch in ((late, 1), (late, 2), (one, 1), (other, 2)):
        await post(client, f"24-{epoch + 1}", 0 if client is late else 1, epoch)
    assert (await met(one), await met(other)) == (set(), {late.code})

    await world.registry.rows(
        "UPDATE key_epochs SET accepted_until = now() - interval '1 second'"
        " WHERE state = 'previous' RETURNING epoch"
    )
    await steps.run(lambda _done, _total: None)
    await engine.dispose()
    assert await met(one) == set()
    for each, found in ((entries[1], {other.code}), (entries[0], {other.code, late.code})):
        await end(one, each)
        assert await met(one) == found
    for name, sql in CHECKS.items():
        assert await world.registry.rows(sql) == [], name
