"""`joinder state` on a database, as operating.md and meetings.md print it."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from tests.database import run
from tests.factories import Registry


def test_sets_what_is_named_and_seats_a_committee(
    fresh_database_url: str, keys_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin() -> str:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            return (await registry.add_office("CA001000A")).code

    monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("JOINDER_KEYS", str(keys_directory))
    code = run(begin())

    def say(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, ["state", *words])
        assert done.exit_code == status, done.output
        return done.output

    assert "Set for CA" in say("set", "ca", "--no-state-pointers", "--review-years", "3")
    assert say("list").split("\t")[:3] == ["CA", "no pointers", "3 years"]
    assert "two letters" in say("set", "California", status=2)
    printed = say("law", "tx")
    assert "No counsel" in printed
    confirmed = ("--confirmed-by", "Chief, Criminal Prosecutions", "--confirmed-on", "2026-11-20")
    assert "not what is loaded" in say("law", "tx", *confirmed, status=2)
    (digest,) = re.findall(r"Digest ([0-9a-f]{64})", printed)
    assert "not what is loaded" in say("law", "nj", *confirmed, "--digest", digest, status=2)
    assert "No counsel" in say("law", "tx")
    assert "Confirmed by Chief, Criminal Prosecutions, 2026-11-20." in say(
        "law", "tx", *confirmed, "--digest", digest
    )
    assert "together" in say("law", "tx", *confirmed[:2], status=2)
    assert "has come" in say("law", "tx", *confirmed[:3], "2999-01-01", status=2)
    assert "unknown" in say("law", "wy", status=2)
    assert "Set;" in say("committee", "ca", "Valley counties", "--office", code)
    assert "office list" in say("set", "CA", "--mediator", "CA0AG000A", status=1)
