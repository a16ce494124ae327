"""`joinder suppression` on a database: entries for all offices, and the end of expired ones."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from app.core.clock import utc_now
from tests.blinding import element
from tests.database import run
from tests.factories import Registry


def say(*words: str, status: int = 0, piped: str = "") -> str:
    done = CliRunner().invoke(app, ["suppression", *words], input=piped)
    assert done.exit_code == status, done.output
    return done.output


def test_the_operators_entries(
    fresh_database_url: str, keys_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rows(sql: str) -> list[object]:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            return await registry.rows(sql)

    monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("JOINDER_KEYS", str(keys_directory))
    run(rows("SELECT 1"))  # the first start records the key epoch
    tokens = [element("tel", (f"+1209555010{n}",)) for n in range(3)]
    shared = {"match_spec": "joinder/v1", "epoch": 1, "kind": "tel"}
    lines = [json.dumps({**shared, "token": token}) for token in tokens]
    until = (utc_now() + timedelta(days=90)).date().isoformat()
    add = ("add", "--mode", "block", "--reason", "hotline", "--until", until)
    keys = [line.split("\t")[0] for line in say(*add, piped="\n".join(lines)).splitlines()]
    assert say(*add, piped=lines[0]) == "tel: on the list already\n"
    assert [line.split("\t")[0] for line in say("list").splitlines()] == keys[::-1]
    assert "joinder client elements" in say(*add, piped="415-555-0142", status=2)
    assert "reason" in say(*add[:3], "--reason", "x", *add[5:], piped=lines[0], status=2)
    say("end", keys[0])
    assert "It is ended" in say("end", keys[0], status=1)
    assert [line.split("\t")[0] for line in say("list").splitlines()] == keys[:0:-1]
    done = CliRunner().invoke(app, ["rematch"])
    assert (done.exit_code, done.output) == (0, "Matched 0 pairs of cases again.\n")
