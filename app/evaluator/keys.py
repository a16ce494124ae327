from collections.abc import Mapping
from pathlib import Path

from app.core.errors import EpochChangedError
from app.core.keyfiles import KeyFileError, KeyFiles
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import KeyPair, key_for


class EpochKeys:
    """The key pairs of every epoch whose seed lies in `evaluator/`: as long as it does, no longer.

    Which epoch may be asked for is the registry's to say: its permits name one.
    """

    def __init__(self, directory: Path) -> None:
        """Read the seeds that are there.

        Raises:
            KeyFileError: there is none, or one is malformed or readable by others.
        """
        self._directory = directory
        self._keys: dict[int, Mapping[str, KeyPair]] = {}
        found = [path.name.removeprefix("seed-") for path in directory.glob("seed-*")]
        for epoch in found:
            self.of(int(epoch))
        if not found:
            raise KeyFileError(f"{directory}: no seed")

    def of(self, epoch: int) -> Mapping[str, KeyPair]:
        """Return the key pairs of an epoch by class.

        Raises:
            EpochChangedError: its seed is not there yet, or destroyed; then its keys are forgotten.
            KeyFileError: its seed is malformed or readable by others.
        """
        if not (self._directory / f"seed-{epoch}").exists():
            self._keys.pop(epoch, None)
            raise EpochChangedError
        if epoch not in self._keys:
            seed = KeyFiles(self._directory).secret(f"seed-{epoch}")
            self._keys[epoch] = {name: key_for(seed, name, epoch) for name in KEY_CLASSES}
        return self._keys[epoch]
