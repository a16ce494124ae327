"""The log canary: marked values go through every route and error path, and none comes out."""

import asyncio
import gc
import io
import json
import logging
import secrets
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import text

from app.core import logging as ours
from app.core.db import transaction
from app.core.http import RequestEdge, install_problems
from tests.blinding import case
from tests.core.surface import Surface
from tests.core.test_edge import without_database
from tests.documented import document

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Configure logging as a process does and return what was written, checked line by line."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    kept, level, before = list(root.handlers), root.level, structlog.get_config()
    for handler in kept:
        root.removeHandler(handler)
    ours.configure("test")

    def read() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in written.getvalue().splitlines()]
        for line in found:
            assert line.keys() <= ours.ALLOWED
            assert {"event", "level", "timestamp", "process"} <= line.keys()
        return found

    yield read
    structlog.contextvars.clear_contextvars()
    structlog.configure(**before)
    logging.captureWarnings(capture=False)
    root.handlers[:] = kept
    root.setLevel(level)


@pytest.fixture
def mark() -> str:
    """Return a value that is in no log, until something writes it."""
    return f"Canary-{secrets.token_hex(6)}"


def holds(lines: list[dict[str, Any]], mark: str) -> bool:
    written = json.dumps(lines).lower()
    return mark.removeprefix("Canary-") in written


class TestCanary:
    async def test_requests(self, shared_surface: Surface, lines: Lines, mark: str) -> None:
        """Marks in method, path, parameters, headers and bodies, good and bad, on each route."""
        surface = shared_surface
        everywhere = {"User-Agent": mark, "Referer": mark, "Cookie": mark, "X-Forwarded-For": mark}
        clients = (surface.office.http, surface.evaluator_http, surface.registry.http())
        sent = 0
        for name in ("registry", "evaluator"):
            for path, operations in document(name)["paths"].items():
                address = path.replace("{", mark).replace("}", "")
                for method in {*operations, "delete", mark}:
                    # another method is refused before anybody is asked who it is
                    for http in clients if method in operations else clients[:1]:
                        await http.request(
                            method.upper(),
                            address,
                            params={mark: mark, "cursor": mark},
                            json={mark: mark, "summary": mark, "client_assertion": mark},
                            headers=everywhere,
                        )
                        sent += 1
        for operation in surface.operations.values():
            for content in (mark.encode(), operation.body().replace(b"1", mark.encode())):
                for headers in ({}, {"Authorization": f"Bearer {mark}"}, {"Idempotency-Key": mark}):
                    await operation.send(content, headers={**everywhere, **headers})
                    sent += 1
        found = lines()
        assert sum(line["event"] == "request" for line in found) == sent
        assert not holds(found, mark)
        assert not any(line["event"] == "unexpected" for line in found)

    async def test_good_case(self, shared_surface: Surface, lines: Lines, mark: str) -> None:
        body = case(summary=f"Seen at {mark}.")
        response = await shared_surface.office.http.put(f"/v1/cases/cms/{mark}", json=body)
        assert response.status_code in {201, 422}
        await shared_surface.office.http.get(f"/v1/cases/cms/{mark}")
        found = lines()
        assert found[0]["route"] == "/v1/cases/{source_system}/{external_id}"
        assert not holds(found, mark)

    async def test_database_away(self, shared_surface: Surface, lines: Lines, mark: str) -> None:
        async with without_database(shared_surface.registry):
            response = await shared_surface.office.http.get(f"/v1/cases/cms/{mark}")
        assert response.status_code == 503
        assert [line["event"] for line in lines()] == ["database", "request"]
        assert not holds(lines(), mark)

    async def test_violated_constraint(
        self, shared_surface: Surface, lines: Lines, mark: str
    ) -> None:
        """The database's own message quotes the row; neither answer nor log does."""
        async with transaction(shared_surface.registry.behind) as session:
            await session.execute(text(f"ALTER TABLE cases ADD CHECK (external_id <> '{mark}')"))
        response = await shared_surface.office.http.put(f"/v1/cases/cms/{mark}", json=case())
        assert response.status_code == 500
        assert mark not in response.text
        failure = next(line for line in lines() if line["event"] == "database")
        assert failure["error"] == "CheckViolationError"
        assert failure["place"].startswith("app.cases.queries:")
        assert not holds(lines(), mark)

    @pytest.mark.parametrize(
        "kind", [ValueError, KeyError, OSError, httpx.HTTPError, ExceptionGroup]
    )
    async def test_unexpected_failure(self, lines: Lines, mark: str, kind: type[Exception]) -> None:
        error = kind(mark, [ValueError(mark)]) if kind is ExceptionGroup else kind(mark)
        response = await failing_http(error).get("/fails", params={})
        assert response.status_code == 500
        assert [line["event"] for line in lines()] == ["unexpected", "request"]
        assert lines()[0]["error"] == kind.__name__
        assert lines()[0]["request_id"] == response.headers["x-request-id"]
        assert not holds(lines(), mark)

    async def test_answer_that_breaks_its_schema(self, lines: Lines, mark: str) -> None:
        """FastAPI's error quotes the value that does not fit."""
        response = await failing_http(None, answer={"number": mark}).get("/fails")
        assert response.status_code == 500
        assert mark not in response.text
        assert not holds(lines(), mark)


class TestLibraries:
    def test_texts_of_their_records_do_not_appear(self, lines: Lines, mark: str) -> None:
        logger = logging.getLogger("some.library")
        logger.info("%s", mark)
        logger.warning("%s", mark, extra={"office": mark})
        logger.log(35, mark)
        logger.critical(mark)
        logger.error(mark, exc_info=KeyError(mark), stack_info=True)
        found = lines()
        assert [line["level"] for line in found] == ["warning", "warning", "error", "error"]
        assert {line["name"] for line in found} == {"some.library"}
        assert found[-1]["error"] == "KeyError"
        assert not holds(found, mark)

    def test_warnings_do_not_print_their_text(self, lines: Lines, mark: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(capture=True)
            warnings.warn(mark, stacklevel=1)
        assert [line["name"] for line in lines()] == ["py.warnings"]
        assert not holds(lines(), mark)

    async def test_forgotten_tasks(self, lines: Lines, mark: str) -> None:
        async def fail() -> None:
            raise RuntimeError(mark)

        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()
        assert [(line["name"], line["error"]) for line in lines()] == [("asyncio", "RuntimeError")]
        assert not holds(lines(), mark)


class TestFields:
    def test_only_listed_ones_are_written(self, lines: Lines, mark: str) -> None:
        log = structlog.get_logger().bind(name_of_person=mark)
        log.info("event", token=mark, status=200, stack_info=True)
        log.debug(mark)
        assert [line.keys() - {"timestamp"} for line in lines()] == [
            {"event", "level", "process", "status"}
        ]

    def test_a_listed_name_is_no_free_text(self) -> None:
        """Fields in which input would be natural are not on the list."""
        assert ours.ALLOWED.isdisjoint({"message", "msg", "path", "url", "body", "value", "detail"})


def failing_http(error: Exception | None, answer: Any = None) -> httpx.AsyncClient:
    """Return a client of an application that raises `error` or answers `answer`."""

    class Answer(BaseModel):
        number: int

    async def fails() -> Any:
        if error is not None:
            raise error
        return answer

    app = FastAPI()
    app.add_api_route("/fails", fails, response_model=Answer)
    app.add_middleware(RequestEdge)
    install_problems(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
