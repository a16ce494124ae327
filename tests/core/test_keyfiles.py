import os
import stat
from pathlib import Path

import pytest

from app.core.keyfiles import KeyFileError, KeyFiles, write_secret

SECRET = bytes(range(32)).hex()


def put(directory: Path, text: str | bytes, mode: int = 0o600) -> KeyFiles:
    path = directory / "key"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return KeyFiles(directory)


class TestSecret:
    @pytest.mark.parametrize("text", [SECRET, SECRET.upper(), SECRET + "\n", f" {SECRET} \r\n"])
    def test_is_32_bytes_of_hexadecimal(self, tmp_path: Path, text: str) -> None:
        assert put(tmp_path, text).secret("key") == bytes(range(32))

    @pytest.mark.parametrize(
        "text",
        ["", "00", SECRET[:-2], SECRET + "00", SECRET[:-1], "g" * 64, "0x" + SECRET, b"\xff"],
    )
    def test_anything_else_is_refused_without_the_text(
        self, tmp_path: Path, text: str | bytes
    ) -> None:
        keys = put(tmp_path, text)
        with pytest.raises(KeyFileError) as caught:
            keys.secret("key")
        shown = str(caught.value)
        assert "key" in shown
        assert text in {"", "00"} or str(text) not in shown

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602, 0o610, 0o601, 0o777])
    def test_open_to_others_is_refused(self, tmp_path: Path, mode: int) -> None:
        keys = put(tmp_path, SECRET, mode)
        with pytest.raises(KeyFileError, match="chmod 600"):
            keys.secret("key")

    @pytest.mark.parametrize("mode", [0o600, 0o400])
    def test_private_modes_are_taken(self, tmp_path: Path, mode: int) -> None:
        assert put(tmp_path, SECRET, mode).secret("key")

    def test_mode_of_what_a_link_leads_to_counts(self, tmp_path: Path) -> None:
        put(tmp_path, SECRET, 0o644)
        (tmp_path / "link").symlink_to("key")
        with pytest.raises(KeyFileError):
            KeyFiles(tmp_path).secret("link")

    @pytest.mark.parametrize("name", ["absent", "."])
    def test_absent_or_directory(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(KeyFileError, match=str(tmp_path)):
            KeyFiles(tmp_path).text(name)


class TestWriteSecret:
    def test_is_private_whatever_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            write_secret(tmp_path / "new" / "key", SECRET)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "new" / "key").stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
        assert KeyFiles(tmp_path / "new").secret("key")

    def test_never_overwrites(self, tmp_path: Path) -> None:
        write_secret(tmp_path / "key", SECRET)
        with pytest.raises(FileExistsError):
            write_secret(tmp_path / "key", "00" * 32)
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(FileExistsError):
            write_secret(tmp_path / "link", SECRET)
        assert KeyFiles(tmp_path).text("key") == SECRET
        assert not (tmp_path / "elsewhere").exists()
