"""`joinder serve` as an operator runs it, and what is left of it afterwards."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx

from app.postgres import postmaster
from app.postgres.server import EmbeddedServer
from tests.database import run

ROOT = Path(__file__).parents[2]
JOINDER = [sys.executable, "-m", "app.cli.main"]


class Home:
    """A data directory of its own; closing it stops what a failed test left behind."""

    def __init__(self) -> None:
        self.path = Path(tempfile.gettempdir()) / f"joinder-serve-{secrets.token_hex(4)}"
        self.services: list[Service] = []
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JOINDER_", "PYTEST"))}
        self.environment = {**kept, "JOINDER_HOME": str(self.path), "PYTHONPATH": str(ROOT)}

    def serve(self, *arguments: str, **environment: str) -> "Service":
        """Start the service on free ports and return it once it printed its addresses."""
        log = self.path.with_suffix(f".{len(self.services)}.log")
        service = Service(log, {**self.environment, **environment}, arguments)
        self.services.append(service)
        return service.await_addresses()

    def fetch(self, statement: str) -> Any:
        """Run a statement in the installation's database and return its one value."""

        async def connect_and_fetch() -> Any:
            connection = await asyncpg.connect(EmbeddedServer(self.path).superuser_url)
            try:
                return await connection.fetchval(statement)
            finally:
                await connection.close()

        return run(connect_and_fetch())

    def postmaster(self) -> int | None:
        """Return the process number of the embedded server, None when it does not run."""
        running = postmaster.find(EmbeddedServer(self.path).layout)
        return None if running is None else running.pid

    def close(self) -> None:
        for service in self.services:
            service.process.kill()
            service.process.communicate()
            service.log.unlink(missing_ok=True)
        layout = EmbeddedServer(self.path).layout
        if postmaster.find(layout) is not None:
            postmaster.stop(layout)
        layout.forget_socket_directory()
        shutil.rmtree(self.path, ignore_errors=True)


class Service:
    """One run of `joinder serve`."""

    def __init__(self, log: Path, environment: dict[str, str], arguments: tuple[str, ...]) -> None:
        self.log = log
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*JOINDER, "serve", "--port", "0", "--evaluator-port", "0", *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self.urls: dict[str, str] = {}

    def await_addresses(self) -> Self:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            name, _, url = line.strip().partition(" ")
            if name in {"Registry", "Evaluator"}:
                self.urls[name.lower()] = url.strip()
            if line.startswith("Stop"):
                return self
        raise AssertionError(self.log.read_text())

    def get(self, name: str, path: str) -> tuple[int, Any]:
        """Return status and JSON of a GET on one of the processes."""
        response = httpx.get(self.urls[name] + path, timeout=30, trust_env=False)
        return response.status_code, response.json()

    def children(self) -> dict[str, int]:
        """Return the process numbers of evaluator and registry by name."""
        found: dict[str, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and parent_of(int(entry.name)) == self.process.pid:
                arguments = (entry / "cmdline").read_text().split("\0")
                for name in ("evaluator", "registry"):
                    if name in arguments:
                        found[name] = int(entry.name)
        return found

    def lines(self) -> list[dict[str, Any]]:
        """Return the log lines of all processes so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]

    def stop(self) -> int:
        """Stop the service in order and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def soon(condition: Callable[[], bool], within: float = 30) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False
