"""I6. Every effect and every disclosure has its audit row in its transaction; no row, no effect."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.accounts import service as accounts
from app.core.clock import utc_now
from app.core.db import DATABASE_ERRORS, transaction
from app.offices import service as offices
from app.offices.schemas import OfficeAdd
from app.quotas.examples import EXAMPLES as QUOTAS
from tests.access.people import Person, sign_in
from tests.blinding import case
from tests.documented import document
from tests.factories import ISSUER, OfficeClient, Registry, agreement
from tests.handling import heads as handling
from tests.invariants.dump import digests
from tests.scenes import Meeting, all_ended, meet, someone
from tests.signing import Signer, token_request
from tests.suppressing.test_suppressions import entry, post

Step = Callable[[Meeting], Awaitable[httpx.Response]]


async def put_new(meeting: Meeting) -> httpx.Response:
    return await meeting.first.put_case("24-2", case(someone()))


async def put_again(meeting: Meeting) -> httpx.Response:
    return await meeting.first.put_case("24-1", meeting.first_case)


async def put_many(meeting: Meeting) -> httpx.Response:
    item = {"source_system": "cms", "external_id": "24-3", "case": case(someone())}
    return await meeting.first.http.put("/v1/cases", json={"cases": [item]})


async def list_overlaps(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/overlaps")


async def read_overlap(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get(f"/v1/overlaps/{meeting.overlap_id}")


async def open_overlap(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get(f"/v1/overlaps/{meeting.overlap_id}?reason=plea")


async def list_all_readings(meeting: Meeting) -> httpx.Response:
    return await meeting.second.http.get("/v1/readings")


async def list_readings(meeting: Meeting) -> httpx.Response:
    return await meeting.second.http.get(f"{PATH}/readings")


async def request_handling(meeting: Meeting) -> httpx.Response:
    return await meeting.first.request_handling(meeting.overlap_id, key="asked-once")


async def request_handling_of_case(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.post(
        f"{PATH}/handling-requests",
        json={"kind": "consult", "offices": [meeting.second.code]},
        headers={"Idempotency-Key": "asked-alone"},
    )


async def judge(meeting: Meeting) -> httpx.Response:
    return await meeting.first.say(meeting.overlap_id, "confirmed", etag='"1-contact"')


async def withdraw_case(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.delete(PATH)


async def list_common_values(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/common-values")


async def give_permit(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.post("/v1/tokens/permits", json=QUOTAS["PermitAsk"])


async def list_requests(meeting: Meeting) -> httpx.Response:
    return await meeting.second.http.get("/v1/handling-requests")


async def _newest(meeting: Meeting, table: str) -> str:
    newest = f"SELECT id FROM {table} ORDER BY id DESC LIMIT 1"  # noqa: S608 -- our own words
    ((key,),) = await meeting.registry.rows(newest)
    return UUID(str(key)).hex


async def _request_id(meeting: Meeting) -> str:
    return f"hnd_{await _newest(meeting, 'handling_requests')}"


async def read_request(meeting: Meeting) -> httpx.Response:
    return await meeting.second.http.get(f"/v1/handling-requests/{await _request_id(meeting)}")


async def accept(meeting: Meeting) -> httpx.Response:
    key = await _request_id(meeting)
    return await meeting.second.answer(key, {"answer": "accept"}, key="answered-once")


async def decline(meeting: Meeting) -> httpx.Response:
    answer = {"answer": "decline", "reason": "handled_separately"}
    return await meeting.second.answer(await _request_id(meeting), answer)


PATH: Final = "/v1/cases/cms/24-1"
GIVEN: Final = {
    "rung": "contact", "purpose": "coordination",
    "expires_at": (utc_now() + timedelta(days=9)).isoformat(),
}  # fmt: skip
QUESTION: Final = {
    "topic": "labor",
    "trafficking_type": "labor",
    "industry": "agriculture",
    "origin": "labor_inspection",
    "stage": None,
    "question": "How did you prove a debt that grew while the wages were paid on paper?",
}
REASON: Final = "A search is under way tonight and persons may still be inside."


async def preview(meeting: Meeting) -> httpx.Response:
    body = {"disclosure": "open", "record_class": "charged", "trafficking_type": "sex"}
    return await meeting.first.http.post("/v1/cases/audience-preview", json=body)


async def explain(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get(f"{PATH}/access/{meeting.second.code}")


async def give(meeting: Meeting) -> httpx.Response:
    return await _give(meeting, "contact")


async def give_more(meeting: Meeting) -> httpx.Response:
    return await _give(meeting, "summary")


async def _give(meeting: Meeting, rung: str) -> httpx.Response:
    body = {**GIVEN, "rung": rung, "office": meeting.second.code}
    return await meeting.first.http.post(f"{PATH}/grants", json=body)


LEADS: Final[dict[str, list[Person]]] = {}
"""Unit heads by office, signed in before the audit breaks; each step takes another one."""


async def sign_in_leads(meeting: Meeting, steps: Iterable[Step]) -> None:
    """Sign in as many unit heads of either office as the steps take."""
    LEADS.clear()
    for step, office in ((s, meeting.second if s is review else meeting.first) for s in steps):
        if step in BY_LEADS | BY_ADMINISTRATORS:
            role = Role.ADMINISTRATOR if step in BY_ADMINISTRATORS else Role.LEADERSHIP
            lead = await sign_in(meeting.registry, office, role)
            LEADS.setdefault(office.code, []).append(lead)


def _lead(office: OfficeClient) -> Person:
    return LEADS[office.code].pop()


async def approve(meeting: Meeting) -> httpx.Response:
    (grant,) = (await meeting.first.http.get(f"{PATH}/grants")).json()["items"]
    lead = _lead(meeting.first)
    body = {"digest": grant["digest"]}
    return await lead.send("POST", f"{PATH}/grants/{grant['id']}/approvals", body)


async def withdraw(meeting: Meeting) -> httpx.Response:
    (grant,) = (await meeting.first.http.get(f"{PATH}/grants")).json()["items"]
    return await meeting.first.http.delete(f"{PATH}/grants/{grant['id']}")


async def wall(meeting: Meeting) -> httpx.Response:
    lead = _lead(meeting.first)
    return await lead.send("POST", f"{PATH}/walls", {"office": meeting.second.code})


async def lift(meeting: Meeting) -> httpx.Response:
    lead = _lead(meeting.first)
    (found,) = (await lead.send("GET", f"{PATH}/walls")).json()["items"]
    return await lead.send("DELETE", f"{PATH}/walls/{found['id']}")


async def list_events(meeting: Meeting) -> httpx.Response:
    await all_ended(meeting.registry)
    return await meeting.first.http.get("/v1/events")


async def hold(meeting: Meeting) -> httpx.Response:
    lead = _lead(meeting.first)
    return await lead.send("PUT", f"{PATH}/hold", {"reason": "Preservation order of a court."})


async def lift_hold(meeting: Meeting) -> httpx.Response:
    return await _lead(meeting.first).send("DELETE", f"{PATH}/hold")


async def ask_correction(meeting: Meeting) -> httpx.Response:
    body = {"asked_for": "counsel", "ground": "wrong_data"}
    once = {"Idempotency-Key": uuid4().hex}
    return await meeting.first.http.post(f"{PATH}/corrections", json=body, headers=once)


async def settle(meeting: Meeting) -> httpx.Response:
    (found,) = (await meeting.first.http.get(f"{PATH}/corrections")).json()["items"]
    path = f"{PATH}/corrections/{found['id']}/outcome"
    return await _lead(meeting.first).send("POST", path, {"outcome": "stands"})


SUMMARY: Final = "Crew slept in the trailer that the growers call ABC 1234."
READINGS: Final[list[str]] = []


async def ask(meeting: Meeting) -> httpx.Response:
    body = {"summary": SUMMARY, "reason": "The number is one of a trailer on the farm."}
    answer = await _lead(meeting.first).send("POST", "/v1/summary-readings", body)
    READINGS[:] = [answer.json().get("id", "")]
    return answer


async def agree(meeting: Meeting) -> httpx.Response:
    path = f"/v1/summary-readings/{READINGS[0]}/second"
    return await _lead(meeting.first).send("POST", path, {"summary": SUMMARY})


async def list_state(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/state-overlaps")


async def break_glass(meeting: Meeting) -> httpx.Response:
    lead = _lead(meeting.first)
    path = f"/v1/overlaps/{meeting.overlap_id}/glass-breaks"
    return await lead.send("POST", path, {"reason": REASON})


async def list_breaks(meeting: Meeting) -> httpx.Response:
    return await meeting.second.http.get("/v1/glass-breaks")


async def review(meeting: Meeting) -> httpx.Response:
    lead = _lead(meeting.second)
    path = f"/v1/glass-breaks/brk_{await _newest(meeting, 'glass_breaks')}/reviews"
    return await lead.send("POST", path, {"finding": "justified"})


async def suppress(meeting: Meeting) -> httpx.Response:
    return await post(meeting.first, "", entry(meeting.first_case["subjects"][0]))


async def end_suppression(meeting: Meeting) -> httpx.Response:
    return await post(meeting.first, f"/sup_{await _newest(meeting, 'suppressions')}/end", {})


async def list_suppressions(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/suppressions")


async def list_charges(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/defendant-feed")


async def choose_feed(meeting: Meeting) -> httpx.Response:
    body = {"has_contact_first": True}
    return await _lead(meeting.first).send("PUT", "/v1/defendant-feed/choice", body)


async def offer_desk(meeting: Meeting) -> httpx.Response:
    return await _lead(meeting.first).send("PUT", "/v1/infusion-desk", {"topics": ["labor"]})


async def ask_desk(meeting: Meeting) -> httpx.Response:
    body = {**QUESTION, "desk": meeting.first.code}
    return await _post(meeting.second, "", body)


async def list_questions(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/infusion-questions")


async def read_question(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get(f"/v1/infusion-questions{await _question(meeting)}")


async def take(meeting: Meeting) -> httpx.Response:
    return await _post(meeting.first, f"{await _question(meeting)}/take", {})


async def answer_desk(meeting: Meeting) -> httpx.Response:
    body = {"answer": "Compare the ledgers with the records of the bank."}
    return await _post(meeting.first, f"{await _question(meeting)}/answer", body)


async def say_use(meeting: Meeting) -> httpx.Response:
    body = {"use": "used", "code": "investigation"}
    return await _post(meeting.second, f"{await _question(meeting)}/use", body)


async def withdraw_question(meeting: Meeting) -> httpx.Response:
    return await _post(meeting.second, f"{await _question(meeting)}/withdraw", {})


async def _question(meeting: Meeting) -> str:
    return f"/inf_{await _newest(meeting, 'infusion_questions')}"


async def _post(office: OfficeClient, end: str, body: object) -> httpx.Response:
    once = {"Idempotency-Key": uuid4().hex}
    return await office.http.post(f"/v1/infusion-questions{end}", json=body, headers=once)


async def _token(meeting: Meeting, signer: Signer, client_id: UUID) -> httpx.Response:
    form = token_request(signer.assertion(str(client_id), ISSUER))
    return await meeting.first.http.post("/v1/oauth/token", data=form)


async def list_follow_ups(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/follow-ups")


async def read_follow_up(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get(f"/v1/overlaps/{meeting.overlap_id}/follow-up")


async def acknowledge(meeting: Meeting) -> httpx.Response:
    path = f"/v1/overlaps/{meeting.overlap_id}/follow-up/steps"
    headers = {"If-Match": '"0-1"'}
    return await meeting.first.http.post(path, json={"event": "acknowledge"}, headers=headers)


async def unassign(meeting: Meeting) -> httpx.Response:
    path = f"/v1/overlaps/{meeting.overlap_id}/assignment"
    headers = {"If-Match": '"0-1"'}
    return await meeting.first.http.put(path, json={"person": None}, headers=headers)


async def list_mediations(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/mediations")


async def hide_contact(meeting: Meeting) -> httpx.Response:
    changed = {**meeting.second_case, "disclosure": "contact_first"}
    return await meeting.second.put_case("24-1", changed)


async def request_contact(meeting: Meeting) -> httpx.Response:
    path = f"/v1/overlaps/{meeting.overlap_id}/contact-requests"
    headers = {"Idempotency-Key": "contact-asked-once"}
    return await meeting.first.http.post(path, json={"reason": "act_ahead"}, headers=headers)


async def list_contact_requests(meeting: Meeting) -> httpx.Response:
    return await meeting.second.http.get("/v1/contact-requests")


async def read_contact_request(meeting: Meeting) -> httpx.Response:
    key = await _newest(meeting, "contact_requests")
    return await meeting.second.http.get(f"/v1/contact-requests/crq_{key}")


async def answer_contact(meeting: Meeting) -> httpx.Response:
    key = await _newest(meeting, "contact_requests")
    return await meeting.second.http.post(
        f"/v1/contact-requests/crq_{key}/answers",
        json={"answer": "accept"},
        headers={"Idempotency-Key": "contact-answered-once", "If-Match": '"1"'},
    )


async def check(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.post(f"{PATH}/checks", json={"act": "plea"})


async def quick_check(meeting: Meeting) -> httpx.Response:
    body = {name: meeting.first_case[name] for name in ("match_spec", "epoch", "subjects")}
    path = f"{PATH}/quick-checks"
    return await meeting.first.http.post(path, json={**body, "reason": "charging"})


async def list_checks(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get(f"{PATH}/checks")


async def read_network(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get(f"{PATH}/network")


async def list_second_looks(meeting: Meeting) -> httpx.Response:
    return await meeting.first.http.get("/v1/second-looks")


async def ask_again(meeting: Meeting) -> httpx.Response:
    await meeting.registry.rows(
        "INSERT INTO second_looks (id, office_id, overlap_id, state, version, asked_at)"
        " SELECT gen_random_uuid(), f.id, :overlap, 'asked', 1, now() FROM offices f"
        " WHERE f.code = :code RETURNING id",
        overlap=meeting.key,
        code=meeting.first.code,
    )
    return await list_second_looks(meeting)


async def acknowledge_look(meeting: Meeting) -> httpx.Response:
    ((key,),) = await meeting.registry.rows(
        "SELECT id FROM second_looks WHERE overlap_id = :overlap", overlap=meeting.key
    )
    path, headers = f"/v1/second-looks/sec_{key.hex}/steps", {"If-Match": '"1"'}
    return await meeting.first.http.post(path, json={"event": "acknowledge"}, headers=headers)


HOOK: Final = {"url": "https://cms.example.com/joinder"}


async def report_late(meeting: Meeting) -> httpx.Response:
    body = {"due_on": utc_now().date().isoformat()}
    return await meeting.first.http.put("/v1/alarms/late-export", json=body)


async def add_hook(meeting: Meeting) -> httpx.Response:
    return await _lead(meeting.first).send("POST", "/v1/webhooks", HOOK)


async def approve_hook(meeting: Meeting) -> httpx.Response:
    return await _of_hook(meeting, "POST", "/approval", HOOK)


async def pause_hook(meeting: Meeting) -> httpx.Response:
    return await _of_hook(meeting, "PUT", "/paused", {"is_paused": True})


async def rotate_hook(meeting: Meeting) -> httpx.Response:
    return await _of_hook(meeting, "POST", "/secret", {})


async def send_hook_test(meeting: Meeting) -> httpx.Response:
    return await _of_hook(meeting, "POST", "/test", {})


async def give_up(meeting: Meeting) -> httpx.Response:
    await meeting.registry.rows(
        "UPDATE webhook_deliveries SET state = 'dead' WHERE state = 'waiting' RETURNING id"
    )
    return await list_overlaps(meeting)


async def redeliver(meeting: Meeting) -> httpx.Response:
    key = await _newest(meeting, "webhook_deliveries")
    return await _of_hook(meeting, "POST", f"/deliveries/dlv_{key}/again", {})


async def delete_hook(meeting: Meeting) -> httpx.Response:
    return await _of_hook(meeting, "DELETE", "", None)


async def _of_hook(meeting: Meeting, method: str, end: str, body: object) -> httpx.Response:
    path = f"/v1/webhooks/whk_{await _newest(meeting, 'webhooks')}{end}"
    return await _lead(meeting.first).send(method, path, body)


async def sign_agreement(meeting: Meeting) -> httpx.Response:
    body = agreement().model_dump(mode="json")
    return await _lead(meeting.first).send("POST", "/v1/proposals/agreements", body)


AUDITED: Final[dict[str, list[tuple[tuple[Step, ...], Step]]]] = {
    "PUT /v1/cases/{source_system}/{external_id}": [((), put_new), ((), put_again)],
    "PUT /v1/cases": [((), put_many)],
    "GET /v1/overlaps": [((), list_overlaps)],
    "GET /v1/overlaps/{overlap_id}": [((), read_overlap), ((), open_overlap)],
    "PUT /v1/overlaps/{overlap_id}/verdict": [((), judge)],
    "DELETE /v1/cases/{source_system}/{external_id}": [((), withdraw_case)],
    "GET /v1/common-values": [((), list_common_values)],
    "GET /v1/suppressions": [((suppress,), list_suppressions)],
    "POST /v1/suppressions": [((), suppress)],
    "POST /v1/suppressions/{suppression_id}/end": [((suppress,), end_suppression)],
    "POST /v1/tokens/permits": [((), give_permit)],
    "POST /v1/overlaps/{overlap_id}/handling-requests": [
        ((), request_handling),
        ((request_handling,), request_handling),
    ],
    "POST /v1/cases/{source_system}/{external_id}/handling-requests": [
        ((), request_handling_of_case),
        ((request_handling_of_case,), request_handling_of_case),
    ],
    "GET /v1/handling-requests": [((request_handling,), list_requests)],
    "GET /v1/handling-requests/{request_id}": [((request_handling,), read_request)],
    "POST /v1/handling-requests/{request_id}/answers": [
        ((request_handling,), accept),
        ((request_handling,), decline),
        ((request_handling, accept), accept),
    ],
    "POST /v1/cases/audience-preview": [((), preview)],
    "GET /v1/cases/{source_system}/{external_id}/access/{office}": [((), explain)],
    "POST /v1/cases/{source_system}/{external_id}/grants": [((), give), ((), give_more)],
    "DELETE /v1/cases/{source_system}/{external_id}/grants/{grant_id}": [((give,), withdraw)],
    "POST /v1/cases/{source_system}/{external_id}/grants/{grant_id}/approvals": [
        ((give_more,), approve)
    ],
    "POST /v1/cases/{source_system}/{external_id}/walls": [((), wall)],
    "DELETE /v1/cases/{source_system}/{external_id}/walls/{wall_id}": [
        ((wall,), lift),
        ((wall, lift), lift),
    ],
    "GET /v1/readings": [((), list_all_readings)],
    "GET /v1/cases/{source_system}/{external_id}/readings": [((open_overlap,), list_readings)],
    "GET /v1/events": [((), list_events)],
    "PUT /v1/cases/{source_system}/{external_id}/hold": [((), hold)],
    "DELETE /v1/cases/{source_system}/{external_id}/hold": [((hold,), lift_hold)],
    "POST /v1/cases/{source_system}/{external_id}/corrections": [((), ask_correction)],
    "POST /v1/cases/{source_system}/{external_id}/corrections/{correction_id}/outcome": [
        ((ask_correction,), settle)
    ],
    "POST /v1/summary-readings": [((), ask)],
    "POST /v1/summary-readings/{reading_id}/second": [((ask,), agree)],
    "GET /v1/state-overlaps": [((), list_state)],
    "GET /v1/defendant-feed": [((), list_charges)],
    "PUT /v1/defendant-feed/choice": [((), choose_feed)],
    "PUT /v1/infusion-desk": [((), offer_desk)],
    "POST /v1/infusion-questions": [((offer_desk,), ask_desk)],
    "GET /v1/infusion-questions": [((offer_desk, ask_desk), list_questions)],
    "GET /v1/infusion-questions/{question_id}": [((offer_desk, ask_desk), read_question)],
    "POST /v1/infusion-questions/{question_id}/take": [((offer_desk, ask_desk), take)],
    "POST /v1/infusion-questions/{question_id}/answer": [
        ((offer_desk, ask_desk, take), answer_desk)
    ],
    "POST /v1/infusion-questions/{question_id}/use": [
        ((offer_desk, ask_desk, take, answer_desk), say_use)
    ],
    "POST /v1/infusion-questions/{question_id}/withdraw": [
        ((offer_desk, ask_desk), withdraw_question)
    ],
    "POST /v1/overlaps/{overlap_id}/glass-breaks": [((), break_glass)],
    "GET /v1/glass-breaks": [((break_glass,), list_breaks)],
    "GET /v1/follow-ups": [((), list_follow_ups)],
    "GET /v1/overlaps/{overlap_id}/follow-up": [((), read_follow_up)],
    "POST /v1/overlaps/{overlap_id}/follow-up/steps": [((), acknowledge)],
    "PUT /v1/overlaps/{overlap_id}/assignment": [((), unassign)],
    "GET /v1/mediations": [((), list_mediations)],
    "POST /v1/overlaps/{overlap_id}/contact-requests": [
        ((hide_contact,), request_contact),
        ((hide_contact, request_contact), request_contact),
    ],
    "GET /v1/contact-requests": [((hide_contact, request_contact), list_contact_requests)],
    "GET /v1/contact-requests/{request_id}": [
        ((hide_contact, request_contact), read_contact_request)
    ],
    "POST /v1/contact-requests/{request_id}/answers": [
        ((hide_contact, request_contact), answer_contact)
    ],
    "POST /v1/cases/{source_system}/{external_id}/checks": [((), check)],
    "POST /v1/cases/{source_system}/{external_id}/quick-checks": [((), quick_check)],
    "GET /v1/cases/{source_system}/{external_id}/checks": [((), list_checks)],
    "GET /v1/cases/{source_system}/{external_id}/network": [((), read_network)],
    "GET /v1/second-looks": [((ask_again,), list_second_looks)],
    "POST /v1/second-looks/{look_id}/steps": [((ask_again,), acknowledge_look)],
    "POST /v1/glass-breaks/{break_id}/reviews": [((break_glass,), review)],
    "PUT /v1/alarms/late-export": [((), report_late)],
    "POST /v1/webhooks": [((), add_hook)],
    "POST /v1/webhooks/{webhook_id}/approval": [((add_hook,), approve_hook)],
    "PUT /v1/webhooks/{webhook_id}/paused": [((add_hook, approve_hook), pause_hook)],
    "POST /v1/webhooks/{webhook_id}/secret": [((add_hook,), rotate_hook)],
    "POST /v1/webhooks/{webhook_id}/test": [((add_hook, approve_hook), send_hook_test)],
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/again": [
        ((add_hook, approve_hook, send_hook_test, give_up), redeliver)
    ],
    "DELETE /v1/webhooks/{webhook_id}": [((add_hook,), delete_hook)],
    "POST /v1/proposals/agreements": [((), sign_agreement)],
}
"""What comes before, and the operation; the same one before it makes it a repeat."""

WITH_THEIR_OWN_TEST: Final = {
    *("POST /v1/oauth/token", "POST /v1/me/keys", "POST /v1/me/keys/{kid}/end"),
    *(f"POST /v1/sign-in{end}" for end in ("", "/enrolment", "/passkey", "/second-factor")),
    *("POST /v1/sign-in/provider/answer", "PUT /v1/sign-in/banner", "DELETE /v1/sign-in"),
    *("PUT /v1/me/password", "PUT /v1/me/totp", "DELETE /v1/me/sign-ins"),
    *("POST /v1/me/passkeys", "DELETE /v1/me/passkeys/{passkey_id}"),
    *("POST /v1/people", "DELETE /v1/people/sign-ins", "GET /v1/access-review"),
    *(f"PUT /v1/people/{{person_id}}/{end}" for end in ("roles", "disabled")),
    *(f"DELETE /v1/people/{{person_id}}/{end}" for end in ("lock", "sign-ins")),
    "POST /v1/people/{person_id}/enrolment",
    "GET /v1/audit-entries",
    *handling.OPERATIONS,
    *("GET /v1/me/notices", "PUT /v1/me/notices/read", "PUT /v1/me/notices/{event_id}/read"),
    "PUT /v1/me/notice-settings",
    "POST /v1/proposals/providers",
}
"""Of people: tests/people/test_audited.py, and of a provider, which must answer, test_provider.py;
of joint handling: tests/handling/test_audited.py; of what an office looks back at:
tests/oversight/test_service.py; of notices: tests/notices/test_notices.py."""
NOTHING_TO_AUDIT: Final = {
    "GET /healthz",
    "GET /readyz",
    "GET /problems/{code}",
    "GET /v1/meta",
    "GET /v1/oprf/keys",
    "GET /v1/me",  # the caller itself
    *(f"GET /v1/insights/{{measure}}{end}" for end in ("", "/figures.csv", "/figures.xlsx")),
    *(f"GET /v1/agendas{end}" for end in ("", "/{meeting}", "/{meeting}/agenda.pdf")),
    # what every office of the state or meeting is told alike
    "GET /v1/runs",  # what the registry did, and of no office
    "GET /v1/alarms",  # of the office itself
    "GET /v1/offices",  # what every office may know of the others
    "GET /v1/infusion-desks",  # likewise
    *("GET /v1/defendant-feed/choice", "GET /v1/infusion-figures"),  # the office's own
    "GET /v1/me/notice-settings",  # likewise
    *("GET /v1/sign-in", "GET /v1/me/factors", "GET /v1/banner"),  # the same
    *(f"GET /v1/{end}" for end in ("sign-in/passkey", "sign-in/second-factor")),  # a challenge
    *("GET /v1/me/totp", "GET /v1/me/passkeys", "POST /v1/sign-in/provider"),  # nothing is kept
    *("GET /v1/webhooks", "GET /v1/webhooks/{webhook_id}/deliveries"),  # likewise
    *("GET /v1/proposals/agreements", "GET /v1/proposals/providers"),  # likewise
    "GET /v1/cases",  # the office's own cases
    "GET /v1/cases/{source_system}/{external_id}",
    "GET /v1/cases/{source_system}/{external_id}/grants",
    "GET /v1/grants",
    "GET /v1/cases/{source_system}/{external_id}/walls",
    "GET /v1/cases/{source_system}/{external_id}/corrections",
}
CASES: Final = [(name, *case) for name, cases in AUDITED.items() for case in cases]


BY_LEADS: Final = {
    *(approve, wall, lift, break_glass, review, hold, lift_hold, settle, ask, agree),
    *(choose_feed, offer_desk, sign_agreement),
}
BY_ADMINISTRATORS: Final = {
    *(add_hook, approve_hook, pause_hook, rotate_hook, send_hook_test, redeliver, delete_hook),
}


@pytest.fixture(scope="module")
async def registry(module_registry: Registry) -> Registry:
    """Return a registry for this module: nobody else writes between two looks at all of it."""
    return module_registry


_BREAKABLE: Final = """
DO $do$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'breakable') THEN
    CREATE FUNCTION breakable() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
      IF NOT pg_try_advisory_xact_lock_shared(6) THEN RAISE EXCEPTION 'no audit'; END IF;
      RETURN NULL;
    END$$;
    CREATE TRIGGER breakable BEFORE INSERT ON audit_entries
      FOR EACH STATEMENT EXECUTE FUNCTION breakable();
  END IF;
