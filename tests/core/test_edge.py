"""What holds for every answer: headers, request ids, problems; and answers when parts are away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.db import async_url, create_engine, create_sessions
from app.core.http import RequestEdge, install_problems
from app.core.jwt import AccessVerifier
from app.core.problems import all_errors
from app.people.deps import COOKIE, CSRF_HEADER
from app.people.sign_ins import csrf_token
from tests.core.forgery import (
    ISSUER,
    KEY,
    NOW,
    access_claims,
    access_header,
    assertion_claims,
    assertion_header,
    hostile_headers,
    hostile_texts,
    signed,
)
from tests.core.surface import Surface
from tests.core.test_http import assert_headers, assert_problem
from tests.factories import Registry
from tests.scenes import make_offices

CLOSED = "postgresql://nobody:nothing@127.0.0.1:1/nowhere"

MINE = "0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"


class TestAnswers:
    @pytest.mark.parametrize("path", ["/healthz", "/v1/meta", "/v1/oprf/keys", "/openapi.json"])
    async def test_public_ones_have_the_headers(self, shared_surface: Surface, path: str) -> None:
        response = await shared_surface.registry.http().get(path)
        assert response.status_code == 200
        assert_headers(response)

    @pytest.mark.parametrize("path", ["/docs", "/redoc", "/v1", "/v1/", "/v1/cases/", "/v1//meta"])
    async def test_nothing_here(self, shared_surface: Surface, path: str) -> None:
        for http in (shared_surface.office.http, shared_surface.evaluator_http):
            assert assert_problem(await http.get(path), 404)["code"] == "not-found"

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("POST", "/v1/cases", "GET, PUT"),
            ("POST", "/v1/cases/cms/1", "DELETE, GET, PUT"),
            ("GET", "/v1/oauth/token", "POST"),
            ("TRACE", "/v1/me", "GET"),
            ("POST", "/openapi.json", "GET"),
            ("SEARCH-5550132", "/v1/me", "GET"),
        ],
    )
    async def test_other_method(
        self, shared_surface: Surface, method: str, path: str, allowed: str
    ) -> None:
        response = await shared_surface.office.http.request(method, path)
        assert_problem(response, 405)
        assert response.headers["allow"] == allowed

    @pytest.mark.parametrize("text", [MINE, "0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"])
    async def test_request_id_is_taken_over(self, shared_surface: Surface, text: str) -> None:
        for http in (shared_surface.office.http, shared_surface.evaluator_http):
            response = await http.get("/healthz", headers={"X-Request-Id": text})
            assert response.headers["x-request-id"] == text

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "-",
            "x" * 65,
            "Jane-Roe-415-555-0142",
            "0" * 31,
            "a b",
            "a/b",
            "a\tb",
            '"',
            "é",
            "{{}}",
            "a;b",
            "٣",
            "a\nb",
        ],
    )
    async def test_bad_request_id_is_replaced(self, shared_surface: Surface, text: str) -> None:
        response = await shared_surface.office.http.get(
            "/nothing", headers={b"X-Request-Id": text.encode()}
        )
        given = assert_problem(response, 404)["trace_id"]
        assert len(given) == 32
        assert given != text

    async def test_401_says_how(self, shared_surface: Surface) -> None:
        for name in ("put_case", "evaluate_tokens"):
            response = await shared_surface.operations[name].send(
                headers={"Authorization": "Basic eDp5"}
            )
            assert_problem(response, 401)
            assert response.headers["www-authenticate"] == "Bearer"


class TestStranger:
    async def test_is_refused_before_query_and_body_are_read(self, shared_surface: Surface) -> None:
        heard: list[str] = []

        async def body(name: str) -> AsyncIterator[bytes]:
            heard.append(name)
            yield b"{"

        evaluator = httpx.ASGITransport(shared_surface.evaluator)
        async with httpx.AsyncClient(transport=evaluator, base_url="http://e.test") as stranger:
            for name, operation in shared_surface.operations.items():
                if name == "issue_access_token":  # who asks for a token has none
                    continue
                http = stranger if name == "evaluate_tokens" else shared_surface.registry.http()
                for headers in ({}, {"Authorization": "Bearer x.y.z"}):
                    response = await http.request(
                        operation.method,
                        operation.path,
                        content=body(name),
                        params={"nothing": "1"},
                        headers={"content-type": "text/plain", **headers},
                    )
                    assert_problem(response, 401)
        assert not heard

    async def test_nor_is_a_revoked_client_told_what_is_wrong_with_its_request(
        self, shared_surface: Surface
    ) -> None:
        (office,) = await make_offices(shared_surface.registry, 1)
        await shared_surface.registry.rows(
            "UPDATE client_credentials SET revoked_at = now() WHERE id = :id RETURNING id",
            id=office.client_id,
        )
        for name, operation in shared_surface.operations.items():
            if name in {"issue_access_token", "evaluate_tokens"}:  # neither takes its token
                continue
            for wrong in ({"params": {"nothing": "1"}}, {"content": b"{"}, {"content": b"{}"}):
                sent: dict[str, Any] = {"headers": {"content-type": operation.media_type}, **wrong}
                response = await office.http.request(operation.method, operation.path, **sent)
                assert_problem(response, 401)

    async def test_nor_is_that_of_a_cookie_without_sign_in(self, shared_surface: Surface) -> None:
        secret = "A" * 43
        response = await shared_surface.registry.http().put(
            "/v1/cases/cms/24-1",
            content=b"{",
            headers={
                "Cookie": f"{COOKIE}={secret}",
                "Origin": ISSUER,
                CSRF_HEADER: csrf_token(secret),
            },
        )
        assert assert_problem(response, 401)["code"] == "sign-in-needed"


class TestProblemPages:
    async def test_each_code_has_its_page(self, shared_surface: Surface) -> None:
        http = shared_surface.registry.http()
        for error in all_errors():
            page = (await http.get(f"/problems/{error.code}")).json()
            assert (page["status"], page["title"]) == (error.status, error.title)
            assert page["what_to_do"] == error.default_detail

    async def test_type_of_a_problem_leads_to_it(self, shared_surface: Surface) -> None:
        http = shared_surface.evaluator_http
        problem = (await http.post("/v1/tokens/evaluate", json={})).json()
        assert (await http.get(problem["type"])).json()["code"] == problem["code"]


class TestJwtThroughHttp:
    """The corpus of test_jwt against the running applications: 401, short, never a failure."""

    @pytest.fixture
    async def http(self, registry: Registry) -> httpx.AsyncClient:
        office = await registry.add_office("CA001000A")
        then = datetime.fromtimestamp(NOW, UTC)
        after = (then + timedelta(days=1)).date()
        await registry.rows(
            "UPDATE client_credentials SET expires_on = :after RETURNING id", after=after
        )
        registry.app.state.access_verifier = AccessVerifier(
            {"keys": [KEY.public_jwk]}, issuer=ISSUER, audience=ISSUER
        )
        registry.app.state.clock = lambda: then
        claims = access_claims(sub=office.client_id, client_id=office.client_id)
        http = registry.http()
        good = {"Authorization": f"Bearer {signed(access_header(), claims)}"}
        assert (await http.get("/v1/me", headers=good)).status_code == 200
        return http

    async def test_access_tokens(self, http: httpx.AsyncClient, shared_surface: Surface) -> None:
        good = signed(access_header(), access_claims())
        tokens = {
            **hostile_texts(good),
            **{name: signed(head, access_claims()) for name, head in hostile_headers().items()},
            "not a client": signed(access_header(), access_claims(sub="x", client_id="x")),
            "unknown client": good,
            "long": "A" * 60_000,
        }
        for token in tokens.values():
            credentials = b"Bearer " + token.encode("utf-8", "surrogatepass")
            for client, path in ((http, "/v1/me"), (shared_surface.evaluator_http, "")):
                response = await client.request(
                    "POST" if not path else "GET",
                    path or "/v1/tokens/evaluate",
                    content=shared_surface.operations["evaluate_tokens"].body(),
                    headers={b"Authorization": credentials, b"content-type": b"application/json"},
                )
                assert_problem(response, 401)

    async def test_assertions(self, shared_surface: Surface) -> None:
        operation = shared_surface.operations["issue_access_token"]
        good = signed(assertion_header(), assertion_claims())
        assertions = {
            **hostile_texts(good),
            **{name: signed(head, assertion_claims()) for name, head in hostile_headers().items()},
            "client id is no UUID": signed(assertion_header(), assertion_claims(sub="x", iss="x")),
            "NUL": signed(assertion_header(), assertion_claims(sub="x\0", iss="x\0")),
            "jti": signed(assertion_header(), assertion_claims(jti="\ud800" * 9)),
            "unknown": good,
        }
        for text in assertions.values():
            body = {**operation.good, "client_assertion": text.encode("utf-8", "surrogatepass")}
            response = await shared_surface.registry.http().post("/v1/oauth/token", data=body)
            assert assert_problem(response, 401)["error"] == "invalid_client"


@asynccontextmanager
async def without_database(registry: Registry) -> AsyncIterator[None]:
    """Point the registry at a closed port."""
    kept, engine = registry.app.state.sessions, create_engine(CLOSED, pool_size=1)
    registry.app.state.sessions = create_sessions(engine)
    try:
        yield
    finally:
        registry.app.state.sessions = kept
        await engine.dispose()


class TestDatabaseAway:
    async def test_everything_that_needs_it_is_unavailable(self, shared_surface: Surface) -> None:
        surface = shared_surface
        async with without_database(surface.registry):
            for name, operation in surface.operations.items():
                if name not in {"issue_access_token", "evaluate_tokens"}:
                    response = await operation.send()
                    assert_problem(response, 503)
                    assert int(response.headers["retry-after"]) > 0
            for path in ("/readyz", "/v1/me", "/v1/cases", "/v1/overlaps", "/v1/handling-requests"):
                assert_problem(await surface.office.http.get(path), 503)

    async def test_the_rest_answers(self, shared_surface: Surface) -> None:
        async with without_database(shared_surface.registry):
            http = shared_surface.registry.http()
            for path in ("/healthz", "/v1/meta", "/problems/not-found"):
                assert (await http.get(path)).status_code == 200
            assert_problem(await http.get("/v1/me"), 401)  # who is not known costs no connection

    async def test_exhausted_pool_is_unavailable_and_recovers(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        office = await registry.add_office("CA001000A")
        engine = create_async_engine(
            async_url(fresh_database_url), pool_size=1, max_overflow=0, pool_timeout=0.2
        )
        registry.app.state.sessions = create_sessions(engine)
        async with engine.connect():
            answers = await asyncio.gather(*(office.http.get("/v1/me") for _ in range(5)))
            for response in answers:
                assert_problem(response, 503)
                assert "retry-after" in response.headers
        assert (await office.http.get("/v1/me")).status_code == 200
        await engine.dispose()


class TestUnexpectedFailure:
    async def test_bare_500_with_headers_and_without_the_text(self) -> None:
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(failing_app(), raise_app_exceptions=True),
            base_url="http://test",
        )
        response = await http.get("/fails", headers={"X-Request-Id": MINE})
        assert assert_problem(response, 500)["trace_id"] == MINE
        assert "Marked" not in response.text

    async def test_after_the_answer_began_it_is_cut_off(self) -> None:
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(failing_app(), raise_app_exceptions=True),
            base_url="http://test",
        )
        with pytest.raises(RuntimeError):
            await http.get("/breaks/off")


def failing_app() -> FastAPI:
    """Return an application that fails with a marked text."""
    app = FastAPI()

    async def fails() -> None:
        raise RuntimeError("Marked Value-5550132")

    async def breaks(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await fails()

    app.add_api_route("/fails", fails)
    app.mount("/breaks", breaks)
    app.add_middleware(RequestEdge)
    install_problems(app)
    return app
