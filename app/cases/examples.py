from typing import Any, Final

_FACTS: Final = {
    "offences": [{"statute": "ca-pc-236.1-a", "law_on": "2026-01-05", "charged_on": "2026-01-31"}],
    "industries": ["agriculture"],
    "origin": "labor_inspection",
    "co_offences": ["wage_theft", "210"],
    "period": {"begins_on": "2025-06-01", "ends_on": "2026-01-05"},
}
_FACTS_READ: Final = {
    **_FACTS,
    "offences": [
        {
            "statute": "ca-pc-236.1-a",
            "citation": "Cal. Penal Code 236.1(a)",
            "title": "Human trafficking for forced labor or services",
            "nibrs": ["64B"],
            "effective_on": "2012-11-07",
            "is_verified": True,
            "verified_on": "2026-11-23",
            "law_on": "2026-01-05",
            "charged_on": "2026-01-31",
        }
    ],
}
_STAGES: Final = [{"stage": "complaint_filed", "on": "2026-01-31", "is_struck": False}]
_LABELS: Final = {
    "sensitivity": "sensitive",
    "source_confidence": "B",
    "information_confidence": 2,
    "handling_code": "ask_before_use",
    "control_official": "Chief, trafficking unit",
}
_CASE: Final = {
    "match_spec": "joinder/v1",
    "epoch": 1,
    "record_class": "charged",
    "trafficking_type": "labor",
    "disclosure": "open",
    "county_fips": "06019",
    "opened_on": "2026-01-31",
    "review_on": "2028-01-31",
    "summary": "Farm labor contractor; workers housed on site, documents held.",
    "attestation": None,
    "declined_reason": None,
    "facts": _FACTS,
    "stages": _STAGES,
    "labels": _LABELS,
    "subjects": [
        {
            "ref": "1",
            "kind": "person",
            "standing": "suspected",
            "is_juvenile": False,
            "names": [
                {
                    "rarity": 3,
                    "provenance": "police_report",
                    "tokens": {
                        "p.xx": "rLlcr1d0L2hauUl4FGUIWiiBQo2UgsBFFR0eNnxPihc",
                        "p.ld": "3k8bnNFlbXACPYLeepGOODLhIbSmhjOVR7G03nWTVRw",
                        "p.n": "wpwy9PSOfajjTajb3mKVY9pN3mR27tOfXWkgp5n8Tys",
                    },
                }
            ],
            "identifiers": [
                {
                    "kind": "tel",
                    "provenance": "own_investigation",
                    "token": "9PDOO4Ccj5Klvw0PHfS64WpKjVNkUZh4M3ZKXnPd4RA",
                }
            ],
        }
    ],
}
_REF: Final = {"source_system": "cms", "external_id": "24-CR-001"}
_OVERLAP: Final = {
    "id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "version": 1,
    "found_at": "2026-03-02T15:04:05.123456Z",
    "rung": "contact",
    "case": _REF,
    "band": "strong",
    "findings": [
        {
            "finding": "same_person",
            "subject": "1",
            "kinds": ["name"],
            "band": "strong",
            "strength": 24,
            "first_differs": False,
            "facts": {
                "last_name": "exact",
                "first_name": "exact",
                "birth_date": "full",
                "middle_initial": "unknown",
                "postcode": "unknown",
                "house": "unknown",
                "shared": ["tel"],
                "differing": [],
            },
            "match_key": "+NAME+DOB+PHONE",
            "explanation": "Last name, first name and full birth date agree;"
            " shared: a phone number.",
        },
        {
            "finding": "shared_identifier",
            "subject": "1",
            "kinds": ["tel"],
            "match_key": "+PHONE",
            "explanation": "Shared: a phone number.",
        },
    ],
    "counterpart": {
        "state": "NV",
        "office_kind": "local",
        "office": {"code": "NV002000A", "name": "Example County District Attorney"},
        "contact": {
            "title": "Duty deputy",
            "phone": "775-555-0100",
            "email": "duty@da.example",
        },
        "case": None,
        "stages": None,
    },
    "verdicts": {
        "state": "awaiting_other",
        "own": None,
        "other": {
            "verdict": "confirmed",
            "reason": None,
            "given_at": "2026-03-03T09:30:00.123456Z",
            "reopened": None,
        },
    },
    "retracted_at": None,
    "retract_reason": None,
}
_RECEIPT: Final = {
    **_REF,
    "version": 1,
    "result": "created",
    "subjects": [{"ref": "1", "tokens": 4, "common": []}],
    "overlaps": [_OVERLAP],
    "more_overlaps": False,
}
_READ: Final = {
    **_REF,
    "version": 1,
    **{key: _CASE[key] for key in ("record_class", "trafficking_type", "disclosure", "summary")},
    **{key: _CASE[key] for key in ("county_fips", "opened_on", "review_on")},
    "attestation": None,
    "declined_reason": None,
    "facts": _FACTS_READ,
    "stages": _STAGES,
    "labels": _LABELS,
    "apart": [],
    "provenances": ["own_investigation", "police_report"],
    "held_at": None,
    "posted_at": "2026-03-02T15:04:05.123456Z",
    "changed_at": "2026-03-02T15:04:05.123456Z",
}
_REFUSED: Final = {
    "source_system": "cms",
    "external_id": "24-CR-002",
    "result": "refused",
    "problem": {
        "code": "summary-holds-identifier",
        "title": "Summary holds an identifier",
        "detail": "Take the identifiers out of the summary; send them as tokens instead.",
        "errors": [
            {
                "pointer": "/summary",
                "code": "phone-number",
                "detail": "Remove what looks like a phone number at character 12.",
            }
        ],
    },
}

EXAMPLES: Final[dict[str, Any]] = {
    "CasePut": _CASE,
    "CaseReceipt": _RECEIPT,
    "CasesPut": {"cases": [{**_REF, "case": _CASE}]},
    "CasesResult": {"results": [_RECEIPT, _REFUSED]},
    "CaseRead": _READ,
    "CasePage": {"items": [_READ], "next_cursor": None},
    "OverlapRead": _OVERLAP,
    "CommonValuePage": {
        "items": [{"kind": "tel", "reason": "many_offices", "subjects": [{**_REF, "ref": "1"}]}],
        "next_cursor": None,
    },
    "VerdictPut": {"verdict": "not_a_match", "reason": "shared_service"},
    "OverlapPage": {"items": [_OVERLAP], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; the tokens are of a made-up person."""
