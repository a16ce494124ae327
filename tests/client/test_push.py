import csv
import json
import shutil
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import httpx
import pytest

from app.client.config import ClientConfig
from app.client.errors import ProblemError, TemporaryError, TrustError
from app.client.push import Plan, push
from app.client.registry import RegistryClient
from tests.client.cases import surname
from tests.client.line import Json, Line, Send, answering, passing, with_another_key
from tests.client.service import Service

ROOT = Path(__file__).parents[2]
HEADER = "case,given,surname,born,phone,review\n"
MAP = """
[constants]
source_system = "example-cms"
record_class = "charged"
trafficking_type = "labor"
provenance = "court_filing"
[columns]
external_id = "case"
given = "given"
surname = "surname"
born = "born"
phones = ["phone"]
review_on = "review"
"""


def row(number: int, **changes: str) -> str:
    cells = {
        "case": f"EX-{number}",
        "given": f"Alex{chr(97 + number % 26)}",
        "surname": "Sampleworth",
        "born": f"19{60 + number % 40}-03-05",
        "phone": f"559-555-01{1 + number % 99:02}",
        "review": "",
    }
    return ",".join({**cells, **changes}.values()) + "\n"


@pytest.fixture
def plan(tmp_path: Path, config: ClientConfig) -> Plan:
    (tmp_path / "map.toml").write_text(MAP)
    return Plan(tmp_path / "export.csv", tmp_path / "map.toml", config)


def write(plan: Plan, *rows: str) -> None:
    plan.export.write_text(HEADER + "".join(rows))


def rejects(plan: Plan) -> list[tuple[int, str, str, str]]:
    with plan.rejects_path().open(newline="") as file:
        return [
            (int(each["line"]), each["column"], each["code"], each["effect"])
            for each in csv.DictReader(file)
        ]


class TestPush:
    def test_twice_changes_nothing(self, plan: Plan, client: RegistryClient, line: Line) -> None:
        write(plan, *map(row, range(5)))
        first = push(plan, client)
        assert (first.created, first.unchanged, first.is_clean) == (5, 0, True)
        assert first.tokens == sum(_count_tokens(case) for _, case in line.put())
        second = push(plan, client)
        assert (second.created, second.unchanged) == (0, 5)
        assert not plan.rejects_path().exists()
        assert not plan.state_path.exists()

    def test_checks_the_keys_once(self, plan: Plan, client: RegistryClient, line: Line) -> None:
        write(plan, row(1))
        push(plan, client, keys=client.check_keys())
        assert line.asked.count("GET /v1/oprf/keys") == 1
        push(plan, client)
        assert line.asked.count("GET /v1/oprf/keys") == 2

    def test_a_change_is_an_update(self, plan: Plan, client: RegistryClient) -> None:
        write(plan, row(1), row(2))
        push(plan, client)
        write(plan, row(1), row(2, phone="559-555-0199"))
        again = push(plan, client)
        assert (again.updated, again.unchanged) == (1, 1)

    def test_two_offices_meet(
        self, plan: Plan, client: RegistryClient, service: Service, tmp_path: Path
    ) -> None:
        name = surname()
        write(plan, row(1, surname=name, phone=""), row(2, surname=surname(), phone=""))
        assert push(plan, client).overlaps == 0
        other = service.make_office(tmp_path / "other")
        theirs = row(1, case="X-1", given="alexb", surname=name, phone="")
        write(plan, theirs, row(30, surname=surname(), phone=""))
        with RegistryClient(other, transport=service.transport) as second:
            assert push(replace(plan, config=other), second).overlaps == 1

    def test_what_is_left_out_is_said_without_values(
        self, plan: Plan, client: RegistryClient
    ) -> None:
        write(
            plan,
            row(1, phone="secretphone"),
            row(2, given="", surname="", phone=""),
            row(3, case="Sampleworth-9"),
            row(4, review="2001-01-01"),
            row(5, born="secretdate"),
        )
        summary = push(plan, client)
        assert rejects(plan) == [
            (2, "phone", "phone-unreadable", "field"),
            (3, "", "nothing-to-match", "case"),
            (4, "case", "external-id-names-subject", "case"),
            (6, "born", "birth-date-unreadable", "field"),
            (5, "", "invalid-request", "case"),
        ]
        assert (summary.created, summary.refused) == (2, 1)
        assert (summary.rows_rejected, summary.fields_left_out) == (2, 2)
        text = plan.rejects_path().read_text()
        assert not any(each in text for each in ("secret", "Sampleworth", "559", "EX-"))

    def test_a_dry_run_sends_nothing(self, plan: Plan, line: Line) -> None:
        write(plan, row(1), row(2, phone="x"))
        plan.rejects_path().write_text("what the last push left out")
        assert push(plan, None).fields_left_out == 1
        assert plan.rejects_path(is_dry=True).exists()
        assert plan.rejects_path().read_text() == "what the last push left out"
        assert line.requests == []
        assert not plan.state_path.exists()

    def test_progress_is_told_by_line(self, plan: Plan, client: RegistryClient) -> None:
        told: list[tuple[int, int]] = []
        write(plan, *map(row, range(9)))
        push(
            replace(plan, batch=2), client, progress=lambda line, lines: told.append((line, lines))
        )
        assert told[-1] == (10, 10)
        assert len(told) > 2

    def test_a_file_that_changes_meanwhile(self, plan: Plan, client: RegistryClient) -> None:
        write(plan, row(1))

        def append(_: int, __: int) -> None:
            with plan.export.open("a") as file:
                file.write(row(2))

        with pytest.raises(TemporaryError):
            push(plan, client, progress=append)
        assert push(plan, client).cases == 2


