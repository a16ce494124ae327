"""The demo: two offices push public linkage data, overlaps appear, one is settled."""

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.client.config import ClientConfig
from app.client.push import Plan, Progress, Summary, push
from app.client.registry import RegistryClient
from app.core.db import (
    become_operator,
    create_engine,
    create_sessions,
    schema_revision,
    transaction,
)
from app.demo import offices, people, state
from app.demo.measure import measure, write_samples
from app.demo.offices import OFFICES
from app.offices import queries as office_queries
from app.serving import night
from app.serving.installation import Installation, InstallationError, in_transaction
from app.serving.supervisor import Service, running

MAP: Final = Path(__file__).parent / "febrl-map.toml"
Say = Callable[[str], None]
Json = dict[str, Any]


@dataclass(frozen=True)
class Demo:
    """A running service with the demo's data in it."""

    service: Service
    configs: list[ClientConfig]
    result: Json
    log: Path
    another_night: "Callable[[], subprocess.Popen[bytes]]"
    """Begins one more, beside the service."""


@contextmanager
def demonstrate(
    here: Installation,
    directory: Path,
    *,
    records: int,
    ports: tuple[int, int],
    say: Say,
    progress: Callable[[str], Progress],
    with_pages: bool = True,
) -> Iterator[Demo]:
    """Serve, do the main job through the HTTP API, and yield the running service.

    Args:
        here: The installation to serve.
        directory: Where the offices' files go; a result in it means the data is there already.
        records: Persons per office, 5,000 at most.
        ports: Of registry and evaluator; 0 takes free ones.
        say: Told a line at each step.
        progress: Given an office's name, returns what to tell about its push.
        with_pages: Whether to fill an invented state to look at in a browser first.
    """
    started = time.monotonic()
    log = directory.parent / "service.log"
    stored = directory / "result.json"
    done: Json | None = json.loads(stored.read_text()) if stored.exists() else None
    if done is not None and done["records"] != records:
        records = done["records"]
        say(f"The data is there already, {records} records of each office; --fresh begins again.")
    # each person of this data has one counterpart, which is what the prior should say
    prior = {"JOINDER_OPPOSITE_SUBJECTS": str(records), "JOINDER_EXPECTED_MATCHES": "1"}
    settings = {**prior, **({"JOINDER_DEMO_PEOPLE": people.setting()} if with_pages else {})}
    with ExitStack() as stack:
        service = stack.enter_context(running(here, ports=ports, settings=settings, log=log))
        say(f"Registry and evaluator answer after {time.monotonic() - started:.1f} s.")
        ids = _add_offices(here, directory)
        if with_pages:
            state.show(here, directory, service.addresses.registry, prior)
            say(f"Open {service.addresses.registry} in a browser and pick who you are.")
        configs = offices.configure(directory, service.addresses.registry, ids)
        clients = [stack.enter_context(RegistryClient(config)) for config in configs]
        if done is None:
            pushed = _push(directory, configs, clients, records, say, progress)
            done = {**pushed, "seconds_total": 0.0}
        result = {**done, **_settle(clients, done["records"])}
        if not done["seconds_total"]:
            result["seconds_total"] = round(time.monotonic() - started, 2)
        stored.write_text(json.dumps(result, indent=1))
        nights = "app.demo.nights", str(directory), service.addresses.registry
        another = partial(night.start, here, settings=prior, command=nights)
        yield Demo(service, configs, result, log, another)


def _add_offices(here: Installation, directory: Path) -> dict[str, str]:
    """Add the offices and return their client ids; what an interrupted demo did is kept."""
    stored = directory / "clients.json"
    if stored.exists():
        found: dict[str, str] = json.loads(stored.read_text())
        return found
    keys = offices.create_keys(directory)

    ids = in_transaction(here, lambda session: offices.add_offices(session, keys))
    stored.write_text(json.dumps(ids))
    return ids


def admit(url: str, directory: Path) -> None:
    """Refuse a database with offices that are not of this demo; changes nothing in it.

    Args:
        url: Of the database, whatever its schema.
        directory: Where the demo's offices keep their files; empty before the first run.

    Raises:
        InstallationError: it is in use.
    """
    is_new = not (directory / "clients.json").exists()

    async def is_ours() -> bool:
        engine = create_engine(url, pool_size=1, role=None)
        try:
            async with transaction(create_sessions(engine)) as session:
                await become_operator(session)
                if await schema_revision(await session.connection()) is None:
                    return True
                codes = await office_queries.list_codes(session)
                return offices.are_ours(codes) and not (is_new and codes)
        finally:
            await engine.dispose()

    if not asyncio.run(is_ours()):
        raise InstallationError(
            "JOINDER_DATABASE_URL names a database with offices in it; the demo needs one of its "
            "own. Unset it, or name an empty database."
        )


def _push(
    directory: Path,
    configs: list[ClientConfig],
    clients: list[RegistryClient],
    records: int,
    say: Say,
    progress: Callable[[str], Progress],
) -> Json:
    exports = write_samples(directory, [office.export for office in OFFICES], records)
    done: list[Summary] = []
    for office, export, config, client in zip(OFFICES, exports, configs, clients, strict=True):
        say(f"{office.name} pushes {records} records; names and dates stay with it.")
        plan = Plan(export, MAP, config)
        plan.state_path.unlink(missing_ok=True)  # all of it again: its figures are of the whole
        done.append(push(plan, client, progress=progress(office.name)))
    seconds = sum(summary.seconds for summary in done)
    tokens, cases = sum(summary.tokens for summary in done), sum(summary.cases for summary in done)
    return {
        "records": records,
        "offices": len(done),
        "cases": cases,
        "subjects": cases,
        "tokens": tokens,
        "rows_rejected": sum(summary.rows_rejected for summary in done),
        "seconds_push": round(seconds, 2),
        "cases_per_second": round(cases / seconds, 1),
        "tokens_per_second": round(tokens / seconds, 1),
    }


def _settle(clients: list[RegistryClient], records: int) -> Json:
    """Return what both offices see, after they agreed on the strongest overlap."""
    listed = [list(client.list_overlaps()) for client in clients]
    quality = measure(listed, records)
    requests = list(clients[0].list_handling_requests())
    if not requests and listed[0]:
        strongest = max(listed[0], key=_strength)
        requests = [clients[0].request_handling(strongest["id"], kind="consult")]
    if requests and requests[0]["status"] == "sent":
        asked = requests[0]
        clients[1].answer_handling(asked["id"], answer="accept", version=asked["version"])
        requests = list(clients[0].list_handling_requests())
    result: Json = {
        "overlaps": len(listed[0]),
        "same_person": quality.found,
        "recall": round(quality.recall, 4),
        "precision": round(quality.precision, 4),
        "f1": round(quality.f1, 4),
        "joint_handling_status": requests[0]["status"] if requests else "none",
    }
    if requests:
        result["example"] = clients[0].get_overlap(requests[0]["overlap_id"])
    return result


def _strength(overlap: Json) -> int:
    return max(finding["strength"] or 0 for finding in overlap["findings"])
