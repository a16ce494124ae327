"""Lives of corrections, legal holds and second readings, against models of their own."""

from dataclasses import dataclass, replace
from typing import Final

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.principal import Principal
from app.access.vocabulary import Role
from app.cases.errors import CaseNotFoundError
from app.core.clock import utc_now
from app.core.ids import parse_public_id
from app.reviews import corrections
from app.reviews.schemas import CorrectionAsk, Outcome
from tests.access.people import sign_in
from tests.blinding import case
from tests.factories import Registry
from tests.handling.table import head_of
from tests.machines import Machine, live, several, trails
from tests.scenes import Meeting, make_offices, meet, someone

REF: Final = ("cms", "24-1")
ASK: Final = CorrectionAsk(asked_for="counsel", ground="wrong_data")
OUTCOMES: Final[tuple[Outcome, ...]] = ("stands", "changed", "withdrawn")
STRANGER: Final = 2
HOLD: Final = "/v1/cases/cms/24-1/hold"
OF_CASE: Final = (
    "SELECT FROM cases c JOIN offices f ON f.id = c.office_id WHERE f.code = :code FOR UPDATE OF c"
)
SUMMARY: Final = "Crew slept in the trailer that the growers call ABC 1234."
ASKED_BY: Final = "SELECT asked_by FROM summary_readings WHERE id = :id"
AGED: Final = (
    "UPDATE summary_readings SET asked_at = asked_at - make_interval(hours => :hours),"
    " expires_at = expires_at - make_interval(hours => :hours) WHERE id = :id RETURNING 1"
)


