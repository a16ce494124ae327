"""Through a proxy before a real service, nothing of a person is in any byte or log line."""

from pathlib import Path

import pytest

from app.client.push import Plan, push
from app.client.registry import RegistryClient
from app.demo import offices
from app.serving.installation import as_operator, installation
from app.serving.supervisor import running
from tests.client.silence import assert_silent
from tests.client.test_wire import HEADER, MAP, ROWS, secrets_of
from tests.proxy import recording


def free_port() -> int:
    from app.serving.process import listen  # noqa: PLC0415 -- used here only

    with listen("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.long
def test_no_raw_or_normalized_value_reaches_the_service(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOINDER_DATABASE_URL", raising=False)
    monkeypatch.setenv("JOINDER_HOME", str(scratch / "home"))
    ports = (free_port(), free_port())
    log = scratch / "service.log"
    (scratch / "map.toml").write_text(MAP)
    export = scratch / "export.csv"
    export.write_text(HEADER + ROWS, encoding="utf-8")
    keys = offices.create_keys(scratch / "offices")
    with recording(ports[0]) as registry, recording(ports[1]) as evaluator:
        monkeypatch.setenv("JOINDER_PUBLIC_URL", registry.url)
        monkeypatch.setenv("JOINDER_EVALUATOR_URL", evaluator.url)
        with installation() as here, running(here, ports=ports, log=log):
            ids = as_operator(lambda session: offices.add_offices(session, keys))
            for config in offices.configure(scratch / "offices", registry.url, ids):
                with RegistryClient(config) as client:
                    summary = push(Plan(export, scratch / "map.toml", config), client)
                    found = list(client.list_overlaps())
    assert (summary.created, len(found)) == (2, 2)
    assert b"PUT /v1/cases" in registry.sent
    assert b"POST /v1/tokens/evaluate" in evaluator.sent
    assert b"/v1/cases" in log.read_bytes()
    secrets = [*secrets_of(ROWS[: ROWS.index("W-3")]), "Unmatchable", "thefifties", "5550188"]
    for recorded in (registry.sent, registry.answered, evaluator.sent, evaluator.answered):
        assert_silent(bytes(recorded), secrets)
    assert_silent(log.read_bytes(), secrets)
    server_log = next((scratch / "home").rglob("*.log"))
    assert_silent(server_log.read_bytes(), secrets)
