from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.identifiers.kinds import KINDS
from app.overlaps.detection import MAX_FINDINGS, gather, overlaps_of
from app.overlaps.postings import Name, PostedSubject, Posting, Sighting
from app.overlaps.rows import Match, Profile
from app.overlaps.scoring import Prior
from app.overlaps.weights import CONTACT_CAP, SUPPRESSED_BITS
from app.pairs.rows import FoundOverlap

PRIOR = Prior(5_000, 1.0)
PERSON_KINDS = [name for name, kind in KINDS.items() if kind.key_class == "person"]
Case = Sequence[PostedSubject]


def sightings(cases: Mapping[int, Case]) -> list[Sighting]:
    return [
        Sighting(kind.encode() + element, number, subject.ref, alias, kind)
        for number, case in cases.items()
        for subject in case
        for kind, alias, element in subject.elements
    ]


def detect(
    mine: Mapping[int, Case],
    theirs: Mapping[int, Case],
    only_named: Mapping[str, Mapping[str, Any]] = {},
) -> list[FoundOverlap]:
    """Return what one office (1) finds when it posts `mine` while another (2) has `theirs`.

    What is shared of the kinds `only_named` is common, or on a suppression list, as told there.
    """
    posted, stored = sightings(mine), sightings(theirs)
    holders = Counter(s[0] for s in {(s.token, s.case_id, s.ref) for s in posted + stored})
    known = {s.token for s in posted}
    keys = {(number, s.ref): number * 100 + place
            for number, case in theirs.items() for place, s in enumerate(case)}  # fmt: skip
    profiles = {
        (number, s.ref): Profile(
            keys[number, s.ref],
            number,
            2,
            s.ref,
            s.kind,
            [name.rarity for name in s.names],
            s.masks,
            s.numbers,
        )
        for number, case in theirs.items()
        for s in case
    }
    matching = [
        Match(s.token, s.alias, profiles[s.case_id, s.ref])._replace(**only_named.get(s.kind, {}))
        for s in stored
        if s.token in known
    ]
    postings = [Posting(number, True, case) for number, case in mine.items()]  # noqa: FBT003 -- a field
    return overlaps_of(postings, 1, gather(posted, matching, holders), PRIOR)


def named(ref: str, *aliases: dict[str, bytes], phones: Sequence[bytes] = ()) -> PostedSubject:
    names = [Name(3, elements) for elements in aliases]
    return PostedSubject(ref, "person", names, [("tel", phone) for phone in phones])


def everything(value: bytes) -> dict[str, bytes]:
    return dict.fromkeys(PERSON_KINDS, value)


elements = st.sampled_from([b"a", b"b", b"c"])
subjects = st.builds(
    lambda ref, names, phones: named(ref, *names, phones=phones),
    st.sampled_from(["1", "2", "3"]),
    st.lists(st.dictionaries(st.sampled_from(PERSON_KINDS), elements, min_size=1), max_size=2),
    st.lists(elements, max_size=2, unique=True),
)
cases = st.lists(subjects, min_size=1, max_size=3, unique_by=lambda subject: subject.ref)


def mirrored(found: list[FoundOverlap]) -> list[dict[str, Any]]:
    """Return overlaps without saying which office is which."""
    return [
        {**vars(pair), "low_office": pair.high_office, "high_office": pair.low_office}
        for pair in found
    ]


