"""Small runs of the campaigns, and proof that their checkers see what they look for."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.campaigns import collisions, kills, nights
from tests.campaigns.ledger import judge
from tests.campaigns.service import InstallationUnderTest
from tests.database import run


class TestCollisions:
    async def test_nothing_is_missed_or_made_up(
        self, fresh_database_url: str, keys_directory: Path
    ) -> None:
        outcome = await collisions.run(fresh_database_url, keys_directory, rounds=40)
        assert outcome.sharing > 130
        assert outcome.is_clean, outcome

    async def test_without_the_lock_the_checker_counts_misses(
        self, fresh_database_url: str, keys_directory: Path
    ) -> None:
        outcome = await collisions.run(fresh_database_url, keys_directory, rounds=10, is_naive=True)
        assert outcome.missed > 0


@pytest.fixture
def installation() -> Iterator[InstallationUnderTest]:
    with InstallationUnderTest() as service:
        yield service


class TestKills:
    @pytest.mark.long
    async def test_nothing_is_lost_or_doubled_and_the_checker_would_see_it(
        self, installation: InstallationUnderTest
    ) -> None:
        outcome = await kills.run(installation, kills=4)
        assert outcome.verdict.pairs > 0
        assert outcome.is_clean, outcome
        damages = {
            "lost": "UPDATE cases SET version = version - 1",
            "doubled": "UPDATE cases SET version = version + 7",
            "unaudited": "DELETE FROM audit_entries WHERE action = 'case.posted'",
            "missed": 'UPDATE "overlaps" SET retracted_at = now()',
            "miscounted": "UPDATE tokens SET subjects = subjects + 1",
        }
        connection = await asyncpg.connect(installation.database_url)
        for name, damage in damages.items():
            undone = connection.transaction()
            await undone.start()
            await connection.execute(damage)
            seen = await judge(outcome.ledger, connection, installation.token_key)
            await undone.rollback()
            assert getattr(seen, name) > 0, name
        assert (await judge(outcome.ledger, connection, installation.token_key)).is_clean
        await connection.close()


class TestNights:
    @pytest.mark.long
    def test_killed_repeated_and_side_by_side_they_leave_one_effect(
        self, fresh_database_url: str, keys_directory: Path
    ) -> None:
        run(nights.fill(fresh_database_url, keys_directory))
        nights.campaign(fresh_database_url, keys_directory, kills=20)
