"""Holds an office's own list of victims against the feed of newly charged defendants, at home.

Nothing of the list leaves the office but blinded elements, of which others learn the number. The
feed is read to its end, and the same is asked for whether anybody of the list is in it or nobody.
"""

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.client.cases import Subject
from app.client.errors import UsageError, printable
from app.client.exchange import Json
from app.client.exports import open_export, read_rows
from app.client.mapping import read_mapping
from app.client.prepare import prepare_subject
from app.client.prepared import LeftOut
from app.client.registry import RegistryClient
from app.client.rejects import Reject, reject
from app.client.rows import RowReader
from app.identifiers.encoding import b64u_encode
from app.identifiers.feed import FEED_KINDS
from app.identifiers.kinds import KINDS
from app.identifiers.match_keys import MatchKey

AT_ONCE: Final = 250
"""Keys that are evaluated together: what the allowance does not reach is less than that."""
_REQUIRED: Final = ("provenance",)
_HEADER: Final = (
    "line",
    "result",
    "why",
    "charged_on",
    "office",
    "state",
    "call",
    "phone",
    "email",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Check:
    """What to hold against the feed and where the report goes."""

    listing: Path
    """The office's own list, CSV; each row is one person."""
    mapping: Path
    """Which column means what; `provenance` says where the office has its rows from."""
    first_line: int = 2
    """Rows before are passed over: a list longer than the allowance takes several days."""
    with_names: bool = False
    """Whether the report has the names of the rows, too; else their lines only."""

    @property
    def report_path(self) -> Path:
        """Where the report goes; nobody else on this computer can read it."""
        part = f".from-{self.first_line}" if self.first_line > 2 else ""  # noqa: PLR2004 -- below the header
        return self.listing.with_name(f"{self.listing.name}{part}.charged.csv")


@dataclass(frozen=True, repr=False)
class _Person:
    """One row as match keys."""

    line: int
    name: str
    keys: tuple[MatchKey, ...]


@dataclass(frozen=True)
class Outcome:
    """What a check came to."""

    rows: int
    not_compared: int
    charged: int
    """Rows of whom somebody charged may be."""
    report: Path
    go_on_from: int | None = None
    """The first line that the allowance did not reach; None when all were compared."""


def check_charged(check: Check, client: RegistryClient) -> Outcome:
    """Compare and write the report.

    Raises:
        UsageError: the list or its map cannot be read, or changed meanwhile.
        TrustError: a key or proof does not hold, or the feed is of another key epoch.
        ProblemError, TemporaryError: see `Exchange.call`; the allowance may be used up.
    """
    people, rejects = _read(check)
    groups = list(_groups(people))
    epoch, found = client.feed_digests([_keys(group) for group in groups])
    feed = _by_digest(client.read_feed(epoch))
    hits = [
        (person, item, kinds)
        for group, digests in zip(groups, found, strict=False)  # of the rest nothing is known
        for person in group
        for item, kinds in _meet(person, digests, feed)
    ]
    go_on_from = groups[len(found)][0].line if len(found) < len(groups) else None
    if go_on_from is not None:
        people = [each for each in people if each.line < go_on_from]
        rejects = [each for each in rejects if each.line < go_on_from]
    lines = sorted([*_hit_lines(hits), *_reject_lines(rejects)], key=lambda line: int(line[0]))
    names = {str(person.line): person.name for person in people} if check.with_names else None
    _write(check.report_path, lines, names)
    return Outcome(
        rows=len(people) + len(rejects),
        not_compared=len(rejects),
        charged=len({person.line for person, _, _ in hits}),
        report=check.report_path,
        go_on_from=go_on_from,
    )


def _groups(people: Iterable[_Person]) -> Iterator[list[_Person]]:
    """Yield people in their order, as many at a time as are evaluated at once, or not at all."""
    group: list[_Person] = []
    for person in people:
        if group and sum(len(each.keys) for each in (*group, person)) > AT_ONCE:
            yield group
            group = []
        group.append(person)
    if group:
        yield group


def _keys(people: Iterable[_Person]) -> list[MatchKey]:
    return list(dict.fromkeys(key for person in people for key in person.keys))


def _read(check: Check) -> tuple[list[_Person], list[Reject]]:
    mapping = read_mapping(check.mapping, _REQUIRED)
    export = open_export(check.listing, mapping.file)
    reader = RowReader(export, mapping)
    people: list[_Person] = []
    rejects: list[Reject] = []
    for row in read_rows(export):
        if row.line < check.first_line:
            continue
        found = reader.listed(row)
        if isinstance(found, Subject):
            left_out: list[LeftOut] = []
            keys = _feed_keys(found, left_out)
            if keys:
                people.append(_Person(row.line, _name(found), keys))
                continue
            found = reject(row.line, "nothing-to-compare", "row")
        rejects.append(found)
    if not export.is_unchanged():
        raise UsageError("export-changed", f"{check.listing} changed while it was read; run again.")
    return people, rejects


def _feed_keys(subject: Subject, left_out: list[LeftOut]) -> tuple[MatchKey, ...]:
    prepared = prepare_subject(subject, left_out)
    keys = [key for name in prepared.names for key in name.keys]
    return tuple(
        dict.fromkeys(key for key in [*keys, *prepared.identifiers] if key.kind in FEED_KINDS)
    )


def _name(subject: Subject) -> str:
    return "; ".join(f"{name.surname}, {name.given}" for name in subject.names)


def _by_digest(feed: Iterable[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for item in feed:
        for digest in item["digests"]:
            found.setdefault(digest, []).append(item)
    return found


def _meet(
    person: _Person, digests: dict[MatchKey, bytes], feed: dict[str, list[Json]]
) -> Iterator[tuple[Json, list[str]]]:
    """Yield each case of the feed that may be of the person, and the kinds that agree."""
    met: dict[int, tuple[Json, list[str]]] = {}
    for key in person.keys:
        for item in feed.get(b64u_encode(digests[key]), ()):
            kinds = met.setdefault(id(item), (item, []))[1]
            if key.kind not in kinds:
                kinds.append(key.kind)
    yield from met.values()


def _hit_lines(hits: Iterable[tuple[_Person, Json, list[str]]]) -> Iterator[tuple[str, ...]]:
    for person, item, kinds in hits:
        office = item["office"]
        why = "; ".join(KINDS[kind].label for kind in kinds)
        told = [item["charged_on"], *(office[name] for name in ("name", "state", "title"))]
        told += [office["phone"], office["email"]]
        yield (str(person.line), "possibly charged", why, *map(printable, told))


def _reject_lines(rejects: Iterable[Reject]) -> Iterator[tuple[str, ...]]:
    for each in rejects:
        yield (str(each.line), "not compared", each.advice, *[""] * (len(_HEADER) - 3))


def _write(path: Path, lines: Iterable[tuple[str, ...]], names: dict[str, str] | None) -> None:
    """Replace the report; only this account can read it, from the first byte on."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER if names is None else (*_HEADER, "name"))
        for line in lines:
            named = line if names is None else (*line, names.get(line[0], ""))
            writer.writerow([_plain(cell) for cell in named])
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _plain(cell: str) -> str:
    """Return a cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
