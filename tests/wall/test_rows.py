"""What each role reaches by bare SQL, whatever the application asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
import pytest

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import driver, enter, transaction
from app.core.ids import new_id, parse_public_id
from app.quotas import allowances
from tests.access.people import sign_in
from tests.factories import Registry
from tests.scenes import Meeting, make_offices, meet
from tests.wall.acting import acting, be, client_of, office_id, refused

OF_THE_MATCHER: Final[Mapping[str, set[str]]] = {
    "subjects": {"id", "case_id", "office_id", "ref", "kind", "rarities", "kinds", "numbers"}
    | {"is_hidden", "written_in"},
    "tokens": {"token", "kind", "match_spec", "epoch", "subjects", "offices", "hidden_subjects"}
    | {"hidden_offices", "is_common", "is_suppressed"},
    **{
        table: {"token", "office_id", "subject_id", "alias"}
        for table in ("sightings", "hidden_sightings", "common_sightings")
    },
    "suppressions": {"id", "office_id", "token", "kind", "epoch", "mode", "scope", "state"}
    | {"reason", "expires_on", "added_at", "ended_at"},
    "overlaps": {"id", "low_case_id", "high_case_id", "band", "strength", "findings", "evidence"}
    | {
        "version",
        "found_at",
        "renewed_at",
        "changed_at",
        "retracted_at",
        "retract_reason",
        "state",
    },
    "overlap_sides": {"office_id", "overlap_id", "case_id", "other_office_id", "other_case_id"}
    | {"seen_at", "verdict", "verdict_reason", "verdict_evidence", "verdict_at"},
    "key_epochs": {"epoch", "state"},
    "offices": {"id", "state"},
    "cases": {"id"},
    "pending_pairs": {"low_case_id", "high_case_id"},
    "recount_pairs": {"low_case_id", "high_case_id"},
    "recounts": {"id", "is_full", "since", "until", "next_slice", "next_overlap", "differences"}
    | {"began_at", "finished_at"},
}
"""All that matching can return of any office: keys, tokens, counts and codes; no text, no name."""
LOOKED_UP: Final = {
    *("offices", "participation_agreements", "client_credentials", "client_keys"),
    *("spent_assertions", "persons", "passkeys", "recovery_codes", "sign_ins"),
    *("sign_in_attempts", "spent_challenges", "identity_providers", "key_epochs"),
}
"""What may be read before a transaction says whom it acts for."""
OF_JOBS: Final = {
    *("offices", "office_contacts", "commitments", "participation_agreements"),
    *("client_credentials", "client_keys", "persons", "passkeys", "recovery_codes", "sign_ins"),
    *("sign_in_attempts", "spent_challenges", "identity_providers", "import_allowances"),
    *("key_epochs", "sealing_keys", "sealed_elements", "subjects"),
    "suppressions",  # when they expire and what is sealed, not of which value
    *("state_settings", "proposals", "glass_breaks", "canary_alarms", "access_reviews"),
    *("alarms", "readings", "contact_requests", "infusion_questions"),
    *("case_grants", "lapse_notices"),  # of grants when they end, not what they give
    *("case_walls", "summary_readings"),  # when a request about one ends, not who or why
    *("runs", "run_steps", "run_offices", "purged_cases", "stuck_cases", "spent_assertions"),
    *("events", "idempotency_keys"),  # numbers and dates, no content
    "announced_cases",  # when, and neither whose nor which
    *("handling_requests", "handling_parties", "handling_terms", "matters"),
    *("committees", "committee_offices", "agendas", "insights"),  # counts that are published
    *("webhooks", "webhook_deliveries", "mails", "notice_settings"),
}
"""What the operator's commands read; of cases the keys and owners, of overlaps the keys."""

OPEN: Final = "SELECT open_overlap($1, 4, 'plea', now())"


@dataclass(frozen=True)
class Scene:
    """Two offices with an overlap, and nobody else, in a database."""

    url: str
    registry: Registry
    meeting: Meeting
    first: int
    second: int


@pytest.fixture(scope="module")
async def scene(module_registry: Registry) -> Scene:
    """Return a scene for all tests that leave its rows as they were."""
    return await made(module_registry)


@pytest.fixture
async def own_scene(registry: Registry) -> Scene:
    """Return a scene that the test may change."""
    return await made(registry)


