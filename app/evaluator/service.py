from collections.abc import Mapping, Sequence

from app.core.errors import FieldProblem
from app.core.permits import Permit
from app.evaluator.errors import BadElementError, BatchTooLargeError, PermitMismatchError
from app.evaluator.keys import EpochKeys
from app.evaluator.schemas import Evaluate, Evaluated, GroupEvaluated
from app.identifiers import oprf
from app.identifiers.batches import batch_digest
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.oprf import KeyPair


def evaluate(keys: EpochKeys, permit: Permit, request: Evaluate) -> Evaluated:
    """Evaluate blinded elements (RFC 9497 section 3.3.2), one proof per key class.

    The elements are uniformly random to this process: it learns a class and a count, nothing else.
    A permit used again evaluates the same elements again and so gives nothing new: that is why
    evaluators need no memory of permits, and no database.

    Raises:
        EpochChangedError: the request names an epoch without a seed.
        BatchTooLargeError: more than 1000 elements in all.
        PermitMismatchError: the permit is for another batch.
        BadElementError: one is not a canonical ristretto255 element, or the identity.
    """
    epoch = request.epoch
    pairs = keys.of(epoch)
    if sum(len(group.elements) for group in request.groups) > oprf.MAX_BATCH:
        raise BatchTooLargeError
    elements = {group.key_class: list(map(b64u_decode, group.elements)) for group in request.groups}
    counts = {key_class: len(group) for key_class, group in elements.items()}
    digest = b64u_encode(batch_digest(epoch, elements.items()))
    if (permit.epoch, permit.counts, permit.digest) != (epoch, counts, digest):
        raise PermitMismatchError
    return evaluate_batch(pairs, epoch, elements)


def evaluate_batch(
    keys: Mapping[str, KeyPair], epoch: int, elements: Mapping[str, Sequence[bytes]]
) -> Evaluated:
    """Evaluate blinded elements by key class, without asking for a permit.

    Raises:
        BadElementError: one is not a canonical ristretto255 element, or the identity.
    """
    groups = [
        _evaluate_group(keys[key_class], place, key_class, group)
        for place, (key_class, group) in enumerate(elements.items())
    ]
    return Evaluated(epoch=epoch, groups=groups)


def _evaluate_group(
    keys: KeyPair, place: int, key_class: str, elements: Sequence[bytes]
) -> GroupEvaluated:
    try:
        evaluated, proof = oprf.evaluate(keys, elements)
    except oprf.ElementError as error:
        pointer = f"/groups/{place}/elements/{error.index}"
        problem = FieldProblem(pointer, "bad-element", BadElementError.default_detail)
        raise BadElementError(problems=(problem,)) from None
    return GroupEvaluated(
        key_class=key_class,
        elements=[b64u_encode(element) for element in evaluated],
        proof=b64u_encode(proof),
    )
