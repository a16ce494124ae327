"""Every operation by every principal, and the fields of every class of object, through HTTP."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from app.access.permissions import Permission
from app.access.policy import Target, permissions_of
from app.access.vocabulary import Disclosure, Relation, Role, Rung
from tests.access import oracle
from tests.access.people import handle_jointly, sign_in
from tests.architecture.test_openapi import call
from tests.blinding import case
from tests.documented import document
from tests.factories import Registry
from tests.scenes import Meeting, end_agreement, make_offices, meet, someone

NEEDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("put_case", "put_cases", "withdraw_case"), "cases:post"),
    **dict.fromkeys(("preview_audience", "ask_correction"), "cases:post"),
    **dict.fromkeys(("list_cases", "read_case", "list_common_values"), "cases:read"),
    "list_corrections": "cases:read",
    **dict.fromkeys(("hold_case", "lift_hold", "settle_correction"), "cases:oversee"),
    **dict.fromkeys(("ask_summary_reading", "give_second_reading"), "summaries:vouch"),
    **dict.fromkeys(("list_overlaps", "read_overlap", "list_readings"), "overlaps:read"),
    "list_events": "overlaps:read",
    "put_verdict": "overlaps:judge",
    **dict.fromkeys(("list_handling_requests", "read_handling_request"), "handling:read"),
    **dict.fromkeys(("request_handling", "request_handling_of_case"), "handling:request"),
    **dict.fromkeys(
        ("list_handling_terms", "export_agreement", "print_agreement"), "handling:read"
    ),
    "move_handling_request": "handling:request",
    **dict.fromkeys(("answer_handling_request", "record_instrument"), "handling:answer"),
    **dict.fromkeys(("sign_handling_request", "decide_handling_request"), "handling:sign"),
    **dict.fromkeys(("offer_lead", "accept_lead"), "handling:sign"),
    **dict.fromkeys(
        (
            "list_matters",
            "list_case_origin",
            "read_matter",
            "list_members",
            "list_tasks",
            "list_notes",
        ),
        "handling:read",
    ),
    **dict.fromkeys(("read_team_statement", "read_origin", "read_calendar"), "handling:read"),
    "print_team_statement": "handling:read",
    **dict.fromkeys(("add_member", "end_member", "add_task"), "matters:work"),
    **dict.fromkeys(("finish_task", "write_note"), "matters:work"),
    **dict.fromkeys(("explain_access", "list_grants", "list_glass_breaks"), "grants:read"),
    **dict.fromkeys(("make_grant", "withdraw_grant"), "grants:give"),
    "approve_grant": "grants:approve",
    **dict.fromkeys(("list_walls", "set_wall"), "walls:set"),
    "lift_wall": "walls:lift",
    "list_state_overlaps": "state-overlaps:read",
    "break_glass": "glass:break",
    "review_glass_break": "glass:review",
    "give_permit": "tokens:evaluate",
    "quick_check": "overlaps:read",
    "list_charges": "defendant-feed:read",
    **dict.fromkeys(("read_feed_choice", "put_feed_choice"), "defendant-feed:choose"),
    **dict.fromkeys(("list_infusion_desks", "list_questions", "read_question"), "infusion:read"),
    "read_infusion_figures": "infusion:read",
    **dict.fromkeys(("ask_question", "withdraw_question", "say_use"), "infusion:ask"),
    **dict.fromkeys(("take_question", "answer_question"), "infusion:answer"),
    "put_infusion_desk": "infusion:offer",
    **dict.fromkeys(
        ("add_suppression", "list_suppressions", "end_suppression"), "suppressions:manage"
    ),
    **dict.fromkeys(("list_meetings", "read_agenda", "print_agenda"), "agendas:read"),
    **dict.fromkeys(("read_insight", "export_insight_as_csv"), "insights:read"),
    "export_insight_as_xlsx": "insights:read",
    "list_offices": "offices:read",
    **dict.fromkeys(("sign_agreement", "list_agreement_proposals"), "agreements:sign"),
    **dict.fromkeys(("propose_provider", "list_provider_proposals"), "providers:set"),
    **dict.fromkeys(("list_follow_ups", "read_follow_up", "read_network"), "overlaps:read"),
    **dict.fromkeys(("check_before_act", "list_checks", "list_second_looks"), "overlaps:read"),
    **dict.fromkeys(("take_follow_up_step", "put_assignment"), "overlaps:judge"),
    "take_second_look_step": "overlaps:judge",
    "list_mediations": "state-overlaps:read",
    "request_contact": "handling:request",
    **dict.fromkeys(("list_contact_requests", "read_contact_request"), "handling:read"),
    "answer_contact_request": "handling:answer",
    "review_access": "people:review",
    "list_runs": "runs:read",
    "list_readings_of_office": "overlaps:read",
    "list_grants_of_office": "grants:read",
    "list_audit_entries": "audit:read",
    "list_alarms": "alarms:read",
    "report_late_export": "cases:post",
    **dict.fromkeys(("list_webhooks", "add_webhook", "approve_webhook"), "webhooks:manage"),
    **dict.fromkeys(("set_webhook_paused", "rotate_webhook_secret"), "webhooks:manage"),
    **dict.fromkeys(("send_webhook_test", "delete_webhook"), "webhooks:manage"),
    **dict.fromkeys(("list_deliveries", "redeliver"), "webhooks:manage"),
}
ANYONE: Final = {
    *("issue_access_token", "read_oprf_keys", "read_meta", "read_health", "read_readiness"),
    *("read_problem", "read_me", "add_my_key", "end_my_key", "read_banner"),
    *("sign_in_with_password", "use_enrolment_code", "read_passkey_sign_in_options"),
    *("sign_in_with_passkey", "begin_provider_sign_in", "finish_provider_sign_in"),
}
OPERATIONS: Final = [
    (path, method, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    if not operation["security"] or "machineClient" in operation["security"][0]
]
"""Those of people's own sign-ins and accounts are in tests/people."""
PEOPLE: Final = tuple(role for role in Role if role not in {Role.CLIENT, Role.OPERATOR})


