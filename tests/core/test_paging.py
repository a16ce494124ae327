from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.paging import CursorError, Pager, Reached
from tests.blinding import case, person
from tests.factories import OfficeClient, Registry

PAGER = Pager(bytes(32))
scopes = st.text(max_size=30)
numbers = st.integers(1, 2**63 - 1)


class TestCursor:
    @given(scopes, numbers)
    def test_number_comes_back(self, scope: str, number: int) -> None:
        cursor = PAGER.after(scope, [number + 5, number], 2)
        assert cursor is not None
        assert PAGER.read_number(scope, cursor) == number

    @given(scopes, st.uuids())
    def test_id_comes_back(self, scope: str, key: UUID) -> None:
        cursor = PAGER.after(scope, [key], 1)
        assert cursor is not None
        assert PAGER.read_id(scope, cursor) == key
        assert len(cursor) <= 200  # what an operation takes

    @given(scopes, st.uuids(), st.dates())
    def test_how_far_it_was_read_comes_back(self, scope: str, key: UUID, on: date) -> None:
        cursor = PAGER.onward(scope, Reached(key, on))
        assert PAGER.read_reached(scope, cursor) == (key, on)
        before = PAGER.after(scope, [key], 1)  # as a release made them that did not tell the day
        assert PAGER.read_reached(scope, before) == (key, date.max)

    @given(scopes, scopes, numbers)
    def test_belongs_to_its_scope(self, scope: str, other: str, number: int) -> None:
        if scope != other:
            with pytest.raises(CursorError):
                PAGER.read_number(other, PAGER.after(scope, [number], 1))

    @given(st.data())
    def test_altered_is_refused(self, data: st.DataObject) -> None:
        cursor = PAGER.after("cases:1", [7], 1)
        assert cursor is not None
        place = data.draw(st.integers(0, len(cursor) - 1))
        changed = data.draw(st.sampled_from("Aa0_-=\n") | st.characters(exclude_categories=["Cs"]))
        if changed != cursor[place]:
            with pytest.raises(CursorError):
                PAGER.read_number("cases:1", cursor[:place] + changed + cursor[place + 1 :])

    @given(st.text(max_size=60) | st.from_regex("[A-Za-z0-9_-]{0,60}"))
    def test_any_text_is_refused(self, text: str) -> None:
        with pytest.raises(CursorError):
            PAGER.read_number("cases:1", text)

    def test_another_installation_refuses_it(self) -> None:
        with pytest.raises(CursorError):
            Pager(b"\1" * 32).read_id("x", PAGER.after("x", [UUID(int=1)], 1))

    def test_short_page_is_the_last(self) -> None:
        assert PAGER.after("x", [], 1) is None
        assert PAGER.after("x", [1], 2) is None
        assert PAGER.after("x", [UUID(int=1)], 2) is None
        assert PAGER.read_number("x", None) is None
        assert PAGER.read_id("x", None) is None
        assert PAGER.read_reached("x", None) is None


class TestThroughHttp:
    async def test_pages_hold_each_case_once(
        self, two_offices: tuple[OfficeClient, OfficeClient]
    ) -> None:
        office, _ = two_offices
        for number in range(5):
            assert (await office.put_case(f"24-{number}")).status_code == 201
        seen, path = [], "/v1/cases?limit=2"
        while path:
            response = await office.http.get(path)
            seen += [item["external_id"] for item in response.json()["items"]]
            link = response.headers.get("link", "")
            assert ("next_cursor" in response.json()) is True
            path = link.partition(">")[0][1:]
        assert seen == [f"24-{number}" for number in (4, 3, 2, 1, 0)]

    async def test_foreign_cursor_is_400(
        self, registry: Registry, two_offices: tuple[OfficeClient, OfficeClient]
    ) -> None:
        first, second = two_offices
        shared = case(person(phones=["415-555-0132"]))
        await first.put_case("24-1", shared)
        await second.put_case("N-1", shared)
        cursors = {
            path: (await first.http.get(path, params={"limit": 1})).json()["next_cursor"]
            for path in ("/v1/cases", "/v1/overlaps")
        }
        overlap = (await first.overlaps())[0]
        assert (await first.request_handling(overlap["id"])).status_code == 201
        answer = await first.http.get("/v1/handling-requests", params={"limit": 1})
        cursors["/v1/handling-requests"] = answer.json()["next_cursor"]
        assert all(cursors.values())
        for mine, cursor in cursors.items():
            for office in (first, second):
                for path in cursors:
                    response = await office.http.get(path, params={"cursor": cursor})
                    is_own = (path, office) == (mine, first)
                    assert response.status_code == (200 if is_own else 400)
                    assert is_own or response.json()["code"] == "cursor-invalid"
        again = registry.client(first.code, first.client_id)  # another token of the same office
        for path, cursor in cursors.items():
            assert (await again.http.get(path, params={"cursor": cursor})).status_code == 200
