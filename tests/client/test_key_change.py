"""`joinder client change-key`, interrupted at each of its steps."""

import httpx
import pytest

from app.client.config import ClientConfig
from app.client.credentials import read_private_key
from app.client.key_change import change_key
from app.client.registry import RegistryClient
from tests.client.line import Fault, Line, Send, answer_lost


class CutOffError(Exception):
    pass


def cut_off(_: httpx.Request, __: Send) -> httpx.Response:
    raise CutOffError


def done_and_cut_off(request: httpx.Request, send: Send) -> httpx.Response:
    send(request).read()
    raise CutOffError


def kid(config: ClientConfig) -> str:
    return read_private_key(config.key_path).thumbprint()


def signs(config: ClientConfig, line: Line) -> bool:
    with RegistryClient(config, transport=line) as client:
        return bool(client.get_me()["office"])


class TestChangeKey:
    def test_the_new_key_signs_and_the_old_one_does_not(
        self, config: ClientConfig, line: Line
    ) -> None:
        before = kid(config)
        old, new = change_key(config, transport=line)
        assert (old, new) == (before, kid(config))
        assert old != new
        assert signs(config, line)
        assert config.key_path.stat().st_mode & 0o777 == 0o600
        assert list(config.key_path.parent.glob("*.new")) == []

    @pytest.mark.parametrize("at", ["POST /v1/me/keys", "/end"])
    def test_an_answer_that_is_lost_is_asked_for_again(
        self, config: ClientConfig, line: Line, at: str
    ) -> None:
        before = kid(config)
        line.fail([answer_lost], at=at)
        old, new = change_key(config, transport=line)
        assert (old, new) == (before, kid(config))
        assert signs(config, line)

    @pytest.mark.parametrize(
        ("fault", "at"),
        [
            (cut_off, "POST /v1/oauth/token"),
            (cut_off, "POST /v1/me/keys"),
            (done_and_cut_off, "POST /v1/me/keys"),
            (cut_off, "/end"),
            (done_and_cut_off, "/end"),
        ],
    )
    def test_an_interrupted_change_goes_on(
        self, config: ClientConfig, line: Line, fault: Fault, at: str
    ) -> None:
        before = kid(config)
        line.fail([fault], at=at)
        with pytest.raises(CutOffError):
            change_key(config, transport=line)
        has_ended = (fault, at) == (done_and_cut_off, "/end")
        assert has_ended or signs(config, line)
        old, new = change_key(config, transport=line)
        assert (old, new) == (before, kid(config))
        assert signs(config, line)
