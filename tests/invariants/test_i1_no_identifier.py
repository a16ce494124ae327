"""I1. No raw identifier, and nothing about a victim, is received, stored or logged."""

import copy
from typing import Any, Final

import pytest
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import String

import app.tables  # noqa: F401 -- fills the metadata
from app.core.models import Base
from tests.blinding import case
from tests.factories import Registry
from tests.invariants.dump import dump, holding
from tests.scenes import make_offices, phone, someone

CANARY: Final = "Canarybird"
TEXT_COLUMNS: Final = {
    "agendas": {"state", "counts"},
    "alarms": {"finding", "kind"},
    "assignments": {"assigned_by"},
    "audit_entries": {"action", "actor", "object", "detail", "request_id"},
    "case_grants": {"purpose", "approval", "granted_by", "approved_by"},
    "case_walls": {"set_by", "lift_asked_by", "lifted_by"},
    "cases": {
        "source_system", "external_id", "record_class", "trafficking_type", "disclosure",
        "county_fips", "summary", "attestation", "declined_reason", "facts", "stages", "labels",
        "apart", "held_by", "hold_reason", "provenances",
    },
    "checks": {"act", "blind_because", "checked_by", "shown"},
    "client_credentials": {"label", "scopes"},
    "client_keys": {"kid", "public_jwk"},
    "commitments": {"trafficking_type", "signatory"},
    "committees": {"state", "name"},
    "contact_requests": {"requested_by", "reason", "status", "decline_reason"},
    "disclosure_flags": {"asked_by"},
    "corrections": {"asked_for", "ground", "asked_by", "outcome", "settled_by"},
    "events": {"type"},
    "feed_choices": {"chosen_by"},
    "follow_ups": {"resolved_evidence", "resolution"},
    "glass_breaks": {"reason", "broken_by", "reviewed_by", "finding"},
    "identity_providers": {"issuer", "client_id", "acr_values"},
    "import_allowances": {"key_class"},
    "insights": {"measure", "state", "figures", "breakdown"},
    "key_epochs": {"state"},
    "handling_instruments": {"authority", "signatory", "scope", "recorded_by"},
    "handling_parties": {"open_as"},
    "handling_requests": {
        "kind", "status", "requested_by", "on_silence", "decline_reason", "explanation",
        "end_reason",
    },
    "handling_signatures": {"purpose", "post", "attestation", "text"},
    "handling_terms": {"proposed_by", "terms"},
    "lapse_notices": {"what", "key"},
    "mails": {"state", "error"},
    "matter_leads": {"offered_by", "accepted_by"},
    "matter_members": {"name", "post", "added_by"},
    "matter_notes": {"kind", "text", "written_by"},
    "matter_tasks": {"kind", "note", "made_by", "done_by"},
    "origin_entries": {"what"},
    "announced_cases": {"source_system", "external_id"},
    "idempotency_keys": {"key", "headers", "body"},
    "infusion_desks": {"topic"},
    "infusion_questions": {
        "topic", "status", "question", "answer", "use_code", "asked_by", "taken_by", "answered_by",
        "trafficking_type", "stage", "industry", "origin",
    },
    "notice_settings": {"muted", "mail", "address"},
    "offices": {
        "code", "name", "kind", "state", "contact_title", "contact_phone", "contact_email",
        "mail_domain", "time_zone",
    },
    "office_contacts": {"role", "title", "phone", "email"},
    "overlap_sides": {"verdict", "verdict_reason", "verdict_evidence"},
    "overlaps": {"band", "findings", "evidence", "retract_reason", "state"},
    "participation_agreements": {"version", "signatory"},
    "permitted_batches": {"counts"},
    "passkeys": {"label"},
    "persons": {
        "account", "disabled_for", "issuer", "name", "password_digest", "roles", "subject",
    },
    "proposals": {"change", "proposed_by", "approved_by"},
    "purged_cases": {"reason"},
    "quota_buckets": {"holder", "key_class"},
    "readings": {"actor", "reader", "roles", "reason"},
    "reminders": {"step", "level"},
    "run_steps": {"step", "state", "error", "reason"},
    "runs": {"state"},
    "saved_views": {"name", "filters"},
    "second_looks": {"state", "outcome"},
    "sign_ins": {"method"},
    "state_settings": {"state", "counsel"},
    "stuck_cases": {"error"},
    "subjects": {"ref", "kind"},
    "summary_readings": {"forms", "reason", "asked_by", "read_by"},
    "suppressions": {"mode", "scope", "state", "reason"},
    "webhook_deliveries": {"type", "state", "error"},
    "webhooks": {"url", "state", "paused_for", "added_by", "approved_by"},
}  # fmt: skip
"""Every column that could hold words. Of a subject: the office's own reference and its kind.

Persons are those who sign in.
"""

BYTE_COLUMNS: Final = {
    "cases": {"content_tag", "feed_digests"},
    "handling_instruments": {"document_digest"},
    "handling_signatures": {"digest"},
    "common_sightings": {"token"},
    "hidden_sightings": {"token"},
    "idempotency_keys": {"request_digest"},
    "key_epochs": {"key_check"},
    "passkeys": {"credential_id", "public_key"},
    "permitted_batches": {"digest"},
    "persons": {"enrolment_digest", "totp_sealed"},
    "recovery_codes": {"digest"},
    "sealed_elements": {"sealed"},
    "sealing_keys": {"sealed_key"},
    "sightings": {"token"},
    "sign_in_attempts": {"key"},
    "sign_ins": {"digest"},
    "spent_assertions": {"jti_digest"},
    "state_settings": {"law_digest"},
    "spent_challenges": {"digest"},
    "summary_readings": {"digest"},
    "suppressions": {"token", "sealed"},
    "tokens": {"token"},
    "webhooks": {"secret_sealed", "old_secret_sealed"},
}


