"""Two registries that differ in one hidden office only answer another office alike, byte for byte.

`python -m tests.campaigns.twins --sequences 2000` runs many; a small run is in the test suite.
"""

import argparse
import asyncio
import logging
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import structlog
from hypothesis import strategies as st

from app.access.vocabulary import DISCLOSURES, RECORD_CLASSES, Role
from app.core.clock import utc_now
from app.jobs.nightly import run as run_night
from app.jobs.steps import steps as night_steps
from app.people.deps import CSRF_HEADER
from app.serving.keys import create_keys
from tests.access.people import Person, sign_in
from tests.blinding import SEED, case
from tests.database import Template, serving
from tests.factories import OfficeClient, Registry
from tests.scenes import all_ended, someone

Step = tuple[str, int, int, str]
"""What is done, to which case, about whom, and how it is disclosed."""

ACTS: Final = (
    *("hide", "put", "put", "put many", "read", "cases", "overlaps", "overlap", "ask", "requests"),
    *("give", "grants", "explain", "preview", "state", "breaks", "me", "other puts"),
    *("network", "check", "checks", "follow-ups", "follow-up", "contact", "looks"),
    *("open", "readings", "hidden opens", "other opens"),
    *("page", "page of queue", "page of overlap", "page of case", "page of check", "page opened"),
    "events",
)
OF_NIGHTS: Final = ("hold", "give held", "let pass", "night", "runs")
"""What random sequences of the campaign do too; the hidden office alone does the first three."""
PAGES: Final = ("/overlaps?turn=ours", "/cases", "/handling")
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from(DISCLOSURES),
    ),
    min_size=5,
    max_size=25,
)
_ANY: Final = {"X-Request-Id": "0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"}
_OPAQUE: Final = re.compile(
    r"(?:ovl|hnd|grt|brk|chk|crq|sec|evt|run|psn)_[0-9a-f]{32}|client:[0-9a-f-]{36}|[0-9a-f]{8}-[0-9a-f-]{27}"
    r"|(?<=\"digest\":\")[0-9a-f]{64}|(?<=cursor[\"=])[\":]*[A-Za-z0-9_-]{20,}"
    r"|(?<=\"at\":\")[^\"]+|(?<=\"as_of\":\")[^\"]+|(?<=\"started_at\":\")[^\"]+|(?<=\"finished_at\":\")[^\"]+"
    r"|(?<=name=\"csrf_token\" value=\")[A-Za-z0-9_-]{43}|(?<=name=\"key\" value=\")[0-9a-f]{32}"
)


class Twin:
    """One office's view of a registry, with everything random in it numbered by appearance."""

    def __init__(
        self, registry: Registry, me: OfficeClient, hidden: OfficeClient, other: OfficeClient
    ) -> None:
        self.registry, self.me, self.hidden, self.other = registry, me, hidden, other
        self.names: dict[str, str] = {}
        self.seen: list[str] = []
        self.person: httpx.AsyncClient | None = None
        self.auditor: Person | None = None

    @classmethod
    async def make(cls, registry: Registry, codes: Sequence[str], now: datetime) -> "Twin":
        """Return the twin with three new offices; its clock stands still."""
        registry.app.state.clock = lambda: now
        me, hidden = [await registry.add_office(code) for code in codes[:2]]
        other = await registry.add_office(codes[2], kind="attorney_general")
        return cls(registry, me, hidden, other)

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any, str]:
        """Return all that the office can observe of an answer, apart from its time."""
        headers = {**_ANY, "Idempotency-Key": uuid4().hex} if method == "POST" else _ANY
        return self._heard(await self.me.http.request(method, path, json=body, headers=headers))

    async def page(self, path: str, **fields: str) -> tuple[int, Any, str]:
        """Return the same of a page, or of a form that somebody of the office sends there."""
        if self.person is None:
            self.person = (await sign_in(self.registry, self.me, Role.PROSECUTOR)).http
        if not fields:
            return self._heard(await self.person.get(path, headers=_ANY))
        sent = {"csrf_token": self.person.headers[CSRF_HEADER], "key": uuid4().hex, **fields}
        return self._heard(await self.person.post(path, data=sent, headers=_ANY))

    async def events(self) -> tuple[int, Any, str]:
        """Return the same of all events that the office may know of by now."""
        await all_ended(self.registry)
        return await self.send("GET", "/v1/events")

    async def runs(self) -> tuple[int, Any, str]:
        """Return the same of what an auditor of the office hears of the last night."""
        if self.auditor is None:
            self.auditor = await sign_in(self.registry, self.me, Role.AUDITOR)
        return self._heard(await self.auditor.http.get("/v1/runs?limit=1", headers=_ANY))

    async def hide_more(self, what: str, place: int) -> None:
        """Do something with a hidden case that can only be seen by what a night makes of it."""
        path = f"/v1/cases/cms/24-{place}"
        if what == "hold":
            head = await sign_in(self.registry, self.hidden, Role.LEADERSHIP)
            await head.send("PUT", f"{path}/hold", {"reason": "An appeal is pending."})
        statements = {
            "give held": "INSERT INTO case_grants"
            " (case_id, grantee_office_id, rung, purpose, granted_at, expires_at)"
            " SELECT c.id, o.id, 2, 'joint_handling', now(), now() + interval '20 days'"
            " FROM cases c JOIN offices f ON f.id = c.office_id JOIN offices o ON o.code = :me"
            " WHERE f.code = :hidden AND c.external_id = :ref AND c.held_at IS NOT NULL"
            " RETURNING case_id",
            "let pass": "UPDATE cases c SET review_on = current_date - 1 FROM offices f, offices o"
            " WHERE f.id = c.office_id AND f.code = :hidden AND c.external_id = :ref"
            " AND o.code = :me RETURNING c.id",
        }
        if what in statements:
            me, hidden = self.me.code, self.hidden.code
            await self.registry.rows(statements[what], me=me, hidden=hidden, ref=f"24-{place}")

    def _heard(self, answer: httpx.Response) -> tuple[int, Any, str]:
        self.seen += re.findall(r"ovl_[0-9a-f]{32}", answer.text)
        heard = [(key.decode(), self._numbered(value)) for key, value in answer.headers.raw]
        return answer.status_code, sorted(heard), self._numbered(answer.content)

    def _numbered(self, text: bytes) -> str:
        def name(match: re.Match[str]) -> str:
            return self.names.setdefault(match[0], f"#{len(self.names)}")

        return _OPAQUE.sub(name, text.decode())


