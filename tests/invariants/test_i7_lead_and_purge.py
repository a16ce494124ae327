"""I7. Exactly one lead office per joint matter; a purge date at most five years out."""

import asyncpg
import pytest

from tests.blinding import case
from tests.factories import Registry
from tests.handling.heads import TERMS, draft, settle
from tests.scenes import make_offices, someone


class TestI7ExactlyOneLead:
    async def test_all_parties_are_told_the_same_one(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry, ask={"terms": {**TERMS, "lead": 2}})
        await settle(sides, request)
        leads = [(await side.read(request))["lead"] for side in sides]
        assert [lead["code"] for lead in leads] == [sides[1].office.code] * 2
        assert [lead["is_own"] for lead in leads] == [False, True]

    async def test_the_database_refuses_any_other_number(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        sides, request = await draft(registry)
        await settle(sides, request)
        connection = await asyncpg.connect(fresh_database_url)
        try:
            for lead, error in (
                ("NULL", asyncpg.NotNullViolationError),
                ("(SELECT max(id) FROM offices) + 1", asyncpg.ForeignKeyViolationError),
            ):
                with pytest.raises(error):
                    await connection.execute(f"UPDATE matters SET lead_office_id = {lead}")  # noqa: S608 -- constants above
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute("INSERT INTO matters SELECT * FROM matters")
            for end in ("agreed_on + 731", "agreed_on"):
                with pytest.raises(asyncpg.CheckViolationError) as refused:
                    await connection.execute(f"UPDATE matters SET ends_on = {end}")  # noqa: S608 -- constants above
                assert refused.value.constraint_name == "ck_matters_ends_on"
            with pytest.raises(asyncpg.CheckViolationError) as refused:
                await connection.execute("UPDATE handling_requests SET status = 'sent'")
            assert refused.value.constraint_name == "ck_handling_requests_machine"
            for what in (
                "DELETE FROM origin_entries",
                "TRUNCATE origin_entries",
                "UPDATE origin_entries SET at = at - interval '1 day'",
                "UPDATE origin_entries SET from_office_id = office_id",
            ):
                with pytest.raises(asyncpg.PostgresError) as refused_too:
                    await connection.execute(what)
                assert refused_too.value.constraint_name == "ck_origin_entries_kept"
        finally:
            await connection.close()

    async def test_an_overlap_has_at_most_one_open_agreement(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        overlap = (await sides[0].read(request))["overlap_id"]
        again = await sides[1].office.http.post(
            f"/v1/overlaps/{overlap}/handling-requests",
            json={"kind": "co_counsel", "terms": TERMS},
            headers={"Idempotency-Key": "the-other-one"},
        )
        assert again.status_code == 201, again.text  # a draft hinders nobody
        answers = []
        for side, key in zip(sides, (request, again.json()["id"]), strict=True):
            await side.send(key, "moves", {"move": "submit"})
            answers.append(await side.sign(key))
        assert [answer.status_code for answer in answers] == [200, 409]
        assert answers[1].json()["code"] == "handling-request-open"
        asked = await sides[1].office.request_handling(overlap)
        assert asked.status_code == 201  # a question is another matter


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
            with pytest.raises(asyncpg.CheckViolationError) as refused:
                await connection.execute("UPDATE cases SET validated_on = current_date + 2")
            assert refused.value.constraint_name == "ck_cases_validated_on"
            with pytest.raises(asyncpg.NotNullViolationError):
                await connection.execute("UPDATE cases SET review_on = NULL")
        finally:
            await connection.close()
