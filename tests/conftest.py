"""How tests are run: in which order, and by processes made ready for many."""

import gc
import logging
import sys
from typing import Final

import pytest
import structlog
from hypothesis import settings

_LONGEST: Final = (
    {"test_browser", "test_every_page"},
    {"campaigns", "rotation", "serving", "bench", "demo", "test_life", "test_hostile"},
    {"test_i6_audited", "test_interference", "test_matrix", "test_notices", "test_pages"},
)
"""Directories and modules whose tests take longest, in the order in which they begin."""

settings.register_profile("steady", derandomize=True, max_examples=50)
settings.load_profile("steady")  # a change is judged by itself, not by luck; campaigns explore


@pytest.hookimpl(trylast=True)  # after they were shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left with it while others are done."""
    items.sort(
        key=lambda item: [
            names.isdisjoint({item.path.parent.name, item.path.stem}) for names in _LONGEST
        ]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the application where tests run, not where they are handed out to other processes.

    Of the service what went wrong is logged, not each request.
    """
    if not config.getoption("numprocesses", 0):
        config.pluginmanager.import_plugin("tests.fixtures")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    # httpx looks for it through all of the path at each request, and it is not installed
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # an import then fails at once


def pytest_collection_finish() -> None:
    """Look no more for garbage in what stays until the end: a fifth of the time of all tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
