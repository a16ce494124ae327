from dataclasses import fields, replace
from datetime import date
from typing import Any, get_args

import pytest

from app.reference.authority import (
    AUTHORITIES,
    Basis,
    MatterKind,
    OnSilence,
    Trafficking,
    authority_of,
    law_digest,
    rules_of,
)

TODAY = date(2026, 11, 23)


class TestAuthorities:
    def test_each_row_is_cited_verified_and_made_of_the_words_it_may_use(self) -> None:
        for row in AUTHORITIES:
            assert row.citation
            assert row.basis in get_args(Basis)
            assert row.basis != "unknown"
            assert row.matter_kind in get_args(MatterKind)
            assert row.trafficking in {"sex", "labor", "both"}
            assert row.on_silence in get_args(OnSilence)
            assert (row.on_silence == "none") == (row.silence_days is None)
            assert row.ends_on is None or (row.effective_on or date.min) < row.ends_on
            assert row.verified_by
            assert row.verified_on
            assert (row.effective_on or date.min) <= row.verified_on <= TODAY

    def test_no_two_rows_in_force_answer_the_same_question(self) -> None:
        for row in AUTHORITIES:
            twins = [
                other
                for other in AUTHORITIES
                if (other.state, other.matter_kind) == (row.state, row.matter_kind)
                and "both" in {other.trafficking, row.trafficking}
                and (row.ends_on or date.max) > (other.effective_on or date.min)
                and (other.ends_on or date.max) > (row.effective_on or date.min)
            ]
            assert twins == [row]


class TestDigest:
    def test_is_of_all_that_counsel_reads(self) -> None:
        (rule,) = rules_of("NJ")
        for each in fields(rule):
            other: dict[str, Any] = {each.name: "other"}
            assert law_digest([replace(rule, **other)]) != law_digest([rule]), each.name


class TestAuthorityOf:
    @pytest.mark.parametrize(
        ("state", "basis"),
        [("DE", "exclusive"), ("CT", "none"), ("NY", "referral_by"), ("TX", "on_request")],
    )
    def test_says_how_a_matter_comes_to_the_attorney_general(
        self, state: str, basis: Basis
    ) -> None:
        for trafficking in get_args(Trafficking):
            assert authority_of(state, trafficking, "criminal", TODAY).basis == basis

    @pytest.mark.parametrize("trafficking", get_args(Trafficking))
    def test_what_is_not_known_says_so(self, trafficking: Trafficking) -> None:
        for state, kind in (("ZZ", "criminal"), ("DE", "civil")):
            found = authority_of(state, trafficking, kind, TODAY)  # type: ignore[arg-type]  # constants above
            assert (found.basis, found.on_silence, found.denial_needs_reasons) == (
                "unknown", "none", False,
            )  # fmt: skip
