"""Figures of a state: what is counted, what is told of it, and who may read it."""

import csv
import zipfile
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.insights import sheets
from app.insights.figures import first_month, months
from app.insights.service import publish_insights
from tests.access.people import Person, sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import meet, something

NOW = utc_now()


async def publish(registry: Registry, now: Any = NOW) -> int:
    """Count every state that is due; return how many were."""
    done = 0
    while True:
        async with transaction(registry.operator) as session:
            more = await publish_insights(session, OPERATOR, now=now, limit=1)
        if not more:
            return done
        done += more


async def post(office: OfficeClient, counts: dict[str, int], **changes: Any) -> None:
    """Post so many cases of each type of trafficking."""
    cases = [
        {
            "source_system": "cms",
            "external_id": f"{kind}-{number}-{len(changes)}",
            "case": case(something(), trafficking_type=kind, **changes),
        }
        for kind, count in counts.items()
        for number in range(count)
    ]
    answer = await office.http.put("/v1/cases", json={"cases": cases})
    assert answer.status_code == 200, answer.text
    assert {each["result"] for each in answer.json()["results"]} == {"created"}, answer.text


async def read(person: Person, measure: str = "trafficking", by: str = "county") -> dict[str, Any]:
    """Return a table of figures as somebody is told it."""
    answer = await person.send("GET", f"/v1/insights/{measure}?by={by}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestInsights:
    async def test_tell_rounded_numbers_and_hide_small_ones_with_a_second_one(
        self, module_registry: Registry
    ) -> None:
        one, other = [await module_registry.add_office(f"ME-{n}0000") for n in (1, 2)]
        await post(one, {"labor": 12, "sex": 3}, county_fips="23001")
        await post(other, {"labor": 7, "sex": 8, "both": 6}, county_fips="23005")
        await post(other, {"sex": 9}, county_fips="23005", disclosure="silent")
        head = await sign_in(module_registry, one, Role.LEADERSHIP)
        before = await read(head)
        assert (before["made_on"], before["rows"]) == (None, [])
        await publish(module_registry)
        found = await read(head)
        assert [each["code"] for each in found["categories"]] == [
            *("labor", "sex", "both", "undetermined"),
        ]
        # 3 is small, and 12 beside it gives it away; then 7 does in its column, and 6 in its row
        assert {row["name"]: (row["counts"], row["total"]) for row in found["rows"]} == {
            "Androscoggin": ([None, None, 0, 0], 15),
            "Cumberland": ([None, 10, None, 0], 20),
        }
        # of 11 in the state one office has 8, which leaves 3 to it; 6 is all in one county
        assert found["overall"]["counts"] == [20, None, None, 0]
        (month,) = [row for row in (await read(head, by="month"))["rows"] if row["total"]]
        assert (month["place"], month["total"]) == (NOW.strftime("%Y-%m"), 35)

        await post(one, {"undetermined": 20}, county_fips="23001")
        assert await publish(module_registry) == 0  # not before the next month
        assert await read(head) == found
        await publish(module_registry, NOW.replace(day=1) + timedelta(days=32))
        assert (await read(head))["overall"]["counts"] == [20, None, None, 20]

    async def test_of_another_state_are_behind_a_wall_and_raw_counts_behind_another(
        self, module_registry: Registry
    ) -> None:
        (here,) = [await module_registry.add_office("VT-10000")]
        outside = await module_registry.add_office("VT-20000", is_participating=False)
        await post(here, {"labor": 30})
        await publish(module_registry)
        auditor = await sign_in(module_registry, outside, Role.AUDITOR)
        answer = await auditor.send("GET", "/v1/insights/trafficking")
        assert (answer.status_code, answer.json()["code"]) == (403, "agreement-not-in-force")
        rows = "SELECT DISTINCT state FROM insights"
        ids = await module_registry.rows(
            "SELECT id FROM offices WHERE code IN ('VT-10000', 'VT-20000') ORDER BY code"
        )
        for (office_id,), seen in zip(ids, (["VT"], []), strict=True):
            acting = OPERATOR.__class__("test", office_id, frozenset(), is_participating=True)
            async with module_registry.acting(acting) as session:
                assert list(await session.scalars(text(rows))) == seen
        for forbidden in (
            "SELECT * FROM count_insights('VT', '{}', '2020-01')",
            "UPDATE insights SET figures = '{}'",
        ):
            with pytest.raises(DBAPIError) as refused:
                async with module_registry.acting(acting) as session:
                    await session.execute(text(forbidden))
            assert isinstance(refused.value.orig.__cause__, asyncpg.InsufficientPrivilegeError)  # type: ignore[union-attr]

    async def test_count_sides_of_overlaps_by_what_became_of_them(
        self, module_registry: Registry
    ) -> None:
        pair = [await module_registry.add_office(f"NH-{n}0000") for n in (1, 2)]
        met = await meet(module_registry, offices=pair)
        await meet(module_registry, "silent", offices=pair, external_id="24-2")
        step = await pair[0].http.get(f"/v1/overlaps/{met.overlap_id}/follow-up")
        done = await pair[0].http.post(
            f"/v1/overlaps/{met.overlap_id}/follow-up/steps",
            json={"event": "acknowledge"},
            headers={"If-Match": step.headers["ETag"], "Idempotency-Key": "a" * 32},
        )
        assert done.is_success, done.text
        async with transaction(module_registry.operator) as session:
            rows = await session.execute(
                text(
                    "SELECT measure, category, n, largest"
                    " FROM count_insights('NH', '{}', '2020-01')"
                    " WHERE unit = 'sides' AND breakdown = 'all' ORDER BY 1, 2"
                )
            )
            counted = [tuple(row) for row in rows]
        assert counted == [
            ("", "", 2, 1),
            ("acknowledgement", "not_yet", 1, 1),
            ("acknowledgement", "within_day", 1, 1),
            ("resolutions", "open", 2, 1),
        ]

    async def test_are_exported_as_they_are_shown(self, module_registry: Registry) -> None:
        office = await module_registry.add_office("RI-10000")
        await post(office, {"labor": 26, "sex": 2}, county_fips="44007")
        await publish(module_registry)
        analyst = await sign_in(module_registry, office, Role.ANALYST)
        answer = await analyst.send("GET", "/v1/insights/trafficking/figures.csv?by=county")
        lines = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
        shown = await read(analyst)
        assert [line[2:] for line in lines[1:]] == [
            ["hidden" if each is None else str(each) for each in (*row["counts"], row["total"])]
            for row in (*shown["rows"], shown["overall"])
        ]
        assert "filename=" in answer.headers["content-disposition"]
        book = await analyst.send("GET", "/v1/insights/trafficking/figures.xlsx?by=county")
        with zipfile.ZipFile(BytesIO(book.content)) as parts:
            cells = parts.read("xl/worksheets/sheet1.xml").decode()
            words = parts.read("xl/sharedStrings.xml").decode()
        assert "<f>" not in cells
        for each in ("Providence", "hidden", "multiple of 5"):
            assert each in words
        page = (await analyst.http.get("/insights?measure=trafficking&by=county")).text
        assert page.count("<path ") == 5  # the counties of Rhode Island
        assert "<title>Providence: about 30</title>" in page
        assert '<th scope="row">Providence</th><td>30</td>' in page


class TestFormulas:
    @given(st.text())
    def test_no_cell_begins_one(self, value: str) -> None:
        cell = sheets.text_cell(value)
        assert isinstance(cell, str)
        assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}
        assert cell.removeprefix("'") in {value, value.removeprefix("'")}


def test_months_end_with_the_one_of_the_day() -> None:
    told = months(NOW.date())
    assert (told[0], told[-1], len(told)) == (first_month(NOW.date()), f"{NOW:%Y-%m}", 24)
