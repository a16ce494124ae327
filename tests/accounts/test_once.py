"""Requests that are done once: what is kept for their repeats."""

import asyncio

from app.access.vocabulary import Role
from tests.access.people import Person, sign_in
from tests.blinding import case
from tests.factories import Registry
from tests.scenes import holding, make_offices, someone, waiting_for

ASKED = {"asked_for": "counsel", "ground": "not_the_person"}
CASE = (
    "SELECT FROM cases c JOIN offices o ON o.id = c.office_id"
    " WHERE o.code = :code AND c.external_id = '24-1' FOR UPDATE OF c"
)


async def ask(person: Person, number: str) -> int:
    """Have a case reviewed, which stores what refers to the case and nothing that others need."""
    answer = await person.send("POST", f"/v1/cases/cms/{number}/corrections", ASKED)
    return answer.status_code


class TestOldKeys:
    async def test_count_no_more(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        person = await sign_in(shared_registry, office, Role.PROSECUTOR)
        assert (await office.put_case("24-1", case(someone()))).status_code == 201
        once = {"Idempotency-Key": "same-key-again"}
        made = []
        for hours in (0, 73):
            await shared_registry.rows(
                "UPDATE idempotency_keys SET created_at = created_at - make_interval(hours => :n)"
                " WHERE person_id = :id RETURNING id",
                n=hours,
                id=person.key,
            )
            path = "/v1/cases/cms/24-1/corrections"
            answers = [await person.http.post(path, json=ASKED, headers=once) for _ in range(2)]
            assert answers[0].json() == answers[1].json(), answers[1].text
            made.append(answers[0].json()["id"])
        assert len(set(made)) == 2

    async def test_are_no_reason_to_wait_for_another_request(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        person = await sign_in(shared_registry, office, Role.PROSECUTOR)
        for number in ("24-1", "24-2"):
            assert (await office.put_case(number, case(someone()))).status_code == 201
            assert await ask(person, number) == 201
        await shared_registry.rows(
            "UPDATE idempotency_keys SET created_at = created_at - interval '73 hours'"
            " WHERE person_id = :id RETURNING id",
            id=person.key,
        )
        async with holding(shared_registry, CASE, code=office.code) as holder:
            waits = asyncio.ensure_future(ask(person, "24-1"))
            async with asyncio.timeout(30):
                while not await waiting_for(shared_registry, holder):
                    pass
                assert await ask(person, "24-2") == 201
                assert not waits.done()
        assert await waits == 201
