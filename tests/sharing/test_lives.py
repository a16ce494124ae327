"""Lives of grants and of walls, against models of their own."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.clock import utc_now
from app.core.ids import parse_public_id, public_id
from app.sharing import lines, register, walls
from app.sharing.schemas import GrantMake, GrantRead, WallSet
from tests.factories import Registry
from tests.handling.table import head_of
from tests.machines import Machine, live, several, trails
from tests.scenes import Meeting, meet

REF: Final = ("cms", "24-1")
RUNGS: Final = ("pointer", "contact", "summary")
LASTS: Final = timedelta(days=30)
OF_CASE: Final = (
    "SELECT FROM cases c JOIN offices f ON f.id = c.office_id WHERE f.code = :code FOR UPDATE OF c"
)
Who = Literal["one", "two", "machine", "stranger"]
WHO: Final[tuple[Who, ...]] = ("one", "two", "two", "machine", "stranger")


async def everybody(meeting: Meeting) -> dict[Who, Principal]:
    """Return two unit heads of the owner, its machine client with every scope, and a stranger."""
    registry, owner = meeting.registry, meeting.second
    one, two = [await head_of(registry, owner) for _ in range(2)]
    machine = Principal(
        f"client:{owner.client_id}",
        one.office_id,
        frozenset(Permission),
        is_participating=True,
        client_id=UUID(owner.client_id),
    )
    return {
        "one": one,
        "two": two,
        "machine": machine,
        "stranger": await head_of(registry, meeting.first),
    }


@dataclass(frozen=True)
class Grant:
    """What the owner's office let the other see."""

    rung: str
    by: Who
    hours: int = 0
    state: Literal["pending", "in_force", "withdrawn"] = "pending"
    trail: tuple[str, ...] = ()

    @property
    def now(self) -> str:
        """Return the state, of which time is a part."""
        is_late = self.state == "pending" and self.hours >= 24
        is_over = self.state != "withdrawn" and self.hours >= LASTS / timedelta(hours=1)
        return "expired" if is_late or is_over else self.state

    def take(self, rival: tuple[Who, str]) -> tuple["Grant", str]:  # noqa: PLR0911 -- one rule each
        """Return what an attempt leads to, and what is told."""
        who, act = rival
        if who == "machine" and act != "withdraw":
            return self, "missing-scope"
        if who == "stranger":
            return self, "grant-not-found"
        if self.now in {"withdrawn", "expired"}:
            return self, f"grant-ended {self.now}"
        if act == "withdraw":
            ended = (*self.trail, "case.grant_revoked")
            return replace(self, state="withdrawn", trail=ended), ""
        if self.now == "in_force":
            return self, "grant-not-pending in_force"
        if who == self.by:
            return self, "second-person-needed"
        if act == "approve another":
            return self, "grant-digest-differs pending"
        return replace(self, state="in_force", trail=(*self.trail, "case.granted")), ""


