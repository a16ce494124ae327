import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from app.client.config import ClientConfig, write_atomically


@dataclass(frozen=True)
class PushState:
    """How far a push got: `FILE.push-state`. Holds positions only, no identifier."""

    digest: str
    """Tells the export, its map and the registry; another one starts from the beginning."""
    line: int = 0
    """The last line whose batch the registry acknowledged."""
    rejects_size: int = 0
    """Bytes of the reject file at that moment."""


def push_digest(export: bytes, mapping: Path, config: ClientConfig) -> str:
    """Return what a state is good for: these bytes by this map to this registry."""
    whole = hashlib.sha256(export)
    whole.update(hashlib.sha256(mapping.read_bytes()).digest())
    whole.update(f"{config.registry}\0{config.client_id}".encode())
    return whole.hexdigest()


def read_state(path: Path, digest: str) -> PushState:
    """Return the state in `path` when it is one of `digest`, else one at the beginning."""
    try:
        state = PushState(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return PushState(digest)
    is_usable = type(state.line) is int and type(state.rejects_size) is int
    return state if is_usable and state.digest == digest else PushState(digest)


def write_state(path: Path, state: PushState) -> None:
    """Replace the state in one step."""
    write_atomically(path, json.dumps(asdict(state)) + "\n")