async def made(registry: Registry) -> Scene:
    meeting = await meet(registry, "open", "contact_first")
    keys = [await office_id(registry, client) for client in (meeting.first, meeting.second)]
    url = registry.app.state.settings.database_url.get_secret_value()
    return Scene(url, registry, meeting, *keys)


async def as_client(connection: asyncpg.Connection) -> UUID:
    """Let the transaction be of a machine client of its office, and return which."""
    client = new_id()
    await connection.execute("SELECT set_config('joinder.client', $1, true)", str(client))
    return client


async def readable(connection: asyncpg.Connection) -> dict[str, int]:
    """Return the number of rows of each table that the role may read at all."""
    return {
        name: await connection.fetchval(f'SELECT count(*) FROM "{name}"')  # noqa: S608 -- a name from the catalog
        for name in await columns(connection)
    }


async def columns(connection: asyncpg.Connection) -> dict[str, set[str]]:
    """Return the columns of each table or view that the role may read."""
    found = await connection.fetch(
        "SELECT c.relname, array_agg(a.attname) FROM pg_class c JOIN pg_attribute a"
        " ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        " AND relname <> 'alembic_version' AND has_column_privilege(c.oid, attnum, 'SELECT')"
        " GROUP BY c.relname"
    )
    return {name: set(names) for name, names in found}


class TestWithoutContext:
    @pytest.mark.parametrize("role", ["joinder_app", "joinder_owner"])
    async def test_no_row_is_seen(self, scene: Scene, role: str) -> None:
        async with acting(scene.url, role) as connection:
            seen = await readable(connection)
            assert seen
            assert not any(seen.values()), seen

    async def test_a_transaction_that_arrives_sees_only_what_it_looks_callers_up_in(
        self, scene: Scene
    ) -> None:
        async with transaction(scene.registry.app.state.sessions) as session:
            seen = await readable(await driver(session))
        assert {name for name, rows in seen.items() if rows} <= LOOKED_UP

    async def test_it_ends_with_the_transaction(self, scene: Scene) -> None:
        for _ in range(12):  # more than the pool has connections
            async with transaction(scene.registry.app.state.sessions) as session:
                connection = await driver(session)
                assert await connection.fetchval("SELECT count(*) FROM cases") == 0
                await enter(session, await client_of(scene.registry, scene.meeting.first))
                assert await connection.fetchval("SELECT count(*) FROM cases") == 1


