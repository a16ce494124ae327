"""What may be there so often is counted by one at a time: two at once do not pass the limit."""

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.queues import views
from app.queues.errors import TooManyViewsError
from app.queues.schemas import ViewSave
from app.webhooks import service as webhooks
from tests.access.people import sign_in
from tests.factories import Registry
from tests.handling.table import head_of
from tests.machines import told
from tests.scenes import at_once, make_offices

OFFICE = "SELECT FROM offices WHERE code = :code FOR UPDATE"
"""What is added refers to the office: whoever has counted waits for its row."""


class TestLastPlace:
    async def test_of_webhooks_goes_to_one_of_two(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        people = [await sign_in(shared_registry, office, Role.ADMINISTRATOR) for _ in range(2)]
        url = "https://cms.example.com/{}".format
        for number in range(webhooks.MOST - 1):
            added = await people[0].send("POST", "/v1/webhooks", {"url": url(number)})
            assert added.status_code == 201, added.text
        acts = [
            person.send("POST", "/v1/webhooks", {"url": url(f"last-{place}")})
            for place, person in enumerate(people)
        ]
        answers = await at_once(shared_registry, OFFICE, acts, code=office.code)
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        listed = (await people[0].send("GET", "/v1/webhooks")).json()["items"]
        assert len(listed) == webhooks.MOST

    async def test_of_saved_views_goes_to_one_of_two(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        person = await head_of(shared_registry, office)

        async def save(name: str) -> None:
            view = ViewSave(name=name, filters="turn=ours")
            async with shared_registry.acting(person) as session:
                await views.save_view(session, person, view, now=utc_now())

        for number in range(views.MOST - 1):
            await save(f"View {number}")
        acts = [told(save(name)) for name in ("One", "Other")]
        answers = await at_once(shared_registry, OFFICE, acts, code=office.code)
        assert sorted(answers) == ["", TooManyViewsError.code]
        await save("View 0")  # a name that stands takes no place
        async with shared_registry.acting(person) as session:
            assert len(await views.list_views(session, person)) == views.MOST
