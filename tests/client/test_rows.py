from pathlib import Path

import pytest

from app.client.errors import UsageError
from app.client.exports import open_export, read_rows
from app.client.mapping import Mapping, read_mapping
from app.client.rows import CaseRows, RowReader
from app.identifiers.match_keys import PersonName

MAP = """
[constants]
source_system = "example-cms"
record_class = "charged"
trafficking_type = "labor"
provenance = "court_filing"
[columns]
external_id = "case"
given = "given"
surname = "surname"
"""


def mapping(tmp_path: Path, more: str = "") -> Mapping:
    path = tmp_path / "map.toml"
    path.write_text(MAP + more)
    return read_mapping(path)


def read(tmp_path: Path, text: str, more: str = "") -> list[CaseRows]:
    path = tmp_path / "export.csv"
    path.write_text(text)
    export = open_export(path, mapping(tmp_path, more).file)
    return list(RowReader(export, mapping(tmp_path, more)).cases(read_rows(export)))


def codes(found: list[CaseRows]) -> list[tuple[int, str, str]]:
    return [(each.line, each.code, each.effect) for rows in found for each in rows.rejects]


def numbers(found: list[CaseRows]) -> list[tuple[str, int]]:
    return [(rows.case.external_id, len(rows.case.subjects)) for rows in found if rows.case]


class TestCases:
    def test_adjacent_rows_are_subjects_of_one_case(self, tmp_path: Path) -> None:
        found = read(tmp_path, "case,given,surname\n1,A,Sample\n1,B,Sample\n2,C,Sample\n")
        assert numbers(found) == [("1", 2), ("2", 1)]
        assert [rows.end_line for rows in found] == [3, 4]
        assert found[0].lines == {"1": 2, "2": 3}

    def test_a_case_that_reappears_is_rejected_row_by_row(self, tmp_path: Path) -> None:
        text = "case,given,surname\n1,A,S\n2,B,S\n1,C,S\n1,D,S\n3,E,S\n"
        found = read(tmp_path, text)
        assert numbers(found) == [("1", 1), ("2", 1), ("3", 1)]
        assert codes(found) == [
            (4, "case-rows-apart", "row"),
            (5, "case-rows-apart", "row"),
        ]

    def test_rows_that_contradict_each_other_refuse_the_case(self, tmp_path: Path) -> None:
        more = 'disclosure = "d"\n'
        text = "case,given,surname,d\n1,A,S,open\n1,B,S,silent\n1,C,S,open\n2,D,S,\n2,E,S,silent\n"
        found = read(tmp_path, text, more)
        assert codes(found) == [(3, "case-fields-differ", "case")]
        assert numbers(found) == [("2", 2)]
        assert found[1].case
        assert found[1].case.disclosure == "silent"

    def test_rows_of_one_subject_are_aliases(self, tmp_path: Path) -> None:
        more = 'subject_ref = "ref"\nborn = "born"\nphones = ["p"]\n'
        text = (
            "case,given,surname,ref,born,p\n1,A,Sample,d1,,1; 2\n1,B,Specimen,d1,3/5/1979,2;3\n"
            "2,C,S,d1,3/5/1979,\n2,D,S,d1,3/6/1979,\n3,E,S,,,\n"
        )
        found = read(tmp_path, text, more)
        assert codes(found) == [(5, "subjects-differ", "case"), (6, "ref-invalid", "row")]
        (case,) = [rows.case for rows in found if rows.case]
        (subject,) = case.subjects
        assert subject.names == (PersonName("A", "Sample"), PersonName("B", "Specimen"))
        assert (subject.born, subject.phones) == ("1979-03-05", ("1", "2", "3"))

    def test_more_subjects_than_a_case_may_have(self, tmp_path: Path) -> None:
        rows = "".join(f"1,A{number},S\n" for number in range(60))
        found = read(tmp_path, "case,given,surname\n" + rows)
        assert codes(found) == [(52, "too-many-subjects", "case")]


