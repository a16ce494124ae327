import base64
import csv
import hashlib
import logging
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.client.config import ClientConfig
from app.client.listed import value_keys
from app.client.push import Plan, push
from app.client.registry import RegistryClient
from app.identifiers.match_keys import PersonName, address_keys, person_aliases, phone_key
from app.identifiers.names import fold
from tests.client.line import Line
from tests.client.silence import LeakError, assert_silent

HEADER = "case,given,middle,surname,born,aka,phone,street,unit,zip\n"
ROWS = (
    "W-1,Bobbie-Jo,Quentina,O'Hallorán-Wexcombe,3/5/1979,"
    '"Featherstonehaugh, Zebediah",(559) 555-0142,4417 Juniperwood Avenue,Apt 31,93650\n'
    "W-2,Zebediah,Xerxes,Featherstonehaugh,19841130,,+1 209 555 0177,12 Kestrelmoor Road,,95202\n"
    "W-3,Unmatchable,,,thefifties,,not-a-phone-5550188,nowhere at all,,99999\n"
)
MAP = """
[constants]
source_system = "example-cms"
record_class = "charged"
trafficking_type = "labor"
provenance = "court_filing"
[columns]
external_id = "case"
given = "given"
middle = "middle"
surname = "surname"
born = "born"
aliases = "aka"
phones = "phone"
address_street = "street"
address_unit = "unit"
address_postcode = "zip"
"""


def secrets_of(rows: str) -> Iterator[str]:
    """Yield what is raw in the rows, its spellings, and every field of every match key."""
    for row in csv.DictReader((HEADER + rows).splitlines()):
        for name in ("given", "middle", "surname", "born", "aka", "phone", "street"):
            raw = row[name]
            yield from (
                raw,
                fold(raw),
                *re.findall(r"[^\W\d_]{3,}", raw),
                *re.findall(r"\d{6,}", raw),
            )
        yield re.sub(r"\D", "", row["phone"])
        names = [PersonName(row["given"], row["surname"], row["middle"], row["born"])]
        if row["aka"]:
            surname, given = row["aka"].split(", ")
            names.append(PersonName(given, surname, "", row["born"]))
        keys = [key for alias in person_aliases(names) for key in alias.keys]
        keys.append(phone_key(row["phone"]))
        keys += address_keys(row["street"], row["zip"], unit=row["unit"])
        for key in keys:
            yield from key.fields
            yield key.input.decode()
    yield from ("1979-03-05", "03/05/1979", "5.3.1979", "1984-11-30", "Robert", "ROBERTA")


@pytest.mark.usefixtures("full_log")
def test_nothing_of_a_person_leaves_the_office(
    tmp_path: Path,
    config: ClientConfig,
    client: RegistryClient,
    line: Line,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "export.csv").write_text(HEADER + ROWS, encoding="utf-8")
    plan = Plan(tmp_path / "export.csv", tmp_path / "map.toml", config)
    summary = push(plan, client)
    assert (summary.created, summary.rows_rejected) == (2, 1)
    assert summary.tokens > 40
    recorded = b"".join(line.recorded())
    assert b"/v1/tokens/evaluate" in recorded
    assert f"PUT {config.registry}/v1/cases".encode() in recorded
    secrets = [*secrets_of(ROWS[: ROWS.index("W-3")]), "Unmatchable", "UNMATCHABLE"]
    secrets += ["thefifties", "not-a-phone-5550188", "5550188", "nowhere at all"]
    assert_silent(recorded, secrets)
    streams = capfd.readouterr()
    logs = "\n".join(record.getMessage() for record in caplog.records)
    assert "HTTP Request" in logs
    assert_silent((logs + streams.out + streams.err).encode(), secrets)
    assert_silent(plan.rejects_path().read_bytes(), secrets)
    assert config.registry in logs


@pytest.mark.parametrize(
    ("kind", "value"), [("tel", "(209) 555-0142"), ("addr", "4417 Juniperwood Avenue, 93650")]
)
def test_nothing_of_a_listed_value_leaves_the_office(
    client: RegistryClient, line: Line, kind: str, value: str
) -> None:
    keys = value_keys(kind, [value])
    entry = {"mode": "block", "reason": "hotline", "scope": "office"}
    assert all(client.suppress(keys, expires_on=date.today() + timedelta(90), **entry))  # noqa: DTZ011 -- any day to come
    recorded = b"".join(line.recorded())
    assert b"/v1/suppressions HTTP/1.1" in recorded
    assert_silent(recorded, [value, *(field for key in keys for field in key.fields)])


class TestAssertSilent:
    """The search itself, or else it would prove nothing."""

    @pytest.mark.parametrize(
        "recorded",
        [
            b'{"surname":"Featherstonehaugh"}',
            b"GET /v1/cases/FEATHERSTONEHAUGH HTTP/1.1",
            b"GET /?q=%46eatherstonehaugh HTTP/1.1",
            b'{"x":"\\u0046eatherstonehaugh"}',
            b'{"x":"RmVhdGhlcnN0b25laGF1Z2g="}',  # base64
            b'{"x":"eEZlYXRoZXJzdG9uZWhhdWdo"}',  # base64, one byte later
            b'{"x":"4665617468657273746f6e656861756768"}',  # hexadecimal
            hashlib.sha256(b"FEATHERSTONEHAUGH").hexdigest().encode(),
            base64.b64encode(hashlib.sha1(b"featherstonehaugh").digest()),  # noqa: S324 -- bait
        ],
    )
    def test_finds_every_spelling(self, recorded: bytes) -> None:
        with pytest.raises(LeakError):
            assert_silent(recorded, ["Featherstonehaugh"])

    @pytest.mark.parametrize(
        ("recorded", "secret"),
        [
            (b'["F362"]', "F362"),
            (b"f362,Z130,19841130", "F362"),
            (b"a 19841130 b", "19841130"),
            (b"x\x00\x04KIM!\x00", "Kim"),
        ],
    )
    def test_finds_short_secrets_as_words(self, recorded: bytes, secret: str) -> None:
        with pytest.raises(LeakError):
            assert_silent(recorded, [secret])

    @pytest.mark.parametrize(
        ("recorded", "secret"),
        [
            (b'{"summary":"x"}', "Mary"),
            (b'{"record_class":"charged"}', "Charged"),
            (b'{"kind":"person"}', "person"),
            (b"2026-01-31", "2026"),
            (b"x-request-id: 1f3620c1d2e3f4a5b6c7d8e9f0a1b2c3", "f3620c"),
        ],
    )
    def test_passes_over_what_says_nothing(self, recorded: bytes, secret: str) -> None:
        assert_silent(recorded, [secret])

    def test_a_name_does_not_hide_in_the_shape_of_a_token(self) -> None:
        fake = b"Featherstonehaugh" + b"A" * 26
        with pytest.raises(LeakError):
            assert_silent(b'{"token":"' + fake + b'"}', ["Featherstonehaugh"])
