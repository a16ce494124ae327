"""A real browser: Debian's chromium, driven by Playwright; tests skip where there is none."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

PLACE: Final = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING: Final = "no chromium here: apt-get install chromium"
expect.set_options(timeout=15_000)  # of a machine that does much else


@contextmanager
def browsing() -> Iterator[Browser]:
    """Yield a headless browser that fetches nothing of its own."""
    assert PLACE is not None, MISSING
    with sync_playwright() as playwright:
        # without a sandbox of its own: containers run as root and give it no namespaces
        browser = playwright.chromium.launch(executable_path=PLACE, args=["--no-sandbox"])
        yield browser
        browser.close()
