"""Lives of requests for correction, against a model of their own."""

from typing import Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.principal import Principal
from app.cases.errors import CaseNotFoundError
from app.core.clock import utc_now
from app.core.ids import parse_public_id
from app.reviews import corrections
from app.reviews.schemas import CorrectionAsk, Outcome
from tests.blinding import case
from tests.factories import Registry
from tests.handling.table import head_of
from tests.machines import Machine, live, several
from tests.scenes import make_offices, someone

REF: Final = ("cms", "24-1")
ASK: Final = CorrectionAsk(asked_for="counsel", ground="wrong_data")
OUTCOMES: Final[tuple[Outcome, ...]] = ("stands", "changed", "withdrawn")
STRANGER: Final = 2


class Life(Machine):
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
        rows = await self.registry.rows(
            "SELECT object, array_agg(action ORDER BY id) FROM audit_entries"
            " WHERE object = ANY (:ids) GROUP BY 1",
            ids=list(self.asked),
        )
        assert dict(map(tuple, rows)) == {
            key: ["correction.asked", *(["correction.settled"] if outcome else [])]
            for key, outcome in outcomes.items()
        }


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(3, 10), pytest.param(15, 30, marks=pytest.mark.long)]
    )
    async def test_another_person_settles_once_also_when_the_case_has_left(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)