class TestOperations:
    def test_each_is_listed(self) -> None:
        assert {operation["operationId"] for _, _, operation in OPERATIONS} == NEEDS.keys() | ANYONE

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
    async def test_each_is_refused_to_whom_the_oracle_refuses_it(
        self, shared_registry: Registry, role: Role
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        http = office.http
        if role is not Role.CLIENT:
            http = (await sign_in(shared_registry, office, role)).http
        asker = oracle.Asker(frozenset({role}), permissions_of([role]))
        for path, method, operation in OPERATIONS:
            name = operation["operationId"]
            if name in ANYONE:
                continue
            answer = await call(http, path, method, operation)
            is_open = oracle.allowed(asker, Permission(NEEDS[name]))
            assert (answer.status_code != 403) is is_open, (role, name, answer.text)
            assert answer.status_code < 500


OBJECTS: Final = ("open", "contact_first", "silent", "granted", "lapsed", "walled", "other")


async def scene(registry: Registry, kind: str) -> tuple[Meeting, Target]:
    """Return a meeting whose first office stands so to the second's case."""
    ways: dict[str, Disclosure] = {"contact_first": "contact_first", "silent": "silent"}
    way = ways.get(kind, "open")
    meeting = await meet(registry, "open", way)
    relation, granted, is_walled = Relation.PARTNER, Rung.NONE, kind == "walled"
    if kind == "granted":
        await handle_jointly(meeting)
        granted = Rung.SUMMARY
    said = await meeting.second.say(meeting.overlap_id, "not_a_match", "wrong_data")
    assert said.status_code == 200, said.text
    if kind == "lapsed":
        await end_agreement(registry, meeting.second)
    if kind == "walled":
        lead = await sign_in(registry, meeting.second, Role.LEADERSHIP)
        body = {"office": meeting.first.code}
        assert (await lead.send("POST", "/v1/cases/cms/24-1/walls", body)).status_code == 201
    if kind == "other":
        relation = Relation.STRANGER
    return meeting, Target(
        relation, "charged", way, granted, is_participating=kind != "lapsed", is_walled=is_walled
    )


def fields(read: Mapping[str, Any]) -> set[str]:
    """Return the names of an answer's fields that hold something."""
    found = {name for name in read if name not in {"findings", "counterpart"}}
    other = read["counterpart"]
    verdict = read["verdicts"]["other"]
    found |= {"verdicts.other.reason"} if verdict["reason"] is not None else set()
    found |= {f"counterpart.{key}" for key, value in other.items() if value is not None}
    for finding in read["findings"]:
        found |= {f"findings.{key}" for key, value in finding.items() if value is not None}
    return found


def unopened(read: Mapping[str, Any]) -> dict[str, Any]:
    """Return an overlap without what is shown of it only when it is read by itself, and why."""
    return {**read, "counterpart": {**read["counterpart"], "case": None, "stages": None}}


class TestObjects:
    @pytest.mark.parametrize("kind", OBJECTS)
    async def test_of_an_overlap_each_principal_is_shown_the_oracles_fields(
        self, shared_registry: Registry, kind: str
    ) -> None:
        meeting, target = await scene(shared_registry, kind)
        office = meeting.first
        if kind == "other":
            (office,) = await make_offices(shared_registry, 1)
        for role in (Role.CLIENT, *PEOPLE):
            http = office.http
            if role is not Role.CLIENT:
                http = (await sign_in(shared_registry, office, role)).http
            asker = oracle.Asker(frozenset({role}), permissions_of([role]))
            single = await http.get(f"/v1/overlaps/{meeting.overlap_id}?reason=plea")
            listed = await http.get("/v1/overlaps")
            if not oracle.allowed(asker, Permission.OVERLAPS_READ):
                assert (single.status_code, listed.status_code) == (403, 403)
                continue
            level = oracle.rung(asker, Permission.OVERLAPS_READ, target)
            if level == 0:
                assert (single.status_code, listed.json()["items"]) == (404, [])
                continue
            assert listed.json()["items"] == [unopened(single.json())]
            assert fields(single.json()) == oracle.shown(level), (role, kind)

    async def test_of_a_case_only_its_office_is_shown_anything(
        self, shared_registry: Registry
    ) -> None:
        owner, other = await make_offices(shared_registry)
        await owner.put_case("24-5", case(someone()))
        for office, expected in ((owner, 200), (other, 404)):
            for role in PEOPLE:
                person = await sign_in(shared_registry, office, role)
                asker = oracle.Asker(frozenset({role}), permissions_of([role]))
                is_open = oracle.allowed(asker, Permission.CASES_READ)
                answer = await person.send("GET", "/v1/cases/cms/24-5")
                assert answer.status_code == (expected if is_open else 403)
