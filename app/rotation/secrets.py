"""The files of a rotation, on the operator's machine: each made once, and destroyed at the end."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from app.core.keyfiles import KeyFileError, KeyFiles, write_secret
from app.identifiers import ristretto
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import key_for
from app.overlaps.keyring import DELTA_FILE, read_deltas


@dataclass(frozen=True, repr=False)
class RotationKeys:
    """What lifting needs: both token keys, the deltas and the rotation key. Never logged."""

    epoch: int
    """The epoch that tokens are lifted to."""
    token_key_before: bytes
    token_key: bytes
    deltas: dict[str, bytes]
    """By key class: k' / k, a scalar."""
    rotation_private: bytes
    rotation_public: bytes


def make_keys(keys: Path, epoch: int) -> None:
    """Make the seed and the token key of `epoch`, and the deltas that lead to it.

    What an interrupted run made is kept: a second seed would orphan what was lifted to the first.

    Raises:
        KeyFileError: the seed of the epoch before is absent or exposed.
    """
    before = epoch - 1
    for name in (f"evaluator/seed-{epoch}", f"registry/token-key-{epoch}"):
        _make(keys / name, lambda: os.urandom(32).hex())
    evaluator = KeyFiles(keys / "evaluator")
    old, new = evaluator.secret(f"seed-{before}"), evaluator.secret(f"seed-{epoch}")
    deltas = {name: _delta(old, new, name, epoch).hex() for name in KEY_CLASSES}
    _make(keys / "registry" / DELTA_FILE.format(epoch=before), lambda: json.dumps(deltas))
    classes = {name: key_for(new, name, epoch).public.hex() for name in KEY_CLASSES}
    _replace(keys / "public" / f"oprf-{epoch}.json", {"epoch": epoch, "classes": classes})


def read_keys(keys: Path, rotation_key: Path, epoch: int) -> RotationKeys:
    """Read what lifting to `epoch` needs.

    Raises:
        KeyFileError: a file is absent, malformed or exposed.
    """
    registry = KeyFiles(keys / "registry")
    private = KeyFiles(rotation_key.parent).secret(rotation_key.name)
    public = bytes.fromhex((keys / "public" / "rotation.pub").read_text())
    if X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw() != public:
        raise KeyFileError(f"{rotation_key}: not the key that public/rotation.pub belongs to")
    return RotationKeys(
        epoch,
        registry.secret(f"token-key-{epoch - 1}"),
        registry.secret(f"token-key-{epoch}"),
        read_deltas(registry, epoch - 1),
        private,
        public,
    )


def destroy_keys(keys: Path, epoch: int) -> None:
    """Destroy the secrets of an epoch that has ended, and publish only the one after it.

    Each file is overwritten before it is removed. Copies, such as backups and what a disk keeps of
    old blocks, are the operator's to destroy. Doing it twice does no harm.
    """
    for name in (
        f"registry/{DELTA_FILE.format(epoch=epoch)}",
        f"registry/token-key-{epoch}",
        f"evaluator/seed-{epoch}",
    ):
        _destroy(keys / name)
    own = keys / "public" / f"oprf-{epoch + 1}.json"
    if own.exists():
        own.replace(keys / "public" / "oprf.json")
    (keys / "public" / f"oprf-{epoch}.json").unlink(missing_ok=True)


def _delta(old: bytes, new: bytes, key_class: str, epoch: int) -> bytes:
    before, after = key_for(old, key_class, epoch - 1), key_for(new, key_class, epoch)
    return ristretto.scalar_multiply(after.secret, ristretto.scalar_invert(before.secret))


def _make(path: Path, content: Callable[[], str]) -> None:
    if path.exists() and path.stat().st_size:
        return
    path.unlink(missing_ok=True)  # empty: a run was killed before it wrote
    write_secret(path, content())


def _destroy(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(path.stat().st_size))
        os.fsync(file.fileno())
    path.unlink()


def _replace(path: Path, content: object) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(content, indent=1))
    unfinished.replace(path)
