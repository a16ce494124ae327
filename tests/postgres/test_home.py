"""Where the data directory is, and under which account PostgreSQL runs."""

import os
from pathlib import Path

import pytest

from app.postgres.account import Account, server_account
from app.postgres.errors import EmbeddedPostgresError
from app.postgres.home import default_home, ensure_home

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")


class TestDefaultHome:
    def test_named_directory_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JOINDER_HOME", "~/registry")
        assert default_home() == Path("~/registry").expanduser()

    def test_working_directory_when_it_can_be_reached(
        self, scratch: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("JOINDER_HOME", raising=False)
        monkeypatch.chdir(scratch)
        assert default_home() == scratch / ".joinder"

    @only_root
    def test_private_working_directory_moves_it_out(
        self, scratch: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("JOINDER_HOME", raising=False)
        scratch.chmod(0o700)
        monkeypatch.chdir(scratch)
        home = default_home()
        assert home.parent == Path("/var/lib/joinder")
        assert home == default_home()
        scratch.chmod(0o711)


class TestEnsureHome:
    def test_creates_it_without_touching_its_parents(self, scratch: Path) -> None:
        ensure_home(scratch / "a" / "b")
        mode = 0o711 if os.geteuid() == 0 else 0o700
        assert (scratch / "a" / "b").stat().st_mode & 0o777 == mode
        assert scratch.stat().st_mode & 0o777 == 0o711

    def test_a_file_in_the_way_is_told(self, scratch: Path) -> None:
        (scratch / "file").touch()
        with pytest.raises(EmbeddedPostgresError, match="Set JOINDER_HOME"):
            ensure_home(scratch / "file" / "home")


class TestServerAccount:
    @pytest.mark.skipif(os.geteuid() == 0, reason="root never runs PostgreSQL as itself")
    def test_ordinary_user_stays_itself(self) -> None:
        assert server_account().is_ours

    @only_root
    def test_root_is_never_the_account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert server_account().uid != 0
        monkeypatch.setenv("JOINDER_POSTGRES_USER", "root")
        with pytest.raises(EmbeddedPostgresError, match="which is root"):
            server_account()
        monkeypatch.setenv("JOINDER_POSTGRES_USER", "no-such-account")
        with pytest.raises(EmbeddedPostgresError, match="no-such-account does not exist"):
            server_account()
        monkeypatch.setenv("JOINDER_POSTGRES_USER", "nobody")
        assert server_account().name == "nobody"

    def test_can_enter_follows_the_mode_bits_of_every_parent(self, scratch: Path) -> None:
        stranger = Account("stranger", 4_000_000, 4_000_000)
        (scratch / "closed").mkdir(mode=0o750)
        assert stranger.can_enter(scratch / "absent")
        assert not stranger.can_enter(scratch / "closed" / "absent")
        link = scratch / "link"
        link.symlink_to(scratch / "closed")
        assert not stranger.can_enter(link)
