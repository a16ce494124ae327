"""The life of an agreement against a model of its own: what is possible, and what is shown then.

Four offices do whatever they like at any time: three are asked at first, the fourth may join. The
model is not made of the application's table. tests/handling/test_life.py lives a few short lives
of it, `python -m tests.campaigns.machines` many long ones.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.principal import OPERATOR
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.errors import AppError
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.handling import answering, deciding, upkeep
from app.handling.errors import HandlingMovedError, HandlingNotYoursError
from app.handling.schemas import HandlingAdmit, HandlingLeave
from app.handling.vocabulary import KINDS, QUESTIONS
from app.matters import leads
from app.matters import service as matter_service
from app.matters.errors import MatterNotFoundError
from app.teamwork import reading as teamwork
from tests.handling.table import (
    LOCK,
    STEPS,
    NothingDueError,
    Table,
    head_of,
    refusal,
    rungs,
    sit_down,
)
from tests.machines import Machine
from tests.scenes import at_once, make_offices

AGREEMENTS: Final = [each for each in KINDS if each not in QUESTIONS]
OPEN: Final = {"sent", "countered", "escalated"}
HOLDS: Final = {"active", "extended"}
ENDED: Final = {"concluded", "declined", "withdrawn", "expired"}
NEWCOMER: Final = 4
ANYTHING: Final = [
    (number, step)
    for step in (*STEPS, "admit", "leave", "offer", "take", "night")
    for number in range(1, NEWCOMER + 1)
]
SETTLING: Final = (
    *((1, "submit"), (1, "sign"), (2, "accept"), (3, "accept")),
    *((1, "sign"), (2, "sign"), (3, "sign")),
)


@dataclass
class Model:
    """What an agreement is, as its law says it in plain words."""

    status: str = "draft"
    present: set[int] = field(default_factory=lambda: {1, 2, 3})
    left: set[int] = field(default_factory=set)
    noticed: list[int] = field(default_factory=list)
    accepted: set[int] = field(default_factory=lambda: {1})
    signed: set[int] = field(default_factory=set)
    change: str | None = "begin"
    """What the version on the table is to do; None when all have signed it."""
    named_lead: int = 1
    lead: int | None = None
    offered_to: int | None = None
    versions: int = 1

    has_lapsed: bool = False
    """Whether a party has left since the version on the table was proposed."""
    is_told: bool = False
    """Whether all others have signed that the newcomer joins."""
    is_sent: bool = False
    answered: set[int] = field(default_factory=set)
    """Who has accepted or countered, and so is named."""

    def knows(self, number: int) -> bool:
        """Return whether an office may know of the request."""
        if number in self.present | self.left:
            return number == 1 or self.is_sent
        return self.is_told

    def signers(self) -> set[int]:
        """Return whose signatures the version on the table takes."""
        return self.present | ({NEWCOMER} if self.change == "join" else set())

    def may(self, number: int, step: str) -> bool:  # noqa: C901, PLR0911, PLR0912 -- one rule after another
        """Return whether an office can take a step now."""
        if number not in self.present:
            is_asked = number == NEWCOMER and self.is_told and self.status in HOLDS
            return step == "sign" and is_asked and self._fits()
        match step:
            case "submit" | "revise":
                return number == 1 and self.status == "draft"
            case "return":
                return number == 1 and self.status == "awaiting_own_leadership"
            case "withdraw":
                before = {"draft", "awaiting_own_leadership", "awaiting_their_leadership"}
                return number == 1 and self.status in before | OPEN
            case "decline":
                return number > 1 and self.status in {"awaiting_their_leadership"} | OPEN
            case "counter":
                return self.status in OPEN
            case "accept":
                return self.status in OPEN and number not in self.accepted
            case "propose" | "admit" | "conclude":
                is_known = step == "admit" and NEWCOMER in self.present | self.left
                return self.status in HOLDS and not is_known
            case "leave":
                is_free = number != self.lead and number not in self.noticed
                return self.status in HOLDS and is_free and len(self.present) > 2
            case "offer":
                return self.status in HOLDS and number == self.lead
            case "take":
                return self.status in HOLDS and number == self.offered_to
            case _:
                if self.status == "awaiting_own_leadership":
                    return number == 1
                waits = self.status == "awaiting_their_leadership" or (
                    self.status in HOLDS and self.change is not None
                )
                return waits and number not in self.signed and self._fits()

    def _fits(self) -> bool:
        """Return whether the version on the table names who leads, and nobody who has left."""
        return self.lead in {None, self.named_lead} and not self.has_lapsed

    def take(self, number: int, step: str) -> None:  # noqa: C901, PLR0912 -- one effect after another
        """Take a step that is possible."""
        match step:
            case "submit":
                self.status = "awaiting_own_leadership"
            case "return":
                self.status = "draft"
            case "withdraw":
                self.status = "withdrawn"
            case "decline" | "conclude":
                self.status = f"{step}d"
            case "revise":
                self._put("begin", {1})
            case "counter":
                self._put("begin", {number})
                self.answered.add(number)
                self.status = "countered"
            case "accept":
                self.accepted.add(number)
                self.answered.add(number)
                if self.accepted == self.present:
                    self.status = "awaiting_their_leadership"
            case "propose":
                self._put("extend", {number})
            case "admit":
                self._put("join", {number})
            case "leave":
                self._put(f"leave {number}", {number})
                self.noticed.append(number)
                self.offered_to = None if number == self.offered_to else self.offered_to
            case "take":
                self.lead, self.offered_to = number, None
            case "sign":
                self._sign(number)

    def _put(self, change: str, accepted: set[int]) -> None:
        self.change, self.accepted, self.signed = change, accepted, set()
        self.named_lead = self.lead or 1
        self.has_lapsed = self.is_told = False
        self.versions += 1

    def _sign(self, number: int) -> None:
        if self.status == "awaiting_own_leadership":
            self.status, self.is_sent = "sent", True
            return
        self.signed.add(number)
        self.is_told |= self.change == "join" and self.present <= self.signed
        if not self.signers() <= self.signed:
            return
        change, self.change = self.change, None
        match change:
            case "begin":
                self.status, self.lead = "active", self.named_lead
            case "extend":
                self.status = "extended"
            case "join":
                self.present.add(NEWCOMER)
                self.is_told = False
            case str() as leaving:
                self.go(int(leaving.removeprefix("leave ")))

    def go(self, number: int) -> None:
        """Let an office leave."""
        self.present.discard(number)
        self.left.add(number)

    def wait(self) -> None:
        """Let every notice pass."""
        for number in self.noticed:
            if number in self.present and self.status in HOLDS:
                if len(self.present) <= 2:
                    self.status = "expired"
                else:
                    self.go(number)
                    self.has_lapsed = self.change is not None


class Life(Machine):
    """Offices at a request, and the model beside it."""

    taken: ClassVar[Counter[str]] = Counter()
    """Steps that succeeded, and the states that were reached, of all lives."""
    kind: ClassVar[str | None] = None
    """Of all requests, where it is not drawn."""
    table: Table
    offer_id: UUID | None

    @initialize(
        on_silence=st.sampled_from(["none", "escalate"]),
        kind=st.sampled_from(AGREEMENTS),
        is_draft=st.booleans(),
    )
    def sit_down(self, on_silence: str, kind: str, *, is_draft: bool) -> None:
        """Draft it, and bring half of the lives to an agreement in force at once."""
        self.table = self.do(self._begin(on_silence, self.kind or kind))
        self.model, self.audited = Model(), 1
        self.offer_id = None
        self.on_silence = on_silence
        for number, step in () if is_draft else SETTLING:
            self._step(number, step)

    async def _begin(self, on_silence: str, kind: str) -> Table:
        table = await sit_down(self.registry, on_silence, kind)
        (newcomer,) = await make_offices(self.registry, 1)
        table.clients.append(newcomer)
        table.heads.append(await head_of(self.registry, newcomer))
        return table

    def attempt(self, number: int, step: str, act: Callable[[], Any]) -> None:
        """Try a step; it succeeds exactly where the model says so."""
        is_possible, error = self.model.may(number, step), None
        try:
            self.do(act())
        except AppError as refused:
            error = refused
        assert (error is None) == is_possible, (number, step, error, self.model)
        if error is None:
            self.model.take(number, step)
            self.taken.update([f"step {step}", f"state {self.model.status}"])
            self.audited += step not in {"offer", "take"}
            return
        assert error.status in {404, 409, 422}, (step, error.code)
        if isinstance(error, HandlingMovedError | HandlingNotYoursError):
            assert error.extensions == {"status_now": self.model.status}

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """Do what is possible and goes on, most of the time, so that lives are long; or anything.

        One rule, because of several some lives would never take one.
        """
        onward = [(number, step) for number, step in ANYTHING if self._goes_on(number, step)]
        onward += 4 * [pair for pair in onward if pair[1] in {"accept", "sign", "take"}]
        is_free = data.draw(st.integers(0, 9), label="0 to 1: anything") < 2
        number, step = data.draw(st.sampled_from(ANYTHING if is_free or not onward else onward))
        match step:
            case "admit":
                self.admit(number)
            case "leave":
                self.leave(number)
            case "offer":
                self.offer(number, data.draw(st.integers(1, NEWCOMER), label="to"))
            case "take":
                self.take_lead(number)
            case "night":
                self.wait()
            case "escalate" | "expire":
                self.let_time_pass(step)
            case _:
                self._step(number, step, data.draw(st.sampled_from([1, 1, 1, 2]), label="at once"))

    def _goes_on(self, number: int, step: str) -> bool:
        if step in {"withdraw", "decline", "conclude", "return", "expire"}:
            return False
        if step in {"night", "escalate"}:
            return number == 1 and bool(self.model.noticed)
        return self.model.may(number, step)

    def _step(self, number: int, step: str, how_many: int = 1) -> None:
        """Take a step, or let colleagues take the same one at the same moment: one wins."""
        lost: list[AppError] = []
        is_possible = self.model.may(number, step)

        async def act() -> None:
            known = await self.table.read(1)
            assert known is not None
            attempts = [refusal(self.table.attempt(number, step, known)) for _ in range(how_many)]
            outcomes = await at_once(self.registry, LOCK, attempts, id=self.table.key)
            lost.extend(each for each in outcomes if each is not None)
            if len(lost) == how_many:
                raise lost.pop()

        if self.model.versions < 18:  # a request has 20 at most
            self.attempt(number, step, act)
            assert len(lost) == how_many - 1
            for each in lost if is_possible else ():
                if number in self.model.left:  # by the signature that won
                    assert isinstance(each, HandlingNotYoursError), each
                else:
                    assert isinstance(each, HandlingMovedError), each
                    assert each.extensions == {"status_now": self.model.status}

    def admit(self, number: int) -> None:
        """Propose that the newcomer joins."""
        newcomer = HandlingAdmit(answer="admit", office=self.table.clients[3].code)
        self._send(number, "admit", answering.answer_request, newcomer)

    def leave(self, number: int) -> None:
        """Give notice."""
        self._send(number, "leave", deciding.decide_request, HandlingLeave(decision="leave"))

    def _send(self, number: int, step: str, act: Any, body: Any) -> None:
        async def send() -> None:
            known = await self.table.read(number) or await self.table.read(1)
            assert known is not None
            head = self.table.heads[number - 1]
            async with self.registry.acting(head) as session:
                match = Precondition.parse(known.etag)
                await act(session, head, self.table.key, body, if_match=match, now=utc_now())

        if self.model.versions < 18:
            self.attempt(number, step, send)

    def offer(self, number: int, to: int) -> None:
        """Offer the lead to an office, where the office could have it or the offer is refused."""
        model = self.model
        is_heir = to in model.present and to != model.lead and to not in model.noticed

        async def act() -> None:
            head = self.table.heads[number - 1]
            async with self.registry.acting(head) as session:
                code = self.table.clients[to - 1].code
                matter = await leads.offer_lead(session, head, self.table.key, code, now=utc_now())
            self.offer_id = parse_public_id("led", matter.leads[-1].id)

        if is_heir or not model.may(number, "offer"):
            self.attempt(number, "offer", act)
            if model.may(number, "offer"):
                model.offered_to = to

    def take_lead(self, number: int) -> None:
        """Take the lead that was offered last, be it taken or lapsed by now."""

        async def act() -> None:
            head = self.table.heads[number - 1]
            async with self.registry.acting(head) as session:
                matter = await matter_service.read_as(session, head, self.table.key, now=utc_now())
                await leads.accept_lead(
                    session, head, self.table.key, self.offer_id, matter.lead.code, now=utc_now()
                )

        self.attempt(number, "take", act)

    def wait(self) -> None:
        """Let notices pass, and what follows from that alone."""

        async def night() -> None:
            await self.registry.rows(
                "UPDATE handling_parties SET leaves_on = current_date WHERE request_id = :id"
                " AND leaves_on IS NOT NULL RETURNING 1",
                id=self.table.key,
            )
            async with transaction(self.registry.operator) as session:
                await upkeep.release_parties(session, OPERATOR, limit=9, now=utc_now())

        before, was, present = self.model.left.copy(), self.model.status, len(self.model.present)
        self.do(night())
        self.model.wait()
        gone = len(self.model.left - before)
        self.audited += sum(range(present - gone + 1, present + 1))  # one for each who was there
        if self.model.status != was:
            self.audited += len(self.model.present)

    def let_time_pass(self, step: str) -> None:
        """Let the registry escalate, or expire."""
        is_possible = (
            self.model.status not in ENDED
            if step == "expire"
            else self.model.status in {"sent", "countered"} and self.on_silence == "escalate"
        )

        async def act() -> None:
            known = await self.table.read(1)
            assert known is not None
            await self.table.attempt(1, step, known)

        try:
            self.do(act())
        except NothingDueError:
            assert not is_possible
        else:
            assert is_possible
            self.model.status = f"{step}d"
            self.audited += len(self.model.present) if self.model.is_sent else 1

    @invariant()
    def is_what_the_model_says(self) -> None:
        if hasattr(self, "table"):
            self.do(self._compare())

    async def _compare(self) -> None:
        model, table = self.model, self.table
        read = await table.read(1)
        assert read is not None
        assert read.status == model.status, (read.status, model)
        rows = await self.registry.rows(
            "SELECT (SELECT count(*) FROM matters WHERE request_id = :id), (SELECT p.number"
            " FROM matters m JOIN handling_parties p USING (request_id)"
            " WHERE p.office_id = m.lead_office_id AND m.request_id = :id),"
            " (SELECT count(*) FROM audit_entries WHERE object = :text AND action LIKE"
            " 'handling.%' AND action <> 'handling.requests_disclosed')",
            id=table.key,
            text=str(table.key),
        )
        assert rows[0][:2] == ((1, model.lead) if model.lead else (0, None))
        assert rows[0][2] == self.audited
        for number in range(2, NEWCOMER + 1):
            seen = await table.read(number)
            assert (seen is not None) == model.knows(number), (number, model)
        for number, (by_asker, by_asked) in enumerate(await rungs(table), start=2):
            is_shown = model.status not in ENDED and not {1, number} & model.left
            assert by_asked == ("contact" if is_shown and model.is_sent else "pointer")
            is_named = is_shown and number in model.answered
            assert by_asker == ("contact" if is_named else "pointer")
        if model.lead is not None and NEWCOMER not in model.present | model.left:
            await self._works_for_no_stranger(table.key)

    async def _works_for_no_stranger(self, key: UUID) -> None:
        """Assert that who has not signed sees nothing of the work."""
        head = self.table.heads[3]
        async with self.registry.acting(head) as session:
            try:
                await teamwork.list_notes(session, head, key, before=None, limit=1, now=utc_now())
            except MatterNotFoundError:
                return
        raise AssertionError(self.model)
