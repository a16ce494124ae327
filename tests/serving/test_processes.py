"""`joinder serve` with real processes: two of them, each without the other's secrets."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.settings import EvaluatorSettings
from app.evaluator.main import create_app as create_evaluator
from app.serving.process import FORBIDDEN, MisplacedSecretError, build
from tests.factories import Registry
from tests.serving.service import ROOT, Home, is_alive, soon

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]
READY = {
    "registry": {"status": "ready", "nights": "on_time"},
    "evaluator": {"status": "ready"},
}
PROBE = """
import json, socket, sys
from pathlib import Path
from app.serving import process

kind, keys, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
process._confine(keys, kind, connect=kind == "registry")
def attempt(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"
found = {
    str(path.relative_to(keys)): attempt(path.read_bytes)
    for path in map(Path, sys.argv[4:])
}
found["connect"] = attempt(lambda: socket.create_connection(("127.0.0.1", port), 2).close())
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    made = Home()
    yield made
    made.close()


class TestServe:
    def test_life(self, home: Home) -> None:
        """Started, killed, started again with its data, and stopped without a trace."""
        first = home.serve()
        for name in ("registry", "evaluator"):
            assert first.get(name, "/healthz") == (200, {"status": "ok"})
            assert first.get(name, "/readyz") == (200, READY[name])
        started = {line["process"] for line in first.lines()}
        assert {"registry", "evaluator"} <= started <= {"registry", "evaluator", "worker"}
        home.fetch("COMMENT ON TABLE cases IS 'kept'")
        children, database = first.children(), home.postmaster()
        assert set(children) == {"registry", "evaluator"}
        assert database is not None
        keys = {path: path.read_bytes() for path in (home.path / "keys").rglob("*-1")}
        self.holds_apart(first.lines(), children, home)

        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        assert soon(lambda: not any(map(is_alive, children.values())))

        second = home.serve()
        assert home.fetch("SELECT obj_description('cases'::regclass)") == "kept"
        assert second.get("registry", "/readyz")[0] == 200
        assert keys == {path: path.read_bytes() for path in (home.path / "keys").rglob("*-1")}
        children, database = second.children(), home.postmaster()
        assert database is not None
        assert second.stop() == 0
        assert not any(map(is_alive, [*children.values(), database]))
        assert home.postmaster() is None

    def holds_apart(
        self, lines: list[dict[str, Any]], children: dict[str, int], home: Home
    ) -> None:
        confined = [line["confined"] for line in lines if line["event"] == "confinement"]
        assert len(confined) >= 2
        assert len(set(confined)) == 1
        try:
            environments = {
                name: Path(f"/proc/{pid}/environ").read_text() for name, pid in children.items()
            }
        except PermissionError:
            return  # nobody but root can look: better still
        assert "JOINDER_DATABASE_URL" not in environments["evaluator"]
        password = environments["registry"].partition("joinder_service:")[2].partition("@")[0]
        assert len(password) > 20
        assert password not in environments["evaluator"]
        for secret in (home.path / "keys").rglob("*-*"):
            assert not any(secret.read_text() in text for text in environments.values())

    def test_stopped_while_it_starts(self, home: Home) -> None:
        environment = {**home.environment, "JOINDER_HOME": f"{home.path}/early"}
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli.main", "serve", "--port", "0", "--evaluator-port", "0"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert soon((Path(environment["JOINDER_HOME"]) / "postgres.users").exists, 20)
        process.terminate()
        assert process.wait(30) == 0

    def test_taken_port_is_a_sentence(self, home: Home) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            done = subprocess.run(
                [sys.executable, "-m", "app.cli.main", "serve", "--port", port],
                env=home.environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.returncode == 1
        assert port in done.stderr
        assert "Traceback" not in done.stderr

    def test_ends_when_a_process_dies(self, home: Home) -> None:
        service = home.serve()
        children = service.children()
        os.kill(children["evaluator"], signal.SIGKILL)
        assert service.process.wait(15) == 1
        assert not any(map(is_alive, children.values()))


class TestSeparation:
    @pytest.mark.parametrize("kind", ["registry", "evaluator"])
    def test_kernel_keeps_the_others_files_closed(self, kind: str, keys_directory: Path) -> None:
        files = [path for path in keys_directory.rglob("*") if path.is_file()]
        with socket.create_server(("127.0.0.1", 0)) as server:
            done = subprocess.run(
                [
                    *(sys.executable, "-c", PROBE, kind, str(keys_directory)),
                    *(str(server.getsockname()[1]), *map(str, files)),
                ],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=True,
                timeout=30,
            )
        log, found = done.stdout.splitlines()
        if "confined=False" in log or '"confined": false' in log:
            pytest.skip("this kernel has no Landlock")
        allowed = {"connect"} if kind == "registry" else set()
        for name, outcome in json.loads(found).items():
            is_mine = name in allowed or name.partition("/")[0] in {kind, "public"}
            assert outcome == ("done" if is_mine else "PermissionError"), name

    async def test_each_works_where_the_others_files_are_not(
        self, fresh_database_url: str, keys_directory: Path, tmp_path: Path
    ) -> None:
        """The seed is a file of the evaluator, and no setting: on a host of its own it stays."""
        registry, evaluator = tmp_path / "one", tmp_path / "other"
        shutil.copytree(keys_directory, registry, ignore=shutil.ignore_patterns("evaluator"))
        shutil.copytree(keys_directory, evaluator, ignore=shutil.ignore_patterns("registry"))
        seeds = {path.read_bytes() for path in evaluator.glob("evaluator/seed-*")}
        assert seeds
        assert seeds.isdisjoint(path.read_bytes() for path in registry.rglob("*") if path.is_file())
        async with Registry.started(fresh_database_url, registry) as started:
            assert (await started.http().get("/readyz")).status_code == 200
        assert create_evaluator(EvaluatorSettings(keys=evaluator)).state.keys

    @pytest.mark.parametrize(
        ("kind", "name"), [(kind, name) for kind, names in FORBIDDEN.items() for name in names]
    )
    def test_misplaced_setting_is_refused_and_dropped(
        self, kind: Any, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "misplaced-secret")
        with pytest.raises(MisplacedSecretError, match=name) as caught:
            build(kind)
        assert "misplaced-secret" not in str(caught.value)
        assert name not in os.environ

    @pytest.mark.parametrize(
        ("module", "forbidden"),
        [
            (
                "app.evaluator.main",
                ["sqlalchemy", "asyncpg", "alembic", "app.core.db", "app.cases"],
            ),
            ("app.main", ["app.evaluator", "app.client", "pgqueuer"]),
            ("app.serving.process", ["app.main", "app.evaluator", "sqlalchemy", "asyncpg"]),
            ("app.serving.supervisor", ["sqlalchemy", "asyncpg", "pgqueuer"]),
        ],
    )
    def test_never_imports(self, module: str, forbidden: list[str]) -> None:
        script = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        loaded = set(json.loads(done.stdout))
        assert module in loaded
        assert loaded.isdisjoint(forbidden)
