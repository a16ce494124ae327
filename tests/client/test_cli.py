import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from app.cli.client import app
from app.identifiers.kinds import KEY_CLASSES
from tests.client.fakes import FakeRegistry, problem
from tests.client.loopback import serving
from tests.client.test_push import HEADER, MAP, row

# a shell that starts the tests in the background has them ignore SIGINT
INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = (sys.executable, "-c", f"{INTERRUPTIBLE}; from app.cli.client import app; app()")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def served() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry()) as registry:
        yield registry


@pytest.fixture
def office(tmp_path: Path, served: FakeRegistry) -> Path:
    """An office set up by the commands themselves."""
    directory = tmp_path / "the office"
    made = run("init", str(directory), "--registry", served.url)
    served.clients["office-1"] = ECKey.import_key(json.loads(made))
    run("pin", str(directory), "--client-id", "office-1", "--yes")
    return directory


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text(MAP)
    path = tmp_path / "export.csv"
    path.write_text(HEADER + "".join(map(row, range(5))))
    return path


def run(*arguments: str, status: int = 0, piped: str = "") -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False, input=piped)
    assert result.exit_code == status, result.output
    return result.stdout


def push(office: Path, export: Path, *more: str, status: int = 0) -> str:
    mapping = str(export.with_name("map.toml"))
    arguments = ("push", str(export), "--map", mapping, "--config", str(office), *more)
    return run(*arguments, status=status)


class TestSetUp:
    def test_the_key_is_printed_public_and_kept_private(self, office: Path) -> None:
        assert (office / "private-key.pem").stat().st_mode & 0o777 == 0o600
        assert "office-1" in (office / "joinder-client.toml").read_text()

    def test_init_twice_keeps_the_key(self, office: Path, served: FakeRegistry) -> None:
        before = (office / "private-key.pem").read_bytes()
        run("init", str(office), "--registry", served.url, status=2)
        assert (office / "private-key.pem").read_bytes() == before

    def test_pinning_without_a_terminal_needs_yes(
        self, tmp_path: Path, served: FakeRegistry
    ) -> None:
        run("init", str(tmp_path / "o"), "--registry", served.url)
        shown = run("pin", str(tmp_path / "o"), "--client-id", "office-1", status=2)
        assert shown.count("  ") >= 3
        assert "[pins" not in (tmp_path / "o" / "joinder-client.toml").read_text()

    def test_pinning_again_changes_nothing(self, office: Path) -> None:
        before = (office / "joinder-client.toml").read_bytes()
        run("pin", str(office))
        assert (office / "joinder-client.toml").read_bytes() == before

    def test_a_changed_key_is_not_pinned_over(self, office: Path, served: FakeRegistry) -> None:
        before = (office / "joinder-client.toml").read_bytes()
        served.seed = bytes(32)
        run("pin", str(office), "--yes", status=76)
        assert (office / "joinder-client.toml").read_bytes() == before

    def test_a_new_epoch_is_pinned_beside_the_old(self, office: Path, served: FakeRegistry) -> None:
        served.epoch = 2
        run("pin", str(office), "--yes")
        text = (office / "joinder-client.toml").read_text()
        assert "[pins.1]" in text
        assert "[pins.2]" in text

    def test_check_reports(self, office: Path, served: FakeRegistry) -> None:
        assert "EX1" in run("check", str(office))
        report = json.loads(run("check", str(office), "--json"))
        assert report["me"]["client_id"] == "office-1"
        assert set(report["fingerprints"]) == set(KEY_CLASSES)
        served.seed = bytes(32)
        run("check", str(office), status=76)


class TestPush:
    def test_prints_what_was_done(self, office: Path, export: Path) -> None:
        assert "5 cases: 5 created" in push(office, export)
        report = json.loads(push(office, export, "--json"))
        assert report["unchanged"] == 5
        assert report["cases_per_second"] > 0

    def test_status_1_when_something_was_rejected(self, office: Path, export: Path) -> None:
        export.write_text(HEADER + row(1, phone="x"))
        assert "1 fields left out" in push(office, export, status=1)
        assert "Dry run" in push(office, export, "--dry-run", status=1)

    def test_status_2_for_wrong_use(self, office: Path, export: Path, tmp_path: Path) -> None:
        push(office, tmp_path / "absent.csv", status=2)
        push(tmp_path / "nowhere", export, status=2)
        run("init", str(tmp_path / "new"), "--registry", "http://127.0.0.1:9")
        push(tmp_path / "new", export, status=2)

    def test_status_75_when_the_registry_cannot_answer(
        self, office: Path, export: Path, served: FakeRegistry
    ) -> None:
        def fault(_: httpx.Request) -> httpx.Response:
            served.faults.append(fault)
            return problem(503, "not-now", Retry_After="3600")

        served.faults.append(fault)
        push(office, export, status=75)