async def act(twin: Twin, step: Step, people: Sequence[Any], *, has_hidden: bool) -> Any:
    """Do one step and return what the office hears of it."""
    what, place, whom, disclosure = step
    body = case(people[whom], disclosure=disclosure, record_class=RECORD_CLASSES[place])
    path, overlap = f"/v1/cases/cms/24-{place}", (twin.seen or ["ovl_" + "0" * 32])[0]
    if what in {"hide", "other puts"}:
        client = twin.hidden if what == "hide" else twin.other
        changed = {**body, "disclosure": "silent"} if what == "hide" else body
        if what == "other puts" or has_hidden:
            answer = await client.put_case(f"24-{place}", changed)
            assert answer.is_success or answer.json()["code"] == "case-held", answer.text
        return None
    if what in OF_NIGHTS[:3]:
        return await twin.hide_more(what, place) if has_hidden else None
    if what == "night":
        registry = twin.registry
        done = await run_night(
            registry.operator, night_steps(registry.app.state.intake), as_of=utc_now()
        )
        assert {each.state for each in done} == {"succeeded"}, done
        return None
    if what.endswith(" opens"):
        reader = twin.hidden if what == "hidden opens" else twin.other
        for found in await reader.overlaps():
            await reader.http.get(f"/v1/overlaps/{found['id']}?reason=plea")
        return None
    grant = {
        "office": twin.other.code,
        "rung": "contact",
        "purpose": "transfer",
        "expires_at": "2027-06-01T00:00:00Z",
    }
    item = {"source_system": "cms", "external_id": f"24-{place}", "case": body}
    asked = {key: body[key] for key in ("disclosure", "record_class", "trafficking_type")}
    sends: dict[str, Callable[[], Any]] = {
        "put": lambda: twin.send("PUT", path, body),
        "put many": lambda: twin.send("PUT", "/v1/cases", {"cases": [item]}),
        "read": lambda: twin.send("GET", path),
        "cases": lambda: twin.send("GET", f"/v1/cases?limit={place + 1}"),
        "overlaps": lambda: twin.send("GET", f"/v1/overlaps?limit={place + 1}"),
        "overlap": lambda: twin.send("GET", f"/v1/overlaps/{overlap}"),
        "open": lambda: twin.send("GET", f"/v1/overlaps/{overlap}?reason=plea"),
        "readings": lambda: twin.send("GET", f"{path}/readings"),
        "ask": lambda: twin.send(
            "POST", f"/v1/overlaps/{overlap}/handling-requests", {"kind": "consult"}
        ),
        "requests": lambda: twin.send("GET", "/v1/handling-requests"),
        "give": lambda: twin.send("POST", f"{path}/grants", grant),
        "grants": lambda: twin.send("GET", f"{path}/grants"),
        "explain": lambda: twin.send("GET", f"{path}/access/{twin.hidden.code}"),
        "preview": lambda: twin.send("POST", "/v1/cases/audience-preview", asked),
        "state": lambda: twin.send("GET", "/v1/state-overlaps"),
        "network": lambda: twin.send("GET", f"{path}/network"),
        "check": lambda: twin.send("POST", f"{path}/checks", {"act": "plea"}),
        "checks": lambda: twin.send("GET", f"{path}/checks"),
        "follow-ups": lambda: twin.send("GET", "/v1/follow-ups"),
        "follow-up": lambda: twin.send("GET", f"/v1/overlaps/{overlap}/follow-up"),
        "contact": lambda: twin.send(
            "POST", f"/v1/overlaps/{overlap}/contact-requests", {"reason": "act_ahead"}
        ),
        "looks": lambda: twin.send("GET", "/v1/second-looks"),
        "events": twin.events,
        "runs": twin.runs,
        "breaks": lambda: twin.send("GET", "/v1/glass-breaks"),
        "me": lambda: twin.send("GET", "/v1/me"),
        "page": lambda: twin.page(PAGES[place]),
        "page of queue": lambda: twin.page(f"/overlaps?turn=all&case=24-{place}"),
        "page of overlap": lambda: twin.page(f"/overlaps/{overlap}"),
        "page of case": lambda: twin.page(f"/cases/cms/24-{place}"),
        "page of check": lambda: twin.page(f"/cases/cms/24-{place}/checks", act="plea"),
        "page opened": lambda: twin.page(f"/overlaps/{overlap}/opened", opened_for="plea"),
    }
    return await sends[what]()


