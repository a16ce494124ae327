from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cases.guard import find_identifiers

IDENTIFIERS = [
    ("social-security-number", "123-45-6789"),
    ("social-security-number", "123 45 6789"),
    ("long-number", "123456789"),
    ("alien-number", "A-123456789"),
    ("alien-number", "a1234567"),
    ("email-address", "someone@example.com"),
    ("date-of-birth", "DOB 01/02/1990"),
    ("date-of-birth", "born on 2 March 1990"),
    ("vehicle-number", "1HGCM82633A004352"),
    ("web-address", "https://example.com/ad/1"),
    ("web-address", "www.example.com"),
    ("handle", "@some_handle"),
    ("phone-number", "(415) 555-0132"),
    ("phone-number", "415-555-0132"),
    ("phone-number", "+1 415 555 0132"),
    ("phone-number", "415.555.0132"),
    ("phone-number", "555-0132"),
    ("social-security-number", "SSN ending 6789"),
    ("alien-number", "A 123 456 789"),
    ("email-address", "someone [at] example [dot] com"),
    ("date-of-birth", "born March 2, 1990"),
    ("date-of-birth", "2 March 1990"),
    ("date-of-birth", "1990-03-02"),
    ("date-of-birth", "1990-3-2"),
    ("date-of-birth", "1990/03/02"),
    ("date-of-birth", "3 / 2 / 1990"),
    ("date-of-birth", "3/2/90"),
    ("date-of-birth", "1/5/90"),
    ("date-of-birth", "1/5/05"),
    ("date-of-birth", "01-05-90"),
    ("date-of-birth", "12.31.88"),
    ("date-of-birth", "02MAR1990"),
    ("date-of-birth", "2-Mar-1990"),
    ("date-of-birth", "Mar-02-1990"),
    ("vehicle-number", "1hgcm82633a004352"),
    ("plate", "plate 4XYZ 89"),
    ("plate", "7ABC012"),
    ("plate", "ABC-1234"),
    ("license-number", "DL: D5550123"),
    ("license-number", "DL 1234567"),
    ("license-number", "CDL# S123-4567-8901"),
    ("license-number", "license no. D1234567"),
    ("license-number", "license number is 1234567"),
    ("license-number", "driver\N{RIGHT SINGLE QUOTATION MARK}s license D1234567"),
    ("license-number", "SID AB123456"),
    ("license-number", "state ID 1234567"),
    ("license-number", "ID card no. 1234567"),
    ("address", "100 Example Street"),
    ("address", "7 North Imaginary Blvd"),
    ("address", "P.O. Box 12"),
    ("criminal-history", "NCIC hit"),
    ("criminal-history", "III record"),
    ("criminal-history", "N-DEx"),
    ("visa-petition", "T-visa"),
    ("phone-number", "called 555 0132"),
    ("social-security-number", "social ending in 6789"),
    ("email-address", "someone at example dot com"),
    ("social-security-number", "social ends in 6789"),
    ("email-address", "someone at example.com"),
    ("web-address", "example.com/ad"),
]
CLEAN = [
    "Worked without pay in a kitchen; the employer kept the papers.",
    "Charged under Penal Code 236.1(b); second count 18 U.S.C. 1591 pending review.",
    "Three workers at a farm in the north of the county, 2024 to 2026, debt of $4,500 each.",
    "Indictment 24-CR-00117, filed 2026-01-31; hearing set for 14 March at 9:30.",
    "Recruited abroad by a labour contractor, housed 12 to a room, hours 6 am to 10 pm.",
    "NIBRS 64B; industry 722511; county 06019; stage: preliminary hearing.",
    "See 28 CFR 23.20(h) and Cal. Gov. Code 7284.6.",
    "Charged under ORC 2905.32 and KRS 529.100.",
    "Counts I to III under RCW 9A.40.100; count IV under 18 U.S.C. 1589(a)(2).",
    "Twelve H-2A workers, paid $400 a month since June 2024; passports kept in a safe.",
    "Massage business with five locations; advertising moved between sites weekly.",
    "NRS 201.300 and NRS 200.467 considered; venue lies in the next county.",
    "Penal Law 230.34 charged on 12 January 2026; arraignment on 01/20/2026.",
    "Search warrant 26-SW-0412 executed on 3 February 2026 at two hotels off Highway 99.",
    "Debt bondage over recruitment fees; about 40 people in 3 houses near exit 217.",
    "Texas Penal Code 20A.02(a)(1); enhanced under 20A.03, 5 counts, bond at $250,000.",
    "Referred by the wage board, docket WC-2025-118; claims of $1.2 million in unpaid overtime.",
    "Victims were told to work off a debt of 2,500; some were under 18, see part 4 of the file.",
    "Part III of the report covers 2019 to 2024; tab 12 lists the bank accounts by year.",
    "Sting on 14-16 March 2026 with 9 arrests; 2 cases declined for evidence.",
    "Business license revoked in 2025; the owner opened another shop within 60 days.",
    "Workers drove 14 hours on the road between sites; no breaks, 7 days a week.",
    "Charged under O.C.G.A. 16-5-46 and S.C. Code 16-3-2020; heard on 2026/3/4 and 5-Mar-2026.",
    "Order of 2026-02-11 by the Superior Court, department 5, case 26CR0019.",
    "Advertised on backpage.com and two mirror sites; social workers in 2024 met 12 women.",
    "Women worked at salon. Net earnings were taken; others at hotel. Org chart seized.",
    "Met at church. Edu visas were promised; the permit for the monthly social ends in 2024.",
    "Text of order 118, 2026; called at noon by the firm, which had 300 2024 visas to give.",
    "Held under N.D.C.C. 12-01-40 and O.C.G.A. 10-05-30; Code 01-12-55 was repealed; 4-1-60 too.",
    "Docket 24-05-90 and file CR-01-05-90; RCW 10.01.40.5 and N.D.C.C. 12.1-41-02 considered.",
    "The contractor's license was revoked in 2025; a license costs $45,000, license 12 lapsed.",
    "State ID cards were kept; no driver's license in 2026, 12 workers; IDs of 15 were copied.",
    "License no. 118 of the county; passport 2024 to 2026; Sid, 2026-01-31, paid $12,500.",
    "Charged 24/7 care, counts 1/2/3; 18 U.S.C. 1591, Penal Code 236.1, 35 cases, $1,250,000.",
    "Crew of 20 picked blueberries; 3 vans, 1 bus, no seat belts; OSHA cited the firm twice.",
]
_word = st.sampled_from(["seen", "near", "the", "stop", "by", "staff", "who", "then", "left"])
prose = st.lists(_word, min_size=1, max_size=8).map(" ".join)
"""Words without any identifier, for generated ones to stand between."""
two, three, four = (st.integers(0, 10**n - 1).map(f"{{:0{n}}}".format) for n in (2, 3, 4))
letters = st.sampled_from(["QXZ", "KJV", "BRT"])
generated = st.one_of(
    st.builds("900-{}-{}".format, two, four),  # no social security number begins with 9
    st.builds("900 {} {}".format, two, four),
    st.builds("(415) 555-01{}".format, two),
    st.builds("+1 415.555.01{}".format, two),
    st.builds("415-555-01{}".format, two),
    st.builds("sample{}@example.com".format, four),
    st.builds("A{}{}".format, four, four),
    st.builds("A-00{} {} {}".format, st.integers(0, 9), three, three),
    st.dates(date(1930, 1, 1), date(2008, 12, 31)).map(lambda d: f"{d.month}/{d.day}/{d.year}"),
    st.dates(date(1930, 1, 1), date(2008, 12, 31)).map(lambda d: f"{d:%B} {d.day}, {d.year}"),
    st.dates(date(1930, 1, 1), date(2008, 12, 31)).map(lambda d: f"{d.year}-{d.month}-{d.day}"),
    st.dates(date(1930, 1, 1), date(2008, 12, 31)).map(lambda d: f"{d.day}{d:%b}{d.year}"),
    st.dates(date(1930, 1, 1), date(2026, 1, 1)).map(lambda d: f"DOB {d.month}-{d.day}-{d.year}"),
    st.builds("{}{}".format, letters, four),
    st.builds("{} {}".format, letters, four),
    st.builds("{}{}{}".format, st.integers(1, 9), letters, three),
    st.builds("1HGCM8263{}{}".format, four, four),
    st.builds("{} Imaginary Avenue".format, st.integers(1, 99999)),
    st.builds("{} N. Example Rd".format, st.integers(1, 99999)),
    st.sampled_from(["NCIC check", "III record", "rap sheet", "N-DEx entry", "FBI number 12"]),
)
"""Identifiers of every form, none of which can be anybody's."""


