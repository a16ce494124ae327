"""Lives of the two follow-ups of an overlap, against a model of their own."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from tests.blinding import case
from tests.factories import Registry
from tests.machines import Machine, live
from tests.scenes import Meeting, meet, phone, someone

EVENTS: Final = ("acknowledge", "contact", "resolve", "ask_disclosure")
VERDICTS: Final = {
    "confirmed": None,
    "not_a_match": "different_person",
    "need_information": None,
}


@dataclass
class Side:
    """What one office said of the overlap, and on which evidence."""

    noted: str = "new"
    verdict: str | None = None
    judged_on: int = 0
    resolved_on: int | None = None
    round: int = 1
    is_flagged: bool = False
    """Whether somebody said that it may have to be disclosed: once, whatever comes of it."""

    def state(self, evidence: int) -> str:
        """Return how far the side has come, as docs/workflow.md says it in words."""
        if self.resolved_on == evidence:
            return "resolved"
        is_judged = self.verdict == "confirmed" or (
            self.verdict == "not_a_match" and self.judged_on == evidence
        )
        if is_judged:
            return "verdict_given"
        return "new" if self.resolved_on is not None else self.noted

    def standing(self, evidence: int) -> str | None:
        """Return the verdict that still holds."""
        is_gone = self.verdict == "not_a_match" and self.judged_on != evidence
        return None if is_gone else self.verdict

    def owes(self, other: "Side", evidence: int) -> str | None:
        """Return the step that is due, as docs/workflow.md says it in words."""
        state = self.state(evidence)
        if state == "verdict_given":
            said = {self.standing(evidence), other.standing(evidence)}
            return "agree" if said == {"confirmed", "not_a_match"} else None
        return {"new": "acknowledge", "resolved": None}.get(state, "judge")

    def may(self, event: str, evidence: int) -> bool:
        """Return whether an event is a step from here."""
        state = self.state(evidence)
        match event:
            case "acknowledge":
                return state == "new"
            case "contact":
                return state in {"new", "acknowledged"}
            case "ask_disclosure":
                return not self.is_flagged
            case _:
                return state == "verdict_given"

    def take(self, event: str, evidence: int) -> None:
        """Take a step that is possible; the first one on other evidence begins with nothing."""
        if self.resolved_on not in {None, evidence}:
            self.resolved_on, self.noted = None, "new"
        if event == "resolve":
            self.resolved_on = evidence
        elif event == "ask_disclosure":
            self.is_flagged = True
        else:
            self.noted = {"acknowledge": "acknowledged", "contact": "contacted"}[event]


class Life(Machine):
    """Two offices at one overlap, who do and say whatever they like, and its evidence changes."""

    @initialize(ways=st.sampled_from([("open", "open"), ("contact_first", "open")]))
    def begin(self, ways: tuple[str, str]) -> None:
        """Let two offices meet."""
        self.meeting: Meeting = self.do(meet(self.registry, *ways))
        self.clients = self.meeting.first, self.meeting.second
        self.ways, self.evidence, self.sides = ways, 1, (Side(), Side())
        self.trail: list[str] = []
        self.known: list[list[str]] = [[], []]

    async def _read(self, side: int) -> httpx.Response:
        path = f"/v1/overlaps/{self.meeting.overlap_id}/follow-up"
        return await self.clients[side].http.get(path)

    async def _step(self, side: int, event: str, etag: str) -> httpx.Response:
        body = {"event": event, "resolution": "handled_separately" if event == "resolve" else None}
        path = f"/v1/overlaps/{self.meeting.overlap_id}/follow-up/steps"
        return await self.clients[side].http.post(path, json=body, headers={"If-Match": etag})

    @rule(
        side=st.integers(0, 1), event=st.sampled_from(EVENTS), how_many=st.sampled_from([1, 1, 2])
    )
    def act(self, side: int, event: str, how_many: int) -> None:
        """Take a step, or let two colleagues take the same one at the same moment."""

        async def act() -> list[httpx.Response]:
            etag = (await self._read(side)).headers["ETag"]
            return await asyncio.gather(*(self._step(side, event, etag) for _ in range(how_many)))

        is_possible = self.sides[side].may(event, self.evidence)
        answers = self.do(act())
        assert sorted(each.status_code for each in answers) == [
            *([200] if is_possible else []),
            *[409] * (how_many - is_possible),
        ]
        if is_possible:
            self.sides[side].take(event, self.evidence)
            is_flag = event == "ask_disclosure"
            done = "disclosure_asked" if is_flag else self.sides[side].state(self.evidence)
            self.trail.append(f"follow_up.{done}")
        for lost in (each for each in answers if each.status_code == 409):
            assert lost.json()["status_now"] == self.sides[side].state(self.evidence)

    @rule(side=st.integers(0, 1), event=st.sampled_from(EVENTS), data=st.data())
    def act_on_what_was(self, side: int, event: str, data: st.DataObject) -> None:
        """Take a step on an older version: 409 where it is none from here, else 412."""
        if len(self.known[side]) > 1:
            old = data.draw(st.sampled_from(self.known[side][:-1]))
            is_possible = self.sides[side].may(event, self.evidence)
            answer = self.do(self._step(side, event, old))
            assert answer.status_code == (412 if is_possible else 409), answer.text

    @rule(side=st.integers(0, 1), verdict=st.sampled_from(list(VERDICTS)))
    def judge(self, side: int, verdict: str) -> None:
        """Give a verdict on the evidence that stands."""
        said = self.clients[side].say(self.meeting.overlap_id, verdict, VERDICTS[verdict])
        answer = self.do(said)
        assert answer.status_code == 200, answer.text
        self.sides[side].verdict, self.sides[side].judged_on = verdict, self.evidence
        self.trail.append("verdict.given")

    @rule()
    def find_more(self) -> None:
        """Let both post one more person that they share: another kind of evidence, once."""
        if self.evidence == 1:
            self.do(self._post_more())
            self.evidence += 1
            for side in self.sides:
                side.round += side.resolved_on is not None

    async def _post_more(self) -> None:
        number = phone()
        for client, body in zip(
            self.clients, (self.meeting.first_case, self.meeting.second_case), strict=True
        ):
            more = case(*body["subjects"], someone(ref="2", phones=(number,)))
            answer = await client.put_case("24-1", {**body, "subjects": more["subjects"]})
            assert answer.status_code == 200, answer.text

    @invariant()
    def is_what_the_model_says(self) -> None:
        """Compare what each office is shown, and what is audited."""
        if not hasattr(self, "meeting"):
            return
        for number, (side, other) in enumerate((self.sides, self.sides[::-1])):
            answer = self.do(self._read(number))
            said: dict[str, Any] = answer.json()
            shows = self.ways[1 - number] == "open"
            assert (said["state"], said["round"]) == (side.state(self.evidence), side.round)
            assert said["other_state"] == (other.state(self.evidence) if shows else None)
            assert said["overlap"]["rung"] == ("contact" if shows else "pointer")
            assert (said["disclosure_asked_at"] is not None) == side.is_flagged
            assert (said["due"] or {}).get("step") == side.owes(other, self.evidence)
            if answer.headers["ETag"] not in self.known[number]:
                self.known[number].append(answer.headers["ETag"])
        rows = self.do(
            self.registry.rows(
                "SELECT action FROM audit_entries WHERE object = :id AND (action LIKE"
                " 'follow_up.%' OR action = 'verdict.given') ORDER BY id",
                id=self.meeting.overlap_id,
            )
        )
        assert [row[0] for row in rows] == self.trail


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(4, 10), pytest.param(15, 30, marks=pytest.mark.long)]
    )
    async def test_only_its_steps_move_a_side_and_each_is_audited_and_shows_no_rung_too_many(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)