def _put(body: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """Return a copy of `body` with `value` at `path`."""
    changed = copy.deepcopy(body)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


EXTRA_FIELDS: Final = [
    (*prefix, name)
    for prefix in (
        (), ("subjects", 0), ("subjects", 0, "names", 0), ("subjects", 0, "identifiers", 0)
    )
    for name in ("name", "date_of_birth", "value", "victim")
]  # fmt: skip


class TestI1NoRawIdentifierIsReceived:
    @pytest.mark.usefixtures("full_log")
    @pytest.mark.parametrize("path", EXTRA_FIELDS, ids=str)
    async def test_a_field_for_one_does_not_exist(
        self,
        shared_registry: Registry,
        path: tuple[str | int, ...],
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        good = case(someone(phones=(phone(),)))
        bad = _put(good, path, f"{CANARY} 415-555-0142")
        item = {"source_system": "cms", "external_id": "24-1", "case": bad}
        single = await office.put_case("24-1", bad)
        bulk = await office.http.put("/v1/cases", json={"cases": [item]})
        assert (single.status_code, bulk.status_code) == (422, 200)
        assert bulk.json()["results"][0]["result"] == "refused"
        output = "".join(capfd.readouterr())
        assert "/v1/cases" in output
        for text in (single.text, bulk.text, output):
            assert CANARY not in text
            assert "555-0142" not in text
        assert (await office.http.get("/v1/cases")).json()["items"] == []
        assert (await office.put_case("24-1", good)).status_code == 201

    @pytest.mark.parametrize(
        "path",
        [("subjects", 0, "names", 0, "tokens", "p.xx"), ("subjects", 0, "identifiers", 0, "token")],
        ids=str,
    )
    @pytest.mark.parametrize("value", [CANARY, "+14155550142", "1990-02-03", "a" * 43])
    async def test_one_in_the_place_of_a_token_is_refused(
        self, shared_registry: Registry, path: tuple[str | int, ...], value: str
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        bad = _put(case(someone(phones=(phone(),))), path, value)
        answer = await office.put_case("24-1", bad)
        assert answer.status_code == 422
        assert value not in answer.text

    @pytest.mark.parametrize("provenance", ["victim_services", "hotline", "victim", ""])
    @pytest.mark.parametrize("place", ["names", "identifiers"])
    async def test_nothing_from_those_who_help_victims_is_taken(
        self, shared_registry: Registry, place: str, provenance: str
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        good = case(someone(phones=(phone(),)))
        bad = _put(good, ("subjects", 0, place, 0, "provenance"), provenance)
        assert (await office.put_case("24-1", bad)).status_code == 422
        assert (await office.put_case("24-1", good)).status_code == 201

    @pytest.mark.parametrize("reference", ["123-45-6789", "x_415-555-0142", "415.555.0142"])
    async def test_a_reference_that_has_the_form_of_one_is_refused(
        self, shared_registry: Registry, reference: str
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        as_case = await office.put_case(reference, case(someone()))
        body = case(someone())
        body["subjects"][0]["ref"] = reference
        as_subject = await office.put_case("24-1", body)
        assert {as_case.status_code, as_subject.status_code} == {422}
        assert reference not in as_case.text + as_subject.text

    @pytest.mark.usefixtures("full_log")
    async def test_a_summary_that_holds_one_is_refused_without_repeating_it(
        self, registry: Registry, fresh_database_url: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        (office,) = await make_offices(registry, 1)
        answer = await office.put_case("24-1", case(someone(), summary=f"{CANARY}, 415-555-0142"))
        assert (answer.status_code, answer.json()["code"]) == (422, "summary-holds-identifier")
        assert not any(value in answer.text for value in (CANARY, "555-0142"))
        output = "".join(capfd.readouterr())
        assert "/v1/cases/{source_system}" in output
        assert not any(value in output for value in (CANARY, "555-0142"))
        tables = await dump(fresh_database_url)
        assert not holding(tables, CANARY.encode())
        assert holding(tables, office.code.encode())  # the search finds what is there


class TestI1NoRawIdentifierIsStored:
    def test_every_column_of_words_is_known(self) -> None:
        found: dict[str, set[str]] = {}
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                inner = column.type.item_type if isinstance(column.type, ARRAY) else column.type
                if isinstance(inner, String | JSONB):
                    found.setdefault(table.name, set()).add(column.name)
        assert found == TEXT_COLUMNS

    async def test_the_schema_holds_nothing_else(self, shared_registry: Registry) -> None:
        rows = await shared_registry.rows(
            "SELECT table_name, column_name, udt_name FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
            " AND table_type = 'BASE TABLE'"
            " AND udt_name NOT IN ('int2', 'int4', 'int8', '_int2', '_int4', '_int8', 'float8',"
            "                      'bool', 'uuid', 'date', 'timestamptz', '_timestamptz', '_cidr')"
        )
        found: dict[str, dict[str, set[str]]] = {"words": {}, "bytes": {}}
        for table, column, kind in rows:
            which = "bytes" if kind in {"bytea", "_bytea"} else "words"
            found[which].setdefault(table, set()).add(column)
        assert found == {"words": TEXT_COLUMNS, "bytes": BYTE_COLUMNS}

    async def test_nothing_is_kept_of_victims(self, shared_registry: Registry) -> None:
        rows = await shared_registry.rows(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND (table_name || column_name)"
            " ~* 'victim|witness|minor|surviv'"
        )
        assert rows == []
