"""The sheet of a monthly meeting: the same for all who sit in it, and nothing small on it."""

import json
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.agendas import queries
from app.agendas.errors import CommitteeRefusedError
from app.agendas.schemas import AgendaRead
from app.agendas.service import make_agendas, paper, set_committee
from app.agendas.topics import STATE, TOPICS
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.offices import service as offices
from app.offices.schemas import CommitmentSign
from tests.access.people import Person, sign_in
from tests.database import migrate
from tests.factories import OfficeClient, Registry
from tests.handling.heads import TERMS, draft, good, settle
from tests.papers.tagged import check_tagged
from tests.scenes import end_agreement, meet
from tests.web.pages import Reader

NOW = utc_now()


async def make(registry: Registry) -> None:
    """Make the agendas of every state that is due."""
    more = 1
    while more:
        async with transaction(registry.operator) as session:
            more = await make_agendas(session, OPERATOR, now=utc_now(), limit=1)


async def seat(registry: Registry, state: str, name: str, *members: OfficeClient) -> None:
    """Seat offices in a committee."""
    codes = [each.code for each in members]
    async with transaction(registry.operator) as session:
        await set_committee(session, OPERATOR, state, name, codes)


async def read(person: Person, meeting: str = "state") -> dict[str, Any]:
    """Return the sheet of a meeting as somebody reads it."""
    answer = await person.send("GET", f"/v1/agendas/{meeting}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counts(agenda: dict[str, Any]) -> dict[str, int | None]:
    """Return the numbers of a sheet that are not zero."""
    return {each["topic"]: each["count"] for each in agenda["topics"] if each["count"] != 0}


async def each_topic_once(registry: Registry) -> list[str]:
    """Let six offices of a state bring about each topic once; return what no sheet may hold."""
    (one, two, three, four, five, six) = [
        await registry.add_office(f"UT-{n}0000") for n in range(1, 7)
    ]
    fresh = await meet(registry, offices=[one, two], external_id="agenda-fresh")
    stale = await meet(registry, offices=[three, four], external_id="agenda-stale")
    apart = await meet(registry, offices=[five, six], external_id="agenda-apart")
    asked = await meet(
        registry, *["contact_first"] * 2, offices=[one, three], external_id="agenda-asked"
    )
    await apart.first.say(apart.overlap_id, "confirmed")
    await apart.second.say(apart.overlap_id, "not_a_match", "different_person")
    good(
        await one.http.post(
            f"/v1/overlaps/{asked.overlap_id}/contact-requests",
            json={"reason": "act_ahead"},
            headers={"Idempotency-Key": "agenda-asked"},
        )
    )
    soon = {"terms": {**TERMS, "ends_on": str(NOW.date() + timedelta(days=30))}}
    (sent, sent_id), (soon_ends, soon_id), (ended, ended_id) = [
        await draft(registry, offices=pair, ask=ask)
        for pair, ask in (([two, four], {}), ([one, five], soon), ([three, six], {}))
    ]
    good(await sent[0].send(sent_id, "moves", {"move": "submit"}))
    good(await sent[0].sign(sent_id))
    await settle(soon_ends, soon_id)
    await settle(ended, ended_id)
    end = {"decision": "conclude", "reason": "transferred"}
    good(await ended[0].send(ended_id, "decisions", end))
    ids = [fresh.overlap_id, stale.overlap_id, apart.overlap_id, asked.overlap_id]
    for sides, request in ((sent, sent_id), (soon_ends, soon_id), (ended, ended_id)):
        ids.append((await sides[0].read(request))["overlap_id"])
        for side in sides:
            assert (await side.office.say(ids[-1], "confirmed")).status_code == 200
    # a question that was answered waits for nobody
    question = good(await three.request_handling(ids[-1], "information"))
    good(await six.answer(question["id"], {"answer": "accept"}))
    for office in (one, three):
        assert (await office.say(asked.overlap_id, "confirmed")).status_code == 200
    await registry.rows(
        "UPDATE public.overlaps SET found_at = found_at - interval '40 days'"
        " WHERE id = ANY (:ids) RETURNING id",
        ids=[parse_public_id("ovl", each) for each in ids[1:]],
    )
    requests = [sent_id, soon_id, ended_id]
    return [*ids, *requests, "agenda-", "+1415", "Worked without pay"]


async def waiting(registry: Registry) -> dict[str, int]:
    """Return what is counted in the state before anything small is left out."""
    async with transaction(registry.operator) as session:
        rows = await queries.list_counts(session, "UT", now=utc_now())
    return {row["topic"]: row["n"] for row in rows if row["committee"] == STATE}


class TestAgenda:
    async def test_tells_every_office_the_same_and_nothing_small(
        self, shared_registry: Registry
    ) -> None:
        five = [await shared_registry.add_office(f"NM-{n}0000") for n in range(1, 6)]
        unit = await shared_registry.add_office("NM-90000", kind="attorney_general")
        for number, pair in enumerate(combinations(five, 2)):
            await meet(shared_registry, offices=list(pair), external_id=f"24-{number}")
            await meet(shared_registry, "silent", offices=list(pair), external_id=f"25-{number}")
        await seat(shared_registry, "NM", "Valley", *five[:4])
        await seat(shared_registry, "NM", "River", five[4])
        with pytest.raises(CommitteeRefusedError):
            await seat(shared_registry, "NM", "Desert", five[0], five[4])
        await make(shared_registry)

        member = await sign_in(shared_registry, five[0], Role.COORDINATOR)
        other = await sign_in(shared_registry, five[4], Role.PROSECUTOR)
        general = await sign_in(shared_registry, unit, Role.COORDINATOR)
        whole = await read(member)
        assert whole == await read(other) == await read(general)
        # ten pairs, four of each office: six are of others, and the silent ones of nobody
        assert counts(whole) == {"new_overlaps": 10}
        found = (await general.send("GET", "/v1/agendas")).json()["items"]
        ids = {each["name"]: each["id"] for each in found}
        assert list(ids) == ["New Mexico", "River", "Valley"]
        # six pairs, three of each office: three are of others, which is too few to tell
        assert counts(await read(member, ids["Valley"])) == {"new_overlaps": None}
        small = await read(other, ids["River"])
        assert (small["has_counts"], small["topics"]) == (False, [])
        for person, meeting in ((other, ids["Valley"]), (member, ids["River"]), (member, "7")):
            refused = await person.send("GET", f"/v1/agendas/{meeting}")
            assert (refused.status_code, refused.json()["code"]) == (404, "agenda-not-found")
        page = (await Reader(member.http).get("/agenda")).text
        assert "About 10" in page
        assert "Valley" in page
        assert "River" not in page

    async def test_tells_of_each_topic_without_a_case_and_of_nothing_that_is_hidden(
        self, shared_registry: Registry
    ) -> None:
        hidden = await each_topic_once(shared_registry)
        await make(shared_registry)
        office = await shared_registry.add_office("UT-70000")
        member = await sign_in(shared_registry, office, Role.COORDINATOR)
        sheet = await read(member)
        assert counts(sheet) == dict.fromkeys(TOPICS)  # some, and too few to tell
        page = (await Reader(member.http).get("/agenda")).text
        lines = str(paper(AgendaRead.model_validate(sheet), NOW.date()))
        for words in TOPICS.values():
            assert words in page
            assert f"{words}: some" in lines
        for text in (json.dumps(sheet), page, lines):
            assert not [each for each in hidden if each in text]
        assert await waiting(shared_registry) == dict.fromkeys(TOPICS, 1)
        elsewhere = await shared_registry.add_office("ID-70000")
        stranger = await sign_in(shared_registry, elsewhere, Role.COORDINATOR)
        assert (await read(stranger))["name"] == "Idaho"
        await shared_registry.rows(
            "UPDATE cases SET disclosure = 'silent' WHERE office_id IN"
            " (SELECT id FROM offices WHERE state = 'UT') RETURNING id"
        )
        assert await waiting(shared_registry) == {}

    async def test_says_of_nothing_that_was_not_counted_that_there_is_none(
        self, shared_registry: Registry
    ) -> None:
        offices = [await shared_registry.add_office(f"SD-{n}7000") for n in range(1, 4)]
        head = await sign_in(shared_registry, offices[0], Role.LEADERSHIP)

        async def says(text: str) -> tuple[bool, bool, list[bool]]:
            sheet = await read(head)
            page = (await Reader(head.http).get("/agenda")).text
            printed = await head.send("GET", "/v1/agendas/state/agenda.pdf")
            lines = check_tagged(printed.content, "Agenda of the monthly meeting: South Dakota")
            none = [
                "None</td>" in page,
                f"{TOPICS['new_overlaps']}: none" in lines,
                bool(sheet["topics"]),
            ]
            assert text in page
            assert text.lower() in " ".join(lines.split()).lower()
            return sheet["has_counts"], sheet["made_on"] is not None, none

        assert await says("counted yet") == (False, False, [False] * 3)
        await make(shared_registry)
        assert await says("Fewer than four offices") == (False, True, [False] * 3)
        offices.append(await shared_registry.add_office("SD-47000"))  # counts from next week on
        assert await says("Fewer than four offices") == (False, True, [False] * 3)
        await shared_registry.rows("DELETE FROM agendas WHERE state = 'SD' RETURNING 1")
        await make(shared_registry)
        assert await says("multiple of five") == (True, True, [True] * 3)
        await end_agreement(shared_registry, offices[3])
        assert await says("Fewer than four offices") == (False, True, [False] * 3)

    async def test_that_was_counted_before_the_upgrade_is_counted_anew(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        counted = "SELECT count(*) FROM agendas"
        await registry.add_office("CA001000A")
        await make(registry)
        ((made,),) = await registry.rows(counted)
        assert made == 1
        while await registry.rows("SELECT 1 FROM alembic_version WHERE version_num >= '0081'"):
            migrate(fresh_database_url, "-1")
        assert [tuple(row) for row in await registry.rows(counted)] == [(made,)]
        migrate(fresh_database_url)
        assert [tuple(row) for row in await registry.rows(counted)] == [(0,)]

    async def test_names_lapsing_commitments_and_ending_agreements(
        self, shared_registry: Registry
    ) -> None:
        (one, other, third) = [await shared_registry.add_office(f"ND-{n}0000") for n in (1, 2, 3)]
        today = NOW.date()
        async with transaction(shared_registry.operator) as session:
            for office, days in ((one, -3), (other, 30), (third, 300)):
                said = CommitmentSign(
                    trafficking_type="labor",
                    signatory="District Attorney",
                    signed_on=today - timedelta(days=300),
                    lapses_on=today + timedelta(days=days),
                )
                await offices.sign_commitment(session, OPERATOR, office.code, said)
        head = await sign_in(shared_registry, one, Role.LEADERSHIP)
        agenda = await read(head)
        assert [(each["office"]["code"], each["has_lapsed"]) for each in agenda["commitments"]] == [
            (one.code, True),
            (other.code, False),
        ]
        assert (agenda["committed"], len(agenda["offices"])) == (2, 3)
        printed = await head.send("GET", "/v1/agendas/state/agenda.pdf")
        assert printed.headers["content-type"] == "application/pdf"
        check_tagged(printed.content, "Agenda of the monthly meeting: North Dakota")
        again = await head.send("GET", "/v1/agendas/state/agenda.pdf")
        assert again.content == printed.content

        await end_agreement(shared_registry, one)
        refused = await head.send("GET", "/v1/agendas/state")
        assert refused.status_code == 404
        assert "No meeting" in (await Reader(head.http).get("/agenda")).text
