import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httpx
from joserfc.jwk import ECKey

from app.client.clock import Clock
from app.client.config import ClientConfig
from app.client.credentials import TokenCache, sign_assertion
from app.client.errors import ClientError, ProblemError, TemporaryError, TrustError, printable

Json = dict[str, Any]

TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_TRANSIENT: Final = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long the client waits for a server that cannot answer now."""

    attempts: int = 6
    first_wait: float = 0.5
    """Seconds; doubled for each further wait, with full jitter."""
    longest_wait: float = 20.0
    longest_retry_after: float = 120.0
    """A server that asks for more seconds than this ends the run; run it again later."""


class Exchange:
    """Signed-in requests to the registry and the evaluator; any number of threads may use it.

    Every request is safe to repeat: a PUT by nature, an evaluation and its permit by the digest of
    their batch, a new key by its thumbprint, what creates something else by an Idempotency-Key. So
    each is repeated after 429, 502, 503, 504 and lost connections; what is good for one request
    alone, an assertion, is made anew.
    """

    def __init__(
        self,
        config: ClientConfig,
        key: ECKey | None,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._config = config
        self._key = key
        self._clock = clock
        self._retry = retry or RetryPolicy()
        self._http = httpx.Client(
            transport=transport, timeout=TIMEOUT, headers={"User-Agent": "joinder-client"}
        )
        self._tokens = TokenCache(self._sign_in, clock)

    def get(self, path: str, *, params: Mapping[str, str | int] | None = None) -> Json:
        """Return what the registry answers to a signed-in GET."""
        return self.call("GET", self._config.registry + path, params=params)

    def post(self, path: str, body: Json) -> Json:
        """Return what the registry answers to a signed-in POST that is safe to repeat."""
        return self.call("POST", self._config.registry + path, body=body)

    def get_public(self, path: str) -> Json:
        """Return what the registry answers without signing in."""
        url = self._config.registry + path
        return read_json(self._send(lambda: self._http.build_request("GET", url)))

    def call(
        self,
        method: str,
        url: str,
        *,
        body: Json | bytes | Callable[[], Json] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        bearer: str | None = None,
    ) -> Json:
        """Send one signed-in request and return the JSON object of the answer.

        Args:
            method: HTTP method.
            url: Absolute URL.
            body: A JSON object, or one already encoded, or what makes one for each attempt.
            headers: Further headers.
            params: Query parameters.
            bearer: What to carry in place of the registry's access token.

        Raises:
            ProblemError: the server refused.
            TemporaryError: it could not answer, every retry included.
        """

        def build(sent: dict[str, str]) -> httpx.Request:
            content = _encoded(body() if callable(body) else body)
            return self._http.build_request(
                method, url, content=content, headers=sent, params=params
            )

        base = {"Content-Type": "application/json"} if body is not None else {}
        response = None
        for _ in range(2):
            token = bearer or self._tokens.get(self._config.issuer)
            sent = {**base, **(headers or {}), "Authorization": f"Bearer {token}"}
            response = self._send(partial(build, sent))
            if response.status_code != HTTPStatus.UNAUTHORIZED or bearer is not None:
                break
            self._tokens.forget(
                self._config.issuer, token
            )  # withdrawn early, or the registry's key changed
        assert response is not None  # noqa: S101 -- the loop runs at least once
        return read_json(response)

    def close(self) -> None:
        """End waits for retries and close the connections."""
        self._clock.stop()
        self._http.close()

    def _sign_in(self, resource: str) -> tuple[str, int]:
        if self._key is None or not self._config.client_id:
            raise TrustError(
                "client-id-absent", "No client id yet. Run: joinder client pin DIR --client-id ID"
            )
        key = self._key

        def build() -> httpx.Request:  # a new assertion each time: the registry takes each once
            assertion = sign_assertion(
                key,
                client_id=self._config.client_id,
                issuer=self._config.issuer,
                now=self._clock.unix(),
            )
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": assertion,
                "resource": resource,
            }
            return self._http.build_request(
                "POST", f"{self._config.registry}/v1/oauth/token", data=form
            )

        body = read_json(self._send(build))
        token, seconds = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int) or seconds <= 0:
            raise TrustError("answer-invalid", "The registry's token answer is not one of OAuth 2.")
        return token, seconds

    def _send(self, build: Callable[[], httpx.Request]) -> httpx.Response:
        for attempt in range(self._retry.attempts):
            asked = 0.0
            reason = "no connection"
            try:
                response = self._http.send(build())
            except httpx.TransportError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise TrustError(
                        "certificate-invalid", "The server's TLS certificate is not trusted here."
                    ) from None
                reason = type(error).__name__
            else:
                if response.status_code not in _TRANSIENT:
                    return response
                reason = _reason(response)
                asked = _retry_after(response)
            if asked > self._retry.longest_retry_after:
                break
            last = attempt == self._retry.attempts - 1
            if last or not self._clock.sleep(max(asked, self._backoff(attempt))):
                break
        raise TemporaryError(
            "not-available", f"The registry or the evaluator did not answer ({reason}). Run again."
        )

    def _backoff(self, attempt: int) -> float:
        ceiling = min(self._retry.longest_wait, self._retry.first_wait * 2.0**attempt)
        return random.uniform(0, ceiling)


def _encoded(body: Json | bytes | None) -> bytes | None:
    return json.dumps(body, separators=(",", ":")).encode() if isinstance(body, dict) else body


def read_json(response: httpx.Response) -> Json:
    """Return the JSON object of a successful answer.

    Raises:
        ProblemError: the status is 300 or more.
        ClientError: the answer is not a JSON object.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    fields = body if isinstance(body, dict) else {}
    if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        raise ProblemError(
            response.status_code,
            printable(fields.get("code") or fields.get("error")) or "refused",
            printable(fields.get("detail") or fields.get("title")) or "The server refused.",
            trace_id=printable(fields.get("trace_id")),
        )
    if not isinstance(body, dict):
        raise ClientError("answer-invalid", "The server did not answer in JSON; check the URL.")
    return body


def _reason(response: httpx.Response) -> str:
    """Return the status of an answer and, of a problem document, what it says."""
    try:
        detail = printable(response.json().get("detail"))
    except (ValueError, AttributeError):
        detail = ""
    return f"status {response.status_code}" + (f": {detail}" if detail else "")


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds of Retry-After; a date or nonsense counts as 0 (RFC 9110 10.2.3)."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdecimal() else 0.0
