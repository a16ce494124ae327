import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identifiers.kinds import KINDS
from app.overlaps.facts import NamePair, PersonFacts, mask, person_facts
from app.overlaps.scoring import (
    PROBABLE,
    STRONG,
    Prior,
    band_of,
    name_bits,
    same_organization,
    same_person,
    score,
)
from app.overlaps.weights import contact_bits, number_mask

PRIOR = Prior(20_000, 0.05)
NAME_LEVELS = ("differs", "initial", "sound", "exact")
DATE_LEVELS = ("differs", "day_month", "two_parts", "swapped", "full")
MIDDLE_LEVELS = ("differs", "unknown", "agrees")
PERSON_KINDS = sorted(name for name, kind in KINDS.items() if kind.key_class == "person")

masks = st.sets(st.sampled_from(PERSON_KINDS)).map(mask)
levels = st.sampled_from((*NAME_LEVELS, "unknown"))
all_facts = st.builds(
    PersonFacts,
    levels,
    levels,
    st.sampled_from((*DATE_LEVELS, "unknown")),
    st.sampled_from(MIDDLE_LEVELS),
    *[st.sampled_from(("agrees", "unknown"))] * 2,
)
contacts = st.dictionaries(st.sampled_from(("tel", "addr", "addr0")), st.integers(2, 5_000))


@st.composite
def name_pairs(draw: st.DrawFn) -> NamePair:
    mine, theirs = draw(masks), draw(masks)
    shared = draw(masks) & mine & theirs
    counts = st.integers(0, 500)
    return NamePair(shared, mine, theirs, draw(st.integers(0, 3)), draw(counts), draw(counts))


def turned(pair: NamePair) -> NamePair:
    return replace(pair, mine=pair.theirs, theirs=pair.mine)


class TestSymmetry:
    @given(st.lists(name_pairs(), min_size=1, max_size=4), contacts)
    def test_either_side_gets_the_same_finding(
        self, pairs: list[NamePair], shared: dict[str, int]
    ) -> None:
        other_way = [turned(pair) for pair in pairs]
        assert same_person(pairs, shared, PRIOR) == same_person(other_way, shared, PRIOR)

    @given(masks, masks, masks)
    def test_facts_do_not_depend_on_who_asks(self, shared: int, mine: int, theirs: int) -> None:
        both = shared & mine & theirs
        assert person_facts(both, mine, theirs) == person_facts(both, theirs, mine)


class TestMoreAgreement:
    @pytest.mark.parametrize("attribute", ["last_name", "first_name"])
    @given(facts=all_facts, bits=st.floats(0, 21))
    def test_of_a_name_never_lowers_the_score(
        self, attribute: str, facts: PersonFacts, bits: float
    ) -> None:
        self._assert_rises(facts, attribute, NAME_LEVELS, bits)

    @given(facts=all_facts, bits=st.floats(0, 21))
    def test_of_the_birth_date_never_lowers_the_score(
        self, facts: PersonFacts, bits: float
    ) -> None:
        self._assert_rises(facts, "birth_date", DATE_LEVELS, bits)

    @given(facts=all_facts, bits=st.floats(0, 21))
    def test_of_the_middle_initial_never_lowers_the_score(
        self, facts: PersonFacts, bits: float
    ) -> None:
        self._assert_rises(facts, "middle_initial", MIDDLE_LEVELS, bits)

    def _assert_rises(
        self, facts: PersonFacts, attribute: str, ladder: tuple[str, ...], bits: float
    ) -> None:
        scores = [PersonFacts(**{**vars(facts), attribute: level}).bits(bits) for level in ladder]
        assert scores == sorted(scores)
        assert scores[0] < scores[-1]

    @given(contacts, st.sampled_from(("tel", "addr")), st.integers(2, 5_000))
    def test_another_shared_contact_never_lowers_the_score(
        self, shared: dict[str, int], kind: str, holders: int
    ) -> None:
        without = {name: count for name, count in shared.items() if name != kind}
        without.pop("addr0", None)  # stands for the same address as addr
        with_it = contact_bits({**without, kind: holders}, 20_000)
        assert 0 <= contact_bits(without, 20_000) <= with_it + 1e-9 or holders > 10_000

    @given(contacts, st.integers(1, 1000))
    def test_a_commoner_contact_never_raises_the_score(
        self, shared: dict[str, int], more: int
    ) -> None:
        commoner = {kind: count + more for kind, count in shared.items()}
        assert contact_bits(commoner, 20_000) <= contact_bits(shared, 20_000)

    @given(name_pairs(), contacts, st.sampled_from(("email", "plate", "ssn4", "ssn")))
    def test_another_shared_identifier_never_lowers_the_score(
        self, pair: NamePair, shared: dict[str, int], kind: str
    ) -> None:
        without = score([pair], shared, PRIOR).bits
        assert score([pair], {**shared, kind: 2}, PRIOR).bits >= without

    @given(st.floats(9, 21), st.floats(0, 12), st.integers(0, 5_000), st.integers(1, 5_000))
    def test_a_rarer_name_never_lowers_the_score(
        self, table: float, rarer: float, holders: int, more: int
    ) -> None:
        assert name_bits(table, holders, 20_000) <= name_bits(table + rarer, holders, 20_000)
        assert name_bits(table, holders + more, 20_000) <= name_bits(table, holders, 20_000)

    @given(name_pairs(), contacts, st.integers(1, 500))
    def test_a_further_namesake_never_raises_the_score(
        self, pair: NamePair, shared: dict[str, int], more: int
    ) -> None:
        pair = replace(pair, holders=max(pair.holders, 1), alike=max(pair.alike, 1))
        for commoner in ({"holders": pair.holders + more}, {"alike": pair.alike + more}):
            found = score([replace(pair, **commoner)], shared, PRIOR)
            assert found.bits <= score([pair], shared, PRIOR).bits

    @given(st.lists(name_pairs(), min_size=1, max_size=3), name_pairs())
    def test_another_alias_never_lowers_the_score(
        self, pairs: list[NamePair], another: NamePair
    ) -> None:
        few = same_person(pairs, {"tel": 2}, PRIOR)
        more = same_person([*pairs, another], {"tel": 2}, PRIOR)
        assert (more or {"strength": -99})["strength"] >= (few or {"strength": -99})["strength"]


