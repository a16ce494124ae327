import hmac
from typing import Final

TOKEN_BYTES: Final = 16
"""Length of a stored token: two of a billion collide with a chance of about 1.5e-21."""


def stored_token(token_key: bytes, kind: str, element: bytes) -> bytes:
    """Turn an unblinded OPRF element into the token that the registry stores and compares.

    `HMAC-SHA-256(token_key, "joinder/v1/tok" || 0x00 || kind || 0x00 || element)`, the first 16
    bytes. The kind is inside, so a mislabelled element never matches across kinds. The element
    itself is already the output of a keyed function that no one can compute without the
    evaluator, and a stolen table of tokens cannot be joined with an office's own elements
    without `token_key`.

    Args:
        token_key: the registry's secret, 32 bytes.
        kind: name of the kind, such as `p.xx`.
        element: N = k * H(x), a canonical ristretto255 element. Not checked here.
    """
    message = b"joinder/v1/tok\x00" + kind.encode() + b"\x00" + element
    return hmac.digest(token_key, message, "sha256")[:TOKEN_BYTES]
