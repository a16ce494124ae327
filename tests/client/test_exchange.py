from dataclasses import replace
from itertools import repeat

import httpx
import pytest

from app.client.config import ClientConfig
from app.client.errors import ClientError, ProblemError, TemporaryError, TrustError
from app.client.registry import RegistryClient
from tests.client.cases import a_case
from tests.client.clock import FakeClock
from tests.client.line import Line, Send, answer_lost, answering, lost
from tests.client.service import Service


class TestRetries:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_a_passing_failure_is_retried(
        self, client: RegistryClient, line: Line, clock: FakeClock, status: int
    ) -> None:
        line.fail([answering(status), lost])
        assert client.get_me()["scopes"]
        assert len(clock.sleeps) == 2
        assert all(0 <= each <= 1 for each in clock.sleeps)

    def test_retry_after_is_honoured(
        self, client: RegistryClient, line: Line, clock: FakeClock
    ) -> None:
        line.fail([answering(503, Retry_After="17")])
        client.get_me()
        assert clock.sleeps == [17]

    def test_a_long_retry_after_ends_the_run(
        self, client: RegistryClient, line: Line, clock: FakeClock
    ) -> None:
        line.fail([answering(429, Retry_After="86400")])
        with pytest.raises(TemporaryError):
            client.get_me()
        assert clock.sleeps == []

    def test_they_are_bounded(self, client: RegistryClient, line: Line, clock: FakeClock) -> None:
        line.fail(repeat(lost))
        with pytest.raises(TemporaryError) as caught:
            client.get_me()
        assert caught.value.exit_code == 75
        assert len(clock.sleeps) == 5

    def test_an_untrusted_certificate_is_not_retried(
        self, client: RegistryClient, line: Line, clock: FakeClock
    ) -> None:
        def refuse(_: httpx.Request, __: Send) -> httpx.Response:
            raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")

        line.fail([refuse])
        with pytest.raises(TrustError):
            client.get_me()
        assert clock.sleeps == []

    def test_what_happened_before_its_answer_was_lost_happens_once(
        self, client: RegistryClient, line: Line, service: Service, config: ClientConfig
    ) -> None:
        line.fail([answer_lost], at="PUT /v1/cases")
        assert client.put_case(a_case()).result == "unchanged"
        assert line.asked.count("PUT /v1/cases") == 2
        assert service.cases(config) == {"EX-1"}

    def test_a_closed_client_does_not_wait(
        self, client: RegistryClient, line: Line, clock: FakeClock
    ) -> None:
        line.fail(repeat(lost))
        clock.stop()
        with pytest.raises(TemporaryError):
            client.get_me()
        assert len(clock.sleeps) == 1


class TestAnswers:
    def test_a_token_that_is_taken_no_more_is_replaced_once(
        self, client: RegistryClient, line: Line
    ) -> None:
        def spoil_token(request: httpx.Request, send: Send) -> httpx.Response:
            request.headers["Authorization"] += "x"
            return send(request)

        client.get_me()
        line.fail([spoil_token])
        assert client.get_me()["scopes"]
        assert line.asked.count("POST /v1/oauth/token") == 2

    def test_an_unknown_client_is_told_so(self, config: ClientConfig, line: Line) -> None:
        client = RegistryClient(replace(config, client_id="unknown"), transport=line)
        with client, pytest.raises(ProblemError) as caught:
            client.get_me()
        assert (caught.value.status, caught.value.code) == (401, "invalid-client")
        assert "trace" in str(caught.value)

    def test_something_else_than_json_is_an_error(self, client: RegistryClient, line: Line) -> None:
        client.get_me()
        line.fail([lambda _, __: httpx.Response(200, text="<html>a proxy's page</html>")])
        with pytest.raises(ClientError, match="JSON"):
            client.get_me()

    def test_a_servers_text_is_made_fit_for_a_terminal(
        self, client: RegistryClient, line: Line
    ) -> None:
        client.get_me()
        body = {"code": "x\x1b[31m", "detail": "y" * 5000}
        line.fail([answering(400, body)])
        with pytest.raises(ProblemError) as caught:
            client.get_me()
        assert "\x1b" not in str(caught.value)
        assert len(str(caught.value)) < 500
