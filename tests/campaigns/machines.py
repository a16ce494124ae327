"""Many long lives: `python -m tests.campaigns.machines --of agreements --examples 200 --steps 50`.

Each is lived beside a model of its own; the first difference ends it all. The tests live the same
few each time, this others with every run.
"""

import argparse
import asyncio
import secrets
import tempfile
from pathlib import Path
from typing import Final

from app.serving.keys import create_keys
from tests.blinding import SEED
from tests.contact_requests.test_life import Life as ContactRequests
from tests.database import Template, serving
from tests.factories import Registry
from tests.followups.test_life import Life as FollowUps
from tests.handling.life import Life as Agreements
from tests.handling.test_question_life import Questions as Asked
from tests.handling.test_question_life import Silence
from tests.handling.test_team_life import Life as Teams
from tests.infusion.test_questions import Life as Questions
from tests.machines import Machine, live
from tests.proposals.test_life import Life as Proposals
from tests.reviews.test_lives import Corrections, Holds, Readings
from tests.second_looks.test_second_looks import Life as SecondLooks
from tests.sharing.test_glass_life import Life as Emergencies
from tests.sharing.test_lives import Grants, Walls
from tests.webhooks.test_life import Life as Webhooks

LIVES: Final[dict[str, type[Machine]]] = {
    "agreements": Agreements,
    "asked": Asked,
    "contact-requests": ContactRequests,
    "corrections": Corrections,
    "emergencies": Emergencies,
    "follow-ups": FollowUps,
    "grants": Grants,
    "holds": Holds,
    "proposals": Proposals,
    "questions": Questions,
    "readings": Readings,
    "second-looks": SecondLooks,
    "silence": Silence,
    "teams": Teams,
    "walls": Walls,
    "webhooks": Webhooks,
}


def main() -> None:
    """Live as many lives as asked for, and say what they came to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--of", choices=LIVES, default="agreements")
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--steps", type=int, default=40)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, serving(secrets.token_hex(8)) as url:
        keys = Path(home) / "keys"
        create_keys(keys, seed=SEED)
        template = Template(url)
        with template.clone() as database:
            asyncio.run(_live(LIVES[chosen.of], database, keys, chosen.examples, chosen.steps))
        template.drop()
    print(f"{chosen.examples} lives of {chosen.of}: no difference from the model")
    for name, count in sorted(Agreements.taken.items()):
        print(f"{count:6} {name}")


async def _live(lives: type[Machine], database: str, keys: Path, examples: int, steps: int) -> None:
    async with Registry.started(database, keys) as registry:
        await live(lives, registry, examples=examples, steps=steps)


if __name__ == "__main__":
    main()
