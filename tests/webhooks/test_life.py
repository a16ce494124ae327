"""Lives of webhooks, against a model of their own."""

from dataclasses import dataclass, replace
from typing import Final

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.vocabulary import Role
from app.core.ids import parse_public_id
from tests.access.people import sign_in
from tests.factories import Registry
from tests.machines import Machine, live, several, trails
from tests.scenes import make_offices

URL: Final = "https://cms.example.com/joinder"
ACTS: Final = (
    *("approve", "approve", "approve another", "pause", "resume", "test", "renew", "delete"),
)


@dataclass(frozen=True)
class Hook:
    """An address of an office, and who added it."""

    by: str = ""
    state: str = "deleted"
    tests: int = 0
    trail: tuple[str, ...] = ()

    def add(self, who: str) -> tuple["Hook", str]:
        """Return what adding the address leads to, and what is told."""
        if self.state != "deleted":
            return self, f"webhook-exists {self.state}"
        return Hook(who, "proposed", trail=("webhook.added",)), ""

    def take(self, rival: tuple[str, str]) -> tuple["Hook", str]:
        """Return what an attempt leads to, and what is told."""
        who, act = rival
        if who == "stranger" or self.state == "deleted":
            return self, "webhook-not-found"
        refused = self._refused(who, act)
        if refused:
            return self, refused
        state, done = {
            "approve": ("active", "approved"),
            "pause": ("paused", "paused"),
            "resume": ("active", "resumed"),
            "test": ("active", "tested"),
            "renew": (self.state, "secret_rotated"),
            "delete": ("deleted", "deleted"),
        }[act]
        trail = (*self.trail, f"webhook.{done}")
        return replace(self, state=state, trail=trail, tests=self.tests + (act == "test")), ""

    def _refused(self, who: str, act: str) -> str:
        match act:
            case "approve another":
                return "webhook-url-refused"
            case "approve" if self.state != "proposed":
                return f"webhook-stands {self.state}"
            case "approve" if who == self.by:
                return "second-administrator-needed"
            case "pause" | "resume" if self.state == "proposed":
                return "webhook-stands proposed"
            case "test" if self.state != "active":
                return f"webhook-stands {self.state}"
            case _:
                return ""


class Life(Machine):
    """Two administrators of an office and one of another do whatever they like."""

    @initialize()
    def begin(self) -> None:
        """Make the offices, one with a webhook that waits."""
        self.do(self._begin())
        self.hook, self.key = Hook(), ""
        self.past: dict[str, tuple[str, ...]] = {}
        self._add(["one"])

    async def _begin(self) -> None:
        self.office, other = await make_offices(self.registry)
        self.who = {
            name: await sign_in(self.registry, office, Role.ADMINISTRATOR)
            for name, office in (("one", self.office), ("two", self.office), ("stranger", other))
        }

    @rule(rivals=several(st.sampled_from(["one", "two"])))
    def add(self, rivals: list[str]) -> None:
        """Add the address, or let two do so at one moment: an office has it once."""
        self._add(rivals)

    def _add(self, rivals: list[str]) -> None:
        added: dict[str, str] = {}

        async def act(who: str) -> httpx.Response:
            answer = await self.who[who].send("POST", "/v1/webhooks", {"url": URL})
            if answer.is_success:
                added[answer.json()["webhook"]["id"]] = who
            return answer

        lock, code = "SELECT FROM offices WHERE code = :code FOR UPDATE", self.office.code
        self.hook = self.race(self.hook, rivals, act, Hook.add, lock, code=code)
        for self.key, who in added.items():
            self.hook = replace(self.hook, by=who)

    @rule(
        rivals=several(
            st.tuples(
                st.sampled_from(["one", "two", "one", "two", "stranger"]), st.sampled_from(ACTS)
            )
        )
    )
    def act(self, rivals: list[tuple[str, str]]) -> None:
        """Do something with the one there is, or let two race."""
        if not self.key:
            return
        path = f"/v1/webhooks/{self.key}"

        async def act(rival: tuple[str, str]) -> httpx.Response:
            who = self.who[rival[0]]
            match rival[1]:
                case "approve" | "approve another":
                    url = URL if rival[1] == "approve" else f"{URL}/other"
                    return await who.send("POST", f"{path}/approval", {"url": url})
                case "pause" | "resume":
                    body = {"is_paused": rival[1] == "pause"}
                    return await who.send("PUT", f"{path}/paused", body)
                case "test":
                    return await who.send("POST", f"{path}/test", {})
                case "renew":
                    return await who.send("POST", f"{path}/secret", {})
                case _:
                    return await who.send("DELETE", path)

        lock, key = (
            "SELECT FROM webhooks WHERE id = :id FOR UPDATE",
            parse_public_id("whk", self.key),
        )
        self.hook = self.race(self.hook, rivals, act, Hook.take, lock, id=key)

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what the office reads, what would be sent, and what is audited."""
        if hasattr(self, "hook"):
            self.do(self._compare())

    async def _compare(self) -> None:
        listed = (await self.who["one"].send("GET", "/v1/webhooks")).json()["items"]
        stands = self.hook.state != "deleted"
        assert [(each["id"], each["state"]) for each in listed] == (
            [(self.key, self.hook.state)] if stands else []
        )
        rows = await self.registry.rows(
            "SELECT count(*) FROM webhook_deliveries d JOIN offices o ON o.id = d.office_id"
            " WHERE o.code = :code",
            code=self.office.code,
        )
        assert rows[0][0] == (self.hook.tests if stands else 0)
        if self.key:
            self.past[self.key] = self.hook.trail
        assert await trails(self.registry, self.past) == self.past


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(3, 10), pytest.param(15, 30, marks=pytest.mark.long)]
    )
    async def test_nothing_is_told_to_an_address_that_no_second_person_approved(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)