class TestApplication:
    async def test_sees_rows_of_its_office_only(self, scene: Scene) -> None:
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            owners = await connection.fetch(
                "SELECT office_id FROM cases UNION ALL SELECT office_id FROM overlap_sides"
                " UNION ALL SELECT office_id FROM client_credentials"
                " UNION ALL SELECT office_id FROM subjects"
                " UNION SELECT office_id FROM sightings"
            )
            held = await connection.fetchval("SELECT count(*) FROM tokens")
        assert {row[0] for row in owners} == {scene.first}
        everything = await scene.registry.rows(
            "SELECT count(DISTINCT token) FROM sightings WHERE office_id = :key", key=scene.first
        )
        assert held == everything[0][0]

    async def test_is_told_of_the_other_side_by_rung(self, scene: Scene) -> None:
        for office, rung, code in (
            (scene.first, 1, None),
            (scene.second, 2, scene.meeting.first.code),
        ):
            async with acting(scene.url, "joinder_app", office) as connection:
                row = await connection.fetchrow("SELECT * FROM shown_overlaps")
            assert row is not None
            assert (row["reached"], row["code"], row["summary"]) == (rung, code, None)
            facts = [name for name in ("strength", "facts") if name in row["findings"]]
            assert facts == (["strength", "facts"] if rung > 1 else [])
        third = await scene.registry.add_office("TX-0000009")
        stranger = await office_id(scene.registry, third)
        async with acting(scene.url, "joinder_app", stranger) as connection:
            for table in ("shown_overlaps", "overlaps", "overlap_sides", "state_overlaps"):
                assert await connection.fetchval(f'SELECT count(*) FROM "{table}"') == 0  # noqa: S608 -- names above

    @pytest.mark.parametrize("disclosure", ["open", "contact_first", "silent"])
    async def test_an_auditor_is_told_who_reads_as_far_as_the_office_is(
        self, own_scene: Scene, disclosure: str
    ) -> None:
        first, second, overlap = own_scene.first, own_scene.second, own_scene.meeting.key
        async with acting(own_scene.url, "joinder_app", first) as connection:
            await as_client(connection)
            assert await connection.fetchval(OPEN, overlap) is True
            await connection.execute("COMMIT")
        await own_scene.registry.rows(
            "UPDATE cases SET disclosure = :said WHERE office_id = :reader RETURNING id",
            said=disclosure,
            reader=first,
        )
        code = own_scene.meeting.first.code if disclosure == "open" else None
        told = {"auditor": 0 if disclosure == "silent" else 1, "administrator": 0}
        for role, count in told.items():
            async with acting(own_scene.url, "joinder_app", second) as connection:
                await connection.execute("SELECT set_config('joinder.roles', $1, true)", role)
                seen = await connection.fetch(
                    "SELECT v.* FROM readings r, audited_overlap(r.overlap_id) AS v"
                )
                assert [row["code"] for row in seen] == [code] * count, role
                assert await connection.fetchval("SELECT current_roles()") == [role]
                assert await connection.fetchval("SELECT count(*) FROM shown_overlaps") == 0

    async def test_of_the_state_sees_pointers_where_the_state_lets_it(
        self, own_scene: Scene
    ) -> None:
        general = await own_scene.registry.add_office("CA0000009", kind="attorney_general")
        for moved in ("offices", '"overlaps"'):
            await own_scene.registry.rows(f"UPDATE {moved} SET state = 'CA' RETURNING id")  # noqa: S608 -- names above
        asks = await office_id(own_scene.registry, general)
        for has_pointers in (True, False):
            await own_scene.registry.rows(
                "INSERT INTO state_settings AS s VALUES ('CA', :has, 5) ON CONFLICT (state)"
                " DO UPDATE SET has_state_pointers = excluded.has_state_pointers RETURNING s.state",
                has=has_pointers,
            )
            async with acting(own_scene.url, "joinder_app", asks) as connection:
                seen = await connection.fetchval("SELECT count(*) FROM state_overlaps")
            assert seen == has_pointers

    async def test_does_not_reach_its_own_side_of_what_is_silent(self, own_scene: Scene) -> None:
        await own_scene.registry.rows("UPDATE cases SET disclosure = 'silent' RETURNING id")
        async with acting(own_scene.url, "joinder_app", own_scene.first) as connection:
            seen = await readable(connection)
        assert seen["cases"] == 1
        assert not any(seen[name] for name in ("shown_overlaps", "overlaps", "overlap_sides"))

    async def test_reads_no_sealed_element_and_changes_no_audit(self, scene: Scene) -> None:
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            for table in ("sealed_elements", "sealing_keys"):
                assert await refused(connection, f"SELECT 1 FROM {table}"), table  # noqa: S608 -- names above
            assert await refused(connection, "SELECT sealed FROM suppressions")
            for act in ("DELETE FROM audit_entries", "UPDATE audit_entries SET action = 'none'"):
                assert await refused(connection, act)

    async def test_reads_the_audit_of_its_office_for_auditors_and_nothing_of_the_matching(
        self, scene: Scene
    ) -> None:
        ((found,),) = await scene.registry.rows(
            "SELECT count(*) FROM audit_entries WHERE action = 'overlap.found'"
        )
        assert found
        asked = "SELECT office_id, action FROM audit_entries"
        async with acting(scene.url, "joinder_app", scene.second) as connection:
            assert await connection.fetch(asked) == []
            await connection.execute("SELECT set_config('joinder.roles', 'auditor', true)")
            rows = await connection.fetch(asked)
        assert {row["office_id"] for row in rows} == {scene.second}
        assert "case.posted" in {row["action"] for row in rows}
        assert not [row for row in rows if row["action"].startswith(("overlap.", "canary."))]

    async def test_changes_its_office_by_the_role_of_each(self, scene: Scene) -> None:
        post = "(office_id, role, title, phone, email) VALUES ($1, 'backup', 'a', 'b', 'c')"
        key = "SELECT id FROM client_credentials WHERE office_id = $1"
        word = "VALUES ($1, 'sex', 'x', '2026-01-01', '2027-01-01')"
        acts = {
            f"INSERT INTO office_contacts {post}": {"administrator"},
            "INSERT INTO access_reviews VALUES ($1, now())": {"administrator", "auditor"},
            "INSERT INTO infusion_desks VALUES ($1, 'wages', now())": {"leadership"},
            "UPDATE client_credentials SET networks = '{}' WHERE office_id = $1": {"administrator"},
            "INSERT INTO client_keys (client_id, kid, public_jwk, added_at)"  # noqa: S608 -- of the lines above
            f" SELECT id, 'k', '{{}}', now() FROM ({key}) AS c": {"administrator"},
            "INSERT INTO commitments (office_id, trafficking_type, signatory, signed_on, lapses_on)"
            f" {word}": {"leadership"},
        }
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            for statement, roles in acts.items():
                for other in ("client", "prosecutor", "administrator", "leadership", "auditor"):
                    await connection.execute("SELECT set_config('joinder.roles', $1, true)", other)
                    is_refused = await refused(connection, statement, scene.first)
                    assert is_refused is (other not in roles), (statement, other)
                await connection.execute("SELECT set_config('joinder.roles', $1, true)", min(roles))
                await connection.execute("SAVEPOINT theirs")
                if statement.startswith("INSERT") and "SELECT" not in statement:
                    assert await refused(connection, statement, scene.second), statement
                else:
                    assert (await connection.execute(statement, scene.second)).endswith(" 0")

    async def test_writes_nothing_in_the_name_of_another(self, scene: Scene) -> None:
        entry = (
            "INSERT INTO audit_entries (action, office_id, actor, object, recipients, detail,"
            " request_id) VALUES ('test.done', $1, 'test', 'x', '{}', '{}', '')"
        )
        grant = (
            "INSERT INTO case_grants (case_id, grantee_office_id, rung, purpose, granted_at)"
            " VALUES ($1, $2, 2, 'test', now())"
        )
        rows = await scene.registry.rows("SELECT office_id, id FROM cases")
        cases = dict(map(tuple, rows))
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            assert not await refused(connection, entry, scene.first)
            assert await refused(connection, entry, scene.second)
            assert not await refused(connection, grant, cases[scene.first], scene.second)
            assert await refused(connection, grant, cases[scene.second], scene.first)
            assert await refused(connection, "UPDATE cases SET office_id = $1", scene.second)

    async def test_does_in_its_own_name_alone_what_takes_two(self, scene: Scene) -> None:
        """That the two are not one is a constraint; that either is who acts is the policies'."""
        ((case,),) = await scene.registry.rows(
            "SELECT id FROM cases WHERE office_id = :key", key=scene.first
        )
        me, other = new_id(), new_id()
        grant = (
            "INSERT INTO case_grants (case_id, grantee_office_id, rung, purpose, granted_at,"
            " approval, granted_by) VALUES ($1, $2, 3, 'test', now(), $3, $4)"
        )
        wall = "INSERT INTO case_walls VALUES (gen_random_uuid(), $1, $2, NULL, now(), 'test')"
        approve = "UPDATE case_grants SET approval = 'given', approved_by = $1"
        ask = "UPDATE case_walls SET lift_asked_at = now(), lift_asked_by = $1"
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            await be(connection, "leadership", other)
            given = (case, scene.second, "not_needed", f"person:{other}")
            assert await refused(connection, grant, *given)
            for name in ("x", "", f"person:{me}"):  # whoever approved that would be the only one
                assert await refused(connection, grant, case, scene.second, "pending", name)
            await connection.execute(grant, case, scene.second, "pending", f"person:{other}")
            await connection.execute(wall, case, scene.second)
            for roles, who, may in (
                ("client", me, False),
                ("prosecutor", me, False),
                ("leadership", me, True),
                ("leadership", other, False),
            ):
                await be(connection, roles, me)
                for act in (approve, ask):
                    is_refused = await refused(connection, act, f"person:{who}")
                    assert is_refused is not may, (roles, who, act)

    async def test_lifts_a_wall_only_where_another_person_asked_before(self, scene: Scene) -> None:
        ((case,),) = await scene.registry.rows(
            "SELECT id FROM cases WHERE office_id = :key", key=scene.first
        )
        me, other = new_id(), new_id()
        wall = (
            "INSERT INTO case_walls (id, case_id, office_id, set_at, set_by, lift_asked_at,"
            " lift_asked_by) VALUES (gen_random_uuid(), $1, $2, now(), 'test', $3, $4)"
        )
        ask = "UPDATE case_walls SET lift_asked_at = now(), lift_asked_by = $1"
        both = f"{ask}, lifted_at = now(), lifted_by = $2"
        lift = "UPDATE case_walls SET lifted_at = now(), lifted_by = $1"
        now = utc_now()
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            await be(connection, "leadership", me)
            invented = (case, scene.second, now, f"person:{other}")
            assert await refused(connection, wall, *invented)
            await connection.execute(wall, case, scene.second, None, None)
            assert await refused(connection, lift, f"person:{me}")  # nobody asked
            assert await refused(connection, both, f"person:{other}", f"person:{me}")
            assert await refused(connection, both, f"person:{me}", f"person:{other}")
            await be(connection, "leadership", other)
            await connection.execute(ask, f"person:{other}")
            assert await refused(connection, lift, f"person:{other}")
            await be(connection, "leadership", me)
            assert not await refused(connection, lift, f"person:{me}")

    async def test_logs_a_reading_in_its_own_name_of_what_it_is_shown(self, scene: Scene) -> None:
        read = "SELECT office_id, reader, actor, rung FROM readings"
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            client = await as_client(connection)
            assert await refused(connection, OPEN, new_id())
            assert await refused(connection, "INSERT INTO readings (reason) VALUES ('plea')")
            assert await connection.fetchval(OPEN, scene.meeting.key) is True
            assert await connection.fetch("SELECT id FROM readings") == []  # it is the owner's
            assert await refused(connection, "SELECT actor FROM readings")
            await connection.execute("SET ROLE NONE")
            (kept,) = map(tuple, await connection.fetch(read))
            assert kept == (scene.first, "client", f"client:{client}", 1)  # all that is shown

    async def test_logs_no_reading_uncounted(self, scene: Scene) -> None:
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            await as_client(connection)
            full = f'{{"reading": {allowances.per_day(allowances.READING) - 1}}}'
            assert await connection.fetchval("SELECT debit($1)", full) is True
            opened = [await connection.fetchval(OPEN, scene.meeting.key) for _ in range(2)]
            assert opened == [True, False]
            await connection.execute("SET ROLE NONE")
            assert await connection.fetchval("SELECT count(*) FROM readings") == 1

    async def test_reads_what_a_case_is_about_where_it_logs_that_and_not_after(
        self, own_scene: Scene
    ) -> None:
        cases = dict(map(tuple, await own_scene.registry.rows("SELECT office_id, id FROM cases")))
        about = "SELECT reached, summary, record_class, facts FROM shown_overlaps"
        await own_scene.registry.rows(
            "INSERT INTO case_grants (case_id, grantee_office_id, rung, purpose, granted_at)"
            " VALUES (:key, :office, 4, 'test', now()) RETURNING id",
            key=cases[own_scene.second],
            office=own_scene.first,
        )
        for _ in range(2):  # what an earlier transaction logged counts for that one only
            connection = await asyncpg.connect(own_scene.url)
            async with connection.transaction():
                await connection.execute("SET LOCAL ROLE joinder_app")
                await connection.execute(
                    "SELECT set_config('joinder.office', $1, true),"
                    " set_config('joinder.roles', 'client', true)",
                    str(own_scene.first),
                )
                (kept,) = await connection.fetch(about)
                assert list(kept) == [3, None, None, None]
                await as_client(connection)
                assert await connection.fetchval(OPEN, own_scene.meeting.key) is True
                (shown,) = await connection.fetch(about)
                assert shown["summary"].startswith("Worked without pay")
                assert None not in shown.values()
            await connection.close()

    async def test_grants_itself_what_an_accepted_request_shows_in_its_overlap(
        self, own_scene: Scene
    ) -> None:
        meeting = own_scene.meeting
        asked = (await meeting.first.request_handling(meeting.overlap_id)).json()["id"]
        ((overlap,),) = await own_scene.registry.rows(
            "SELECT overlap_id FROM handling_parties WHERE number = 2"
        )
        grant = (
            "INSERT INTO case_grants (case_id, grantee_office_id, rung, approval, overlap_id,"
            " request_id, purpose, granted_at, granted_by)"
            " SELECT requester_case_id, $1, $2, $3, $4, $5, 'test', now(), requested_by"
            " FROM handling_parties JOIN handling_requests r ON r.id = request_id WHERE number = 2"
        )
        request = parse_public_id("hnd", asked)
        contact = own_scene.second, 2, "not_needed"
        async with acting(own_scene.url, "joinder_app", own_scene.second) as connection:
            assert await refused(connection, grant, *contact, overlap, request)
        await meeting.second.answer(asked, {"answer": "accept"})
        async with acting(own_scene.url, "joinder_app", own_scene.second) as connection:
            assert not await refused(connection, grant, *contact, overlap, request)
            assert not await refused(
                connection, grant, own_scene.second, 3, "pending", overlap, request
            )
            assert await refused(connection, grant, *contact, None, request)
            assert await refused(connection, grant, *contact, overlap, None)  # it would never end
            assert await refused(
                connection, grant, own_scene.second, 3, "not_needed", overlap, request
            )
            assert await refused(
                connection, grant, own_scene.second, 4, "pending", overlap, request
            )

    async def test_counts_no_attempt_at_signing_in_and_releases_whom_it_can_name(
        self, own_scene: Scene
    ) -> None:
        account, other = b"fingerprint of one", b"fingerprint of another"
        for key in (account, other):
            await own_scene.registry.rows(
                "INSERT INTO sign_in_attempts (key, counted, started_at, locks, locked_until)"
                " VALUES (:key, 5, now(), 1, 'infinity') RETURNING 1",
                key=key,
            )
        sealing = "INSERT INTO sealing_keys VALUES (gen_random_uuid(), 1, 'x', now())"
        count = "INSERT INTO sign_in_attempts VALUES ('x', 1, now(), 0)"
        locked, release = "SELECT locked_accounts($1)", "SELECT release_account($1)"
        async with acting(own_scene.url, "joinder_app", own_scene.first) as connection:
            for role in ("client", "leadership", "administrator"):
                await be(connection, role, new_id())
                for act in (
                    "UPDATE sign_in_attempts SET counted = 0",
                    "DELETE FROM sign_in_attempts",
                ):
                    assert (await connection.execute(act)).endswith(" 0"), (role, act)
                assert await refused(connection, count), role
                assert await refused(connection, sealing), role
                may = role == "administrator"
                assert len(await connection.fetch(locked, [account, b"x"])) == may
                assert await connection.fetchval(release, account) is may
        (left,) = await own_scene.registry.rows("SELECT count(*) FROM sign_in_attempts")
        assert left[0] == 2  # it was undone

    async def test_makes_no_office_and_no_credential(self, scene: Scene) -> None:
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            for table in ("offices", "client_credentials", "participation_agreements"):
                assert await refused(connection, f"INSERT INTO {table} DEFAULT VALUES"), table
                assert await refused(connection, f"DELETE FROM {table}"), table  # noqa: S608 -- names above


