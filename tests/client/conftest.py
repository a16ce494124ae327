from collections.abc import Iterator
from pathlib import Path

import pytest

from app.client.config import ClientConfig
from app.client.registry import RegistryClient
from tests.client.clock import FakeClock
from tests.client.line import Line
from tests.client.service import Service, serving
from tests.database import Template


@pytest.fixture(scope="session")
def service(database_template: Template, keys_directory: Path) -> Iterator[Service]:
    """Yield both servers for many tests; each brings an office of its own."""
    with database_template.clone() as url, serving(url, keys_directory) as served:
        yield served


@pytest.fixture
def line(service: Service) -> Line:
    return Line(service.transport)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def config(tmp_path: Path, service: Service) -> ClientConfig:
    return service.make_office(tmp_path / "office")


@pytest.fixture
def client(config: ClientConfig, line: Line, clock: FakeClock) -> Iterator[RegistryClient]:
    with RegistryClient(config, transport=line, clock=clock) as found:
        yield found