class TestUndatedNames:
    every = mask(PERSON_KINDS)
    undated = mask(["p.n"])

    def strength(self, holders: int, shared: dict[str, int], *, dated: bool) -> float:
        keys = self.every & ~mask(["p.nm", "p.lmd", "p.imd"]) if dated else self.undated
        pair = NamePair(self.undated, keys, keys, 3, holders)
        return score([pair], shared, PRIOR).bits

    def test_a_relative_named_alike_at_the_same_address_is_no_strong_overlap(self) -> None:
        assert self.strength(2, {"addr": 2}, dated=True) < PROBABLE
        assert self.strength(2, {"addr": 2}, dated=False) >= STRONG

    @pytest.mark.parametrize("dated", [True, False])
    def test_namesakes_in_the_registry_lower_the_score(self, *, dated: bool) -> None:
        scores = [self.strength(holders, {}, dated=dated) for holders in (2, 3, 9, 99)]
        assert scores == sorted(set(scores), reverse=True)

    @pytest.mark.parametrize("kinds", [["p.n", "p.nm"], ["p.n", "p.nm", "p.xx"], ["p.nm"]])
    def test_so_do_people_whose_names_sound_alike(self, kinds: list[str]) -> None:
        keys = mask(kinds)
        pairs = [NamePair(mask(["p.nm"]), keys, keys, 3, alike=alike) for alike in (2, 3, 9, 99)]
        scores = [score([pair], {}, PRIOR).bits for pair in pairs]
        assert scores == sorted(set(scores), reverse=True)
        dated = [replace(pair, shared=keys, holders=2) for pair in pairs]
        assert len({score([pair], {}, PRIOR).bits for pair in dated}) == 1


class TestPrior:
    @given(st.integers(1, 10**7), st.integers(1, 10**7), st.floats(0.01, 10))
    def test_more_possible_people_lower_it(self, few: int, more: int, expected: float) -> None:
        low, high = sorted((few, more))
        assert Prior(high, expected).bits <= Prior(low, expected).bits

    @given(st.integers(1, 10**7), st.floats(0.01, 10), st.floats(0.01, 10))
    def test_more_expected_matches_raise_it(self, people: int, one: float, other: float) -> None:
        low, high = sorted((one, other))
        assert Prior(people, low).bits <= Prior(people, high).bits

    def test_is_the_odds_in_bits(self) -> None:
        assert Prior(1024, 1.0).bits == -10
        assert Prior(20_000, 0.05).bits == pytest.approx(-math.log2(400_000))


class TestBands:
    @pytest.mark.parametrize(
        ("chance", "band"),
        [(0.991, "strong"), (0.989, "probable"), (0.901, "probable"), (0.899, "possible"),
         (0.201, "possible"), (0.199, None)],
    )  # fmt: skip
    def test_follow_the_chance_of_being_the_same_person(
        self, chance: float, band: str | None
    ) -> None:
        assert band_of(math.log2(chance / (1 - chance))) == band

    @given(name_pairs(), st.integers(1, 100))
    def test_a_name_alone_is_never_a_finding(self, pair: NamePair, opposite: int) -> None:
        found = same_person([pair], {}, Prior(opposite, 1.0))
        if found and found["facts"]["birth_date"] in {"unknown", "differs"}:
            assert found["facts"]["postcode"] == "agrees"

    def test_strength_does_not_saturate(self) -> None:
        every = mask(set(PERSON_KINDS) - {"p.ih"})  # with a house, contacts are at their most
        pair = NamePair(every, every, every, 3, 2)
        strengths = [
            (same_person([pair], dict.fromkeys(kinds, 2), PRIOR) or {"strength": -99})["strength"]
            for kinds in ([], ["tel"], ["tel", "ssn"], ["tel", "ssn", "passport"])
        ]
        assert strengths == sorted(set(strengths))


