"""The walls that the kernel keeps, tried from inside a confined process."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBE = """
import errno, json, os, signal, socket, sys
from pathlib import Path
from app.core.confinement import confine

plan = json.loads(sys.argv[1])

def attempt(act, *arguments):
    try:
        act(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, "OSError")
    return "done"

def read(path):
    with open(path) as file:
        file.read(1)

held = open(plan["held"])
confined = confine(read=[Path(path) for path in plan["read"]], connect=plan["connect"])
print(json.dumps({
    "confined": confined,
    "read": {path: attempt(read, path) for path in plan["try"]},
    "list": {path: attempt(os.listdir, path) for path in plan["try_list"]},
    "write": attempt(Path(plan["write"]).write_text, "x"),
    "truncate": attempt(os.truncate, plan["write"], 0),
    "remove": attempt(os.unlink, plan["write"]),
    "rename": attempt(os.rename, plan["write"], plan["write"] + "2"),
    "link": attempt(os.link, plan["held"], plan["write"] + "3"),
    "connect": attempt(socket.create_connection, ("127.0.0.1", plan["port"]), 2),
    "signal": attempt(os.kill, os.getppid(), 0),
    "environ": attempt(read, f"/proc/{os.getppid()}/environ"),
    "memory": attempt(read, f"/proc/{os.getppid()}/mem"),
    "held": held.read(),
    "random": len(os.urandom(8)),
    "core": __import__("resource").getrlimit(__import__("resource").RLIMIT_CORE),
}))
"""
DENIED = {"EACCES", "EPERM"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "key").write_text(name)
    (tmp_path / "mine" / "way-out").symlink_to(tmp_path / "theirs" / "key")
    return tmp_path


def probe(place: Path, *, connect: bool) -> dict[str, Any]:
    """Return what a process could do that may read `mine` and tried everything."""
    tried = ["mine/key", "mine/way-out", "theirs/key", "mine/../theirs/key", "absent"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        plan = {
            "read": [str(place / "mine"), str(place / "not-there")],
            "try": [str(place / path) for path in tried],
            "try_list": [str(place), str(place / "theirs"), "/", "/dev", "/etc", "/proc"],
            "write": str(place / "mine" / "key"),
            "held": str(place / "theirs" / "key"),
            "port": server.getsockname()[1],
            "connect": connect,
        }
        done = subprocess.run(
            [sys.executable, "-c", PROBE, json.dumps(plan)],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    found: dict[str, Any] = json.loads(done.stdout)
    found["read"] = {
        Path(path).relative_to(place).as_posix(): v for path, v in found["read"].items()
    }
    if not found["confined"]:
        pytest.skip("this kernel has no Landlock")
    return found


KERNEL = tuple(int(number) for number in os.uname().release.split(".")[:2] if number.isdigit())


class TestConfine:
    def test_reads_what_it_was_given_and_nothing_else(self, place: Path) -> None:
        found = probe(place, connect=False)
        assert found["read"]["mine/key"] == "done"
        for path in ("mine/way-out", "theirs/key", "mine/../theirs/key", "absent"):
            assert found["read"][path] in DENIED | {"ENOENT"}, path
        assert set(found["list"].values()) <= DENIED

    def test_changes_nothing(self, place: Path) -> None:
        found = probe(place, connect=False)
        for deed in ("write", "truncate", "remove", "rename", "link"):
            assert found[deed] in DENIED | {"EXDEV"}, deed
        assert (place / "mine" / "key").read_text() == "mine"
        assert sorted(path.name for path in (place / "mine").iterdir()) == ["key", "way-out"]

    def test_connects_only_where_it_may(self, place: Path) -> None:
        assert probe(place, connect=True)["connect"] == "done"
        assert probe(place, connect=False)["connect"] in DENIED

    def test_cannot_look_into_its_parent(self, place: Path) -> None:
        found = probe(place, connect=True)
        assert found["environ"] in DENIED
        assert found["memory"] in DENIED

    @pytest.mark.skipif(KERNEL < (6, 12), reason="this kernel cannot confine signals")
    def test_signals_nobody_outside(self, place: Path) -> None:
        assert probe(place, connect=True)["signal"] in DENIED

    def test_keeps_what_it_holds_and_what_the_interpreter_needs(self, place: Path) -> None:
        found = probe(place, connect=False)
        assert found["held"] == "theirs"
        assert found["random"] == 8
        assert found["core"] == [0, 0]