class TestRowsThatAreRejected:
    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ("1,A", "column-count"),
            ("1,A,S,Defendant,Court,more", "column-count"),
            ('1,"A"B,S,Defendant,Court', "quotes-broken"),
            (",A,S,Defendant,Court", "external-id-invalid"),
            ("1,A,S,Victim,Court", "role-not-subject"),
            ("1,A,S,Witness,Court", "role-not-subject"),
            ("1,A,S,V,Court", "role-unknown"),
            ("1,A,S,,Court", "role-unknown"),
            ("1,A,S,Defendant,Hotline", "provenance-refused"),
            ("1,A,S,Defendant,victim_services", "provenance-refused"),
        ],
    )
    def test_with_a_code(self, tmp_path: Path, row: str, code: str) -> None:
        more = 'role = "role"\nprovenance = "from"\n[values.provenance]\nCourt = "court_filing"\n'
        header = "case,given,surname,role,from\n"
        found = read(tmp_path, f"{header}{row}\n9,Z,S,Defendant,Court,\n", more)
        assert codes(found) == [(2, code, "row")]
        assert numbers(found) == [("9", 1)]

    def test_with_characters_that_cannot_be_read(self, tmp_path: Path) -> None:
        path = tmp_path / "export.csv"
        path.write_bytes(b"case,given,surname\n1,A\x81,S\n")
        export = open_export(path, mapping(tmp_path).file)
        found = list(RowReader(export, mapping(tmp_path)).cases(read_rows(export)))
        assert codes(found) == [(2, "characters-unreadable", "row")]
        assert found[-1].end_line == 2


class TestReadMapping:
    @pytest.mark.parametrize(
        "more",
        [
            'nonsense = "x"',
            "phones = []",
            "given = 7",
            "[surprise]",
            '[values.given]\nA = "B"',
            '[separators]\nphones = ""',
            '[file]\ndates = ["ydm"]',
            "[broken",
        ],
    )
    def test_what_does_not_exist_is_wrong_use(self, tmp_path: Path, more: str) -> None:
        with pytest.raises(UsageError):
            mapping(tmp_path, more)

    def test_required_fields(self, tmp_path: Path) -> None:
        path = tmp_path / "map.toml"
        path.write_text('[columns]\nexternal_id = "case"\n')
        with pytest.raises(UsageError, match="record_class"):
            read_mapping(path)


class TestIdentifiers:
    COLUMNS = """
plate = ["plates", "car"]
plate_state = "state"
handle = "social"
ssn = "ssn"
email = "mail"
subject_kind = "type"
org_name = "firm"
org_state = "state"
"""
    HEADER = "case,given,surname,type,plates,car,state,social,ssn,mail,firm\n"

    def identifiers(self, tmp_path: Path, row: str) -> list[tuple[str, str, str]]:
        (rows,) = read(tmp_path, self.HEADER + row, self.COLUMNS)
        assert rows.case
        return [(each.kind, each.value, each.of) for each in rows.case.subjects[0].identifiers]

    def test_several_in_a_cell_each_with_its_own_state(self, tmp_path: Path) -> None:
        row = "1,A,Sample,,7ABC012;NV: 123ABC,n/a,CA,,899-12-3456,a@example.com; b@example.com,\n"
        assert self.identifiers(tmp_path, row) == [
            ("email", "a@example.com", ""),
            ("email", "b@example.com", ""),
            ("ssn", "899-12-3456", ""),
            ("plate", "7ABC012", "CA"),
            ("plate", "123ABC", "NV"),
        ]

    def test_a_link_is_no_prefix(self, tmp_path: Path) -> None:
        row = "1,A,Sample,,,,,ig:sample; https://x.com/sample,,,\n"
        assert self.identifiers(tmp_path, row) == [
            ("handle", "sample", "ig"),
            ("handle", "https://x.com/sample", ""),
        ]

    def test_an_organization(self, tmp_path: Path) -> None:
        row = "1,,,organization,,,CA,,,,Example Harvest\n"
        assert self.identifiers(tmp_path, row) == [("org", "Example Harvest", "CA")]

    def test_a_constant_serves_where_the_column_is_empty(self, tmp_path: Path) -> None:
        text = MAP.replace("[columns]", 'plate_state = "CA"\n[columns]') + 'plate = "plates"\n'
        path = tmp_path / "map.toml"
        path.write_text(text)
        (tmp_path / "export.csv").write_text("case,given,surname,plates\n1,A,Sample,7ABC012\n")
        chosen = read_mapping(path)
        export = open_export(tmp_path / "export.csv", chosen.file)
        (rows,) = RowReader(export, chosen).cases(read_rows(export))
        assert rows.case
        (found,) = rows.case.subjects[0].identifiers
        assert (found.value, found.of) == ("7ABC012", "CA")
