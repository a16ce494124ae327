"""Lives of questions, and of requests that nobody answers, against models of their own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.principal import OPERATOR
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.handling import answering, deeming, moving, reading, upkeep
from app.handling.reads import HandlingRead
from app.handling.schemas import (
    HandlingAccept,
    HandlingAnswer,
    HandlingClose,
    HandlingCounter,
    HandlingDecline,
    HandlingWithdraw,
)
from app.handling.vocabulary import FINAL, QUESTIONS
from app.offices import service as offices
from app.offices.schemas import StateSet
from app.reference.authority import Authority
from tests.factories import OfficeClient, Registry
from tests.handling.table import LOCK, head_of
from tests.handling.test_agreements import send_out, with_general
from tests.machines import Machine, live, refusal, several, told, trails
from tests.scenes import Meeting, make_offices, meet
from tests.wall.acting import office_id

STRANGER: Final = 2
WAITS: Final = {"sent", "escalated"}
STEPS: Final = {
    "accept": (WAITS, "asked", "accepted"),
    "decline": (WAITS, "asked", "declined"),
    "withdraw": (WAITS, "asks", "withdrawn"),
    "close": ({"accepted"}, "both", "concluded"),
}
"""From which states, of whom, to which one; written again, apart from the code."""
NEXT: Final = [*STEPS, "accept", "accept", "close"]


@dataclass(frozen=True)
class Attempt:
    """A step that an office tries, on the version that it read or on none that ever was."""

    who: int
    step: str
    saw: int
    is_stale: bool = False

    @property
    def etag(self) -> str:
        return f'"{self.saw + 50 * self.is_stale}"'


@dataclass(frozen=True)
class Question:
    """A question: who asked, what becomes of silence, and what happened."""

    by: int
    on_silence: str
    trail: tuple[str, ...] = ("requested",)

    @property
    def status(self) -> str:
        return {"requested": "sent"}.get(self.trail[-1], self.trail[-1])

    def goes(self, who: int, step: str) -> bool:
        """Return whether a step is this office's, wherever the question is."""
        return {"asks": who == self.by, "asked": who != self.by, "both": True}[STEPS[step][1]]

    def take(self, attempt: Attempt) -> tuple["Question", str]:
        """Return what an attempt leads to, and what is told."""
        starts, _, to = STEPS[attempt.step]
        if attempt.who == STRANGER:
            return self, "handling-request-not-found"
        if self.status not in starts:
            return self, f"handling-step-not-possible {self.status}"
        if not self.goes(attempt.who, attempt.step):
            return self, f"handling-request-not-yours-to-answer {self.status}"
        if attempt.is_stale:
            return self, "version-changed"
        if attempt.saw != len(self.trail):  # somebody was first
            return self, f"handling-step-not-possible {self.status}"
        return replace(self, trail=(*self.trail, to)), ""


