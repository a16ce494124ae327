"""Starts evaluator and registry as children, watches them and stops them in order."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import IO, Final, Literal

from app.core.settings import EvaluatorSettings, RegistrySettings
from app.serving.installation import Installation
from app.serving.night import LOOK_SECONDS, Nights
from app.serving.process import GRACE_SECONDS, Kind, StartError, listen
from app.serving.tally import tally_file

START_SECONDS: Final = 120.0
_NIGHT: Final = "JOINDER_DEMO_NIGHT"


@dataclass(frozen=True)
class Addresses:
    """Where the two processes of a running service are."""

    registry: str
    evaluator: str


class Service:
    """The running processes of a service."""

    def __init__(
        self,
        here: Installation,
        addresses: Addresses,
        processes: list["subprocess.Popen[bytes]"],
        asked: int,
    ) -> None:
        self._here = here
        self._asked = asked
        self.addresses = addresses
        self.processes = processes
        self._told_to_stop = False

    def wait(
        self,
        nightly_at: time | None = None,
        another: "Callable[[], subprocess.Popen[bytes]] | None" = None,
    ) -> int:
        """Wait for a signal or for a process to end; 0, or 1 if a process ended by itself.

        An embedded server that was killed is started again; until then requests get 503. At
        `nightly_at`, UTC, the nightly run is started beside the service, without it none is due any
        more; `another` each time that a page of a demonstration asks for one.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        return asyncio.run(self._watch(nightly_at, another))

    async def _watch(
        self, nightly_at: time | None, another: "Callable[[], subprocess.Popen[bytes]] | None"
    ) -> int:
        stop = asyncio.Event()
        nights = Nights(self._here, stop)
        schedule = nights.end() if nightly_at is None else nights.keep(nightly_at)
        beside = {asyncio.create_task(schedule)}
        try:
            while not self._told_to_stop:
                if any(process.poll() is not None for process in self.processes):
                    return 1
                self._here.keep_database_up()
                if another is not None and self._is_asked():
                    beside.add(asyncio.create_task(nights.take(another)))
                await asyncio.sleep(LOOK_SECONDS)
            return 0
        finally:
            stop.set()
            await asyncio.wait(beside, timeout=GRACE_SECONDS)

    def _is_asked(self) -> bool:
        try:
            return bool(os.read(self._asked, 100))
        except BlockingIOError:
            return False

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop = True


@contextmanager
def running(
    here: Installation,
    host: str = "127.0.0.1",
    ports: tuple[int, int] = (0, 0),
    workers: int = 1,
    evaluators: int = 1,
    *,
    works: bool = True,
    settings: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Service]:
    """Start evaluators, registries and a worker; yield them once they answer, stop them at the end.

    Each child gets a clean environment with its own settings only. The children end by
    themselves when this process dies, because a pipe to it closes. Their JSON logs go to standard
    error, or to the file `log`.

    Raises:
        StartError: a port is taken, or a process did not start within two minutes.
    """
    with ExitStack() as stack:
        listeners = [stack.enter_context(listen(host, port)) for port in ports]
        urls = [_url(host, listener.getsockname()[1]) for listener in listeners]
        addresses = Addresses(os.environ.get("JOINDER_PUBLIC_URL", urls[0]), urls[1])
        common = {"JOINDER_KEYS": str(here.keys), "JOINDER_PUBLIC_URL": addresses.registry}
        registry = {
            "JOINDER_DATABASE_URL": here.database_url,
            "JOINDER_EVALUATOR_URL": os.environ.get("JOINDER_EVALUATOR_URL", urls[1]),
            **(settings or {}),
        }
        stderr = stack.enter_context(log.open("ab")) if log else None
        reading, writing = os.pipe()
        stack.callback(os.close, writing)
        asked, asking = os.pipe()  # a confined process signals no other, but keeps what is open
        os.set_blocking(asked, False)
        for end in (asked, asking):
            stack.callback(os.close, end)
        processes: list[subprocess.Popen[bytes]] = []
        stack.callback(_stop_all, processes)
        asks = {_NIGHT: str(asking)} if "JOINDER_DEMO_PEOPLE" in registry else {}
        kinds: list[tuple[Kind, int, int, Mapping[str, str]]] = [
            ("evaluator", 1, evaluators, common),
            ("registry", 0, workers, {**common, **registry, **asks}),
        ]
        for kind, index, number, environment in kinds:
            shared = listeners[index].fileno(), stack.enter_context(tally_file(number))
            for place in range(number):
                numbers = (*shared, place)
                processes.append(_spawn(kind, reading, environment, stderr, numbers))
        if works:
            processes.append(_spawn("worker", reading, {**common, **registry}, stderr))
        os.close(reading)
        for url in urls:
            _await_answer(f"{url}/healthz", processes)
        yield Service(here, addresses, processes, asked)


def _url(host: str, port: int) -> str:
    """Return where a process is reached; an address of all interfaces is none to reach it at."""
    wildcards = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 -- read, not bound
    reached = wildcards.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _spawn(
    kind: Kind | Literal["worker"],
    parent: int,
    settings: Mapping[str, str],
    stderr: IO[bytes] | None,
    numbers: tuple[int, ...] = (),
) -> "subprocess.Popen[bytes]":
    """Start a child; `numbers` are those of its listener and tally, and its place in that."""
    # PostgreSQL's own variables may hold a password, and the evaluator has no database
    hidden = ("JOINDER_", "PG") if kind == "evaluator" else ("JOINDER_",)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    told = EvaluatorSettings if kind == "evaluator" else RegistrySettings
    ours = [f"JOINDER_{name.upper()}" for name in told.model_fields]
    kept = {key: os.environ[key] for key in ours if key in os.environ}
    asking = [int(settings[_NIGHT])] if _NIGHT in settings else []
    module = "app.serving.work" if kind == "worker" else "app.serving.process"
    return subprocess.Popen(  # noqa: S603 -- our own module with our own arguments
        [sys.executable, "-m", module, kind, *map(str, (parent, *numbers))],
        env={**inherited, **kept, **settings},
        pass_fds=(parent, *numbers[:2], *asking),
        stdin=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,  # Ctrl-C goes to the parent, which stops the children in order
    )


def _await_answer(url: str, processes: list["subprocess.Popen[bytes]"]) -> None:
    until = monotonic() + START_SECONDS
    while monotonic() < until:
        if any(process.poll() is not None for process in processes):
            break
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 -- our own address
                return
        except (urllib.error.URLError, OSError):
            sleep(0.05)
    raise StartError("A process did not start; its last log lines say why.")


def _stop_all(processes: list["subprocess.Popen[bytes]"]) -> None:
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(GRACE_SECONDS + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
