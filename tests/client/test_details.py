from datetime import date
from typing import Any

import pytest

from app.client.details import details
from app.client.prepare import RefusedCaseError, prepare
from tests.client.cases import a_case, a_subject, somebody_new

TODAY = date(2026, 11, 22)
ATTESTED = {
    "attest_basis": "records",
    "attested_by": "Unit chief",
    "attested_on": "2026-01-05",
    "support_at": "Case file, part 2",
}


class TestAttestation:
    @pytest.mark.parametrize("missing", ATTESTED)
    def test_what_is_not_charged_is_not_sent_without_one(self, missing: str) -> None:
        given = {**ATTESTED, missing: ""}
        with pytest.raises(RefusedCaseError) as refused:
            prepare(a_case(record_class="pre_charge", **given))
        assert refused.value.code == "attestation-missing"
        prepare(a_case(record_class="charged", **given))

    def test_declined_needs_a_reason_too(self) -> None:
        with pytest.raises(RefusedCaseError):
            prepare(a_case(record_class="declined", **ATTESTED))
        prepared = prepare(a_case(record_class="declined", declined_reason="venue", **ATTESTED))
        body = details(prepared.case)
        assert body["declined_reason"] == "venue"
        assert body["attestation"]["attests"] == "declined"

    def test_it_does_not_leave_the_office_with_a_charge(self) -> None:
        assert "attestation" not in details(prepare(a_case(**ATTESTED)).case)

    @pytest.mark.parametrize("text", ["Quentina Samplewright", "call 559-555-0101"])
    def test_its_texts_name_no_subject(self, text: str) -> None:
        with pytest.raises(RefusedCaseError):
            prepare(a_case(**{**ATTESTED, "support_at": text}))


class TestFacts:
    def test_are_sent_in_the_words_of_the_registry(self) -> None:
        given: dict[str, Any] = {
            "statutes": "ca-pc-236.1-a;ca-pc-236.1-b",
            "law_on": "2026-01-05",
            "nibrs": "40B",
            "industries": "agriculture; construction",
            "begins_on": "2025-01-01",
            "stage": "indicted",
            "stage_on": "2026-02-01",
            "information_confidence": "2",
        }
        body = details(prepare(a_case(**given)).case)
        assert body["facts"]["offences"] == [
            {"statute": "ca-pc-236.1-a", "law_on": "2026-01-05"},
            {"statute": "ca-pc-236.1-b", "law_on": "2026-01-05"},
            {"nibrs": "40B"},
        ]
        assert body["facts"]["industries"] == ["agriculture", "construction"]
        assert body["facts"]["period"] == {"begins_on": "2025-01-01"}
        assert body["stages"] == [{"stage": "indicted", "on": "2026-02-01"}]
        assert body["labels"] == {"information_confidence": 2}

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("industries", {"industries": "agriculture;mining of coal"}),
            ("origin", {"origin": "rumour"}),
            ("statutes", {"statutes": "ca-pc-236.1-a", "law_on": "2010-01-01"}),
            ("statutes", {"statutes": "ca-pc-236.1-a"}),
            ("stage", {"stage": "indicted"}),
            ("ends_on", {"begins_on": "2025-02-01", "ends_on": "2025-01-01"}),
        ],
        ids=str,
    )
    def test_what_the_registry_would_not_know_is_left_out_and_said(
        self, field: str, changes: dict[str, str]
    ) -> None:
        prepared = prepare(a_case(**changes))
        assert [(each.field, each.code) for each in prepared.left_out] == [(field, "word-unknown")]
        assert getattr(prepared.case, field) == ""


class TestSetApart:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"is_juvenile": True}, "juvenile-not-matched"),
            ({"born": "2008-11-23"}, "juvenile-not-matched"),
            ({"is_suspected": False}, "not-suspected-not-matched"),
        ],
        ids=str,
    )
    def test_who_is_not_matched_has_no_match_key(self, changes: dict[str, Any], code: str) -> None:
        apart = a_subject(ref="2", **changes)
        prepared = prepare(a_case("EX-1", somebody_new(), apart), TODAY)
        (other, found) = prepared.subjects
        assert (found.names, found.identifiers, other.is_matched) == ((), (), True)
        assert [(each.ref, each.code) for each in prepared.left_out] == [("2", code)]
        with pytest.raises(RefusedCaseError):
            prepare(a_case("EX-1", apart), TODAY)

    def test_who_came_of_age_today_may_be_matched(self) -> None:
        (found,) = prepare(a_case("EX-1", a_subject(born="2008-11-22")), TODAY).subjects
        assert found.is_matched
        assert found.names
