"""What an office agrees to with a second person, below the application."""

from dataclasses import dataclass

import asyncpg
import pytest

from app.core.ids import new_id
from tests.factories import Registry
from tests.scenes import make_offices
from tests.wall.acting import acting, be, office_id, refused

PROPOSE = (
    "INSERT INTO proposals (id, office_id, change, proposed_by, proposed_at, expires_at)"
    " SELECT $1, $2, jsonb_build_object('office', o.code, 'action', $4::text, 'issuer', $5::text,"
    " 'client_id', 'joinder', 'acr_values', ARRAY['two']), $3, now(), now() + interval '1 day'"
    " FROM offices o WHERE o.id = $6"
)
APPROVE = "UPDATE proposals SET approved_by = $1, approved_at = now()"
NAME = (
    "INSERT INTO identity_providers VALUES ($1, $2, 'joinder', ARRAY['two'])"
    " ON CONFLICT (office_id) DO UPDATE SET issuer = excluded.issuer"
)
ISSUER = "https://login.example.com"


@dataclass(frozen=True)
class Scene:
    """Two offices by their keys."""

    registry: Registry
    url: str
    first: int
    second: int


@pytest.fixture
async def scene(shared_registry: Registry) -> Scene:
    offices = await make_offices(shared_registry)
    keys = [await office_id(shared_registry, each) for each in offices]
    url = shared_registry.app.state.settings.database_url.get_secret_value()
    return Scene(shared_registry, url, *keys)


async def proposed(connection: asyncpg.Connection, scene: Scene, action: str) -> None:
    """Assert that it takes the role, one's own name and one's own office."""
    head, administrator = "leadership", "administrator"
    right = head if action == "sign_agreement" else administrator
    me = new_id()
    for role in ("prosecutor", "auditor", head, administrator):
        await be(connection, role, me)
        own = (new_id(), scene.first, f"person:{me}", action, ISSUER, scene.first)
        assert await refused(connection, PROPOSE, *own) is (role != right), role
    await be(connection, right, me)
    for office, name, of in (
        (scene.first, f"person:{new_id()}", scene.first),
        (scene.first, f"person:{me}", scene.second),
        (scene.second, f"person:{me}", scene.second),
        (None, f"person:{me}", scene.first),
    ):
        assert await refused(connection, PROPOSE, new_id(), office, name, action, ISSUER, of)


@pytest.mark.parametrize("action", ["set_provider", "sign_agreement"])
async def test_each_proposes_by_role_for_its_own_office(scene: Scene, action: str) -> None:
    async with acting(scene.url, "joinder_app", scene.first) as connection:
        await proposed(connection, scene, action)
        await be(connection, "administrator", new_id())
        fields = (new_id(), scene.first, "person:x", "open_import", ISSUER, scene.first)
        assert await refused(connection, PROPOSE, *fields)


async def test_no_person_of_an_office_approves_or_names_a_provider(scene: Scene) -> None:
    me, other = new_id(), new_id()
    async with acting(scene.url, "joinder_app", scene.first) as connection:
        await be(connection, "administrator", me)
        mine = (scene.first, f"person:{me}", "set_provider", ISSUER, scene.first)
        await connection.execute(PROPOSE, new_id(), *mine)
        for person in (me, other):
            await be(connection, "administrator", person)
            assert await refused(connection, APPROVE, f"person:{person}")
            assert await refused(connection, NAME, scene.first, ISSUER)
    async with acting(scene.url, "joinder_app", scene.second) as connection:
        await be(connection, "administrator", other)
        assert await connection.fetch("SELECT 1 FROM proposals") == []
