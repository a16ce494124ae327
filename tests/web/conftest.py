"""One browser and one demo for the tests of a file that drive pages as a person does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.chromium import MISSING, PLACE, browsing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.web.screenshots import Demo


@pytest.fixture(scope="module")
def shown() -> "Iterator[Demo]":
    """Yield the demo; what one test leaves behind another one of its file meets, in any order."""
    from tests.web.screenshots import demo  # noqa: PLC0415 -- the browser's package is slow to load

    if PLACE is None:
        pytest.skip(MISSING)
    with demo() as started:
        yield started


@pytest.fixture(scope="module")
def url(shown: "Demo") -> str:
    return shown.url


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Yield a browser; one of the whole session would keep the event loop from other tests."""
    with browsing() as started:
        yield started
