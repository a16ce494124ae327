"""A few short lives of agreements against a model of their own."""

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.database import Template
from tests.handling.life import lives


class TestLife:
    @pytest.mark.parametrize(
        ("examples", "steps"), [(3, 14), pytest.param(24, 40, marks=pytest.mark.long)]
    )
    def test_no_path_skips_an_approval_leaves_an_end_has_two_leads_or_shows_too_much(
        self, database_template: Template, keys_directory: Path, examples: int, steps: int
    ) -> None:
        with lives(database_template, keys_directory) as machine:
            run_state_machine_as_test(
                machine,
                settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None),
            )