class Corrections(Machine):
    """Two unit heads and a stranger do whatever they like, and the case comes and goes."""

    @initialize()
    def begin(self) -> None:
        """Let an office post a case."""
        self.do(self._begin())
        self.is_standing = True
        self.asked: dict[str, tuple[int, Outcome | None]] = {}
        """By request: who asked, and what came of it."""

    async def _begin(self) -> None:
        self.office, other = await make_offices(self.registry)
        self.body = case(someone())
        await self.office.put_case("24-1", self.body)
        self.heads = [await head_of(self.registry, each) for each in (self.office,) * 2 + (other,)]

    @rule()
    def come_or_go(self) -> None:
        """Withdraw the case, or post it again."""
        if self.is_standing:
            gone = self.do(self.office.http.delete("/v1/cases/cms/24-1"))
            assert gone.status_code == 204, gone.text
        else:
            assert self.do(self.office.put_case("24-1", self.body)).is_success
        self.is_standing = not self.is_standing

    @rule(who=st.sampled_from([0, 1, STRANGER]))
    def ask(self, who: int) -> None:
        """Say that something is wrong: of a case that stands, of the own office."""
        try:
            self.do(self._ask(who))
        except CaseNotFoundError:
            assert who == STRANGER or not self.is_standing
        else:
            assert self.is_standing
            assert who != STRANGER

    async def _ask(self, who: int) -> None:
        async with self.registry.acting(self.heads[who]) as session:
            made = await corrections.ask_correction(
                session, self.heads[who], REF, ASK, now=utc_now()
            )
        self.asked[made.id] = (who, None)

    @rule(
        rivals=several(st.tuples(st.sampled_from([0, 1, 1, STRANGER]), st.sampled_from(OUTCOMES))),
        data=st.data(),
    )
    def settle(self, rivals: list[tuple[int, Outcome]], data: st.DataObject) -> None:
        """Settle one, or let several race: the first who did not ask for it wins."""
        if not self.asked:
            return
        key = data.draw(st.sampled_from(sorted(self.asked)))
        asker, before = self.asked[key]

        def take(outcome: Outcome | None, rival: tuple[int, Outcome]) -> tuple[Outcome | None, str]:
            who, said = rival
            if who == STRANGER:
                return outcome, "case-not-found"
            if outcome is not None:
                return outcome, f"correction-settled {outcome}"
            return (None, "second-person-needed") if who == asker else (said, "")

        async def act(rival: tuple[int, Outcome]) -> None:
            who, said = self.heads[rival[0]], rival[1]
            async with self.registry.acting(who) as session:
                await corrections.settle_correction(session, who, REF, number, said, now=utc_now())

        lock = "SELECT FROM corrections WHERE id = :id FOR UPDATE"
        number = parse_public_id(corrections.PREFIX, key)
        self.asked[key] = asker, self.race(before, rivals, act, take, lock, id=number)

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what the office reads, what is due, and what is audited."""
        if hasattr(self, "asked"):
            self.do(self._compare(self.heads[0]))

    async def _compare(self, head: Principal) -> None:
        async with self.registry.acting(head) as session:
            found = await corrections.list_corrections(session, head, REF, before=None, limit=99)
            due = await corrections.list_due(session, head, limit=99)
        read = [corrections.render(each) for each in found]
        outcomes = {key: outcome for key, (_, outcome) in self.asked.items()}
        assert {each.id: each.outcome for each in read} == outcomes
        assert len(due) == [*outcomes.values()].count(None)
        assert await trails(self.registry, self.asked) == {
            key: ("correction.asked", *(["correction.settled"] if outcome else []))
            for key, outcome in outcomes.items()
        }


@dataclass(frozen=True)
class Held:
    """A case of an office, as leadership may hold it."""

    is_posted: bool = True
    is_held: bool = False
    is_matched: bool = True
    """Whether the other office sees the overlap."""
    trail: tuple[str, ...] = ()

    def take(self, rival: tuple[str, str]) -> tuple["Held", str]:
        """Return what an attempt leads to, and what is told."""
        who, act = rival
        if act != "post" and (not self.is_posted or (who == "stranger" and act != "withdraw")):
            return self, "case-not-found"
        if self.is_held is not (act == "lift"):
            return self, "case-held held" if self.is_held else "case-not-held not_held"
        if act in {"post", "withdraw"}:
            return replace(self, is_posted=act == "post", is_matched=act == "post"), ""
        trail = (*self.trail, "case.held" if act == "hold" else "case.hold_lifted")
        return replace(self, is_held=act == "hold", is_matched=False, trail=trail), ""


class Holds(Machine):
    """Two unit heads and a stranger hold a case, and its system posts and withdraws it."""

    @initialize()
    def begin(self) -> None:
        """Let two offices meet."""
        self.do(self._begin())
        self.case = Held()

    async def _begin(self) -> None:
        self.meeting: Meeting = await meet(self.registry)
        offices = {"one": self.meeting.second, "two": self.meeting.second}
        offices["stranger"] = (await make_offices(self.registry, 1))[0]
        self.who = {
            name: await sign_in(self.registry, office, Role.LEADERSHIP)
            for name, office in offices.items()
        }

    @rule(
        rivals=several(
            st.tuples(
                st.sampled_from(["one", "two", "stranger"]),
                st.sampled_from(["hold", "hold", "lift", "lift", "post", "withdraw"]),
            )
        )
    )
    def act(self, rivals: list[tuple[str, str]]) -> None:
        """Do something to the case, or let two race."""

        async def act(rival: tuple[str, str]) -> httpx.Response:
            who, owner = self.who[rival[0]], self.meeting.second
            match rival[1]:
                case "hold":
                    return await who.send("PUT", HOLD, {"reason": "Order of the court."})
                case "lift":
                    return await who.send("DELETE", HOLD)
                case "post":
                    return await owner.put_case("24-1", self.meeting.second_case)
                case _:
                    return await owner.http.delete("/v1/cases/cms/24-1")

        code = self.meeting.second.code
        self.case = self.race(self.case, rivals, act, Held.take, OF_CASE, code=code)

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what both offices see, and what is audited."""
        if hasattr(self, "case"):
            self.do(self._compare())

    async def _compare(self) -> None:
        assert len(await self.meeting.first.overlaps()) == self.case.is_matched
        read = await self.meeting.second.http.get("/v1/cases/cms/24-1")
        assert read.is_success is self.case.is_posted
        assert (read.json().get("held_at") is not None) is self.case.is_held
        rows = await self.registry.rows(
            "SELECT action FROM audit_entries WHERE action IN ('case.held', 'case.hold_lifted')"
            " AND actor = ANY (:actors) ORDER BY id",
            actors=[f"person:{each.key}" for each in self.who.values()],
        )
        assert tuple(row[0] for row in rows) == self.case.trail


@dataclass(frozen=True)
class Reading:
    """What was asked of a second person about a summary."""

    by: str | None = None
    hours: int = 0
    is_read: bool = False
    asked: int = 0
    """How many were asked for in all."""

    @property
    def is_live(self) -> bool:
        """Return whether it waits or counts."""
        return self.is_read or (self.by is not None and self.hours < 24)

    def take(self, rival: tuple[str, str]) -> tuple["Reading", str]:
        """Return what an attempt leads to, and what is told."""
        who, act = rival
        if act == "ask":
            return (self if self.is_live else Reading(who, asked=self.asked + 1)), ""
        if who == "stranger" or not self.is_live:
            return self, "summary-reading-not-found"
        if who == self.by:
            return self, "second-person-needed"
        if act == "give another":
            return self, f"summary-differs {'read' if self.is_read else 'asked'}"
        return replace(self, is_read=True), ""


