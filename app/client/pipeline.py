from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from app.client.cases import CaseResult
from app.client.errors import ClientError, printable
from app.client.exchange import Exchange, Json
from app.client.payload import MAX_BULK_CASES, bulk_entry, cut_bulks
from app.client.prepared import Prepared
from app.client.rejects import Reject
from app.client.tokenize import MAX_ELEMENTS, Purpose, Tokenizer

WORKERS: Final = 2
"""Batches tokenized at once. libsodium runs outside the interpreter's lock, so two keep two cores
busy while the evaluator works on one of them and the registry stores a third."""
_MAX_KEYS: Final = 2 * MAX_ELEMENTS
_MAX_REJECTS: Final = 1000


@dataclass(repr=False)
class Batch:
    """Cases that are tokenized together and then put; it bounds what is in memory."""

    items: list[Prepared | CaseResult] = field(default_factory=list)
    """Cases to put, and results of those that were refused before they were sent."""
    lines: list[int] = field(default_factory=list)
    """For a file: the first line of each item."""
    rejects: list[Reject] = field(default_factory=list)
    end_line: int = 0
    """For a file: the last line that went into this batch."""
    keys: int = 0
    most_cases: int = MAX_BULK_CASES

    def add(self, item: Prepared | CaseResult, *, line: int = 0) -> None:
        """Append a case or the result of one that is not sent."""
        self.items.append(item)
        self.lines.append(line)
        self.keys += item.key_count if isinstance(item, Prepared) else 0

    @property
    def is_full(self) -> bool:
        """Whether it is time for the next batch."""
        return (
            len(self.items) >= self.most_cases
            or self.keys >= _MAX_KEYS
            or len(self.rejects) >= _MAX_REJECTS
        )


def batches_of(items: Iterable[Prepared | CaseResult]) -> Iterator[Batch]:
    """Cut `items` into batches, in order."""
    batch = Batch()
    for item in items:
        batch.add(item)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.items:
        yield batch


def put_batches(
    exchange: Exchange, url: str, tokenizer: Tokenizer, batches: Iterable[Batch], reason: str
) -> Iterator[tuple[Batch, list[CaseResult]]]:
    """Tokenize and put `batches`; yield each, in order, once the registry has acknowledged it.

    Every evaluation names the cases of its batch and `reason`.
    While the caller's thread derives and posts, `WORKERS` threads tokenize. At most
    `WORKERS` + 1 batches are under way, so memory does not grow with the number of cases.

    Raises:
        TrustError: a proof or the epoch does not hold; the batch and those after it were not put.
        ProblemError, TemporaryError: see `Exchange.call`; batches after the last one yielded may
            or may not have been put, and putting them again does no harm.
    """
    pending: deque[tuple[Batch, Future[list[tuple[int, bytes]]]]] = deque()
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="joinder-tokenize")
    try:
        for batch in batches:
            pending.append((batch, pool.submit(_bulks, tokenizer, batch, reason)))
            if len(pending) > WORKERS:
                first, bulks = pending.popleft()
                yield first, _put(exchange, url, first, bulks.result())
        while pending:
            first, bulks = pending.popleft()
            yield first, _put(exchange, url, first, bulks.result())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _bulks(tokenizer: Tokenizer, batch: Batch, reason: str) -> list[tuple[int, bytes]]:
    prepared = [item for item in batch.items if isinstance(item, Prepared)]
    refs = dict.fromkeys((item.case.source_system, item.case.external_id) for item in prepared)
    purpose = Purpose(reason, list(refs))
    tokens = tokenizer.tokens((key for item in prepared for key in item.match_keys()), purpose)
    return list(cut_bulks(bulk_entry(item, tokens, tokenizer.epoch) for item in prepared))


def _put(
    exchange: Exchange, url: str, batch: Batch, bulks: Iterable[tuple[int, bytes]]
) -> list[CaseResult]:
    answers: list[Json] = []
    for count, body in bulks:
        results = exchange.call("PUT", url, body=body).get("results")
        if not isinstance(results, list) or len(results) != count:
            raise ClientError("answer-invalid", "The registry's answer does not fit the request.")
        answers += results
    left = iter(answers)
    return [
        _result(item, next(left)) if isinstance(item, Prepared) else item for item in batch.items
    ]


def _result(item: Prepared, answer: Any) -> CaseResult:
    case = item.case
    if not isinstance(answer, dict) or answer.get("external_id") != case.external_id:
        raise ClientError("answer-invalid", "The registry's answer does not fit the request.")
    problem = answer.get("problem") or {}
    return CaseResult(
        source_system=case.source_system,
        external_id=case.external_id,
        result=printable(answer.get("result")),
        tokens=item.key_count,
        overlaps=tuple(answer.get("overlaps") or ()),
        more_overlaps=answer.get("more_overlaps") is True,
        code=printable(problem.get("code")),
        detail=printable(problem.get("detail")),
    )
