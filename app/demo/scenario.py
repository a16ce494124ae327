"""`joinder demo --scenario matter`: a service of its own, four offices, and a whole matter."""

import asyncio
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.client.push import Plan, push
from app.client.registry import RegistryClient
from app.core.clock import utc_now
from app.demo import offices
from app.demo.heads import add_heads, sit_down
from app.demo.matter import Json, Say, play
from app.demo.measure import write_samples
from app.demo.offices import AT_THE_TABLE
from app.demo.run import MAP
from app.serving.installation import Installation, in_transaction
from app.serving.supervisor import running

RECORDS: Final = 10
"""Persons per office: enough for the overlaps that the matter is about."""


def demonstrate_matter(here: Installation, directory: Path, *, say: Say) -> Json:
    """Serve, let three offices push the same people, and play the matter through the HTTP API.

    Args:
        here: The installation to serve; nobody has used it.
        directory: Where the offices' files go.
        say: Told a line at each step.

    Returns:
        What `play` exported.
    """
    prior = {"JOINDER_OPPOSITE_SUBJECTS": str(RECORDS), "JOINDER_EXPECTED_MATCHES": "1"}
    log = directory.parent / "service.log"
    with ExitStack() as stack:
        service = stack.enter_context(running(here, ports=(0, 0), settings=prior, log=log))
        registry = service.addresses.registry
        keys = offices.create_keys(directory, AT_THE_TABLE)
        ids = in_transaction(here, partial(offices.add_offices, keys=keys, whom=AT_THE_TABLE))
        *posting, general = AT_THE_TABLE
        configs = offices.configure(directory, registry, ids, posting)
        clients = [stack.enter_context(RegistryClient(config)) for config in configs]
        exports = write_samples(directory, [office.export for office in posting], RECORDS)
        for export, config, client in zip(exports, configs, clients, strict=True):
            push(Plan(export, MAP, config), client, progress=_silent)
        overlaps = _overlaps(clients[0], [office.code for office in posting[1:]])
        say(f"{posting[0].code} shares possible matches with {len(overlaps)} offices.")
        codes = in_transaction(
            here, partial(add_heads, codes=[office.code for office in AT_THE_TABLE])
        )
        return asyncio.run(_play(registry, codes, general.code, overlaps, say))


async def _play(
    registry: str, codes: dict[str, str], general: str, overlaps: list[str], say: Say
) -> Json:
    seats = {office: await sit_down(registry, office, code) for office, code in codes.items()}
    try:
        return await play(
            [seat for office, seat in seats.items() if office != general],
            seats[general],
            overlaps,
            today=utc_now().date(),
            say=say,
        )
    finally:
        for seat in seats.values():
            await seat.client.aclose()


def _overlaps(client: RegistryClient, others: list[str]) -> list[str]:
    """Return one overlap with each of the other offices, in their order."""
    found: dict[str, str] = {}
    for overlap in client.list_overlaps():
        found[overlap["counterpart"]["office"]["code"]] = overlap["id"]
    return [found[code] for code in others]


def _silent(*_: Any) -> None:
    """Tell nothing of a push of a few records."""
