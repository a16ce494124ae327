"""What takes two persons: who proposed it must be able to propose it still when it is approved."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import CheckConstraint

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.models import Base
from tests.access.people import Person, sign_in
from tests.factories import Registry
from tests.scenes import Meeting, meet

SUMMARY: Final = "Crew slept in the trailer that the growers call ABC 1234."
HOOK: Final = "https://cms.example.com/joinder"
GRANTS: Final = "/v1/cases/cms/24-1/grants"
RULED: Final = {"case_grants", "case_walls", "proposals", "summary_readings", "webhooks"}
"""Tables of what one proposes and another approves; of walls and proposals their own tests tell."""
OTHER: Final = {
    "corrections": "whoever asked has a right to an answer, also from an office that it has left",
    "glass_breaks": "the owner looks back at what another office's person did",
}
Propose = Callable[[Meeting, Person], Awaitable[tuple[str, dict[str, str]]]]
"""Returns the path and the body of the approval."""


async def send(person: Person, method: str, path: str, body: Any = None) -> Any:
    answer = await person.send(method, path, body)
    assert answer.is_success, answer.text
    return answer.json()


async def grant(meeting: Meeting, person: Person) -> tuple[str, dict[str, str]]:
    end = (utc_now() + timedelta(days=30)).replace(hour=12, minute=0, second=0, microsecond=0)
    body = {"office": meeting.first.code, "rung": "summary", "purpose": "coordination"}
    made = await send(person, "POST", GRANTS, {**body, "expires_at": end.isoformat()})
    return f"{GRANTS}/{made['id']}/approvals", {"digest": made["digest"]}


async def webhook(_: Meeting, person: Person) -> tuple[str, dict[str, str]]:
    for standing in (await send(person, "GET", "/v1/webhooks"))["items"]:
        await send(person, "DELETE", f"/v1/webhooks/{standing['id']}")
    made = await send(person, "POST", "/v1/webhooks", {"url": HOOK})
    return f"/v1/webhooks/{made['webhook']['id']}/approval", {"url": HOOK}


async def reading(_: Meeting, person: Person) -> tuple[str, dict[str, str]]:
    asked = {"summary": SUMMARY, "reason": "The number is one of a trailer on the farm."}
    made = await send(person, "POST", "/v1/summary-readings", asked)
    return f"/v1/summary-readings/{made['id']}/second", {"summary": SUMMARY}


PROPOSED: Final[dict[str, tuple[Propose, Role, tuple[Any, ...]]]] = {
    "grant": (grant, Role.LEADERSHIP, (409, "grant-ended", "not_theirs")),
    "webhook": (webhook, Role.ADMINISTRATOR, (409, "webhook-stands", "not_theirs")),
    "reading": (reading, Role.LEADERSHIP, (404, "summary-reading-not-found", None)),
}


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry, "open", "silent")


class TestProposed:
    @pytest.mark.parametrize(
        "meanwhile", ["disabled_at = now(), disabled_for = 'administrator'", "roles = '{auditor}'"]
    )
    @pytest.mark.parametrize("what", PROPOSED)
    async def test_by_who_may_no_more_is_approved_by_nobody_and_proposed_anew(
        self, meeting: Meeting, what: str, meanwhile: str
    ) -> None:
        propose, role, refusal = PROPOSED[what]
        registry, office = meeting.registry, meeting.second
        gone, one, two = [await sign_in(registry, office, role) for _ in range(3)]
        approval = await propose(meeting, gone)
        await registry.rows(
            f"UPDATE persons SET {meanwhile} WHERE id = :id RETURNING id",  # noqa: S608 -- as above
            id=gone.key,
        )
        refused = await two.send("POST", *approval)
        said = refused.json()
        assert (refused.status_code, said["code"], said.get("status_now")) == refusal
        again = await propose(meeting, one)
        assert again[0] != approval[0]
        assert (await two.send("POST", *again)).status_code == 200
        assert (await two.send("POST", *approval)).status_code >= 400

    async def test_by_a_client_that_was_revoked_is_approved_by_nobody(
        self, meeting: Meeting
    ) -> None:
        registry, office = meeting.registry, meeting.second
        two = await sign_in(registry, office, Role.LEADERSHIP)
        path, body = await grant(meeting, Person(two.key, office.http))
        await registry.rows(
            "UPDATE client_credentials SET revoked_at = now()"
            " WHERE id = CAST(:id AS uuid) RETURNING id",
            id=office.client_id,
        )
        refused = await two.send("POST", path, body)
        assert (refused.json()["code"], refused.json()["status_now"]) == (
            "grant-ended",
            "not_theirs",
        )

    @pytest.mark.parametrize(("place", "spared"), [(0, "handling:answer"), (1, "handling:request")])
    async def test_of_joint_handling_takes_the_right_that_showed_it_and_none_to_give_grants(
        self, shared_registry: Registry, place: int, spared: str
    ) -> None:
        meeting = await meet(shared_registry)
        office = (meeting.first, meeting.second)[place]
        head = await sign_in(shared_registry, office, Role.LEADERSHIP)
        await shared_registry.rows(
            "UPDATE client_credentials"
            " SET scopes = array_remove(array_remove(scopes, :spared), 'grants:give')"
            " WHERE id = CAST(:id AS uuid) RETURNING id",
            spared=spared,
            id=office.client_id,
        )
        path = f"/v1/overlaps/{meeting.overlap_id}/handling-requests"
        key = {"Idempotency-Key": uuid4().hex}
        asked = await meeting.first.http.post(path, json={"kind": "consult"}, headers=key)
        accepted = await meeting.second.answer(asked.json()["id"], {"answer": "accept"})
        assert accepted.status_code == 200, accepted.text
        grants = (await send(head, "GET", GRANTS))["items"]
        (waits,) = [each for each in grants if each["state"] == "pending"]
        assert waits["granted_by"] == f"client:{office.client_id}"
        path = f"{GRANTS}/{waits['id']}/approvals"
        approved = await send(head, "POST", path, {"digest": waits["digest"]})
        assert approved["state"] == "in_force"


def test_each_table_of_two_persons_is_ruled() -> None:
    kept_apart = {
        table.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint) and "two_persons" in str(constraint.name)
    }
    assert kept_apart == RULED | OTHER.keys()
