from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from app.client.cases import (
    MAX_SUBJECTS,
    PROVENANCES,
    REFUSED_PROVENANCES,
    VALUE_FIELDS,
    Address,
    Case,
    Identifier,
    Subject,
)
from app.client.details import DATES
from app.client.exports import UNREADABLE, Export, Row, find_columns
from app.client.mapping import CASE_FIELDS, CODED_FIELDS, MANY_FIELDS, OF_FIELDS, Mapping
from app.client.rejects import Effect, Reject, reject
from app.client.values import is_blank, read_date, read_full_name, read_issued, role_problem
from app.identifiers.match_keys import PersonName

_MAX_REJECTS: Final = 1000
"""Rejected rows in a row, after which a case is taken to be complete; it bounds memory."""
_DATES: Final = ("opened_on", "review_on", *DATES)
_ADULT: Final = frozenset({"", "no", "n", "false", "0", "adult"})
"""What `juvenile` says of who is of age; whatever else it says, nobody is matched by it."""
_YES: Final = frozenset({"yes", "y", "true", "1"})
"""What `charged` says of a defendant; whatever else it says, the feed has nothing of them."""
_STANDINGS: Final = ("", "suspected", "not_suspected")
_ADDRESS: Final = ("street", "postcode", "number", "unit")


@dataclass(repr=False)
class CaseRows:
    """What the adjacent rows of one case gave: a case, or None, and what was left out."""

    end_line: int
    """The last line that was read for it."""
    key: tuple[str, str] = ("", "")
    """Source system and case number."""
    case: Case | None = None
    first_line: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    """Subject reference to the line it first stood on."""
    rejects: list[Reject] = field(default_factory=list)


