from dataclasses import replace
from pathlib import Path

import pytest

from app.client.config import new_config, read_config, write_config
from app.client.errors import UsageError


class TestConfigFile:
    def test_round_trip(self, tmp_path: Path) -> None:
        config = new_config(tmp_path, "https://registry.test/", issuer="https://other.test")
        config = replace(config, client_id="office-1", pins={1: {"person": "ab" * 32}})
        write_config(config)
        assert read_config(tmp_path) == config
        assert config.registry == "https://registry.test"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "registry = 7",
            "= broken",
            'registry = "https://a.test"\nsurprise = 1',
            'registry = "https://a.test"\nclient_id = "has space"',
            'registry = "https://a.test"\n[pins.1]\nperson = "short"',
            'registry = "https://a.test"\n[pins.one]\nperson = "short"',
        ],
    )
    def test_another_form_is_wrong_use(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "joinder-client.toml"
        path.write_text(text)
        with pytest.raises(UsageError):
            read_config(path)

    def test_absent_says_how_to_make_one(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="joinder client init"):
            read_config(tmp_path)


class TestUrls:
    @pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "https://a.test"])
    def test_taken(self, url: str) -> None:
        assert new_config(Path(), url).registry == url

    @pytest.mark.parametrize(
        "url",
        ["http://a.test", "ftp://a.test", "a.test", "https://u:p@a.test", "https://a.test?q=1"],
    )
    def test_refused(self, url: str) -> None:
        with pytest.raises(UsageError):
            new_config(Path(), url)

    def test_plain_http_needs_leave(self) -> None:
        assert new_config(Path(), "http://a.test", allow_plain_http=True).registry
