"""I7. Exactly one lead office per joint matter; a purge date at most five years out."""

import asyncpg
import pytest

from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, meet, someone


async def accepted(registry: Registry, url: str) -> asyncpg.Connection:
    """Return a connection to a database with one matter."""
    meeting = await meet(registry)
    asked = await meeting.first.request_handling(meeting.overlap_id)
    answer = await meeting.second.answer(asked.json()["id"], {"answer": "accept"})
    assert answer.status_code == 200, answer.text
    return await asyncpg.connect(url)


class TestI7ExactlyOneLead:
    @pytest.mark.parametrize("proposed", ["requester", "counterpart"])
    async def test_both_sides_are_told_the_same_one(
        self, shared_registry: Registry, proposed: str
    ) -> None:
        meeting = await meet(shared_registry)
        asked = (await meeting.first.request_handling(meeting.overlap_id, proposed)).json()
        await meeting.second.answer(asked["id"], {"answer": "accept"})
        path = f"/v1/handling-requests/{asked['id']}"
        leads = [
            (await client.http.get(path)).json()["lead"]
            for client in (meeting.first, meeting.second)
        ]
        expected: OfficeClient = meeting.first if proposed == "requester" else meeting.second
        assert [lead["code"] for lead in leads] == [expected.code] * 2
        assert [lead["is_own"] for lead in leads] == [
            expected is meeting.first, expected is meeting.second,
        ]  # fmt: skip

    async def test_the_database_refuses_any_other_number(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        connection = await accepted(registry, fresh_database_url)
        try:
            for lead, error in (
                ("NULL", asyncpg.NotNullViolationError),
                ("(SELECT max(id) FROM offices) + 1", asyncpg.CheckViolationError),
            ):
                with pytest.raises(error):
                    await connection.execute(f"UPDATE matters SET lead_office_id = {lead}")  # noqa: S608 -- constants above
            with pytest.raises(asyncpg.UniqueViolationError) as refused:
                await connection.execute(
                    "WITH again AS (INSERT INTO handling_requests SELECT (jsonb_populate_record("
                    " h, jsonb_build_object('id', gen_random_uuid(), 'status', 'declined',"
                    " 'decline_reason', 'matter_closed'))).* FROM handling_requests h RETURNING id)"
                    " INSERT INTO matters SELECT again.id, m.overlap_id, m.requester_office_id,"
                    " m.responder_office_id, m.lead_office_id, m.began_at FROM matters m, again"
                )
            assert refused.value.constraint_name == "uq_matters_overlap_id"
            assert await connection.fetchval("SELECT count(*) FROM matters") == 1
        finally:
            await connection.close()

    async def test_an_overlap_has_at_most_one_open_request(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        connection = await accepted(registry, fresh_database_url)
        try:
            with pytest.raises(asyncpg.UniqueViolationError) as refused:
                await connection.execute(
                    "INSERT INTO handling_requests SELECT (jsonb_populate_record("
                    " h, jsonb_build_object('id', gen_random_uuid()))).* FROM handling_requests h"
                )
            assert refused.value.constraint_name == "uq_handling_requests_open"
        finally:
            await connection.close()


class TestI7ThePurgeDate:
    async def test_the_database_refuses_one_beyond_five_years(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        (office,) = await make_offices(registry, 1)
        await office.put_case("24-1", case(someone()))
        connection = await asyncpg.connect(fresh_database_url)
        set_review = "UPDATE cases SET review_on = validated_on + interval '5 years'"
        try:
            await connection.execute(set_review)
            with pytest.raises(asyncpg.CheckViolationError) as refused:
                await connection.execute(f"{set_review} + interval '1 day'")
            assert refused.value.constraint_name == "ck_cases_review_on"
            with pytest.raises(asyncpg.NotNullViolationError):
                await connection.execute("UPDATE cases SET review_on = NULL")
        finally:
            await connection.close()