class Grants(Machine):
    """An office that hides a case, and lets another see it by grants."""

    @initialize()
    def begin(self) -> None:
        """Let two offices meet, of which the second is silent."""
        self.meeting: Meeting = self.do(meet(self.registry, "open", "silent"))
        self.who = self.do(everybody(self.meeting))
        self.ends_at = utc_now() + LASTS
        self.made: dict[str, Grant] = {}

    async def _make(self, who: Who, rung: str) -> str:
        asked = GrantMake.model_validate(
            {
                "office": self.meeting.first.code,
                "rung": rung,
                "purpose": "coordination",
                "expires_at": self.ends_at,
            }
        )
        principal = self.who[who]
        async with self.registry.acting(principal) as session:
            made = await register.make_grant(session, principal, REF, asked, now=utc_now())
        return made.id

    @rule(
        by=several(st.sampled_from(["one", "two", "machine"])),
        rung=st.sampled_from([*RUNGS, "summary"]),
    )
    def make(self, by: list[Who], rung: str) -> None:
        """Make one, or let colleagues make the same at one moment: while it stands it is one."""
        ids: list[str] = []

        async def act(who: Who) -> None:
            ids.append(await self._make(who, rung))

        owner = self.meeting.second.code
        self.race(None, by, act, lambda _, __: (None, ""), OF_CASE, code=owner)
        (key,) = set(ids)
        same = [
            each
            for each, known in self.made.items()
            if (known.rung, known.hours) == (rung, 0) and known.now in {"pending", "in_force"}
        ]
        assert [key] == same[-1:] or (not same and key not in self.made)
        if key not in self.made:
            self.do(self._note(key, rung))

    async def _note(self, key: str, rung: str) -> None:
        """Note a new grant: of two who ask for the same either may be the one who asked."""
        rows = await self.registry.rows(
            "SELECT granted_by FROM case_grants WHERE key = :key",
            key=parse_public_id(lines.PREFIX, key),
        )
        (by,) = [who for who, each in self.who.items() if each.actor == rows[0][0]]
        waits = rung == "summary"
        self.made[key] = Grant(
            rung,
            by,
            state="pending" if waits else "in_force",
            trail=("case.grant_requested" if waits else "case.granted",),
        )

    @rule(
        rivals=several(
            st.tuples(
                st.sampled_from(WHO),
                st.sampled_from(["approve", "approve", "withdraw", "approve another"]),
            )
        ),
        data=st.data(),
    )
    def decide(self, rivals: list[tuple[Who, str]], data: st.DataObject) -> None:
        """Approve or withdraw one, or let several race."""
        if not self.made:
            return
        name = data.draw(st.sampled_from(list(self.made)))
        key = parse_public_id(lines.PREFIX, name)

        async def act(rival: tuple[Who, str]) -> None:
            principal, now = self.who[rival[0]], utc_now()
            async with self.registry.acting(principal) as session:
                if rival[1] == "withdraw":
                    await register.withdraw_grant(session, principal, REF, key, now=now)
                    return
                digest = digests.get(name, "") if rival[1] == "approve" else "0" * 64
                await register.approve_grant(session, principal, REF, key, digest, now=now)

        digests = {each.id: each.digest for each in self.do(self._list())}
        lock = "SELECT FROM case_grants WHERE key = :key FOR UPDATE"
        self.made[name] = self.race(self.made[name], rivals, act, Grant.take, lock, key=key)

    async def _list(self) -> list[GrantRead]:
        one = self.who["one"]
        async with self.registry.acting(one) as session:
            found = await register.list_grants(
                session, one, REF, before=None, limit=99, now=utc_now()
            )
        return [read for _, read in found]

    @rule(hours=st.sampled_from([11, 13, 24 * 30]))
    def wait(self, hours: int) -> None:
        """Let all of them become older."""
        aged = self.registry.rows(
            "UPDATE case_grants SET granted_at = granted_at - CAST(:passed AS interval),"
            " expires_at = expires_at - CAST(:passed AS interval)"
            " WHERE key = ANY (:keys) RETURNING 1",
            passed=timedelta(hours=hours),
            keys=[parse_public_id(lines.PREFIX, each) for each in self.made],
        )
        self.do(aged)
        self.made = {
            key: replace(each, hours=each.hours + hours) for key, each in self.made.items()
        }

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what the owner reads, what the other office sees, and what is audited."""
        if hasattr(self, "made"):
            self.do(self._compare())

    async def _compare(self) -> None:
        listed = {each.id: each.state for each in await self._list()}
        assert listed == {key: each.now for key, each in self.made.items()}
        in_force = [each.rung for each in self.made.values() if each.now == "in_force"]
        seen = await self.meeting.first.overlaps()
        assert [each["rung"] for each in seen] == sorted(in_force, key=RUNGS.index)[-1:]
        rows = await self.registry.rows(
            "SELECT action FROM audit_entries WHERE action LIKE 'case.grant%' AND object ="
            " (SELECT s.case_id::text FROM overlap_sides s JOIN offices f ON f.id = s.office_id"
            " WHERE s.overlap_id = :id AND f.code = :code)",
            id=self.meeting.key,
            code=self.meeting.second.code,
        )
        steps = [step for each in self.made.values() for step in each.trail]
        assert sorted(row[0] for row in rows) == sorted(steps)


@dataclass(frozen=True)
class Wall:
    """What keeps the other office from the case, and who asked that it be lifted."""

    asked_by: Who | None = None
    hours: int = 0
    is_lifted: bool = False
    trail: tuple[str, ...] = ("wall.set",)

    def lift(self, who: Who) -> tuple["Wall", str]:
        """Return what asking leads to, and what is told."""
        if who == "machine":
            return self, "missing-scope"
        if who == "stranger":
            return self, "wall-not-found"
        if self.is_lifted:
            return self, "wall-lifted lifted"
        if self.asked_by in {None, who} or self.hours >= 24:
            asked = (*self.trail, "wall.lift_requested")
            return replace(self, asked_by=who, hours=0, trail=asked), ""
        return replace(self, is_lifted=True, trail=(*self.trail, "wall.lifted")), ""


class Walls(Machine):
    """An office that walls another off from its case, and lifts the wall again."""

    @initialize()
    def begin(self) -> None:
        """Let two offices meet that show each other whom to call."""
        self.meeting: Meeting = self.do(meet(self.registry))
        self.who = self.do(everybody(self.meeting))
        self.set: dict[UUID, Wall] = {}

    @rule(by=several(st.sampled_from(["one", "two"])))
    def build(self, by: list[Who]) -> None:
        """Set a wall, or let colleagues set it at one moment: while it stands it is one."""
        ids: list[UUID | None] = []

        async def act(who: Who) -> None:
            principal, asked = self.who[who], WallSet(office=self.meeting.first.code)
            async with self.registry.acting(principal) as session:
                wall = await walls.set_wall(session, principal, REF, asked, now=utc_now())
            ids.append(parse_public_id(walls.PREFIX, wall.id))

        owner = self.meeting.second.code
        self.race(None, by, act, lambda _, __: (None, ""), OF_CASE, code=owner)
        (key,) = set(ids)
        assert key is not None
        standing = [each for each, known in self.set.items() if not known.is_lifted]
        assert [key] == standing or (not standing and key not in self.set)
        self.set.setdefault(key, Wall())

    @rule(rivals=several(st.sampled_from(WHO)), data=st.data())
    def lift(self, rivals: list[Who], data: st.DataObject) -> None:
        """Ask that one be lifted, or let several ask at one moment."""
        if not self.set:
            return
        key = data.draw(st.sampled_from(list(self.set)))

        async def act(who: Who) -> None:
            async with self.registry.acting(self.who[who]) as session:
                await walls.lift_wall(session, self.who[who], REF, key, now=utc_now())

        lock = "SELECT FROM case_walls WHERE id = :key FOR UPDATE"
        self.set[key] = self.race(self.set[key], rivals, act, Wall.lift, lock, key=key)

    @rule(hours=st.sampled_from([11, 13]))
    def wait(self, hours: int) -> None:
        """Let what was asked become older."""
        aged = self.registry.rows(
            "UPDATE case_walls SET lift_asked_at = lift_asked_at - CAST(:passed AS interval)"
            " WHERE id = ANY (:keys) AND lifted_at IS NULL RETURNING 1",
            passed=timedelta(hours=hours),
            keys=list(self.set),
        )
        self.do(aged)
        self.set = {key: replace(each, hours=each.hours + hours) for key, each in self.set.items()}

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what the other office sees, and what is audited."""
        if hasattr(self, "set"):
            self.do(self._compare())

    async def _compare(self) -> None:
        seen = [each["rung"] for each in await self.meeting.first.overlaps()]
        is_walled = any(not each.is_lifted for each in self.set.values())
        assert seen == ([] if is_walled else ["contact"])
        known = {public_id(walls.PREFIX, key): wall.trail for key, wall in self.set.items()}
        assert await trails(self.registry, known) == known


class TestLife:
    @pytest.mark.parametrize("machine", [Grants, Walls])
    @pytest.mark.parametrize(
        ("examples", "steps"), [(4, 10), pytest.param(15, 30, marks=pytest.mark.long)]
    )
    async def test_no_path_skips_the_second_person_or_shows_a_rung_too_many(
        self, shared_registry: Registry, machine: type[Machine], examples: int, steps: int
    ) -> None:
        await live(machine, shared_registry, examples=examples, steps=steps)
