"""From sealed elements to their tokens and their seal in the next epoch."""

from collections.abc import Sequence

from app.identifiers import ristretto
from app.identifiers.feed import FEED_KINDS, feed_digest
from app.identifiers.kinds import KINDS_BY_CODE
from app.identifiers.tokens import stored_token
from app.overlaps.sealing import Opener, Sealer
from app.rotation.rows import LiftedSubject, SealedSubject
from app.rotation.secrets import RotationKeys
from app.suppressions.rows import LiftedEntry, SealedEntry


class Lifter:
    """Lifts subjects and entries: N' = delta * N, then token' = HMAC(token key', kind, N')."""

    def __init__(self, keys: RotationKeys, sealer: Sealer) -> None:
        self._keys = keys
        self._sealer = sealer
        self._opener = Opener(keys.rotation_private)
        self._back = {name: ristretto.scalar_invert(delta) for name, delta in keys.deltas.items()}

    def lift(self, subjects: Sequence[SealedSubject]) -> list[LiftedSubject]:
        """Return subjects as they are in the next epoch; some may have been lifted before.

        Raises:
            InvalidTag: the rotation key is not the one that they were sealed for.
        """
        return [self._lift(subject) for subject in subjects]

    def lift_entries(self, entries: Sequence[SealedEntry]) -> list[LiftedEntry]:
        """Return entries of suppression lists as they are in the next epoch.

        Raises:
            InvalidTag: the rotation key is not the one that they were sealed for.
        """
        return [self._lift_entry(entry) for entry in entries]

    def _lift_entry(self, entry: SealedEntry) -> LiftedEntry:
        ((code, element),) = self._opener.open(
            entry.key_id, entry.sealed_key, entry.id, entry.sealed
        )
        kind = KINDS_BY_CODE[code]
        new = ristretto.multiply(self._keys.deltas[kind.key_class], element)
        token = stored_token(self._keys.token_key, kind.name, new)
        return LiftedEntry(entry.id, token, self._sealer.seal(entry.id, [(code, new)]))

    def _lift(self, subject: SealedSubject) -> LiftedSubject:
        keys, tokens, elements, digests = self._keys, {}, [], []
        opened = self._opener.open(subject.key_id, subject.sealed_key, subject.id, subject.sealed)
        for code, element in opened:
            kind = KINDS_BY_CODE[code]
            if subject.epoch == keys.epoch:
                old, new = ristretto.multiply(self._back[kind.key_class], element), element
            else:
                old, new = element, ristretto.multiply(keys.deltas[kind.key_class], element)
            before = stored_token(keys.token_key_before, kind.name, old)
            tokens[before] = stored_token(keys.token_key, kind.name, new)
            elements.append((code, new))
            if subject.is_published and kind.name in FEED_KINDS:
                digests.append((feed_digest(kind.name, old), feed_digest(kind.name, new)))
        sealed = self._sealer.seal(subject.id, elements)
        return LiftedSubject(subject.id, subject.office_id, list(tokens.items()), sealed, digests)
