from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import quote
from uuid import uuid4

import httpx

from app.client.cases import Case, CaseResult
from app.client.clock import Clock, SystemClock, clock_day
from app.client.config import ClientConfig
from app.client.credentials import read_private_key
from app.client.errors import ProblemError, TemporaryError, TrustError
from app.client.exchange import Exchange, Json, RetryPolicy
from app.client.pins import PublishedKeys, check_tables, choose_keys, fetch_keys
from app.client.pipeline import Batch, batches_of, put_batches
from app.client.prepare import RefusedCaseError, prepare
from app.client.prepared import Prepared
from app.client.tokenize import Purpose, Tokenizer
from app.identifiers.encoding import b64u_encode
from app.identifiers.feed import feed_digest
from app.identifiers.kinds import MATCH_SPEC
from app.identifiers.match_keys import MatchKey

PostReason = Literal["new_case", "update", "posting", "resubmission", "quick_check"]
"""Why cases are put, for the registry's audit; `posting` where nobody knows which are new."""

_PAGE: Final = 100


class RegistryClient:
    """The office's side of the registry's API. Raw identifiers go in; only tokens go out.

    One client may be shared by threads. Close it, or use it in a `with` statement.
    """

    def __init__(
        self,
        config: ClientConfig,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Read the private key beside `config`; nothing is sent yet.

        Raises:
            UsageError: the private key is absent, exposed or not one.
        """
        self._config = config
        self._clock = clock or SystemClock()
        self._exchange = Exchange(
            config,
            read_private_key(config.key_path),
            clock=self._clock,
            transport=transport,
            retry=retry,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End waits for retries and close the connections."""
        self._exchange.close()

    def check_keys(self) -> PublishedKeys:
        """Return the keys to make tokens with, held against the pins and our tables.

        Raises:
            TrustError: they do not agree; nothing may be posted.
        """
        keys = fetch_keys(self._exchange, self._config)
        check_tables(keys)
        return choose_keys(self._config, keys)

    def _tokenizer(self, keys: PublishedKeys | None = None) -> Tokenizer:
        keys = keys or self.check_keys()
        return Tokenizer(self._exchange, keys, self._config.pins[keys.epoch])

    def get_me(self) -> Json:
        """Return the office that this client acts for and what it may do."""
        return self._exchange.get("/v1/me")

    def put_case(self, case: Case, *, reason: PostReason = "posting") -> CaseResult:
        """Create or replace one case; putting the same again is `unchanged`."""
        (result,) = self.put_cases([case], reason=reason)
        return result

    def put_cases(
        self, cases: Iterable[Case], *, reason: PostReason = "posting"
    ) -> Iterator[CaseResult]:
        """Create or replace any number of cases and yield their results, in order.

        A case that may not be posted, such as one that names a subject in its summary, is
        `refused` without being sent. Read the iterator to its end.

        Raises:
            TrustError: a key, a proof or the match specification does not hold.
            ProblemError, TemporaryError: cases after the last result may not have been put.
        """
        batches = batches_of(_prepare_or_refuse(case, clock_day(self._clock)) for case in cases)
        for _, results in self.put_batches(batches, reason=reason):
            yield from results

    def put_batches(
        self,
        batches: Iterable[Batch],
        *,
        reason: PostReason = "posting",
        keys: PublishedKeys | None = None,
    ) -> Iterator[tuple[Batch, list[CaseResult]]]:
        """Put prepared batches; see `pipeline.put_batches`. The keys are checked unless given."""
        url = f"{self._config.registry}/v1/cases"
        return put_batches(self._exchange, url, self._tokenizer(keys), batches, reason)

    def list_overlaps(self) -> Iterator[Json]:
        """Yield this office's overlaps, page after page."""
        return self._items("/v1/overlaps")

    def get_overlap(self, overlap_id: str, *, reason: str | None = None) -> Json:
        """Return one overlap, to the rung of the ladder that this office may see.

        What the other case is about comes with a `reason` only, such as `charging`; that office
        finds it in its log.
        """
        query = f"?reason={quote(reason, safe='')}" if reason else ""
        return self._exchange.get(f"/v1/overlaps/{quote(overlap_id, safe='')}{query}")

    def give_verdict(self, overlap: Json, verdict: str, *, reason: str | None = None) -> Json:
        """Say what this office holds of an overlap, as it was read, and return it as it is then.

        Refused with 412 when its evidence, or what is shown of it, has changed since.
        """
        return self._exchange.call(
            "PUT",
            f"{self._config.registry}/v1/overlaps/{quote(overlap['id'], safe='')}/verdict",
            body={"verdict": verdict, **({"reason": reason} if reason else {})},
            headers={"If-Match": f'"{overlap["version"]}-{overlap["rung"]}"'},
        )

    def request_handling(
        self,
        overlap_id: str,
        *,
        kind: Literal["consult", "information"],
        idempotency_key: str | None = None,
    ) -> Json:
        """Ask the other office a question and return the request; people draft agreements.

        Args:
            overlap_id: The overlap it is about.
            kind: What is asked for.
            idempotency_key: Give the same one to repeat a call whose answer was lost.
        """
        path = f"/v1/overlaps/{quote(overlap_id, safe='')}/handling-requests"
        return self._create(path, {"kind": kind}, idempotency_key)

    def list_handling_requests(self) -> Iterator[Json]:
        """Yield the handling requests that this office sent or received, page after page."""
        return self._items("/v1/handling-requests")

    def answer_handling(
        self,
        handling_id: str,
        *,
        answer: Literal["accept", "decline"],
        version: int,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Json:
        """Accept or decline a request that this office received and return it as it is then.

        Args:
            handling_id: The request.
            answer: What to say.
            version: The `version` that was read; refused with 412 when it has changed since.
            reason: The coded reason of a `decline`.
            idempotency_key: Give the same one to repeat a call whose answer was lost.
        """
        return self._exchange.call(
            "POST",
            f"{self._config.registry}/v1/handling-requests/{quote(handling_id, safe='')}/answers",
            body={"answer": answer, **({"reason": reason} if reason else {})},
            headers={
                "Idempotency-Key": idempotency_key or uuid4().hex,
                "If-Match": f'"{version}"',
            },
        )

    def elements(self, keys: Iterable[MatchKey]) -> list[Json]:
        """Return kind and token of each match key, for a list of the registry's operator.

        Raises:
            TrustError: a key, a proof or the match specification does not hold.
        """
        keys, tokenizer = list(keys), self._tokenizer()
        tokens = tokenizer.tokens(keys, Purpose("suppression"))
        shared = {"match_spec": MATCH_SPEC, "epoch": tokenizer.epoch}
        return [
            {**shared, "kind": key.kind, "token": b64u_encode(tokens[key.input])} for key in keys
        ]

    def feed_digests(
        self, batches: Iterable[Sequence[MatchKey]]
    ) -> tuple[int, list[dict[MatchKey, bytes]]]:
        """Return the key epoch, and of each batch what its match keys would be in the feed.

        Only how many there are is learned by others; the digests stay here. Fewer batches come back
        where the allowance, or the line, does not last for all.

        Raises:
            TrustError: a key, a proof or the match specification does not hold.
            TemporaryError: not even the first batch could be evaluated.
        """
        tokenizer = self._tokenizer()
        found: list[dict[MatchKey, bytes]] = []
        for keys in batches:
            try:
                tokens = tokenizer.tokens(keys, Purpose("defendant_feed"))
            except TemporaryError:
                if not found:
                    raise
                break
            found.append({key: feed_digest(key.kind, tokens[key.input]) for key in keys})
        return tokenizer.epoch, found

    def read_feed(self, epoch: int) -> list[Json]:
        """Return the whole feed of defendants, whatever is looked for in it.

        Raises:
            TrustError: it is of another key epoch than `epoch`.
        """
        return list(self._items("/v1/defendant-feed", epoch=epoch))

    def suppress(
        self, keys: Iterable[MatchKey], *, mode: str, reason: str, scope: str, expires_on: date
    ) -> Iterator[Json | None]:
        """Put values on this office's suppression list; yield each entry, None if it stands.

        Raises:
            TrustError: a key, a proof or the match specification does not hold.
        """
        entry = {"mode": mode, "reason": reason, "scope": scope, "expires_on": str(expires_on)}
        for element in self.elements(keys):
            try:
                yield self._create("/v1/suppressions", {**element, **entry})
            except ProblemError as error:
                if error.code != "suppression-stands":
                    raise
                yield None

    def list_suppressions(self) -> Iterator[Json]:
        """Yield the entries of suppression lists that apply to this office, page after page."""
        return self._items("/v1/suppressions")

    def end_suppression(self, suppression_id: str) -> Json:
        """End an entry of this office and return it."""
        return self._create(f"/v1/suppressions/{quote(suppression_id, safe='')}/end", {})

    def report_late_export(self, due_on: date) -> None:
        """Tell those who answer for the office that no export came by that day's time."""
        url = f"{self._config.registry}/v1/alarms/late-export"
        self._exchange.call("PUT", url, body={"due_on": str(due_on)})

    def _create(self, path: str, body: Json, key: str | None = None) -> Json:
        url, headers = self._config.registry + path, {"Idempotency-Key": key or uuid4().hex}
        return self._exchange.call("POST", url, body=body, headers=headers)

    def _items(self, path: str, *, epoch: int | None = None) -> Iterator[Json]:
        params: dict[str, str | int] = {"limit": _PAGE}
        while True:
            page = self._exchange.get(path, params=params)
            if epoch not in {None, page.get("epoch")}:
                raise TrustError(
                    "epoch-changed",
                    "The registry moved to a new key epoch. Run: joinder client pin DIR",
                )
            yield from page["items"]
            if not page.get("next_cursor"):
                return
            params["cursor"] = page["next_cursor"]


def _prepare_or_refuse(case: Case, today: date) -> Prepared | CaseResult:
    try:
        return prepare(case, today)
    except RefusedCaseError as error:
        of = case.source_system, case.external_id
        return CaseResult(*of, "refused", code=error.code, detail=str(error))
