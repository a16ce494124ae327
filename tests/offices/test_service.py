from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import MissingScopeError
from app.access.principal import OPERATOR, Principal
from app.access.vocabulary import Role
from app.accounts import suspension
from app.core.clock import utc_now
from app.core.db import transaction
from app.offices import queries, service
from app.offices.errors import OfficeExistsError, OfficeNotFoundError
from app.offices.models import ParticipationAgreement
from app.offices.schemas import (
    AgreementSign,
    CommitmentSign,
    OfficeAdd,
    OfficeContactSet,
    StateSet,
)
from tests.access.people import sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry, agreement
from tests.scenes import make_offices, meet, someone

NOBODY = Principal("client:x", 1, frozenset())
T = TypeVar("T")


async def act(registry: Registry, what: Callable[[AsyncSession], Awaitable[T]]) -> T:
    async with transaction(registry.operator) as session:
        return await what(session)


def office(code: str, **changes: Any) -> OfficeAdd:
    fields = {
        "code": code,
        "name": "County Prosecutor",
        "kind": "local",
        "state": "CA",
        "contact_title": "Duty deputy",
        "contact_phone": "555-0100",
        "contact_email": "duty@example.com",
    }
    return OfficeAdd.model_validate({**fields, **changes})


@pytest.mark.parametrize(
    ("code", "is_odd"),
    [("CA019013A", False), ("CA0190130", True), ("CA-VALLEY", True), ("DA-7", False)],
)
def test_a_code_as_long_as_an_ori_is_asked_about_unless_it_ends_as_one(
    code: str, *, is_odd: bool
) -> None:
    assert office(code).is_odd_ori is is_odd


class TestAddOffice:
    async def test_keeps_it_and_audits(self, shared_registry: Registry) -> None:
        await act(
            shared_registry,
            lambda s: service.add_office(s, OPERATOR, office("CA-ADDED"), now=utc_now()),
        )
        kept = await act(shared_registry, lambda s: queries.get_office(s, "CA-ADDED"))
        assert (kept.name, kept.kind, kept.state) == ("County Prosecutor", "local", "CA")
        entries = await shared_registry.audit("office.added")
        assert [e["actor"] for e in entries if e["object"] == "CA-ADDED"] == ["operator"]

    async def test_twice_conflicts_and_changes_nothing(self, shared_registry: Registry) -> None:
        first, second = [office("CA-TWICE", name=name) for name in ("First", "Second")]
        await act(shared_registry, lambda s: service.add_office(s, OPERATOR, first, now=utc_now()))
        with pytest.raises(OfficeExistsError):
            await act(
                shared_registry, lambda s: service.add_office(s, OPERATOR, second, now=utc_now())
            )
        kept = await act(shared_registry, lambda s: queries.get_office(s, "CA-TWICE"))
        assert kept.name == "First"

    async def test_is_the_operators_alone(self, shared_registry: Registry) -> None:
        with pytest.raises(MissingScopeError):
            await act(
                shared_registry,
                lambda s: service.add_office(s, NOBODY, office("CA-NOBODY"), now=utc_now()),
            )
        with pytest.raises(OfficeNotFoundError):
            await act(shared_registry, lambda s: queries.get_office(s, "CA-NOBODY"))

    @pytest.mark.parametrize(
        "changes",
        [{"code": "ca"}, {"code": "CA 1"}, {"kind": "federal"}, {"state": "California"},
         {"name": " "}, {"victims": 1}],
    )  # fmt: skip
    def test_has_a_form(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            office(**{"code": "CA-FORM", **changes})


class TestSignAgreement:
    async def test_of_an_unknown_office_is_refused(self, shared_registry: Registry) -> None:
        with pytest.raises(OfficeNotFoundError):
            await act(
                shared_registry,
                lambda s: service.sign_agreement(s, OPERATOR, "CA-ABSENT", agreement()),
            )

    async def test_is_the_operators_alone(self, shared_registry: Registry) -> None:
        (client,) = await make_offices(shared_registry, 1)
        with pytest.raises(MissingScopeError):
            await act(
                shared_registry,
                lambda s: service.sign_agreement(s, NOBODY, client.code, agreement()),
            )

    async def test_starts_participation_on_its_first_day(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        future = agreement(effective_on=date(2999, 1, 1))
        code = meeting.first.code
        await shared_registry.rows(
            "DELETE FROM participation_agreements WHERE office_id ="
            " (SELECT id FROM offices WHERE code = :code) RETURNING id",
            code=code,
        )
        await act(shared_registry, lambda s: service.sign_agreement(s, OPERATOR, code, future))
        assert await meeting.first.overlaps() == await meeting.second.overlaps() == []
        me = (await meeting.first.http.get("/v1/me")).json()
        assert me["is_participating"] is False
        await act(shared_registry, lambda s: service.sign_agreement(s, OPERATOR, code, agreement()))
        assert len(await meeting.first.overlaps()) == len(await meeting.second.overlaps()) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"signed_on": date(2026, 2, 1), "effective_on": date(2026, 1, 1)},
            {"ends_on": date(2026, 1, 6)},
            {"ends_on": date(2025, 1, 1)},
        ],
    )
    async def test_has_its_dates_in_order_in_schema_and_database(
        self, shared_registry: Registry, changes: dict[str, date]
    ) -> None:
        with pytest.raises(ValidationError):
            agreement(**changes)
        (client,) = await make_offices(shared_registry, 1)
        unchecked = AgreementSign.model_construct(**{**agreement().model_dump(), **changes})
        kept = await act(shared_registry, lambda s: queries.get_office(s, client.code))
        row = ParticipationAgreement(office_id=kept.id, **unchecked.model_dump())
        with pytest.raises(IntegrityError):
            async with transaction(shared_registry.operator) as session:
                session.add(row)


