"""Fixtures for every test: databases and a closed network."""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from app.serving.keys import create_keys
from tests.blinding import SEED
from tests.database import Template, serving
from tests.factories import OfficeClient, Registry
from tests.network import close_network


@pytest.fixture(scope="session", autouse=True)
def _closed_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        close_network(patch)
        yield


@pytest.fixture
def full_log() -> Iterator[None]:
    """Let every line be logged, for who looks at what is; by default tests log what went wrong."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def database_template() -> Iterator[Template]:
    """Yield this worker's migrated template."""
    with serving(os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)) as server_url:
        template = Template(server_url)
        yield template
        template.drop()


@pytest.fixture(scope="session")
def database_url(database_template: Template) -> Iterator[str]:
    """Yield the URL of this worker's database; a test that uses it leaves it as it was."""
    with database_template.clone() as url:
        yield url


@pytest.fixture
def fresh_database_url(database_template: Template) -> Iterator[str]:
    """Yield the URL of a database of the test's own, for commits and several connections."""
    with database_template.clone() as url:
        yield url


@pytest.fixture(scope="session")
def keys_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory of keys made as an installation makes them, with the seed of the tests."""
    directory = tmp_path_factory.mktemp("installation") / "keys"
    create_keys(directory, seed=SEED)
    return directory


@pytest.fixture
async def registry(fresh_database_url: str, keys_directory: Path) -> AsyncIterator[Registry]:
    """Yield the registry in this process on a database of the test's own."""
    async with Registry.started(fresh_database_url, keys_directory) as started:
        yield started


@pytest.fixture
async def two_offices(registry: Registry) -> tuple[OfficeClient, OfficeClient]:
    """Return the clients of two offices whose agreements are in force."""
    return await registry.add_office("CA001000A"), await registry.add_office("NV002000A")


@pytest.fixture(scope="session")
async def shared_registry(
    database_template: Template, keys_directory: Path
) -> AsyncIterator[Registry]:
    """Yield one registry for many tests; each brings offices and people of its own (scenes.py)."""
    with database_template.clone() as url:
        async with Registry.started(url, keys_directory) as started:
            yield started


@pytest.fixture(scope="module")
async def module_registry(
    database_template: Template, keys_directory: Path
) -> AsyncIterator[Registry]:
    """Yield one registry for a module: of nightly steps, which go through all that there is."""
    with database_template.clone() as url:
        async with Registry.started(url, keys_directory) as started:
            yield started


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Yield an empty directory that other accounts may pass through; pytest's own are private."""
    with _passable() as directory:
        yield directory


@pytest.fixture(scope="module")
def module_scratch() -> Iterator[Path]:
    """Yield what `scratch` does, one for the tests of a module."""
    with _passable() as directory:
        yield directory


@contextmanager
def _passable() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="joinder-scratch-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)
