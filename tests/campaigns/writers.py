"""Offices that post over HTTP and keep on through every failure, noting what they were told."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from random import Random
from time import monotonic
from typing import Any, Final
from uuid import uuid4

import httpx

from app.identifiers.encoding import b64u_encode
from app.identifiers.suite import hash_to_group
from tests.blinding import case
from tests.campaigns.ledger import Ledger
from tests.signing import Signer, token_request

_NUMBERS: Final = count()
GIVEN_UP: Final = 0.05
"""Share of the failed attempts after which a post is left in doubt instead of repeated."""

_OK: Final = {200, 201}


@dataclass
class Office:
    """A machine client with its key."""

    code: str
    client_id: str
    signer: Signer


@dataclass
class Writer:
    """One connection's worth of work for an office."""

    office: Office
    url: str
    ledger: Ledger
    random: Random
    is_stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _token: str | None = None
    _renewal: float = 0.0
    """When a fresh access token is due, by the monotonic clock: long campaigns outlast one."""

    async def run(self) -> None:
        """Post until told to stop; what is under way then is still brought to an end."""
        async with httpx.AsyncClient(base_url=self.url, timeout=20) as http:
            while not self.is_stopping.is_set():
                await self._work_on_one_case(http)

    async def _work_on_one_case(self, http: httpx.AsyncClient) -> None:
        external = f"w{next(_NUMBERS)}"
        for _ in range(self.random.choice((1, 1, 2, 3))):
            answer = await self._post(http, external)
            if answer is None:
                return
            overlaps = answer["overlaps"]
        if overlaps and self.random.random() < 0.3:
            await self._request_handling(http, overlaps[0]["id"])

    async def _post(self, http: httpx.AsyncClient, external: str) -> dict[str, Any] | None:
        """Put new content under a reference; None when refused or when in doubt."""
        shared = [_shared_token(next(_NUMBERS) // 6 + self.random.randint(0, 3))]
        tokens = frozenset(shared + [_private_token(self.random) for _ in range(4)])
        identifiers = [
            {"kind": "tel", "provenance": "police_report", "token": token}
            for token in sorted(tokens)
        ]
        body = case({"ref": "1", "identifiers": identifiers})
        history = self.ledger.cases[self.office.code, external]
        history.contents.append(tokens)
        answer = await self._send(http, "PUT", f"/v1/cases/kills/{external}", body)
        history.is_last_certain = answer is not None
        return answer.json() if answer is not None and answer.status_code in _OK else None

    async def _request_handling(self, http: httpx.AsyncClient, overlap_id: str) -> None:
        answer = await self._send(
            http,
            "POST",
            f"/v1/overlaps/{overlap_id}/handling-requests",
            {"kind": "consult"},
            {"Idempotency-Key": uuid4().hex},
        )
        if answer is not None and answer.status_code == 201:
            self.ledger.requests[answer.json()["id"]] += 1

    async def _send(
        self,
        http: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> httpx.Response | None:
        """Repeat a request until it has a definite answer; None when given up on purpose."""
        while True:
            answer = await self._attempt(http, method, path, body, headers or {})
            if answer is not None and answer.status_code in _OK:
                self.ledger.acknowledged += 1
                return answer
            if answer is not None and answer.status_code < 500:
                if method == "PUT" or answer.status_code not in {404, 409}:
                    self.ledger.refused.append(f"{method} {answer.status_code} {answer.text}")
                return answer
            self.ledger.unknown += 1
            if self.random.random() < GIVEN_UP:
                self.ledger.in_doubt += 1
                return None
            await asyncio.sleep(self.random.uniform(0.02, 0.3))

    async def _attempt(
        self,
        http: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any],
        headers: dict[str, str],
    ) -> httpx.Response | None:
        """Send once, with an access token; None when there was no answer."""
        try:
            if self._token is None or monotonic() > self._renewal:
                assertion = self.office.signer.assertion(self.office.client_id, self.url)
                issued = await http.post("/v1/oauth/token", data=token_request(assertion))
                if issued.status_code not in _OK:
                    return issued
                self._token = issued.json()["access_token"]
                self._renewal = monotonic() + issued.json()["expires_in"] / 2
            bearer = {"Authorization": f"Bearer {self._token}"}
            return await http.request(method, path, json=body, headers=bearer | headers)
        except httpx.TransportError:
            return None


def _shared_token(number: int) -> str:
    """Return a token that a few posts around the same time hold."""
    return b64u_encode(hash_to_group(b"shared %d" % number))


def _private_token(random: Random) -> str:
    return b64u_encode(hash_to_group(random.randbytes(16)))
