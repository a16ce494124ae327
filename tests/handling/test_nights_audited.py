"""What the night does to a request is in the audit that its parties' own auditors read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.handling import upkeep
from app.matters.upkeep import remind_of_reviews
from tests.access.people import sign_in
from tests.factories import OfficeClient, Registry
from tests.handling.heads import draft, good, settle
from tests.handling.test_parties import LEAVE
from tests.scenes import make_offices
from tests.wall.acting import office_id

GRANT: Final = "case.grant_revoked"


async def read(registry: Registry, office: OfficeClient) -> list[tuple[str, str | None]]:
    """Return what the auditor of an office reads that nobody did, oldest first, with its case."""
    auditor = await sign_in(registry, office, Role.AUDITOR)
    found = good(await auditor.http.get("/v1/audit-entries?limit=100"))["items"]
    return [
        (each["action"], each["object_name"])
        for each in reversed(found)
        if each["actor"] == OPERATOR.actor and not each["action"].startswith("office")
    ]


class TestNight:
    async def test_tells_the_auditors_of_each_party_what_it_may_know_and_no_other(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 3)
        await settle(sides, request)
        lead, leaver, other = (side.office for side in sides)
        (stranger,) = await make_offices(shared_registry, 1)
        offices = [lead, leaver, other, stranger]
        known = [len(await read(shared_registry, each)) for each in offices]
        key = await office_id(shared_registry, lead)

        async def night(act: Callable[..., Any], days: int) -> None:
            async with transaction(shared_registry.operator) as session:
                now = utc_now() + timedelta(days=days)
                assert await act(session, OPERATOR, limit=9, now=now, office_id=key) == 1

        good(await sides[1].send(request, "decisions", LEAVE))
        await night(upkeep.release_parties, 15)
        await night(remind_of_reviews, 31)
        wall = await (await sides[0].head()).send(
            "POST", "/v1/cases/cms/24-1/walls", {"office": other.code}
        )
        assert wall.is_success, wall.text
        await night(upkeep.expire_requests, 200)
        told = [
            (await read(shared_registry, each))[before:]
            for each, before in zip(offices, known, strict=True)
        ]
        released, reminded, expired = (
            "handling.party_released",
            "matter.review_reminded",
            "handling.expired",
        )
        both = "cms 24-0, cms 24-1"  # the lead's cases: one with each of the others
        assert told[0] == [
            (released, both), (GRANT, "cms 24-0"), (reminded, both), (expired, both),
            (GRANT, "cms 24-1"),
        ]  # fmt: skip
        assert told[1] == [(released, "cms 24-0"), (GRANT, "cms 24-0")]
        # behind the wall it learns that its own case is shown no longer, not why
        assert told[2] == [(released, None), (reminded, None), (GRANT, "cms 24-1")]
        assert told[3] == []
        rows = await shared_registry.rows(
            "SELECT a.office_id, f.code FROM audit_entries a JOIN offices f"
            " ON a.recipients = ARRAY[f.id] WHERE a.action = :action AND a.object = :id",
            action=expired,
            id=str(parse_public_id("hnd", request)),
        )
        assert {tuple(row) for row in rows} == {(key, lead.code), (0, other.code)}
