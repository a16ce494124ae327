"""The two server processes: each gets its own secrets and locks itself away from the other's.

Run as `python -m app.serving.process registry|evaluator`; `joinder serve` starts both.
"""

import asyncio
import gc
import os
import socket
import sys
from typing import TYPE_CHECKING, Final, Literal

import structlog

from app.core import logging
from app.core.confinement import confine
from app.core.settings import EvaluatorSettings, RegistrySettings
from app.serving.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

Kind = Literal["registry", "evaluator"]
KINDS: Final[dict[str, Kind]] = {"registry": "registry", "evaluator": "evaluator"}
FORBIDDEN: Final[dict[Kind, tuple[str, ...]]] = {
    "evaluator": ("JOINDER_DATABASE_URL", "JOINDER_OWNER_URL"),
    "registry": ("JOINDER_OWNER_URL",),
}
"""Settings that a process refuses to be given, because they belong to another or the operator.

No setting holds a key: those are files, of which `confine` opens to a process its own alone.
"""

GRACE_SECONDS: Final = 10


class StartError(RuntimeError):
    """The service did not start; the text says why or where to look."""


class MisplacedSecretError(RuntimeError):
    """A process was given a setting that is not its own; separation is the point of having two."""


def build(kind: Kind) -> "FastAPI":
    """Return the process's application after confining the process to its own files.

    Raises:
        MisplacedSecretError: the environment holds a setting of the other process.
        KeyFileError: a key file is absent, malformed or readable by others.
    """
    require_own_settings(kind)
    if kind == "evaluator":
        from app.evaluator.main import create_app as create_evaluator  # noqa: PLC0415 -- one process never imports the other's code

        evaluator = EvaluatorSettings()
        _confine(evaluator.keys, kind, connect=False)
        return create_evaluator(evaluator)
    from app.main import create_app  # noqa: PLC0415 -- as above

    registry = RegistrySettings()
    _confine(registry.keys, kind, connect=True)
    return create_app(registry)


def require_own_settings(kind: Kind) -> None:
    """Refuse to be given what belongs to another process, and drop it.

    Raises:
        MisplacedSecretError: the environment holds such a setting.
    """
    for name in FORBIDDEN[kind]:
        if os.environ.pop(name, None) is not None:
            raise MisplacedSecretError(f"{name} must not be given to the {kind}")


def _confine(keys: "Path", kind: Kind, *, connect: bool) -> None:
    root = keys.resolve()
    confined = confine(read=[root / kind, root / "public"], connect=connect)
    # keys below /usr, or root's rights over /proc, would make a hole: so the wall is tried
    hidden = [root / other for other in (*KINDS, "offline") if other != kind]
    is_whole = confined and not any(map(_is_open, hidden))
    structlog.get_logger().info("confinement", confined=is_whole)


def _is_open(directory: "Path") -> bool:
    try:
        return any(True for _ in directory.iterdir())
    except OSError:
        return False


async def serve(
    app: "FastAPI", listener: socket.socket, tally: Tally | None = None, *, parent: int | None
) -> None:
    """Serve until SIGTERM, SIGINT, or until the pipe `parent` closes because the parent died.

    A tally says which processes accept from the same listener.
    """
    import uvicorn  # noqa: PLC0415 -- after the confinement's settings are known to be good

    from app.serving.accepting import Server  # noqa: PLC0415 -- as above

    settings: RegistrySettings | None = getattr(app.state, "settings", None)
    proxies = settings.trusted_proxies if settings else ""
    config = uvicorn.Config(
        app,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="on",
    )
    server = Server(config, listener, tally or Tally())
    if parent is not None:
        loop = asyncio.get_running_loop()

        def stop(parent: int) -> None:
            loop.remove_reader(parent)  # the end of a pipe stays readable
            server.should_exit = True

        loop.add_reader(parent, stop, parent)
    await server.serve()
    if not server.started:
        raise SystemExit(1)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket; port 0 takes a free one.

    Raises:
        StartError: the port is taken or not permitted.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise StartError(f"{host}, port {port}: {error.strerror}.") from None
    return listener


def run(
    kind: Kind,
    listener: socket.socket,
    tally: Tally | None = None,
    *,
    parent: int | None = None,
) -> None:
    """Build and serve one process in the foreground; for `tally` see `serve`."""
    import uvloop  # noqa: PLC0415 -- not on Windows

    logging.configure(kind)
    app = build(kind)
    gc.collect()
    gc.freeze()  # what was just built lives as long as the process: no collection looks at it
    uvloop.run(serve(app, listener, tally, parent=parent))


def main() -> None:
    """Run as a child of `joinder serve`: kind, parent's pipe, listener, tally, place in it."""
    kind = KINDS[sys.argv[1]]
    parent, listener, file, place = map(int, sys.argv[2:])
    run(kind, socket.socket(fileno=listener), Tally(file, place), parent=parent)


if __name__ == "__main__":
    main()
