"""`joinder demo` as a newcomer runs it, in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from app.client.config import read_config
from app.client.registry import RegistryClient
from app.handling.vocabulary import STATUSES

pytestmark = pytest.mark.long

DEMO = (sys.executable, "-m", "app.cli.main", "demo")
PROMISED = {
    "offices", "cases", "subjects", "tokens", "overlaps", "recall", "precision", "seconds_push",
    "seconds_total", "joint_handling_status",
}  # fmt: skip


@pytest.fixture
def environment(scratch: Path) -> dict[str, str]:
    named = {"JOINDER_HOME": str(scratch / "home")}
    return {**{k: v for k, v in os.environ.items() if k != "JOINDER_DATABASE_URL"}, **named}


@contextmanager
def staying(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*DEMO, *words], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def read_until(stream: IO[str] | None, text: str) -> str:
    assert stream is not None
    seen = ""
    for line in stream:
        seen += line
        if text in line:
            return seen
    raise AssertionError(seen)


class TestOnce:
    def test_prints_one_object_and_leaves_nothing(
        self, environment: dict[str, str], scratch: Path
    ) -> None:
        words = [*DEMO, "--once", "--json", "--records", "80"]
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result.keys() >= PROMISED
        assert (result["offices"], result["cases"]) == (2, 160)
        assert result["joint_handling_status"] == "accepted"
        assert result["recall"] > 0.8
        assert result["precision"] > 0.95
        assert not list((scratch / "home").glob("once-*"))


class TestScenario:
    def test_of_a_matter_tells_it_to_its_end_and_exports_it(
        self, environment: dict[str, str], scratch: Path
    ) -> None:
        told, exported = [
            subprocess.run(
                [*DEMO, "--scenario", "matter", *words],
                env=environment,
                capture_output=True,
                text=True,
                timeout=180,
                check=False,
            )
            for words in ((), ("--json",))
        ]
        assert (told.returncode, exported.returncode) == (0, 0), told.stderr + exported.stderr
        lines = told.stdout.splitlines()
        for said in (
            "Four leaders sign the same text",
            "  version 3: Evidence:",
            "the Attorney General takes it over",
            "All sign a longer period",
            "The lead concludes it",
            "Who was on the team when:",
            "  Dana Sample D (",
            "Who led:",
        ):
            assert [line for line in lines if said in line], (said, told.stdout)
        done = json.loads(exported.stdout)
        assert done["request"]["status"] == "concluded"
        assert len(done["statement"]["leads"]) == len(done["statement"]["parties"]) - 2 == 2
        assert len(done["agreement"]["versions"]) == 4
        assert not list((scratch / "home").glob("once-*"))


class TestInterrupted:
    def test_goes_on_where_it_was_and_answers_at_once_afterwards(
        self, environment: dict[str, str], free_tcp_port: int
    ) -> None:
        words = ("--records", "80", "--port", str(free_tcp_port))
        killed = subprocess.Popen(
            [*DEMO, *words], env=environment, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        read_until(killed.stdout, "line")  # some of the first office's cases are acknowledged
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate(timeout=30)
        with staying(environment, *words) as process:
            first = read_until(process.stdout, "API stays up")
        assert "160 cases of 2 offices" in first
        assert "joint handling: accepted" in first
        with staying(environment, *words) as process:
            second = read_until(process.stdout, "API stays up")
        overlaps = [re.findall(r"\d+ overlaps", text) for text in (first, second)]
        assert overlaps[0] == overlaps[1] != []
        assert "pushes" not in second


class TestState:
    def test_has_a_request_in_each_state_and_an_agreement_in_each_of_its_own(
        self, environment: dict[str, str], scratch: Path, free_tcp_port: int
    ) -> None:
        with staying(environment, "--records", "10", "--port", str(free_tcp_port)) as process:
            read_until(process.stdout, "API stays up")
            offices = scratch / "home" / "demo" / "offices"
            with RegistryClient(read_config(offices / "demo-cedar")) as cedar:
                found = list(cedar.list_handling_requests())
        assert {each["status"] for each in found} == set(STATUSES)
        agreements = {each["status"] for each in found if each["kind"] == "joint_handling"}
        assert agreements == set(STATUSES) - {"accepted"}  # a question's, or a law's on silence
