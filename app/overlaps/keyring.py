"""The keys that a registry process works with; they follow a rotation by themselves."""

import asyncio
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.db import Sessions, transaction
from app.core.errors import EpochChangedError
from app.core.keyfiles import KeyFileError, KeyFiles, SecretSource
from app.core.settings import RegistrySettings
from app.epochs.queries import Epochs, ensure_first, get_epochs, is_key_of
from app.identifiers import ristretto
from app.identifiers.kinds import KINDS
from app.overlaps.postings import PostedSubject
from app.overlaps.scoring import Prior
from app.overlaps.sealing import create_sealer
from app.overlaps.service import Matcher

DELTA_FILE = "delta-{epoch}"
"""In `registry/`, until the epoch has ended: class to delta, hexadecimal, in JSON."""


class Keyring:
    """The matcher of the current key epoch, and what lifts posts under the previous one."""

    def __init__(
        self, sessions: Sessions, private: SecretSource, public: Path, prior: Prior
    ) -> None:
        """Remember where keys are; `refresh` reads those that are needed."""
        self._sessions = sessions
        self._private = private
        self._public = public
        self._prior = prior
        self._lock = asyncio.Lock()
        self._matcher: Matcher | None = None
        self._epochs: Epochs | None = None
        self._deltas: Mapping[str, bytes] | None = None
        self._is_stale = False

    @property
    def matcher(self) -> Matcher:
        """The matcher of the current epoch, as far as this process knows."""
        assert self._matcher is not None  # noqa: S101 -- start-up loads it
        return self._matcher

    async def start(self) -> None:
        """Load the keys of the epoch in force; a new database begins with the published one.

        Raises:
            KeyFileError: the registry's key of that epoch is absent, malformed, exposed, or not
                the one that the database's tokens were made with.
        """
        first = json.loads((self._public / "oprf.json").read_text())["epoch"]
        async with transaction(self._sessions) as session:
            await ensure_first(session, first, now=utc_now())
            await self.refresh(session)

    def expire(self) -> None:
        """Note that a post met another epoch than this process knows: look before the next one."""
        self._is_stale = True

    async def follow(self, session: AsyncSession, epochs: Collection[int] = ()) -> Matcher:
        """Return the matcher for a post, which keeps to it whatever comes between.

        The epochs are looked at again if the post names another one, or none as a withdrawal
        does, or the last post failed so.
        """
        if self._is_stale or set(epochs) != {self.matcher.epoch}:
            await self.refresh(session)
        return self.matcher

    async def refresh(self, session: AsyncSession) -> Epochs:
        """Return the epochs as the database has them, and have the keys for the current one."""
        found = await get_epochs(session)
        async with self._lock:
            if self._epochs is not None and found.current < self._epochs.current:
                return self._epochs  # a snapshot from before the switch, overtaken by one after it
            if self._epochs != found:
                self._deltas = None
                self._epochs = found
            if self._matcher is None or self._matcher.epoch != found.current:
                rotation = bytes.fromhex((self._public / "rotation.pub").read_text())
                token_key = await self._token_key(session, found.current)
                sealer = await create_sealer(
                    self._sessions, rotation, epoch=found.current, now=utc_now()
                )
                self._matcher = Matcher(token_key, found.current, sealer, self._prior)
            self._is_stale = False  # last: until now, whoever asks must wait for the lock
        return found

    async def _token_key(self, session: AsyncSession, epoch: int) -> bytes:
        name = f"token-key-{epoch}"
        key = self._private.secret(name)
        check = hmac.digest(key, b"joinder/v1/token-key-check", "sha256")[:16]
        if not await is_key_of(session, epoch, check):
            raise KeyFileError(f"registry/{name} is not the key that made the database's tokens")
        return key

    def classes(self, epoch: int) -> dict[str, str]:
        """Return the published public key of each class in an epoch.

        Raises:
            FileNotFoundError: nothing was published for it.
        """
        return public_classes(self._public, epoch)

    def lift(
        self, subject: PostedSubject, epoch: int, matcher: Matcher, *, now: datetime
    ) -> PostedSubject:
        """Return a subject posted under `epoch` as it would be under the matcher's.

        Raises:
            EpochChangedError: neither the matcher's epoch nor the one before it, still taken.
        """
        epochs = self._epochs
        if epoch == matcher.epoch:
            return subject
        if epochs is None or epoch not in epochs.accepted(now) or epochs.current != matcher.epoch:
            self._deltas = None
            raise EpochChangedError
        if self._deltas is None:
            self._deltas = read_deltas(self._private, epoch)
            assert epochs.accepted_until is not None  # noqa: S101 -- a constraint
            seconds = (epochs.accepted_until - now).total_seconds()
            asyncio.get_running_loop().call_later(seconds, self._forget_deltas)
        return _lifted(subject, self._deltas)

    def _forget_deltas(self) -> None:
        self._deltas = None


async def create_keyring(settings: RegistrySettings, sessions: Sessions) -> Keyring:
    """Return the keyring of an installation, with the keys of the epoch in force.

    Raises:
        KeyFileError: the registry's key of that epoch is absent, malformed or exposed.
    """
    prior = Prior(settings.opposite_subjects, settings.expected_matches)
    private = KeyFiles(settings.keys / "registry")
    keyring = Keyring(sessions, private, settings.keys / "public", prior)
    await keyring.start()
    return keyring


def public_classes(public: Path, epoch: int) -> dict[str, str]:
    """Return the public keys of an epoch: of its own file, or of the one that came first."""
    own = public / f"oprf-{epoch}.json"
    found = json.loads((own if own.exists() else public / "oprf.json").read_text())
    if found["epoch"] != epoch:
        raise FileNotFoundError(own)
    return dict(found["classes"])


def read_deltas(private: SecretSource, epoch: int) -> dict[str, bytes]:
    """Return by class what lifts elements of `epoch` to the next one.

    Raises:
        KeyFileError: the file is absent or exposed.
    """
    text = private.text(DELTA_FILE.format(epoch=epoch))
    return {name: bytes.fromhex(delta) for name, delta in json.loads(text).items()}


def _lifted(subject: PostedSubject, deltas: Mapping[str, bytes]) -> PostedSubject:
    def lift(kind: str, element: bytes) -> bytes:
        return ristretto.multiply(deltas[KINDS[kind].key_class], element)

    names = [
        replace(name, elements={kind: lift(kind, n) for kind, n in name.elements.items()})
        for name in subject.names
    ]
    identifiers = [(kind, lift(kind, n)) for kind, n in subject.identifiers]
    return replace(subject, names=names, identifiers=identifiers)
