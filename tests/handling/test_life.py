"""A few short lives of agreements of each kind against a model of their own."""

import pytest

from tests.factories import Registry
from tests.handling.life import AGREEMENTS, Life
from tests.machines import live


class TestLife:
    @pytest.mark.parametrize("kind", AGREEMENTS)
    @pytest.mark.parametrize(
        ("examples", "steps"), [(2, 10), pytest.param(4, 40, marks=pytest.mark.long)]
    )
    async def test_no_path_skips_an_approval_leaves_an_end_has_two_leads_or_shows_too_much(
        self, shared_registry: Registry, kind: str, examples: int, steps: int
    ) -> None:
        lives = type(kind, (Life,), {"kind": kind})
        await live(lives, shared_registry, examples=examples, steps=steps)
