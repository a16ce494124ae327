"""Every page over HTTP, with several rows of each list: what each has to be, whichever it is."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import OPERATOR
from app.core.clock import utc_now
from app.core.db import transaction
from app.jobs.nightly import run
from app.jobs.steps import Step
from app.offices.schemas import CommitmentSign
from app.offices.service import sign_commitment
from tests.access.people import Person, sign_in
from tests.access.test_matrix import PEOPLE
from tests.factories import OfficeClient, Registry
from tests.handling.heads import TERMS, Side, good, settle
from tests.insights.test_insights import publish
from tests.invariants import test_i6_audited as steps
from tests.scenes import all_ended, make_offices, meet, something
from tests.suppressing.test_suppressions import suppress
from tests.wall.estate import Estate, make_estate
from tests.web.pages import PageReader, Reader, reader, statements
from tests.web.places import READ, follow, place_of

MOST: Final = 26
"""Statements of a page, those of its sign-in among them; a matter has four lists, each audited."""
ROWS: Final = 6
"""More than the parts of a page that each look again for what all are of."""
ELSEWHERE: Final = {
    *("/sign-in/provider", "/sign-in/notice", "/sign-in/second-factor"),
    *("/sign-in/again", "/demo/night"),
    *("/account/passkeys/{passkey_id}/remove", "/machines/{client_id}/keys/{kid}"),
}
"""Steps of a sign-in, what only the demonstration has, and questions about one more key."""
FEW: Final = {
    *("/account", "/audit/shown", "/machines/{client_id}", "/webhooks/{webhook_id}"),
    *("/cases/{source_system}/{external_id}", "/matters/{matter_id}/origin", "/infusion"),
    *(
        "/cases/{source_system}/{external_id}/access",
        "/cases/{source_system}/{external_id}/network",
    ),
    *("/cases/{source_system}/{external_id}/check/list", "/quotas", "/infusion/new"),
    *(
        "/cases/{source_system}/{external_id}/checks",
        "/cases/{source_system}/{external_id}/readings",
    ),
}
"""Pages whose tables are short or empty here: on one thing, or filled by a script."""
CASE: Final = "/v1/cases/cms/24-1"
_ADD_MACHINE: Final = """
WITH added AS (
  INSERT INTO client_credentials (id, office_id, label, scopes, networks, created_at, expires_on)
  SELECT gen_random_uuid(), id, 'test', '{cases:read}', '{}', now(), current_date + 730
  FROM offices WHERE code = :code RETURNING id)
