"""The ladder: what an office may learn of the other side of an overlap (docs/disclosure.md).

The rule is `access.policy.decide`; the SQL below says the same of many overlaps at once, made of
the same tables, and so does the view that it reads (tests/access/test_sql.py asks all three). It is
the only way to read an overlap: for lists, single reads and answers to posts. Rung 0 answers like
an absent overlap.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.access.fields import UNDER_REASON
from app.access.permissions import Permission
from app.access.policy import POLICY, ceilings
from app.access.principal import Principal
from app.access.vocabulary import (
    DISCLOSURES,
    RECORD_CLASSES,
    Disclosure,
    RecordClass,
    Relation,
    Rung,
)
from app.cases import verdicts
from app.cases.overlap_schemas import OverlapRead
from app.core.ids import OVERLAP, public_id
from app.offices.queries import IN_FORCE

POINTER, CONTACT, SUMMARY, RECORD = Rung.POINTER, Rung.CONTACT, Rung.SUMMARY, Rung.RECORD

PREFIX: Final = OVERLAP

BANDS: Final = ("strong", "probable", "possible", "shared_only")
"""The strongest first."""

_EVIDENCE: Final = ("strength", "first_differs", "facts", "match_key", "explanation")
"""What a finding says beyond its kind, if it says it."""

NOT_WALLED: Final = """
NOT EXISTS (SELECT FROM case_walls w
            WHERE w.case_id IN ({cases}) AND w.lifted_at IS NULL
              AND (w.office_id = {office} OR w.person_id = {person}))
"""
"""SQL condition: no wall keeps `office` or `person` (parameters) from any of `cases` (columns)."""


def disclosed(relation: Relation, disclosure: str) -> str:
    """Return SQL for the rung that `disclosure` (a column) shows."""
    rungs = [f"WHEN '{each}' THEN {POLICY.disclosed[relation, each]:d}" for each in DISCLOSURES]
    return f"CASE {disclosure} {' '.join(rungs)} ELSE 0 END"


def capped(record_class: str, parameter: str) -> str:
    """Return SQL for the ceiling of a class (a column) in `parameter`, one for each class."""
    places = [f"WHEN '{name}' THEN {place}" for place, name in enumerate(RECORD_CLASSES, start=1)]
    return f"coalesce(({parameter}::int[])[CASE {record_class} {' '.join(places)} END], 0)"


# The view decides by itself, for whom the transaction acts, and gives the facts of which this makes
# its own decision: shown is what both allow.
# $1 the office that asks, $2 now, $3 whether its own participation agreement is in force,
# $4 the ceilings of its roles: see `arguments`
VISIBLE: Final = f"""
SELECT v.*, least(v.reached, CASE WHEN v.retracted_at IS NULL THEN l.rung ELSE {POINTER:d} END)
       AS rung
FROM shown_overlaps v
CROSS JOIN LATERAL (
  SELECT least({capped("v.judged_class", "$4")},
               greatest({disclosed(Relation.PARTNER, "v.judged_disclosure")}, v.granted)) AS rung
) AS l
WHERE v.office_id = $1 AND $3 AND l.rung > 0 AND NOT v.is_walled
  AND {IN_FORCE.format(office="v.other_office_id", today="$2::timestamptz::date")}
"""  # noqa: S608 -- constants only; every value is a parameter

STANDING: Final = " AND v.retracted_at IS NULL"
_RETRACTED: Final = (
    " AND v.seen_at IS NOT NULL AND v.retracted_at > $2::timestamptz - interval '90 days'"
)
"""Who had seen an overlap may read for 90 days that it was retracted and why, kinds only."""

STRONGEST: Final = """
array_position(ARRAY['strong', 'probable', 'possible', 'shared_only'], {0}.band::text),
{0}.strength DESC NULLS LAST, {0}.id
"""
"""SQL order: bands, and the strength only where it is shown: the view has none of a pointer."""

MARKED: Final = """
WITH page AS MATERIALIZED ({page}),
marked AS (
  SELECT mark_seen(array_agg(id), $2) FROM page WHERE seen_at IS NULL HAVING count(*) > 0)
