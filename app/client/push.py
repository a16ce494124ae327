from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path

from app.client.cases import CaseResult
from app.client.clock import Clock, SystemClock, clock_day
from app.client.config import ClientConfig
from app.client.errors import TemporaryError
from app.client.exchange import Json
from app.client.exports import open_export, read_rows
from app.client.mapping import read_mapping
from app.client.payload import MAX_BULK_CASES
from app.client.pins import PublishedKeys
from app.client.pipeline import Batch
from app.client.prepare import RefusedCaseError, prepare
from app.client.push_state import PushState, push_digest, read_state, write_state
from app.client.registry import RegistryClient
from app.client.rejects import Effect, Reject, RejectFile
from app.client.rows import CaseRows, RowReader

Progress = Callable[[int, int], None]
"""Told the line that was acknowledged last, and how many there are."""


@dataclass(frozen=True)
class Plan:
    """What to push and where its two companions stand."""

    export: Path
    mapping: Path
    config: ClientConfig
    batch: int = MAX_BULK_CASES
    """Cases that are acknowledged together; an interrupted push goes on after the last of them."""

    @property
    def state_path(self) -> Path:
        """Where an interrupted push left off."""
        return self.export.with_name(self.export.name + ".push-state")

    def rejects_path(self, *, is_dry: bool = False) -> Path:
        """Return where it says what was not posted, and why; a dry run has a file of its own."""
        kind = "dry-run-rejects" if is_dry else "rejects"
        return self.export.with_name(f"{self.export.name}.{kind}.csv")


@dataclass
class Summary:
    """What one run of a push did."""

    cases: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    """Cases that the registry refused."""
    rows_rejected: int = 0
    """Rows, or all rows of a case, that were not sent."""
    fields_left_out: int = 0
    tokens: int = 0
    overlaps: int = 0
    """Different overlaps in the answers, as far as the registry listed them."""
    seconds: float = 0.0
    resumed_after_line: int = 0
    rejects: str = ""
    """Path of the reject file, or empty when everything was posted."""
    overlap_ids: set[str] = field(default_factory=set, repr=False)

    @property
    def is_clean(self) -> bool:
        """Whether everything in the file was posted."""
        return not (self.refused or self.rows_rejected or self.fields_left_out)

    def report(self) -> Json:
        """Return the summary as a JSON object."""
        report = asdict(self)
        del report["overlap_ids"]
        rate = 1 / self.seconds if self.seconds else 0.0
        report["seconds"] = round(self.seconds, 3)
        report["cases_per_second"] = round(self.cases * rate, 1)
        report["tokens_per_second"] = round(self.tokens * rate, 1)
        return report

    def count(self, results: Iterable[CaseResult], rejects: Iterable[Reject]) -> None:
        """Add what one batch brought."""
        for result in results:
            self.cases += 1
            name = result.result if result.result in {"created", "updated", "unchanged"} else ""
            setattr(self, name or "refused", getattr(self, name or "refused") + 1)
            self.tokens += result.tokens
            self.overlap_ids.update(str(overlap.get("id")) for overlap in result.overlaps)
        self.overlaps = len(self.overlap_ids)
        effects = Counter(each.effect for each in rejects)
        self.rows_rejected += effects["row"] + effects["case"]
        self.fields_left_out += effects["field"]


def push(
    plan: Plan,
    client: RegistryClient | None,
    *,
    progress: Progress = lambda _line, _lines: None,
    clock: Clock | None = None,
    keys: PublishedKeys | None = None,
) -> Summary:
    """Push an export, from where an interrupted push of the same file and map left off.

    Args:
        plan: The files and the configuration.
        client: Where to put the cases; None reads and checks everything and sends nothing.
        progress: Called after each acknowledged batch.
        clock: For the rates.
        keys: What `check_keys` of the client gave just now; else they are checked here.

    Raises:
        UsageError: the export or the map cannot be used.
        TrustError, ProblemError, TemporaryError: see `RegistryClient.put_cases`; what was
            acknowledged is recorded, and the same call goes on from there.
    """
    clock = clock or SystemClock()
    mapping = read_mapping(plan.mapping)
    export = open_export(plan.export, mapping.file)
    reader = RowReader(export, mapping)
    digest = push_digest(export.digest, plan.mapping, plan.config)
    state = read_state(plan.state_path, digest) if client else PushState(digest)
    rejects_path = plan.rejects_path(is_dry=client is None)
    file = RejectFile(rejects_path, size=state.rejects_size)
    summary = Summary(resumed_after_line=state.line)
    started = clock.monotonic()
    found = reader.cases(read_rows(export))
    batches = _batches(
        reader, found, after=state.line, most_cases=plan.batch, today=clock_day(clock)
    )
    for batch, results in client.put_batches(batches, keys=keys) if client else _unsent(batches):
        rejects = [*batch.rejects, *_refused(batch, results)]
        file.add(rejects)
        summary.count(results, batch.rejects)
        state = replace(state, line=batch.end_line, rejects_size=file.size)
        if client:
            write_state(plan.state_path, state)
        progress(batch.end_line, export.lines)
    if not export.is_unchanged():
        raise TemporaryError("export-changed", "The export changed while it was read. Run again.")
    if client:
        plan.state_path.unlink(missing_ok=True)
    summary.seconds = clock.monotonic() - started
    summary.rejects = str(rejects_path) if file.size else ""
    return summary


def _batches(
    reader: RowReader, found: Iterable[CaseRows], *, after: int, most_cases: int, today: date
) -> Iterator[Batch]:
    batch = Batch(most_cases=most_cases)
    for rows in found:
        if rows.end_line <= after:
            continue
        _add(batch, reader, rows, today)
        if batch.is_full:
            yield batch
            batch = Batch(most_cases=most_cases)
    if batch.end_line:
        yield batch


def _add(batch: Batch, reader: RowReader, rows: CaseRows, today: date) -> None:
    batch.rejects += rows.rejects
    batch.end_line = rows.end_line
    if rows.case is None:
        return
    try:
        prepared = prepare(rows.case, today)
    except RefusedCaseError as error:
        line = rows.lines.get(error.ref, rows.first_line)
        column = reader.column(error.field)
        batch.rejects.append(Reject(line, column, error.code, "case", str(error)))
        return
    for each in prepared.left_out:
        line = rows.lines.get(each.ref, rows.first_line)
        column = reader.column(each.field)
        effect: Effect = "field" if each.field else "row"
        batch.rejects.append(Reject(line, column, each.code, effect, each.advice))
    batch.add(prepared, line=rows.first_line)


def _refused(batch: Batch, results: Iterable[CaseResult]) -> Iterator[Reject]:
    for line, result in zip(batch.lines, results, strict=False):
        if result.code:
            yield Reject(line, "", result.code, "case", result.detail)


def _unsent(batches: Iterable[Batch]) -> Iterator[tuple[Batch, list[CaseResult]]]:
    for batch in batches:
        yield batch, []
