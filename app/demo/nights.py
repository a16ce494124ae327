"""One more night of the demonstration: a county posts what it found, and the nightly run follows.

Run as `python -m app.demo.nights DIRECTORY REGISTRY`; the demonstration starts it when it is asked.
"""

import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.client.registry import RegistryClient
from app.core import logging
from app.core.clock import utc_now
from app.core.db import transaction
from app.demo import offices, state
from app.jobs import queries
from app.jobs.nightly import run
from app.jobs.steps import steps
from app.serving.installation import as_nightly

if TYPE_CHECKING:
    from app.cases.registering import Intake
    from app.core.db import Sessions
    from app.jobs.nightly import Done

_HOME: Final = "DEMO-CEDAR"
"""Whose cases the new ones overlap with: most of the people to pick are of this office."""
_COUNTIES: Final = ("DEMO-DOGWOOD", "DEMO-FIR", "DEMO-MAPLE")
_KEPT: Final = "people.forget"
"""The step that ends sign-ins: a day has not really passed for who looks on."""


def post(directory: Path, registry: str) -> None:
    """Post the next case of a county, whose person is in a case of Cedar's too."""
    stored = directory / "nights.json"
    count: int = json.loads(stored.read_text()) if stored.exists() else 0
    known = list(state.fillers(_HOME))
    found = replace(known[count % len(known)], external_id=f"N-{count + 1:03}", opened_on="")
    code = _COUNTIES[count % len(_COUNTIES)]
    office = [each for each in offices.STATE if each.code == code]
    ids = json.loads((directory / "state.json").read_text())
    (config,) = offices.configure(directory, registry, ids, office)
    with RegistryClient(config) as client:
        state.put(client, [found])
    stored.write_text(json.dumps(count + 1))


async def one_later(sessions: "Sessions", intake: "Intake") -> "list[Done]":
    """Do a nightly run as if a day had passed since now, or since the last one if that is later."""
    async with transaction(sessions) as session:
        last = await queries.get_run(session, None)
    now = utc_now()
    as_of = max(now, last["as_of"] if last else now) + timedelta(days=1)
    chosen = [each for each in steps(intake) if each.name != _KEPT]
    return await run(sessions, chosen, as_of=as_of)


def main() -> int:
    """Post, then do one whole run; its steps that fail are log lines."""
    logging.configure("nightly")
    post(Path(sys.argv[1]), sys.argv[2])
    return int(any(each.error for each in as_nightly(one_later)))


if __name__ == "__main__":
    sys.exit(main())
