"""Questions to desks of other offices: their life as a state machine, and who may know of them."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.access.permissions import Permission
from app.access.principal import OPERATOR, Principal
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.errors import AppError
from app.core.ids import parse_public_id
from app.infusion import desks, service
from app.infusion.schemas import QuestionAsk, QuestionNotUsed, QuestionRead, QuestionUsed
from tests.access.people import sign_in
from tests.database import Template
from tests.factories import OfficeClient, Registry
from tests.scenes import all_ended, end_agreement, make_offices
from tests.wall.acting import acting, office_id

STEPS: Final = {
    ("asked", "withdraw"): {"open": "withdrawn", "taken": "withdrawn"},
    ("asked", "use"): {"answered": "used"},
    ("asked", "not_use"): {"answered": "not_used"},
    ("received", "take"): {"open": "taken"},
    ("received", "answer"): {"open": "answered", "taken": "answered"},
}
"""By side and step: from which state to which; written again, apart from the code."""
FINAL: Final = {"used", "not_used", "withdrawn", "expired"}
TEXT: Final = "How did you prove a debt that grew while wages were paid on paper?"
ADVICE: Final = "Compare the ledgers with the records of the bank for the same weeks."


def wish(desk: OfficeClient, **changes: Any) -> dict[str, Any]:
    asked = {"desk": desk.code, "topic": "labor", "trafficking_type": "labor", "question": TEXT}
    return {**asked, **changes}


async def post(office: OfficeClient, path: str, body: Any = None) -> httpx.Response:
    headers = {"Idempotency-Key": uuid4().hex}
    return await office.http.post(path, json=body or {}, headers=headers)


async def with_desk(registry: Registry, how_many: int = 2) -> list[OfficeClient]:
    """Return offices, of which the second has a desk for labor."""
    offices = await make_offices(registry, how_many)
    lead = await sign_in(registry, offices[1], Role.LEADERSHIP)
    put = await lead.send("PUT", "/v1/infusion-desk", {"topics": ["labor", "finance", "labor"]})
    assert put.json()["topics"] == ["finance", "labor"]
    return offices


async def ask(office: OfficeClient, desk: OfficeClient) -> dict[str, Any]:
    answer = await post(office, "/v1/infusion-questions", wish(desk))
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/infusion-questions/{answer.json()['id']}"
    found: dict[str, Any] = answer.json()
    return found


class Life(RuleBasedStateMachine):
    """Two offices and a stranger do whatever they like to a question, at any time."""

    registry: ClassVar[Registry]
    portal: ClassVar[BlockingPortal]
    principals: ClassVar[dict[str, Principal]]
    desk: ClassVar[str]

    @initialize()
    def ask(self) -> None:
        self.now, self.changes = utc_now(), 1
        asked = QuestionAsk.model_validate(
            {"desk": self.desk, "topic": "labor", "trafficking_type": "sex", "question": TEXT}
        )
        self.known = self.call("asked", partial(service.ask_question, asked=asked))
        self.key = parse_public_id("inf", self.known.id)

    def call(self, who: str, act: Any) -> QuestionRead:
        """Let someone act in a transaction of its own."""

        async def run() -> QuestionRead:
            principal = self.principals[who]
            async with self.registry.acting(principal) as session:
                found: QuestionRead = await act(session, principal, now=self.now)
                return found

        return self.portal.call(run)

    @rule(
        who=st.sampled_from(["asked", "received", "stranger"]),
        step=st.sampled_from(["withdraw", "use", "not_use", "take", "answer"]),
    )
    def step(self, who: str, step: str) -> None:
        acts = {
            "withdraw": partial(service.withdraw_question, question_id=self.key),
            "take": partial(service.take_question, question_id=self.key),
            "answer": partial(service.answer_question, question_id=self.key, answer=ADVICE),
            "use": partial(
                service.say_use,
                question_id=self.key,
                said=QuestionUsed(use="used", code="trial"),
            ),
            "not_use": partial(
                service.say_use,
                question_id=self.key,
                said=QuestionNotUsed(use="not_used", code="too_late"),
            ),
        }
        status: str | None = STEPS.get((who, step), {}).get(self.known.status)
        is_late = self.known.status in {"open", "taken"} and self.now >= self.known.expires_at
        if status is None or is_late:
            with pytest.raises(AppError) as refused:
                self.call(who, acts[step])
            assert refused.value.status == (404 if who == "stranger" else 409)
            return
        self.known = self.call(who, acts[step])
        self.changes += 1
        assert self.known.status == status

    @rule(days=st.sampled_from([1, 29, 31]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def expire(self) -> None:
        async def run(now: datetime) -> None:
            async with transaction(self.registry.operator, OPERATOR) as session:
                while await service.expire_questions(session, OPERATOR, now=now, limit=2):
                    pass

        is_due = self.known.status in {"open", "taken"} and self.now >= self.known.expires_at
        self.portal.call(run, self.now)
        if is_due:
            self.changes += 1
            self.known = self.read("asked")
            assert self.known.status == "expired"

    def read(self, who: str) -> QuestionRead:
        return self.call(who, partial(service.read_question, question_id=self.key))

    @invariant()
    def both_see_the_same_and_every_change_is_audited(self) -> None:
        if not hasattr(self, "key"):
            return
        mine, theirs = self.read("asked"), self.read("received")
        assert mine == theirs.model_copy(update={"direction": "asked"})
        assert mine == self.known.model_copy(update={"direction": "asked"})
        assert mine.version == self.changes
        assert (mine.answer is not None) == (mine.status in {"answered", "used", "not_used"})
        assert (mine.settled_at is not None) == (mine.status in FINAL)
        rows = self.portal.call(
            partial(
                self.registry.rows,
                "SELECT count(*) FROM audit_entries WHERE object = :id",
                id=self.known.id,
            )
        )
        assert rows[0][0] == self.changes


class TestLife:
    @pytest.fixture
    def machine(self, database_template: Template, keys_directory: Path) -> Iterator[type[Life]]:
        with ExitStack() as stack:
            url = stack.enter_context(database_template.clone())
            portal = stack.enter_context(start_blocking_portal())
            started = Registry.started(url, keys_directory)
            Life.registry = stack.enter_context(portal.wrap_async_context_manager(started))
            Life.portal = portal
            Life.principals, Life.desk = portal.call(self._offices, Life.registry)
            yield Life

    @staticmethod
    async def _offices(registry: Registry) -> tuple[dict[str, Principal], str]:
        offices = await make_offices(registry, 3)
        sides = zip(("asked", "received", "stranger"), offices, strict=True)
        found = {
            side: Principal(
                f"client:{office.client_id}",
                await office_id(registry, office),
                frozenset(Permission),
                is_participating=True,
                client_id=UUID(office.client_id),
                roles=frozenset({Role.LEADERSHIP}),
            )
            for side, office in sides
        }
        async with registry.acting(found["received"]) as session:
            await desks.put_desk(session, found["received"], ["labor"], now=utc_now())
        return found, offices[1].code

    def test_no_step_is_skipped_or_taken_by_another(self, machine: type[Life]) -> None:
        run_state_machine_as_test(
            machine, settings=settings(max_examples=6, stateful_step_count=12, deadline=None)
        )


class TestAskQuestion:
    async def test_refuses_identifiers_and_who_has_no_desk(self, shared_registry: Registry) -> None:
        asker, desk, other = await with_desk(shared_registry, 3)
        path = "/v1/infusion-questions"
        for body, code in (
            (
                wish(desk, question="Call the target at (209) 555-0142 first?"),
                "text-holds-identifier",
            ),
            (wish(other), "infusion-desk-absent"),
            (wish(desk, topic="appeals"), "infusion-desk-absent"),
        ):
            refused = await post(asker, path, body)
            assert (refused.status_code, refused.json()["code"]) == (422, code)
            assert "555-0142" not in refused.text
        own = await post(desk, path, wish(desk))
        assert own.json()["code"] == "infusion-desk-absent"
        asked = await ask(asker, desk)
        answer = {"answer": "Write to someone@example.com, who did this before."}
        refused = await post(desk, f"{path}/{asked['id']}/answer", answer)
        assert refused.json()["code"] == "text-holds-identifier"

    async def test_says_that_it_may_be_discoverable(self, shared_registry: Registry) -> None:
        asker, desk = await with_desk(shared_registry)
        asked = await ask(asker, desk)
        assert (asked["notice"], asked["direction"]) == ("may be discoverable", "asked")
        assert (asked["office"], asked["desk"]) == (asker.code, desk.code)


class TestAnswerQuestion:
    async def test_of_two_at_once_one_wins(self, shared_registry: Registry) -> None:
        asker, desk = await with_desk(shared_registry)
        path = f"/v1/infusion-questions/{(await ask(asker, desk))['id']}/answer"
        both = (post(desk, path, {"answer": f"{ADVICE} {n}"}) for n in range(2))
        answers = await asyncio.gather(*both)
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        (lost,) = (answer for answer in answers if answer.status_code == 409)
        assert lost.json()["code"] == "infusion-question-state"
        assert "answered" in lost.json()["detail"]


class TestLists:
    async def test_filter_and_end(self, shared_registry: Registry) -> None:
        asker, desk, stranger = await with_desk(shared_registry, 3)
        ids = [(await ask(asker, desk))["id"] for _ in range(3)]
        taken = await post(desk, f"/v1/infusion-questions/{ids[1]}/take")
        assert taken.status_code == 200

        async def listed(office: OfficeClient, **params: Any) -> list[str]:
            answer = await office.http.get("/v1/infusion-questions", params=params)
            assert answer.status_code == 200, answer.text
            return [item["id"] for item in answer.json()["items"]]

        assert await listed(asker) == await listed(desk, direction="received") == ids[::-1]
        assert await listed(desk, status="taken") == [ids[1]]
        assert await listed(desk, direction="asked") == await listed(asker, topic="appeals") == []
        assert await listed(stranger) == []
        first = (await asker.http.get("/v1/infusion-questions", params={"limit": 2})).json()
        rest = await listed(asker, limit=2, cursor=first["next_cursor"])
        assert [item["id"] for item in first["items"]] + rest == ids[::-1]
        found = (await asker.http.get("/v1/infusion-desks?topic=finance&limit=100")).json()["items"]
        assert desk.code in {each["office"] for each in found}
        assert asker.code not in {each["office"] for each in found}

    async def test_figures_are_of_the_own_office(self, shared_registry: Registry) -> None:
        asker, desk, stranger = await with_desk(shared_registry, 3)
        ids = [(await ask(asker, desk))["id"] for _ in range(2)]
        path = f"/v1/infusion-questions/{ids[0]}"
        assert (await post(desk, f"{path}/answer", {"answer": ADVICE})).status_code == 200
        said = {"use": "used", "code": "charging"}
        assert (await post(asker, f"{path}/use", said)).json()["status"] == "used"
        for office, direction in ((asker, "asked"), (desk, "received")):
            (of_topic,) = (await office.http.get("/v1/infusion-figures")).json()["topics"]
            assert 0 <= of_topic.pop("hours_to_answer") < 1
            counts = {"questions": 2, "answered": 1, "used": 1, "not_used": 0}
            assert of_topic == {"topic": "labor", "direction": direction, **counts}
        assert (await stranger.http.get("/v1/infusion-figures")).json() == {"topics": []}
        await all_ended(shared_registry)
        told = []
        for office in (asker, desk, stranger):
            events = (await office.http.get("/v1/events")).json()["items"]
            told.append([(each["type"], each["question_id"]) for each in events])
        assert told == [
            [("advice.answered", ids[0])],
            [("advice.asked", ids[0]), ("advice.asked", ids[1]), ("advice.updated", ids[0])],
            [],
        ]
        await end_agreement(shared_registry, asker)
        assert (await desk.http.get("/v1/events")).json()["items"] == [], "as the questions"

    async def test_nothing_is_seen_without_an_agreement(self, shared_registry: Registry) -> None:
        asker, desk = await with_desk(shared_registry)
        asked = await ask(asker, desk)
        await end_agreement(shared_registry, desk)
        answer = await asker.http.get(f"/v1/infusion-questions/{asked['id']}")
        assert (answer.status_code, answer.json()["code"]) == (404, "infusion-question-not-found")
        refused = await post(asker, "/v1/infusion-questions", wish(desk))
        assert refused.json()["code"] == "infusion-desk-absent"
        refused = await desk.http.get("/v1/infusion-desks")
        assert refused.json()["code"] == "agreement-not-in-force"


class TestRows:
    async def test_each_side_writes_its_own_part_only(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        asker, desk, stranger = await with_desk(registry, 3)
        await ask(asker, desk)
        answer = (
            "UPDATE infusion_questions SET status = 'answered', answer = 'x', answered_by = 'x',"
            " answered_at = now(), version = 2"
        )
        withdraw = "UPDATE infusion_questions SET status = 'withdrawn', settled_at = now()"
        keys = [await office_id(registry, each) for each in (asker, desk, stranger)]
        for key, statement in ((keys[0], answer), (keys[1], withdraw)):
            async with acting(fresh_database_url, "joinder_app", key) as connection:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        async with acting(fresh_database_url, "joinder_app", keys[2]) as connection:
            assert await connection.fetchval("SELECT count(*) FROM infusion_questions") == 0
            assert await connection.execute(answer) == "UPDATE 0"
        async with acting(fresh_database_url, "joinder_app", keys[1]) as connection:
            assert await connection.execute(answer) == "UPDATE 1"
