"""Exports that are dropped into a folder are pushed once each, whole, and moved away."""

import os
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from app.client.config import ClientConfig
from app.client.errors import TemporaryError, UsageError
from app.client.push import Plan, Summary, push
from app.client.registry import RegistryClient
from app.client.watch import Folder, Taken
from tests.client.clock import FakeClock
from tests.client.test_push import HEADER, MAP, row


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "drop")


def drop(folder: Folder, name: str, clock: FakeClock, *rows: str, age: float = 120) -> Path:
    """Write an export as a system does that is done with it since `age` seconds."""
    folder.path.mkdir(exist_ok=True)
    file = folder.path / name
    # a byte order mark, headers in another case, an accent of Windows-1252: as they come
    text = HEADER.upper() + "".join(rows)
    file.write_bytes(
        b"\xef\xbb\xbf" + text.encode() if rows[:1] == ("",) else text.encode("cp1252")
    )
    os.utime(file, (clock.now - age, clock.now - age))
    return file


def names(folder: Folder, below: str) -> list[str]:
    return sorted(file.name.partition("Z-")[2] for file in (folder.path / below).iterdir())


class TestTake:
    def take(
        self, folder: Folder, config: ClientConfig, client: RegistryClient, clock: FakeClock
    ) -> list[Taken]:
        mapping = folder.path.with_name("map.toml")
        mapping.write_text(MAP)

        def one(export: Path) -> Summary:
            return push(Plan(export, mapping, config), client, clock=clock)

        with folder.held():
            return list(folder.take(one, clock))

    def test_each_is_pushed_once_oldest_first_and_put_away(
        self, folder: Folder, config: ClientConfig, client: RegistryClient, clock: FakeClock
    ) -> None:
        drop(folder, "b.csv", clock, "", row(1), age=300)
        drop(folder, "a.csv", clock, row(2, surname="Muñoz"), row(3), age=200)
        done = self.take(folder, config, client, clock)
        assert [(each.name, each.is_clean) for each in done] == [("b.csv", True), ("a.csv", True)]
        assert [each.summary.created for each in done if each.summary] == [1, 2]
        assert self.take(folder, config, client, clock) == []
        assert names(folder, "done") == ["a.csv", "b.csv"]
        assert names(folder, "working") == names(folder, "reject") == []
        again = drop(folder, "a.csv", clock, row(2, surname="Muñoz"))
        assert [each.summary.unchanged for each in self.take(folder, config, client, clock)
                if each.summary] == [1]  # fmt: skip
        assert not again.exists()
        assert len(names(folder, "done")) == 3

    def test_what_still_grows_or_is_no_export_is_left(
        self, folder: Folder, config: ClientConfig, client: RegistryClient, clock: FakeClock
    ) -> None:
        growing = drop(folder, "growing.csv", clock, row(1), age=10)
        for name in (
            ".hidden.csv",
            "~lock.csv",
            "cases.csv.part",
            "x.csv.rejects.csv",
            "notes.doc",
        ):
            drop(folder, name, clock, row(1))
        assert self.take(folder, config, client, clock) == []
        assert growing.exists()
        os.utime(growing, (clock.now - 60, clock.now - 60))
        assert [each.name for each in self.take(folder, config, client, clock)] == ["growing.csv"]

    def test_one_that_cannot_be_used_keeps_none_behind_it_waiting(
        self, folder: Folder, config: ClientConfig, client: RegistryClient, clock: FakeClock
    ) -> None:
        (drop(folder, "bad.csv", clock, age=300)).write_text("other,columns\n1,2\n")
        os.utime(folder.path / "bad.csv", (1, 1))
        drop(folder, "good.csv", clock, row(1), row(2, born="31/31/31"))
        bad, good = self.take(folder, config, client, clock)
        assert (bad.summary, bad.code) == (None, "column-absent")
        assert good.summary is not None
        assert not good.is_clean
        assert names(folder, "reject") == ["bad.csv", "bad.csv.why.txt", "good.csv.rejects.csv"]
        assert names(folder, "done") == ["good.csv"]
        assert Path(good.summary.rejects).read_text().count("31/31/31") == 0

    def test_one_that_was_stopped_goes_on_first(self, folder: Folder, clock: FakeClock) -> None:
        drop(folder, "a.csv", clock, row(1), age=300)
        drop(folder, "b.csv", clock, row(2), age=400)
        tried: list[str] = []

        def fails(export: Path) -> Summary:
            tried.append(export.name)
            raise TemporaryError("away", "The registry is away.")

        for _ in range(2):
            with folder.held(), pytest.raises(TemporaryError):
                list(folder.take(fails, clock))
        assert tried == ["b.csv", "b.csv"]
        assert [file.name for file in (folder.path / "working").iterdir()] == ["b.csv"]

    def test_one_that_cannot_be_moved_is_left_and_told_behind_the_others(
        self, folder: Folder, clock: FakeClock
    ) -> None:
        """As on Windows, while somebody has it open; or it is gone again when it is looked at."""
        drop(folder, "held.csv", clock, row(1), age=300)
        drop(folder, "free.csv", clock, row(2), age=200)
        (folder.path / "gone.csv").symlink_to(folder.path / "nothing")
        taken: list[str] = []

        def note(export: Path) -> Summary:
            taken.append(export.name)
            return Summary()

        with folder.held():
            in_the_way = folder.path / "working" / "held.csv"
            in_the_way.mkdir()
            with pytest.raises(TemporaryError, match=r"held\.csv"):
                list(folder.take(note, clock))
            in_the_way.rmdir()
            list(folder.take(note, clock))
        assert taken == ["free.csv", "held.csv"]

    def test_two_never_watch_one_folder(self, folder: Folder) -> None:
        with folder.held(), pytest.raises(TemporaryError), folder.held():
            pass
        with folder.held():
            pass

    def test_a_folder_that_cannot_be_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(UsageError), Folder(tmp_path / "file").held():
            pass


class TestKeeping:
    def put(self, folder: Folder, at: datetime) -> Path:
        path = folder.path / "done" / f"{at:%Y%m%dT%H%M%SZ}-cases.csv"
        path.touch()
        return path

    def test_a_day_without_an_export_is_late(self, folder: Folder) -> None:
        now = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
        with folder.held():
            assert folder.is_late(time(1), now)
            self.put(folder, now - timedelta(hours=2))
            assert not folder.is_late(time(1), now)
            assert not folder.is_late(time(1), now + timedelta(hours=22))
            assert folder.is_late(time(1), now + timedelta(hours=24))

    def test_what_was_pushed_is_deleted_in_its_time(self, folder: Folder) -> None:
        now = datetime(2026, 3, 4, tzinfo=UTC)
        with folder.held():
            old, new = (self.put(folder, now - timedelta(days=days)) for days in (31, 29))
            assert folder.clear(now) == 1
            assert (old.exists(), new.exists()) == (False, True)

    def test_one_that_is_not_kept_for_a_day_is_not_late_for_that(self, folder: Folder) -> None:
        now = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
        with folder.held():
            last = self.put(folder, now - timedelta(hours=2))
            last.write_text(HEADER)
            hasty = replace(folder, kept_for=timedelta(0))
            assert [hasty.clear(now) for _ in range(2)] == [1, 0]
            assert last.read_text() == ""
            assert not hasty.is_late(time(1), now + timedelta(hours=22))
            assert hasty.is_late(time(1), now + timedelta(hours=24))
            self.put(folder, now + timedelta(hours=24))
            assert hasty.clear(now + timedelta(hours=25)) == 1
            assert not last.exists()