class TestOfOthers:
    """What the context of one office, or of one person, must not do in the name of another."""

    async def test_changes_no_overlap_that_it_is_not_shown(self, scene: Scene) -> None:
        (client,) = await make_offices(scene.registry, 1)
        stranger = await office_id(scene.registry, client)
        for office, changed in ((stranger, 0), (scene.first, 1)):
            async with acting(scene.url, "joinder_app", office) as connection:
                done = await connection.execute('UPDATE "overlaps" SET version = 9')
            assert done == f"UPDATE {changed}"

    async def test_vouches_breaks_and_reviews_in_its_own_name(self, scene: Scene) -> None:
        me, other = f"person:{(key := new_id())}", f"person:{new_id()}"
        ask = (
            "INSERT INTO summary_readings (id, office_id, digest, forms, reason, asked_by,"
            " asked_at, expires_at, read_by, read_at) VALUES (gen_random_uuid(), $1, 'x', '{}',"
            " 'test', $2, now(), now(), $3, $4)"
        )
        read = "UPDATE summary_readings SET read_by = $1, read_at = now()"
        shatter = (
            "INSERT INTO glass_breaks (id, office_id, owner_office_id, owner_case_id, overlap_id,"
            " office_case_id,"
            " broken_by, reason, broken_at, expires_at, review_due_at) SELECT gen_random_uuid(),"
            " $1, other_office_id, other_case_id, id, case_id, $2, repeat('x', 20),"
            " $3::timestamptz, $3 + interval '1 hour', $3 + interval '72 hours' FROM shown_overlaps"
        )
        review = "UPDATE glass_breaks SET reviewed_by = $1, reviewed_at = now(), finding = $2"
        now = utc_now()
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            await be(connection, "prosecutor", key)
            assert await refused(connection, ask, scene.first, other, None, None)
            assert await refused(connection, ask, scene.first, other, me, now)
            await connection.execute(ask, scene.first, me, None, None)
            assert await refused(connection, read, other)
            assert await refused(connection, shatter, scene.first, other, now)
            assert await refused(connection, shatter, scene.first, me, now + timedelta(days=1))
            assert not await refused(connection, shatter, scene.first, me, now)
            await be(connection, "prosecutor", new_id())
            await connection.execute(shatter, scene.first, await myself(connection), now)
            await connection.execute(
                "SELECT set_config('joinder.office', $1, true)", str(scene.second)
            )
            for role, may in (("prosecutor", False), ("auditor", True)):
                await be(connection, role, key)
                assert await refused(connection, review, me, "justified") is not may

    async def test_is_no_other_person_of_its_office(self, scene: Scene) -> None:
        registry = scene.registry
        head, me = [
            await sign_in(registry, scene.meeting.first, role)
            for role in (Role.LEADERSHIP, Role.PROSECUTOR)
        ]
        acts = {
            "INSERT INTO passkeys VALUES ('x', $1, 'x', 0, 'mine', now())": True,
            "INSERT INTO recovery_codes VALUES ($1, 'x')": True,
            "INSERT INTO sign_ins (id, digest, person_id, method, began_at, seen_at)"
            " VALUES (gen_random_uuid(), 'x', $1, 'password', now(), now())": True,
            "UPDATE persons SET password_digest = 'x' WHERE id = $1": True,
            "UPDATE persons SET roles = '{leadership,administrator}' WHERE id = $1": False,
        }
        add = (
            "INSERT INTO persons (id, office_id, account, name, roles, created_at, enabled_at,"
            " is_password_short, totp_step)"
            " SELECT gen_random_uuid(), office_id, 'new', name, '{leadership}', created_at,"
            " enabled_at, false, 0 FROM persons WHERE id = $1"
        )
        rotate = "UPDATE sign_ins SET digest = 'x' WHERE person_id = $1"
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            await be(connection, "prosecutor", me.key)
            for act, may in acts.items():
                assert await refused(connection, act, head.key), act
                assert await refused(connection, act, me.key) is not may, act
            assert await refused(connection, add, me.key)
            assert await connection.execute(rotate, head.key) == "UPDATE 0"
            for table in ("sign_ins", "passkeys", "recovery_codes"):
                gone = await connection.execute(
                    f"DELETE FROM {table} WHERE person_id = $1",  # noqa: S608 -- names above
                    head.key,
                )
                assert gone == "DELETE 0"
            await be(connection, "administrator", new_id())
            *_, (promote, _) = acts.items()
            assert not await refused(connection, promote, me.key)
            assert not await refused(connection, add, me.key)
            await be(connection, "administrator", me.key)
            assert await refused(connection, promote, me.key)

    async def test_takes_no_step_of_another_party_and_nothing_after_the_end(
        self, own_scene: Scene
    ) -> None:
        meeting = own_scene.meeting
        asked = (await meeting.first.request_handling(meeting.overlap_id)).json()["id"]
        step = "UPDATE handling_requests SET status = $1, ended_at = $2, decline_reason = $3"
        now = utc_now()
        async with acting(own_scene.url, "joinder_app", own_scene.first) as connection:
            assert await refused(connection, step, "accepted", None, None)
            assert await refused(connection, step, "declined", now, "other")
            assert await refused(connection, step, "expired", now, None)
        async with acting(own_scene.url, "joinder_app", own_scene.second) as connection:
            assert await refused(connection, step, "withdrawn", now, None)
            assert not await refused(connection, step, "accepted", None, None)
        grant = (
            "INSERT INTO case_grants (case_id, grantee_office_id, rung, overlap_id, request_id,"
            " purpose, granted_at) SELECT requester_case_id, office_id, 2, overlap_id, request_id,"
            " 'test', now() FROM handling_parties WHERE number = 2"
        )
        for ended in (False, True):
            if ended:
                moved = await meeting.first.http.post(
                    f"/v1/handling-requests/{asked}/moves",
                    json={"move": "withdraw"},
                    headers={"If-Match": '"1"', "Idempotency-Key": "withdrawn"},
                )
                assert moved.json()["status"] == "withdrawn", moved.text
            async with acting(own_scene.url, "joinder_app", own_scene.second) as connection:
                await connection.execute(
                    "UPDATE handling_parties SET accepted_terms = 0, named_at = now()"
                )
                assert await refused(connection, grant) is ended

    async def test_signs_as_leadership_and_names_no_mediator_but_its_states(
        self, own_scene: Scene
    ) -> None:
        meeting = own_scene.meeting
        await meeting.first.request_handling(meeting.overlap_id)
        sign = (
            "INSERT INTO handling_signatures (id, request_id, terms_number, purpose, office_id,"
            " person_id, post, attestation, text, digest, proved_at, signed_at)"
            " SELECT gen_random_uuid(), id, 0, 'agree', current_office(), current_person(), 'x',"
            " 'x', 'x', sha256('x'), now(), now() FROM handling_requests"
        )
        mediate = "INSERT INTO mediations SELECT id, $1, now() FROM shown_overlaps"
        me = new_id()
        async with acting(own_scene.url, "joinder_app", own_scene.first) as connection:
            for role in ("prosecutor", "coordinator", "client"):
                await be(connection, role, me)
                assert await refused(connection, sign), role
            assert await refused(connection, mediate, own_scene.second)
            asked = "SELECT office_id FROM newest_events($1)"
            told = await connection.fetch(asked, [own_scene.first, own_scene.second])
            assert {row[0] for row in told} <= {own_scene.first}