class TestSuppress:
    def suppress(self, office: Path, kind: str, piped: str, status: int = 0) -> list[str]:
        words = ["suppress", str(office), "--kind", kind, "--mode", "block"]
        words += ["--reason", "hotline", "--until", "2027-03-01"]
        return run(*words, piped=piped, status=status).splitlines()

    @pytest.mark.parametrize(
        ("kind", "values", "kinds"),
        [
            ("tel", "(209) 555-0142\n\n+1 209 555 0143\n", ["tel", "tel"]),
            ("plate", "CA:7ABC0123", ["plate"]),
            ("addr", "4417 Juniperwood Avenue, 93650", ["addr", "addr0"]),
            ("addr", "4417 Juniperwood Avenue Apt 31, 93650", ["addr"]),
        ],
    )
    def test_sends_tokens_of_the_values_alone(
        self, office: Path, served: FakeRegistry, kind: str, values: str, kinds: list[str]
    ) -> None:
        made = [json.loads(line) for line in self.suppress(office, kind, values)]
        assert [entry["kind"] for entry in made] == kinds
        wire = b"".join(served.recorded)
        assert not any(raw in wire for raw in (b"5550142", b"555-0142", b"7ABC0123", b"uniperwood"))
        assert [entry["id"] for entry in made] == [
            json.loads(line)["id"] for line in run("suppressions", str(office)).splitlines()
        ][::-1]
        assert self.suppress(office, kind, values) == [f"{kind}: on the list already"] * len(kinds)
        run("end-suppression", str(office), made[0]["id"])
        assert len(served.suppressions) == len(kinds) - 1

    @pytest.mark.parametrize(
        ("kind", "values", "said"),
        [
            ("tel", "+1 209 555 0142\nunknown", "Line 2"),
            ("tel", "\n", "no-value"),
            ("shoe", "x", "kind-unknown"),
        ],
    )
    def test_what_is_no_value_ends_it_before_anything_is_sent(
        self, office: Path, served: FakeRegistry, kind: str, values: str, said: str
    ) -> None:
        before = len(served.requests)
        words = ["elements", str(office), "--kind", kind]
        result = CliRunner().invoke(app, words, input=values)
        assert (result.exit_code, said in result.stderr) == (2, True)
        assert len(served.requests) == before

    def test_elements_are_what_the_operator_pipes(self, office: Path) -> None:
        found = json.loads(run("elements", str(office), "--kind", "tel", piped="209 555 0142"))
        assert found.keys() == {"match_spec", "epoch", "kind", "token"}


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX")
def test_an_interruption_is_resumable(office: Path, export: Path, served: FakeRegistry) -> None:
    export.write_text(HEADER + "".join(map(row, range(500))))

    def slow_down(request: httpx.Request) -> None:
        served.faults.append(slow_down)
        if request.method == "PUT" and len(served.cases) >= 200:
            time.sleep(1)

    served.faults.append(slow_down)
    mapping = str(export.with_name("map.toml"))
    process = subprocess.Popen(
        [*COMMAND, "push", str(export), "--map", mapping, "--config", str(office)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    state = export.with_name("export.csv.push-state")
    deadline = time.monotonic() + 30
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    assert 0 < json.loads(state.read_text())["line"] < 501
    served.faults.clear()
    report = json.loads(push(office, export, "--json"))
    assert report["resumed_after_line"] > 0
    assert len(served.cases) == 500


def test_help_does_not_load_the_clients_libraries() -> None:
    code = "import sys, app.cli.client; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"httpx", "joserfc", "pydantic", "rich.progress", "phonenumbers"} & set(loaded)
