import hashlib
from collections.abc import Iterable, Sequence

from app.identifiers.encoding import lp


def batch_digest(epoch: int, groups: Iterable[tuple[str, Sequence[bytes]]]) -> bytes:
    """Return the SHA-256 that ties a permit to one evaluation request, 32 bytes.

    Over `lp("joinder/v1/batch") || I2OSP(epoch, 2)` and, for each group in the order sent,
    `lp(key_class) || I2OSP(number of elements, 2) || elements`. Blinded elements are uniformly
    random, so the digest tells nothing of what was blinded.

    Args:
        epoch: The key epoch, 1 to 32,767.
        groups: Key class and its blinded elements, 32 bytes each.
    """
    digest = hashlib.sha256(lp(b"joinder/v1/batch") + epoch.to_bytes(2, "big"))
    for key_class, elements in groups:
        digest.update(lp(key_class.encode()) + len(elements).to_bytes(2, "big"))
        digest.update(b"".join(elements))
    return digest.digest()
