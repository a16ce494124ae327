"""`joinder person` on a database: the first administrator, and what cannot wait for one."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from app.people import enrolment
from tests.database import run
from tests.factories import Registry

OFFICE = "CA001000A"
SOMEONE = [OFFICE, "first.administrator"]


@pytest.fixture
def joinder(
    fresh_database_url: str, keys_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> CliRunner:
    """Return a runner of the command on a database with one office."""

    async def prepare() -> None:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            await registry.add_office(OFFICE)

    run(prepare())
    monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("JOINDER_KEYS", str(keys_directory))
    return CliRunner()


def say(runner: CliRunner, *words: str, status: int = 0) -> str:
    done = runner.invoke(app, ["person", *words])
    assert done.exit_code == status, done.output
    return done.output


class TestPerson:
    def test_first_administrator_gets_a_code_once(
        self, joinder: CliRunner, fresh_database_url: str, keys_directory: Path
    ) -> None:
        add = ["add", *SOMEONE, "--name", "First", "--role", "administrator"]
        codes = [say(joinder, *add).split()[0], say(joinder, "reset", *SOMEONE).split()[0]]

        async def stored() -> bytes:
            async with Registry.started(fresh_database_url, keys_directory) as registry:
                ((digest,),) = await registry.rows("SELECT enrolment_digest FROM persons")
                return bytes(digest)

        assert run(stored()) == enrolment.digest_of(codes[1]) != enrolment.digest_of(codes[0])
        assert "Account taken" in say(joinder, *add, status=1)
        assert "0 sign-ins ended" in say(joinder, "disable", *SOMEONE)
        assert "0 sign-ins ended" in say(joinder, "end-sign-ins", OFFICE)

    def test_the_nightly_run_disables_who_was_idle_for_ninety_days_and_says_so(
        self, joinder: CliRunner, fresh_database_url: str, keys_directory: Path
    ) -> None:
        say(joinder, "add", *SOMEONE, "--name", "First", "--role", "administrator")

        async def age() -> None:
            async with Registry.started(fresh_database_url, keys_directory) as registry:
                await registry.rows(
                    "UPDATE persons SET enabled_at = now() - interval '90 days' RETURNING id"
                )

        run(age())
        for disabled in (1, 0):
            done = joinder.invoke(app, ["nightly", "--step", "people.disable_idle"])
            assert done.exit_code == 0, done.output
            assert done.output.startswith(f"{disabled}\t")

    def test_what_is_wrong_is_said(self, joinder: CliRunner) -> None:
        wizard = ["add", *SOMEONE, "--name", "First", "--role", "wizard"]
        assert "roles" in say(joinder, *wizard, status=2)
        assert "Person not found" in say(joinder, "disable", OFFICE, "nobody.here", status=1)
        nowhere = ["add", "ZZ-NO", "a.b", "--name", "First", "--role", "auditor"]
        assert "Office not found" in say(joinder, *nowhere, status=1)

    def test_provider_is_named_by_https(self, joinder: CliRunner) -> None:
        common = ["set-provider", OFFICE, "--client-id", "joinder", "--acr", "two", "--issuer"]
        assert "proposal approve prp_" in say(joinder, *common, "https://login.example.com")
        refused = say(joinder, *common, "http://login.example.com", status=1)
        assert "Identity provider not accepted" in refused
