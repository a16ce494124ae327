"""Lives of what takes two operators, against a model of their own."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.core.clock import utc_now
from app.core.ids import public_id
from app.proposals import service
from app.proposals.models import Proposal
from tests.factories import Registry
from tests.machines import Machine, live, several, trails
from tests.proposals.test_service import ONE, TWO, Case, approve, propose
from tests.scenes import make_offices

OPERATORS: Final = {"one": ONE, "two": TWO}
Approval = tuple[str, bool]
"""Who approves, and whether with the digest of what was read when it was proposed."""


@dataclass(frozen=True)
class Waiting:
    """A proposal of the first operator."""

    hours: int = 0
    is_altered: bool = False
    is_approved: bool = False

    def approve(self, approval: Approval) -> tuple["Waiting", str]:
        """Return what an approval leads to, and what is told."""
        who, is_right = approval
        if self.is_approved:
            return self, "proposal-ended approved"
        if self.hours >= 24:
            return self, "proposal-ended expired"
        if who == "one":
            return self, "second-operator-needed"
        if self.is_altered or not is_right:
            return self, "proposal-digest-differs proposed"
        return replace(self, is_approved=True), ""


class Life(Machine):
    """Two operators, time, and somebody who alters what waits in the database."""

    @initialize()
    def begin(self) -> None:
        """Let an office be there, of which nothing is proposed."""
        (office,) = self.do(make_offices(self.registry, 1))
        self.scene, self.now = Case(self.registry, office), utc_now()
        self.made: list[Proposal] = []
        self.known: list[Waiting] = []

    @rule()
    def propose(self) -> None:
        """Let the first operator propose."""
        change = self.scene.imported(elements=len(self.made) + 1).model_copy(
            update={"ends_at": self.now + timedelta(days=2)}
        )
        self.made.append(self.do(propose(self.registry, change, now=self.now)))
        self.known.append(Waiting())

    @rule(
        rivals=several(
            st.tuples(st.sampled_from([*OPERATORS, "two"]), st.sampled_from([True, True, False]))
        ),
        data=st.data(),
    )
    def approve(self, rivals: list[Approval], data: st.DataObject) -> None:
        """Approve one, or let several approvals race: it is done once."""
        if not self.made:
            return
        place = data.draw(st.integers(0, len(self.made) - 1))
        made = self.made[place]

        async def act(approval: Approval) -> None:
            digest = service.digest_of(made) if approval[1] else "0" * 64
            await approve(self.registry, OPERATORS[approval[0]], made.id, digest, now=self.now)

        lock = "SELECT FROM proposals WHERE id = :id FOR UPDATE"
        self.known[place] = self.race(
            self.known[place], rivals, act, Waiting.approve, lock, id=made.id
        )

    @rule()
    def alter(self) -> None:
        """Alter the newest behind the service, while it waits."""
        if self.known and not self.known[-1].is_approved:
            altered = self.registry.rows(
                "UPDATE proposals SET change = jsonb_set(change, '{elements}', '999')"
                " WHERE id = :id RETURNING id",
                id=self.made[-1].id,
            )
            self.do(altered)
            self.known[-1] = replace(self.known[-1], is_altered=True)

    @rule(hours=st.sampled_from([1, 23]))
    def wait(self, hours: int) -> None:
        """Let time pass."""
        self.now += timedelta(hours=hours)
        self.known = [replace(each, hours=each.hours + hours) for each in self.known]

    @invariant()
    def is_done_once_as_it_was_read_and_audited(self) -> None:
        """Compare what was done, and what is audited."""
        if not hasattr(self, "known"):
            return
        done = [place for place, each in enumerate(self.known) if each.is_approved]
        assert sorted(self.do(self.scene.allowances())) == [place + 1 for place in done]
        expected = {
            public_id(service.PREFIX, made.id): (
                "proposal.made",
                *(["proposal.approved"] if known.is_approved else []),
            )
            for made, known in zip(self.made, self.known, strict=True)
        }
        assert self.do(trails(self.registry, expected)) == expected


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(5, 12), pytest.param(20, 30, marks=pytest.mark.long)]
    )
    async def test_it_is_done_once_by_another_in_time_and_as_it_was_read(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)
