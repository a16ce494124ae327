"""Lives of requests for a contact, against a model of their own."""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.access.principal import OPERATOR
from app.contact_requests import service
from app.core.clock import utc_now
from app.core.db import transaction
from tests.factories import Registry
from tests.machines import Machine, live, trails
from tests.scenes import Meeting, meet

ENDS: Final = {"accept": "accepted", "decline": "declined", "withdraw": "withdrawn"}


class Life(Machine):
    """Two offices that hide from each other, and ask each other whom to call."""

    @initialize()
    def begin(self) -> None:
        """Let two offices meet."""
        self.meeting: Meeting = self.do(meet(self.registry, "contact_first", "contact_first"))
        self.clients = self.meeting.first, self.meeting.second
        self.requests: list[tuple[int, str]] = []
        """Who asked, and the request, oldest first."""
        self.status: dict[str, str] = {}

    def _sees(self, side: int) -> bool:
        """Return whether an office is shown the other: it was told so, or is being asked."""
        return any(
            self.status[key] == "accepted" or (by != side and self.status[key] == "pending")
            for by, key in self.requests
        )

    async def _ask(self, side: int) -> httpx.Response:
        return await self.clients[side].http.post(
            f"/v1/overlaps/{self.meeting.overlap_id}/contact-requests",
            json={"reason": "act_ahead"},
            headers={"Idempotency-Key": uuid4().hex},
        )

    async def _answer(self, side: int, key: str, said: str, version: int = 1) -> httpx.Response:
        return await self.clients[side].http.post(
            f"/v1/contact-requests/{key}/answers",
            json={"answer": said, "reason": "later" if said == "decline" else None},
            headers={"Idempotency-Key": uuid4().hex, "If-Match": f'"{version}"'},
        )

    @rule(side=st.integers(0, 1), how_many=st.sampled_from([1, 1, 3]))
    def ask(self, side: int, how_many: int) -> None:
        """Ask, or let colleagues ask at the same moment: one request of a side is open."""

        async def act() -> list[httpx.Response]:
            return await asyncio.gather(*(self._ask(side) for _ in range(how_many)))

        is_open = any(by == side and self.status[key] == "pending" for by, key in self.requests)
        is_possible = not is_open and not self._sees(side)
        answers = self.do(act())
        assert sorted(each.status_code for each in answers) == [
            *([201] if is_possible else []),
            *[409] * (how_many - is_possible),
        ]
        for made in (each.json() for each in answers if each.status_code == 201):
            self.requests.append((side, made["id"]))
            self.status[made["id"]] = "pending"

    @rule(
        said=st.lists(
            st.tuples(st.integers(0, 1), st.sampled_from(list(ENDS))), min_size=1, max_size=2
        ),
        data=st.data(),
    )
    def answer(self, said: list[tuple[int, str]], data: st.DataObject) -> None:
        """End a request, or let two ends race: the first that is possible is final."""
        if not self.requests:
            return
        by, key = data.draw(st.sampled_from(self.requests))

        async def act() -> list[httpx.Response]:
            return await asyncio.gather(*(self._answer(side, key, end) for side, end in said))

        fits = [(side == by) == (end == "withdraw") for side, end in said]
        answers = self.do(act())
        won = [each for each in answers if each.status_code == 200]
        before = self.status[key]
        is_possible = before == "pending" and any(fits)
        assert len(won) == is_possible, [each.text for each in answers]
        for is_fit, (_, end), each in zip(fits, said, answers, strict=True):
            if each.status_code == 200:
                self.status[key] = ENDS[end]
                assert (is_fit, each.json()["status"]) == (True, ENDS[end])
        for is_fit, each in zip(fits, answers, strict=True):
            if each.status_code != 200:
                problem: dict[str, Any] = each.json()
                assert each.status_code == 409
                told = {self.status[key]} if is_fit else {before, self.status[key]}
                assert problem["status_now"] in told

    @rule(side=st.integers(0, 1), end=st.sampled_from(list(ENDS)), data=st.data())
    def answer_what_was_not(self, side: int, end: str, data: st.DataObject) -> None:
        """Name a version that does not stand: 412 where the step were possible, else 409."""
        if self.requests:
            by, key = data.draw(st.sampled_from(self.requests))
            answer = self.do(self._answer(side, key, end, version=7))
            is_possible = self.status[key] == "pending" and (side == by) == (end == "withdraw")
            assert answer.status_code == (412 if is_possible else 409), answer.text

    @rule()
    def let_time_pass(self) -> None:
        """Let what is open expire."""
        self.do(self._expire())
        for key, status in self.status.items():
            self.status[key] = "expired" if status == "pending" else status

    async def _expire(self) -> None:
        await self.registry.rows(
            "UPDATE contact_requests SET requested_at = requested_at - interval '99 days',"
            " expires_at = :now WHERE overlap_id = :id AND status = 'pending' RETURNING 1",
            now=utc_now() - timedelta(seconds=1),
            id=self.meeting.key,
        )
        async with transaction(self.registry.operator) as session:
            await service.expire_requests(session, OPERATOR, now=utc_now(), limit=9)

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what each office is shown, and what is audited."""
        if hasattr(self, "meeting"):
            self.do(self._compare())

    async def _compare(self) -> None:
        for side, client in enumerate(self.clients):
            seen = (await client.http.get(f"/v1/overlaps/{self.meeting.overlap_id}")).json()
            assert seen["rung"] == ("contact" if self._sees(side) else "pointer")
            listed = (await client.http.get("/v1/contact-requests")).json()["items"]
            assert {each["id"]: each["status"] for each in listed} == self.status
        assert await trails(self.registry, self.status) == {
            key: ("contact.requested", *([] if status == "pending" else [f"contact.{status}"]))
            for key, status in self.status.items()
        }


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(4, 10), pytest.param(6, 30, marks=pytest.mark.long)]
    )
    async def test_an_end_is_final_audited_and_shows_no_rung_too_many(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)