class TestLaws:
    @given(mine=cases, theirs=cases)
    @example(  # two aliases that weigh the same
        mine=[named("1", dict.fromkeys(("p.fd", "p.xx", "p.nm", "p.ld", "p.nyd", "p.dz"), b"a"))],
        theirs=[
            named(
                "1",
                dict.fromkeys(("p.xx", "p.ld", "p.nm"), b"a"),
                dict.fromkeys(("p.xx", "p.ld", "p.fd", "p.dz", "p.id", "p.nyd"), b"a")
                | {"p.nm": b"b"},
            )
        ],
    )
    @settings(max_examples=30, deadline=None)
    def test_whoever_posts_last_finds_the_same(self, mine: Case, theirs: Case) -> None:
        one_way, other_way = detect({10: mine}, {20: theirs}), detect({20: theirs}, {10: mine})
        assert [vars(pair) for pair in one_way] == mirrored(other_way)

    @given(mine=st.lists(cases, min_size=1, max_size=3), theirs=st.lists(cases, max_size=3))
    @settings(max_examples=30, deadline=None)
    def test_a_pair_of_cases_comes_once_and_only_for_a_shared_key(
        self, mine: list[Case], theirs: list[Case]
    ) -> None:
        one = {10 + place: case for place, case in enumerate(mine)}
        other = {20 + place: case for place, case in enumerate(theirs)}
        found = [(pair.low_case_id, pair.high_case_id) for pair in detect(one, other)]
        assert len(found) == len(set(found))
        shared = {
            (s.case_id, t.case_id)
            for s in sightings(one)
            for t in sightings(other)
            if s.token == t.token
        }
        assert set(found) <= shared
        contacts = {
            (s.case_id, t.case_id)
            for s in sightings(one)
            for t in sightings(other)
            if s.token == t.token and s.kind == "tel"
        }
        assert contacts <= set(found)