class Readings(Machine):
    """Two persons and a stranger about a summary that the guard refuses."""

    @initialize()
    def begin(self) -> None:
        """Make the offices; in one two ask at the same moment."""
        self.do(self._begin())
        self.reading = Reading()
        self.trails: dict[str, tuple[str, ...]] = {}
        self._ask(["one", "two"])

    async def _begin(self) -> None:
        self.office, other = await make_offices(self.registry)
        self.body = case(someone(), summary=SUMMARY)
        self.who = {
            name: await sign_in(self.registry, office)
            for name, office in (("one", self.office), ("two", self.office), ("stranger", other))
        }

    @rule(by=several(st.sampled_from(["one", "two"])))
    def ask(self, by: list[str]) -> None:
        """Ask for a reading, or let colleagues ask at one moment: it is one while it lives."""
        self._ask(by)

    def _ask(self, by: list[str]) -> None:
        ids: list[str] = []

        async def act(rival: tuple[str, str]) -> httpx.Response:
            body = {"summary": SUMMARY, "reason": "The number is of a trailer on the farm."}
            answer = await self.who[rival[0]].send("POST", "/v1/summary-readings", body)
            ids.append(answer.json()["id"])
            return answer

        before, rivals = self.reading.asked, [(who, "ask") for who in by]
        lock, code = "SELECT FROM offices WHERE code = :code FOR UPDATE", self.office.code
        reached = self.race(self.reading, rivals, act, Reading.take, lock, code=code)
        (self.key,) = set(ids)
        assert (self.key in self.trails) is (reached.asked == before)
        if reached.asked > before:
            self.trails[self.key] = ("summary.reading_asked",)
            asker = self.do(self.registry.rows(ASKED_BY, id=parse_public_id("srd", self.key)))
            (by_whom,) = [
                name for name, each in self.who.items() if asker[0][0] == f"person:{each.key}"
            ]
            reached = replace(reached, by=by_whom)
        self.reading = reached

    @rule(
        rivals=several(
            st.tuples(
                st.sampled_from(["one", "two", "one", "two", "stranger"]),
                st.sampled_from(["give", "give", "give", "give another"]),
            )
        )
    )
    def give(self, rivals: list[tuple[str, str]]) -> None:
        """Agree that it holds no identifier, or let two do so at one moment."""
        self._give(rivals)

    @rule(who=st.sampled_from(["one", "two"]))
    def give_twice(self, who: str) -> None:
        """Let one agree twice at one moment."""
        self._give([(who, "give")] * 2)

    def _give(self, rivals: list[tuple[str, str]]) -> None:
        async def act(rival: tuple[str, str]) -> httpx.Response:
            body = {"summary": SUMMARY + (" Or more." if rival[1] == "give another" else "")}
            path = f"/v1/summary-readings/{self.key}/second"
            return await self.who[rival[0]].send("POST", path, body)

        was_read = self.reading.is_read
        lock = "SELECT FROM summary_readings WHERE id = :id FOR UPDATE"
        key = parse_public_id("srd", self.key)
        self.reading = self.race(self.reading, rivals, act, Reading.take, lock, id=key)
        if self.reading.is_read and not was_read:
            self.trails[self.key] += ("summary.read",)

    @rule(hours=st.sampled_from([1, 11, 13]))
    def wait(self, hours: int) -> None:
        """Let what was asked become older."""
        self.do(self.registry.rows(AGED, hours=hours, id=parse_public_id("srd", self.key)))
        self.reading = replace(self.reading, hours=self.reading.hours + hours)

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare whether the summary can be posted, and what is audited."""
        if hasattr(self, "reading"):
            self.do(self._compare())

    async def _compare(self) -> None:
        posted = await self.office.put_case("24-1", self.body)
        assert posted.is_success is self.reading.is_read, posted.text
        assert await trails(self.registry, self.trails) == self.trails


class TestLife:
    @pytest.mark.parametrize("machine", [Corrections, Holds, Readings])
    @pytest.mark.parametrize(
        ("examples", "steps"), [(3, 10), pytest.param(15, 30, marks=pytest.mark.long)]
    )
    async def test_no_path_skips_the_second_person_or_moves_what_is_held(
        self, shared_registry: Registry, machine: type[Machine], examples: int, steps: int
    ) -> None:
        await live(machine, shared_registry, examples=examples, steps=steps)
