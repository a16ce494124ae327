"""The ladder: what an office may learn of the other side of an overlap (docs/disclosure.md).

Rung 0 shows nothing and answers like an absent overlap; 1 pointer; 2 contact; 3 summary; 4 record.
The SQL below is the only way to read an overlap: for lists, single reads and answers to posts.
"""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from app.cases.overlap_schemas import OverlapRead
from app.cases.vocabulary import Rung
from app.core.ids import public_id
from app.offices.queries import IN_FORCE

POINTER, CONTACT, SUMMARY, RECORD = 1, 2, 3, 4
_NAMES: Final[Mapping[int, Rung]] = {
    POINTER: "pointer",
    CONTACT: "contact",
    SUMMARY: "summary",
    RECORD: "record",
}

PREFIX: Final = "ovl"

_EVIDENCE: Final = ("strength", "first_differs", "facts", "match_key", "explanation")
"""What a finding says beyond its kind, from the rung of contact on."""

# $1 the office that asks, $2 now, $3 whether its own participation agreement is in force
VISIBLE: Final = f"""
SELECT o.id, o.version, o.found_at, o.band, o.findings, l.rung,
       s.case_id, s.other_case_id, s.other_office_id, s.case_id = o.low_case_id AS is_low,
       own.source_system, own.external_id,
       office.state, office.kind, office.code, office.name,
       office.contact_title, office.contact_phone, office.contact_email,
       other.record_class, other.trafficking_type, other.county_fips, other.opened_on, other.summary
FROM overlap_sides s
JOIN "overlaps" o ON o.id = s.overlap_id
JOIN cases own ON own.id = s.case_id
JOIN cases other ON other.id = s.other_case_id
JOIN offices office ON office.id = s.other_office_id
CROSS JOIN LATERAL (
  SELECT greatest(
    CASE other.disclosure WHEN 'open' THEN {CONTACT} WHEN 'contact_first' THEN {POINTER} ELSE 0 END,
    (SELECT max(g.rung) FROM case_grants g
     WHERE g.case_id = s.other_case_id AND g.grantee_office_id = s.office_id
       AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $2))) AS rung) AS l
WHERE s.office_id = $1 AND $3 AND o.retracted_at IS NULL AND l.rung > 0
  AND {IN_FORCE.format(office="s.other_office_id", today="$2::date")}
"""  # noqa: S608 -- constants only; every value is a parameter


def render(row: asyncpg.Record) -> OverlapRead:
    """Return an overlap as its rung allows: fields are added by rung, never taken away."""
    rung = row["rung"]
    return OverlapRead.model_validate(
        {
            "id": public_id(PREFIX, row["id"]),
            "version": row["version"],
            "found_at": row["found_at"],
            "rung": _NAMES[rung],
            "case": {"source_system": row["source_system"], "external_id": row["external_id"]},
            "band": row["band"],
            "findings": [_finding(finding, row["is_low"], rung) for finding in row["findings"]],
            "counterpart": _counterpart(row, rung),
        }
    )


def _finding(finding: Mapping[str, Any], is_low: bool, rung: int) -> dict[str, Any]:  # noqa: FBT001 -- which of the two refs is ours
    shown = {
        "finding": finding["finding"],
        "subject": finding["subjects"][0 if is_low else 1],
        "kinds": finding.get("kinds") or (("name",) if "facts" in finding else ()),
        "band": finding.get("band"),
    }
    if rung >= CONTACT:
        shown |= {key: finding[key] for key in _EVIDENCE if key in finding}
    return shown


def _counterpart(row: asyncpg.Record, rung: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"state": row["state"], "office_kind": row["kind"]}
    if rung >= CONTACT:
        shown["office"] = {"code": row["code"], "name": row["name"]}
        shown["contact"] = {
            "title": row["contact_title"],
            "phone": row["contact_phone"],
            "email": row["contact_email"],
        }
    if rung >= SUMMARY:
        fields = ("record_class", "trafficking_type", "county_fips", "opened_on", "summary")
        shown["case"] = {field: row[field] for field in fields}
    return shown