class TestFindIdentifiers:
    @pytest.mark.parametrize(("code", "value"), IDENTIFIERS)
    def test_names_kind_and_position_and_never_the_value(self, code: str, value: str) -> None:
        found = find_identifiers(f"Seen twice: {value} in May.")
        assert code in {problem.code for problem in found}
        assert {problem.pointer for problem in found} == {"/summary"}
        assert any("character 13." in p.detail or "character 12." in p.detail for p in found)
        assert value not in str(found)

    @pytest.mark.parametrize("text", CLEAN)
    def test_clean_legal_text_passes(self, text: str) -> None:
        assert find_identifiers(text) == ()

    @pytest.mark.parametrize(
        "disguised",
        [
            "１２３-４５-６７８９",  # noqa: RUF001 -- full-width digits
            "123\u200b-45-\u200b6789",
            "\u0661\u0662\u0663-\u0664\u0665-\u0666\u0667\u0668\u0669",
            "someone\uff20example.com",
            "415\u00ad555\u00ad0132",
            "415\u2011555\u20110132",
        ],
    )
    def test_a_disguise_of_characters_does_not_help(self, disguised: str) -> None:
        assert find_identifiers(f"Seen: {disguised} in May.")

    @given(
        before=st.text(max_size=80),
        number=st.integers(2_000_000_000, 9_999_999_999),
    )
    def test_a_long_number_is_found_after_any_words(self, before: str, number: int) -> None:
        found = find_identifiers(f"{before} {number}.")
        assert found
        assert str(number) not in str(found)

    @given(before=prose, value=generated, after=prose)
    def test_an_identifier_of_any_form_is_found_where_it_stands(
        self, before: str, value: str, after: str
    ) -> None:
        found = find_identifiers(f"{before} {value} {after}")
        assert found
        first, last = len(before) + 1, len(before) + 1 + len(value)
        places = [int(problem.detail.rstrip(".").rpartition(" ")[2]) for problem in found]
        assert any(first <= place <= last for place in places)
        assert value not in str(found)

    @given(before=prose, after=prose)
    def test_words_alone_are_not_refused(self, before: str, after: str) -> None:
        assert find_identifiers(f"{before}. {after}") == ()

    def test_positions_count_what_was_sent(self) -> None:
        invisible = "Seen\u200b\u200b: \ufb01ne "
        (problem, *_) = find_identifiers(f"{invisible}someone@example.com")
        assert f"character {len(invisible) + 1}." in problem.detail

    @given(st.text(max_size=300))
    def test_any_text_is_read_without_failing(self, text: str) -> None:
        assert len(find_identifiers(text)) <= 20
