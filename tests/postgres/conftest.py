"""Directories that the account PostgreSQL runs under can reach, and servers in them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.postgres.profiles import DISPOSABLE
from app.postgres.server import EmbeddedServer


@pytest.fixture(scope="session")
def shared_home() -> Iterator[Path]:
    """Yield the home of a durable cluster that these tests share; each leaves it stopped."""
    directory = Path(tempfile.mkdtemp(prefix="joinder-postgres-"))
    directory.chmod(0o711)
    yield directory / "home"
    shutil.rmtree(directory)


@pytest.fixture
def server(shared_home: Path) -> Iterator[EmbeddedServer]:
    """Yield a running durable server, stopped afterwards."""
    with EmbeddedServer(shared_home) as running:
        yield running


@pytest.fixture
def disposable(scratch: Path) -> Iterator[EmbeddedServer]:
    """Yield a running disposable server of its own."""
    with EmbeddedServer(scratch / "home", profile=DISPOSABLE) as running:
        yield running
