"""A few short lives of agreements against a model of their own."""

import pytest

from tests.factories import Registry
from tests.handling.life import Life
from tests.machines import live


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(3, 14), pytest.param(8, 40, marks=pytest.mark.long)]
    )
    async def test_no_path_skips_an_approval_leaves_an_end_has_two_leads_or_shows_too_much(
        self, shared_registry: Registry, examples: int, steps: int
    ) -> None:
        await live(Life, shared_registry, examples=examples, steps=steps)
