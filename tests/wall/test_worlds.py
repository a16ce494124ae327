"""Every operation on everything of others, by who must not: with both walls, and with either alone.

Who asks is told the same of what there is as of what is not, status and body. The policy is opened
by letting the application take the caller for one who may: then each of its conditions holds, and
only the database knows better.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx
import pytest
import pytest_asyncio

from app.access.principal import Principal
from tests.access.people import Person, sign_in
from tests.access.test_matrix import PEOPLE
from tests.blinding import case
from tests.database import Template
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices
from tests.wall.acting import client_of
from tests.wall.estate import (
    NONE,
    Estate,
    delays,
    differences,
    make_estate,
    marked,
    marked_pages,
    page_differences,
)
from tests.wall.open_doors import let_everybody, mistake, open_the_database, open_the_policy

ASKERS: Final = ("client", "person", "walled person", "silenced office")
OF_NO_CASE: Final = {
    *("webhook_id", "delivery_id", "person_id", "question_id", "suppression_id", "reading_id")
}
REFUSED: Final = {"put /v1/cases/{source_system}/{external_id}"}
"""A person cannot post under the number of a case that a wall hides; absent, it could."""
LEAST_TOLD: Final = {"client": 20, "person": 20, "walled person": 15, "silenced office": 1}
"""Reads that tell something where no wall stands: so many each crawl would notice."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarded(shared_registry: Registry) -> Estate:
    """Return an estate in a database with row security."""
    return await make_estate(shared_registry)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def opened(database_template: Template, keys_directory: Path) -> AsyncIterator[Estate]:
    """Yield an estate in a database that hides nothing."""
    with database_template.clone() as url:
        async with Registry.started(url, keys_directory) as registry:
            estate = await make_estate(registry)
            await open_the_database(url)
            yield estate


@dataclass(frozen=True)
class Asker:
    """Who asks for what, and for whom the application is to take it."""

    http: httpx.AsyncClient
    principal: Principal
    taken_for: httpx.AsyncClient
    ids: Mapping[str, str]
    own_number: str = ""
    """A case of its own, to ask for parts of others' cases below it."""


async def make_asker(kind: str, estate: Estate) -> Asker:
    """Return one of `ASKERS`."""
    registry = estate.registry
    may = await sign_in(registry, estate.owner, *PEOPLE)
    if kind == "walled person":
        ids = {name: key for name, key in estate.ids.items() if name not in OF_NO_CASE}
        principal = await _person_of(registry, estate.owner, estate.walled)
        return Asker(estate.walled.http, principal, may.http, ids)
    if kind == "silenced office":
        principal = await _person_of(registry, estate.owner, may)
        other = await sign_in(registry, estate.hidden, *PEOPLE)
        return Asker(may.http, principal, other.http, {"overlap_id": estate.hidden_id})
    (office,) = await make_offices(registry, 1)
    await office.put_case("25-1", case())
    if kind == "client":
        principal = await client_of(registry, office)
        return Asker(office.http, principal, estate.owner.http, estate.ids, "25-1")
    person = await sign_in(registry, office, *PEOPLE)
    principal = await _person_of(registry, office, person)
    return Asker(person.http, principal, may.http, estate.ids, "25-1")


async def _person_of(registry: Registry, office: OfficeClient, person: Person) -> Principal:
    principal = replace(await client_of(registry, office), client_id=None, person_id=person.key)
    return replace(principal, roles=frozenset(PEOPLE))


every_asker = pytest.mark.parametrize("kind", ASKERS)
some_askers = pytest.mark.parametrize(
    "kind", [pytest.param(each, marks=[pytest.mark.long] * (each != "person")) for each in ASKERS]
)


async def check(asker: Asker, http: httpx.AsyncClient, estate: Estate) -> None:
    """Check that whoever uses `http` is told nothing, and nothing in a list."""
    told = await differences(http, asker.ids)
    assert not {each: what for each, what in told.items() if each not in REFUSED}
    marks, open_lists = estate.marks, set[str]()
    if asker.own_number:
        assert not await differences(http, asker.ids, asker.own_number)
    else:
        marks = {key for key in asker.ids.values() if len(key) == len(NONE)}
        open_lists = {"/v1/audit-entries"}  # auditors of an office read ids of all that it did
    listed = await marked(http, marks)
    assert listed.keys() <= open_lists, listed


@pytest.mark.long
@every_asker
async def test_with_both_walls_nobody_is_told_of_what_is_not_theirs(
    guarded: Estate, kind: str
) -> None:
    asker = await make_asker(kind, guarded)
    await check(asker, asker.http, guarded)


@pytest.mark.parametrize("kind", [each for each in ASKERS if each != "client"])
async def test_no_page_tells_of_what_is_not_theirs(guarded: Estate, kind: str) -> None:
    asker = await make_asker(kind, guarded)
    told = await page_differences(asker.http, asker.ids)
    assert not told, told
    marks = {key for key in asker.ids.values() if len(key) == len(NONE)}
    marks |= {"24-0", "24-1"} if kind == "walled person" else set()
    assert not await marked_pages(asker.http, marks)
    if kind != "walled person":
        return
    # what stands in the way is the wall
    may = await sign_in(guarded.registry, guarded.owner, *PEOPLE)
    assert len(await page_differences(may.http, asker.ids)) > 20
    assert len(await marked_pages(may.http, marks)) > 5


@some_askers
async def test_with_the_policy_alone_nobody_is_told(opened: Estate, kind: str) -> None:
    asker = await make_asker(kind, opened)
    await check(asker, asker.http, opened)


@some_askers
async def test_with_the_database_alone_nobody_is_told(
    guarded: Estate, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = await make_asker(kind, guarded)
    open_the_policy(monkeypatch)
    let_everybody(monkeypatch)
    mistake(monkeypatch, asker.principal)
    await check(asker, asker.taken_for, guarded)


@pytest.mark.parametrize(
    "kind", ["client", "silenced office", pytest.param("walled person", marks=pytest.mark.long)]
)
async def test_what_is_not_theirs_takes_as_long_as_nothing(guarded: Estate, kind: str) -> None:
    asker = await make_asker(kind, guarded)
    assert not await delays(asker.http, asker.ids)
    theirs = asker.ids["overlap_id"]

    async def delay(request: httpx.Request) -> None:
        if theirs in request.url.path:
            await asyncio.sleep(0.02)

    asker.http.event_hooks["request"].append(delay)
    told = await delays(asker.http, {"overlap_id": theirs}, samples=(8,))
    asker.http.event_hooks["request"].remove(delay)
    assert "/v1/overlaps/{overlap_id}" in told, "what takes longer is noticed"


@pytest.mark.long
@every_asker
async def test_with_no_wall_everybody_is_told(
    opened: Estate, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = await make_asker(kind, opened)
    open_the_policy(monkeypatch)
    let_everybody(monkeypatch)
    mistake(monkeypatch, asker.principal)
    told = await differences(asker.taken_for, asker.ids, may_act=False)
    assert len(told) >= LEAST_TOLD[kind], sorted(told)
