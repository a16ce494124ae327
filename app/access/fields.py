"""Which fields of an overlap each rung shows: the third table of the policy. Pure."""

from collections.abc import Mapping
from typing import Final

from app.access.vocabulary import Rung

FIELDS: Final[Mapping[Rung, frozenset[str]]] = {
    Rung.NONE: frozenset(),
    Rung.POINTER: frozenset(
        {
            *("id", "version", "found_at", "rung", "case", "band"),
            *("verdicts", "retracted_at", "retract_reason"),
            *("findings.finding", "findings.subject", "findings.kinds", "findings.band"),
            *("findings.common", "findings.suppressed"),
            *("counterpart.state", "counterpart.office_kind"),
        }
    ),
    Rung.CONTACT: frozenset(
        {
            *("findings.strength", "findings.facts", "findings.explanation"),
            *("findings.match_key", "findings.first_differs", "verdicts.other.reason"),
            *("counterpart.office", "counterpart.contact"),
        }
    ),
    Rung.SUMMARY: frozenset({"counterpart.case"}),
    Rung.RECORD: frozenset({"counterpart.stages"}),
}
"""What each rung adds to the answer; a field that is in none is never sent."""

UNDER_REASON: Final = frozenset({"counterpart.case", "counterpart.stages"})
"""Fields that are sent only to who opens the one overlap and says why, whatever the rung."""
