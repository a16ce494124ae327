"""Two connections search at once: the second one only reads, and each says why it failed."""

import asyncpg
import pytest

from app.core.beside import beside
from app.core.db import MATCHER, become, driver, transaction
from app.recounting.service import find_new
from tests.factories import Registry


class TestFindNew:
    async def test_only_reads_on_the_second_connection(self, shared_registry: Registry) -> None:
        async with (
            transaction(shared_registry.operator) as session,
            beside(session, MATCHER) as other,
        ):
            assert await other.fetchval("SELECT current_user") == MATCHER
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await other.execute("DELETE FROM recount_pairs")

    async def test_lets_the_one_wait_as_long_as_the_other_may_take(
        self, shared_registry: Registry
    ) -> None:
        async with (
            transaction(shared_registry.operator) as session,
            beside(session, MATCHER) as other,
        ):
            await become(session, MATCHER)
            both = await driver(session), other
            await find_new(*both, 0, 1, 1)
            for each in both:
                wait, work = [
                    await each.fetchval(f"SHOW {name}_timeout")
                    for name in ("idle_in_transaction_session", "statement")
                ]
                assert wait == work == "10min"

    @pytest.mark.parametrize("failing", [0, 1])
    async def test_that_fails_on_one_connection_says_why(
        self, shared_registry: Registry, failing: int
    ) -> None:
        async with (
            transaction(shared_registry.operator) as session,
            beside(session, MATCHER) as other,
        ):
            await become(session, MATCHER)
            both = await driver(session), other
            assert await find_new(*both, 0, 1, 1) == set()
            with pytest.raises(asyncpg.DivisionByZeroError):
                await both[failing].execute("SELECT 1 / 0")
            with pytest.raises(asyncpg.InFailedSQLTransactionError):
                await find_new(*both, 0, 1, 1)
            await session.rollback()
