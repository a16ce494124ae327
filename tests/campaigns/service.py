"""A whole installation, run by `joinder serve` in a home of its own, that can be killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from app.core.keyfiles import KeyFiles
from app.postgres import postmaster
from app.postgres.account import server_account
from app.postgres.home import Layout
from app.postgres.server import EmbeddedServer
from tests.database import ROOT, place

Target = Literal["postgres", "registry", "supervisor", "everything"]
TARGETS: Final[tuple[Target, ...]] = ("postgres", "registry", "supervisor", "everything")

READY_SECONDS: Final = 90.0


class InstallationUnderTest:
    """A service on a durable embedded server; killing it leaves the data where it is.

    In memory, if there is room: what a killed process wrote stays there as it does on a disk.
    """

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="joinder-kills-", dir=place()))
        self.home.chmod(0o711)  # PostgreSQL's own account passes through
        self.ports = _free_port(), _free_port()
        self.log = self.home / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self.home)

    @property
    def url(self) -> str:
        """Where the registry answers, and the issuer of its tokens."""
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def database_url(self) -> str:
        """The embedded database, to look behind the service."""
        return EmbeddedServer(self.home).superuser_url

    @property
    def token_key(self) -> bytes:
        """The registry's secret, to know which token an element became."""
        return KeyFiles(self.home / "keys" / "registry").secret("token-key-1")

    def start(self) -> None:
        """Start, or start again, until the service answers.

        A killed database comes back by itself; what else died is started again here. Processes
        that outlive their supervisor for a moment keep the ports, so it may take several tries.

        Raises:
            TimeoutError: it does not answer in time.
        """
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                self._process = self._spawn()
            if "registry" in self.processes() and _answers(f"{self.url}/readyz"):
                return
            time.sleep(0.05)
        raise TimeoutError(self.log.read_text()[-2000:])

    def kill(self, target: Target) -> None:
        """Send SIGKILL to a part of the service, or to all of it at once."""
        found = self.processes()
        for number in found.values() if target == "everything" else [found[target]]:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        if target != "postgres" and self._process is not None:
            self._process.wait(30)  # it ends by itself when one of its processes died

    def stop(self) -> None:
        """Stop in order."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def processes(self) -> dict[str, int]:
        """Return the process numbers of the running parts."""
        assert self._process is not None
        server = postmaster.find(Layout(self.home, server_account()))
        found = {"supervisor": self._process.pid}
        if server is not None:
            found["postgres"] = server.pid
        for number, parent, command in _all_processes():
            if parent == self._process.pid and "app.serving.process" in command:
                found["registry" if "registry" in command else "evaluator"] = number
        return found

    def _spawn(self) -> "subprocess.Popen[bytes]":
        kept = {name: text for name, text in os.environ.items() if not name.startswith("JOINDER_")}
        first, second = map(str, self.ports)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app.cli.main", "serve", "--port", first,
                 "--evaluator-port", second, "--evaluators", "1", "--no-worker"],
                env={**kept, "JOINDER_HOME": str(self.home), "JOINDER_PUBLIC_URL": self.url},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 -- our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _all_processes() -> list[tuple[int, int, str]]:
    """Return number, parent and command line of the processes of this machine."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                parent = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append((int(directory.name), parent, command))
    return found
