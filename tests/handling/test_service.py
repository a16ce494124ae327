"""Requests for joint handling through the service functions, with time and callers as arguments."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app.access.errors import MissingScopeError
from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts import queries as accounts
from app.cases import service as cases
from app.cases.errors import OverlapNotFoundError
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id, public_id
from app.core.preconditions import Precondition
from app.handling import answering, asking, moving, reading
from app.handling.errors import (
    HandlingMovedError,
    HandlingNotFoundError,
    HandlingNotYoursError,
    HandlingOpenError,
)
from app.handling.reads import HandlingRead
from app.handling.schemas import (
    ConsultAsk,
    HandlingAccept,
    HandlingAnswer,
    HandlingDecline,
    HandlingWithdraw,
)
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, make_offices, meet

ACCEPT = HandlingAccept(answer="accept")
ASK = ConsultAsk(kind="consult")
DECLINE = HandlingDecline(answer="decline", reason="no_jurisdiction")


async def principal(
    registry: Registry, client: OfficeClient, *, now: datetime | None = None
) -> Principal:
    """Return the caller as the registry would make it at `now`."""
    key = UUID(client.client_id)
    async with transaction(registry.app.state.sessions) as session:
        standing = await accounts.get_standing(session, key, None, now=now or utc_now())
    assert standing is not None
    return Principal(
        f"client:{key}",
        standing.office_id,
        frozenset(Permission(scope) for scope in standing.scopes),
        is_participating=standing.is_participating,
        client_id=key,
    )


async def ask(meeting: Meeting, client: OfficeClient) -> HandlingRead:
    caller = await principal(meeting.registry, client)
    async with meeting.registry.acting(caller) as session:
        return await asking.request_handling(session, caller, meeting.key, ASK, now=utc_now())


async def answer(
    meeting: Meeting, client: OfficeClient, request: str, said: HandlingAnswer, version: int = 1
) -> HandlingRead:
    caller = await principal(meeting.registry, client)
    async with meeting.registry.acting(caller) as session:
        return await answering.answer_request(
            session,
            caller,
            parse_public_id("hnd", request),
            said,
            if_match=Precondition.parse(f'"{version}"'),
            now=utc_now(),
        )


async def read(meeting: Meeting, client: OfficeClient, request: str) -> HandlingRead:
    caller = await principal(meeting.registry, client)
    async with meeting.registry.acting(caller) as session:
        return await reading.read_request(
            session, caller, parse_public_id("hnd", request), now=utc_now()
        )


class TestRequestHandling:
    async def test_is_pending_and_seen_from_both_sides(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asked = await ask(meeting, meeting.first)
        assert (asked.status, asked.direction, asked.version) == ("sent", "sent", 1)
        assert (asked.lead, asked.answered_at) == (None, None)
        received = await read(meeting, meeting.second, asked.id)
        assert received.direction == "received"
        assert (received.steps, asked.steps) == (("accept", "decline"), ("withdraw",))

    async def test_twice_conflicts_from_either_side(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        await ask(meeting, meeting.first)
        for client in (meeting.first, meeting.second):
            with pytest.raises(HandlingOpenError):
                await ask(meeting, client)

    async def test_again_after_a_declination(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        first = await ask(meeting, meeting.first)
        await answer(meeting, meeting.second, first.id, DECLINE)
        again = await ask(meeting, meeting.second)
        assert again.id != first.id
        assert (await answer(meeting, meeting.first, again.id, ACCEPT)).status == "accepted"

    async def test_of_a_hidden_overlap_is_not_found(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "silent")
        with pytest.raises(OverlapNotFoundError):
            await ask(meeting, meeting.first)
        (third,) = await make_offices(shared_registry, 1)
        with pytest.raises(OverlapNotFoundError):
            await ask(meeting, third)

    async def test_by_a_silent_owner_shows_the_other_side_who_asks(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "silent", "open")
        assert await meeting.second.overlaps() == []
        asked = await ask(meeting, meeting.first)
        (overlap,) = await meeting.second.overlaps()
        assert (overlap["id"], overlap["rung"]) == (asked.overlap_id, "contact")
        assert overlap["counterpart"]["office"]["code"] == meeting.first.code
        grants = await shared_registry.audit("case.granted")
        assert grants[-1]["detail"] == {"rung": 2, "purpose": "handling_requested"}

    async def test_tells_the_one_who_asks_nothing_new(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        asked = await ask(meeting, meeting.first)
        assert meeting.second.code not in asked.model_dump_json()
        (overlap,) = await meeting.first.overlaps()
        assert overlap["rung"] == "pointer"

    async def test_needs_its_permission(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        caller = await principal(shared_registry, meeting.first)
        reader = Principal("x", caller.office_id, frozenset({Permission.OVERLAPS_READ}), True)  # noqa: FBT003 -- a field
        with pytest.raises(MissingScopeError):
            async with shared_registry.acting(reader) as session:
                await asking.request_handling(session, reader, meeting.key, ASK, now=utc_now())


class TestAnswerRequest:
    async def test_twice_conflicts(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asked = await ask(meeting, meeting.first)
        done = await answer(meeting, meeting.second, asked.id, ACCEPT)
        assert (done.status, done.version) == ("accepted", 2)
        for said in (ACCEPT, DECLINE):
            with pytest.raises(HandlingMovedError):
                await answer(meeting, meeting.second, asked.id, said, version=2)

    async def test_by_the_one_who_asked_conflicts(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asked = await ask(meeting, meeting.first)
        with pytest.raises(HandlingNotYoursError):
            await answer(meeting, meeting.first, asked.id, ACCEPT)
        assert (await read(meeting, meeting.first, asked.id)).status == "sent"

    async def test_declined_keeps_its_reason_and_grants_nothing(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "contact_first", "contact_first")
        asked = await ask(meeting, meeting.first)
        done = await answer(meeting, meeting.second, asked.id, DECLINE)
        assert (done.status, done.decline_reason, done.lead) == (
            "declined", "no_jurisdiction", None,
        )  # fmt: skip
        assert (await meeting.first.overlaps())[0]["rung"] == "pointer"
        assert (await meeting.second.overlaps())[0]["rung"] == "pointer"

    async def test_ended_with_another_at_once_shows_nothing(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "silent", "open")
        caller = await principal(shared_registry, meeting.first)
        keys = []
        for question in (ASK, ConsultAsk(kind="information")):
            async with shared_registry.acting(caller) as session:
                asked = await asking.request_handling(
                    session, caller, meeting.key, question, now=utc_now()
                )
            keys.append(parse_public_id("hnd", asked.id))
        move, stands = HandlingWithdraw(move="withdraw"), Precondition.parse('"1"')
        async with shared_registry.acting(caller) as one, shared_registry.acting(caller) as two:
            for session, key in zip((one, two), keys, strict=True):
                await moving.move_request(
                    session, caller, key, move, if_match=stands, now=utc_now()
                )
        assert await meeting.second.overlaps() == []
        ended = [e["detail"] for e in await shared_registry.audit("case.grant_revoked")]
        assert all({"request": public_id("hnd", key)} in ended for key in keys if key)

    async def test_by_a_third_office_is_not_found(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asked = await ask(meeting, meeting.first)
        (third,) = await make_offices(shared_registry, 1)
        for act in (answer(meeting, third, asked.id, ACCEPT), read(meeting, third, asked.id)):
            with pytest.raises(HandlingNotFoundError):
                await act

    async def test_is_audited_with_the_one_who_is_told(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asked = await ask(meeting, meeting.first)
        await answer(meeting, meeting.second, asked.id, ACCEPT)
        key = str(parse_public_id("hnd", asked.id))
        entries = {
            action: [e for e in await shared_registry.audit(action) if e["object"] == key]
            for action in ("handling.requested", "handling.accepted", "matter.began")
        }
        assert {action: len(found) for action, found in entries.items()} == {
            **dict.fromkeys(entries, 1), "matter.began": 0,
        }  # fmt: skip
        first, second = [
            (await principal(shared_registry, c)).office_id for c in (meeting.first, meeting.second)
        ]
        assert entries["handling.requested"][0]["recipients"] == [second]
        assert entries["handling.accepted"][0]["recipients"] == [first]


class TestAgreement:
    async def test_that_lapses_hides_overlap_and_request_from_both(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        asked = await ask(meeting, meeting.first)
        now = utc_now()
        await shared_registry.rows(
            "UPDATE participation_agreements SET ends_on = :day WHERE office_id ="
            " (SELECT id FROM offices WHERE code = :code) RETURNING id",
            code=meeting.second.code,
            day=now.date() + timedelta(days=7),
        )
        for later, is_seen in ((now, True), (now + timedelta(days=8), False)):
            for client in (meeting.first, meeting.second):
                caller = await principal(shared_registry, client, now=later)
                async with shared_registry.acting(caller) as session:
                    requests = await reading.list_requests(
                        session, caller, before=None, limit=10, now=later
                    )
                    overlaps = await cases.list_overlaps(
                        session, caller, before=None, limit=10, now=later
                    )
                assert [bool(requests), bool(overlaps)] == [is_seen, is_seen]
        assert asked.status == "sent"
