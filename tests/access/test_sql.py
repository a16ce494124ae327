"""What SQL shows of an overlap is what `decide` says, and so is what the database lets be seen."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.access.permissions import Permission
from app.access.policy import Target, decide
from app.access.principal import Principal
from app.access.vocabulary import DISCLOSURES, RECORD_CLASSES, Relation, Role, Rung
from app.cases import ladder
from app.core.db import CONNECTION_SETTINGS
from app.core.ids import new_id
from tests.factories import Registry
from tests.scenes import meet
from tests.wall.acting import context

READERS = [
    frozenset(),
    *(frozenset({role}) for role in Role),
    frozenset({Role.CLIENT, Role.ANALYST}),
    frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
]
GRANTS: dict[str, dict[str, Any]] = {
    "in force": {},
    "expired": {"expires_at": timedelta(0)},
    "soon to expire": {"expires_at": timedelta(minutes=1), "counts": True},
    "withdrawn": {"revoked_at": timedelta(days=-1)},
    "awaiting approval": {"approval": "pending"},
    "approved": {"approval": "given", "approved_by": "person:2", "counts": True},
    "for another person": {"person_id": UUID(int=2)},
    "for this person": {"person_id": UUID(int=1), "counts": True},
    "for another office": {"grantee_office_id": -1},
}


class Stage:
    """One overlap whose every circumstance a test can set, inside a transaction that ends."""

    def __init__(self, connection: Any, row: Any, now: datetime) -> None:
        self.connection, self.row, self.now = connection, row, now

    async def set_case(self, record_class: str, disclosure: str) -> None:
        await self.connection.execute(
            "UPDATE cases SET record_class = $2::text, disclosure = $3,"
            " attestation = jsonb_build_object('attests', $2::text, 'basis', 'b',"
            "   'attested_by', 'b', 'support_at', 'b',"
            "   'attested_on', to_char(validated_on, 'YYYY-MM-DD')),"
            " declined_reason = CASE $2::text WHEN 'declined' THEN 'venue' END,"
            " review_on = validated_on + 30 WHERE id = $1",
            self.row["other_case_id"], record_class, disclosure,
        )  # fmt: skip

    async def set_grant(self, rung: int, **changes: Any) -> None:
        await self.connection.execute(
            "DELETE FROM case_grants WHERE case_id = $1", self.row["other_case_id"]
        )
        if rung:
            columns = {
                "case_id": self.row["other_case_id"],
                "grantee_office_id": self.row["office_id"],
                "rung": int(rung),
                "purpose": "test",
                "granted_at": self.now,
                "granted_by": "person:1",
                **changes,
            }
            places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
            await self.connection.execute(
                f"INSERT INTO case_grants ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 -- names above
                *columns.values(),
            )

    async def rung(self, principal: Principal) -> int:
        """Return what the application shows."""
        await context(self.connection, principal)
        rows = await self.connection.fetch(ladder.VISIBLE, *ladder.arguments(principal, self.now))
        assert len(rows) <= 1
        return rows[0]["rung"] if rows else 0

    async def reached(self, principal: Principal) -> int:
        """Return what the database lets be seen, whatever it is asked."""
        await context(self.connection, principal)
        return await self.connection.fetchval("SELECT reached FROM shown_overlaps") or 0

    def principal(self, roles: frozenset[Role], **changes: Any) -> Principal:
        fields = {"permissions": frozenset(Permission), "is_participating": True, **changes}
        return Principal("test", self.row["office_id"], roles=roles, **fields)


@pytest.fixture
async def stage(shared_registry: Registry) -> AsyncIterator[Stage]:
    meeting = await meet(shared_registry)
    url = shared_registry.app.state.settings.database_url.get_secret_value()
    connection = await asyncpg.connect(url, server_settings=CONNECTION_SETTINGS)
    ended = connection.transaction()
    await ended.start()
    row = await connection.fetchrow(
        "SELECT s.* FROM overlap_sides s JOIN offices f ON f.id = s.office_id WHERE f.code = $1",
        meeting.first.code,
    )
    assert row is not None
    await connection.execute(
        "INSERT INTO persons (id, office_id, account, name, roles, created_at, enabled_at,"
        " is_password_short, totp_step) SELECT CAST(id AS uuid), $1, 'person.' || place, 'Alex',"
        " '{analyst}', now(), now(), false, 0"
        " FROM unnest($2::text[]) WITH ORDINALITY AS q (id, place)",
        row["office_id"],
        [str(UUID(int=number)) for number in (1, 2)],
    )
    yield Stage(connection, row, await connection.fetchval("SELECT now()"))
    await ended.rollback()
    await connection.close()


class TestVisible:
    async def test_rung_is_what_decide_says(self, stage: Stage) -> None:
        checked = 0
        for record_class, disclosure, granted in product(RECORD_CLASSES, DISCLOSURES, Rung):
            await stage.set_case(record_class, disclosure)
            await stage.set_grant(granted)
            target = Target(Relation.PARTNER, record_class, disclosure, granted)
            for roles, has_scope, participates in product(READERS, (True, False), (True, False)):
                scopes = frozenset({Permission.OVERLAPS_READ} if has_scope else set[Permission]())
                who = stage.principal(roles, permissions=scopes, is_participating=participates)
                expected = decide(who, Permission.OVERLAPS_READ, target)
                assert await stage.rung(who) == expected.rung, (who, target)
                if has_scope and participates:  # of the context the database knows the roles
                    assert await stage.reached(who) == expected.rung, (who, target)
                checked += 1
        assert checked == 4 * 3 * 5 * 11 * 4

    @pytest.mark.parametrize("grant", GRANTS)
    async def test_only_a_grant_in_force_counts(self, stage: Stage, grant: str) -> None:
        changes = dict(GRANTS[grant])
        counts = changes.pop("counts", not changes)
        changes = {
            name: stage.now + value if isinstance(value, timedelta) else value
            for name, value in changes.items()
        }
        if "grantee_office_id" in changes:
            changes["grantee_office_id"] = stage.row["other_office_id"]
        await stage.set_case("charged", "silent")
        await stage.set_grant(Rung.SUMMARY, **changes)
        who = stage.principal(frozenset({Role.ANALYST}), person_id=UUID(int=1))
        target = Target(
            Relation.PARTNER, "charged", "silent", Rung.SUMMARY if counts else Rung.NONE
        )
        expected = decide(who, Permission.OVERLAPS_READ, target).rung
        assert await stage.rung(who) == await stage.reached(who) == expected

    @pytest.mark.parametrize("case", ["case_id", "other_case_id"])
    @pytest.mark.parametrize(
        ("walled", "is_me"),
        [("office", True), ("person", True), ("other office", False), ("other person", False)],
    )
    @pytest.mark.parametrize("is_lifted", [False, True])
    async def test_a_wall_ends_it(
        self,
        stage: Stage,
        case: str,
        walled: str,
        is_me: bool,  # noqa: FBT001 -- a case
        is_lifted: bool,  # noqa: FBT001 -- a case
    ) -> None:
        me = UUID(int=1)
        await stage.set_grant(Rung.RECORD)
        who = stage.principal(frozenset({Role.LEADERSHIP, Role.CLIENT}), person_id=me)
        office = {"office": stage.row["office_id"], "other office": stage.row["other_office_id"]}
        person = {"person": me, "other person": UUID(int=2)}
        await stage.connection.execute(
            "INSERT INTO case_walls (id, case_id, office_id, person_id, set_at, set_by, lifted_at,"
            " lifted_by) VALUES ($1, $2, $3, $4, $5, 'a', $6, $7)",
            new_id(), stage.row[case], office.get(walled), person.get(walled), stage.now,
            stage.now if is_lifted else None, "b" if is_lifted else None,
        )  # fmt: skip
        is_walled = is_me and not is_lifted
        target = Target(Relation.PARTNER, "charged", "open", Rung.RECORD, is_walled=is_walled)
        expected = decide(who, Permission.OVERLAPS_READ, target).rung
        assert await stage.rung(who) == await stage.reached(who) == expected
        assert expected == (0 if is_walled else 4)

    @pytest.mark.parametrize("side", ["office_id", "other_office_id"])
    async def test_without_both_agreements_nothing_is_shown(self, stage: Stage, side: str) -> None:
        await stage.set_grant(Rung.RECORD)
        await stage.connection.execute(
            "UPDATE participation_agreements SET ends_on = $2 WHERE office_id = $1",
            stage.row[side], stage.now.date(),
        )  # fmt: skip
        is_own = side == "office_id"
        who = stage.principal(frozenset(Role), is_participating=not is_own)
        target = Target(Relation.PARTNER, "charged", "open", Rung.RECORD, is_participating=is_own)
        assert await stage.rung(who) == await stage.reached(who) == 0
        assert decide(who, Permission.OVERLAPS_READ, target).rung == 0
