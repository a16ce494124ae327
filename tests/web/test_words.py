"""Laws of what people read: words for every code, and pictures whose bars add up to the score."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.permissions import CLIENT_SCOPES
from app.access.vocabulary import DISCLOSURES, RECORD_CLASSES
from app.cases import vocabulary
from app.cases.examples import EXAMPLES
from app.cases.fact_schemas import OffenceRead
from app.cases.overlap_schemas import FindingRead, OverlapRead
from app.checks.schemas import Act, Blindness, NextStep
from app.contact_requests import service as contact_requests
from app.followups.schemas import Level, Resolution
from app.followups.states import State, Step
from app.handling import machine
from app.handling import vocabulary as handling
from app.handling.reads import AuthorityRead
from app.handling.schemas import HandlingReturn
from app.identifiers.kinds import IDENTIFIER_KINDS, KINDS
from app.matters.schemas import OriginRead
from app.overlaps.explanations import explain_shared
from app.overlaps.facts import NamePair, mask
from app.overlaps.scoring import Prior, same_person
from app.queues.schemas import QueueCounts, Turn
from app.reviews import schemas as reviews
from app.sharing import schemas as sharing
from app.web import (
    asking_words,
    evidence,
    handling_words,
    office_words,
    sharing_words,
    story,
    words,
)
from app.web.rendering import TEMPLATES

PERSON_KINDS = [kind.name for kind in KINDS.values() if kind.evidence == "person"]
TURNS: Final[tuple[Turn, ...]] = ("ours", "theirs", "settled", "all")
PRIOR = Prior(20_000, 0.05)
UNREAD = " (not checked against its text)"


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
        assert set(sharing_words.WITHDRAWN_FOR) == _codes(vocabulary.WithdrawReason)
        assert set(sharing_words.ASKED_FOR) == _codes(reviews.AskedFor)
        assert set(sharing_words.GROUNDS) == _codes(reviews.Ground)
        assert set(sharing_words.OUTCOMES) == _codes(reviews.Outcome)
        by_themselves = {contact_requests.ASKED, contact_requests.OPENED, "glass_broken"}
        by_themselves |= {"handling_requested", "handling_accepted"}
        assert set(sharing_words.PURPOSES) == _codes(sharing.Purpose) | by_themselves
        assert set(words.FOLLOW_UPS) == _codes(State)
        assert set(words.DUE_STEPS) == _codes(Step)
        assert set(words.RESOLUTIONS) == _codes(Resolution)
        assert set(story.REMINDERS) == _codes(Level)
        assert set(words.ACTS) == _codes(Act)
        assert set(asking_words.NEXT_CALLS) == _codes(NextStep)
        assert set(asking_words.BLINDNESS) == _codes(Blindness)
        assert set(handling_words.KINDS) == set(handling.KINDS)
        assert set(handling_words.STATUSES) == set(handling.STATUSES)
        assert set(handling_words.MEANINGS) == set(handling.STATUSES)
        assert set(handling_words.DECLINE_REASONS) == _codes(handling.DeclineReason)
        assert set(handling_words.END_REASONS) == _codes(handling.EndReason)
        assert set(handling_words.ORIGINS) == _codes(OriginRead.model_fields["what"].annotation)
        reasons = HandlingReturn.model_fields["reason"].annotation
        assert set(handling_words.RETURN_REASONS) == _codes(reasons)
        assert set(handling_words.BASES) == _codes(AuthorityRead.model_fields["basis"].annotation)
        by_people = [each for each in machine.MACHINE if each.permission and each.leaves]
        assert set(handling_words.STEPS) == {each.step for each in by_people}
        assert set(handling_words.WHO) == {each.permission for each in by_people}
        assert set(office_words.SCOPES) == set(CLIENT_SCOPES)
        for kind in IDENTIFIER_KINDS:
            assert words.kind_word(kind) != kind or kind in {"passport", "vehicle"}

    def test_a_request_that_waits_for_the_reader_says_so_in_any_status(self) -> None:
        waits = {"sent": "accept", "escalated": "accept", "active": "sign", "extended": "amend"}
        for status, step in waits.items():
            assert handling_words.tone(status, [step]) == "todo"
            assert "waiting for your" in handling_words.standing(status, [step]).lower()
            assert handling_words.tone(status) != "todo"
            assert handling_words.standing(status) == handling_words.STATUSES[status]

    @pytest.mark.parametrize(
        ("statute", "law_on", "said"),
        [
            ("tx-pc-20a.02", "2026-01-05", "Tex. Penal Code 20A.02, law since Sep 1, 2003"),
            ("nj-2c-13-8", "2026-01-05", "N.J.S.A. 2C:13-8"),
            ("az-13-1308", "2026-01-05", f"A.R.S. 13-1308, law since Aug 12, 2005{UNREAD}"),
            ("fl-787.06", "2012-07-01", "Fla. Stat. 787.06, in this wording since Jul 1, 2012"),
            (
                "ca-pc-236.1",
                "2011-05-01",
                f"Cal. Penal Code 236.1, as in force through Nov 6, 2012{UNREAD}",
            ),
        ],
    )
    def test_a_statute_says_when_its_wording_was_law_and_whether_its_text_was_read(
        self, statute: str, law_on: str, said: str
    ) -> None:
        told = OffenceRead.model_validate({"statute": statute, "law_on": law_on})
        assert words.offence(told) == said


class TestCounts:
    def test_only_all_of_an_office_may_be_more_than_were_counted(self) -> None:
        counts = {"total": 1000, "is_cut": True, "ours": 1000, "theirs": 0, "settled": 0}
        whole = QueueCounts(**counts, mine=2, fresh=0, all=1000)
        mine = QueueCounts(**counts | {"ours": 2}, mine=2, fresh=0, all=2)
        assert [words.counted(whole, turn) for turn in TURNS] == ["1,000", "0", "0", "1,000+"]
        assert [words.counted(mine, turn) for turn in TURNS] == ["2", "0", "0", "2"]


class TestPicture:
    @settings(max_examples=75, deadline=None)
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

    @pytest.mark.parametrize("kinds", [{}, {"tel": 2}, {"tel": 4, "addr": 3}])
    @pytest.mark.parametrize("first", ["p.nmd p.fd p.ld", "p.nm p.fd p.ld", "p.xx p.fd p.ld"])
    def test_tells_how_rare_a_name_is_that_agrees_whole_or_by_sound(
        self, first: str, kinds: dict[str, int]
    ) -> None:
        said = [self._rarity(first, rarity, kinds) for rarity in range(4)]
        assert [each.partition("person in ")[2] for each in said] == [
            "four thousand has",
            "some ten thousand has",
            "some hundred thousand has",
            "a million has",
        ]

    def test_tells_no_rarity_where_its_weight_tells_more_of_the_spelling(self) -> None:
        assert self._rarity("p.nm p.xz", 3, {"tel": 2}, theirs="p.nm p.xz p.nmd") == ""
        assert self._rarity("p.id p.ld", 3, {"tel": 2}) == ""

    def test_a_contact_that_few_can_hold_makes_no_name_common(self) -> None:
        few = Prior(300, 0.05)
        said = self._rarity("p.nmd p.fd p.ld", 3, {"tel": 2}, few)
        assert said == "at most one person in a million has"

    def _rarity(
        self,
        keys: str,
        rarity: int,
        kinds: dict[str, int],
        prior: Prior = PRIOR,
        theirs: str = "",
    ) -> str:
        """Return who is said to have a name of this rarity, of which these keys agree."""
        shared, other = mask(keys.split()), mask((theirs or keys).split())
        found = same_person([NamePair(shared, other, other, rarity)], kinds, prior)
        assert found is not None
        finding = FindingRead.model_validate({"subject": "1", **found})
        return evidence.rarity(finding, prior)

    def test_whoever_moved_is_not_said_to_lack_an_address(self) -> None:
        """Facts of findings that were stored before there were places have none of them."""
        facts = {"last_name": "exact", "first_name": "unknown", "birth_date": "full",
                 "middle_initial": "unknown", "shared": []}  # fmt: skip
        found = {"finding": "same_person", "band": "possible", "strength": 1, "facts": facts}
        finding = FindingRead.model_validate({"subject": "1", **found})
        assert evidence.unknown(finding) == ["first name", "middle initial"]
        assert {signal.kind for signal in evidence.signals(finding, PRIOR)} == {
            "last_name",
            "birth_date",
        }


class TestReason:
    @settings(max_examples=50, deadline=None)
    @given(
        shared=st.sets(st.sampled_from(PERSON_KINDS)),
        rarity=st.integers(0, 3),
        kinds=st.dictionaries(st.sampled_from(IDENTIFIER_KINDS), st.integers(2, 5)),
    )
    def test_names_all_that_agrees_in_the_words_of_the_picture(
        self, shared: set[str], rarity: int, kinds: dict[str, int]
    ) -> None:
        found = same_person(
            [NamePair(mask(shared), mask(shared), mask(shared), rarity)], kinds, PRIOR
        )
        if found is None:
            return
        more = [{"finding": "shared_identifier", **explain_shared(kinds)}] if kinds else []
        overlap = _overlap("contact", [found, *more])
        facts, said = overlap.findings[0].facts, evidence.reason(overlap)
        assert facts is not None
        names = {facts.last_name, facts.first_name}
        for name, title in words.SIGNALS.items():
            outcome = words.LEVELS.get((name, getattr(facts, name)))
            if outcome is None:
                continue
            is_whole = name in {"last_name", "first_name"} and len(names) == 1
            word = "name" if is_whole else title.lower()
            assert word in said.lower(), name
            assert outcome == "agrees" or f"({outcome})" in said
        for kind in facts.shared:
            assert words.kind_word(kind).lower() in said.lower()
        if any(KINDS[kind].evidence == "strong" for kind in facts.shared):
            assert said.startswith(
                tuple(words.capitalized(words.kind_word(k)) for k in facts.shared)
            )

    def test_a_pointer_is_not_said_to_be_of_a_name(self) -> None:
        person = {"finding": "same_person", "kinds": ["name"], "band": "strong"}
        phone = {"finding": "shared_identifier", "kinds": ["tel"]}
        assert evidence.reason(_overlap("pointer", [person])) == "Possibly the same person"
        said = evidence.reason(_overlap("pointer", [person, phone]))
        assert said == "Possibly the same person; shared: phone number"
        assert evidence.reason(_overlap("pointer", [phone])) == "Phone number"


def _overlap(rung: str, findings: Sequence[Mapping[str, object]]) -> OverlapRead:
    whole = [{"subject": "1", **each} for each in findings]
    return OverlapRead.model_validate({**EXAMPLES["OverlapRead"], "rung": rung, "findings": whole})


def test_templates_leave_instants_to_the_filters_that_tell_the_zone() -> None:
    bare = re.compile(r"{{[^}|]*_at *}}|strftime")
    found = {path.name: bare.findall(path.read_text()) for path in TEMPLATES.rglob("*.html")}
    assert "page.html" in found
    assert {name: texts for name, texts in found.items() if texts} == {}