SELECT * FROM page WHERE (SELECT count(*) FROM marked) IS NOT NULL
"""
"""Reads a page and notes what its reader sees for the first time; waits for no other reader."""

PAGE: Final = (
    " AND v.id < coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)"
    " ORDER BY v.id DESC LIMIT $6"
)
"""SQL behind conditions: $5 the last id of the page before, $6 the limit."""

# each from $5 on: a cursor and a limit, an overlap's id, or cases and a limit
STANDING_PAGE: Final = MARKED.format(page=VISIBLE + STANDING + PAGE)
RETRACTED_PAGE: Final = VISIBLE + _RETRACTED + PAGE
ONE_UNMARKED: Final = VISIBLE + STANDING + " AND v.id = $5"
ONE: Final = MARKED.format(page=ONE_UNMARKED)
ONE_RETRACTED: Final = VISIBLE + _RETRACTED + " AND v.id = $5"
OF_CASES: Final = MARKED.format(
    page="SELECT w.* FROM unnest($5::bigint[]) AS q (id) CROSS JOIN LATERAL ("  # noqa: S608 -- constants only
    + VISIBLE
    + STANDING
    + f" AND v.case_id = q.id ORDER BY {STRONGEST.format('v')} LIMIT $6) AS w"
)


@dataclass(frozen=True)
class SeenOverlap:
    """An overlap as its reader may see it, with the keys that joining services need."""

    id: UUID
    case_id: int
    other_case_id: int
    other_office_id: int
    other_class: RecordClass
    other_disclosure: Disclosure
    read: OverlapRead


def arguments(
    principal: Principal, now: datetime, permission: Permission = Permission.OVERLAPS_READ
) -> tuple[object, ...]:
    """Return the parameters of `VISIBLE`, for what `permission` lets be seen."""
    highest = ceilings(principal, permission, Relation.PARTNER)
    return principal.office_id, now, principal.is_participating, [int(rung) for rung in highest]


def seen(row: asyncpg.Record, *, is_opened: bool = False) -> SeenOverlap:
    """Return an overlap, with what its rung allows; see `render`."""
    return SeenOverlap(
        id=row["id"],
        case_id=row["case_id"],
        other_case_id=row["other_case_id"],
        other_office_id=row["other_office_id"],
        other_class=row["judged_class"],
        other_disclosure=row["judged_disclosure"],
        read=render(row, is_opened=is_opened),
    )


def render(row: asyncpg.Record, *, is_opened: bool = False) -> OverlapRead:
    """Return an overlap with the fields that its rung allows, and no other.

    What needs a reason is left out unless the overlap `is_opened` by itself with one.
    """
    rung = Rung(row["rung"])
    allowed = POLICY.fields_to(rung) - (frozenset() if is_opened else UNDER_REASON)
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
            "findings": _findings(row["findings"], allowed, is_low=row["is_low"]),
            "counterpart": _pick(_counterpart(row), allowed, "counterpart."),
        }
    )


def _pick(values: Mapping[str, Any], allowed: Collection[str], inside: str = "") -> dict[str, Any]:
    """Return those of `values` that are allowed, named from the top of the answer."""
    return {name: value for name, value in values.items() if inside + name in allowed}


def _findings(
    findings: Sequence[Mapping[str, Any]], allowed: Collection[str], *, is_low: bool
) -> list[dict[str, Any]]:
    """Return findings with the fields that are allowed, the strongest first.

    They are stored in the order of their strength: where that is not shown, their order is by what
    is, so that it tells nothing more.
    """
    shown = [_pick(_finding(each, is_low), allowed, "findings.") for each in findings]
    if "findings.strength" in allowed:
        return shown
    return sorted(shown, key=lambda each: (BANDS.index(each["band"] or BANDS[-1]), str(each)))


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
    coded = (
        *("record_class", "trafficking_type", "county_fips", "opened_on", "summary"),
        *("declined_reason", "facts", "labels"),
    )
    return {
        "state": row["state"],
        "office_kind": row["kind"],
        "office": {"code": row["code"], "name": row["name"]},
        "contact": {name: row[f"contact_{name}"] for name in ("title", "phone", "email")},
        "case": {name: row[name] for name in coded},
        "stages": row["stages"],
    }


def pointers(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return findings as the state's Attorney General sees them: kinds and band, no subject."""
    allowed = POLICY.fields_to(Rung.POINTER) - {"findings.subject", "findings.common"}
    return _findings(findings, allowed, is_low=True)
