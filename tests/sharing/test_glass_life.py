"""Lives of emergency readings, against a model of their own."""

from dataclasses import dataclass, replace
from typing import Final

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.sharing import glass
from tests.access.people import sign_in
from tests.factories import Registry
from tests.machines import Machine, live, several, trails
from tests.scenes import Meeting, meet

READERS: Final = ("one", "two")
_OLDER: Final = "{0} = {0} - make_interval(hours => :hours, mins => :minutes)"
AGED: Final = tuple(
    f"UPDATE {table} SET {', '.join(map(_OLDER.format, columns))}"  # noqa: S608 -- constants only
    " WHERE overlap_id = :overlap RETURNING 1"
    for table, columns in (
        ("case_grants", ("granted_at", "expires_at")),
        ("glass_breaks", ("broken_at", "expires_at", "review_due_at", "alarmed_at")),
    )
)


@dataclass(frozen=True)
class Break:
    """One emergency reading."""

    by: str
    minutes: int
    """How many are left."""
    due: int = 72 * 60
    """Minutes until the owner must have reviewed it."""
    finding: str = ""
    trail: tuple[str, ...] = ("glass.broken",)

    def review(self, rival: tuple[str, str]) -> tuple["Break", str]:
        """Return what a review leads to, and what is told."""
        who, finding = rival
        if who == "asker":
            return self, "glass-break-not-found"
        if who == "prosecutor":
            return self, "missing-scope"
        if self.finding:
            return self, "glass-break-reviewed reviewed"
        return replace(self, finding=finding, trail=(*self.trail, "glass.reviewed")), ""

    @property
    def is_late(self) -> bool:
        """Return whether both offices are to be told that nobody has reviewed it."""
        is_told = "glass.review_overdue" in self.trail
        return self.due <= 0 and not self.finding and not is_told


class Life(Machine):
    """Two persons read another office's case in emergencies; its leadership reviews them."""

    @initialize()
    def begin(self) -> None:
        """Let two offices meet of which the owner is asked first."""
        self.do(self._begin())
        self.breaks: dict[str, Break] = {}
        self._smash("one", 60)

    async def _begin(self) -> None:
        self.meeting: Meeting = await meet(self.registry, "open", "contact_first")
        asking, owner = self.meeting.first, self.meeting.second
        roles = {
            "one": (asking, Role.PROSECUTOR),
            "two": (asking, Role.PROSECUTOR),
            "asker": (asking, Role.LEADERSHIP),
            "head": (owner, Role.LEADERSHIP),
            "prosecutor": (owner, Role.PROSECUTOR),
        }
        self.who = {
            name: await sign_in(self.registry, office, role)
            for name, (office, role) in roles.items()
        }

    @rule(who=st.sampled_from(READERS), minutes=st.sampled_from([5, 60]))
    def smash(self, who: str, minutes: int) -> None:
        """Read the other side in an emergency."""
        self._smash(who, minutes)

    def _smash(self, who: str, minutes: int) -> None:
        path = f"/v1/overlaps/{self.meeting.overlap_id}/glass-breaks"
        body = {"reason": "A search is under way and persons may be inside.", "minutes": minutes}
        made = self.do(self.who[who].send("POST", path, body))
        assert made.status_code == 201, made.text
        self.breaks[made.json()["id"]] = Break(who, minutes)

    @rule(
        rivals=several(
            st.tuples(
                st.sampled_from(["head", "head", "asker", "prosecutor"]),
                st.sampled_from(["justified", "not_justified"]),
            )
        ),
        data=st.data(),
    )
    def review(self, rivals: list[tuple[str, str]], data: st.DataObject) -> None:
        """Review one, or let two race."""
        name = data.draw(st.sampled_from(sorted(self.breaks)))

        async def act(rival: tuple[str, str]) -> httpx.Response:
            path = f"/v1/glass-breaks/{name}/reviews"
            return await self.who[rival[0]].send("POST", path, {"finding": rival[1]})

        lock, key = (
            "SELECT FROM glass_breaks WHERE id = :id FOR UPDATE",
            parse_public_id("brk", name),
        )
        self.breaks[name] = self.race(self.breaks[name], rivals, act, Break.review, lock, id=key)

    @rule(hours=st.sampled_from([0, 0, 35]), minutes=st.sampled_from([4, 58]))
    def wait(self, hours: int, minutes: int) -> None:
        """Let all become older, and the night come by."""
        passed = 60 * hours + minutes
        self.do(self._wait(hours, minutes))
        self.breaks = {
            key: replace(each, minutes=each.minutes - passed, due=each.due - passed)
            for key, each in self.breaks.items()
        }
        late = {
            key: replace(each, trail=(*each.trail, "glass.review_overdue"))
            for key, each in self.breaks.items()
            if each.is_late
        }
        self.breaks |= late

    async def _wait(self, hours: int, minutes: int) -> None:
        for aged in AGED:
            values = {"hours": hours, "minutes": minutes, "overlap": self.meeting.key}
            await self.registry.rows(aged, **values)
        async with transaction(self.registry.operator) as session:
            while await glass.raise_alarms(session, OPERATOR, now=utc_now(), limit=9):
                pass

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what each person sees, what both offices read, and what is audited."""
        if hasattr(self, "breaks"):
            self.do(self._compare())

    async def _compare(self) -> None:
        path = f"/v1/overlaps/{self.meeting.overlap_id}"
        seen = {
            name: (await self.who[name].send("GET", path)).json()["rung"]
            for name in (*READERS, "asker")
        }
        may = {each.by for each in self.breaks.values() if each.minutes > 0}
        assert seen == {name: "summary" if name in may else "pointer" for name in seen}
        findings = {key: each.finding or None for key, each in self.breaks.items()}
        for name in ("asker", "head"):
            listed = await self.who[name].send("GET", "/v1/glass-breaks?limit=100")
            items = listed.json()["items"]
            assert {each["id"]: each["finding"] for each in items} == findings
        known = {key: each.trail for key, each in self.breaks.items()}
        assert await trails(self.registry, known) == known


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(3, 8), pytest.param(15, 30, marks=pytest.mark.long)]
    )
    async def test_one_person_sees_more_for_its_minutes_and_each_is_reviewed_once(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)
