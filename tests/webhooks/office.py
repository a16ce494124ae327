"""An office with two administrators and a webhook, and a worker that acts at a given time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.webhooks import delivering
from app.webhooks.destinations import Destinations
from tests.access.people import Person, sign_in
from tests.factories import OfficeClient, Registry
from tests.scenes import all_ended


@dataclass
class Hooked:
    """An office whose webhook is active."""

    registry: Registry
    office: OfficeClient
    administrators: tuple[Person, Person]
    id: str
    secret: str

    @property
    def path(self) -> str:
        """The webhook's address at the registry."""
        return f"/v1/webhooks/{self.id}"

    async def deliveries(self) -> list[dict[str, Any]]:
        """Return the record of deliveries, newest first."""
        answer = await self.administrators[0].send("GET", f"{self.path}/deliveries?limit=9")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def read(self) -> dict[str, Any]:
        """Return the webhook."""
        items = (await self.administrators[0].send("GET", "/v1/webhooks")).json()["items"]
        (found,) = [each for each in items if each["id"] == self.id]
        return dict(found)

    async def test(self) -> None:
        """Ask for a test message."""
        answer = await self.administrators[0].send("POST", f"{self.path}/test", {})
        assert answer.status_code == 200, answer.text


def post(registry: Registry, *, allow_loopback: bool = True) -> delivering.Post:
    """Return what a worker on this registry delivers with."""
    return delivering.Post(
        registry.app.state.sessions,
        registry.app.state.gate.seal,
        Destinations(allow_loopback=allow_loopback),
    )


async def work(registry: Registry, *offices: OfficeClient, now: datetime | None = None) -> int:
    """Let a worker tell these offices all there is at that time; returns how much it sent."""
    await all_ended(registry)
    at, sent, many = now or utc_now(), 0, post(registry)
    for office in offices:
        for keys in await webhooks(registry, office):
            while more := await delivering.deliver(many, *keys, now=at):
                sent += more
    return sent


async def webhooks(registry: Registry, office: OfficeClient) -> list[tuple[int, UUID]]:
    """Return the keys by which a worker finds the webhooks of an office, whatever their state."""
    rows = await registry.rows(
        "SELECT w.office_id, w.id FROM webhooks w JOIN offices o ON o.id = w.office_id"
        " WHERE o.code = :code",
        code=office.code,
    )
    return [(row[0], row[1]) for row in rows]


async def hook(registry: Registry, office: OfficeClient, url: str) -> Hooked:
    """Return an office with a webhook that one administrator added and another approved."""
    people = [await sign_in(registry, office, Role.ADMINISTRATOR) for _ in range(2)]
    added = await people[0].send("POST", "/v1/webhooks", {"url": url})
    assert added.status_code == 201, added.text
    made = added.json()
    hooked = Hooked(registry, office, (people[0], people[1]), made["webhook"]["id"], made["secret"])
    approved = await people[1].send("POST", f"{hooked.path}/approval", {"url": url})
    assert approved.status_code == 200, approved.text
    return hooked