END $do$
"""
"""Made once in a database: after each change of a table all plans for it are made anew."""


@asynccontextmanager
async def audit_broken(registry: Registry) -> AsyncIterator[None]:
    """Make every insert of an audit row fail while the context lasts."""
    async with transaction(registry.behind) as session:
        await session.execute(text(_BREAKABLE))
    async with transaction(registry.behind) as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(6)"))
        yield


def operation(name: str) -> Mapping[str, Any]:
    """Return what the document says of an operation."""
    method, path = name.split()
    found: Mapping[str, Any] = document()["paths"][path][method.lower()]
    return found


def assert_discloses_nothing(answer: httpx.Response) -> None:
    assert answer.status_code in {500, 503}, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    known = {"type", "title", "status", "detail", "code", "trace_id"}
    assert answer.json().keys() <= known
    assert not {"etag", "location"} & set(answer.headers)


class TestI6NoRowNoEffect:
    def test_every_operation_is_considered(self) -> None:
        operations = {
            f"{method.upper()} {path}"
            for path, methods in document()["paths"].items()
            for method in methods
        }
        assert operations == AUDITED.keys() | WITH_THEIR_OWN_TEST | NOTHING_TO_AUDIT

    @pytest.mark.parametrize(
        ("name", "before", "step"), CASES, ids=[f"{c[2].__name__}-{len(c[1])}" for c in CASES]
    )
    async def test_of_an_operation(
        self,
        registry: Registry,
        name: str,
        before: tuple[Step, ...],
        step: Step,
    ) -> None:
        meeting = await meet(registry)
        await sign_in_leads(meeting, (*before, step, step))
        for earlier in before:
            assert (await earlier(meeting)).is_success
        stored = await digests(registry)
        async with audit_broken(registry):
            assert_discloses_nothing(await step(meeting))
            assert await digests(registry) == stored
        ((rows,),) = await registry.rows("SELECT count(*) FROM audit_entries")
        answer = await step(meeting)
        assert answer.is_success, f"{name}: {answer.text}"
        ((more,),) = await registry.rows("SELECT count(*) FROM audit_entries")
        assert more > rows, name
        if "Idempotent-Replayed" in str(operation(name)):
            again = await registry.http().send(answer.request)
            assert again.headers["Idempotent-Replayed"] == "true"
            assert (again.status_code, again.content) == (answer.status_code, answer.content)

    async def test_of_issuing_an_access_token(self, registry: Registry) -> None:
        meeting = await meet(registry)
        signer = Signer()
        async with transaction(registry.operator) as session:
            client_id = await accounts.add_client(
                session, OPERATOR, meeting.first.code, signer.jwk, label="t", now=utc_now()
            )
        stored = await digests(registry)
        async with audit_broken(registry):
            assert_discloses_nothing(await _token(meeting, signer, client_id))
            assert await digests(registry) == stored
        assert (await _token(meeting, signer, client_id)).status_code == 200
        entry = (await registry.audit("access_token.issued"))[-1]
        assert entry["client_id"] == str(client_id)

    async def test_of_changing_a_clients_keys(self, registry: Registry) -> None:
        meeting = await meet(registry)
        signer, new = Signer(), Signer()
        async with transaction(registry.operator) as session:
            client_id = await accounts.add_client(
                session, OPERATOR, meeting.first.code, signer.jwk, label="t", now=utc_now()
            )
        token = (await _token(meeting, signer, client_id)).json()["access_token"]
        http = registry.http(Authorization=f"Bearer {token}")
        for path, body in (("", {"public_jwk": new.jwk}), (f"/{new.jwk['kid']}/end", {})):
            stored = await digests(registry)
            async with audit_broken(registry):
                sent = {**body, "client_assertion": signer.assertion(str(client_id), ISSUER)}
                assert_discloses_nothing(await http.post(f"/v1/me/keys{path}", json=sent))
                assert await digests(registry) == stored
            assert (await http.post(f"/v1/me/keys{path}", json=sent)).is_success
        added = (await registry.audit("client_key.added"))[-1]
        assert added["client_id"] == str(client_id)

    @pytest.mark.parametrize("place", range(4))
    async def test_of_what_the_operator_does(self, registry: Registry, place: int) -> None:
        meeting = await meet(registry)
        office = OfficeAdd(
            code="TX-NEW", name="New", kind="local", state="TX",
            contact_title="Deputy", contact_phone="555-0100", contact_email="new@example.com",
        )  # fmt: skip
        code, client_id, now = meeting.first.code, UUID(meeting.first.client_id), utc_now()
        acts: list[Callable[[AsyncSession], Awaitable[object]]] = [
            lambda session: offices.add_office(session, OPERATOR, office, now=now),
            lambda session: offices.sign_agreement(session, OPERATOR, code, agreement()),
            lambda session: accounts.add_client(
                session, OPERATOR, code, Signer().jwk, label="t", now=now
            ),
            lambda session: accounts.revoke_client(session, OPERATOR, client_id, now=now),
        ]
        stored = await digests(registry)
        async with audit_broken(registry):
            with pytest.raises(DATABASE_ERRORS):
                async with transaction(registry.operator) as session:
                    await acts[place](session)
            assert await digests(registry) == stored
        async with transaction(registry.operator) as session:
            await acts[place](session)
        changed = await digests(registry)
        assert {name for name in changed if changed[name] != stored[name]} > {"audit_entries"}


class TestI6EachRowSaysEnough:
    async def test_of_a_disclosure_it_names_recipient_and_rung(self, registry: Registry) -> None:
        meeting = await meet(registry, "open", "contact_first")
        await list_overlaps(meeting)
        entry = (await registry.audit("overlaps.disclosed"))[-1]
        ((office_id,),) = await registry.rows(
            "SELECT id FROM offices WHERE code = :code", code=meeting.first.code
        )
        assert entry["recipients"] == [office_id]
        assert entry["detail"] == {meeting.overlap_id: "pointer"}
        assert entry["client_id"] == meeting.first.client_id

    async def test_it_carries_the_request_id(self, registry: Registry) -> None:
        meeting = await meet(registry)
        answer = await meeting.first.http.get(
            "/v1/overlaps", headers={"X-Request-Id": "0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"}
        )
        assert answer.headers["X-Request-Id"] == "0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"
        assert (await registry.audit("overlaps.disclosed"))[-1][
            "request_id"
        ] == "0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"
