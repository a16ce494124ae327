from typing import Any

import httpx
import pytest

from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, meet, someone


async def pages(client: OfficeClient, path: str, limit: int) -> list[list[dict[str, Any]]]:
    """Return the pages of a list, following the Link header."""
    found: list[list[dict[str, Any]]] = []
    url: str | None = f"{path}?limit={limit}"
    while url is not None:
        response = await client.http.get(url)
        assert response.status_code == 200, response.text
        found.append(response.json()["items"])
        link = response.links.get("next")
        assert (link is None) == (response.json()["next_cursor"] is None)
        url = link["url"] if link else None
    return found


class TestListCases:
    async def test_pages_hold_every_case_once_newest_first(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        for number in range(5):
            await office.put_case(f"24-{number}", case(someone()))
        found = await pages(office, "/v1/cases", 2)
        assert [len(page) for page in found] == [2, 2, 1]
        assert [read["external_id"] for page in found for read in page] == [
            "24-4", "24-3", "24-2", "24-1", "24-0",
        ]  # fmt: skip

    async def test_a_full_last_page_is_followed_by_an_empty_one(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        for number in range(2):
            await office.put_case(f"24-{number}", case(someone()))
        assert [len(page) for page in await pages(office, "/v1/cases", 2)] == [2, 0]

    async def test_only_own_cases_are_listed(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        for client in (meeting.first, meeting.second):
            assert [len(page) for page in await pages(client, "/v1/cases", 50)] == [1]


class TestListOverlaps:
    async def test_pages_hold_every_overlap_once(self, shared_registry: Registry) -> None:
        subject = someone()
        office, *others = await make_offices(shared_registry, 6)
        for other in others:
            await other.put_case("24-1", case(subject))
        await office.put_case("24-1", case(subject))
        found = await pages(office, "/v1/overlaps", 2)
        assert [len(page) for page in found] == [2, 2, 1]
        codes = [read["counterpart"]["office"]["code"] for page in found for read in page]
        assert sorted(codes) == sorted(other.code for other in others)
        ids = [read["id"] for page in found for read in page]
        assert ids == sorted(ids, reverse=True)


class TestCursors:
    async def test_a_cursor_belongs_to_one_office_and_one_list(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry)
        for office in offices:
            for number in range(2):
                await office.put_case(f"24-{number}", case(someone()))
        page = (await offices[0].http.get("/v1/cases", params={"limit": 1})).json()
        cursor = page["next_cursor"]
        flipped = ("B" if cursor[0] == "A" else "A") + cursor[1:]
        for client, path, value in (
            (offices[1], "/v1/cases", cursor),
            (offices[0], "/v1/overlaps", cursor),
            (offices[0], "/v1/cases", flipped),
            (offices[0], "/v1/cases", "nonsense"),
        ):
            refused = await client.http.get(path, params={"cursor": value})
            assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")
        kept = await offices[0].http.get("/v1/cases", params={"cursor": cursor})
        assert [read["external_id"] for read in kept.json()["items"]] == ["24-0"]

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("limit=0", 422),
            ("limit=101", 422),
            ("limit=x", 422),
            ("office=1", 400),
            ("limit=1", 200),
        ],
    )
    async def test_only_declared_parameters_within_their_range(
        self, shared_registry: Registry, query: str, status: int
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        for path in ("/v1/cases", "/v1/overlaps", "/v1/handling-requests"):
            assert (await office.http.get(f"{path}?{query}")).status_code == status


class TestReadOne:
    async def test_a_case_is_found_by_its_own_office_only(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        await meeting.first.put_case("24-9", case(someone()))
        read = await meeting.first.http.get("/v1/cases/cms/24-9")
        assert (read.status_code, read.headers["ETag"]) == (200, '"1"')
        hidden = await meeting.second.http.get("/v1/cases/cms/24-9")
        assert (hidden.status_code, hidden.json()["code"]) == (404, "case-not-found")

    async def test_an_overlap_carries_a_validator_of_what_is_shown(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        path = f"/v1/overlaps/{meeting.overlap_id}"
        before = (await meeting.first.http.get(path)).headers["ETag"]
        await meeting.second.put_case(
            "24-1", {**meeting.second_case, "disclosure": "contact_first"}
        )
        assert (await meeting.first.http.get(path)).headers["ETag"] != before

    @pytest.mark.parametrize(
        ("system", "external", "status"),
        [
            ("cms", "24-CR.1~a_b", 201),
            ("CMS", "24-1", 422),
            ("cms", "-1", 422),
            ("cms", "24 1", 422),
            ("cms", "a" * 65, 422),
        ],
    )
    async def test_references_have_a_form(
        self, shared_registry: Registry, system: str, external: str, status: int
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        answer = await office.http.put(f"/v1/cases/{system}/{external}", json=case(someone()))
        assert answer.status_code == status


class TestWithoutAccess:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/me"),
            ("GET", "/v1/cases"),
            ("PUT", "/v1/cases"),
            ("GET", "/v1/cases/cms/24-1"),
            ("PUT", "/v1/cases/cms/24-1"),
            ("GET", "/v1/overlaps"),
            ("GET", "/v1/overlaps/ovl_00000000000000000000000000000000"),
        ],
    )
    @pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer x.y.z", "Basic eDp5"])
    async def test_everything_of_an_office_asks_for_a_token(
        self, shared_registry: Registry, method: str, path: str, authorization: str | None
    ) -> None:
        headers = {"Authorization": authorization} if authorization else {}
        async with shared_registry.http(**headers) as http:
            answer: httpx.Response = await http.request(
                method, path, json=case(someone()) if method == "PUT" else None
            )
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
