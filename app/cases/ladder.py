"""The ladder: what an office may learn of the other side of an overlap (docs/disclosure.md).

Rung 0 shows nothing and answers like an absent overlap; 1 pointer; 2 contact; 3 summary; 4 record.
The SQL below is the only way to read an overlap: for lists, single reads and answers to posts.
"""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from app.cases import verdicts
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
SELECT o.id, o.version, o.found_at, o.band, o.findings, o.evidence, o.retracted_at,
       o.retract_reason, CASE WHEN o.retracted_at IS NULL THEN l.rung ELSE {POINTER} END AS rung,
       s.seen_at, s.verdict AS own_verdict, s.verdict_reason AS own_verdict_reason,
       s.verdict_evidence AS own_verdict_evidence, s.verdict_at AS own_verdict_at,
       t.verdict AS other_verdict, t.verdict_reason AS other_verdict_reason,
       t.verdict_evidence AS other_verdict_evidence, t.verdict_at AS other_verdict_at,
       s.case_id, s.other_case_id, s.other_office_id, s.case_id = o.low_case_id AS is_low,
       own.source_system, own.external_id,
       office.state, office.kind, office.code, office.name,
       office.contact_title, office.contact_phone, office.contact_email,
       other.record_class, other.trafficking_type, other.county_fips, other.opened_on, other.summary
FROM overlap_sides s
JOIN "overlaps" o ON o.id = s.overlap_id
JOIN overlap_sides t ON t.office_id = s.other_office_id AND t.overlap_id = s.overlap_id
JOIN cases own ON own.id = s.case_id
JOIN cases other ON other.id = s.other_case_id
JOIN offices office ON office.id = s.other_office_id
CROSS JOIN LATERAL (
  SELECT greatest(
    CASE other.disclosure WHEN 'open' THEN {CONTACT} WHEN 'contact_first' THEN {POINTER} ELSE 0 END,
    (SELECT max(g.rung) FROM case_grants g
     WHERE g.case_id = s.other_case_id AND g.grantee_office_id = s.office_id
       AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $2))) AS rung) AS l
WHERE s.office_id = $1 AND $3 AND l.rung > 0
  AND {IN_FORCE.format(office="s.other_office_id", today="$2::date")}
"""  # noqa: S608 -- constants only; every value is a parameter

STANDING: Final = " AND o.retracted_at IS NULL"
RETRACTED: Final = (
    " AND s.seen_at IS NOT NULL AND o.retracted_at > $2::timestamptz - interval '90 days'"
)
"""Who had seen an overlap may read for 90 days that it was retracted and why, kinds only."""

MARKED: Final = """
WITH page AS ({page}),
marked AS (
  UPDATE overlap_sides u SET seen_at = $2
  FROM (SELECT s.office_id, s.overlap_id FROM page p
        JOIN overlap_sides s ON s.office_id = $1 AND s.overlap_id = p.id
        WHERE p.seen_at IS NULL FOR NO KEY UPDATE OF s SKIP LOCKED) AS first
  WHERE u.office_id = first.office_id AND u.overlap_id = first.overlap_id)
SELECT * FROM page
"""
"""Reads a page and notes what its reader sees for the first time; waits for no other reader."""


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
            "verdicts": verdicts.shown(row, with_reason=rung >= CONTACT),
            "retracted_at": row["retracted_at"],
            "retract_reason": row["retract_reason"],
        }
    )


def _finding(finding: Mapping[str, Any], is_low: bool, rung: int) -> dict[str, Any]:  # noqa: FBT001 -- which of the two refs is ours
    shown = {
        "finding": finding["finding"],
        "subject": finding["subjects"][0 if is_low else 1],
        "kinds": finding.get("kinds") or (("name",) if "facts" in finding else ()),
        "common": finding.get("common", ()),
        "suppressed": finding.get("suppressed", ()),
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
