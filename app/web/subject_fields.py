"""What the pages that ask for people and organizations are made of, and what they send back."""

import json
from collections.abc import Mapping
from typing import Any, Final

from app.identifiers.kinds import KINDS, MATCH_SPEC

MAX_BODY: Final = 512 * 1024
_NOT_ASKED: Final = frozenset({"addr0", "org"})
"""Made of an address; the organization's own name."""
_PROMPTS: Final = {
    "platform": "Platform",
    "site": "Site",
    "service": "Payment service",
    "chain": "Chain",
    "routing": "Routing number",
    "state": "State",
    "country": "Country",
}


def asked_kinds() -> list[dict[str, Any]]:
    """Return the kinds of identifier that can be typed, as the page's script takes them."""
    return [
        {
            "name": name,
            "label": kind.label.partition(" ")[2],
            "of": _PROMPTS.get(kind.of, ""),
            "of_name": kind.of,
            "subjects": sorted(kind.subjects),
        }
        for name, kind in KINDS.items()
        if kind.evidence != "person" and name not in _NOT_ASKED
    ]


def sent_tokens(form: Mapping[str, str]) -> dict[str, Any]:
    """Return specification, epoch and subjects that the page's script put into its form, if any."""
    try:
        made = json.loads(form.get("subjects", ""))
        return {
            "match_spec": MATCH_SPEC,
            "epoch": made["epoch"],
            "subjects": made["subjects"],
        }
    except (ValueError, TypeError, KeyError, RecursionError):
        return {"match_spec": MATCH_SPEC}
