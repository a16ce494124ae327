from collections.abc import Mapping

from app.core.errors import EpochChangedError, FieldProblem
from app.evaluator.errors import BadElementError, BatchTooLargeError
from app.evaluator.schemas import Evaluate, Evaluated, GroupEvaluated, GroupSent
from app.identifiers import oprf
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.oprf import KeyPair


def evaluate(keys: Mapping[str, KeyPair], epoch: int, request: Evaluate) -> Evaluated:
    """Evaluate blinded elements (RFC 9497 section 3.3.2), one proof per key class.

    The elements are uniformly random to this process: it learns a class and a count, nothing else.

    Raises:
        EpochChangedError: the request names another epoch.
        BatchTooLargeError: more than 1000 elements in all.
        BadElementError: one is not a canonical ristretto255 element, or the identity.
    """
    if request.epoch != epoch:
        raise EpochChangedError
    if sum(len(group.elements) for group in request.groups) > oprf.MAX_BATCH:
        raise BatchTooLargeError
    groups = [
        _evaluate_group(keys[group.key_class], place, group)
        for place, group in enumerate(request.groups)
    ]
    return Evaluated(epoch=epoch, groups=groups)


def _evaluate_group(keys: KeyPair, place: int, group: GroupSent) -> GroupEvaluated:
    try:
        evaluated, proof = oprf.evaluate(keys, [b64u_decode(text) for text in group.elements])
    except oprf.ElementError as error:
        pointer = f"/groups/{place}/elements/{error.index}"
        problem = FieldProblem(pointer, "bad-element", BadElementError.default_detail)
        raise BadElementError(problems=(problem,)) from None
    return GroupEvaluated(
        key_class=group.key_class,
        elements=[b64u_encode(element) for element in evaluated],
        proof=b64u_encode(proof),
    )
