"""Where a person can go: sections, each with its pages; who may open none of them is shown none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.access.permissions import Permission

if TYPE_CHECKING:
    from app.web.pages import Visit


@dataclass(frozen=True)
class Entry:
    """One page of a section."""

    title: str
    path: str
    is_here: bool


@dataclass(frozen=True)
class Section:
    """What belongs together; it leads to the first of its pages that the person may open."""

    title: str
    entries: tuple[Entry, ...]

    @property
    def path(self) -> str:
        """Return where the section begins for this person."""
        return self.entries[0].path

    @property
    def is_here(self) -> bool:
        """Return whether the page that is open is one of it."""
        return any(entry.is_here for entry in self.entries)


# a page below a listed one marks that one, unless it is listed itself
_SECTIONS: Final = (
    (
        "Overlaps",
        (
            ("Queue", "/overlaps", Permission.OVERLAPS_READ),
            ("Contacts", "/contact-requests", Permission.HANDLING_READ),
            ("Second looks", "/second-looks", Permission.OVERLAPS_READ),
            ("No longer hold", "/overlaps/retracted", Permission.OVERLAPS_READ),
            ("State overview", "/state", Permission.STATE_OVERLAPS_READ),
        ),
    ),
    (
        "Cases",
        (
            ("Our cases", "/cases", Permission.CASES_READ),
            ("Post a case", "/cases/new", Permission.CASES_POST),
            ("Quick check", "/check", Permission.TOKENS_EVALUATE),
        ),
    ),
    (
        "Joint handling",
        (
            ("Requests", "/handling", Permission.HANDLING_READ),
            ("Matters", "/matters", Permission.HANDLING_READ),
        ),
    ),
    (
        "Advice",
        (
            ("Questions and desks", "/infusion", Permission.INFUSION_READ),
            ("Ask a question", "/infusion/new", Permission.INFUSION_ASK),
        ),
    ),
    (
        "Reports",
        (
            ("Meeting agenda", "/agenda", Permission.AGENDAS_READ),
            ("Insights", "/insights", Permission.INSIGHTS_READ),
            ("Nightly runs", "/runs", Permission.RUNS_READ),
        ),
    ),
    (
        "Notices",
        (
            ("Notices", "/notices", Permission.NOTICES_READ),
            ("What to be told", "/notices/settings", Permission.NOTICES_READ),
        ),
    ),
    (
        "Oversight",
        (
            ("Who looked at our cases", "/readings", Permission.OVERLAPS_READ),
            ("What we show to others", "/grants", Permission.GRANTS_READ),
            ("Emergency readings", "/glass-breaks", Permission.GRANTS_READ),
            ("Alarms", "/alarms", Permission.ALARMS_READ),
            ("Audit", "/audit", Permission.AUDIT_READ),
            ("Who looked, for the audit", "/audit/readings", Permission.AUDIT_READ),
            ("Access review", "/access-review", Permission.PEOPLE_REVIEW),
        ),
    ),
    (
        "Office",
        (
            ("Our office", "/office", Permission.OFFICES_READ),
            ("People", "/people", Permission.PEOPLE_MANAGE),
            ("Machine clients", "/machines", Permission.CLIENTS_MANAGE),
            ("Webhooks", "/webhooks", Permission.WEBHOOKS_MANAGE),
            ("Suppression lists", "/suppressions", Permission.SUPPRESSIONS_MANAGE),
            ("Allowances", "/quotas", Permission.OFFICES_READ),
            ("Other offices", "/offices", Permission.OFFICES_READ),
        ),
    ),
)


def sections(visit: "Visit") -> list[Section]:
    """Return the sections in which the person's role opens a page; the page it is on is marked."""
    here = _listed_at(visit.request.url.path)
    found = (
        Section(
            title,
            tuple(
                Entry(name, path, path == here)
                for name, path, permission in entries
                if visit.may(permission)
            ),
        )
        for title, entries in _SECTIONS
    )
    return [section for section in found if section.entries]


def _listed_at(path: str) -> str:
    """Return the nearest listed page at or above a path, empty if there is none."""
    listed = (each for _, entries in _SECTIONS for _, each, _ in entries)
    above = (each for each in listed if path == each or path.startswith(f"{each}/"))
    return max(above, key=len, default="")