class Questions(Machine):
    """Two offices that hide from each other and a stranger ask, answer and take back."""

    @initialize(
        kinds=st.permutations(sorted(QUESTIONS)), first=st.sampled_from(["accept", "decline"])
    )
    def begin(self, kinds: list[str], first: str) -> None:
        """Let two offices meet and ask each other at once, and two people answer at once."""
        self.do(self._begin())
        self.asked: dict[str, Question] = {}
        self.kinds: dict[str, str] = {}
        for kind in kinds:
            self._ask([0, 1], kind, "escalate")
            key, question = list(self.asked.items())[-1]
            rivals = [(1 - question.by, first), (1 - question.by, "accept"), (STRANGER, "accept")]
            self._act(key, rivals)

    async def _begin(self) -> None:
        self.meeting: Meeting = await meet(self.registry, "contact_first", "contact_first")
        (stranger,) = await make_offices(self.registry, 1)
        self.clients: list[OfficeClient] = [self.meeting.first, self.meeting.second, stranger]

    @rule(
        by=several(st.integers(0, 1)),
        kind=st.sampled_from(sorted(QUESTIONS)),
        on_silence=st.sampled_from(["none", "escalate"]),
    )
    def ask(self, by: list[int], kind: str, on_silence: str) -> None:
        """Ask, or let two ask at one moment: of each kind one question is open."""
        self._ask(by, kind, on_silence)

    def _ask(self, by: list[int], kind: str, on_silence: str) -> None:
        async def act(who: int) -> httpx.Response:
            return await self.clients[who].http.post(
                f"/v1/overlaps/{self.meeting.overlap_id}/handling-requests",
                json={"kind": kind, "on_silence": on_silence},
                headers={"Idempotency-Key": uuid4().hex},
            )

        async def at_once() -> Sequence[httpx.Response]:
            return await asyncio.gather(*map(act, by))

        open_ones = [
            each.status
            for key, each in self.asked.items()
            if self.kinds[key] == kind and each.status not in FINAL
        ]
        answers = self.do(at_once())
        made = [
            (who, each.json()) for who, each in zip(by, answers, strict=True) if not refusal(each)
        ]
        assert len(made) == (not open_ones)
        for who, read in made:
            self.asked[read["id"]], self.kinds[read["id"]] = Question(who, on_silence), kind
        status = open_ones[0] if open_ones else "sent"
        lost = [refusal(each) for each in answers if refusal(each)]
        assert set(lost) <= {f"handling-request-open {status}"}

    @rule(
        rivals=several(st.tuples(st.sampled_from([0, 1, 0, 1, STRANGER]), st.sampled_from(NEXT))),
        is_stale=st.sampled_from([False, False, False, True]),
        age=st.sampled_from([1, 1, 1, 2, 3]),
    )
    def act(self, rivals: list[tuple[int, str]], is_stale: bool, age: int) -> None:  # noqa: FBT001 -- drawn
        """Take a step of a question, one of the newest, or let two race for one.

        Which there are depends on who wins, and nothing that is drawn may.
        """
        self._act(list(self.asked)[-min(age, len(self.asked))], rivals, is_stale)

    def _act(self, key: str, rivals: list[tuple[int, str]], is_stale: bool = False) -> None:  # noqa: FBT001, FBT002 -- as above
        question = self.asked[key]
        attempts = [Attempt(*each, len(question.trail), is_stale) for each in rivals]

        async def act(attempt: Attempt) -> httpx.Response:
            body: dict[str, str] = {"answer": attempt.step}
            if attempt.step == "withdraw":
                body = {"move": "withdraw"}
            elif attempt.step == "decline":
                body["reason"] = "matter_closed"
            what = "moves" if attempt.step == "withdraw" else "answers"
            return await self.clients[attempt.who].http.post(
                f"/v1/handling-requests/{key}/{what}",
                json=body,
                headers={"Idempotency-Key": uuid4().hex, "If-Match": attempt.etag},
            )

        self.asked[key] = self.race(
            question, attempts, act, Question.take, LOCK, id=parse_public_id("hnd", key)
        )

    @rule()
    def let_time_pass(self) -> None:
        """Let the newest question be due: it escalates once where that was asked for, or ends."""
        key = list(self.asked)[-1]
        question = self.asked[key]
        self.do(self._night(key))
        if question.status not in FINAL:
            is_first = (question.status, question.on_silence) == ("sent", "escalate")
            to = "escalated" if is_first else "expired"
            self.asked[key] = replace(question, trail=(*question.trail, to))

    async def _night(self, key: str) -> None:
        await self.registry.rows(
            "UPDATE handling_requests SET due_at = :now WHERE id = :id RETURNING 1",
            now=utc_now(),
            id=parse_public_id("hnd", key),
        )
        here = await office_id(self.registry, self.meeting.first)
        async with transaction(self.registry.operator) as session:
            for step in (upkeep.escalate_requests, upkeep.expire_requests):
                await step(session, OPERATOR, limit=99, now=utc_now(), office_id=here)

    def _sees(self, side: int) -> bool:
        """Return whether an office is shown the other: who asks shows itself, who accepts too."""
        return any(
            each.status not in FINAL and (each.by != side or "accepted" in each.trail)
            for each in self.asked.values()
        )

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what each office reads, what it is shown of the other, and what is audited."""
        if hasattr(self, "asked"):
            self.do(self._compare())

    async def _compare(self) -> None:
        for side, client in enumerate(self.clients[:STRANGER]):
            (overlap,) = await client.overlaps()
            assert overlap["rung"] == ("contact" if self._sees(side) else "pointer")
            listed = (await client.http.get("/v1/handling-requests?limit=100")).json()["items"]
            assert {each["id"] for each in listed} == self.asked.keys()
            for read in listed:
                question = self.asked[read["id"]]
                steps = {
                    step
                    for step, (starts, _, _) in STEPS.items()
                    if question.status in starts and question.goes(side, step)
                }
                assert (read["status"], {*read["steps"]}) == (question.status, steps)
                assert (read["version"], read["terms"]) == (len(question.trail), None)
                is_named = "accepted" in question.trail or self._sees(question.by)
                if side == question.by:
                    assert (read["parties"][1]["office"] is not None) == is_named
        assert await self.clients[STRANGER].overlaps() == []
        ids = {str(parse_public_id("hnd", key)): each for key, each in self.asked.items()}
        assert await trails(self.registry, ids) == {
            key: audited(each.trail) for key, each in ids.items()
        }


NIGHTLY: Final = {"escalated", "expired", "consent_deemed"}
"""What nobody does, so that it is audited for each of both."""


def audited(trail: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"handling.{step}" for step in trail for _ in range(1 + (step in NIGHTLY)))


LAW: Final = Authority(
    "MT",
    "both",
    "criminal",
    basis="on_consent",
    citation="An invented law, section 2",
    on_silence="deemed_consent",
    silence_days=21,
)
ANSWERED_WITHIN: Final = 14
OPEN: Final = {"sent", "countered", "escalated"}
PARTS: Final = {
    "accept": (OPEN, {0, 1}),
    "counter": (OPEN, {0, 1}),
    "decline": (OPEN | {"awaiting_their_leadership"}, {1}),
    "withdraw": (OPEN | {"awaiting_their_leadership"}, {0}),
    "close": ({"accepted"}, {0}),
}
"""From which states, and who: the Attorney General who asks is 0, the office that is asked 1."""


FIRST: Final = [(14, 14), ("counter", 14, 14), (14,), ("accept",), ()]
"""How lives begin: days that go by, and what the office that is asked says."""


@dataclass
class Silent:
    """A request of an Attorney General for the lead, as the law in it says in plain words."""

    on_silence: str
    is_on: bool = False
    status: str = "sent"
    days: int = 0
    due: int = ANSWERED_WITHIN
    accepted: frozenset[int] = frozenset({0})
    has_spoken: bool = False
    """Whether the office that is asked accepted any terms, be it its own."""
    is_deemed: bool = False
    trail: tuple[str, ...] = ("drafted", "submitted", "requested")

    def take(self, who: int, step: str) -> str:
        """Take a step, or return why not."""
        starts, whose = PARTS[step]
        if self.status not in starts:
            return f"handling-step-not-possible {self.status}"
        if who not in whose:
            return f"handling-request-not-yours-to-answer {self.status}"
        if step == "accept" and who in self.accepted:
            return f"handling-step-taken {self.status}"
        self.has_spoken |= who == 1 and step in {"accept", "counter"}
        match step:
            case "counter":
                self.accepted, self.due = frozenset({who}), self.days + ANSWERED_WITHIN
                self._note("countered")
            case "accept":
                self.due = self.days + 30
                self._note("accepted", "awaiting_their_leadership")
            case "withdraw":
                self._note("withdrawn")
            case _:
                self._note({"decline": "declined", "close": "concluded"}[step])
        return ""

    def _note(self, what: str, status: str | None = None) -> None:
        self.trail, self.status = (*self.trail, what), status or what

    def night(self) -> None:
        """Do what a night does: deem, escalate, end."""
        if self.is_on and self.status in WAITS and self.days >= 21 and not self.has_spoken:
            self.is_deemed, self.due = True, self.days + 365
            self._note("consent_deemed", "accepted")
        is_due = self.days >= self.due and self.on_silence == "escalate"
        if self.status in {"sent", "countered"} and is_due:
            self.due = self.days + 14
            self._note("escalated")
        if self.status not in FINAL and self.days >= self.due:
            self._note("expired")


class Silence(Machine):
    """An Attorney General who asks for the lead, an office that may say nothing, and nights."""

    @initialize(
        on_silence=st.sampled_from(["escalate", "escalate", "none"]),
        first=st.sampled_from(FIRST),
    )
    def begin(self, on_silence: str, first: tuple[int | str, ...]) -> None:
        """Let an Attorney General ask for the lead, and something come of it."""
        self.do(self._begin(on_silence))
        self.model = Silent(on_silence)
        self.began = utc_now()
        self.switch(is_on=True)
        for each in first:
            if isinstance(each, int):
                self.wait(each)
            else:
                self.act(1, each)

    async def _begin(self, on_silence: str) -> None:
        sides, request = await with_general(
            self.registry, LAW.state, 1, asks=True, on_silence=on_silence
        )
        await send_out(sides, request)
        self.heads = [await head_of(self.registry, each.office) for each in sides]
        self.key = UUID(request.removeprefix("hnd_"))
        await self._switch(is_on=False)

    async def _switch(self, *, is_on: bool) -> None:
        async with transaction(self.registry.operator) as session:
            switched = StateSet(state=LAW.state, has_deemed_consent=is_on)
            await offices.set_state(session, OPERATOR, switched)

    @rule(is_on=st.sampled_from([True, True, False]))
    def switch(self, is_on: bool) -> None:  # noqa: FBT001 -- drawn
        """Let the operator switch on for the state that silence is consent, or off."""
        self.do(self._switch(is_on=is_on))
        self.model.is_on = is_on

    @rule(days=st.sampled_from([7, 14]))
    def wait(self, days: int) -> None:
        """Let days go by, and the night after them come."""
        if self.model.days < 120:  # the terms have an end of their own
            self.model.days += days
            self.do(self._night())
            self.model.night()

    async def _night(self) -> None:
        here: Any = {"limit": 9, "now": self._now, "office_id": self.heads[1].office_id}
        async with transaction(self.registry.operator) as session:
            await deeming.deem_consents(session, OPERATOR, table=[LAW], **here)
            await upkeep.escalate_requests(session, OPERATOR, **here)
            await upkeep.expire_requests(session, OPERATOR, **here)

    @property
    def _now(self) -> Any:
        return self.began + timedelta(days=self.model.days)

    @rule(who=st.integers(0, 1), step=st.sampled_from([*PARTS, "close"]))
    def act(self, who: int, step: str) -> None:
        """Try a step."""
        assert self.do(told(self._act(who, step))) == self.model.take(who, step)

    async def _act(self, who: int, step: str) -> None:
        known = await self._read(who)
        stands: Any = {"if_match": Precondition.parse(known.etag), "now": self._now}
        head = self.heads[who]
        async with self.registry.acting(head) as session:
            place = (session, head, self.key)
            if step == "withdraw":
                move = HandlingWithdraw(move="withdraw")
                await moving.move_request(*place, move, **stands)
                return
            assert known.terms is not None
            answers: dict[str, HandlingAnswer] = {
                "accept": HandlingAccept(answer="accept"),
                "counter": HandlingCounter(answer="counter", terms=known.terms),
                "decline": HandlingDecline(answer="decline", reason="matter_closed"),
                "close": HandlingClose(answer="close"),
            }
            await answering.answer_request(*place, answers[step], **stands)

    async def _read(self, who: int) -> HandlingRead:
        head = self.heads[who]
        async with self.registry.acting(head) as session:
            return await reading.read_request(session, head, self.key, now=self._now)

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Silence puts nothing in force, signs nothing and shows nothing."""
        if hasattr(self, "model"):
            self.do(self._compare())

    async def _compare(self) -> None:
        model = self.model
        for who in (0, 1):
            read = await self._read(who)
            assert read.status == model.status, model
            assert (read.deemed_at is not None) == model.is_deemed
            assert (read.agreed_number, read.lead) == (None, None)
            assert not any(each.has_signed for each in read.parties)
            assert ("close" in read.steps) == (who == 0 and model.status == "accepted")
        ((summaries,),) = await self.registry.rows(
            "SELECT count(*) FROM case_grants WHERE request_id = :id AND rung > 2", id=self.key
        )
        assert (summaries > 0) == model.has_spoken
        known = await trails(self.registry, [str(self.key)])
        assert known == {str(self.key): audited(model.trail)}


class TestLife:
    @pytest.mark.parametrize(
        ("lives", "examples", "steps"),
        [
            (Questions, 4, 10),
            (Silence, 5, 8),
            pytest.param(Questions, 12, 30, marks=pytest.mark.long),
            pytest.param(Silence, 20, 20, marks=pytest.mark.long),
        ],
    )
    async def test_only_its_steps_move_a_request_and_silence_is_consent_by_law_alone(
        self, shared_registry: Registry, lives: type[Machine], examples: int, steps: int
    ) -> None:
        await live(lives, shared_registry, examples=examples, steps=steps)
