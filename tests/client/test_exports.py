from pathlib import Path

import pytest

from app.client.errors import UsageError
from app.client.exports import find_columns, open_export, read_rows
from app.client.mapping import FileOptions

HEADER = "Case No,First Name,Last Name"
ROWS = "C-1,José,Muñoz"


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    return path


def read(path: Path, **options: str) -> list[tuple[int, tuple[str, ...]]]:
    export = open_export(path, FileOptions.model_validate(options))
    return [(row.line, row.cells) for row in read_rows(export)]


class TestReadRows:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_encodings_line_ends_and_delimiters(
        self, tmp_path: Path, encoding: str, end: str, delimiter: str
    ) -> None:
        text = end.join([HEADER, ROWS, ""]).replace(",", delimiter)
        path = write(tmp_path, text.encode(encoding))
        assert read(path) == [(2, ("C-1", "José", "Muñoz"))]

    def test_the_map_decides_over_the_guess(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a;b;c,d\n1;2;3,4\n".encode("cp437"))
        assert read(path, delimiter=",", encoding="cp437") == [(2, ("1;2;3", "4"))]

    def test_lines_count_from_where_a_record_starts(self, tmp_path: Path) -> None:
        path = write(tmp_path, b'a,b\n1,"two\nlines"\n\n,\n2, "x, y"\n')
        assert read(path) == [(2, ("1", "two\nlines")), (6, ("2", "x, y"))]

    def test_broken_quotes_cost_one_record(self, tmp_path: Path) -> None:
        path = write(tmp_path, b'a,b\n1,"two" or so\n2,x\n')
        assert read(path) == [(2, ()), (3, ("2", "x"))]

    def test_a_quote_never_closed_stops(self, tmp_path: Path) -> None:
        path = write(tmp_path, b'a,b\n1,"secretive\n2,x\n')
        with pytest.raises(UsageError, match="line 2") as caught:
            read(path)
        assert "secretive" not in str(caught.value)

    @pytest.mark.parametrize("content", [b"", b"\n", b",,\n"])
    def test_an_export_without_header_is_refused(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(UsageError):
            read(write(tmp_path, content))

    def test_absent_or_in_an_unknown_encoding(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError):
            read(tmp_path / "absent.csv")
        with pytest.raises(UsageError):
            read(write(tmp_path, b"a,b\n"), encoding="klingon")

    def test_a_change_meanwhile_is_noticed(self, tmp_path: Path) -> None:
        path = write(tmp_path, b"a,b\n")
        export = open_export(path, FileOptions())
        assert export.is_unchanged()
        path.write_bytes(b"a,b\n1,2\n")
        assert not export.is_unchanged()


class TestFindColumns:
    def test_case_spaces_and_signs_do_not_count(self) -> None:
        found = find_columns(
            ["CASE_NO.", "first-name", "Phone 1", "Phone 2"],
            {
                "external_id": ("Case No",),
                "given": ("Given", "FirstName"),
                "phones": ("phone1", "phone2"),
            },
            frozenset({"phones"}),
        )
        assert found == {"external_id": (0,), "given": (1,), "phones": (2, 3)}

    def test_an_absent_column_is_named_by_the_map_alone(self) -> None:
        with pytest.raises(UsageError, match="Surname") as caught:
            find_columns(["Samplewright"], {"surname": ("Surname",)}, frozenset())
        assert "Samplewright" not in str(caught.value)

    def test_a_column_twice_is_refused(self) -> None:
        with pytest.raises(UsageError, match="twice"):
            find_columns(["DOB", "dob"], {"born": ("DOB",)}, frozenset())
