"""Questions to desks of other offices: their life as a state machine, and who may know of them."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

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
from tests.factories import OfficeClient, Registry
from tests.machines import Machine, live
from tests.scenes import all_ended, at_once, end_agreement, make_offices
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


class Life(Machine):
    """Two offices and a stranger do whatever they like to a question, at any time."""

    @initialize()
    def begin(self) -> None:
        """Let an office ask the desk of another."""
        self.do(self._ask())

    async def _ask(self) -> None:
        offices = await make_offices(self.registry, 3)
        sides = zip(("asked", "received", "stranger"), offices, strict=True)
        self.principals = {side: await _everything(self.registry, each) for side, each in sides}
        self.now, self.changes = utc_now(), 1
        asked = QuestionAsk.model_validate(wish(offices[1], trafficking_type="sex"))
        desk = self.principals["received"]
        async with self.registry.acting(desk) as session:
            await desks.put_desk(session, desk, ["labor"], now=self.now)
        self.known = await self._call("asked", partial(service.ask_question, asked=asked))
        self.key = parse_public_id("inf", self.known.id)

    async def _call(self, who: str, act: Any) -> QuestionRead:
        """Let someone act in a transaction of its own."""
        principal = self.principals[who]
        async with self.registry.acting(principal) as session:
            found: QuestionRead = await act(session, principal, now=self.now)
            return found

    def _act(self, step: str) -> Any:
        of_question = partial(partial, question_id=self.key)
        return {
            "withdraw": of_question(service.withdraw_question),
            "take": of_question(service.take_question),
            "answer": of_question(service.answer_question, answer=ADVICE),
            "use": of_question(service.say_use, said=QuestionUsed(use="used", code="trial")),
            "not_use": of_question(
                service.say_use, said=QuestionNotUsed(use="not_used", code="too_late")
            ),
        }[step]

    @rule(
        rivals=st.lists(
            st.tuples(
                st.sampled_from(["asked", "asked", "received", "received", "stranger"]),
                st.sampled_from(["withdraw", "use", "not_use", "take", "answer"]),
            ),
            min_size=1,
            max_size=2,
        )
    )
    def step(self, rivals: list[tuple[str, str]]) -> None:
        """Try a step, or two at the same moment: each that succeeds leads on from where it is."""

        async def act() -> list[Any]:
            calls = (self._call(who, self._act(step)) for who, step in rivals)
            return await asyncio.gather(*calls, return_exceptions=True)

        before = self.known.status
        outcomes = self.do(act())
        won = {
            outcome.version: rival
            for rival, outcome in zip(rivals, outcomes, strict=True)
            if isinstance(outcome, QuestionRead)
        }
        reached: list[str] = [before]
        for version in sorted(won):
            follows = self._follows(won[version], reached[-1])
            assert follows is not None, (reached, won)
            reached.append(follows)
            self.changes += 1
            assert version == self.changes
        for rival, outcome in zip(rivals, outcomes, strict=True):
            if isinstance(outcome, QuestionRead):
                continue
            assert isinstance(outcome, AppError), outcome
            assert self._follows(rival, reached[-1]) is None
            assert outcome.status == (404 if rival[0] == "stranger" else 409)
            told = {"expired"} if self._is_late(reached[-1]) else {*reached}
            told = told if outcome.status == 409 else {""}  # who is no party is told nothing
            assert outcome.extensions.get("status_now", "") in told
        assert len(won) >= any(self._follows(rival, before) for rival in rivals)
        self.known = self._read("asked")
        assert self.known.status == reached[-1]

    def _follows(self, rival: tuple[str, str], status: str) -> str | None:
        return None if self._is_late(status) else STEPS.get(rival, {}).get(status)

    def _is_late(self, status: str) -> bool:
        return status in {"open", "taken"} and self.now >= self.known.expires_at

    @rule(days=st.sampled_from([1, 29, 31]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def expire(self) -> None:
        async def run(now: datetime) -> None:
            async with transaction(self.registry.operator, OPERATOR) as session:
                while await service.expire_questions(session, OPERATOR, now=now, limit=50):
                    pass

        is_due = self._is_late(self.known.status)
        self.do(run(self.now))
        if is_due:
            self.changes += 1
            self.known = self._read("asked")
            assert self.known.status == "expired"

    def _read(self, who: str) -> QuestionRead:
        return self.do(self._call(who, partial(service.read_question, question_id=self.key)))

    @invariant()
    def both_see_the_same_and_every_change_is_audited(self) -> None:
        if not hasattr(self, "key"):
            return
        mine, theirs = self._read("asked"), self._read("received")
        assert mine == theirs.model_copy(update={"direction": "asked"})
        assert mine == self.known.model_copy(update={"direction": "asked"})
        assert mine.version == self.changes
        assert (mine.answer is not None) == (mine.status in {"answered", "used", "not_used"})
        assert (mine.settled_at is not None) == (mine.status in FINAL)
        counted = "SELECT count(*) FROM audit_entries WHERE object = :id"
        rows = self.do(self.registry.rows(counted, id=self.known.id))
        # what nobody did is audited for each of both
        assert rows[0][0] == self.changes + (mine.status == "expired")


async def _everything(registry: Registry, office: OfficeClient) -> Principal:
    """Return somebody of an office who may do all that there is."""
    return Principal(
        f"client:{office.client_id}",
        await office_id(registry, office),
        frozenset(Permission),
        is_participating=True,
        client_id=UUID(office.client_id),
        roles=frozenset({Role.LEADERSHIP}),
    )


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(6, 12), pytest.param(15, 40, marks=pytest.mark.long)]
    )
    async def test_no_step_is_skipped_or_taken_by_another(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)


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

    async def test_buries_no_desk(self, shared_registry: Registry) -> None:
        asker, desk, other = await with_desk(shared_registry, 3)
        asked = [await ask(asker, desk) for _ in range(service.MOST_WAITING)]
        refused = await post(asker, "/v1/infusion-questions", wish(desk))
        assert (refused.status_code, refused.json()["code"]) == (409, "infusion-desk-busy")
        await ask(other, desk)
        for step, key in (("answer", asked[0]["id"]), ("withdraw", asked[1]["id"])):
            by, body = (desk, {"answer": ADVICE}) if step == "answer" else (asker, None)
            assert (await post(by, f"/v1/infusion-questions/{key}/{step}", body)).is_success
            await ask(asker, desk)
            refused = await post(asker, "/v1/infusion-questions", wish(desk))
            assert refused.status_code == 409
        await post(asker, f"/v1/infusion-questions/{asked[2]['id']}/withdraw", None)
        answers = await at_once(
            shared_registry,
            "SELECT FROM offices WHERE code = :code FOR UPDATE",
            [post(asker, "/v1/infusion-questions", wish(desk)) for _ in range(2)],
            code=desk.code,
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]

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


class TestExpiry:
    @pytest.mark.parametrize("leaving", [None, 0, 1])
    async def test_is_in_the_audit_of_both_offices_while_they_take_part_and_of_no_others(
        self, shared_registry: Registry, leaving: int | None
    ) -> None:
        offices = await with_desk(shared_registry, 3)
        asked = await ask(*offices[:2])
        if leaving is not None:
            await end_agreement(shared_registry, offices[leaving])
        key, later = await office_id(shared_registry, offices[0]), utc_now() + timedelta(days=31)
        async with transaction(shared_registry.operator, OPERATOR) as session:
            expired = await service.expire_questions(
                session, OPERATOR, now=later, limit=9, office_id=key
            )
        assert expired == 1
        told = []
        for office in offices:
            auditor = await sign_in(shared_registry, office, Role.AUDITOR)
            found = (await auditor.http.get("/v1/audit-entries?about=handling")).json()["items"]
            told.append([e["object"] for e in found if e["action"] == "infusion.expired"])
        seen = [asked["id"]] if leaving is None else []
        assert told == [seen, seen, []]


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
