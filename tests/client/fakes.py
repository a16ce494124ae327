"""A registry and an evaluator at the outer edge of the client's tests: real OPRF, no database."""

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from app.identifiers import names, oprf
from app.identifiers.batches import batch_digest
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.kinds import KEY_CLASSES, KINDS, MATCH_SPEC

SEED = bytes(range(32))
REGISTRY = "https://registry.test"
Json = dict[str, Any]
Fault = Callable[[httpx.Request], httpx.Response | None]


class FakeClock:
    """Time that passes only while somebody sleeps; remembers how long each sleep was."""

    def __init__(self, unix: float = 1_770_000_000.0) -> None:
        self.now = unix
        self.sleeps: list[float] = []
        self.is_stopped = False

    def unix(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> bool:
        self.sleeps.append(seconds)
        self.now += seconds
        return not self.is_stopped

    def stop(self) -> None:
        self.is_stopped = True


@dataclass
class FakeRegistry:
    """Both servers behind one handler. It keeps what a registry would: tokens, never inputs."""

    url: str = REGISTRY
    clients: dict[str, ECKey] = field(default_factory=dict)
    cases: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    holders: dict[tuple[str, str], set[tuple[str, str, str]]] = field(default_factory=dict)
    """Who posted a (kind, token) pair, ever."""
    handling: dict[str, Json] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    """Case numbers that are refused."""
    faults: deque[Fault] = field(default_factory=deque)
    """Asked in turn before a request is handled; an answer replaces the real one."""
    recorded: list[bytes] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    epoch: int = 1
    previous: int | None = None
    """An epoch before, still taken."""
    seed: bytes = SEED
    nicknames: str = names.NICKNAMES_SHA256
    page: int = 2
    withdrawn: set[str] = field(default_factory=set)
    """Access tokens that are refused."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    seen_assertions: set[str] = field(default_factory=set)
    issued: dict[str, tuple[str, str]] = field(default_factory=dict)
    suppressions: dict[str, Json] = field(default_factory=dict)
    """Standing entries by kind and token."""
    permits: dict[str, tuple[Json, str]] = field(default_factory=dict)
    """Counts and digest of each permit given."""

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        with self.lock:
            self.recorded.append(wire_form(request))
            self.requests.append((request.method, path))
            fault = self.faults.popleft() if self.faults else None
        if fault is not None and (answer := fault(request)) is not None:
            return answer
        if path == "/v1/tokens/evaluate":  # outside of the lock: the crypto is the slow part
            return self._evaluate(request, json.loads(request.content))
        with self.lock:
            return self._route(request, path)

    def _route(  # noqa: PLR0911 -- one return for each path
        self, request: httpx.Request, path: str
    ) -> httpx.Response:
        if path == "/v1/oauth/token":
            return self._token(request)
        if path == "/v1/oprf/keys":
            return httpx.Response(200, json=self.keys())
        client = self._client(request, self.url)
        if client is None:
            return problem(401, "token-invalid")
        body: Any = json.loads(request.content) if request.content else None
        if body is not None:
            self.bodies.append(body)
        if path == "/v1/tokens/permits":
            return self._permit(body)
        if path == "/v1/me":
            return httpx.Response(200, json={"client_id": client, "office": {"code": "EX1"}})
        if path == "/v1/cases":
            assert len(body["cases"]) <= 200
            return httpx.Response(
                200, json={"results": [self._put(client, x) for x in body["cases"]]}
            )
        if path.startswith("/v1/suppressions"):
            return self._suppressions(request, path, body)
        return self._handling(request, path, client, body)

    def _suppressions(self, request: httpx.Request, path: str, body: Any) -> httpx.Response:
        entries = self.suppressions
        if request.method == "GET":
            return self._page(request, list(entries.values())[::-1])
        assert request.headers["Idempotency-Key"]
        if match := re.fullmatch(r"/v1/suppressions/(sup_\d+)/end", path):
            (found,) = [key for key, entry in entries.items() if entry["id"] == match[1]]
            return httpx.Response(200, json=entries.pop(found))
        key = f"{body['kind']}/{body['token']}"
        if key in entries:
            return problem(409, "suppression-stands")
        entries[key] = {"id": f"sup_{len(entries)}", "kind": body["kind"], "mode": body["mode"]}
        return httpx.Response(201, json=entries[key])

    def keys(self) -> Json:
        classes = {name: self.key(name).public.hex() for name in KEY_CLASSES}
        previous = self.previous and {
            "epoch": self.previous,
            "classes": {name: self.key(name, self.previous).public.hex() for name in KEY_CLASSES},
            "accepted_until": "2026-02-03T04:05:06Z",
        }
        return {
            "match_spec": MATCH_SPEC,
            "nicknames_sha256": self.nicknames,
            "commonness_sha256": names.COMMONNESS_SHA256,
            "epoch": self.epoch,
            "evaluators": [{"id": "evaluator-1", "url": self.url, "classes": classes}],
            "previous": previous,
        }

    def key(self, key_class: str, epoch: int | None = None) -> oprf.KeyPair:
        return oprf.key_for(self.seed, key_class, epoch or self.epoch)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: value for name, (value,) in parse_qs(request.content.decode()).items()}
        assertion = form["client_assertion"]
        unverified = json.loads(b64u_decode(assertion.split(".")[1]))
        key = self.clients.get(unverified["sub"])
        if key is None:
            return problem(401, "invalid-client")
        token = jwt.decode(assertion, key, algorithms=["ES256"])
        assert token.header == {"alg": "ES256", "kid": key.thumbprint(), "typ": "JWT"}
        claims = token.claims
        assert claims["iss"] == claims["sub"]
        assert claims["aud"] == self.url
        assert claims["exp"] <= claims["iat"] + 60
        assert claims["jti"] not in self.seen_assertions
        self.seen_assertions.add(claims["jti"])
        value = f"access-{len(self.issued)}"
        self.issued[value] = (claims["sub"], form["resource"])
        return httpx.Response(
            200,
            json={"access_token": value, "token_type": "Bearer", "expires_in": 600, "scope": ""},
        )

    def _permit(self, ask: Json) -> httpx.Response:
        if ask["epoch"] not in {self.epoch, self.previous}:
            return problem(409, "epoch-changed")
        assert bool(ask["cases"]) == (ask["reason"] != "suppression")
        permit = f"permit-{len(self.permits)}"
        self.permits[permit] = ask["counts"], ask["digest"]
        return httpx.Response(200, json={"permit": permit, "expires_in": 300})

    def _client(self, request: httpx.Request, resource: str) -> str | None:
        value = request.headers.get("Authorization", "").removeprefix("Bearer ")
        client, issued_for = self.issued.get(value, ("", ""))
        return client if issued_for == resource and value not in self.withdrawn else None

    def _evaluate(self, request: httpx.Request, body: Json) -> httpx.Response:
        batch = {
            group["key_class"]: [b64u_decode(each) for each in group["elements"]]
            for group in body["groups"]
        }
        counts = {key_class: len(elements) for key_class, elements in batch.items()}
        bound = counts, b64u_encode(batch_digest(body["epoch"], batch.items()))
        permit = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.permits.get(permit) != bound:
            return problem(403, "permit-mismatch")
        if body["epoch"] not in {self.epoch, self.previous}:
            return problem(409, "epoch-changed")
        assert 1 <= sum(len(group["elements"]) for group in body["groups"]) <= 1000
        groups = []
        for group in body["groups"]:
            elements = [b64u_decode(each) for each in group["elements"]]
            evaluated, proof = oprf.evaluate(self.key(group["key_class"], body["epoch"]), elements)
            groups.append(
                {
                    "key_class": group["key_class"],
                    "elements": [b64u_encode(each) for each in evaluated],
                    "proof": b64u_encode(proof),
                }
            )
        return httpx.Response(200, json={"epoch": body["epoch"], "groups": groups})

    def _put(self, client: str, item: Json) -> Json:
        source, external_id = item["source_system"], item["external_id"]
        answer: Json = {"source_system": source, "external_id": external_id}
        if external_id in self.refused:
            return {
                **answer,
                "result": "refused",
                "problem": {"code": "summary-guarded", "detail": "Shorten the summary."},
            }
        known = self.cases.get((client, source, external_id))
        self.cases[client, source, external_id] = item["case"]
        result = "created" if known is None else "updated"
        result = "unchanged" if known == item["case"] else result
        for token in tokens_of(item["case"]):
            self.holders.setdefault(token, set()).add((client, source, external_id))
        overlaps = list(self._overlaps_of(client, source, external_id))
        return {
            **answer,
            "version": 1,
            "result": result,
            "overlaps": overlaps,
            "more_overlaps": False,
        }

    def _overlaps(self, client: str) -> Iterator[Json]:
        for owner, source, external_id in list(self.cases):
            if owner == client:
                yield from self._overlaps_of(owner, source, external_id)

    def _overlaps_of(self, client: str, source: str, external_id: str) -> Iterator[Json]:
        tokens = tokens_of(self.cases[client, source, external_id])
        others = set().union(*(self.holders[token] for token in tokens))
        for owner, _, theirs in sorted(others):
            if owner != client:
                yield {
                    "id": f"ovl_{external_id}_{theirs}",
                    "case": {"source_system": source, "external_id": external_id},
                }

    def _page(self, request: httpx.Request, items: list[Json]) -> httpx.Response:
        start = int(request.url.params.get("cursor", "0"))
        end = start + self.page
        following = str(end) if end < len(items) else None
        return httpx.Response(200, json={"items": items[start:end], "next_cursor": following})

    def _handling(
        self, request: httpx.Request, path: str, client: str, body: Any
    ) -> httpx.Response:
        if match := re.fullmatch(r"/v1/overlaps/([^/]+)/handling-requests", path):
            key = request.headers["Idempotency-Key"]
            entry = {"id": f"hnd_{key}", "overlap_id": match[1], "version": 1, "status": "pending"}
            entry = self.handling.setdefault(key, {**entry, **body, "sent_by": client})
            return httpx.Response(201, json=entry)
        if match := re.fullmatch(r"/v1/handling-requests/hnd_([^/]+)/answers", path):
            entry = self.handling[match[1]]
            if request.headers["If-Match"] != f'"{entry["version"]}"':
                return problem(412, "version-stale")
            entry.update(version=2, status={"accept": "accepted"}.get(body["answer"], "declined"))
            return httpx.Response(200, json=entry)
        if path == "/v1/overlaps":
            return self._page(request, list(self._overlaps(client)))
        if path == "/v1/handling-requests":
            return self._page(request, list(self.handling.values()))
        found = [each for each in self._overlaps(client) if path == f"/v1/overlaps/{each['id']}"]
        return httpx.Response(200, json=found[0]) if found else problem(404, "not-found")


def tokens_of(case: Json) -> set[tuple[str, str]]:
    """Return (kind, token) pairs of a posted case, each checked to be a group element."""
    found = set()
    for subject in case["subjects"]:
        for name in subject["names"]:
            found |= set(name["tokens"].items())
        found |= {(each["kind"], each["token"]) for each in subject["identifiers"]}
    assert all(kind in KINDS and oprf.is_element(b64u_decode(token)) for kind, token in found)
    return found


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"type": f"/problems/{code}", "status": status, "code": code, "detail": "Do it right."}
    return httpx.Response(
        status,
        json={**body, "trace_id": "trace-1"},
        headers={k.replace("_", "-"): v for k, v in headers.items()},
    )


def wire_form(request: httpx.Request) -> bytes:
    """Return a request as it goes over the wire: request line, headers, body."""
    lines = [f"{request.method} {request.url} HTTP/1.1".encode()]
    lines += [name + b": " + value for name, value in request.headers.raw]
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.read() + b"\r\n"
