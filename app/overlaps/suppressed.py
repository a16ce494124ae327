"""What suppression entries do to the sightings that a subject shares with other offices'."""

from collections.abc import Iterable

from app.overlaps.rows import Match
from app.suppressions.rows import InForce, strongest


def marked(matches: Iterable[Match], office_id: int, in_force: InForce) -> list[Match]:
    """Return matches of an office's subjects with the mode that applies to each pair.

    What is blocked is no evidence: it stays to be named where other evidence makes a hit.
    """
    return [
        match._replace(
            mode=strongest(in_force.get(match.token, ()), office_id, match.subject.office_id)
        )
        for match in matches
    ]
