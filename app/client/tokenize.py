from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.client.errors import ClientError, ProblemError, TrustError
from app.client.exchange import Exchange, Json
from app.client.pins import PublishedKeys
from app.identifiers import oprf
from app.identifiers.batches import batch_digest
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.match_keys import MatchKey

CaseRef = tuple[str, str]
"""Source system and case number."""

MAX_ELEMENTS: Final = oprf.MAX_BATCH
"""Elements of one request to the evaluator."""


@dataclass(frozen=True)
class Purpose:
    """What an evaluation is for, as the registry's audit keeps it."""

    reason: str
    """A reason of `POST /v1/tokens/permits`."""
    cases: Sequence[CaseRef] = ()
    """The office's own cases that the match keys are of."""


class Tokenizer:
    """Turns match keys into tokens with the evaluator's help; it learns only how many there were.

    Blinds and tokens live in memory, for as long as a batch is under way; they are never logged.
    """

    def __init__(self, exchange: Exchange, keys: PublishedKeys, pins: Mapping[str, str]) -> None:
        """Evaluate at the published URL, believing only the pinned public keys."""
        self._exchange = exchange
        self.epoch = keys.epoch
        self._url = f"{keys.evaluator_url}/v1/tokens/evaluate"
        self._publics = {name: bytes.fromhex(key) for name, key in pins.items()}

    def tokens(self, match_keys: Iterable[MatchKey], purpose: Purpose) -> dict[bytes, bytes]:
        """Return the token (32 bytes) of each match key by its OPRF input.

        Equal keys are evaluated once. More than `MAX_ELEMENTS` take several requests, and each
        names every case of the purpose.

        Raises:
            TrustError: a proof does not hold under the pinned key, or the epoch moved on.
            ProblemError, TemporaryError: see `Exchange.call`.
        """
        inputs: dict[bytes, str] = {}
        for match_key in match_keys:
            inputs[match_key.input] = match_key.spec.key_class
        found: dict[bytes, bytes] = {}
        for chunk in _requests(sorted(inputs.items(), key=lambda item: item[1])):
            found.update(self._evaluate(chunk, purpose))
        return found

    def _evaluate(
        self, groups: Mapping[str, Sequence[bytes]], purpose: Purpose
    ) -> Iterator[tuple[bytes, bytes]]:
        blinded = {key_class: oprf.blind(inputs) for key_class, inputs in groups.items()}
        answer = self._ask(blinded, purpose)
        for key_class, inputs in groups.items():
            elements, proof = answer[key_class]
            try:
                outputs = oprf.finalize(
                    self._publics[key_class], blinded[key_class], elements, proof
                )
            except oprf.OprfError:
                raise TrustError(
                    "proof-invalid",
                    f"The evaluator's proof for the class {key_class} does not hold under the"
                    " pinned key. Nothing was posted. Call the registry's administrator.",
                ) from None
            yield from zip(inputs, outputs, strict=True)

    def _ask(
        self, blinded: Mapping[str, oprf.Blinded], purpose: Purpose
    ) -> dict[str, tuple[list[bytes], bytes]]:
        if unpinned := sorted(blinded.keys() - self._publics.keys()):
            raise TrustError("class-unpinned", f"No key is pinned for the class {unpinned[0]}.")
        permit = self._ask_permit(blinded, purpose)
        groups = [
            {"key_class": key_class, "elements": [b64u_encode(item) for item in each.elements]}
            for key_class, each in blinded.items()
        ]
        try:
            body = self._exchange.call(
                "POST",
                self._url,
                body={"epoch": self.epoch, "groups": groups},
                bearer=permit,
            )
        except ProblemError as error:
            raise _explained(error) from None
        return _read_answer(body, self.epoch, blinded)

    def _ask_permit(self, blinded: Mapping[str, oprf.Blinded], purpose: Purpose) -> str:
        """Return the registry's permit to have exactly these elements evaluated."""
        batch = [(key_class, each.elements) for key_class, each in blinded.items()]
        ask: Json = {
            "epoch": self.epoch,
            "reason": purpose.reason,
            "cases": [
                {"source_system": system, "external_id": number} for system, number in purpose.cases
            ],
            "counts": {key_class: len(elements) for key_class, elements in batch},
            "digest": b64u_encode(batch_digest(self.epoch, batch)),
        }
        try:
            permit = self._exchange.post("/v1/tokens/permits", ask).get("permit")
        except ProblemError as error:
            raise _explained(error) from None
        if not isinstance(permit, str):
            raise TrustError("answer-invalid", "The registry's answer holds no permit.")
        return permit


def _explained(error: ProblemError) -> ClientError:
    if error.code != "epoch-changed":
        return error
    return TrustError(
        "epoch-changed", "The registry moved to a new key epoch. Run: joinder client pin DIR"
    )


def _requests(items: Sequence[tuple[bytes, str]]) -> Iterator[dict[str, list[bytes]]]:
    """Cut (input, class) pairs, sorted by class, into as few evenly filled requests as possible."""
    count = -(-len(items) // MAX_ELEMENTS)
    for number in range(count):
        part = items[len(items) * number // count : len(items) * (number + 1) // count]
        yield {
            key_class: [item[0] for item in group]
            for key_class, group in groupby(part, key=lambda item: item[1])
        }


def _read_answer(
    body: Json, epoch: int, blinded: Mapping[str, oprf.Blinded]
) -> dict[str, tuple[list[bytes], bytes]]:
    """Return elements and proof by class; their number is checked, the proofs are not yet.

    Raises:
        TrustError: another epoch, another set of classes, or texts that are not base64url.
    """
    try:
        answer = {
            group["key_class"]: (
                [b64u_decode(item) for item in group["elements"]],
                b64u_decode(group["proof"]),
            )
            for group in body["groups"]
        }
        sizes = {key_class: len(elements) for key_class, (elements, _) in answer.items()}
        is_whole = sizes == {name: len(each.elements) for name, each in blinded.items()}
    except (KeyError, TypeError, ValueError):
        is_whole = False
    if not is_whole or body.get("epoch") != epoch or len(body["groups"]) != len(blinded):
        raise TrustError(
            "answer-invalid", "The evaluator's answer does not fit the request. Nothing was posted."
        )
    return answer
