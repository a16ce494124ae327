"""The registry refuses a database that loses data, and one that is older than itself."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core.clock import utc_now
from app.core.db import SCHEMA, async_url, create_engine, create_sessions, transaction
from app.core.keyfiles import KeyFileError
from app.epochs.queries import ensure_first
from app.main import UnsafeDatabaseError, require_safe_database
from app.serving.installation import InstallationError, installation
from app.serving.keys import create_keys
from tests.database import run
from tests.factories import Registry
from tests.serving.service import ROOT

OLD_SCHEMA = "run `joinder migrate`"


@pytest.fixture
async def engine(fresh_database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(async_url(fresh_database_url))
    yield made
    await made.dispose()


async def reasons(engine: AsyncEngine) -> str:
    try:
        await require_safe_database(engine)
    except UnsafeDatabaseError as error:
        return str(error)
    return ""


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


class TestSchema:
    async def test_newest_is_taken(self, engine: AsyncEngine) -> None:
        assert OLD_SCHEMA not in await reasons(engine)

    async def test_older_is_refused(self, engine: AsyncEngine) -> None:
        await execute(engine, "UPDATE alembic_version SET version_num = '0000'")
        assert OLD_SCHEMA in await reasons(engine)

    @pytest.mark.parametrize(
        "statement", ["DELETE FROM alembic_version", "DROP TABLE alembic_version"]
    )
    async def test_empty_is_refused(self, engine: AsyncEngine, statement: str) -> None:
        await execute(engine, statement)
        assert OLD_SCHEMA in await reasons(engine)

    async def test_later_is_taken_because_migrations_only_add(self, engine: AsyncEngine) -> None:
        later = f"{int(SCHEMA) + 1:04}"
        await execute(engine, f"UPDATE alembic_version SET version_num = '{later}'")  # noqa: S608 -- a number
        assert OLD_SCHEMA not in await reasons(engine)


class TestWall:
    @pytest.mark.parametrize("change", ["NO FORCE", "DISABLE"])
    async def test_without_it_is_refused(self, engine: AsyncEngine, change: str) -> None:
        assert "Row security" not in await reasons(engine)
        await execute(engine, f"ALTER TABLE cases {change} ROW LEVEL SECURITY")
        assert "Row security is not forced on cases." in await reasons(engine)


class TestSettings:
    async def test_acknowledging_before_it_is_on_the_disk_is_refused(
        self, engine: AsyncEngine, fresh_database_url: str
    ) -> None:
        name = urlsplit(fresh_database_url).path[1:]
        for value, is_refused in (("on", False), ("off", True), ("local", False)):
            await execute(engine, f'ALTER DATABASE "{name}" SET synchronous_commit = {value}')
            await engine.dispose()
            given = await reasons(engine)
            # a setting on the server's command line is overruled by the database's
            assert ("synchronous_commit is off" in given) is is_refused, value

    @pytest.mark.long
    async def test_process_ends_and_its_log_says_why(
        self, engine: AsyncEngine, fresh_database_url: str, keys_directory: Path
    ) -> None:
        await execute(engine, "UPDATE alembic_version SET version_num = '0000'")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("JOINDER_")}
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "app.cli.main", "serve", "--only", "registry", "--port", "0"],
            env={
                **kept,
                "PYTHONPATH": str(ROOT),
                "JOINDER_DATABASE_URL": fresh_database_url,
                "JOINDER_KEYS": str(keys_directory),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0
        lines = [json.loads(line) for line in done.stderr.splitlines() if line[:1] == "{"]
        (refusal,) = [line for line in lines if line["event"] == "not_started"]
        assert OLD_SCHEMA in refusal["reason"]
        password = fresh_database_url.partition("joinder:")[2].partition("@")[0]
        assert not password or password not in done.stderr + done.stdout


class TestKeys:
    async def test_those_of_another_installation_are_refused(
        self, fresh_database_url: str, keys_directory: Path, tmp_path: Path
    ) -> None:
        """With a token key that did not make the stored tokens every match would be missed."""
        create_keys(tmp_path / "others")
        async with Registry.started(fresh_database_url, keys_directory):
            pass
        with pytest.raises(KeyFileError, match="token-key-1"):
            async with Registry.started(fresh_database_url, tmp_path / "others"):
                pass
        async with Registry.started(fresh_database_url, keys_directory):
            pass

    def test_lost_ones_are_not_made_anew(
        self, fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
        monkeypatch.setenv("JOINDER_KEYS", str(tmp_path / "keys"))
        with installation(is_sandbox=True) as here:
            assert here.keys.exists()
        run(record_first_epoch(fresh_database_url))
        shutil.rmtree(tmp_path / "keys")
        with pytest.raises(InstallationError, match="Restore them"), installation(is_sandbox=True):
            pass
        assert not (tmp_path / "keys").exists()


async def record_first_epoch(url: str) -> None:
    engine = create_engine(url, pool_size=1)
    async with transaction(create_sessions(engine)) as session:
        await ensure_first(session, 1, now=utc_now())
    await engine.dispose()
