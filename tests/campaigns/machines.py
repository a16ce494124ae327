"""Many long lives of agreements: `python -m tests.campaigns.machines --examples 200 --steps 50`.

Each is lived beside a model of its own (tests/handling/life.py); the first difference ends it all.
"""

import argparse
import secrets
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from app.serving.keys import create_keys
from tests.blinding import SEED
from tests.database import Template, serving
from tests.handling.life import Life, lives


def main() -> None:
    """Live as many lives as asked for, and say what they came to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=50)
    parser.add_argument("--steps", type=int, default=40)
    chosen = parser.parse_args()
    asked = settings(
        max_examples=chosen.examples,
        stateful_step_count=chosen.steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with tempfile.TemporaryDirectory() as home, serving(secrets.token_hex(8)) as url:
        keys = Path(home) / "keys"
        create_keys(keys, seed=SEED)
        template = Template(url)
        with lives(template, keys) as machine:
            run_state_machine_as_test(machine, settings=asked)
        template.drop()
    for name, count in sorted(Life.taken.items()):
        print(f"{count:6} {name}")


if __name__ == "__main__":
    main()
