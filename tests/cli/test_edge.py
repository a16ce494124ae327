"""What an operator sees when a command cannot do its work: one line, and what to do."""

import json
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from typer import Exit
from typer.testing import CliRunner, Result

from app.cli.edge import checked, explain
from app.cli.main import app
from app.core.jwt import public_jwk
from app.people.admin_schemas import PersonAdd
from app.people.errors import PersonNotFoundError
from app.serving.process import listen
from app.suppressing.errors import SuppressionNotFoundError

Run = Callable[..., Result]
SECRET = "hunter2-never-shown"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(url: str, *words: str) -> Result:
        monkeypatch.setenv("JOINDER_DATABASE_URL", url)
        return CliRunner().invoke(app, list(words))

    return run


class TestATakenPort:
    @pytest.mark.parametrize("only", [[], ["--only", "registry"], ["--only", "evaluator"]])
    def test_is_named(self, run: Run, only: list[str]) -> None:
        with listen("127.0.0.1", 0) as taken:
            number = str(taken.getsockname()[1])
            words = ["serve", *only, "--port", number, "--evaluator-port", number]
            done = run("postgresql://nobody@127.0.0.1:1/x", *words)
        assert done.exit_code == 1
        assert done.stderr == f"127.0.0.1, port {number}: Address already in use.\n"


class TestAnUnusableDatabase:
    @pytest.mark.parametrize(
        ("url", "advice"),
        [
            ("nonsense", "Write JOINDER_DATABASE_URL as"),
            (f"mysql://u:{SECRET}@127.0.0.1/x", "Write JOINDER_DATABASE_URL as"),
            (f"postgresql://u:{SECRET}@127.0.0.1:99999/x", "Write JOINDER_DATABASE_URL as"),
            (f"postgresql://u:{SECRET}@127.0.0.1:nine/x", "Write JOINDER_DATABASE_URL as"),
            (f"postgresql://u:{SECRET}@127.0.0.1:1/x", "The database does not answer."),
        ],
    )
    @pytest.mark.parametrize("words", [["office", "list"], ["migrate"]], ids=" ".join)
    def test_is_one_line_without_the_password(
        self, run: Run, url: str, advice: str, words: list[str]
    ) -> None:
        done = run(url, *words)
        assert done.exit_code == 1
        assert done.stderr.startswith(advice)
        assert done.stderr.count("\n") == 1
        assert SECRET not in done.output

    @pytest.mark.parametrize(
        ("error", "advice"),
        [
            (asyncpg.InvalidPasswordError("x"), "refuses this user"),
            (asyncpg.InvalidCatalogNameError("x"), "does not exist"),
            (asyncpg.UndefinedTableError("x"), "joinder migrate"),
        ],
    )
    def test_refusals_of_the_server_say_what_to_do(self, error: Exception, advice: str) -> None:
        assert advice in (explain(error) or "")

    def test_an_error_of_ours_stays_a_traceback(self) -> None:
        assert explain(ZeroDivisionError()) is None
        assert explain(FileNotFoundError(2, "No such file", "map.toml")) is None


class TestOperatorCommands:
    def test_an_office_comes_and_goes(
        self, run: Run, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        contact = ["--contact-title", "Duty deputy", "--contact-phone", "555-0100"]
        contact += ["--contact-email", "duty@example.com"]
        url = fresh_database_url
        added = run(url, "office", "add", "CA019000A", "--name", "A", "--state", "CA", *contact)
        again = run(url, "office", "add", "CA019000A", "--name", "A", "--state", "CA", *contact)
        too_early = run(url, "office", "end-agreement", "CA019000A", "--ends-on", "2026-06-01")
        dates = ["--signed-on", "2026-01-05", "--effective-on", "2026-02-01"]
        words = ["office", "sign-agreement", "CA019000A", "--version", "1"]
        signed = run(url, *words, "--signatory", "District Attorney", *dates)
        approve = signed.stdout.split()[1:]
        alone = run(url, *approve)
        monkeypatch.setenv("JOINDER_OPERATOR", "somebody-else")
        other = run(url, *approve)
        ended = run(url, "office", "end-agreement", "CA019000A", "--ends-on", "2026-06-01")
        listed = run(url, "office", "list")
        assert [added.exit_code, signed.exit_code, other.exit_code, ended.exit_code] == [0] * 4
        assert alone.stderr.startswith("Somebody else must approve.")
        assert '"signatory": "District Attorney"' in other.stdout
        assert again.exit_code == 1
        assert again.stderr.startswith("Office exists.")
        assert too_early.stderr.startswith("No agreement.")
        assert listed.stdout == "CA019000A\tCA\tlocal\tA\n"

    def test_a_credential_is_limited_listed_and_revoked(
        self, run: Run, fresh_database_url: str, tmp_path: Path
    ) -> None:
        url = fresh_database_url
        contact = ["--contact-title", "Duty deputy", "--contact-phone", "555-0100"]
        contact += ["--contact-email", "duty@example.com"]
        run(url, "office", "add", "CA019000A", "--name", "A", "--state", "CA", *contact)
        key = tmp_path / "key.jwk.json"
        key.write_text(json.dumps(public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())))
        words = ["client-credential", "add", "CA019000A", "--public-key", str(key)]
        refused = run(url, *words, "--scope", "offices:manage")
        added = run(url, *words, "--scope", "cases:read", "--scope", "overlaps:read")
        client_id = added.stdout.strip()
        listed = run(url, "client-credential", "list", "CA019000A")
        revoked = run(url, "client-credential", "revoke", client_id)
        after = run(url, "client-credential", "list")
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert listed.stdout.startswith(f"{client_id}\tCA019000A\t")
        since, state, scopes = listed.stdout.rstrip("\n").split("\t")[-3:]
        ends_on = date.fromisoformat(state.removeprefix("until "))
        assert (ends_on - date.fromisoformat(since)).days in {730, 731}  # midnight between them
        assert scopes == "cases:read overlaps:read"
        assert revoked.exit_code == 0
        assert "\trevoked 2" in after.stdout


def test_the_release_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"joinder {version('joinder')}\n"


class TestChecked:
    def test_what_is_wrong_is_told_in_plain_words_and_not_quoted(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(Exit):
            checked(PersonAdd, account="No Such!", name="", roles=["overseer"])
        told = capsys.readouterr().err
        assert told.count("\n") == 3
        assert "prosecutor, " in told
        for machine in ("String", "<Role", "pattern", "overseer", "No Such!"):
            assert machine not in told

    def test_what_is_not_there_is_advised_on_in_the_words_of_the_command_line(self) -> None:
        for error in (SuppressionNotFoundError(), PersonNotFoundError()):
            told = explain(error) or ""
            assert "GET " not in told
            assert "address" not in told
