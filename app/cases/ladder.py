"""The ladder: what an office may learn of the other side of an overlap (docs/disclosure.md).

The rule is `access.policy.decide`; the SQL below says the same of many overlaps at once, made of
the same tables (tests/access/test_sql.py asks both). It is the only way to read an overlap: for
lists, single reads and answers to posts. Rung 0 answers like an absent overlap.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.access.permissions import Permission
from app.access.policy import POLICY, ceilings
from app.access.principal import Principal
from app.access.vocabulary import DISCLOSURES, RECORD_CLASSES, Relation, Rung
from app.cases import verdicts
from app.cases.overlap_schemas import OverlapRead
from app.core.ids import public_id
from app.offices.queries import IN_FORCE

POINTER, CONTACT, SUMMARY, RECORD = Rung.POINTER, Rung.CONTACT, Rung.SUMMARY, Rung.RECORD

PREFIX: Final = "ovl"

_EVIDENCE: Final = ("strength", "first_differs", "facts", "match_key", "explanation")
"""What a finding says beyond its kind, if it says it."""

NOT_WALLED: Final = """
NOT EXISTS (SELECT FROM case_walls w
            WHERE w.case_id IN ({cases}) AND w.lifted_at IS NULL
              AND (w.office_id = {office} OR w.person_id = {person}))
"""
"""SQL condition: no wall keeps `office` or `person` (parameters) from any of `cases` (columns)."""


def disclosed(relation: Relation, case: str) -> str:
    """Return SQL for the rung that the disclosure of `case` (an alias) shows."""
    rungs = [f"WHEN '{each}' THEN {POLICY.disclosed[relation, each]:d}" for each in DISCLOSURES]
    return f"CASE {case}.disclosure {' '.join(rungs)} ELSE 0 END"


def capped(case: str, parameter: str) -> str:
    """Return SQL for the ceiling of `case` (an alias) in `parameter`, one for each record class."""
    places = [f"WHEN '{name}' THEN {place}" for place, name in enumerate(RECORD_CLASSES, start=1)]
    return f"coalesce(({parameter}::int[])[CASE {case}.record_class {' '.join(places)} END], 0)"


_NO_WALL: Final = NOT_WALLED.format(
    cases="s.case_id, s.other_case_id", office="$1::bigint", person="$4::uuid"
)

# $1 the office that asks, $2 now, $3 whether its own participation agreement is in force,
# $4 the person who asks, $5 the ceilings of its roles: see `arguments`
VISIBLE: Final = f"""
SELECT o.id, o.version, o.found_at, o.band, o.findings, o.evidence, o.retracted_at,
       o.retract_reason, CASE WHEN o.retracted_at IS NULL THEN l.rung ELSE {POINTER:d} END AS rung,
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
  SELECT least({capped("other", "$5")}, greatest(
    {disclosed(Relation.PARTNER, "other")},
    (SELECT max(g.rung) FROM case_grants g
     WHERE g.case_id = s.other_case_id AND g.grantee_office_id = s.office_id
       AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $2)
       AND g.approval <> 'pending' AND (g.person_id IS NULL OR g.person_id = $4)
       AND (g.overlap_id IS NULL OR g.overlap_id = s.overlap_id)))) AS rung) AS l
WHERE s.office_id = $1 AND $3 AND l.rung > 0
  AND {IN_FORCE.format(office="s.other_office_id", today="$2::date")}
  AND {_NO_WALL}
"""  # noqa: S608 -- constants only; every value is a parameter

_STANDING: Final = " AND o.retracted_at IS NULL"
_RETRACTED: Final = (
    " AND s.seen_at IS NOT NULL AND o.retracted_at > $2::timestamptz - interval '90 days'"
)
"""Who had seen an overlap may read for 90 days that it was retracted and why, kinds only."""

_MARKED: Final = """
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