class TestFindings:
    def test_a_shared_phone_is_shown_apart_and_proves_nobody_the_same(self) -> None:
        (pair,) = detect({10: [named("1", phones=[b"x"])]}, {20: [named("7", phones=[b"x"])]})
        assert (pair.band, pair.strength) == ("shared_only", 0)
        assert pair.findings == [
            {
                "finding": "shared_identifier",
                "kinds": ["tel"],
                "match_key": "+PHONE",
                "explanation": "Shared: a phone number.",
                "subjects": ["1", "7"],
            }
        ]

    def test_the_same_person_with_a_phone_is_two_findings(self) -> None:
        person = named("1", everything(b"a"), phones=[b"x"])
        (pair,) = detect({10: [person]}, {20: [person]})
        assert [f["finding"] for f in pair.findings] == ["same_person", "shared_identifier"]
        assert pair.band == "strong"
        assert pair.findings[0]["facts"]["shared"] == ["tel"]

    def test_refs_stand_in_the_order_of_the_cases(self) -> None:
        one, other = [named("mine", phones=[b"x"])], [named("theirs", phones=[b"x"])]
        assert detect({10: one}, {20: other})[0].findings[0]["subjects"] == ["mine", "theirs"]
        assert detect({20: one}, {10: other})[0].findings[0]["subjects"] == ["theirs", "mine"]

    def test_the_best_pair_of_aliases_counts(self) -> None:
        one = named("1", everything(b"other"), everything(b"a"))
        (pair,) = detect({10: [one]}, {20: [named("1", everything(b"a"))]})
        assert (pair.band, len(pair.findings)) == ("strong", 1)

    def test_the_strongest_comes_first_and_the_weakest_are_dropped(self) -> None:
        crowd = [named(str(place), phones=[b"x"]) for place in range(60)]
        one = named("1", everything(b"a"), phones=[b"x"])
        (pair,) = detect({10: [one]}, {20: [*crowd, named("p", everything(b"a"))]})
        assert len(pair.findings) == MAX_FINDINGS
        assert pair.findings[0]["finding"] == "same_person"
        assert pair.band == "strong"

    def test_a_name_alone_never_makes_an_overlap(self) -> None:
        name = {"p.n": b"a", "p.nm": b"a"}
        assert detect({10: [named("1", name)]}, {20: [named("7", name)]}) == []
        (pair,) = detect(
            {10: [named("1", name, phones=[b"x"])]}, {20: [named("7", name, phones=[b"x"])]}
        )
        assert pair.findings[0]["match_key"] == "+NAME+MIDDLE+PHONE"

    def test_others_who_sound_alike_weaken_a_name_without_a_date(self) -> None:
        one = named("1", {"p.nm": b"a"}, phones=[b"x"])
        strengths = []
        for others in (0, 1, 9):
            crowd = {30 + number: [named("1", {"p.nm": b"a"})] for number in range(others)}
            (pair,) = detect({10: [one]}, {20: [one], **crowd})
            strengths.append(pair.strength)
        assert strengths == sorted(set(strengths), reverse=True)

    def test_a_shared_number_is_the_person_under_another_name(self) -> None:
        mine, theirs = (
            PostedSubject("1", "person", [Name(3, everything(name))], [("ssn", b"n")])
            for name in (b"a", b"b")
        )
        (pair,) = detect({10: [mine]}, {20: [theirs]})
        assert [f["finding"] for f in pair.findings] == ["same_person", "shared_identifier"]
        assert pair.findings[0]["match_key"] == "+SSN -LAST-FIRST-DOB"

    def test_an_organization_is_the_same_by_its_number_not_by_its_address(self) -> None:
        firm = PostedSubject("1", "organization", [], [("fein", b"x"), ("addr0", b"y")])
        (pair,) = detect({10: [firm]}, {20: [firm]})
        assert (pair.band, pair.findings[0]["finding"]) == ("strong", "same_organization")
        agent = PostedSubject("1", "organization", [], [("addr0", b"y")])
        (pair,) = detect({10: [agent]}, {20: [agent]})
        assert pair.band == "shared_only"

    @pytest.mark.parametrize("nothing", [{"is_common": True}, {"mode": "block"}])
    def test_the_house_of_an_address_that_is_no_evidence_is_none_either(
        self, nothing: dict[str, Any]
    ) -> None:
        name = {"p.nmd": b"a", "p.n": b"a"}

        def at(house: bytes, *addresses: tuple[str, bytes]) -> PostedSubject:
            return PostedSubject("1", "person", [Name(3, {**name, "p.ih": house})], addresses)

        motel, home = ("addr0", b"motel"), [("addr", b"home"), ("addr0", b"home")]
        here, alone, elsewhere = at(b"x", motel), at(b"x"), at(b"y", motel)
        (by_house,) = detect({10: [here]}, {20: [alone]})
        assert by_house.findings[0]["facts"]["house"] == "agrees"
        of_address = {"addr0": nothing}
        (found,) = detect({10: [here]}, {20: [here]}, of_address)
        (without,) = detect({10: [here]}, {20: [elsewhere]}, of_address)
        assert found == without
        assert found.strength < by_house.strength
        only_house = PostedSubject("1", "person", [Name(3, {"p.ih": b"x"})], [motel])
        assert detect({10: [only_house]}, {20: [only_house]}, of_address) == []
        both = at(b"x", motel, *home)  # the unit is evidence where the building is not
        (kept,) = detect({10: [both]}, {20: [both]}, of_address)
        assert kept.findings[0]["facts"]["shared"] == ["addr"]
        assert kept.strength > found.strength

    @pytest.mark.parametrize("listed", ["addr", "addr0"])
    def test_door_and_building_of_a_listed_address_are_one_value(self, listed: str) -> None:
        here = PostedSubject("1", "person", [], [("addr", b"x"), ("addr0", b"x")])
        assert detect({10: [here]}, {20: [here]}, {listed: {"mode": "block"}}) == []
        known = [Name(3, {"p.nmd": b"a"})]
        person = PostedSubject("1", "person", known, here.identifiers)
        (full,) = detect({10: [person]}, {20: [person]})
        (less,) = detect({10: [person]}, {20: [person]}, {listed: {"mode": "down_weight"}})
        assert full.strength - less.strength == CONTACT_CAP - SUPPRESSED_BITS
        (same,) = detect({10: [person]}, {20: [person]}, {listed: {"mode": "inform"}})
        assert same.strength == full.strength

    def test_of_two_shared_addresses_the_other_one_stays(self) -> None:
        homes = [("addr0", b"x"), ("addr0", b"y"), ("addr", b"y")]
        here = PostedSubject("1", "person", [], homes)
        (pair,) = detect({10: [here]}, {20: [here]}, {"addr": {"mode": "block"}})
        assert pair.findings[0]["kinds"] == ["addr0"]

    def test_keys_of_another_kind_are_other_keys(self) -> None:
        one, other = named("1", {"p.lmd": b"a"}), named("1", {"p.imd": b"a"})
        assert detect({10: [one]}, {20: [other]}) == []
