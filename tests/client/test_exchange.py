from collections.abc import Callable

import httpx
import pytest

from app.client.errors import ClientError, ProblemError, TemporaryError, TrustError
from app.client.registry import RegistryClient
from tests.client.fakes import FakeClock, FakeRegistry, problem


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


def answering(status: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: problem(status, "not-now", **headers)


class TestRetries:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_a_passing_failure_is_retried(
        self, client: RegistryClient, registry: FakeRegistry, clock: FakeClock, status: int
    ) -> None:
        registry.faults += [answering(status), lost]
        assert client.get_me()["client_id"] == "office-1"
        assert len(clock.sleeps) == 2
        assert all(0 <= each <= 1 for each in clock.sleeps)

    def test_retry_after_is_honoured(
        self, client: RegistryClient, registry: FakeRegistry, clock: FakeClock
    ) -> None:
        registry.faults += [answering(503, Retry_After="17")]
        client.get_me()
        assert clock.sleeps == [17]

    def test_a_long_retry_after_ends_the_run(
        self, client: RegistryClient, registry: FakeRegistry, clock: FakeClock
    ) -> None:
        registry.faults += [answering(429, Retry_After="86400")]
        with pytest.raises(TemporaryError):
            client.get_me()
        assert clock.sleeps == []

    def test_they_are_bounded(
        self, client: RegistryClient, registry: FakeRegistry, clock: FakeClock
    ) -> None:
        registry.faults += [lost] * 20
        with pytest.raises(TemporaryError) as caught:
            client.get_me()
        assert caught.value.exit_code == 75
        assert len(clock.sleeps) == 5

    def test_an_untrusted_certificate_is_not_retried(
        self, client: RegistryClient, registry: FakeRegistry, clock: FakeClock
    ) -> None:
        def refuse(_: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")

        registry.faults += [refuse]
        with pytest.raises(TrustError):
            client.get_me()
        assert clock.sleeps == []

    def test_a_closed_client_does_not_wait(
        self, client: RegistryClient, registry: FakeRegistry, clock: FakeClock
    ) -> None:
        registry.faults += [lost] * 20
        clock.stop()
        with pytest.raises(TemporaryError):
            client.get_me()
        assert len(clock.sleeps) == 1


class TestAnswers:
    def test_a_withdrawn_token_is_replaced_once(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        client.get_me()
        registry.withdrawn.add("access-0")
        assert client.get_me()["client_id"] == "office-1"
        assert registry.requests.count(("POST", "/v1/oauth/token")) == 2

    def test_an_unknown_client_is_told_so(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        registry.clients.clear()
        with pytest.raises(ProblemError) as caught:
            client.get_me()
        assert (caught.value.status, caught.value.code) == (401, "invalid-client")
        assert "trace-1" in str(caught.value)

    def test_something_else_than_json_is_an_error(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        client.get_me()
        registry.faults += [lambda _: httpx.Response(200, text="<html>a proxy's page</html>")]
        with pytest.raises(ClientError, match="JSON"):
            client.get_me()

    def test_a_servers_text_is_made_fit_for_a_terminal(
        self, client: RegistryClient, registry: FakeRegistry
    ) -> None:
        client.get_me()
        body = {"code": "x\x1b[31m", "detail": "y" * 5000}
        registry.faults += [lambda _: httpx.Response(400, json=body)]
        with pytest.raises(ProblemError) as caught:
            client.get_me()
        assert "\x1b" not in str(caught.value)
        assert len(str(caught.value)) < 500
