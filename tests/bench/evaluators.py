"""Goals: evaluator processes use every core, and answer at once while they do."""

import asyncio
import json
import os
import secrets
import time
from itertools import islice
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

import httpx

from app.core.clock import utc_now
from app.core.permits import Permit
from app.core.settings import evaluator_audience
from app.identifiers.batches import batch_digest
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.oprf import MAX_BATCH, evaluate, key_for
from tests.bench import bodies
from tests.bench.measure import Goal, percentile
from tests.bench.site import Site

_CONNECTIONS: Final = 3
"""For each process; a new connection goes to any of them."""


async def measure(place: Site, *, seconds: float) -> list[Goal]:
    """Send batches of 1,000 to one evaluator process per core, and ask for their health.

    Args:
        place: Where to start them.
        seconds: How long.
    """
    processes = os.cpu_count() or 1
    elements = list(islice(bodies.elements(), MAX_BATCH))
    alone = _alone([b64u_decode(text) for text in elements], seconds / 2)
    with place.serving(1, evaluators=processes) as service:
        body, headers = _request(place, service.addresses.registry, elements)
        url = service.addresses.evaluator
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            until = time.perf_counter() + seconds
            health: list[float] = []

            async def send() -> int:
                done = 0
                while time.perf_counter() < until:
                    answer = await http.post("/v1/tokens/evaluate", content=body, headers=headers)
                    answer.raise_for_status()
                    done += 1
                return done

            async def ask() -> None:
                while time.perf_counter() < until:
                    began = time.perf_counter()
                    await _ask_health(urlsplit(url))
                    health.append(time.perf_counter() - began)
                    await asyncio.sleep(0.02)

            started = time.perf_counter()
            sent = await asyncio.gather(*[send() for _ in range(_CONNECTIONS * processes)], ask())
            rate = sum(filter(None, sent)) * MAX_BATCH / (time.perf_counter() - started)
    return [
        Goal(
            name="evaluators",
            unit="elements/s",
            ours=rate,
            baseline=alone,
            bound="at least",
            must=0.6 * processes,
            aim=0.8 * processes,
            note=f"{processes} processes over HTTP, permit, JSON and proof included, against "
            "evaluation alone in one process",
        ),
        Goal(
            name="evaluator health",
            unit="ms",
            ours=percentile(health, 0.5) * 1000,
            baseline=None,
            bound="at most",
            must=25,
            aim=10,
            note=f"median of {len(health)} GET /healthz, each on a new connection, during the "
            f"same load; 95 % within {percentile(health, 0.95) * 1000:.0f} ms",
        ),
    ]


def _alone(elements: list[bytes], seconds: float) -> float:
    """Return elements per second, by the clock, of one process that does nothing else."""
    keys, done, started = key_for(secrets.token_bytes(32), "person", 1), 0, time.perf_counter()
    while not done or time.perf_counter() < started + seconds:
        evaluate(keys, elements)
        done += len(elements)
    return done / (time.perf_counter() - started)


async def _ask_health(url: SplitResult) -> None:
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: evaluator\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError("the evaluator is not healthy")


def _request(place: Site, issuer: str, elements: list[str]) -> tuple[bytes, dict[str, str]]:
    digest = batch_digest(1, [("person", [b64u_decode(text) for text in elements])])
    permit = place.registry.app.state.signing_key.mint_permit(
        Permit(place.offices[0].client_id, 1, 1, {"person": len(elements)}, b64u_encode(digest)),
        issuer=issuer,
        audience=evaluator_audience(issuer),
        jti=uuid4().hex,
        now=int(utc_now().timestamp()),
    )
    body = {"epoch": 1, "groups": [{"key_class": "person", "elements": elements}]}
    headers = {"Authorization": f"Bearer {permit}", "Content-Type": "application/json"}
    return json.dumps(body).encode(), headers
