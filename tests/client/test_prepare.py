from typing import Any

import pytest

from app.client.cases import Address, Identifier, Subject
from app.client.prepare import RefusedCaseError, prepare
from app.identifiers.match_keys import PersonName
from tests.client.cases import a_case, a_subject


def kinds(subject: Subject) -> set[str]:
    return {key.kind for key in prepare(a_case("EX-1", subject)).match_keys()}


def left_out(*subjects: Subject) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in prepare(a_case("EX-1", *subjects)).left_out]


class TestMatchKeys:
    def test_person_phone_and_address(self) -> None:
        prepared = prepare(a_case())
        assert {"p.xx", "p.nmd", "tel", "addr", "addr0"} <= kinds(a_subject())
        assert prepared.key_count == len(list(prepared.match_keys()))

    def test_an_organization_has_no_person_keys(self) -> None:
        assert kinds(a_subject(kind="organization")) == {"tel", "addr", "addr0"}

    def test_what_cannot_be_read_is_left_out_and_said(self) -> None:
        subject = a_subject(
            born="the fifties",
            phones=("call mother", "(559) 555-0101"),
            addresses=(Address("somewhere", "93650"),),
            names=(PersonName("Alex", "Sample"), PersonName("Алекс", "Сэмпл")),
        )
        assert left_out(subject) == [
            ("born", "birth-date-unreadable"),
            ("born", "birth-date-unreadable"),
            ("surname", "name-not-latin"),
            ("phones", "phone-unreadable"),
            ("address_street", "address-incomplete"),
        ]

    @pytest.mark.parametrize("name", [("John", "Doe"), ("", "DOE"), ("x", "Unknown")])
    def test_placeholders_would_match_everywhere(self, name: tuple[str, str]) -> None:
        assert ("surname", "name-placeholder") in left_out(a_subject(names=(PersonName(*name),)))

    def test_of_a_name_with_a_placeholder_for_a_surname_the_rest_stays(self) -> None:
        only = {"addresses": (), "identifiers": (), "born": "1998-02-03"}
        unknown, nobody = PersonName("Maria", "Unknown"), PersonName("John", "Doe")
        assert kinds(a_subject(names=(unknown,), **only)) == {"p.fd", "tel"}
        assert left_out(a_subject(names=(unknown,))) == [("surname", "name-placeholder")]
        for name in (nobody, PersonName("", "Unknown"), PersonName("Test", "Unknown")):
            assert kinds(a_subject(names=(name,), **only)) == {"tel"}

    def test_more_names_than_are_taken(self) -> None:
        names = tuple(PersonName("Alex", f"Sample{letter}") for letter in "abcdefghi")
        assert left_out(a_subject(names=names)) == [("aliases", "too-many-names")]

    def test_a_subject_without_keys_is_left_out(self) -> None:
        empty = a_subject(
            ref="2", names=(PersonName("Alex", ""),), born="", phones=(), addresses=()
        )
        assert left_out(a_subject(), empty) == [("", "nothing-to-match")]
        with pytest.raises(RefusedCaseError):
            prepare(a_case("EX-1", empty))


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"record_class": "sealed"}, "record-sealed"),
            ({"record_class": "juvenile"}, "record-class-unknown"),
            ({"record_class": ""}, "record-class-unknown"),
            ({"trafficking_type": "x"}, "trafficking-type-unknown"),
            ({"disclosure": "secret"}, "disclosure-unknown"),
            ({"source_system": "has space"}, "source-system-invalid"),
            ({"external_id": "a\nb"}, "external-id-invalid"),
            ({"external_id": "SAMPLEWRIGHT-1"}, "external-id-names-subject"),
            ({"external_id": "1979-0305_2"}, "external-id-names-subject"),
            ({"external_id": "24/CR 1"}, "external-id-invalid"),
            ({"external_id": "123-45-6789"}, "external-id-holds-identifier"),
            ({"summary": "Ms. samplewright recruited workers"}, "summary-names-subject"),
            ({"summary": "born 03/05/1979"}, "summary-names-subject"),
            ({"summary": "called 559.555.0101"}, "summary-names-subject"),
            ({"summary": "mail to a@b.example"}, "summary-holds-identifier"),
            ({"summary": "call 209-555-0199"}, "summary-holds-identifier"),
            ({"summary": "x" * 2001}, "summary-too-long"),
        ],
    )
    def test_by_what_is_sent_in_clear(self, changes: dict[str, Any], code: str) -> None:
        with pytest.raises(RefusedCaseError) as caught:
            prepare(a_case(**changes))
        assert caught.value.code == code
        assert "amplewright" not in str(caught.value)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"provenance": "victim_services"}, "provenance-refused"),
            ({"provenance": "hotline"}, "provenance-refused"),
            ({"provenance": ""}, "provenance-unknown"),
            ({"kind": "victim"}, "subject-kind-unknown"),
            ({"ref": "Quentina"}, "ref-names-subject"),
            ({"ref": ""}, "ref-invalid"),
        ],
    )
    def test_by_its_subjects(self, changes: dict[str, Any], code: str) -> None:
        with pytest.raises(RefusedCaseError) as caught:
            prepare(a_case("EX-1", a_subject(**changes)))
        assert (caught.value.code, caught.value.ref) == (
            code,
            "" if code.startswith("ref-n") else changes.get("ref", "1"),
        )

    def test_a_summary_about_the_case_alone_passes(self) -> None:
        text = "Crew of 12 held at a farm camp since 2024-11; documents withheld."
        assert prepare(a_case(summary=text)).case.summary == text

    def test_a_county_code_regains_its_zero(self) -> None:
        assert prepare(a_case(county_fips="6019")).case.county_fips == "06019"
        prepared = prepare(a_case(county_fips="Fresno"))
        assert (prepared.case.county_fips, prepared.left_out[0].code) == ("", "county-invalid")