_PAGE: Final = (
    " AND s.overlap_id < coalesce($6, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)"
    " ORDER BY s.overlap_id DESC LIMIT $7"
)
# each from $6 on: a cursor and a limit, an overlap's id, or cases and a limit
STANDING_PAGE: Final = _MARKED.format(page=VISIBLE + _STANDING + _PAGE)
RETRACTED_PAGE: Final = VISIBLE + _RETRACTED + _PAGE
ONE: Final = _MARKED.format(page=VISIBLE + _STANDING + " AND s.overlap_id = $6")
ONE_RETRACTED: Final = VISIBLE + _RETRACTED + " AND s.overlap_id = $6"
OF_CASES: Final = _MARKED.format(
    page="SELECT v.* FROM unnest($6::bigint[]) AS q (id) CROSS JOIN LATERAL ("  # noqa: S608 -- constants only
    + VISIBLE
    + _STANDING
    + " AND s.case_id = q.id ORDER BY o.strength DESC, o.id LIMIT $7) AS v"
)


@dataclass(frozen=True)
class SeenOverlap:
    """An overlap as its reader may see it, with the keys that joining services need."""

    id: UUID
    case_id: int
    other_case_id: int
    other_office_id: int
    read: OverlapRead


def arguments(
    principal: Principal, now: datetime, permission: Permission = Permission.OVERLAPS_READ
) -> tuple[object, ...]:
    """Return the parameters of `VISIBLE`, from $1 on, for what `permission` lets be seen."""
    highest = ceilings(principal, permission, Relation.PARTNER)
    who = principal.office_id, now, principal.is_participating, principal.person_id
    return *who, [int(rung) for rung in highest]


def render(row: asyncpg.Record) -> OverlapRead:
    """Return an overlap with the fields that its rung allows, and no other."""
    rung = Rung(row["rung"])
    allowed = POLICY.fields_to(rung)
    shown = {
        "id": public_id(PREFIX, row["id"]),
        "version": row["version"],
        "found_at": row["found_at"],
        "rung": rung.name.lower(),
        "case": {"source_system": row["source_system"], "external_id": row["external_id"]},
        "band": row["band"],
        "verdicts": verdicts.shown(row, with_reason="verdicts.other.reason" in allowed),
        "retracted_at": row["retracted_at"],
        "retract_reason": row["retract_reason"],
    }
    return OverlapRead.model_validate(
        {
            **_pick(shown, allowed),
            "findings": [
                _pick(_finding(finding, row["is_low"]), allowed, "findings.")
                for finding in row["findings"]
            ],
            "counterpart": _pick(_counterpart(row), allowed, "counterpart."),
        }
    )


def _pick(values: Mapping[str, Any], allowed: Collection[str], inside: str = "") -> dict[str, Any]:
    """Return those of `values` that are allowed, named from the top of the answer."""
    return {name: value for name, value in values.items() if inside + name in allowed}


def _finding(finding: Mapping[str, Any], is_low: bool) -> dict[str, Any]:  # noqa: FBT001 -- which of the two refs is ours
    whole = {
        "finding": finding["finding"],
        "subject": finding["subjects"][0 if is_low else 1],
        "kinds": finding.get("kinds") or (("name",) if "facts" in finding else ()),
        "common": finding.get("common", ()),
        "suppressed": finding.get("suppressed", ()),
        "band": finding.get("band"),
    }
    return whole | {name: finding[name] for name in _EVIDENCE if name in finding}


def _counterpart(row: asyncpg.Record) -> dict[str, Any]:
    coded = ("record_class", "trafficking_type", "county_fips", "opened_on", "summary")
    return {
        "state": row["state"],
        "office_kind": row["kind"],
        "office": {"code": row["code"], "name": row["name"]},
        "contact": {name: row[f"contact_{name}"] for name in ("title", "phone", "email")},
        "case": {name: row[name] for name in coded},
    }


def pointers(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return findings as the state's Attorney General sees them: kinds and band, no subject."""
    allowed = POLICY.fields_to(Rung.POINTER) - {"findings.subject", "findings.common"}
    return [_pick(_finding(each, is_low=True), allowed, "findings.") for each in findings]
