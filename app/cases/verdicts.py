"""What each side says of an overlap, and what the two come to together."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from app.cases.vocabulary import JointVerdict
from app.pairs.rows import ATTRIBUTES, changed_kinds


def shown(row: asyncpg.Record, *, with_reason: bool) -> dict[str, Any]:
    """Return both verdicts of an overlap as its reader may see them.

    Args:
        row: Of the ladder's select.
        with_reason: Whether the other side's reason, and which attributes changed, are shown.
    """
    now = row["evidence"]
    own = _verdict(row, "own", now)
    other = _verdict(row, "other", now)
    for verdict in (own, other):
        if verdict is not None and verdict["reopened"] is not None and not with_reason:
            verdict["reopened"] = {
                way: sorted({_pointed(kind) for kind in kinds})
                for way, kinds in verdict["reopened"].items()
            }
    state = joint_verdict(_standing(own), _standing(other))
    if other is not None and not with_reason:
        other["reason"] = None
    return {"state": state, "own": own, "other": other}


def _verdict(row: asyncpg.Record, side: str, evidence: Sequence[str]) -> dict[str, Any] | None:
    verdict, judged = row[f"{side}_verdict"], row[f"{side}_verdict_evidence"]
    if verdict is None:
        return None
    reopened = None
    if verdict == "not_a_match" and judged != evidence:
        added, removed = changed_kinds(judged, evidence)
        reopened = {"added": added, "removed": removed}
    return {
        "verdict": verdict,
        "reason": row[f"{side}_verdict_reason"],
        "given_at": row[f"{side}_verdict_at"],
        "reopened": reopened,
    }


def _pointed(kind: str) -> str:
    """Return what a pointer shows of a kind: that it is of a person, not which attribute."""
    return "name" if kind in ATTRIBUTES else kind


def _standing(verdict: dict[str, Any] | None) -> str | None:
    return None if verdict is None or verdict["reopened"] else verdict["verdict"]


def joint_verdict(one: str | None, other: str | None) -> JointVerdict:
    """Return what two verdicts come to; None means that an office has not spoken.

    A verdict of *not a match* that was reopened counts as none.
    """
    said = {one, other}
    if "need_information" in said:
        return "information_needed"
    if said == {None}:
        return "open"
    if None in said:
        return "awaiting_other"
    if said == {"confirmed"}:
        return "confirmed"
    return "not_a_match" if said == {"not_a_match"} else "disagreement"
