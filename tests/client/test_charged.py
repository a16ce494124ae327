"""A list of victims held against the feed: what is found, and that nothing of it leaves."""

import csv
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli.client import app
from app.client.charged import AT_ONCE, Check, Outcome, check_charged
from app.client.config import ClientConfig
from app.client.errors import TemporaryError, TrustError
from app.client.registry import RegistryClient
from app.core.clock import utc_now
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.identifiers.feed import FEED_KINDS, feed_digest
from app.identifiers.match_keys import MatchKey, PersonName, person_aliases
from tests.blinding import element
from tests.client.cases import a_case, a_subject, surname
from tests.client.clock import FakeClock
from tests.client.line import Line, altered
from tests.client.service import Service
from tests.client.silence import LeakError, assert_silent
from tests.proxy import Proxy, recording

MAP = """
[constants]
provenance = "police_report"
[columns]
given = "First"
surname = "Last"
born = "Born"
provenance = "Source"
"""
Person = tuple[str, str, str]
"""Given name, surname, date of birth."""


class Detour(httpx.BaseTransport):
    """Brings requests to the same servers by way of recording proxies."""

    def __init__(self, proxies: ExitStack) -> None:
        self.proxies: dict[int | None, Proxy] = {}
        self._stack = proxies
        self._beyond = proxies.enter_context(httpx.HTTPTransport())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        port = request.url.port
        assert port is not None
        if port not in self.proxies:
            self.proxies[port] = self._stack.enter_context(recording(port))
        request.url = request.url.copy_with(port=self.proxies[port].port)
        return self._beyond.handle_request(request)


def somebody() -> Person:
    """Return a person whom nobody else of this process is called like, nor born with."""
    name = surname()
    born = date(1960, 1, 1) + timedelta(days=int("".join(str(ord(c) - 97) for c in name[7:])))
    return "Marisol", name.capitalize(), born.isoformat()


@pytest.fixture
def charge(tmp_path: Path, service: Service) -> Iterator[RegistryClient]:
    """Yield the client of another office, which charges people."""
    config = service.make_office(tmp_path / "charging")
    with RegistryClient(config, transport=service.transport) as found:
        yield found


def post(client: RegistryClient, *people: Person, number: str = "EX-1") -> None:
    """Charge people with a listed offence, and name somebody who is not charged."""
    subjects = [
        a_subject(ref=str(place), names=(PersonName(given, last),), born=born, is_charged=True)
        for place, (given, last, born) in enumerate(people)
    ]
    day = utc_now().date().isoformat()
    case = a_case(number, *subjects, nibrs="40A;120", charged_on=day, trafficking_type="sex")
    assert client.put_case(case).result == "created"


def write(directory: Path, *people: Person, source: str = "") -> Check:
    listing = directory / "victims.csv"
    rows = [f"{given},{last},{born},{source}\n" for given, last, born in people]
    listing.write_text("First,Last,Born,Source\n" + "".join(rows))
    (directory / "victims.toml").write_text(MAP)
    return Check(listing, directory / "victims.toml")


def report(outcome: Outcome) -> list[dict[str, str]]:
    with outcome.report.open(newline="") as file:
        return list(csv.DictReader(file))


def read(path: Path) -> list[tuple[str, str]]:
    """Return of each line of a report whom it is about, and what it says."""
    with path.open(newline="") as file:
        return [(each["line"], each["result"]) for each in csv.DictReader(file)]


class TestCheckCharged:
    def test_reports_whom_to_call_by_line(
        self, tmp_path: Path, client: RegistryClient, charge: RegistryClient
    ) -> None:
        people = [somebody() for _ in range(3)]
        post(charge, people[1], somebody())
        outcome = check_charged(write(tmp_path, *people, ("Kim", "", "")), client)
        assert (outcome.rows, outcome.not_compared, outcome.charged) == (4, 1, 1)
        hit, left = report(outcome)
        assert (hit["line"], hit["result"]) == ("3", "possibly charged")
        assert hit["charged_on"] == utc_now().date().isoformat()
        assert (hit["phone"], hit["call"]) == ("555-0100", "Duty deputy")
        assert "both names by sound" in hit["why"]
        assert (left["line"], left["result"]) == ("5", "not compared")
        assert stat.S_IMODE(outcome.report.stat().st_mode) == 0o600
        with pytest.raises(LeakError):  # the search is able to find one
            assert_silent(b" ".join(map(str.encode, people[1])), people[1])
        assert_silent(outcome.report.read_bytes(), [each for person in people for each in person])

    def test_names_are_in_the_report_when_asked_for(
        self, tmp_path: Path, client: RegistryClient, charge: RegistryClient
    ) -> None:
        who = somebody()
        post(charge, who)
        check = write(tmp_path, who)
        named = Check(check.listing, check.mapping, with_names=True)
        assert report(check_charged(named, client))[0]["name"] == f"{who[1]}, {who[0]}"
        later = Check(check.listing, check.mapping, first_line=3)
        assert check_charged(later, client).rows == 0

    def test_what_victim_services_told_is_left_out(
        self, tmp_path: Path, client: RegistryClient, charge: RegistryClient
    ) -> None:
        who = somebody()
        post(charge, who)
        for source in ("victim_services", "hotline"):
            outcome = check_charged(write(tmp_path, who, source=source), client)
            assert (outcome.rows, outcome.not_compared, outcome.charged) == (1, 1, 0)
            assert "28 CFR 94.115" in report(outcome)[0]["why"]

    def test_a_feed_of_another_epoch_stops_it(
        self, tmp_path: Path, client: RegistryClient, line: Line
    ) -> None:
        check = write(tmp_path, somebody())
        line.fail([altered(lambda page: page.update(epoch=2))], at="GET /v1/defendant-feed")
        with pytest.raises(TrustError, match="new key epoch"):
            check_charged(check, client)
        assert not check.report_path.exists()

    def test_has_an_allowance_of_its_own(
        self, tmp_path: Path, client: RegistryClient, config: ClientConfig, service: Service
    ) -> None:
        check_charged(write(tmp_path, somebody()), client)
        buckets = service.rows(
            "SELECT key_class FROM quota_buckets WHERE holder = 'client:' || :client_id",
            client_id=config.client_id,
        )
        assert {row[0] for row in buckets} == {"feed:person"}