class TestListOffices:
    async def test_is_in_the_order_of_codes(self, shared_registry: Registry) -> None:
        added = await make_offices(shared_registry, 3)
        codes = [kept.code for kept in await act(shared_registry, queries.list_offices)]
        assert {client.code for client in added} <= set(codes)
        assert codes == sorted(codes)


def commitment(**changes: Any) -> CommitmentSign:
    fields = {
        "trafficking_type": "labor",
        "signatory": "District Attorney",
        "signed_on": date(2026, 1, 5),
        "lapses_on": date(2027, 1, 5),
    }
    return CommitmentSign.model_validate({**fields, **changes})


class TestCommitments:
    @pytest.mark.parametrize(
        "changes",
        [
            {"lapses_on": date(2026, 1, 5)},
            {"lapses_on": date(2029, 1, 5)},
            {"trafficking_type": "undetermined"},
        ],
    )
    def test_lapse_after_they_are_signed_and_within_two_years(
        self, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(ValidationError):
            commitment(**changes)

    async def test_are_the_operators_to_record(self, shared_registry: Registry) -> None:
        (client,) = await make_offices(shared_registry, 1)
        with pytest.raises(MissingScopeError):
            await act(
                shared_registry,
                lambda s: service.sign_commitment(s, NOBODY, client.code, commitment()),
            )

    async def test_are_shown_on_requests_until_and_after_they_lapse(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        today = utc_now().date()
        lapsed = {"signed_on": date(2020, 1, 1), "lapses_on": date(2021, 1, 1)}
        for each in (
            commitment(trafficking_type="sex", **lapsed),
            commitment(**lapsed),
            commitment(signed_on=today, lapses_on=today + timedelta(days=365)),
        ):
            await act(
                shared_registry,
                partial(
                    service.sign_commitment,
                    principal=OPERATOR,
                    code=meeting.first.code,
                    commitment=each,
                ),
            )
        (overlap,) = await meeting.first.overlaps()
        sent = (await meeting.first.request_handling(overlap["id"])).json()
        page = (await meeting.second.http.get("/v1/handling-requests")).json()
        (received,) = page["items"]
        assert received["requester_commitments"] == sent["requester_commitments"]
        assert [
            (each["trafficking_type"], each["has_lapsed"])
            for each in received["requester_commitments"]
        ] == [("labor", False), ("sex", True)]


async def listed(client: OfficeClient) -> dict[str, dict[str, Any]]:
    """Return all offices that a client is shown, by code, a few a page."""
    found: dict[str, dict[str, Any]] = {}
    query: dict[str, str | int] = {"limit": 7}
    while True:
        answer = await client.http.get("/v1/offices", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found |= {office["code"]: office for office in page["items"]}
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


class TestListParticipants:
    async def test_finds_by_a_part_of_name_or_code_and_by_state(
        self, shared_registry: Registry
    ) -> None:
        asking, other = await make_offices(shared_registry, 2)
        http, (state, number) = asking.http, asking.code.split("-")
        for query, is_found in (
            ({"named": f"office {asking.code}".lower()}, True),
            ({"named": number}, True),
            ({"named": number, "state": state}, True),
            ({"named": number, "state": other.code[:2]}, False),
            ({"named": f"{asking.code}%"}, False),
            ({"state": other.code[:2]}, False),
        ):
            found = (await http.get("/v1/offices", params={"limit": 100, **query})).json()["items"]
            assert (asking.code in {each["code"] for each in found}) == is_found, query
        assert (await http.get("/v1/offices?state=California")).status_code == 422
        first = (await http.get("/v1/offices?limit=1")).json()["next_cursor"]
        other_list = await http.get("/v1/offices", params={"cursor": first, "named": number})
        assert other_list.status_code == 400

    async def test_is_by_name_from_page_to_page(self, shared_registry: Registry) -> None:
        names = [
            "willow of the Grove",
            "Ash of the Grove",
            "birch of the Grove",
            "Ash of the Grove",
        ]
        clients = await make_offices(shared_registry, len(names))
        for client, name in zip(clients, names, strict=True):
            await shared_registry.rows(
                "UPDATE offices SET name = :name WHERE code = :code RETURNING 1",
                name=name,
                code=client.code,
            )
        found: list[tuple[str, str]] = []
        query = {"named": "of the grove", "limit": "1"}
        while query.get("cursor", "first"):
            page = (await clients[0].http.get("/v1/offices", params=query)).json()
            found += [(each["name"], each["code"]) for each in page["items"]]
            query["cursor"] = page["next_cursor"]
        in_order = [clients[place].code for place in (1, 3, 2, 0)]
        assert found == list(zip(sorted(names, key=str.lower), in_order, strict=True))

    async def test_names_contacts_and_commitments(self, shared_registry: Registry) -> None:
        (client,) = await make_offices(shared_registry, 1)
        first, second = (
            OfficeContactSet(role="backup", title=title, phone="555-0101", email="b@example.com")
            for title in ("Deputy", "Head of the unit")
        )
        for contact in (first, second):
            await act(
                shared_registry,
                partial(service.set_contact, principal=OPERATOR, code=client.code, contact=contact),
            )
        await act(
            shared_registry,
            lambda s: service.sign_commitment(s, OPERATOR, client.code, commitment()),
        )
        found = await listed(client)
        mine = found[client.code]
        assert [contact["role"] for contact in mine["contacts"]] == ["coordinator", "backup"]
        assert mine["contacts"][1]["title"] == "Head of the unit"
        assert [each["trafficking_type"] for each in mine["commitments"]] == ["labor"]

    async def test_an_office_without_an_agreement_neither_sees_nor_is_seen(
        self, shared_registry: Registry
    ) -> None:
        outside, inside = await make_offices(shared_registry, 2)
        ended = utc_now().date()
        await act(
            shared_registry,
            lambda s: service.end_agreements(s, OPERATOR, outside.code, ends_on=ended),
        )
        own = (await outside.http.get("/v1/offices")).json()
        assert own == {"items": [], "next_cursor": None}
        codes = (await listed(inside)).keys()
        assert inside.code in codes
        assert outside.code not in codes


class TestState:
    async def set(self, registry: Registry, state: str, **changes: Any) -> None:
        asked = StateSet.model_validate({"state": state, **changes})
        await act(registry, lambda s: service.set_state(s, OPERATOR, asked))

    async def test_bounds_how_long_a_case_of_its_offices_goes_without_review(
        self, shared_registry: Registry
    ) -> None:
        office = await shared_registry.add_office("ZA-REVIEW")
        today = utc_now().date()
        late = case(someone(), review_on=(today + timedelta(days=3 * 365)).isoformat())
        assert (await office.put_case("24-1", late)).status_code == 201
        await self.set(shared_registry, "ZA", review_years=2)
        refused = await office.put_case("24-2", late)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "review-date")
        await office.put_case("24-2", case(someone()))
        kept = (await office.http.get("/v1/cases/cms/24-2")).json()["review_on"]
        assert kept[:4] == str(today.year + 2)
        await self.set(shared_registry, "ZA", has_state_pointers=False)
        (found,) = [
            each for each in await act(shared_registry, queries.list_states) if each.state == "ZA"
        ]
        assert (found.has_state_pointers, found.review_years) == (False, 2)
        entries = await shared_registry.audit("state.set")
        assert [each["detail"]["state"] for each in entries if each["object"] == "ZA"] == ["ZA"] * 2

    async def test_can_take_the_pointers_from_its_attorney_general(
        self, shared_registry: Registry
    ) -> None:
        general = await shared_registry.add_office("ZB-AG", kind="attorney_general")
        offices = [await shared_registry.add_office(f"ZB-{number:06}") for number in range(2)]
        await meet(shared_registry, offices=offices)
        body = {"disclosure": "open", "record_class": "charged", "trafficking_type": "sex"}
        for sees in (True, False, True):
            await self.set(shared_registry, "ZB", has_state_pointers=sees)
            listed = await general.http.get("/v1/state-overlaps")
            assert len(listed.json()["items"]) == sees
            told = await offices[0].http.get(f"/v1/cases/cms/24-1/access/{general.code}")
            relations = [line["relation"] for line in told.json()["decisions"]]
            assert ("state" in relations) is sees
            lines = await offices[0].http.post("/v1/cases/audience-preview", json=body)
            assert ("state" in {line["relation"] for line in lines.json()["lines"]}) is sees

    async def test_is_the_operators_to_set(self, shared_registry: Registry) -> None:
        with pytest.raises(MissingScopeError):
            await act(shared_registry, lambda s: service.set_state(s, NOBODY, StateSet(state="ZC")))


class TestSuspend:
    async def test_shuts_out_clients_and_people_until_resumed(
        self, shared_registry: Registry
    ) -> None:
        office, other = await make_offices(shared_registry)
        person = await sign_in(shared_registry, office, Role.PROSECUTOR)

        async def statuses(is_suspended: bool) -> list[int]:  # noqa: FBT001 -- the switch
            await act(
                shared_registry,
                lambda s: suspension.set_suspended(
                    s, OPERATOR, office.code, is_suspended=is_suspended, now=utc_now()
                ),
            )
            callers = (office.http, person.http, other.http)
            return [(await http.get("/v1/cases")).status_code for http in callers]

        assert (await person.send("GET", "/v1/cases")).status_code == 200
        assert await statuses(is_suspended=True) == [401, 401, 200]
        assert await statuses(is_suspended=False) == [200, 401, 200], "the sign-in has ended"
