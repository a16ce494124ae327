import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.overlaps.explanations import explain_person
from app.overlaps.facts import PersonFacts
from tests.overlaps.test_scoring import all_facts


class TestExplain:
    @pytest.mark.parametrize(
        ("facts", "shared", "text"),
        [
            (("exact", "exact", "full", "agrees"), [],
             "Last name, first name, full birth date and middle initial agree."),
            (("sound", "differs", "full", "unknown"), ["tel"],
             ("Last name (sound) and full birth date agree; first name differs; shared: a phone"
              " number.")),
            (("exact", "unknown", "unknown", "unknown"), ["addr", "addr0"],
             "Last name agrees; shared: an address."),
            (("differs", "differs", "swapped", "unknown"), ["addr0", "tel"],
             ("Birth date with day and month swapped agrees; last name and first name differ; "
              "shared: a street address and a phone number.")),
            (("initial", "sound", "two_parts", "differs"), [],
             ("Last initial, first name (sound) and birth year with month or day agree; "
              "middle initial differs.")),
        ],
    )  # fmt: skip
    def test_reads_as_a_sentence(
        self, facts: tuple[str, str, str, str], shared: list[str], text: str
    ) -> None:
        assert explain_person(PersonFacts(*facts), shared, ())["explanation"] == text

    @pytest.mark.parametrize(
        ("facts", "shared", "match_key"),
        [
            (("exact", "exact", "full", "differs"), ["tel"], "+NAME+DOB+PHONE -MIDDLE"),
            (("sound", "exact", "day_month", "unknown"), [], "+NAME_SOUND+DOB_DAY_MONTH -DOB_YEAR"),
            (("exact", "differs", "full", "agrees"), [], "+LAST+DOB+MIDDLE -FIRST"),
            (("differs", "initial", "unknown", "unknown"), ["addr", "addr0"],
             "+FIRST_INITIAL+ADDR -LAST"),
            (("initial", "initial", "unknown", "unknown", "agrees", "agrees"), [],
             "+LAST_INITIAL+FIRST_INITIAL+POSTCODE+HOUSE"),
            (("exact", "exact", "unknown", "unknown", "agrees", "agrees"), ["addr0"],
             "+NAME+POSTCODE+ADDR0"),
        ],
    )  # fmt: skip
    def test_match_key_tells_kinds_that_agree_and_differ(
        self, facts: tuple[str, ...], shared: list[str], match_key: str
    ) -> None:
        assert explain_person(PersonFacts(*facts), shared, ())["match_key"] == match_key

    @given(all_facts, st.sets(st.sampled_from(("tel", "addr", "addr0")), min_size=1).map(sorted))
    def test_is_made_of_kinds_and_levels_only(self, facts: PersonFacts, shared: list[str]) -> None:
        words = set(re.findall(r"\w+", explain_person(facts, shared, ())["explanation"].lower()))
        known: Any = (
            "last first middle name initial sound full birth date with day and month swapped year"
            " or agree agrees differ differs shared a an phone number address street"
            " postcode house"
        )
        assert words <= set(known.split())
