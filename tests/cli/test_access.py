"""`joinder access explain` on a database."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from tests.database import run
from tests.factories import Registry
from tests.scenes import Meeting, meet


def test_explains_a_case_in_any_overlap_and_in_the_one_that_a_grant_names(
    fresh_database_url: str, keys_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin() -> Meeting:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            meeting = await meet(registry, "open", "contact_first")
            await meeting.second.request_handling(meeting.overlap_id)
            return meeting

    monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("JOINDER_KEYS", str(keys_directory))
    meeting = run(begin())
    words = ["access", "explain", meeting.second.code, "cms"]
    done = CliRunner().invoke(app, [*words, "24-1", meeting.first.code])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "partner\tin any overlap\tpointer\tdisclosed",
        f"partner\tin {meeting.overlap_id}\tcontact\tgranted",
    ]
    absent = CliRunner().invoke(app, [*words, "24-9", meeting.first.code])
    assert absent.exit_code == 1
    assert "not found" in absent.output