class TestMatcher:
    async def test_sees_tokens_of_every_office_and_no_text(self, scene: Scene) -> None:
        async with acting(scene.url, "joinder_matcher", scene.first) as connection:
            assert await columns(connection) == OF_THE_MATCHER
            found = await connection.fetch("SELECT DISTINCT office_id FROM sightings")
        assert {row[0] for row in found} == {scene.first, scene.second}

    async def test_writes_for_the_office_of_the_post_only(self, scene: Scene) -> None:
        sighting = "INSERT INTO sightings SELECT token, $1, subject_id, 9 FROM sightings LIMIT 1"
        async with acting(scene.url, "joinder_matcher", scene.first) as connection:
            assert not await refused(connection, sighting, scene.first)
            assert await refused(connection, sighting, scene.second)
            await connection.execute("DELETE FROM subjects")
            left = await connection.fetch("SELECT DISTINCT office_id FROM subjects")
        assert [row[0] for row in left] == [scene.second]

    async def test_ends_no_entry_of_another_office_but_for_the_operator(
        self, own_scene: Scene
    ) -> None:
        await own_scene.registry.rows(
            "INSERT INTO suppressions (id, office_id, token, kind, epoch, mode, scope, reason,"
            " expires_on, added_at) SELECT gen_random_uuid(), :key, token, kind, epoch, 'inform',"
            " 'office', 'other', current_date, now() FROM tokens LIMIT 1 RETURNING id",
            key=own_scene.second,
        )
        end = "UPDATE suppressions SET ended_at = now() RETURNING id"
        for who, ended in ((own_scene.first, 0), (own_scene.second, 1), (0, 1)):
            async with acting(own_scene.url, "joinder_matcher", who) as connection:
                assert len(await connection.fetch(end)) == ended


