from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.client.config import ClientConfig, new_config, write_config
from app.client.credentials import create_private_key
from app.client.registry import RegistryClient
from tests.client.fakes import FakeClock, FakeRegistry


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def config(tmp_path: Path, registry: FakeRegistry) -> ClientConfig:
    return make_office(tmp_path / "office", registry, "office-1")


@pytest.fixture
def client(
    config: ClientConfig, registry: FakeRegistry, clock: FakeClock
) -> Iterator[RegistryClient]:
    with RegistryClient(config, transport=registry.transport(), clock=clock) as found:
        yield found


def make_office(directory: Path, registry: FakeRegistry, client_id: str) -> ClientConfig:
    """Make an office whose key the registry knows and that has pinned the evaluator's keys."""
    directory.mkdir(parents=True)
    config = new_config(directory, registry.url)
    registry.clients[client_id] = create_private_key(config.key_path)
    classes = registry.keys()["evaluators"][0]["classes"]
    config = replace(config, client_id=client_id, pins={registry.epoch: classes})
    write_config(config)
    return config
