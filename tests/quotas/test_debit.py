"""The database counts by itself: what an office's own context may do to its allowances."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import asyncpg
import pytest

from app.core.ids import new_id
from app.identifiers.feed import FEED_CLASSES
from app.identifiers.kinds import KEY_CLASSES
from app.quotas import allowances, queries
from app.quotas.allowances import CLIENT, COUNTED, OFFICE, PERSON, Bucket, Share
from tests.factories import Registry
from tests.scenes import make_offices
from tests.wall.acting import acting, office_id, refused

CLASSES: Final = [*KEY_CLASSES, *COUNTED, *(f"feed:{each}" for each in FEED_CLASSES)]
HOLDERS: Final = [("office", OFFICE), ("client", CLIENT), ("person", PERSON)]
AGE: Final = (
    "SET ROLE NONE;"
    " UPDATE quota_buckets SET counted_at = counted_at - interval '{0} days',"
    " period_began_at = period_began_at - interval '{0} days';"
    " SET ROLE joinder_app"
)


@pytest.fixture
async def connection(shared_registry: Registry) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection that acts for an office that has used nothing; all of it is undone."""
    (office,) = await make_offices(shared_registry, 1)
    key = await office_id(shared_registry, office)
    url = shared_registry.app.state.settings.database_url.get_secret_value()
    async with acting(url, "joinder_app", key) as connection:
        yield connection


async def act_as(connection: asyncpg.Connection, holder: str) -> None:
    """Let the transaction be of a client, of a person, or of the office alone."""
    for each in ("client", "person"):
        name = str(new_id()) if each == holder else ""
        await connection.execute("SELECT set_config('joinder.' || $1, $2, true)", each, name)


@pytest.mark.parametrize(("holder", "share"), HOLDERS)
async def test_counts_as_the_application_reckons(
    connection: asyncpg.Connection, holder: str, share: Share
) -> None:
    """Fill a bucket to the brim, let time pass, and ask the two how much fits."""
    now = await connection.fetchval("SELECT now()")
    for key_class in CLASSES:
        await act_as(connection, holder)
        bucket = Bucket(0, now, 0, now)
        for days in (0, 0.3, 1.7, 9, 11, 40):
            await connection.execute(AGE.format(days))
            before = Bucket(
                bucket.spent,
                bucket.counted_at - timedelta(days=days),
                bucket.period_spent,
                bucket.period_began_at - timedelta(days=days),
            )
            bucket = allowances.at(before, key_class, share, now)
            most = allowances.left(bucket, key_class, share)
            assert not await queries.debit(connection, {key_class: most + 1}), (key_class, days)
            if most:
                assert await queries.debit(connection, {key_class: most}), (key_class, days)
            spent = bucket.spent + most, now, bucket.period_spent + most, bucket.period_began_at
            bucket = Bucket(*spent)


async def test_lowers_no_count_and_remembers_nothing_unpaid(connection: asyncpg.Connection) -> None:
    await act_as(connection, "client")
    assert await queries.debit(connection, {"tel": 500})
    (office,) = await connection.fetch("SELECT current_office()::int")
    for act in (
        "UPDATE quota_buckets SET spent = 0",
        "DELETE FROM quota_buckets",
        "INSERT INTO quota_buckets VALUES ('client:' || current_client(), 'x', 0, now(), 0, now())",
        "UPDATE import_allowances SET spent = 0",
        f"INSERT INTO permitted_batches VALUES ({office[0]}, sha256('x'), '{{}}', now())",  # noqa: S608 -- a number
        "DELETE FROM permitted_batches",
        """SELECT debit('{"tel": -100}')""",
        """SELECT permit_batch(sha256('x'), '{"tel": -100}', false)""",
    ):
        assert await refused(connection, act), act
    batch = b"x" * 32, {"tel": 1}
    assert await queries.permit_batch(connection, *batch, is_feed=False) is None
    assert await queries.permit_batch(connection, *batch, is_feed=True) is True  # not remembered
    assert await queries.permit_batch(connection, *batch, is_feed=False) is False
    held = await queries.list_held(connection, f"office:{office[0]}")
    assert {name: bucket.spent for name, bucket in held.items()} == {"tel": 500, "feed:tel": 1}