class TestResume:
    @pytest.fixture
    def plan(self, plan: Plan) -> Plan:
        return replace(plan, batch=2)

    def stop_at_put(self, line: Line, number: int, status: int = 500) -> None:
        """Answer PUTs from that number, from 1, with `status` for ever."""
        faults = chain(repeat(passing, number - 1), repeat(answering(status)))
        line.fail(faults, at="PUT /v1/cases")

    @pytest.mark.parametrize("status", [503, 500])
    def test_goes_on_after_the_last_acknowledged_batch(
        self, plan: Plan, client: RegistryClient, line: Line, service: Service, status: int
    ) -> None:
        write(plan, row(0, phone="x"), *map(row, range(1, 7)), row(7, phone="x"))
        self.stop_at_put(line, 3, status)
        with pytest.raises((TemporaryError, ProblemError)):
            push(plan, client)
        state = json.loads(plan.state_path.read_text())
        assert state["line"] == 5
        assert set(state) == {"digest", "line", "rejects_size"}
        line.fail()
        line.requests.clear()
        summary = push(plan, client)
        assert [number for number, _ in line.put()] == ["EX-4", "EX-5", "EX-6", "EX-7"]
        assert (summary.resumed_after_line, summary.created) == (5, 4)
        assert service.cases(plan.config) == {f"EX-{number}" for number in range(8)}
        assert [line for line, *_ in rejects(plan)] == [2, 9]
        assert not plan.state_path.exists()

    def test_rejects_of_what_was_not_acknowledged_are_not_doubled(
        self, plan: Plan, client: RegistryClient, line: Line
    ) -> None:
        write(plan, *(row(number, phone="x") for number in range(6)))
        self.stop_at_put(line, 2)
        with pytest.raises(ProblemError):
            push(plan, client)
        with plan.rejects_path().open("a") as file:
            file.write("written, then the power went\n")
        line.fail()
        push(plan, client)
        assert [line for line, *_ in rejects(plan)] == [2, 3, 4, 5, 6, 7]

    def test_another_file_or_map_starts_from_the_beginning(
        self, plan: Plan, client: RegistryClient, line: Line
    ) -> None:
        write(plan, *map(row, range(6)))
        self.stop_at_put(line, 2)
        with pytest.raises(ProblemError):
            push(plan, client)
        line.fail()
        write(plan, *map(row, range(7)))
        summary = push(plan, client)
        assert (summary.resumed_after_line, summary.unchanged, summary.created) == (0, 2, 5)

    def test_a_spoiled_state_starts_from_the_beginning(
        self, plan: Plan, client: RegistryClient
    ) -> None:
        write(plan, row(1))
        for spoiled in ("", "[]", '{"digest": 1}', '{"digest":"x","line":"y","rejects_size":0}'):
            plan.state_path.write_text(spoiled)
            assert push(plan, client).resumed_after_line == 0

    def test_a_trust_stop_keeps_what_was_acknowledged_only(
        self, plan: Plan, client: RegistryClient, line: Line, service: Service
    ) -> None:
        write(plan, *map(row, range(12)))

        def change_keys_after_the_first_put(request: httpx.Request, send: Send) -> httpx.Response:
            has_put = "PUT /v1/cases" in line.asked
            return (with_another_key if has_put else passing)(request, send)

        line.fail(repeat(change_keys_after_the_first_put), at="POST /v1/tokens/evaluate")
        with pytest.raises(TrustError):
            push(plan, client)
        state = json.loads(plan.state_path.read_text())
        assert state["line"] - 1 == len(service.cases(plan.config)) < 12


class TestExamples:
    def test_the_documented_example(
        self, tmp_path: Path, config: ClientConfig, client: RegistryClient, line: Line
    ) -> None:
        export = tmp_path / "export.csv"
        shutil.copy(ROOT / "docs/examples/export.csv", export)
        plan = Plan(export, ROOT / "docs/examples/map.toml", config)
        summary = push(plan, client)
        assert (summary.created, summary.rows_rejected, summary.fields_left_out) == (3, 3, 3)
        assert sorted(rejects(plan)) == [
            (5, "Role", "role-not-subject", "row"),
            (7, "DOB", "birth-date-unreadable", "field"),
            (7, "Date Opened", "date-invalid", "field"),
            (7, "SSN", "ssn-placeholder", "field"),
            (8, "Source", "provenance-refused", "row"),
            (9, "Status", "record-sealed", "case"),
        ]
        posted = dict(line.put())
        first = posted["EX-2026-0001"]
        assert first["county_fips"] == "06019"
        assert first["opened_on"] == "2026-01-12"
        assert [each["ref"] for each in first["subjects"]] == ["1", "2", "3"]
        assert {each["kind"] for each in first["subjects"][2]["identifiers"]} == {
            "addr",
            "addr0",
            "fein",
            "job",
            "org",
            "tel",
        }
        assert len(first["subjects"][0]["names"]) == 2
        second = posted["EX-2026-0002"]
        assert (second["record_class"], second["disclosure"]) == ("pre_charge", "contact_first")

    def test_febrl_rows(self, tmp_path: Path, config: ClientConfig, client: RegistryClient) -> None:
        export = tmp_path / "dataset4a.csv"
        with (ROOT / "app/demo/data/febrl/dataset4a.csv").open() as file:
            export.write_text("".join(next(file) for _ in range(31)))
        summary = push(Plan(export, ROOT / "app/demo/febrl-map.toml", config), client)
        assert (summary.created, summary.refused, summary.rows_rejected) == (30, 0, 0)
        assert summary.tokens > 250


def _count_tokens(case: Json) -> int:
    subjects = case["subjects"]
    names = (name for subject in subjects for name in subject["names"])
    return sum(len(each["tokens"]) for each in names) + sum(
        len(subject["identifiers"]) for subject in subjects
    )
