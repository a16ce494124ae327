"""`joinder canary` on a database, from the tokens to the alarm."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from app.core.clock import utc_now
from tests.blinding import case
from tests.database import run
from tests.factories import Registry
from tests.scenes import something


def say(*words: str, status: int = 0, piped: str = "") -> str:
    done = CliRunner().invoke(app, ["canary", *words], input=piped)
    assert done.exit_code == status, done.output
    return done.output


def test_from_the_token_to_the_alarm(
    fresh_database_url: str, keys_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bait = something()

    async def begin() -> None:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            await registry.add_office("CA001000A")

    async def post() -> None:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            poster = await registry.add_office("NV002000A")
            assert (await poster.put_case("24-1", case(bait))).status_code == 201

    monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("JOINDER_KEYS", str(keys_directory))
    run(begin())
    first = bait["identifiers"][0]
    line = json.dumps({
        "match_spec": "joinder/v1", "epoch": 1, "kind": first["kind"], "token": first["token"],
    })  # fmt: skip
    until = (utc_now() + timedelta(days=90)).date().isoformat()
    add = ("add", "CA001000A", "--until", until)
    key, kind = say(*add, piped=line).split()
    assert kind == "tel"
    assert say(*add, piped=line) == "tel: is a canary already\n"
    assert "joinder client elements" in say(*add, piped="415-555-0142", status=2)
    assert say("alarms") == ""
    run(post())
    (alarm,) = say("alarms").splitlines()
    assert alarm.split("\t")[1:6] == [
        key, "CA001000A", "ca001000a@example.com", "NV002000A", "nv002000a@example.com",
    ]  # fmt: skip
    assert say("alarms", "--since", until) == ""
    assert say("list", "CA001000A") == f"{key}\ttel\t{until}\t1 alarms\n"
    assert say("end", "CA001000A", key) == f"Ended {key}.\n"
    assert say("list", "CA001000A") == ""
    assert "not found" in say("end", "CA001000A", key, status=1)
