import os
import stat
from pathlib import Path
from typing import Protocol

SECRET_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(RuntimeError):
    """A key file is absent, readable by others, or not what it should be. Names the file only."""


class SecretSource(Protocol):
    """Where a process gets its secrets: files here, a key service behind the same calls."""

    def secret(self, name: str) -> bytes:
        """Return the 32 secret bytes called `name`."""

    def text(self, name: str) -> str:
        """Return a secret text such as a PEM key."""


class KeyFiles:
    """Secrets as files of one directory, each with mode 0600."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def secret(self, name: str) -> bytes:
        """Return the 32 bytes that the file holds as hexadecimal text."""
        try:
            value = bytes.fromhex(self.text(name).strip())
        except ValueError:
            raise KeyFileError(f"{name}: not hexadecimal") from None
        if len(value) != SECRET_BYTES:
            raise KeyFileError(f"{name}: needs {SECRET_BYTES} bytes")
        return value

    def text(self, name: str) -> str:
        """Return the file's text after checking that only its owner can read it."""
        path = self._directory / name
        try:
            with path.open(encoding="ascii") as file:
                if os.fstat(file.fileno()).st_mode & _OTHERS:
                    raise KeyFileError(f"{path}: readable by others; run chmod 600 on it")
                return file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise KeyFileError(f"{path}: {type(error).__name__}") from None


def write_secret(path: Path, text: str) -> None:
    """Create `path` with mode 0600 and `text`; an existing file is never overwritten.

    Raises:
        FileExistsError: the key exists; replacing one is a rotation, not a write.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