async def transcripts(
    registries: tuple[Registry, Registry], sequence: Sequence[Step], *, reveal: bool = False
) -> list[list[Any]]:
    """Return what one office hears of both registries; only the first has the hidden cases.

    With `reveal` the hidden office is open instead, to show that a difference would be seen.
    """
    mark = uuid4().hex[:8].upper()
    codes = [f"CA-{mark}{place}" for place in range(3)]
    people, now = [someone() for _ in range(3)], utc_now()
    heard: list[list[Any]] = []
    for registry, has_hidden in zip(registries, (True, False), strict=True):
        twin = await Twin.make(registry, codes, now)
        if reveal and has_hidden:
            await twin.hidden.put_case("24-0", case(people[0], disclosure="open"))
        answers = [await act(twin, step, people, has_hidden=has_hidden) for step in sequence]
        heard.append([_without_counts(answer) for answer in answers])
    return heard


def _without_counts(answer: Any) -> Any:
    """Leave out what tests before this one and the clock change: how many offices, what is left.

    Offices of other tests are the twins', too; how long a sign-in goes on is told in seconds.
    """
    if answer is None:
        return None
    status, headers, body = answer
    return status, [h for h in headers if h[0] != "content-length"], re.sub(
        r'("offices":|data-ends-seconds=")\d+', r"\1n", body
    )  # fmt: skip


def random_steps(chance: random.Random) -> list[Step]:
    """Return a sequence that hides something early."""
    how_many = chance.randint(5, 25)
    drawn = [
        (
            chance.choice((*ACTS, *OF_NIGHTS)),
            chance.randrange(3),
            chance.randrange(3),
            chance.choice(DISCLOSURES),
        )
        for _ in range(how_many)
    ]
    return [("hide", chance.randrange(3), chance.randrange(3), "silent"), *drawn]


async def run(urls: tuple[str, str], keys: Path, sequences: int, seed: int) -> int:
    """Return how many of so many random sequences told the twins apart."""
    chance, told = random.Random(seed), 0
    async with Registry.started(urls[0], keys) as one, Registry.started(urls[1], keys) as two:
        for _ in range(sequences):
            sequence = random_steps(chance)
            first, second = await transcripts((one, two), sequence)
            if first != second:
                told += 1
                print(sequence, file=sys.stderr)
    return told


def main() -> None:
    """Run the campaign and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    chosen = parser.parse_args()
    began = time.perf_counter()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as directory, serving(uuid4().hex) as server:
        keys = Path(directory) / "keys"
        create_keys(keys, seed=SEED)
        template = Template(server)
        with template.clone() as one, template.clone() as two:
            told = asyncio.run(run((one, two), keys, chosen.sequences, chosen.seed))
        template.drop()
    seconds = time.perf_counter() - began
    print(f"seed {chosen.seed}: {chosen.sequences} sequences, {told} differ, in {seconds:.0f} s")
    sys.exit(bool(told))


if __name__ == "__main__":
    main()
