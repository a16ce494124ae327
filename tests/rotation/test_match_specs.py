"""Tokens of two match specifications side by side, and how far each office is."""

from app.access.principal import OPERATOR
from app.core.db import driver, transaction
from app.overlaps import queries
from app.rotation import service
from tests.blinding import case
from tests.factories import Registry
from tests.scenes import make_offices, phone, someone
from tests.suppressing.test_suppressions import met


async def test_each_office_is_told_apart(registry: Registry) -> None:
    first, second = await make_offices(registry, 2)
    for number in range(3):
        await first.put_case(f"24-{number}", case(someone()))
    await second.put_case("24-1", case(someone()))
    await registry.rows(
        "UPDATE tokens SET match_spec = 2 WHERE token IN (SELECT g.token FROM sightings g"
        " JOIN subjects s ON s.id = g.subject_id JOIN cases c ON c.id = s.case_id"
        " WHERE c.external_id = '24-0') RETURNING token"
    )
    async with transaction(registry.operator) as session:
        found = dict(await service.list_match_specs(session, OPERATOR))
    assert found == {first.code: {1: 2, 2: 1}, second.code: {1: 1}}


async def test_a_token_keeps_the_specification_that_it_was_made_with(registry: Registry) -> None:
    """The upsert of a later post, under a newer specification, does not claim old rows."""
    (office,) = await make_offices(registry, 1)
    await office.put_case("24-1", case(someone()))
    async with transaction(registry.behind) as session:
        connection = await driver(session)
        held = await connection.fetch("SELECT token, kind FROM tokens ORDER BY token")
        changes = [(row[0], row[1], 0, 0) for row in held]
        await queries.lock_tokens(connection, changes, match_spec=2, epoch=1)
        specs = await connection.fetch("SELECT DISTINCT match_spec FROM tokens")
    assert [row[0] for row in specs] == [1]


async def test_offices_meet_while_they_change_one_by_one(shared_registry: Registry) -> None:
    """Keys of another person stand for those of a second version: the two agree nowhere."""
    first, second = someone(phones=(phone(),)), someone(phones=(phone(),))
    both = {**second, **{part: second[part] + first[part] for part in ("names", "identifiers")}}
    old, new, changing, other = offices = await make_offices(shared_registry, 4)
    for office, subject in zip(offices, (first, second, both, both), strict=True):
        answer = await office.put_case("24-1", case(subject))
        assert answer.status_code == 201, answer.text
    assert await met(old) == await met(new) == {changing.code, other.code}
    assert await met(changing) == {old.code, new.code, other.code}
    told = [
        [(f["finding"], f.get("band"), f.get("strength"), f["match_key"]) for f in each["findings"]]
        for office in offices
        for each in await office.overlaps()
    ]
    assert all(each == told[0] for each in told)
