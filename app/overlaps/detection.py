"""Turns shared tokens into findings per pair of cases. Pure; sees keys and kinds, no text."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from app.identifiers.kinds import KINDS, Kind
from app.overlaps.crowds import label
from app.overlaps.explanations import explain_shared
from app.overlaps.facts import HOUSE, NamePair
from app.overlaps.postings import PostedSubject, Posting, Sighting
from app.overlaps.rows import Match, Profile
from app.overlaps.scoring import Prior, same_organization, same_person
from app.pairs.rows import FoundOverlap
from app.suppressions.rows import MODES, Mode

MAX_FINDINGS: Final = 50
"""Findings kept per overlap; the strongest come first."""

UNDATED_NAMES: Final = ("p.n", "p.nm")
"""The keys of a name without a date, of its spelling and of its sounds with the middle initial;
how many hold one tells how common the name is."""

_ADDRESSES: Final = frozenset({"addr", "addr0"})

_BANDS: Final = ("strong", "probable", "possible", "shared_only")


@dataclass
class _Evidence:
    other: Profile
    """The stored subject of the pair."""
    names: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    """Shared person keys of a pair of aliases, as a mask."""
    name_holders: dict[tuple[str, int, int], int] = field(default_factory=dict)
    """Subjects with the undated name, of a kind, that a pair of aliases shares."""
    shared: dict[str, int] = field(default_factory=dict)
    """Holders of the rarest shared token of each other kind."""
    weak: dict[str, int] = field(default_factory=dict)
    """As `shared`, of tokens that a suppression list gives less weight."""
    common: set[str] = field(default_factory=set)
    """Kinds that are shared too and too common to be evidence."""
    suppressed: dict[str, Mode] = field(default_factory=dict)
    """The strongest mode of each kind that is on a suppression list."""
    buildings: set[bytes] = field(default_factory=set)
    """The shared addresses without their units, however common."""

    @property
    def keys(self) -> dict[tuple[int, int], int]:
        """The shared person keys that count, as `names`.

        An address that is too common or blocked is no evidence, nor then is the house that it is.
        """
        blocked = {kind for kind, mode in self.suppressed.items() if mode == "block"}
        is_evidence = _ADDRESSES & (self.shared.keys() | self.weak.keys())
        if is_evidence or not _ADDRESSES & (self.common | blocked):
            return self.names
        counting = {pair: keys & ~HOUSE for pair, keys in self.names.items()}
        return {pair: keys for pair, keys in counting.items() if keys}

    def join_doors(self) -> None:
        """Let what a list says of the one shared address, door or building, hold for both."""
        listed = [self.suppressed[kind] for kind in _ADDRESSES & self.suppressed.keys()]
        if not listed or len(self.buildings) > 1:  # of two, the other one is not listed
            return
        strongest = max(listed, key=MODES.index)
        for kind in _ADDRESSES & (self.shared.keys() | self.weak.keys()):
            counts = [found.pop(kind) for found in (self.shared, self.weak) if kind in found]
            if strongest != "block":
                (self.weak if strongest == "down_weight" else self.shared)[kind] = min(counts)

    def note(self, kind: Kind, match: Match) -> None:
        """Note that a token is shared and what stands against it: a crowd, a suppression list."""
        if match.is_common:
            self.common.add(label(kind.name))
        if kind.name == "addr0":
            self.buildings.add(match.token)
        if match.mode is not None:
            known = self.suppressed.get(kind.name, match.mode)
            self.suppressed[kind.name] = max(match.mode, known, key=MODES.index)

    def count(self, kind: Kind, alias: int, match: Match, holders: int) -> None:
        """Count a shared token, of the posted alias, that so many subjects hold."""
        if kind.evidence == "person":
            aliases = (alias, match.alias)
            self.names[aliases] |= 1 << kind.code - 1
            if kind.name in UNDATED_NAMES:
                self.name_holders[kind.name, *aliases] = holders
        else:
            shared = self.weak if match.mode == "down_weight" else self.shared
            shared[kind.name] = min(holders, shared.get(kind.name, holders))


Pair = tuple[int, str, int]
"""A posted subject (case id, ref) and a stored one (key)."""


def gather(
    sightings: Iterable[Sighting],
    matching: Iterable[Match],
    holders: Mapping[bytes, int],
    hidden_cases: Collection[int] = (),
) -> dict[Pair, _Evidence]:
    """Return the shared keys of each pair of a posted and a stored subject.

    A hidden subject counts among the holders only in its own pairs: what others are shown of
    theirs must not tell of it (I3).

    Args:
        sightings: Of the posted subjects.
        matching: Other offices' sightings of the same tokens.
        holders: How many subjects hold each token, those that are hidden left out.
        hidden_cases: The posted cases that are hidden.
    """
    by_token: dict[bytes, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        by_token[sighting.token].append(sighting)
    found: dict[Pair, _Evidence] = {}
    for match in sorted(matching, key=_is_only_named):
        other = match.subject
        for mine in by_token[match.token]:
            if match.only_case_id not in {None, mine.case_id}:
                continue
            pair = (mine.case_id, mine.ref, other.id)
            if _is_only_named(match) and pair not in found:
                continue
            kind = KINDS[mine.kind]
            evidence = found.get(pair) or found.setdefault(pair, _Evidence(other))
            evidence.note(kind, match)
            if not _is_only_named(match):
                count = holders[match.token] + other.is_hidden + (mine.case_id in hidden_cases)
                evidence.count(kind, mine.alias, match, count)
    for evidence in found.values():
        evidence.join_doors()
    return found


def _is_only_named(match: Match) -> bool:
    return match.is_common or match.mode == "block"


def findings_of(mine: PostedSubject, evidence: _Evidence, prior: Prior) -> list[dict[str, Any]]:
    """Return what a pair of subjects amounts to: the same, a shared identifier, or both."""
    other, shared = evidence.other, {**evidence.weak, **evidence.shared}
    weak = evidence.weak.keys() - evidence.shared.keys()
    if mine.kind == other.kind == "organization":
        same = same_organization(shared, prior, weak)
    else:
        pairs = name_pairs(mine, evidence)
        has_identity = pairs or any(KINDS[kind].evidence == "strong" for kind in shared)
        numbers = mine.numbers & other.numbers
        same = same_person(pairs, shared, prior, numbers, weak) if has_identity else None
    findings = [same] if same else []
    if shared:
        findings.append({"finding": "shared_identifier", **explain_shared(shared)})
    if evidence.common:
        findings = [{**finding, "common": sorted(evidence.common)} for finding in findings]
    if evidence.suppressed:
        noted = [{"kind": kind, "mode": mode} for kind, mode in sorted(evidence.suppressed.items())]
        findings = [{**finding, "suppressed": noted} for finding in findings]
    return findings


def name_pairs(mine: PostedSubject, evidence: _Evidence) -> list[NamePair]:
    """Return the pairs of names that share a key; every pair if none does but a number agrees."""
    masks, other, keys = mine.masks, evidence.other, evidence.keys
    aliases: Iterable[tuple[int, int]] = keys
    if not keys and any(KINDS[kind].evidence == "strong" for kind in evidence.shared):
        aliases = product(range(len(masks)), range(len(other.kinds)))
    return [
        NamePair(
            shared=keys.get((alias, other_alias), 0),
            mine=masks[alias],
            theirs=other.kinds[other_alias],
            rarity=min(mine.names[alias].rarity, other.rarities[other_alias]),
            holders=evidence.name_holders.get(("p.n", alias, other_alias), 0),
            alike=evidence.name_holders.get(("p.nm", alias, other_alias), 0),
        )
        for alias, other_alias in aliases
    ]


def overlaps_of(
    postings: Iterable[Posting],
    office_id: int,
    evidence: Mapping[Pair, _Evidence],
    prior: Prior,
) -> list[FoundOverlap]:
    """Return the overlaps of the posted cases, each pair of cases once."""
    posted = {(p.case_id, s.ref): s for p in postings for s in p.subjects}
    by_cases: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    offices: dict[int, int] = {}
    for (case_id, ref, _), shared in evidence.items():
        other = shared.other
        offices[other.case_id] = other.office_id
        for finding in findings_of(posted[case_id, ref], shared, prior):
            refs = [ref, other.ref] if case_id < other.case_id else [other.ref, ref]
            by_cases[case_id, other.case_id].append({**finding, "subjects": refs})
    return [
        _overlap(case_id, office_id, other_case, offices[other_case], findings)
        for (case_id, other_case), findings in sorted(by_cases.items())
    ]


def _overlap(
    case_id: int, office_id: int, other_case: int, other_office: int, findings: list[dict[str, Any]]
) -> FoundOverlap:
    findings.sort(key=lambda f: (_BANDS.index(_band(f)), -f.get("strength", 0), f["subjects"]))
    low, high = sorted(((case_id, office_id), (other_case, other_office)))
    return FoundOverlap(
        low_case_id=low[0],
        high_case_id=high[0],
        low_office=low[1],
        high_office=high[1],
        band=_band(findings[0]),
        strength=findings[0].get("strength", 0),
        findings=findings[:MAX_FINDINGS],
    )


def _band(finding: dict[str, Any]) -> str:
    return str(finding.get("band", "shared_only"))