async def myself(connection: asyncpg.Connection) -> str:
    """Return what the person that the transaction acts for is called."""
    return f"person:{await connection.fetchval('SELECT current_person()')}"


class TestJobsAndBackup:
    async def test_the_operator_sees_no_case(self, scene: Scene) -> None:
        async with acting(scene.url, "joinder_jobs", 0) as connection:
            seen = await columns(connection)
        assert seen.pop("cases") == {
            *("id", "office_id", "review_on", "validated_on", "withdrawn_at", "held_at"),
            *("posted_at", "feed_digests", "feed_charged_on"),
        }
        assert seen["announced_cases"] == {"announced_at"}
        assert "question" not in seen["infusion_questions"]
        assert "reason" not in seen["glass_breaks"] | seen["contact_requests"]
        assert "token" not in seen["suppressions"]
        assert seen["summary_readings"] == {"id", "office_id", "read_at", "expires_at"}
        assert seen["case_walls"] == {"id", "case_id", "lift_asked_at", "lifted_at"}
        assert seen.keys() == OF_JOBS

    async def test_a_backup_reads_everything_and_changes_nothing(self, scene: Scene) -> None:
        async with acting(scene.url, "joinder_backup") as connection:
            seen = await readable(connection)
            assert all(seen[name] for name in ("cases", "tokens", "audit_entries", "overlaps"))
            assert await refused(connection, "DELETE FROM cases")

    async def test_of_the_ladder_nobody_becomes_one(self, scene: Scene) -> None:
        async with acting(scene.url, "joinder_app", scene.first) as connection:
            for role in ("joinder_ladder", "joinder_owner"):
                may = await connection.fetchval("SELECT pg_has_role($1, 'MEMBER')", role)
                assert may is False
