"""The whole matter of `joinder demo --scenario matter`, over HTTP."""

from datetime import datetime

from app.core.clock import utc_now
from app.demo.matter import Seat, play
from tests.factories import Registry
from tests.handling.heads import Side
from tests.papers.tagged import check_tagged
from tests.scenes import make_offices, meet


class TestWholeMatter:
    async def test_of_three_offices_and_the_attorney_general(
        self, shared_registry: Registry
    ) -> None:
        began = utc_now()
        offices = await make_offices(shared_registry, 3)
        general = await shared_registry.add_office(
            offices[0].code.replace("-", "-AG"), kind="attorney_general"
        )
        overlaps = [
            (
                await meet(shared_registry, offices=[offices[0], other], external_id=f"24-{place}")
            ).overlap_id
            for place, other in enumerate(offices[1:])
        ]
        seats = [
            Seat(each.code, each.http, (await Side(shared_registry, each).head()).http)
            for each in (*offices, general)
        ]
        said: list[str] = []
        done = await play(seats[:3], seats[3], overlaps, today=utc_now().date(), say=said.append)
        request, statement = done["request"], done["statement"]
        assert (request["status"], request["end_reason"]) == ("concluded", "prosecution_completed")
        assert request["lead"]["code"] == general.code
        assert [period["office"]["code"] for period in statement["leads"]] == [
            offices[1].code, general.code,
        ]  # fmt: skip
        assert statement["leads"][0]["until"] == statement["leads"][1]["accepted_at"]
        assert statement["leads"][1]["until"] == statement["ended_at"]
        assert {each["left_on"] for each in statement["members"]} == {statement["ended_at"][:10]}
        versions = done["agreement"]["versions"]
        assert [[change["field"] for change in version["changes"]] for version in versions] == [
            [], ["lead"], ["evidence_rule"], ["lead", "ends_on"],
        ]  # fmt: skip
        signed = [each for each in done["agreement"]["signatures"] if each["purpose"] == "agree"]
        assert [each["terms_number"] for each in signed] == [3] * 4 + [4] * 4
        assert len({each["digest"] for each in signed}) == 2
        assert [each["what"] for each in done["origin"]["items"]][:2] == ["pointer", "contact"]
        assert {"agreement", "end", "request"} <= {e["what"] for e in done["origin"]["items"]}
        assert all(datetime.fromisoformat(e["at"]) > began for e in done["origin"]["items"])
        assert f"SUMMARY:Share evidence ({offices[0].code})" in done["calendar"]
        assert done["calendar"].count("SUMMARY:Share evidence") == 1  # the other one is done
        assert "SUMMARY:Agreement ends" in done["calendar"]
        assert "Dana" not in done["calendar"]
        assert len(said) == 7
        printed = {}
        for path, title in (
            (f"handling-requests/{request['id']}/agreement.pdf", "Agreement: joint handling"),
            (f"matters/{request['matter_id']}/team-statement.pdf", "Who was on the team when"),
        ):
            paper = await offices[0].http.get(f"/v1/{path}")
            assert paper.headers["Content-Type"] == "application/pdf"
            printed[title[:3]] = "".join(check_tagged(paper.content, title).split())
        said_there = [
            *versions[3]["text"].splitlines(),
            *(each["digest"] for each in signed),
            *(change["sentence"] for version in versions for change in version["changes"]),
            "Cal. Gov. Code § 12550, signed by District Attorney on 2026-01-05",
        ]
        assert not [each for each in said_there if "".join(each.split()) not in printed["Agr"]]
        for each in statement["members"]:
            line = f"{each['name']}, {each['post']}, {each['office']}: {each['joined_on']} to"
            assert "".join(f"{line} {each['left_on']}".split()) in printed["Who"]
        for each in statement["leads"]:
            assert (
                f"{each['office']['name']}:{each['accepted_at'][:10]}".replace(" ", "")
                in printed["Who"]
            )
