"""Exports are fetched whole and once, by OpenSSH's sftp, from a host whose key is pinned."""

import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio.to_thread
import asyncssh
import pytest

from app.client.clock import SystemClock
from app.client.errors import TemporaryError, TrustError, UsageError
from app.client.push import Summary
from app.client.sftp import Source, fetch
from app.client.watch import Folder

pytestmark = pytest.mark.skipif(shutil.which("sftp") is None, reason="needs the OpenSSH client")


def written(key: asyncssh.SSHKey, path: Path) -> Path:
    key.write_private_key(path)
    path.chmod(0o600)
    return path


def exports(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if not file.name.startswith(".")}


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Source]:
    """A server of its own on a loopback port, with two exports and what is none."""
    host, own = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    (tmp_path / "there" / "out").mkdir(parents=True)
    own.write_public_key(tmp_path / "authorized")
    async with asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=str(tmp_path / "authorized"),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(tmp_path / "there")),
    ) as server:
        port = server.get_port()
        public = host.export_public_key().decode().split()[:2]
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {' '.join(public)}\n")
        identity = written(own, tmp_path / "identity")
        yield Source(f"sftp://office@127.0.0.1:{port}/out", identity, known)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "there" / "out"


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


async def fetched(source: Source, folder: Path) -> int:
    return await anyio.to_thread.run_sync(fetch, source, folder)


class TestFetch:
    async def test_each_export_comes_once_and_whole(
        self, source: Source, out: Path, drop: Path
    ) -> None:
        (out / "cases 1.csv").write_text("case\n" * 50_000)
        (out / "cases.csv").write_text("case\n1\n")
        (out / "notes.doc").write_text("no export")
        (out / "x';rm.csv").write_text("a name that would need quoting")
        assert await fetched(source, drop) == 2
        assert exports(drop) == {"cases 1.csv", "cases.csv"}
        assert (drop / "cases 1.csv").read_text() == "case\n" * 50_000
        (drop / "cases.csv").unlink()
        assert await fetched(source, drop) == 0
        (out / "cases.csv").write_text("case\n1\n2\n")
        assert await fetched(source, drop) == 1

    async def test_one_that_settled_there_is_taken_at_once_the_oldest_first(
        self, source: Source, out: Path, drop: Path
    ) -> None:
        """A timer looks once a night: what it fetches must not wait for the next one."""
        now = time.time()
        for name, age in (("a.csv", 200), ("b.csv", 300), ("grows.csv", 1)):
            (out / name).write_text("case\n1\n")
            (out / name).chmod(0o644)
            os.utime(out / name, (now - age, now - age))
        assert await fetched(source, drop) == 3
        folder = Folder(drop)
        with folder.held():
            taken = list(folder.take(lambda _: Summary(), SystemClock()))
        assert [each.name for each in taken] == ["b.csv", "a.csv"]
        left = [*(drop / "done").iterdir(), drop / "grows.csv"]
        assert {file.stat().st_mode & 0o777 for file in left} == {0o600}, "they hold names"

    async def test_a_host_with_another_key_is_refused(
        self, source: Source, out: Path, drop: Path, tmp_path: Path
    ) -> None:
        (out / "cases.csv").write_text("case\n1\n")
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        place = source.known_hosts.read_text().split()[0]
        wrong = tmp_path / "wrong"
        for known in (f"{place} {other}", "elsewhere.example.com ssh-ed25519 AAAA\n"):
            wrong.write_text(known)
            with pytest.raises(TrustError):
                await fetched(replace(source, known_hosts=wrong), drop)
        assert exports(drop) == set()

    async def test_another_key_of_ours_is_refused(
        self, source: Source, drop: Path, tmp_path: Path
    ) -> None:
        wrong = written(asyncssh.generate_private_key("ssh-ed25519"), tmp_path / "wrong")
        with pytest.raises(TemporaryError):
            await fetched(replace(source, identity=wrong), drop)

    @pytest.mark.parametrize(
        "url",
        [
            "https://a@b.example/c",
            "sftp://b.example/c",
            "sftp://a:secret@b.example/c",
            "sftp://a@b",
        ],
    )
    def test_a_url_without_user_and_folder_is_told(self, url: str, tmp_path: Path) -> None:
        for name in ("identity", "known"):
            (tmp_path / name).touch()
        with pytest.raises(UsageError) as told:
            fetch(Source(url, tmp_path / "identity", tmp_path / "known"), tmp_path)
        assert "secret" not in str(told.value)
