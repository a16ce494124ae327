"""What the demo's offices have settled, or not yet: an agreement in each state, and more.

Their unit heads sign in as their pages would; they are none of the people to look around as.
"""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.client.registry import RegistryClient
from app.core.clock import utc_now
from app.demo.counties import RING, number_of
from app.demo.heads import add_heads, sit_down
from app.demo.matter import Json, Seat
from app.handling import upkeep
from app.jobs.steps import NIGHTLY
from app.serving.installation import Installation, in_transaction

_ASKER: Final = "DEMO-CEDAR"
_GENERAL: Final = "DEMO-AG"
_Step = tuple[int, str, Json | None]
"""Who of the two, which kind of step, and what it says; None: they sign."""
_READ: Final = {"active": "charging", "extended": "plea", "concluded": "joint_handling"}
"""Of which overlaps, by what became of them, the other office opens the case, and what for."""
_SILENT: Final[dict[str, Json]] = {
    "escalated": {"answer_within_days": 1, "on_silence": "escalate"},
    "expired": {"answer_within_days": 1},
}
"""What those ask for whom nobody answers within a day."""
_TOPICS: Final = ["coercion", "finance", "labor", "networks"]
_QUESTION: Final = "How did you prove a debt that grew while wages were paid on paper?"
_ADVICE: Final = (
    "Compare the ledgers of the employer with the bank's records of the same weeks, and ask for "
    "the contracts in both languages before the first interview."
)


def deal(here: Installation, registry: str, clients: Mapping[str, RegistryClient]) -> None:
    """Let Cedar bring an agreement into each state, ask for advice, and be asked whom to call."""
    offices = [_ASKER, _GENERAL, *dict.fromkeys(office for office, *_ in RING.values())]
    codes = in_transaction(here, partial(add_heads, codes=offices))
    found = {
        state: _overlap(clients[_ASKER], number_of(state), partner[0])
        for state, partner in RING.items()
    }
    asked = _overlap(clients["DEMO-MAPLE"], "M26-021", "")
    asyncio.run(_deal(registry, codes, found, asked))
    in_transaction(here, _let_a_day_pass)


def _overlap(client: RegistryClient, number: str, office: str) -> str:
    """Return the overlap of a case with an office; empty: with one that is not named."""
    for overlap in client.list_overlaps():
        named = (overlap["counterpart"]["office"] or {}).get("code", "")
        if overlap["case"]["external_id"] == number and named == office:
            return str(overlap["id"])
    raise LookupError(f"The demo's case {number} has no overlap with {office or 'any office'}.")


async def _deal(registry: str, codes: dict[str, str], found: Mapping[str, str], asked: str) -> None:
    seats = {office: await sit_down(registry, office, code) for office, code in codes.items()}
    today = utc_now().date()
    try:
        for state, overlap in found.items():
            await _bring(seats[_ASKER], seats[RING[state][0]], overlap, state, today)
        await seats["DEMO-MAPLE"].post(
            f"overlaps/{asked}/contact-requests", {"reason": "same_subject"}
        )
        await _advise(seats[_ASKER], seats[_GENERAL])
        for state, reason in _READ.items():
            await seats[RING[state][0]].get(f"overlaps/{found[state]}?reason={reason}")
    finally:
        for seat in seats.values():
            await seat.client.aclose()


async def _bring(first: Seat, second: Seat, overlap: str, state: str, today: date) -> None:
    """Draft an agreement of two offices and take it as far as `state`."""
    body: Json = {"kind": "joint_handling", "terms": _terms(today), **_SILENT.get(state, {})}
    request = (await first.post(f"overlaps/{overlap}/handling-requests", body))["id"]
    for who, what, said in _steps(today)[state]:
        seat = (first, second)[who]
        if said is None:
            await seat.sign(request)
        else:
            await seat.step(request, what, said)


async def _let_a_day_pass(session: AsyncSession) -> None:
    """Do of a nightly run what ends the waiting of those requests, and no other's."""
    later = utc_now() + timedelta(days=1)
    for end in (upkeep.escalate_requests, upkeep.expire_requests):
        await end(session, NIGHTLY, limit=len(_SILENT), now=later)


def _steps(today: date) -> dict[str, tuple[_Step, ...]]:
    """Return by state of an agreement the steps from a draft to it."""
    other = {**_terms(today), "lead": 2, "evidence_rule": "lead_collects"}
    later = (today + timedelta(days=500)).isoformat()
    signed: tuple[_Step, ...] = ((0, "signatures", None), (1, "signatures", None))
    submitted: tuple[_Step, ...] = ((0, "moves", {"move": "submit"}),)
    sent = (*submitted, signed[0])
    accepted = (*sent, (1, "answers", {"answer": "accept"}))
    active = (*accepted, *signed)
    return {
        "draft": (),
        "awaiting_own_leadership": submitted,
        "sent": sent,
        "countered": (*sent, (1, "answers", {"answer": "counter", "terms": other})),
        "awaiting_their_leadership": accepted,
        "active": active,
        "extended": (*active, (0, "answers", {"answer": "extend", "ends_on": later}), *signed),
        "concluded": (
            *active,
            (0, "decisions", {"decision": "conclude", "reason": "prosecution_completed"}),
        ),
        "declined": (
            *sent,
            (1, "answers", {"answer": "decline", "reason": "handled_separately"}),
        ),
        "withdrawn": ((0, "moves", {"move": "withdraw"}),),
        **dict.fromkeys(_SILENT, sent),
    }


def _terms(today: date) -> dict[str, Any]:
    return {
        "purpose": "prosecute_jointly",
        "trafficking_type": "labor",
        "matter_kind": "criminal",
        "lead": 1,
        "ends_on": (today + timedelta(days=300)).isoformat(),
        "evidence_rule": "each_keeps_its_own",
        "disclosure_rule": "each_discloses_its_own",
        "victim_services_lead": 1,
        "media": "jointly",
        "review_every_days": 30,
        "notice_days": 14,
    }


async def _advise(asker: Seat, desk: Seat) -> None:
    """Let the Attorney General's desk answer one question of two."""
    (await desk.head.put("/v1/infusion-desk", json={"topics": _TOPICS})).raise_for_status()
    wish = {"desk": desk.code, "trafficking_type": "labor", "industry": "restaurant"}
    first = await asker.post(
        "infusion-questions", {**wish, "topic": "coercion", "question": _QUESTION}
    )
    await desk.post(f"infusion-questions/{first['id']}/answer", {"answer": _ADVICE})
    second = "Which records show best that one firm stands behind several crews?"
    await asker.post("infusion-questions", {**wish, "topic": "networks", "question": second})