INSERT INTO client_keys (client_id, kid, public_jwk, added_at)
SELECT id, :row, '{}', now() FROM added RETURNING kid
"""
_ADD_ALARM: Final = """
INSERT INTO alarms (office_id, kind, finding, count, raised_at)
SELECT id, 'readings', :row, 1, now()
FROM offices WHERE code = :code RETURNING number
"""
STEPS: Final = (
    *(steps.break_glass, steps.ask_again, steps.ask_desk, steps.ask_correction),
    *(steps.check, steps.give),
)
"""What an office does over and over."""
URGENT: Final = {"reason": "A person may be in danger before the other office can answer."}
OF_STATE: Final = "/state", "/agenda", "/insights"
OURS: Final = re.compile(
    r"(?<![\w.:])(?:tokens?|hash(?:ed|es)?|digests?|epochs?|evaluat(?:ed|ions?|ors?)|sightings?|cursors?"
    r"|rungs?|retract(?:ed|ions?)|normali[sz]ed|idempoten\w+)(?![\w:])",
    re.IGNORECASE,
)
"""Words of ours that nobody who uses the pages has to know."""
STARTS: Final = (
    *("/overlaps", "/account", "/summary-readings", "/infusion?direction=received"),
    *("/cases/cms/24-1/access", "/summary-readings/any"),
)
"""Where links lead on to all others."""


@dataclass
class Walk:
    """Who opens pages of a registry, one of each route, and what they were."""

    registry: Registry
    asked: dict[str, list[str]] = field(default_factory=dict)
    """By address the statements of a page."""
    rows: dict[str, int] = field(default_factory=dict)
    """By address how many rows the tables of a page have, 0 of one that says that there is none."""
    wrong: list[str] = field(default_factory=list)

    async def go(self, visitor: Reader, *starts: str) -> None:
        """Open the pages that links lead to."""

        async def read(address: str) -> PageReader:
            await visitor.get(address)  # notes what is seen for the first time
            with statements(self.registry) as asked:
                answer = await visitor.get(address)
            page = PageReader(answer.text)
            self.asked[address] = asked
            if "<tbody>" in answer.text or "j-empty" in answer.text:
                self.rows[address] = answer.text.count("<tr>") - answer.text.count("<thead>")
            self.wrong += [f"{address}: {each}" for each in _wrong_with(answer, page)]
            return page

        await follow(read, *starts, met=[place_of(each) for each in self.asked])


async def test_each_page_is_as_all_are_and_asks_for_no_row_by_itself(
    shared_registry: Registry,
) -> None:
    estate = await make_estate(shared_registry)
    visitor = await reader(shared_registry, estate.owner, *PEOPLE)  # so that it has notices
    await _add_rows(estate)
    walk = Walk(shared_registry)
    await walk.go(visitor, *STARTS, f"/handling/hnd_{estate.ids['request_id']}")
    await walk.go(Reader(shared_registry.http()), "/sign-in", "/help", "/accessibility")
    general, *pair = await _fill_state(shared_registry)
    await walk.go(await reader(shared_registry, general, *PEOPLE), *OF_STATE)
    ended = await _retract(shared_registry, *pair)
    await walk.go(ended, "/overlaps/retracted")
    assert walk.wrong == [], "\n".join(walk.wrong)
    assert {each.path for each in READ} - ELSEWHERE == {place_of(each) for each in walk.asked}
    few = {place_of(path) for path, rows in walk.rows.items() if rows < ROWS}
    assert few <= FEW
    repeated = {
        path: [each for each, times in Counter(asked).items() if times >= ROWS]
        for path, asked in walk.asked.items()
    }
    assert {path: found for path, found in repeated.items() if found} == {}
    assert {path: len(asked) for path, asked in walk.asked.items() if len(asked) > MOST} == {}


def _wrong_with(answer: httpx.Response, page: PageReader) -> list[str]:
    """Return what no page may be."""
    policy = answer.headers["content-security-policy"]
    said = answer.text.lower().replace("not_suspected", "")  # a value
    read = " ".join(page.said)
    rules = {
        f"status {answer.status_code} {answer.headers.get('location', '')}": answer.status_code
        == 200,
        "inline": page.inline == [],
        "one heading": page.tags.count("h1") == page.tags.count("main") == 1,
        "kept": answer.headers["cache-control"] == "no-store",
        "policy": "script-src 'self';" in policy and "unsafe" not in policy,
        "referrer": answer.headers.get_list("referrer-policy") == ["same-origin"],
        "word": "suspect" not in said and "prostitut" not in said,
        f"plain: {OURS.findall(read)}": not OURS.search(read),
        "UTC on hover": all("UTC" in each for each in page.instants),
    }
    return [name for name, is_kept in rules.items() if not is_kept]


async def _add_rows(estate: Estate) -> None:
    """Add to what the estate has one of, so often that a statement for each stands out."""
    registry, owner = estate.registry, estate.owner
    heads = [await sign_in(registry, owner, *PEOPLE) for _ in range(ROWS)]
    partner = await sign_in(registry, estate.partner, *PEOPLE)
    sides = [Side(registry, owner), Side(registry, estate.partner)]
    for number, head in enumerate(heads):
        offices = [owner, estate.partner]
        met = await meet(registry, offices=offices, external_id=f"25-{number}")
        drafted = await head.send(
            "POST",
            f"/v1/overlaps/{met.overlap_id}/handling-requests",
            {"kind": "joint_handling", "terms": TERMS},
        )
        if number < ROWS - 1:  # the newest stays a draft
            await settle(sides, good(drafted)["id"])
        asked = await meet(
            registry, second="contact_first", offices=offices, external_id=f"26-{number}"
        )
        contact = {"reason": "act_ahead"}
        good(await head.send("POST", f"/v1/overlaps/{asked.overlap_id}/contact-requests", contact))
        steps.LEADS[owner.code] = [head] * len(STEPS)
        for step in STEPS:
            good(await step(asked))
        good(await partner.send("POST", f"/v1/overlaps/{met.overlap_id}/glass-breaks", URGENT))
        good(await partner.http.get(f"/v1/overlaps/{met.overlap_id}?reason=victim_safety"))
        hook = {"url": f"https://cms{number}.example.com/joinder"}
        good(await head.send("POST", "/v1/webhooks", hook))
        wall = {"person": f"psn_{head.key.hex}"}
        await _work(head, f"/v1/matters/mat_{estate.ids['matter_id']}", estate)
        good(await head.send("POST", f"{CASE}/walls", wall))
        await suppress(owner, something())
        for sql in (_ADD_MACHINE, _ADD_ALARM):
            await registry.rows(sql, code=owner.code, row=f"row-{number}")
        await run(registry.operator, [Step("alarms.raise", _rest)], as_of=utc_now())
    await meet(registry, second="contact_first", offices=offices, external_id="27-0")
    await make_offices(registry, ROWS)
    await all_ended(registry)  # an event is handed out when every transaction before it has ended


async def _fill_state(registry: Registry) -> list[OfficeClient]:
    """Return an Attorney General's office with much to count, and two that meet often."""
    general = await registry.add_office("MT-AG", kind="attorney_general")
    offices = [await registry.add_office(f"MT-{number}") for number in range(ROWS)]
    for number in range(ROWS):
        await meet(registry, offices=offices[:2], external_id=f"28-{number}")
    lapses = CommitmentSign(
        trafficking_type="labor",
        signatory="District Attorney",
        signed_on=utc_now().date() - timedelta(days=300),
        lapses_on=utc_now().date() + timedelta(days=30),
    )
    async with transaction(registry.operator) as session:
        for each in offices:
            await sign_commitment(session, OPERATOR, each.code, lapses)
    await all_ended(registry)
    await publish(registry)
    return [general, *offices[:2]]


async def _retract(registry: Registry, office: OfficeClient, other: OfficeClient) -> Reader:
    """Let what an office has seen end, and return who may read that there."""
    visitor = await reader(registry, office, *PEOPLE)
    await visitor.get("/overlaps")
    for number in range(ROWS):
        withdrawn = await other.http.delete(f"/v1/cases/cms/28-{number}")
        assert withdrawn.is_success, withdrawn.text
    return visitor


async def _rest(session: AsyncSession, *, limit: int, now: datetime) -> int:
    """Have nothing to do."""
    del session, limit, now
    return 0


async def _work(head: Person, matter: str, estate: Estate) -> None:
    """Name a member, give a task and write a note."""
    today = utc_now().date().isoformat()
    member = {"name": "Dana Sample", "post": "analyst", "joined_on": today}
    task = {"office": estate.owner.code, "kind": "filing", "due_on": today}
    note = {"kind": "decision", "text": "Filed in one county."}
    for end, body in (("members", member), ("tasks", task), ("notes", note)):
        good(await head.send("POST", f"{matter}/{end}", body))
