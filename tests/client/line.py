"""The line between an office and the servers: keeps what goes over it, and fails as lines fail."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx

from app.identifiers import oprf
from app.identifiers.encoding import b64u_decode, b64u_encode

Json = dict[str, Any]
Send = Callable[[httpx.Request], httpx.Response]
Fault = Callable[[httpx.Request, Send], httpx.Response]
"""What becomes of a request, which `send` would bring to its server."""


class Line(httpx.BaseTransport):
    """Brings requests to the real servers, unless it was told to fail."""

    def __init__(self, beyond: httpx.BaseTransport) -> None:
        """Send by `beyond`, which stays open."""
        self.requests: list[httpx.Request] = []
        self._beyond = beyond
        self._lock = threading.Lock()
        self.fail()

    def fail(self, faults: Iterable[Fault] = (), *, at: str = "") -> None:
        """Let requests meet `faults`, one each and then no more; without any, the line is whole.

        Only those whose method and path end with `at`.
        """
        self._faults, self._at = iter(faults), at

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.requests.append(request)
            meets = _asked(request).endswith(self._at)
            fault = next(self._faults, passing) if meets else passing
        return fault(request, self._beyond.handle_request)

    @property
    def asked(self) -> list[str]:
        """Method and path of every request."""
        return list(map(_asked, self.requests))

    def recorded(self, asked: str = "") -> list[bytes]:
        """Return requests as they go over the wire: request line, headers, body."""
        return [_wire_form(each) for each in self.requests if _asked(each).endswith(asked)]

    def bodies(self, asked: str) -> list[Json]:
        """Return the JSON bodies of requests."""
        return [json.loads(each.content) for each in self.requests if _asked(each) == asked]

    def put(self) -> Iterator[tuple[str, Json]]:
        """Yield number and content of every case that was put, whatever became of it."""
        for body in self.bodies("PUT /v1/cases"):
            for item in body["cases"]:
                yield item["external_id"], item["case"]


def _asked(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"


def _wire_form(request: httpx.Request) -> bytes:
    lines = [f"{request.method} {request.url} HTTP/1.1".encode()]
    lines += [name + b": " + value for name, value in request.headers.raw]
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.content + b"\r\n"


def passing(request: httpx.Request, send: Send) -> httpx.Response:
    """Bring the request to its server and the answer back."""
    return send(request)


def lost(request: httpx.Request, _: Send) -> httpx.Response:
    """Lose the request."""
    raise httpx.ConnectError("no route", request=request)


def answer_lost(request: httpx.Request, send: Send) -> httpx.Response:
    """Lose the answer, when what was asked for has happened."""
    send(request).read()
    raise httpx.ReadError("reset by peer", request=request)


def answering(status: int, json: object = None, **headers: str) -> Fault:
    """Answer in the server's place, as a proxy before it does."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _, __: httpx.Response(status, json=json or {"code": "not-now"}, headers=headers)


def altered(change: Callable[[Json], object]) -> Fault:
    """Change the server's answer."""

    def fault(request: httpx.Request, send: Send) -> httpx.Response:
        answer = send(request)
        answer.read()
        body = answer.json()
        change(body)
        return httpx.Response(answer.status_code, json=body)

    return fault


def with_another_key(request: httpx.Request, _: Send) -> httpx.Response:
    """Answer an evaluation as an evaluator with another seed would, with proofs that hold."""
    body = json.loads(request.content)
    for group in body["groups"]:
        pair = oprf.key_for(bytes(32), group["key_class"], body["epoch"])
        evaluated, proof = oprf.evaluate(pair, list(map(b64u_decode, group["elements"])))
        group |= {"elements": list(map(b64u_encode, evaluated)), "proof": b64u_encode(proof)}
    return httpx.Response(200, json=body)
