"""A purge leaves no trace but the tombstone and the audit: in rows, files, answers and exports."""

import io
import json
import os
import re
import zipfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi.routing import APIRoute

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.ids import public_id
from app.identifiers.encoding import b64u_encode
from app.insights.measures import MEASURES
from app.retention.queries import SHOWN_FOR
from tests.access.people import Person, sign_in
from tests.factories import Registry
from tests.retention.test_leaving import DAY, NUMBERS, dump, handled, leave, let_pass
from tests.scenes import Meeting, all_ended, make_offices, meet

CASE: Final = "24-Quittance-Vellum"
"""The number of both cases; no identifier of anything."""
PATH: Final = f"/v1/cases/cms/{CASE}"
EXPLAINED: Final = "The drying shed is watched by our own unit until the harvest ends."
SAID: Final = "Somebody of the household may still be in the shed tonight."
"""Typed by who reads in an emergency: the record of a reading, which stays."""
OF_AUDIT: Final = {"audit_entries", "readings", "glass_breaks", "origin_entries"}
"""Who did, read and was shown what (28 CFR 23.20(g)): with ids that lead nowhere any more."""
AUDIT: Final = {"/audit", "/v1/audit-entries"}
LIVED_IN: Final = OF_AUDIT | {
    *(
        "cases",
        "announced_cases",
        "tokens",
        "sightings",
        "overlaps",
        "overlap_sides",
        "events",
        "checks",
    ),
    *("follow_ups", "contact_requests", "case_grants", "handling_requests", "handling_parties"),
}
"""Where the case was by more than its key: it is not for want of rows that nothing is found."""
ELSEWHERE: Final = {
    *("advice", "name", "path", "version", "passkey_id", "question_id", "reading_id", "act"),
    *("suppression_id", "webhook_id", "client_id", "kid", "person_id", "matter_id"),
    *("role", "code"),
}
"""Parts of addresses that name no case, nor what a case is in that can be purged."""


@dataclass(frozen=True)
class Lived:
    """A case of each of two offices that went through all that ends."""

    meeting: Meeting
    traces: tuple[bytes, ...]
    """What is distinctive of them, as files of the database hold it."""
    names: dict[str, list[str]]
    """What an address may name of them, by parameter."""


def permit() -> dict[str, Any]:
    """Return what asks for the evaluation of an element of the case before it is posted."""
    named = [{"source_system": "cms", "external_id": CASE}]
    digest = b64u_encode(bytes(32))
    return {
        "epoch": 1,
        "reason": "new_case",
        "cases": named,
        "counts": {"tel": 1},
        "digest": digest,
    }


async def all_seeing(meeting: Meeting) -> list[Person]:
    """Return somebody of each office who has every role."""
    every = set(Role) - {Role.CLIENT, Role.OPERATOR}
    offices = (meeting.first, meeting.second)
    return [await sign_in(meeting.registry, office, *every) for office in offices]


async def lived(registry: Registry) -> Lived:
    """Let two cases meet, be read, asked about, shown, kept apart, doubted and declined."""
    offices = await make_offices(registry, 3)
    for office in offices[:2]:
        assert (await office.http.post("/v1/tokens/permits", json=permit())).is_success
    meeting = await meet(registry, "open", "contact_first", offices=offices[:2], external_id=CASE)
    one, other = await all_seeing(meeting)
    overlap = f"/v1/overlaps/{meeting.overlap_id}"

    async def send(person: Person, method: str, path: str, body: Any, **headers: str) -> Any:
        once = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        answer = await person.http.request(method, path, json=body, headers=once | headers)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    asked = await send(one, "POST", f"{overlap}/contact-requests", {"reason": "act_ahead"})
    path = f"/v1/contact-requests/{asked['id']}/answers"
    await send(other, "POST", path, {"answer": "accept"}, **{"If-Match": '"1"'})
    for person in (one, other):
        assert (await person.http.get(f"{overlap}?reason=plea")).is_success
        await send(person, "POST", f"{PATH}/checks", {"act": "plea"})
        await send(
            person, "POST", f"{PATH}/corrections", {"asked_for": "person", "ground": "sealed"}
        )
    step = {"event": "acknowledge"}
    await send(one, "POST", f"{overlap}/follow-up/steps", step, **{"If-Match": '"0-1"'})
    broken = await send(one, "POST", f"{overlap}/glass-breaks", {"reason": SAID})
    given = {"rung": "contact", "purpose": "transfer", "office": offices[1].code}
    given["expires_at"] = (utc_now() + 9 * DAY).isoformat()
    grant = await send(one, "POST", f"{PATH}/grants", given)
    wall = await send(one, "POST", f"{PATH}/walls", {"office": offices[2].code})
    request = await send(one, "POST", f"{overlap}/handling-requests", {"kind": "consult"})
    declined = {"answer": "decline", "reason": "handled_separately", "explanation": EXPLAINED}
    path = f"/v1/handling-requests/{request['id']}/answers"
    await send(other, "POST", path, declined, **{"If-Match": '"1"'})
    tokens = [row[0] for row in await registry.rows("SELECT DISTINCT token FROM sightings")]
    name, key = public_id("ovl", meeting.key), meeting.key
    summary = str(meeting.first_case["summary"])
    written = (summary, CASE, EXPLAINED, key.hex, str(key), name)
    return Lived(
        meeting,
        (*(each.encode() for each in written), key.bytes, *tokens),
        {
            "source_system": ["cms"],
            "external_id": [CASE],
            "overlap_id": [name],
            "office": [offices[1].code, offices[0].code],
            "request_id": [asked["id"], request["id"]],
            "grant_id": [grant["id"]],
            "wall_id": [wall["id"]],
            "break_id": [broken["id"]],
            "measure": [*MEASURES],
            "meeting": ["state"],
        },
    )


