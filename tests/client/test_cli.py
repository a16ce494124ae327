import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from app.cli.client import app
from app.cli.client_feed import Late
from app.client.config import ClientConfig, read_config, write_config
from app.identifiers.kinds import KEY_CLASSES
from tests.client.service import Service
from tests.client.test_push import HEADER, MAP, row

# a shell that starts the tests in the background has them ignore SIGINT
INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = (sys.executable, "-c", f"{INTERRUPTIBLE}; from app.cli.client import app; app()")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _servers_log_beside() -> Iterator[None]:
    """Keep the log of the servers, which run in this process, out of what the commands print."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    yield
    structlog.configure(**before)


@pytest.fixture
def office(tmp_path: Path, service: Service) -> Path:
    """An office set up by the commands themselves."""
    directory = tmp_path / "the office"
    made = run("init", str(directory), "--registry", service.url)
    client_id = service.add_office(json.loads(made))
    run("pin", str(directory), "--client-id", client_id, "--yes")
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


def repin(office: Path, epoch: int, **changes: str) -> ClientConfig:
    """Let the office have pinned what it has for an epoch, and changed keys."""
    config = read_config(office)
    config = replace(config, pins={epoch: {**config.pins[1], **changes}})
    write_config(config)
    return config


class TestWatch:
    def test_pushes_what_is_there_and_tells_what_is_late_though_the_server_is_away(
        self, office: Path, export: Path, service: Service, tmp_path: Path
    ) -> None:
        drop = tmp_path / "drop"
        drop.mkdir()
        for name in ("identity", "known"):
            (tmp_path / name).touch(mode=0o600)
        away = [
            *("--from", "sftp://office@127.0.0.1:1/out"),  # nobody listens there
            *("--identity", str(tmp_path / "identity")),
            *("--known-hosts", str(tmp_path / "known")),
        ]

        def watch(*more: str) -> tuple[int, str, str]:
            mapping = "--map", str(export.with_name("map.toml"))
            common = ("watch", str(drop), *mapping, "--config", str(office), "--once")
            done = CliRunner().invoke(app, [*common, *more], catch_exceptions=False)
            return done.exit_code, done.stdout, done.stderr

        late = "--expect-by", "00:00"
        status, out, err = watch(*late)
        assert (status, out) == (1, "")
        assert "No export came" in err
        told = "SELECT kind, finding FROM alarms a JOIN client_credentials k USING (office_id)"
        alarms = service.rows(f"{told} WHERE k.id = :id", id=read_config(office).client_id)
        assert alarms == [("late_export", f"{datetime.now().astimezone():%Y-%m-%d}")]
        status, out, err = watch(*late, *away)
        assert (status, out) == (75, "")
        assert "No export came" in err
        assert "sftp-failed" in err
        export.rename(drop / "cases.csv")
        os.utime(drop / "cases.csv", (1, 1))
        status, out, err = watch(*late, *away, "--json")
        assert (status, json.loads(out)["cases"]) == (75, 5)
        assert "No export came" not in err
        assert watch(*late) == (0, "", "")

    @pytest.mark.long
    def test_says_and_tells_of_each_export_once_and_again_where_the_registry_was_away(
        self, office: Path, service: Service, capsys: pytest.CaptureFixture[str]
    ) -> None:
        config = read_config(office)
        late = Late(replace(config, registry="http://127.0.0.1:1"))  # nobody listens there
        day = datetime.now().astimezone().replace(hour=0, minute=30)
        before = day.date() - timedelta(days=1)
        said = [_told(late, day, capsys)]
        late.office = config
        # past midnight the export of the day before is due, and an hour later the next one
        said += [_told(late, day + timedelta(hours=hours), capsys) for hours in (0, 0.1, 1, 2)]
        assert said == [(1, 1), (0, 0), (0, 0), (1, 0), (0, 0)]
        told = "SELECT finding FROM alarms a JOIN client_credentials k USING (office_id)"
        alarms = service.rows(f"{told} WHERE k.id = :id ORDER BY 1", id=config.client_id)
        assert [finding for (finding,) in alarms] == [str(before), str(day.date())]


def _told(late: Late, now: datetime, capsys: pytest.CaptureFixture[str]) -> tuple[int, int]:
    """Tell of an export that is due at one; return how often that, and a failure, were said."""
    late.tell(time_of_day(1), now)
    said = capsys.readouterr().err
    return said.count("No export came"), said.count("The registry was not told")


class TestSetUp:
    def test_the_key_is_kept_private(self, office: Path) -> None:
        assert (office / "private-key.pem").stat().st_mode & 0o777 == 0o600

    def test_init_twice_keeps_the_key(self, office: Path, service: Service) -> None:
        before = (office / "private-key.pem").read_bytes()
        run("init", str(office), "--registry", service.url, status=2)
        assert (office / "private-key.pem").read_bytes() == before

    def test_pinning_without_a_terminal_needs_yes(self, tmp_path: Path, service: Service) -> None:
        run("init", str(tmp_path / "o"), "--registry", service.url)
        shown = run("pin", str(tmp_path / "o"), "--client-id", "office-1", status=2)
        assert shown.count("  ") >= 3
        assert "[pins" not in (tmp_path / "o" / "joinder-client.toml").read_text()

    def test_pinning_again_changes_nothing(self, office: Path) -> None:
        before = (office / "joinder-client.toml").read_bytes()
        run("pin", str(office))
        assert (office / "joinder-client.toml").read_bytes() == before

    def test_a_changed_key_is_not_pinned_over(self, office: Path) -> None:
        pinned = repin(office, 1, tel="00" * 32)
        run("pin", str(office), "--yes", status=76)
        assert read_config(office) == pinned

    def test_a_new_epoch_is_pinned_beside_the_old(self, office: Path, service: Service) -> None:
        before = repin(office, 0)
        run("pin", str(office), "--yes")
        assert read_config(office).pins == {**before.pins, 1: service.classes}

    def test_check_reports(self, office: Path) -> None:
        assert "CA-0" in run("check", str(office))
        report = json.loads(run("check", str(office), "--json"))
        assert report["me"]["client_id"] == read_config(office).client_id
        assert set(report["fingerprints"]) == set(KEY_CLASSES)
        repin(office, 1, tel="00" * 32)
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

    def test_status_75_when_the_allowance_is_used_up(
        self, office: Path, export: Path, service: Service
    ) -> None:
        push(office, export)
        spent = service.rows(
            "UPDATE quota_buckets SET spent = 3000 WHERE holder = :holder RETURNING key_class",
            holder=f"client:{read_config(office).client_id}",
        )
        assert spent
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
    def test_lists_each_value_once(
        self, office: Path, kind: str, values: str, kinds: list[str]
    ) -> None:
        made = [json.loads(line) for line in self.suppress(office, kind, values)]
        assert [entry["kind"] for entry in made] == kinds
        assert [entry["id"] for entry in made] == [
            json.loads(line)["id"] for line in run("suppressions", str(office)).splitlines()
        ][::-1]
        assert self.suppress(office, kind, values) == [f"{kind}: on the list already"] * len(kinds)
        run("end-suppression", str(office), made[0]["id"])
        kept = run("suppressions", str(office)).splitlines()
        assert len(kept) == len(kinds) - 1

    @pytest.mark.parametrize(
        ("kind", "values", "said"),
        [
            ("tel", "+1 209 555 0142\nunknown", "Line 2"),
            ("tel", "\n", "no-value"),
            ("shoe", "x", "kind-unknown"),
        ],
    )
    def test_what_is_no_value_ends_it(
        self, office: Path, kind: str, values: str, said: str
    ) -> None:
        words = ["elements", str(office), "--kind", kind]
        result = CliRunner().invoke(app, words, input=values)
        assert (result.exit_code, said in result.stderr) == (2, True)
        assert run("suppressions", str(office)) == ""

    def test_elements_are_what_the_operator_pipes(self, office: Path) -> None:
        found = json.loads(run("elements", str(office), "--kind", "tel", piped="209 555 0142"))
        assert found.keys() == {"match_spec", "epoch", "kind", "token"}


@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX")
def test_an_interruption_is_resumable(office: Path, export: Path, service: Service) -> None:
    rows = [row(number, given="", surname="", born="") for number in range(250)]
    export.write_text(HEADER + rows[249])
    push(office, export)
    export.write_text(HEADER + "".join(rows))
    mapping = str(export.with_name("map.toml"))
    kept = export.with_name("export.csv.push-state")
    waiting = (
        "SELECT 1 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query LIKE '% cases %'"  # batches wait for each other's quota too
    )
    command = [*COMMAND, "push", str(export), "--map", mapping, "--config", str(office)]
    with (
        service.holding("SELECT 1 FROM cases WHERE external_id = 'EX-249' FOR UPDATE"),
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process,
    ):
        while not (kept.exists() and service.rows(waiting)):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    line = json.loads(kept.read_text())["line"]
    assert 0 < line < 250
    report = json.loads(push(office, export, "--json"))
    assert report["resumed_after_line"] == line
    assert len(service.cases(read_config(office))) == 250


def test_help_does_not_load_the_clients_libraries() -> None:
    code = "import sys, app.cli.client; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"httpx", "joserfc", "pydantic", "rich.progress", "phonenumbers"} & set(loaded)
