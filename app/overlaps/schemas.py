from datetime import datetime

from app.core.schemas import Read


class EvaluatorKeys(Read):
    """An evaluator and its public keys by key class, which clients pin."""

    id: str
    """Stays the same when its address changes."""
    url: str
    """Its base address; `/v1/tokens/evaluate` is below it."""
    classes: dict[str, str]
    """Public key of each class, 32 bytes in hexadecimal."""


class PreviousKeys(Read):
    """The epoch before, whose tokens are still taken."""

    epoch: int
    """Its number, to be sent with the tokens that are made with these keys."""
    classes: dict[str, str]
    """Public keys as those of an evaluator."""
    accepted_until: datetime
    """From when on its tokens are refused, UTC."""


class OprfKeysRead(Read):
    """What a client needs to make tokens (RFC 9497, ristretto255-SHA512, VOPRF mode)."""

    match_spec: str
    """The rules that turn identifiers into match keys; another one makes other tokens."""
    nicknames_sha256: str
    """Of the table of nicknames, hexadecimal; must be that of the client's own table."""
    commonness_sha256: str
    """Of the table of common names, hexadecimal; must be that of the client's own table."""
    epoch: int
    """Number of the key epoch in force; a new one means that a person pins keys anew."""
    evaluators: tuple[EvaluatorKeys, ...]
    """Where batches can be evaluated; at present one."""
    previous: PreviousKeys | None = None
    """For a time after a key rotation, for clients that have not pinned the new keys; else null."""
