"""What parties agree on: coded terms, how two versions differ, and the exact text that is signed.

No prose: what the terms mean is written here once, and nothing in them can hold an identifier.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from app.core.schemas import Read, Sent
from app.reference.words import FORUM, meaning

LONGEST: Final = timedelta(days=730)
"""How far off the end of a matter may be when it is agreed on, or extended."""
MOST_VERSIONS: Final = 20
ATTESTATION: Final = "I have the authority to bind my office and agree to this text."
"""What a signatory types, letter for letter."""

PartyNumber = Annotated[
    int, Field(ge=1, le=9, description="A party by its number in the request; 1 is who asks.")
]
ForumFactor = Annotated[
    Literal[FORUM],  # type: ignore[valid-type]  # mypy cannot read the table
    Field(description="What speaks for a forum. Of victims what own investigators know."),
]
Statute = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9][A-Za-z0-9 .,:/§()-]{2,59}$", strip_whitespace=True),
]


class Terms(Sent):
    """What an agreement says: who leads, for how long, by which rules."""

    purpose: Literal[
        "prosecute_jointly",
        "investigate_jointly",
        "avoid_conflict",
        "move_the_matter",
        "share_expertise",
    ]
    """What the parties join for."""
    trafficking_type: Literal["sex", "labor", "both"]
    """Which trafficking offences it covers."""
    matter_kind: Literal["criminal", "civil"]
    """Criminal prosecution, or civil enforcement."""
    statutes: tuple[Statute, ...] = Field(
        default=(), max_length=20, examples=[["Cal. Penal Code § 236.1"]]
    )
    """The offences, as their state cites them; empty leaves it at the trafficking type."""
    lead: PartyNumber
    forum: dict[ForumFactor, PartyNumber] = Field(default={}, examples=[{"harm": 1, "statute": 2}])
    """Why there: by factor the party that it speaks for most. It decides nothing."""
    ends_on: date
    """First day on which it no longer holds, at most two years off; extended by all, or over."""
    evidence_rule: Literal["each_keeps_its_own", "lead_collects", "law_of_the_place"]
    """Who gathers and keeps evidence."""
    disclosure_rule: Literal["lead_discloses", "each_discloses_its_own", "ask_owner_first"]
    """Who answers for disclosure to the defence. No rule here limits what the law asks for."""
    victim_services_lead: PartyNumber | None = None
    """Whose office answers for services to victims; no data of victims. Null: each its own."""
    media: Literal["lead_speaks", "jointly", "no_statements"]
    """Who speaks to the press."""
    review_every_days: int = Field(ge=7, le=180)
    """How often the parties review it."""
    notice_days: int = Field(ge=0, le=90)
    """How many days before it leaves a party says so."""


class TermChange(Read):
    """One term that a version changes."""

    field: str
    """Name of the field in the terms."""
    before: str
    """The former value in plain words."""
    after: str
    """The new value in plain words."""
    sentence: str
    """Both as a sentence to show."""


LABELS: Final[Mapping[str, str]] = {
    "purpose": "Purpose",
    "trafficking_type": "Trafficking",
    "matter_kind": "Kind of matter",
    "statutes": "Offences",
    "lead": "Lead",
    "forum": "Choice of forum",
    "ends_on": "Ends on",
    "evidence_rule": "Evidence",
    "disclosure_rule": "Disclosure",
    "victim_services_lead": "Services to victims",
    "media": "Press",
    "review_every_days": "Review",
    "notice_days": "Notice before leaving",
}
_WORDS: Final[Mapping[str, str]] = {
    "prosecute_jointly": "to prosecute jointly",
    "investigate_jointly": "to investigate jointly",
    "avoid_conflict": "to keep out of each other's way",
    "move_the_matter": "to move the matter to the lead",
    "share_expertise": "to share expertise",
    "both": "sex and labor",
    "each_keeps_its_own": "each office gathers and keeps its own",
    "lead_collects": "the lead gathers and keeps all",
    "law_of_the_place": "by the law of the place where it is found",
    "lead_discloses": "the lead discloses for all, and each office gives it what it holds",
    "each_discloses_its_own": "each office discloses what it holds",
    "ask_owner_first": "whoever discloses tells the office that it came from first",
    "lead_speaks": "the lead speaks",
    "jointly": "statements are made jointly",
    "no_statements": "no statements",
}


@dataclass(frozen=True)
class NamedParty:
    """A party as an agreement names it."""

    number: int
    code: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.code})" if self.code else f"party {self.number}, not yet named"


@dataclass(frozen=True)
class PartyChange:
    """What a version changes in who is a party."""

    party: NamedParty
    is_leaving: bool

    def __str__(self) -> str:
        if not self.is_leaving:
            return f"{self.party} joins when all have signed, it last."
        return (
            f"{self.party} leaves when all have signed, or when its notice is over. Its people are "
            "then off the team, and its open tasks are the lead's. It keeps what it holds, and "
            "what the law asks it to disclose it discloses, later too."
        )


def in_words(  # noqa: PLR0911 -- one for each kind of term
    field: str, value: Any, parties: Mapping[int, NamedParty]
) -> str:
    """Return the value of a term in plain words."""
    match field:
        case "lead" | "victim_services_lead":
            return "each office for itself" if value is None else str(parties[value])
        case "forum":
            return "; ".join(_reasons(value, parties)) or "no reasons given"
        case "statutes":
            return "; ".join(value) or "all of that trafficking type"
        case "review_every_days":
            return f"every {value} days"
        case "notice_days":
            return f"{value} days"
        case "ends_on":
            return str(value)
        case _:
            return _WORDS.get(value, str(value))


def _reasons(forum: Mapping[str, int], parties: Mapping[int, NamedParty]) -> Iterator[str]:
    for factor in FORUM:
        if factor in forum:
            number = forum[factor]
            yield f"{meaning('forum', factor)}: {parties.get(number, f'party {number}')}"


def differences(
    before: Terms, after: Terms, parties: Mapping[int, NamedParty]
) -> tuple[TermChange, ...]:
    """Return what `after` changes, field by field, in the order of the terms."""
    found = []
    for field, label in LABELS.items():
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            was, becomes = in_words(field, old, parties), in_words(field, new, parties)
            found.append(
                TermChange(
                    field=field,
                    before=was,
                    after=becomes,
                    sentence=f"{label}: {becomes}. Before: {was}.",
                )
            )
    return tuple(found)


def lines_of(terms: Terms, parties: Mapping[int, NamedParty]) -> tuple[tuple[str, str], ...]:
    """Return what each term is about and says, in plain words."""
    return tuple(
        (label, in_words(field, getattr(terms, field), parties)) for field, label in LABELS.items()
    )


def text_of(
    kind: str,
    number: int,
    terms: Terms,
    parties: Sequence[NamedParty],
    cases: Sequence[str],
    change: PartyChange | None = None,
) -> str:
    """Return the agreement as it is signed first; `rendering.text` keeps to it from then on.

    Args:
        kind: Of the request.
        number: Of the version.
        terms: Of that version.
        parties: In the order of their numbers.
        cases: Public ids of the overlaps that make the scope.
        change: Who joins or leaves with this version.
    """
    by_number = {party.number: party for party in parties}
    lines = [
        f"AGREEMENT ({kind.replace('_', ' ')}), version {number} of its terms",
        "",
        "Parties",
        *(f"{party.number}. {party}" for party in parties),
        *(["", "Change of parties", str(change)] if change else []),
        "",
        "Scope",
        *(f"Overlap {each}" for each in cases),
        "",
        "Terms",
        *(f"{label}: {said}" for label, said in lines_of(terms, by_number)),
        "",
        "It ends by itself on the day named; only all parties together extend it.",
        "A party that gives notice leaves when its days are over, or once all have signed that.",
        "The lead hands over before it leaves.",
        "Leadership of any party can conclude it before, with a reason.",
        "Handling a matter jointly may make the offices one prosecution team for disclosure.",
        "No term limits what the law asks any office to disclose.",
    ]
    return "\n".join(lines) + "\n"


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