class RowReader:
    """Reads rows into cases by a map. Rows of one case must be adjacent.

    Memory holds one case and, to find rows that stand apart, one number per case read so far.
    """

    def __init__(self, export: Export, mapping: Mapping) -> None:
        self._mapping = mapping
        self._header = export.header
        self._columns = find_columns(export.header, mapping.columns, MANY_FIELDS)
        self._seen: set[int] = set()

    def cases(self, rows: Iterable[Row]) -> Iterator[CaseRows]:
        """Yield what each case's rows gave, in the order of the file."""
        current: CaseRows | None = None
        for row in rows:
            problem = self._row_problem(row)
            if problem is None:
                key = self._text(row, "source_system"), self._text(row, "external_id")
                if current is None or current.key != key:
                    if current is not None:
                        yield current
                    current, problem = self._start(row, key)
            if current is None:
                current = CaseRows(row.line)  # of no case: holds rejects until one starts
            current.end_line = row.line
            if problem is None:
                self._add(current, row)
            else:
                current.rejects.append(problem)
                if len(current.rejects) >= _MAX_REJECTS:
                    yield current
                    current = None
        if current is not None:
            yield current

    def listed(self, row: Row) -> Subject | Reject:
        """Return the person of a row of a list that is no case, or why it cannot be read."""
        if code := _shape_problem(row, len(self._header)):
            return self._reject(row, code, "row")
        provenance = self._text(row, "provenance")
        if provenance in REFUSED_PROVENANCES:
            return self._reject(row, "victim-services-refused", "row", "provenance")
        if provenance not in PROVENANCES:
            return self._reject(row, "provenance-unknown", "row", "provenance")
        return self._subject(row, str(row.line))

    def column(self, name: str) -> str:
        """Return the header's text of a field, or empty when it is a constant."""
        positions = self._columns.get(name, ())
        return self._header[positions[0]] if positions else ""

    def _row_problem(self, row: Row) -> Reject | None:
        code = _shape_problem(row, len(self._header))
        if code:
            return self._reject(row, code, "row")
        role = role_problem(self._text(row, "role")) if "role" in self._columns else None
        checks = (
            (role is not None, role or "", "role"),
            (
                self._text(row, "provenance") in REFUSED_PROVENANCES,
                "provenance-refused",
                "provenance",
            ),
            (self._text(row, "standing") not in _STANDINGS, "standing-unknown", "standing"),
            (not self._text(row, "external_id"), "external-id-invalid", "external_id"),
            (
                "subject_ref" in self._columns and not self._text(row, "subject_ref"),
                "ref-invalid",
                "subject_ref",
            ),
        )
        found = next(((code, name) for applies, code, name in checks if applies), None)
        return self._reject(row, found[0], "row", found[1]) if found else None

    def _start(self, row: Row, key: tuple[str, str]) -> tuple[CaseRows | None, Reject | None]:
        mark = hash(key)  # 64 bits, salted per process; never written
        if mark in self._seen:
            return None, self._reject(row, "case-rows-apart", "row", "external_id")
        self._seen.add(mark)
        return self._open(row, key), None

    def _open(self, row: Row, key: tuple[str, str]) -> CaseRows:
        values, rejects = self._case_values(row)
        case = Case(external_id=key[1], subjects=(), **values)
        return CaseRows(row.line, key, case, row.line, {}, rejects)

    def _case_values(self, row: Row) -> tuple[dict[str, str], list[Reject]]:
        values = {name: self._text(row, name) for name in CASE_FIELDS}
        rejects = []
        for name in _DATES:
            if values[name]:
                day = read_date(values[name], self._mapping.file.dates)
                if day is None:
                    rejects.append(self._reject(row, "date-invalid", "field", name))
                values[name] = day or ""
        return values, rejects

    def _add(self, current: CaseRows, row: Row) -> None:
        if current.case is None:
            return  # refused by an earlier row
        values, _ = self._case_values(row)
        known = {name: getattr(current.case, name) for name in values}
        if any(value and known[name] and value != known[name] for name, value in values.items()):
            self._refuse(current, row, "case-fields-differ")
            return
        values = {name: known[name] or value for name, value in values.items()}
        ref = self._text(row, "subject_ref") or str(len(current.lines) + 1)
        subject = self._subject(row, ref)
        others = {each.ref: each for each in current.case.subjects}
        merged = _merge(others[subject.ref], subject) if subject.ref in others else subject
        if merged is None:
            self._refuse(current, row, "subjects-differ")
            return
        others[subject.ref] = merged
        if len(others) > MAX_SUBJECTS:
            self._refuse(current, row, "too-many-subjects")
            return
        current.lines.setdefault(subject.ref, row.line)
        current.case = replace(current.case, subjects=tuple(others.values()), **values)

    def _refuse(self, current: CaseRows, row: Row, code: str) -> None:
        current.case = None
        current.rejects.append(self._reject(row, code, "case"))

    def _subject(self, row: Row, ref: str) -> Subject:
        born = self._text(row, "born")
        address = Address(*(self._text(row, f"address_{part}") for part in _ADDRESS))
        return Subject(
            ref=ref,
            provenance=self._text(row, "provenance"),
            kind=self._text(row, "subject_kind") or "person",
            names=tuple(self._names(row)),
            born=read_date(born, self._mapping.file.dates) or born,  # may be a year, or a mistake
            phones=tuple(self._texts(row, "phones")),
            addresses=(address,) if address.street else (),
            identifiers=tuple(self._identifiers(row)),
            is_suspected=self._text(row, "standing") != "not_suspected",
            is_juvenile=self._text(row, "juvenile") not in _ADULT,
            is_charged=self._text(row, "charged") in _YES,
            region=self._mapping.file.region,
        )

    def _names(self, row: Row) -> Iterator[PersonName]:
        name = PersonName(*(self._text(row, part) for part in ("given", "surname", "middle")))
        if name.given or name.surname:
            yield name
        for text in (self._text(row, "full_name"), *self._texts(row, "aliases")):
            if text:
                yield read_full_name(text)

    def _identifiers(self, row: Row) -> Iterator[Identifier]:
        for kind, name in VALUE_FIELDS.items():
            if kind not in OF_FIELDS:
                yield from (Identifier(kind, text) for text in self._texts(row, name))
                continue
            for text in self._texts(row, name):
                of, value = read_issued(text)
                yield Identifier(kind, value, of or self._text(row, OF_FIELDS[kind]))

    def _text(self, row: Row, name: str) -> str:
        cells = [row.cells[position] for position in self._columns.get(name, ())]
        text = next((cell for cell in cells if not is_blank(cell)), "")
        text = text or self._mapping.constants.get(name, "")
        return self._mapping.translate(name, text) if name in CODED_FIELDS and text else text

    def _texts(self, row: Row, name: str) -> list[str]:
        cells = [row.cells[position] for position in self._columns.get(name, ())]
        parts = [part for cell in cells for part in self._mapping.split(name, cell)]
        return [part for part in parts if not is_blank(part)]

    def _reject(self, row: Row, code: str, effect: Effect, name: str = "") -> Reject:
        return reject(row.line, code, effect, column=self.column(name))


def _shape_problem(row: Row, width: int) -> str | None:
    if not row.cells:
        return "quotes-broken"
    if len(row.cells) < width or any(row.cells[width:]):
        return "column-count"
    return "characters-unreadable" if any(UNREADABLE in cell for cell in row.cells) else None


def _merge(known: Subject, further: Subject) -> Subject | None:
    """Return one subject of two rows with one reference, or None when they contradict."""
    if known.kind != further.kind or known.provenance != further.provenance:
        return None
    if known.is_suspected != further.is_suspected:
        return None
    if known.born and further.born and known.born != further.born:
        return None
    return replace(
        known,
        names=tuple(dict.fromkeys(known.names + further.names)),
        born=known.born or further.born,
        is_juvenile=known.is_juvenile or further.is_juvenile,
        is_charged=known.is_charged or further.is_charged,
        phones=tuple(dict.fromkeys(known.phones + further.phones)),
        addresses=tuple(dict.fromkeys(known.addresses + further.addresses)),
        identifiers=tuple(dict.fromkeys(known.identifiers + further.identifiers)),
    )
