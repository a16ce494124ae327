from typing import Any, Final

from app.handling.terms import ATTESTATION

_TERMS: Final = {
    "purpose": "prosecute_jointly",
    "trafficking_type": "labor",
    "matter_kind": "criminal",
    "statutes": ["Cal. Penal Code § 236.1"],
    "lead": 1,
    "forum": {"harm": 1, "resources": 2},
    "ends_on": "2027-03-01",
    "evidence_rule": "each_keeps_its_own",
    "disclosure_rule": "each_discloses_its_own",
    "victim_services_lead": 2,
    "media": "jointly",
    "review_every_days": 30,
    "notice_days": 14,
}
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ASKER: Final = {"code": "CA019000A", "name": "Sample County District Attorney"}
_ASKED: Final = {"code": "NV002000A", "name": "Other County District Attorney"}
_SENT: Final = {
    "id": "hnd_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "version": 3,
    "kind": "joint_handling",
    "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "case": {"source_system": "cms", "external_id": "24-1"},
    "direction": "received",
    "status": "sent",
    "steps": ["counter", "accept", "decline"],
    "parties": [
        {"number": 1, "is_own": False, "office": _ASKER, "has_accepted": True, "has_signed": False},
        {"number": 2, "is_own": True, "office": _ASKED, "has_accepted": False, "has_signed": False},
    ],
    "terms_number": 1,
    "agreed_number": None,
    "terms": _TERMS,
    "digest": _DIGEST,
    "on_silence": "none",
    "due_at": "2026-03-16T15:04:05.123456Z",
    "authority": [],
    "decline_reason": None,
    "explanation": None,
    "end_reason": None,
    "requested_at": "2026-03-02T15:04:05.123456Z",
    "sent_at": "2026-03-02T16:00:00Z",
    "answered_at": None,
    "ended_at": None,
    "lead": None,
    "matter_id": None,
    "ends_on": None,
    "requester_commitments": [
        {
            "trafficking_type": "labor",
            "signatory": "District Attorney",
            "signed_on": "2026-01-05",
            "lapses_on": "2027-01-05",
            "has_lapsed": False,
        }
    ],
}
_ACTIVE: Final = {
    **_SENT,
    "version": 6,
    "status": "active",
    "steps": ["propose", "conclude"],
    "parties": [{**each, "has_accepted": True, "has_signed": True} for each in _SENT["parties"]],  # type: ignore[attr-defined]  # a list
    "agreed_number": 1,
    "due_at": "2027-03-01T00:00:00Z",
    "answered_at": "2026-03-03T09:30:00Z",
    "lead": {**_ASKER, "is_own": False},
    "matter_id": "mat_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "ends_on": "2027-03-01",
}
_TEXT: Final = "AGREEMENT (joint handling), version 1 of its terms\n"
_VERSION: Final = {
    "number": 2,
    "proposed_by": 2,
    "proposed_at": "2026-03-03T09:00:00Z",
    "terms": {**_TERMS, "lead": 2},
    "changes": [
        {
            "field": "lead",
            "before": "Sample County District Attorney (CA019000A)",
            "after": "Other County District Attorney (NV002000A)",
            "sentence": "Lead: Other County District Attorney (NV002000A). Before: Sample County "
            "District Attorney (CA019000A).",
        }
    ],
    "text": _TEXT,
    "digest": _DIGEST,
}
_INSTRUMENT: Final = {
    "authority": "Cal. Gov. Code § 12550",
    "signatory": "District Attorney",
    "scope": "whole_matter",
    "dated_on": "2026-03-03",
    "document_sha256": _DIGEST,
}

EXAMPLES: Final[dict[str, Any]] = {
    "request_handling": {
        "kind": "joint_handling",
        "terms": _TERMS,
        "also": [],
        "offices": [],
        "answer_within_days": 14,
        "on_silence": "none",
    },
    "request_handling_of_case": {
        "kind": "consult",
        "also": [],
        "offices": ["CA0AG000A"],
        "answer_within_days": 14,
        "on_silence": "none",
    },
    "move_handling_request": {"move": "submit"},
    "answer_handling_request": {"answer": "decline", "reason": "handled_separately"},
    "HandlingSign": {"digest": _DIGEST, "attestation": ATTESTATION, "post": "District Attorney"},
    "decide_handling_request": {"decision": "conclude", "reason": "prosecution_completed"},
    "InstrumentRecord": _INSTRUMENT,
    "HandlingRead": _ACTIVE,
    "HandlingPage": {"items": [_SENT], "next_cursor": None},
    "TermsVersionList": {"items": [_VERSION]},
    "print_agreement": "%PDF-1.7",
    "AgreementExport": {
        "request": _ACTIVE,
        "versions": [_VERSION],
        "signatures": [
            {
                "party": 1,
                "terms_number": 1,
                "purpose": "agree",
                "post": "District Attorney",
                "attestation": ATTESTATION,
                "digest": _DIGEST,
                "text": _TEXT,
                "signed_at": "2026-03-04T10:00:00Z",
            }
        ],
        "instruments": [{"party": 1, **_INSTRUMENT, "recorded_at": "2026-03-03T18:00:00Z"}],
    },
}
"""Examples by name of schema or operation, for the OpenAPI document; everything is made up."""
