"""A whole matter over HTTP: three offices and the Attorney General, from a draft to its end.

`joinder demo --scenario matter` plays it against a running service; the tests play the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from app.handling.terms import ATTESTATION

Json = dict[str, Any]
Say = Callable[[str], None]

_LENGTH: Final = timedelta(days=300)
_LONGER: Final = timedelta(days=500)


@dataclass(frozen=True)
class Seat:
    """One office at the table: its machine client, and its unit head signed in just now."""

    code: str
    client: httpx.AsyncClient
    head: httpx.AsyncClient

    async def get(self, path: str) -> Any:
        """Return what GET gives."""
        return _good(await self.client.get(f"/v1/{path}")).json()

    async def step(self, request: str, what: str, body: Json) -> Json:
        """Take a step on the version that stands, as the unit head."""
        etag = _good(await self.client.get(f"/v1/handling-requests/{request}")).headers["ETag"]
        return await self.post(f"handling-requests/{request}/{what}", body, etag)

    async def sign(self, request: str) -> Json:
        """Read the text of the newest terms, and sign it."""
        newest = (await self.get(f"handling-requests/{request}/terms"))["items"][-1]
        body = {"digest": newest["digest"], "attestation": ATTESTATION, "post": "Unit head"}
        return await self.step(request, "signatures", body)

    async def post(self, path: str, body: Json | None = None, etag: str = "*") -> Json:
        """Send a change as the unit head."""
        headers = {"Idempotency-Key": uuid4().hex, "If-Match": etag}
        found: Json = _good(await self.head.post(f"/v1/{path}", json=body, headers=headers)).json()
        return found


async def play(
    seats: Sequence[Seat], general: Seat, overlaps: Sequence[str], *, today: date, say: Say
) -> Json:
    """Settle a matter and see it to its end.

    Args:
        seats: The office that asks, then two others.
        general: The Attorney General's office.
        overlaps: Those of the first office with the two others, in their order.
        today: The service's date, UTC.
        say: Told a line at each step.

    Returns:
        What was exported: `request`, `statement`, `origin`, `agreement` and `calendar`.
    """
    first, second, third = seats
    everyone = (*seats, general)
    request = await _draft(first, general, overlaps, today)
    await first.step(request, "moves", {"move": "submit"})
    await first.sign(request)
    say(f"{first.code} drafts, its leadership signs, the request is sent to three offices.")

    terms = (await second.get(f"handling-requests/{request}"))["terms"]
    await second.step(request, "answers", {"answer": "counter", "terms": {**terms, "lead": 2}})
    other = {**terms, "lead": 2, "evidence_rule": "lead_collects"}
    await third.step(request, "answers", {"answer": "counter", "terms": other})
    for version in (await first.get(f"handling-requests/{request}/terms"))["items"][1:]:
        for change in version["changes"]:
            say(f"  version {version['number']}: {change['sentence']}")
    for seat in (first, second, general):
        await seat.step(request, "answers", {"answer": "accept"})
    for seat in everyone:
        settled = await seat.sign(request)
    matter = settled["matter_id"]
    say(f"Four leaders sign the same text: it is in force, led by {settled['lead']['name']}.")

    await _work(everyone, matter, today)
    await _hand_over(second, general, request, matter)
    say("The lead offers and the Attorney General takes it over, with the referral on record.")
    later = {"answer": "extend", "ends_on": (today + _LONGER).isoformat()}
    await first.step(request, "answers", later)
    for seat in everyone:
        settled = await seat.sign(request)
    say(f"All sign a longer period: until {settled['ends_on']}.")
    calendar = _good(await first.client.get(f"/v1/matters/{matter}/calendar"))
    done = {"decision": "conclude", "reason": "prosecution_completed"}
    settled = await general.step(request, "decisions", done)
    say("The lead concludes it: the prosecution is completed.")
    return {
        "request": settled,
        "statement": await first.get(f"matters/{matter}/team-statement"),
        "origin": await second.get(f"matters/{matter}/origin"),
        "agreement": await first.get(f"handling-requests/{request}/agreement"),
        "calendar": calendar.text,
    }


async def _draft(first: Seat, general: Seat, overlaps: Sequence[str], today: date) -> str:
    terms = {
        "purpose": "prosecute_jointly",
        "trafficking_type": "labor",
        "matter_kind": "criminal",
        "lead": 1,
        "forum": {"harm": 1, "evidence": 1, "resources": 4},
        "ends_on": (today + _LENGTH).isoformat(),
        "evidence_rule": "each_keeps_its_own",
        "disclosure_rule": "each_discloses_its_own",
        "victim_services_lead": 4,
        "media": "jointly",
        "review_every_days": 30,
        "notice_days": 14,
    }
    ask = {
        "kind": "joint_handling",
        "terms": terms,
        "also": list(overlaps[1:]),
        "offices": [general.code],
    }
    drafted = await first.post(f"overlaps/{overlaps[0]}/handling-requests", ask)
    number: str = drafted["id"]
    return number


async def _work(everyone: Sequence[Seat], matter: str, today: date) -> None:
    for number, seat in enumerate(everyone):
        name = f"Dana Sample {'ABCD'[number]}"
        joins = {"name": name, "post": "prosecutor", "joined_on": today.isoformat()}
        member = await seat.post(f"matters/{matter}/members", joins)
    await everyone[-1].post(
        f"matters/{matter}/members/{member['id']}/ends", {"left_on": today.isoformat()}
    )
    first, second = everyone[:2]
    due = (today + timedelta(days=21)).isoformat()
    for seat in (first, second):
        asked = {"office": seat.code, "kind": "share_evidence", "due_on": due}
        task = await first.post(f"matters/{matter}/tasks", asked)
    await second.post(f"matters/{matter}/tasks/{task['id']}/completions", {})
    note = {"kind": "decision", "text": "Charges are filed in one county only."}
    await second.post(f"matters/{matter}/notes", note)


async def _hand_over(lead: Seat, to: Seat, request: str, matter: str) -> None:
    referral = {
        "authority": "Cal. Gov. Code § 12550",
        "signatory": "District Attorney",
        "scope": "whole_matter",
        "dated_on": "2026-01-05",
        "document_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }
    await lead.post(f"handling-requests/{request}/instruments", referral)
    offered = await lead.post(f"matters/{matter}/lead-offers", {"office": to.code})
    offer = offered["leads"][-1]["id"]
    await to.post(f"matters/{matter}/lead-offers/{offer}/acceptances", {"from_office": lead.code})


def _good(answer: httpx.Response) -> httpx.Response:
    answer.raise_for_status()
    return answer