class TestAllowance:
    def test_reports_what_it_reaches_and_from_where_to_go_on(
        self, tmp_path: Path, client: RegistryClient, charge: RegistryClient, config: ClientConfig,
        service: Service,
    ) -> None:  # fmt: skip
        people = [somebody() for _ in range(AT_ONCE // 2 + 40)]
        first, last = people[AT_ONCE // 2 - 1], people[-1]
        post(charge, first, last)
        check_charged(write(tmp_path, people[0]), client)
        whose = {"holder": f"client:{config.client_id}"}
        spend = "UPDATE quota_buckets SET spent = :spent WHERE holder = :holder RETURNING 1"
        service.rows(spend, spent=3000 - AT_ONCE, **whose)
        check = write(tmp_path, *people, ("Kim", "", ""))
        directory, told = str(config.path), []
        words = ["check-victims", str(check.listing), "--map", str(check.mapping)]
        result = CliRunner().invoke(app, [*words, "--config", directory])
        assert result.exit_code == 75, result.output
        go_on_from = AT_ONCE // 2 + 2
        assert f"--from-line {go_on_from};" in result.stderr
        told.append(read(check.report_path))
        later = replace(check, first_line=go_on_from)
        with pytest.raises(TemporaryError):  # nothing is left for that
            check_charged(later, client)
        assert not later.report_path.exists()
        service.rows(spend, spent=0, **whose)
        outcome = check_charged(later, client)
        assert (outcome.rows, outcome.not_compared, outcome.go_on_from) == (41, 1, None)
        told.append(read(later.report_path))
        assert told == [
            [(str(go_on_from - 1), "possibly charged")],
            [
                (str(len(people) + 1), "possibly charged"),
                (str(len(people) + 2), "not compared"),
            ],
        ]
        done = CliRunner().invoke(app, [*words, "--config", directory])
        assert (done.exit_code, "1 not compared" in done.stdout) == (1, True)


class TestWire:
    def test_nothing_of_the_list_leaves_and_hits_look_like_misses(
        self, tmp_path: Path, config: ClientConfig, charge: RegistryClient
    ) -> None:
        found, absent = [somebody() for _ in range(3)], [somebody() for _ in range(3)]
        post(charge, *found)
        shapes, outcomes = [], []
        secrets = [each for person in found + absent for each in person]
        for people in (found, absent):
            with ExitStack() as stack:
                detour = Detour(stack)
                line = Line(detour)
                client = RegistryClient(config, transport=line, clock=FakeClock())
                with client:
                    outcomes.append(check_charged(write(tmp_path, *people), client).charged)
                sent = b"".join(bytes(proxy.sent) for proxy in detour.proxies.values())
            recorded = zip(line.asked, line.recorded(), strict=True)
            shapes.append([(asked, len(raw)) for asked, raw in recorded])
            assert b"/v1/tokens/evaluate" in sent
            assert_silent(sent, secrets)
            for key in _keys(people):
                token = element(key.kind, key.fields)
                digest = feed_digest(key.kind, b64u_decode(token))
                for secret in (b64u_decode(token), digest):
                    assert secret not in sent
                    assert secret.hex().encode() not in sent
                    assert b64u_encode(secret).encode() not in sent
        assert outcomes == [3, 0]
        assert shapes[0] == shapes[1]
        assert [each for each, _ in shapes[0]].count("GET /v1/defendant-feed") >= 1


def _keys(people: list[Person]) -> Iterator[MatchKey]:
    """Yield what is compared of people."""
    for given, last, born in people:
        for alias in person_aliases([PersonName(given, last, born=born)]):
            yield from (key for key in alias.keys if key.kind in FEED_KINDS)
