"""What `joinder keys rotate` does next, from where the rotation stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.access.principal import OPERATOR
from app.client.pins import fingerprints
from app.core.clock import utc_now
from app.core.db import Sessions, transaction
from app.epochs.queries import get_epochs
from app.overlaps.keyring import public_classes
from app.rotation import secrets, service
from app.rotation.service import Progress, Rotation


@dataclass(frozen=True)
class Steps:
    """A rotation on one installation; `say` is told a line at each step."""

    sessions: Sessions
    keys: Path
    rotation_key: Path
    grace: timedelta
    say: Callable[[str], None]
    shard: int = service.SHARD
    most_behind_the_gate: int = service.MOST_BEHIND_THE_GATE

    async def run(self, progress: Progress) -> None:
        """Go on with the rotation as far as it can go now.

        Raises:
            KeyFileError: a key file is absent, malformed or exposed.
        """
        now = utc_now()
        async with transaction(self.sessions) as session:
            epochs = await get_epochs(session)
        if epochs.previous is None:
            await self._rotate(progress)
            return
        await self._drop()
        if epochs.previous in epochs.accepted(now):
            self.say(
                f"Posts under epoch {epochs.previous} are taken until {epochs.accepted_until}."
                " Run this again after that: it destroys the old keys."
            )
            return
        await self.finish()

    async def finish(self) -> None:
        """End the previous epoch and destroy its keys.

        Raises:
            EpochStillTakenError, OldTokensLeftError, RotationUnderWayError: it cannot end now.
        """
        async with transaction(self.sessions) as session:
            ended = await service.finish(session, OPERATOR, now=utc_now())
            secrets.destroy_keys(self.keys, ended)  # fails, and nothing has ended
        self.say(f"Epoch {ended} has ended; its seed, token key and deltas are destroyed here.")
        self.say("Destroy its copies too: other hosts, backups of keys, backups of the database.")

    async def _rotate(self, progress: Progress) -> None:
        async with transaction(self.sessions) as session:
            epoch = await service.begin_epoch(session, OPERATOR)
            secrets.make_keys(self.keys, epoch)  # fails, and nothing has begun
        found = secrets.read_keys(self.keys, self.rotation_key, epoch)
        rotation = Rotation(self.sessions, OPERATOR, found, self.shard, self.most_behind_the_gate)
        await service.lift_all(rotation, progress)
        await service.switch(rotation, grace=self.grace)
        self.say(f"Key epoch {epoch} is in force. Publish these fingerprints to the offices:")
        classes = public_classes(self.keys / "public", epoch)
        for name, fingerprint in fingerprints(classes).items():
            self.say(f"  {name:8} {fingerprint}")
        await self._drop()
        self.say(f"Posts under epoch {epoch - 1} are taken for {self.grace}; then run this again.")

    async def _drop(self) -> None:
        dropped = await service.drop_old(self.sessions)
        if dropped:
            self.say(f"Dropped {dropped} tokens of earlier epochs.")
