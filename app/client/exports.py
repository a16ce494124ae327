import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.client.errors import UsageError
from app.client.mapping import FileOptions

_CHUNK: Final = 1 << 20
_HEADER_BYTES: Final = 1 << 16
_DELIMITERS: Final = (",", ";", "\t", "|")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UNREADABLE: Final = "\ufffd"
"""Stands in a cell for a byte that the encoding does not have."""


@dataclass(frozen=True)
class Export:
    """A case-management export whose bytes were read once: digest, size, encoding, delimiter."""

    path: Path
    digest: bytes
    """SHA-256 of the bytes; stays in the office, in the state file."""
    lines: int
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    stamp: tuple[int, int]
    """Size and time of the last change when it was read."""

    def is_unchanged(self) -> bool:
        """Say whether the file is still the one that was read."""
        return _stamp(self.path) == self.stamp


@dataclass(frozen=True, repr=False)
class Row:
    """One record: the line that it starts on (the header is 1) and its cells, stripped."""

    line: int
    cells: tuple[str, ...]


def open_export(path: Path, options: FileOptions) -> Export:
    """Read `path` once in bounded memory and find out how it is written.

    UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252.

    Raises:
        UsageError: absent, empty, or not readable in the encoding that the map names.
    """
    try:
        stamp = _stamp(path)
        digest, lines, is_utf8, start = _scan(path)
    except OSError:
        raise UsageError("export-absent", f"Cannot read {path}.") from None
    encoding = options.encoding or next(
        (name for bom, name in _BOMS if start.startswith(bom)), "utf-8" if is_utf8 else "cp1252"
    )
    try:
        text = start.decode(encoding, errors="replace")
    except LookupError:
        raise UsageError("encoding-unknown", "The map names an encoding that is unknown.") from None
    delimiter = options.delimiter or max(_DELIMITERS, key=lambda each: len(_header(text, each)))
    header = _header(text, delimiter)
    if not any(header):
        raise UsageError("export-empty", f"{path} has no header line.")
    return Export(path, digest, lines, encoding, delimiter, tuple(header), stamp)


def read_rows(export: Export) -> Iterator[Row]:
    """Yield the records after the header; blank lines are passed over.

    A record whose quotes are wrong is yielded without cells.

    Raises:
        UsageError: a quotation mark is never closed, so that records cannot be told apart.
    """
    with export.path.open(encoding=export.encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=export.delimiter, skipinitialspace=True, strict=True)
        is_header = True
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                if "expected after" not in str(error):  # else: text follows a closing quote
                    raise UsageError(
                        "export-broken", f"{export.path}: line {line}: a quote is never closed."
                    ) from None
                yield Row(line, ())
                continue
            if cells is None:
                return
            if not is_header and any(cells):
                yield Row(line, tuple(cell.strip() for cell in cells))
            is_header = False


def find_columns(
    header: Sequence[str], columns: Mapping[str, tuple[str, ...]], many: frozenset[str]
) -> dict[str, tuple[int, ...]]:
    """Return the positions of each mapped field's columns; case, spaces and signs do not count.

    Raises:
        UsageError: a mapped column is not there, or twice. Names the map's texts only: a file
            without a header would show its first record.
    """
    folded = [fold_header(name) for name in header]
    found: dict[str, tuple[int, ...]] = {}
    for field, names in columns.items():
        present = [name for name in names if fold_header(name) in folded]
        if not present or (field in many and len(present) < len(names)):
            missing = [name for name in names if name not in present]
            raise UsageError(
                "column-absent",
                f"The export has no column {missing[0]!r} (field {field}); correct the map.",
            )
        wanted = present if field in many else present[:1]
        if twice := [name for name in wanted if folded.count(fold_header(name)) > 1]:
            raise UsageError("column-twice", f"The export has the column {twice[0]!r} twice.")
        found[field] = tuple(folded.index(fold_header(name)) for name in wanted)
    return found


def fold_header(name: str) -> str:
    """Return what counts of a header text: its letters and digits, in one case."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _scan(path: Path) -> tuple[bytes, int, bool, bytes]:
    digest, lines, is_utf8, start = hashlib.sha256(), 0, True, b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            start = start or chunk[:_HEADER_BYTES]
            digest.update(chunk)
            lines += chunk.count(b"\n")
            if is_utf8:
                is_utf8 = _decodes(decoder, chunk, final=False)
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return digest.digest(), lines, is_utf8, start


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _header(text: str, delimiter: str) -> list[str]:
    try:
        row = next(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True),
            [],
        )
    except csv.Error:
        return []
    return [cell.strip() for cell in row]
