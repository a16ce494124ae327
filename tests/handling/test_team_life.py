"""Lives of a matter's team and its tasks, against a model of their own."""

from dataclasses import dataclass, replace
from typing import Final

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.core.ids import parse_public_id
from tests.factories import Registry
from tests.handling.heads import Side, draft, good, settle
from tests.handling.table import LOCK
from tests.machines import Machine, live, refusal, several
from tests.scenes import make_offices

STRANGER: Final = 2
MADE: Final = {"task": "task.made", "member": "member.joined"}
ENDED: Final = {"task": "task.done", "member": "member.left"}


@dataclass(frozen=True)
class Item:
    """A task of an office, or one of its people on the team."""

    kind: str
    of: int
    is_over: bool = False

    @property
    def trail(self) -> tuple[str, ...]:
        """Return what is audited of it."""
        return (MADE[self.kind], *([ENDED[self.kind]] if self.is_over else []))


class Life(Machine):
    """Two parties and a stranger work on a matter, until it is concluded."""

    @initialize()
    def begin(self) -> None:
        """Settle an agreement; a party has a task, and says twice at once that it is done."""
        self.do(self._begin())
        self.items: dict[str, Item] = {}
        self.is_over = False
        self._give(0, 1)
        (task,) = self.items
        self._end(task, ["own", "own"])

    async def _begin(self) -> None:
        self.sides, self.request = await draft(self.registry)
        self.matter = (await settle(self.sides, self.request))["matter_id"]
        (other,) = await make_offices(self.registry, 1)
        self.sides.append(Side(self.registry, other))
        read = good(await self.sides[0].office.http.get(f"/v1/matters/{self.matter}"))
        self.today = read["began_on"]

    def _refused(self, who: int) -> str:
        if who == STRANGER:
            return "matter-not-found"
        return "matter-ended concluded" if self.is_over else ""

    @rule(who=st.sampled_from([0, 1, STRANGER]), of=st.sampled_from([0, 1]))
    def give(self, who: int, of: int) -> None:
        """Give a party something to do: any party does."""
        self._give(who, of)

    def _give(self, who: int, of: int) -> None:
        body = {"office": self.sides[of].office.code, "kind": "filing", "due_on": self.today}
        self._made("task", of, who, self.do(self.sides[who].work(f"{self.matter}/tasks", body)))

    @rule(who=st.sampled_from([0, 1, STRANGER]))
    def join(self, who: int) -> None:
        """Put someone on the team: each office its own."""
        body = {"name": "Robin Sample", "post": "analyst", "joined_on": self.today}
        answer = self.do(self.sides[who].work(f"{self.matter}/members", body))
        self._made("member", who, who, answer)

    def _made(self, kind: str, of: int, who: int, answer: httpx.Response) -> None:
        assert refusal(answer) == self._refused(who)
        if answer.is_success:
            self.items[answer.json()["id"]] = Item(kind, of)

    @rule(
        whose=several(st.sampled_from(["own", "own", "own", "other", "stranger"])), data=st.data()
    )
    def end(self, whose: list[str], data: st.DataObject) -> None:
        """Say that a task is done, or that someone has left; or let two race."""
        self._end(data.draw(st.sampled_from(sorted(self.items))), whose)

    def _end(self, name: str, whose: list[str]) -> None:
        item = self.items[name]
        who_is = {"own": item.of, "other": 1 - item.of, "stranger": STRANGER}
        rivals = [who_is[each] for each in whose]

        async def act(who: int) -> httpx.Response:
            place = f"{self.matter}/{item.kind}s/{name}"
            if item.kind == "task":
                return await self.sides[who].work(f"{place}/completions", {})
            return await self.sides[who].work(f"{place}/ends", {"left_on": self.today})

        def take(known: Item, who: int) -> tuple[Item, str]:
            if refused := self._refused(who):
                return known, refused
            if who != known.of:
                return known, f"{known.kind}-not-found"
            if known.is_over:
                return known, {"task": "task-done done", "member": "member-left left"}[known.kind]
            return replace(known, is_over=True), ""

        key = parse_public_id("hnd", self.request)
        self.items[name] = self.race(item, rivals, act, take, LOCK, id=key)

    @rule(is_last=st.integers(0, 5))
    def conclude(self, is_last: int) -> None:
        """Conclude the matter: what is written stays as it is."""
        if not is_last and not self.is_over:
            body = {"decision": "conclude", "reason": "transferred"}
            good(self.do(self.sides[0].send(self.request, "decisions", body)))
            self.is_over = True

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what both parties read, and what is audited."""
        if hasattr(self, "items"):
            self.do(self._compare())

    async def _compare(self) -> None:
        for side in self.sides[:STRANGER]:
            for kind, over in (("task", "done_at"), ("member", "left_on")):
                path = f"/v1/matters/{self.matter}/{kind}s?limit=100"
                items = good(await side.office.http.get(path))["items"]
                known = {
                    key: (self.sides[each.of].office.code, each.is_over)
                    for key, each in self.items.items()
                    if each.kind == kind
                }
                found = {each["id"]: (each["office"], each[over] is not None) for each in items}
                assert found == known
        rows = await self.registry.rows(
            "SELECT detail ->> 'what', array_agg(action ORDER BY id) FROM audit_entries"
            " WHERE object = :matter AND detail ->> 'what' = ANY (:items) GROUP BY 1",
            matter=str(parse_public_id("hnd", self.request)),
            items=list(self.items),
        )
        trails = {key: each.trail for key, each in self.items.items()}
        assert {row[0]: tuple(row[1]) for row in rows} == trails


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(2, 9), pytest.param(12, 30, marks=pytest.mark.long)]
    )
    async def test_what_is_done_is_done_once_by_its_office_while_the_matter_lasts(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)
