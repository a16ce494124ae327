"""A run for one office: each step does what concerns it, and a full run does the rest."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.cli.main import app
from app.core.clock import utc_now
from app.core.db import JOBS, become, enter, transaction
from app.jobs.nightly import run
from app.jobs.steps import NIGHTLY, Step, steps
from app.offices import service as offices
from app.offices.schemas import StateSet
from tests.access.people import sign_in
from tests.database import Template
from tests.factories import OfficeClient, Registry
from tests.handling.heads import good
from tests.handling.test_news import LAW, asked_by_general
from tests.invariants.test_i6_audited import ask_again
from tests.scenes import make_offices, meet
from tests.wall.acting import office_id
from tests.wall.estate import make_estate


@dataclass(frozen=True)
class Due:
    """How work of a step comes to be due for both offices."""

    days: int = 1
    """How many days from now the step is taken."""
    made: str = ""
    """SQL that makes it for the office `:office`."""
    first: Sequence[tuple[str, int]] = ()
    """Steps that come first, and on which day."""


_CASES: Final = (
    'SELECT min(o.low_case_id), min(o.high_case_id) FROM "overlaps" o'
    " JOIN cases c ON c.id IN (o.low_case_id, o.high_case_id) WHERE c.office_id = :office"
)
_MAIL: Final = (
    "INSERT INTO mails (office_id, person_id, state, attempts, due_at)"
    " SELECT office_id, id, '{}', 1, now() FROM persons WHERE office_id = :office LIMIT 1"
)
_DUE: Final = {
    "cases.expire": Due(days=2000),
    "cases.purge": Due(days=2100, first=[("cases.expire", 2000)]),
    "suppressions.expire": Due(days=2000),
    "overlaps.finish": Due(made=f"INSERT INTO pending_pairs (low_case_id, high_case_id) {_CASES}"),
    "overlaps.compare": Due(made=f"INSERT INTO recount_pairs (low_case_id, high_case_id) {_CASES}"),
    "handling.deem": Due(days=30),
    "handling.escalate": Due(
        days=30,
        made="UPDATE handling_requests SET on_silence = 'escalate'"
        " WHERE requester_office_id = :office AND status = 'sent'",
    ),
    "handling.expire": Due(days=30),
    "handling.release": Due(
        made="UPDATE handling_parties SET leaves_on = current_date WHERE request_id IN"
        " (SELECT request_id FROM matters) AND office_id = :office"
    ),
    "matters.remind": Due(days=31),
    "contact_requests.expire": Due(days=30),
    "second_looks.ask": Due(
        made="WITH declined AS (UPDATE cases SET record_class = 'declined',"
        " declined_reason = 'insufficient_evidence', review_on = current_date + 90,"
        " attestation = jsonb_build_object('attests', 'declined', 'basis', 'report',"
        " 'attested_by', 'Head', 'attested_on', validated_on, 'support_at', 'File')"
        ' WHERE office_id = :office RETURNING id) UPDATE "overlaps" SET found_at = now() +'
        " interval '1 hour' WHERE low_case_id IN (SELECT id FROM declined)"
        " OR high_case_id IN (SELECT id FROM declined)"
    ),
    "follow_ups.remind": Due(days=30),
    "follow_ups.escalate": Due(days=60, first=[("follow_ups.remind", 30)]),
    "defendants.expire": Due(
        made="UPDATE cases SET feed_digests = decode(repeat('00', 32), 'hex'),"
        " feed_charged_on = current_date - 400 WHERE office_id = :office"
    ),
    "infusion.expire": Due(days=90),
    "lapses.tell": Due(
        made="UPDATE cases SET review_on = current_date + 20 WHERE office_id = :office"
    ),
    "lapses.record": Due(days=4),
    "lapses.tell_again": Due(
        made="WITH ended AS (UPDATE participation_agreements SET ends_on = current_date - 10"
        " WHERE office_id = :office RETURNING *)"
        " INSERT INTO participation_agreements"
        " (office_id, version, signatory, signed_on, effective_on)"
        " SELECT office_id, version, signatory, signed_on, current_date - 1 FROM ended"
    ),
    "access_reviews.remind": Due(days=366),
    "people.disable_idle": Due(days=91),
    "clients.end_idle": Due(days=91),
    "glass.alarm": Due(days=4),
    "alarms.raise": Due(
        made="INSERT INTO readings (case_id, owner_office_id, overlap_id, office_id,"
        " office_case_id, actor, reader, roles, rung, reason, read_at, logged_at)"
        " SELECT 1, 1, gen_random_uuid(), :office, 1, 'test', 'person', '{}', 3, 'plea', now(),"
        " now() FROM generate_series(1, 101)"
    ),
    "mails.digest": Due(
        made="INSERT INTO notice_settings (person_id, office_id, muted, read_written_in,"
        " read_number, mail, address, mail_written_in, mail_due_at)"
        " SELECT id, office_id, '{}', 0, 0, 'daily', 'someone@example.com', 0, now()"
        " FROM persons WHERE office_id = :office LIMIT 1"
    ),
    "mails.alarm": Due(made=_MAIL.format("dead")),
    "webhooks.alarm": Due(),
    "people.forget": Due(days=2),
    "assertions.forget": Due(
        made="INSERT INTO spent_assertions (client_id, jti_digest, expires_at)"
        " SELECT id, decode('00', 'hex'), now() FROM client_credentials WHERE office_id = :office"
    ),
    "mails.forget": Due(days=40, made=_MAIL.format("delivered")),
    "webhooks.forget": Due(
        days=40,
        made="UPDATE webhook_deliveries SET state = 'delivered' WHERE office_id = :office",
    ),
    "lapses.forget": Due(
        days=300,
        made="INSERT INTO lapse_notices (office_id, what, key, ends_on, stage, told_at)"
        " VALUES (:office, 'case', '1', current_date, 0, now())",
    ),
}
"""By step; one that is new declares here how its work comes to be due, or in the table why it is
of no office."""


@pytest.fixture(scope="module")
async def estates(
    database_template: Template, keys_directory: Path
) -> AsyncIterator[tuple[Registry, list[OfficeClient], list[OfficeClient]]]:
    """Yield a registry with two offices that have one of everything, and two Attorneys General."""
    with database_template.clone() as url:
        async with Registry.started(url, keys_directory) as registry:
            owners = []
            for _ in range(2):
                owners.append((await make_estate(registry)).owner)
                other = (await make_offices(registry, 1))[0]
                asked = await meet(registry, offices=[owners[-1], other], external_id="24-8")
                good(await owners[-1].request_handling(asked.overlap_id))
                await ask_again(asked)  # only of that one, not of what else it overlaps with
            generals = [(await asked_by_general(registry))[0][0].office for _ in range(2)]
            async with transaction(registry.operator) as session:
                switched = StateSet(state="WY", has_deemed_consent=True)
                await offices.set_state(session, OPERATOR, switched)
            yield registry, owners, generals


async def drain(session: Any, step: Step, *, days: int, **office: int) -> int:
    """Repeat a step as a run does, but for the transaction; return how many items it handled."""
    done, more = 0, 1
    while more:
        await enter(session, NIGHTLY)
        await become(session, JOBS)
        more = await step.work(
            session, limit=step.limit, now=utc_now() + timedelta(days=days), **office
        )
        done += more
    return done


class _UndoneError(Exception):
    """Ends the transaction of a try."""


async def counts(
    registry: Registry, step: Step, due: Due, made_for: Sequence[int], *order: int | None
) -> list[int]:
    """Return what a step handles for these offices one after the other, None for all; undone."""
    every = {each.name: each for each in steps(registry.app.state.intake)}
    found = []
    try:
        async with transaction(registry.operator) as session:
            await session.execute(text("SET LOCAL ROLE none"))
            for office in made_for if due.made else ():
                await session.execute(text(due.made), {"office": office})
            for name, days in due.first:
                await drain(session, every[name], days=days)
            for asked in order:
                one = {} if asked is None else {"office_id": asked}
                found.append(await drain(session, step, days=due.days, **one))
            raise _UndoneError  # noqa: TRY301 -- ends the transaction
    except _UndoneError:
        return found


class TestSteps:
    async def test_each_does_what_concerns_one_office_or_says_why_it_cannot(
        self,
        estates: tuple[Registry, list[OfficeClient], list[OfficeClient]],
        subtests: pytest.Subtests,
    ) -> None:
        registry, owners, generals = estates
        every = steps(registry.app.state.intake)
        assert {each.name for each in every if each.of_all is None} == _DUE.keys()
        for step in every:
            if step.of_all is not None:
                continue
            with subtests.test(step.name):
                due = _DUE[step.name]
                clients = generals if step.name == "handling.deem" else owners
                one, other = [await office_id(registry, each) for each in clients]
                taken = step
                if step.name == "handling.deem":
                    taken = Step(
                        step.name, lambda *a, work=step.work, **k: work(*a, table=[LAW], **k)
                    )
                (whole,) = await counts(registry, taken, due, (one, other), None)
                first, second, rest = await counts(
                    registry, taken, due, (one, other), one, other, None
                )
                alone, *_ = await counts(registry, taken, due, (one, other), other, one)
                assert min(first, second) > 0
                assert second == alone
                assert first + second + rest == whole


class TestRun:
    async def test_tells_what_it_left_out_and_is_read_by_that_office_alone(
        self, registry: Registry, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine, other = await make_offices(registry, 2)
        every = steps(registry.app.state.intake)
        key = await office_id(registry, mine)
        done = await run(registry.operator, every, as_of=utc_now(), office_id=key)
        assert {each.step: each.reason for each in done if each.state == "left_out"} == {
            each.name: each.of_all for each in every if each.of_all
        }
        assert {each.state for each in done} == {"succeeded", "left_out"}
        monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
        shown = await asyncio.to_thread(CliRunner().invoke, app, ["nightly", "--show", "last"])
        head, *lines = shown.output.splitlines()
        assert head.endswith(f"of {mine.code}")
        assert len([line for line in lines if "left out: " in line]) == 8
        again = await run(registry.operator, every, as_of=utc_now())
        assert {each.before for each in again} == {None}  # only a run for all is like another
        for office, runs in ((mine, 2), (other, 1)):
            auditor = await sign_in(registry, office, Role.AUDITOR)
            items = (await auditor.send("GET", "/v1/runs")).json()["items"]
            assert [each["is_of_own_office"] for each in items] == [False, True][:runs]
            page = (await auditor.http.get("/runs")).text
            assert page.count("for your office alone") == runs - 1
