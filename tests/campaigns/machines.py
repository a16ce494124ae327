"""Many long lives of agreements: `python -m tests.campaigns.machines --examples 200 --steps 50`.

Each is lived beside a model of its own (tests/handling/life.py); the first difference ends it all.
"""

import argparse
import asyncio
import secrets
import tempfile
from pathlib import Path

from app.serving.keys import create_keys
from tests.blinding import SEED
from tests.database import Template, serving
from tests.factories import Registry
from tests.handling.life import Life
from tests.machines import live


def main() -> None:
    """Live as many lives as asked for, and say what they came to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--steps", type=int, default=40)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, serving(secrets.token_hex(8)) as url:
        keys = Path(home) / "keys"
        create_keys(keys, seed=SEED)
        template = Template(url)
        with template.clone() as database:
            asyncio.run(_live(database, keys, chosen.examples, chosen.steps))
        template.drop()
    for name, count in sorted(Life.taken.items()):
        print(f"{count:6} {name}")


async def _live(database: str, keys: Path, examples: int, steps: int) -> None:
    async with Registry.started(database, keys) as registry:
        await live(Life, registry, examples=examples, steps=steps)


if __name__ == "__main__":
    main()