class TestNumbers:
    @given(name_pairs(), contacts)
    def test_that_agree_raise_and_that_differ_lower_the_score(
        self, pair: NamePair, shared: dict[str, int]
    ) -> None:
        both = number_mask(["ssn"])
        agree = same_person([pair], {**shared, "ssn": 2}, PRIOR, both)
        nothing = same_person([pair], shared, PRIOR)
        differ = same_person([pair], shared, PRIOR, both)
        lowest = {"strength": -99}
        strengths = [(found or lowest)["strength"] for found in (differ, nothing, agree)]
        assert strengths == sorted(strengths)

    def test_that_differ_are_named(self) -> None:
        every = mask(PERSON_KINDS)
        pair = NamePair(every, every, every, 3, 2)
        found: Any = same_person([pair], {}, PRIOR, number_mask(["ssn", "fbi"]))
        assert found["facts"]["differing"] == ["ssn", "fbi"]
        assert found["match_key"].endswith(" -SSN-FBI")

    def test_of_two_states_or_countries_say_nothing(self) -> None:
        every = mask(PERSON_KINDS)
        pair = NamePair(every, every, every, 3, 2)
        found = same_person([pair], {}, PRIOR, number_mask(["dl", "passport", "sid"]))
        assert found == same_person([pair], {}, PRIOR)

    def test_organizations_need_more_than_an_address(self) -> None:
        prior = Prior(1000, 1.0)
        assert same_organization({"addr": 2, "addr0": 2}, prior) is None
        assert (same_organization({"fein": 2}, prior) or {})["band"] == "strong"
        assert (same_organization({"org": 2, "addr": 2}, prior) or {})["strength"] == 8


class TestFirstDiffers:
    def test_marks_one_last_name_and_date_with_two_first_names(self) -> None:
        every, twins = mask(PERSON_KINDS), mask(["p.ld", "p.lmd"])
        assert NamePair(twins, every, every, 3).first_differs
        assert not NamePair(every, every, every, 3, 2).first_differs
        assert not NamePair(twins, every, twins, 3).first_differs  # one has no first name

    @pytest.mark.parametrize(
        ("shared", "band"),
        [(["p.ld"], "possible"), (["p.ld", "p.lmd"], "probable"), (["p.ld", "p.xz"], "strong")],
    )
    def test_contacts_that_relatives_share_make_it_no_more_than_their_odds(
        self, shared: list[str], band: str
    ) -> None:
        undated = mask(["p.n", "p.nm"])
        has = mask(PERSON_KINDS) & ~undated & ~mask([] if "p.lmd" in shared else ["p.lmd", "p.imd"])
        pair = NamePair(mask(shared), has, has, 2)
        found = same_person([pair], {"addr": 2, "tel": 2}, Prior(1_000_000, 0.05))
        assert found is not None
        assert found["band"] == band

    def test_beside_a_number_that_agrees_contacts_count_in_full(self) -> None:
        keys = mask(["p.ld", "p.fd"])
        pair, ssn = NamePair(0, keys, keys, 2), number_mask(["ssn"])
        alone = score([pair], {"ssn": 2}, PRIOR, ssn).bits
        assert score([pair], {"ssn": 2, "tel": 2}, PRIOR, ssn).bits > alone + 6


class TestHouse:
    def bits(
        self, *shared: str, contacts: dict[str, int] | None = None, dated: bool = True
    ) -> float:
        has = mask(["p.ld", "p.fd", "p.id", "p.xz", "p.ih"] if dated else ["p.ih"])
        return score([NamePair(mask(shared), has, has, 1)], contacts or {}, PRIOR).bits

    def test_with_initials_is_evidence_and_a_shared_address_says_it_already(self) -> None:
        assert self.bits("p.ih") > self.bits()
        shared = {"addr": 2, "addr0": 2}
        initials = self.bits("p.ih", contacts=shared) - self.bits(contacts=shared)
        names = PersonFacts("initial", "initial", "differs", "unknown", house="agrees").bits(14)
        assert initials == pytest.approx(
            names - PersonFacts("differs", "differs", "differs", "unknown").bits(14)
        )

    def test_without_a_date_the_initial_of_the_household_weighs_half(self) -> None:
        agrees = {"last_name": "initial", "first_name": "unknown", "middle_initial": "unknown"}
        by_house = PersonFacts(**agrees, birth_date="differs", house="agrees").bits(18)
        by_date = PersonFacts(**agrees, birth_date="differs").bits(18)
        assert by_date - by_house == pytest.approx(1.5)
        dated = PersonFacts(**agrees, birth_date="full").bits(18)
        assert PersonFacts(**agrees, birth_date="full", house="agrees").bits(18) == dated

    def test_of_people_who_moved_says_nothing(self) -> None:
        """Another house with the same names and dates is no difference."""
        assert self.bits(dated=False) == score([NamePair(0, 0, 0, 1)], {}, PRIOR).bits
