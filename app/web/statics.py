"""Style, scripts and pictures: read once, kept compressed, named by what they hold."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent / "static"
_BROWSER: Final = Path(__file__).parents[1] / "browser" / "joinder.mjs"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent."""

    media_type: str
    plain: bytes
    packed: bytes | None
    """The same with gzip; None where that saves nothing."""


@cache
def static_files() -> dict[str, StaticFile]:
    """Return every file by its name below `static/`, with the browser's module beside them."""
    paths = {path.relative_to(_HERE).as_posix(): path for path in _HERE.rglob("*")}
    found = {name: path for name, path in sorted(paths.items()) if path.suffix in _TYPES}
    found["joinder.mjs"] = _BROWSER
    return {name: _read(path) for name, path in found.items()}


def _read(path: Path) -> StaticFile:
    plain = path.read_bytes()
    packed = gzip.compress(plain, 9, mtime=0)
    is_smaller = len(packed) < 0.9 * len(plain)
    return StaticFile(_TYPES[path.suffix], plain, packed if is_smaller else None)


@cache
def static_version() -> str:
    """Return a digest over all files, which is part of their addresses: 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, file in static_files().items():
        digest.update(f"{name}\0{len(file.plain)}\0".encode() + file.plain)
    return digest.hexdigest()[:12]


def static_path(name: str) -> str:
    """Return the address of a file.

    Raises:
        KeyError: there is none of this name; a page that asks for it is wrong.
    """
    static_files()[name]  # a wrong name is found when the page is made
    return f"/static/{static_version()}/{name}"
