"""Laws of what people read: words for every code, and pictures whose bars add up to the score."""

from typing import get_args
from zoneinfo import available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.vocabulary import DISCLOSURES, RECORD_CLASSES
from app.cases import vocabulary
from app.cases.overlap_schemas import FindingRead
from app.checks.schemas import Act, NextStep
from app.followups.schemas import Resolution
from app.followups.states import State, Step
from app.handling import machine
from app.handling import vocabulary as handling
from app.handling.reads import AuthorityRead
from app.handling.schemas import HandlingReturn
from app.identifiers.kinds import IDENTIFIER_KINDS, KINDS
from app.overlaps.facts import NamePair, mask
from app.overlaps.scoring import Prior, same_person
from app.web import evidence, handling_words, words, zones

PERSON_KINDS = [kind.name for kind in KINDS.values() if kind.evidence == "person"]
PRIOR = Prior(20_000, 0.05)


def _codes(annotated: object) -> set[str]:
    inner = get_args(annotated)
    return set(get_args(inner[0])) if inner and get_args(inner[0]) else set(inner)


class TestWords:
    def test_there_is_one_for_every_code(self) -> None:
        assert set(words.BANDS) == set(words.BAND_MEANINGS) == _codes(vocabulary.Band)
        assert set(words.FINDINGS) == _codes(vocabulary.Finding)
        assert set(words.TRAFFICKING) == _codes(vocabulary.TraffickingType)
        assert set(words.RECORD_CLASSES) == set(RECORD_CLASSES)
        assert set(words.DISCLOSURES) == set(words.DISCLOSURE_TAGS) == set(DISCLOSURES)
        assert set(words.RUNGS) == _codes(vocabulary.Rung)
        assert set(words.VERDICTS) == _codes(vocabulary.Verdict)
        assert set(words.REASONS) == _codes(vocabulary.NotAMatchReason)
        assert set(words.STATES) == _codes(vocabulary.JointVerdict)
        assert set(words.RETRACTIONS) == _codes(vocabulary.RetractReason)
        assert set(words.READ_REASONS) == _codes(vocabulary.ReadReason)
        assert set(words.FOLLOW_UPS) == _codes(State)
        assert set(words.DUE_STEPS) == _codes(Step)
        assert set(words.RESOLUTIONS) == _codes(Resolution)
        assert set(words.ACTS) == _codes(Act)
        assert set(words.NEXT_CALLS) == _codes(NextStep)
        assert set(handling_words.KINDS) == set(handling.KINDS)
        assert set(handling_words.STATUSES) == set(handling.STATUSES)
        assert set(handling_words.MEANINGS) == set(handling.STATUSES)
        assert set(handling_words.DECLINE_REASONS) == _codes(handling.DeclineReason)
        assert set(handling_words.END_REASONS) == _codes(handling.EndReason)
        reasons = HandlingReturn.model_fields["reason"].annotation
        assert set(handling_words.RETURN_REASONS) == _codes(reasons)
        assert set(handling_words.BASES) == _codes(AuthorityRead.model_fields["basis"].annotation)
        by_people = [each for each in machine.MACHINE if each.permission and each.leaves]
        assert set(handling_words.STEPS) == {each.step for each in by_people}
        assert set(handling_words.WHO) == {each.permission for each in by_people}
        for kind in IDENTIFIER_KINDS:
            assert words.kind_word(kind) != kind or kind in {"passport", "vehicle"}

    def test_each_zone_exists(self) -> None:
        assert set(zones.ZONES.values()) <= available_timezones()


class TestPicture:
    @settings(max_examples=150, deadline=None)
    @given(
        shared=st.sets(st.sampled_from(PERSON_KINDS)),
        more=st.sets(st.sampled_from(PERSON_KINDS)),
        rarity=st.integers(0, 3),
        kinds=st.dictionaries(st.sampled_from(IDENTIFIER_KINDS[:20]), st.integers(2, 5)),
    )
    def test_bars_add_up_to_what_the_score_adds_to_the_prior(
        self, shared: set[str], more: set[str], rarity: int, kinds: dict[str, int]
    ) -> None:
        both = mask(shared | more)
        pair = NamePair(mask(shared), both, both, rarity)
        found = same_person([pair], kinds, PRIOR)
        if found is None:
            return
        finding = FindingRead.model_validate({"subject": "1", **found})
        signals = evidence.signals(finding, PRIOR)
        total = sum(signal.bits for signal in signals)
        assert signals == sorted(signals, key=lambda each: -each.bits)
        assert all(signal.outcome == "differs" for signal in signals if signal.bits < 0)
        has_open = any(
            signal.bits > 0 and signal.name not in {"Date of birth", "Middle initial"}
            for signal in signals
        )
        assert finding.strength is not None
        if has_open and not any(KINDS[kind].evidence == "strong" for kind in kinds):
            assert abs(total - (finding.strength - PRIOR.bits)) < 1.0  # rounding of the total
