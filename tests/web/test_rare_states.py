"""Pages in states that the demo is not brought to: axe finds nothing, a phone shows it."""

from typing import Final

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.ids import new_id
from app.jobs.nightly import run
from app.jobs.steps import Step
from app.proposals.schemas import ProviderChange
from tests.access.people import sign_in
from tests.access.test_matrix import PEOPLE
from tests.factories import OfficeClient, Registry
from tests.handling.heads import draft, good, settle
from tests.scenes import make_offices, meet
from tests.web.album import Album, looked_at
from tests.web.pages import Reader, reader
from tests.web.test_runs import fail, rest

_PROPOSE: Final = """
INSERT INTO proposals (id, office_id, change, proposed_by, proposed_at, expires_at)
SELECT :id, id, CAST(:change AS jsonb), :by, now(), now() + interval '3 days'
FROM offices WHERE code = :code RETURNING id
"""
_NAME: Final = """
INSERT INTO identity_providers (office_id, issuer, client_id, acr_values)
SELECT id, 'https://idp.example.com', 'joinder', '{two-factors}'
FROM offices WHERE code = :code RETURNING office_id
"""
_INTERRUPT: Final = """
UPDATE runs SET state = 'interrupted' WHERE id = (SELECT id FROM runs ORDER BY id DESC LIMIT 1)
RETURNING id
"""


@looked_at
async def test_have_nothing_that_axe_finds(registry: Registry) -> None:
    album = Album()
    (office,) = await make_offices(registry, 1)
    someone = await reader(registry, office, *PEOPLE)
    await album.keep(someone, "/runs", "No run so far")
    await album.keep(someone, "/agenda", "Not counted yet")
    await album.keep(someone, "/insights", "Not counted yet")
    await _end_runs(album, registry, someone)
    await _ask_for_contacts(album, registry)
    await _leave(album, registry)
    await _name_provider(album, registry, someone, office)
    settings = registry.app.state.settings
    registry.app.state.settings = settings.model_copy(update={"smtp_host": "mail.example.com"})
    form = (await album.keep(someone, "/notices/settings", "A mail says only")).form("/settings")
    refused = await someone.send(form, mail="daily", address="nowhere")
    album.add(refused, 'id="address-error"')
    found = await album.look(registry)
    assert found == [], "\n".join(found)


async def _end_runs(album: Album, registry: Registry, visitor: Reader) -> None:
    """Keep runs that failed, and that were stopped: as the last one, and among the earlier."""
    for step in (rest, fail):
        await run(registry.operator, [Step("runs.forget", step)], as_of=utc_now())
    await album.keep(visitor, "/runs", "The next run takes the failed step again")
    await registry.rows(_INTERRUPT)
    await album.keep(visitor, "/runs", "It was stopped before its end")
    await run(registry.operator, [Step("runs.forget", rest)], as_of=utc_now())
    await album.keep(visitor, "/runs", ">Interrupted<")


async def _ask_for_contacts(album: Album, registry: Registry) -> None:
    """Keep requests for a contact from both sides: open, and however they end."""
    offices = await make_offices(registry)
    asker, asked = [await reader(registry, each, *PEOPLE) for each in offices]
    ends = (
        (asker, {"answer": "withdraw"}, "Withdrawn"),
        (asked, {"answer": "decline", "reason": "later"}, "Declined because"),
        (asked, {"answer": "accept"}, "Accepted"),
    )
    for number, (who, fields, said) in enumerate(ends):
        met = await meet(
            registry, second="contact_first", offices=offices, external_id=f"24-{number}"
        )
        form = (await asker.page(f"/overlaps/{met.overlap_id}")).form("/contact")
        made = await asker.send(form, contact_reason="act_ahead")
        page = made.headers["location"]
        await album.keep(asker, page, "Withdraw the request")
        await album.keep(asked, page.partition("?")[0], "Keep it hidden")
        answers = (await who.page(page)).forms_to("/answers")
        done = await who.send(answers[-1], **fields)
        assert done.status_code == 303, done.text
        await album.keep(who, done.headers["location"])
        await album.keep(asker, page.partition("?")[0], said)
        await album.keep(asked, page.partition("?")[0])


async def _leave(album: Album, registry: Registry) -> None:
    """Keep an agreement that an office leaves, and its matter, whose lead is on offer."""
    sides, request = await draft(registry, 3)
    matter = (await settle(sides, request))["matter_id"]
    readers = [await reader(registry, side.office, *PEOPLE) for side in sides]
    first, leaver, heir = readers
    before = await album.keep(leaver, f"/handling/{request}", "Give notice")
    (form,) = [form for form in before.forms if form.fields.get("decision") == "leave"]
    left = await leaver.send(form)
    assert left.status_code == 303, left.text
    await album.keep(leaver, left.headers["location"], "gave notice")
    for each in readers:
        await album.keep(each, f"/handling/{request}", "gave notice")
        await album.keep(each, f"/matters/{matter}", "leaves by")
    for side in sides:
        good(await side.sign(request))
    for each in (first, leaver):
        await album.keep(each, f"/handling/{request}")
        await album.keep(each, f"/matters/{matter}", ", left")
    good(await sides[0].work(f"{matter}/lead-offers", {"office": sides[2].office.code}))
    taking = await album.keep(heir, f"/matters/{matter}", "Accept the lead")
    unproved = await sign_in(registry, sides[2].office, *PEOPLE, minutes_ago=60)
    await album.keep(Reader(unproved.http), f"/matters/{matter}", "Take the lead")
    taken = await heir.send(taking.form("/acceptances"))
    assert taken.status_code == 303, taken.text
    await album.keep(heir, taken.headers["location"], "led by your office")


async def _name_provider(
    album: Album, registry: Registry, visitor: Reader, office: OfficeClient
) -> None:
    """Keep a provider that waits for the operator, with one in use and one nobody can approve."""
    for roles in (PEOPLE, [Role.ANALYST]):
        by = await sign_in(registry, office, *roles)
        change = ProviderChange(
            office=office.code,
            issuer="https://login.example.com",
            client_id="joinder",
            acr_values=("two-factors",),
        )
        values = {"id": new_id(), "change": change.model_dump_json(), "by": f"person:{by.key}"}
        await registry.rows(_PROPOSE, code=office.code, **values)
    await album.keep(visitor, "/office/provider", "joinder proposal approve", "may not propose it")
    await album.keep(visitor, "/office", "waits for the operator")
    await registry.rows(_NAME, code=office.code)
    await album.keep(visitor, "/office/provider", "Propose another one")
    await album.keep(visitor, "/office", "idp.example.com")
    wrong = {"issuer": "http://idp", "client_id": "", "acr_values": ""}
    form = (await visitor.page("/office/provider")).form("/office/provider")
    album.add(await visitor.send(form, **wrong), "-error")