class TestIdentifiers:
    def test_each_kind_makes_its_key(self) -> None:
        found = a_subject(
            identifiers=(
                Identifier("email", "name@example.com"),
                Identifier("plate", "7ABC012", "CA"),
                Identifier("ssn", "899-12-3456"),
                Identifier("passport", "G55501234", "MX"),
            )
        )
        assert {"email", "plate", "ssn", "ssn4", "passport"} <= kinds(found)

    def test_a_whole_ssn_and_its_last_four_agree(self) -> None:
        whole, part = (
            prepare(a_case("EX-1", a_subject(identifiers=(each,))))
            for each in (Identifier("ssn", "899-12-3456"), Identifier("ssn4", "xxx-xx-3456"))
        )
        (ours,), (theirs,) = (
            [key for key in case.match_keys() if key.kind == "ssn4"] for case in (whole, part)
        )
        assert ours == theirs
        assert ours.fields == ("3456", "S514", "1979")

    def test_a_whole_ssn_stands_alone_without_a_year(self) -> None:
        subject = a_subject(born="", identifiers=(Identifier("ssn", "899-12-3456"),))
        assert "ssn" in kinds(subject)
        assert "ssn4" not in kinds(subject)
        assert left_out(subject) == []

    def test_an_organization(self) -> None:
        subject = a_subject(
            kind="organization",
            names=(),
            identifiers=(
                Identifier("org", "Example Harvest, Inc. dba Sample Labor", "CA"),
                Identifier("fein", "12-3456780"),
                Identifier("flc", "C-04-555012-D-24-R"),
                Identifier("job", "H-300-24001-555012"),
            ),
        )
        assert kinds(subject) == {"org", "fein", "flc", "job", "tel", "addr", "addr0"}

    @pytest.mark.parametrize(
        ("identifier", "expected"),
        [
            (Identifier("shoe", "44"), ("", "kind-unknown")),
            (Identifier("fein", "12-3456780"), ("fein", "kind-of-other-subject")),
            (Identifier("org", "Acme", "CA"), ("org_name", "kind-of-other-subject")),
            (Identifier("plate", "7ABC012"), ("plate", "state-unknown")),
            (Identifier("ssn", "078-05-1120"), ("ssn", "ssn-placeholder")),
            (Identifier("ssn4", "3456"), ("ssn4", "ssn4-alone")),
        ],
    )
    def test_what_is_refused_is_said(
        self, identifier: Identifier, expected: tuple[str, str]
    ) -> None:
        assert left_out(a_subject(born="", identifiers=(identifier,))) == [expected]

    @pytest.mark.parametrize("born", ["1979-03-05", "3/5/1979", "19790305"])
    @pytest.mark.parametrize(
        "written",
        [
            *(
                "03/05/1979",
                "3/5/1979",
                "5.3.1979",
                "1979-3-5",
                "3-5-79",
                "3 / 5 / 1979",
                "79/03/05",
            ),
            *("March 5, 1979", "5th of March 1979", "05MAR1979", "5-Mar-79", "Mar. 05 1979"),
        ],
    )
    def test_no_date_of_birth_leaves_in_clear_however_it_is_written(
        self, born: str, written: str
    ) -> None:
        alias = PersonName("Alex", "Sample", born=born)
        for subject in (a_subject(names=(alias,), born=""), a_subject(born=born)):
            with pytest.raises(RefusedCaseError) as caught:
                prepare(a_case("EX-1", subject, summary=f"was seen, {written}, twice"))
            assert caught.value.code == "summary-names-subject"

    @pytest.mark.parametrize("other", ["13/5/1979", "3/5/1980", "3/15/1979", "May 3, 2026"])
    def test_another_date_may_leave(self, other: str) -> None:
        summary = f"was seen on {other}"
        assert prepare(a_case("EX-1", a_subject(born="1979-03-05"), summary=summary)).case

    def test_an_organization_has_no_personal_names(self) -> None:
        assert left_out(a_subject(kind="organization")) == [("surname", "names-of-organization")]

    @pytest.mark.parametrize(
        "summary",
        ["Crew of Example Harvest", "drove 7abc-012", "paid to @Sample.Name99", "899 123456"],
    )
    def test_none_is_in_what_leaves_in_clear(self, summary: str) -> None:
        person = a_subject(
            identifiers=(
                Identifier("plate", "7ABC012", "CA"),
                Identifier("handle", "https://instagram.com/sample.name99/"),
                Identifier("ssn", "899-12-3456"),
            )
        )
        firm = a_subject(
            ref="2",
            kind="organization",
            names=(),
            identifiers=(Identifier("org", "Example Harvest, Inc.", "CA"),),
        )
        with pytest.raises(RefusedCaseError) as caught:
            prepare(a_case("EX-1", person, firm, summary=summary))
        assert caught.value.code == "summary-names-subject"