async def purge(registry: Registry, scene: Lived) -> None:
    """Let one case expire and the other be withdrawn, and the nights pass until both must go."""
    await let_pass(scene.meeting)
    assert (await scene.meeting.second.http.delete(PATH)).status_code == 204
    await leave(registry, utc_now())
    await registry.rows(  # in use until then: that a machine client ends is nothing of a case
        "UPDATE client_credentials SET last_used_on = current_date + 90 RETURNING 1"
    )
    done = await leave(registry, utc_now() + SHOWN_FOR + DAY)
    assert handled(done, "cases.purge") == 2


async def files_with(url: str, traces: tuple[bytes, ...]) -> dict[str, set[str]]:
    """Return the tables in whose files, or those of their indexes, the traces are, by kind.

    Tables are written anew first: a deleted row's bytes stay in its page until others take their
    place (docs/records.md).
    """
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM (FULL)")
    await connection.execute("CHECKPOINT")
    rows = await connection.fetch(
        "SELECT pg_relation_filepath(c.oid) AS file, c.relkind::text AS kind,"
        "  coalesce(m.relname, t.relname, u.relname, c.relname) AS relation"
        " FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid"
        " LEFT JOIN pg_class m ON m.oid = i.indrelid AND m.relkind = 'r'"
        " LEFT JOIN pg_class t ON t.reltoastrelid IN (c.oid, i.indrelid)"
        " LEFT JOIN pg_class u ON u.oid = c.oid"
        " WHERE c.relkind IN ('r', 'i', 't') AND pg_relation_filepath(c.oid) LIKE 'base/%'"
    )
    await connection.close()
    return _found(url, [tuple(row) for row in rows], traces)


def _found(
    url: str, files: list[tuple[str, str, str]], traces: tuple[bytes, ...]
) -> dict[str, set[str]]:
    (directory,) = parse_qs(urlsplit(url).query)["host"]
    home = Path(directory, ".s.PGSQL.5432.lock").read_text().splitlines()[1]
    found: dict[str, set[str]] = {"r": set(), "i": set(), "t": set()}
    for file, kind, relation in files:
        content = Path(home, file).read_bytes()
        if any(trace in content for trace in traces):
            found[kind].add(relation)
    return found


def addresses(registry: Registry, names: dict[str, list[str]]) -> set[str]:
    """Return every address to read from, pages and exports too, with these names in it."""
    found = set()
    for route in registry.app.routes:
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            asked = re.findall(r"{(\w+)(?::\w+)?}", route.path)
            if ELSEWHERE.isdisjoint(asked) and not route.path.endswith("/stream"):
                for each in product(*(names[name] for name in asked)):
                    found.add(route.path.format(**dict(zip(asked, each, strict=True))))
    return found


def read(answer: httpx.Response) -> bytes:
    """Return what an answer says: of a spreadsheet its parts."""
    if not answer.content.startswith(b"PK"):
        return answer.content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        return b"".join(parts.read(name) for name in parts.namelist())


async def telling(person: Person, paths: set[str], traces: tuple[bytes, ...]) -> set[str]:
    """Return the addresses whose answers hold a trace that was not in the address."""
    assert (await person.http.get("/v1/overlaps")).status_code == 200
    found = set()
    for path in sorted(paths):
        answer = await person.http.get(path)
        assert answer.status_code < 500, path
        said = read(answer).replace(path.encode(), b"")
        if any(trace in said for trace in traces if trace not in path.encode()):
            found.add(path)
    return found


class TestPurge:
    @pytest.mark.skipif(
        "JOINDER_DATABASE_URL" in os.environ, reason="no files of a server named by URL are read"
    )
    async def test_leaves_nothing_in_rows_indexes_and_files(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        scene = await lived(registry)
        before = await files_with(fresh_database_url, scene.traces)
        assert before["r"] >= LIVED_IN, LIVED_IN - before["r"]
        assert before["i"] >= {"cases", "sightings", "tokens", "overlaps", "events"}
        keys = {row[0] for row in await registry.rows("SELECT id FROM cases")}
        await purge(registry, scene)
        stones = await registry.rows("SELECT reason FROM purged_cases ORDER BY case_id")
        assert [row[0] for row in stones] == ["review_passed", "withdrawn"]
        for office in (scene.meeting.first, scene.meeting.second):
            for path in ("/v1/events", "/v1/overlaps?retracted=true", "/v1/cases"):
                assert (await office.http.get(path)).json()["items"] == []
        after = await files_with(fresh_database_url, scene.traces)
        assert set().union(*after.values()) == OF_AUDIT
        texts = [text.encode() for text in (str(scene.meeting.first_case["summary"]), EXPLAINED)]
        assert set().union(*(await files_with(fresh_database_url, (*texts,))).values()) == set()
        for table, text in (await dump(fresh_database_url)).items():
            for row in map(json.loads, text.splitlines()):
                named = {value for name, value in row.items() if name.endswith("case_id")}
                assert table in NUMBERS or not keys & named, table

    @pytest.mark.long
    async def test_leaves_nothing_in_answers_pages_feeds_and_exports(
        self, registry: Registry
    ) -> None:
        scene = await lived(registry)
        await all_ended(registry)
        paths = addresses(registry, scene.names)
        for person in await all_seeing(scene.meeting):
            told = await telling(person, paths, scene.traces)
            assert told >= {"/v1/events", "/v1/cases", "/overlaps", "/cases", f"{PATH}/checks"}
        await purge(registry, scene)
        for person in await all_seeing(scene.meeting):  # who did not sign in for so long is locked
            told = await telling(person, paths, scene.traces)
            assert {path for path in told if "glass-break" not in path} <= AUDIT
