"""Hostile and mistaken requests: a short problem document each, and nothing of them in it."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from app.core import strict_json
from app.core.errors import MalformedError
from app.core.strict_json import parse_json
from tests.core.surface import Surface
from tests.naming import naming

MARK = "Marked Value-5550132"
OPERATIONS = (
    *("put_case", "put_cases", "request_handling", "answer_handling_request"),
    *("preview_audience", "make_grant", "approve_grant", "set_wall", "break_glass"),
    "review_glass_break",
    *("issue_access_token", "evaluate_tokens"),
)
JSON_OPERATIONS = tuple(name for name in OPERATIONS if name != "issue_access_token")
DEEP = 100_000
NOT_JSON: dict[str, bytes] = {
    "empty": b"",
    "blank": b"  \n",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "-Infinity": b'{"a": -Infinity}',
    "1e400": b'{"a": 1e400}',
    "-1e400": b'{"a": -1e400}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "lone surrogate in a name": b'{"\\udfff": 1}',
    "reversed pair": b'{"a": "\\udc00\\ud800"}',
    "upper-case lone surrogate": b'{"a": "\\uD83D"}',
    "raw surrogate": b'{"a": "\xed\xa0\x80"}',
    "escaped NUL": b'{"a": "x\\u0000y"}',
    "raw NUL": b'{"a": "x\x00y"}',
    "NUL after": b"{}\x00",
    "name twice": b'{"a": 1, "a": 2}',
    "name twice, escaped": b'{"a": 1, "\\u0061": 2}',
    "name twice, inside": b'{"a": [{"b": {"c": 1, "c": 1}}]}',
    "33 deep": b"[" * 33 + b"]" * 33,
    "100,000 arrays": b"[" * DEEP + b"]" * DEEP,
    "100,000 open arrays": b"[" * DEEP,
    "100,000 objects": b'{"a":' * (DEEP // 3) + b"1" + b"}" * (DEEP // 3),
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without BOM": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "BOM": b"\xef\xbb\xbf{}",
    "two values": b"{} {}",
    "trailing comma": b'{"a": 1,}',
    "comment": b"{} // x",
    "single quotes": b"{'a': 1}",
    "cut short": b'{"a": "',
    "form": b"a=1&b=2",
    "text": MARK.encode(),
    "leading zero": b'{"a": 01}',
    "raw newline in text": b'{"a": "x\ny"}',
}
NOT_OBJECTS = {
    "array": b"[]",
    "array of objects": b"[{}]",
    "text": json.dumps(MARK).encode(),
    "number": b"12345678901234567890",
    "null": b"null",
    "true": b"true",
    "empty object": b"{}",
    "2,000 digits": b'{"epoch": ' + b"9" * 2000 + b"}",
    "32 deep": b'{"epoch": ' + b"[" * 31 + b"]" * 31 + b"}",
}


def assert_problem(response: httpx.Response, *statuses: int) -> dict[str, Any]:
    """Check that the answer is a short problem document that quotes nothing; return it."""
    assert response.status_code in statuses, response.text[:500]
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) <= 4096
    assert MARK not in response.text
    assert MARK not in str(response.headers)
    problem: dict[str, Any] = response.json()
    assert problem["status"] == response.status_code
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["trace_id"] == response.headers["x-request-id"]
    assert set(problem) >= {"title", "detail"}
    assert_headers(response)
    return problem


def assert_headers(response: httpx.Response) -> None:
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "server" not in response.headers


class TestStrictJson:
    @pytest.mark.parametrize("name", JSON_OPERATIONS)
    async def test_refused(self, shared_surface: Surface, name: str) -> None:
        for case, content in NOT_JSON.items():
            with naming(case):
                assert_problem(await shared_surface.operations[name].send(content), 400)

    def test_an_escaped_backslash_before_u0000_is_no_nul(self) -> None:
        assert strict_json.loads(b'{"a": "C:\\\\u0000"}') == {"a": "C:\\u0000"}

    @pytest.mark.parametrize("name", JSON_OPERATIONS)
    async def test_not_what_is_asked(self, shared_surface: Surface, name: str) -> None:
        for case, content in NOT_OBJECTS.items():
            with naming(case):
                assert_problem(await shared_surface.operations[name].send(content), 422)

    @pytest.mark.parametrize(
        "text", ['"\\ud83d\\ude00"', '"\\\\ud800"', '"é"', "1e300", '{"a": {"a": 1}}', "[1, 1]"]
    )
    def test_unusual_but_good(self, text: str) -> None:
        assert parse_json(text.encode()) == json.loads(text)

    @pytest.mark.parametrize("case", NOT_JSON)
    def test_parser_alone(self, case: str) -> None:
        with pytest.raises(MalformedError):
            parse_json(NOT_JSON[case])


class TestNoEcho:
    """Wherever a marked value stands in a good body, the refusal does not have it."""

    @pytest.mark.parametrize("name", OPERATIONS)
    async def test_value_name_or_both(self, shared_surface: Surface, name: str) -> None:
        operation = shared_surface.operations[name]
        for body in _marked(dict(operation.good)):
            if name == "issue_access_token":
                response = await operation.send(httpx.QueryParams(body).__str__().encode())
                assert_problem(response, 400, 401, 422)
                continue
            response = await operation.send(json.dumps(body).encode())
            if name == "put_cases" and response.status_code == 200:
                result = response.json()["results"][0]
                assert result["result"] == "refused"
                assert MARK not in json.dumps({**result, "external_id": ""})
                continue
            problem = assert_problem(response, 403, 404, 409, 422)
            for error in problem.get("errors", ()):
                assert not error["pointer"].startswith("/body")

    async def test_pointer_is_in_names_of_the_schema(self, shared_surface: Surface) -> None:
        put, answer = (
            shared_surface.operations[name] for name in ("put_case", "answer_handling_request")
        )
        for operation, body, pointer in (
            (put, {**put.good, "epoch": "one"}, "/epoch"),
            (put, {**put.good, MARK: 1}, ""),
            (put, {**put.good, "subjects": [{"ref": "1", MARK: 1}]}, "/subjects/0"),
            (put, {**put.good, "subjects": [{}]}, "/subjects/0/ref"),
            (answer, {"answer": "decline"}, "/reason"),
            (answer, {"answer": "decline", "reason": MARK}, "/reason"),
            (answer, {"answer": MARK}, ""),
        ):
            response = await operation.send(json.dumps(body).encode())
            assert assert_problem(response, 422)["errors"][0]["pointer"] == pointer

    async def test_many_mistakes_stay_short(self, shared_surface: Surface) -> None:
        body = {**shared_surface.operations["put_case"].good}
        body["subjects"] = [{MARK: MARK} for _ in range(50)]
        response = await shared_surface.operations["put_case"].send(json.dumps(body).encode())
        assert len(assert_problem(response, 422)["errors"]) == 20

    @pytest.mark.parametrize(
        "path",
        [
            f"/v1/cases/{MARK}/24-1",
            f"/v1/cases/cms/{MARK}%20x",
            f"/v1/overlaps/{MARK}",
            f"/v1/overlaps/{MARK * 10}",
            f"/v1/handling-requests/hnd_{MARK}",
            f"/v1/{MARK}",
            f"/{MARK}",
            f"/problems/{MARK}",
            f"/v1/cases?cursor={MARK}",
            f"/v1/cases?cursor={MARK * 20}",
            f"/v1/cases?limit={MARK}",
            "/v1/cases?limit=101",
            "/v1/cases?limit=0",
            f"/v1/cases?{MARK}=1",
            "/v1/cases?limit=1&limit=2",
            "/v1/me?limit=1",
            "/healthz?x=1",
            "/v1/cases/cms/%00",
            "/v1/cases/cms/%ff",
            "/v1/cases/cms/..%2f..",
            "/v1/overlaps?cursor=%F0%9F%98%80",
        ],
    )
    async def test_address(self, shared_surface: Surface, path: str) -> None:
        assert_problem(await shared_surface.office.http.get(path), 400, 404, 422)

    async def test_unknown_parameter_of_the_evaluators_pages(self, shared_surface: Surface) -> None:
        for path in ("/healthz", "/readyz", "/problems/not-found"):
            assert_problem(await shared_surface.evaluator_http.get(path, params={"x": MARK}), 400)

    @pytest.mark.parametrize("name", OPERATIONS)
    async def test_unknown_parameter(self, shared_surface: Surface, name: str) -> None:
        response = await shared_surface.operations[name].send(params={MARK: MARK})
        assert assert_problem(response, 400)["code"] == "unknown-parameter"

    @pytest.mark.parametrize("value", ["", "short", "x" * 65, MARK + "/", "a b c d e f g"])
    async def test_idempotency_key(self, shared_surface: Surface, value: str) -> None:
        operation = shared_surface.operations["request_handling"]
        assert_problem(await operation.send(headers={"Idempotency-Key": value}), 422)


def _marked(value: Any) -> Iterator[Any]:
    """Yield copies of `value` with the mark in place of each value, and as an added name."""
    yield MARK
    if isinstance(value, dict):
        yield {**value, MARK: MARK}
        for name, inner in value.items():
            yield from ({**value, name: changed} for changed in _marked(inner))
    if isinstance(value, list):
        yield [*value, MARK]
        for place, inner in enumerate(value):
            yield from (
                [*value[:place], changed, *value[place + 1 :]] for changed in _marked(inner)
            )


class TestMediaType:
    @pytest.mark.parametrize("name", OPERATIONS)
    async def test_other_is_refused(self, shared_surface: Surface, name: str) -> None:
        for media_type in (
            *("", "text/plain", "application/xml", "application/json5", "application/jsonx"),
            *("application/problem+json", "application/vnd.api+json", "text/json", MARK),
            "multipart/form-data; boundary=x",
        ):
            sent = {"content-type": media_type}
            with naming(media_type):
                assert_problem(await shared_surface.operations[name].send(headers=sent), 415)

    async def test_json_and_form_are_not_exchangeable(self, shared_surface: Surface) -> None:
        for name, operation in shared_surface.operations.items():
            other = "application/json" if name == "issue_access_token" else "multipart/form-data"
            assert_problem(await operation.send(headers={"content-type": other}), 415)

    @pytest.mark.parametrize("name", OPERATIONS)
    async def test_compressed(self, shared_surface: Surface, name: str) -> None:
        for encoding in ("gzip", "deflate", "br", "gzip, identity", MARK):
            sent = {"content-encoding": encoding}
            with naming(encoding):
                assert_problem(await shared_surface.operations[name].send(headers=sent), 415)

    @pytest.mark.parametrize(
        "media_type", ["Application/JSON", "application/json; charset=utf-8", "application/json;"]
    )
    async def test_spelled_otherwise(self, shared_surface: Surface, media_type: str) -> None:
        operation = shared_surface.operations["request_handling"]
        assert_problem(
            await operation.send(headers={"content-type": media_type}), 404
        )  # it was read

    async def test_reading_needs_none(self, shared_surface: Surface) -> None:
        response = await shared_surface.office.http.get(
            "/v1/cases", headers={"content-type": "application/json"}
        )
        assert response.status_code == 200

    @pytest.mark.parametrize("extra", ["scope=a&scope=b", "grant_type=x", f"{MARK}=1", "resource="])
    async def test_form_with_too_much(self, shared_surface: Surface, extra: str) -> None:
        operation = shared_surface.operations["issue_access_token"]
        response = await operation.send(operation.body() + b"&" + extra.encode())
        assert_problem(response, 400, 422)


class TestSize:
    @pytest.mark.parametrize("name", OPERATIONS)
    async def test_over_the_limit(self, shared_surface: Surface, name: str) -> None:
        operation = shared_surface.operations[name]
        over = b" " * (8 * 1024 * 1024 + 1 if name == "put_cases" else 256 * 1024 + 1)
        assert_problem(await operation.send(over), 413)

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(over), 65536):
                yield over[start : start + 65536]

        assert_problem(await operation.send(chunks()), 413)

    async def test_declared_size_is_refused_before_reading(self, shared_surface: Surface) -> None:
        operation = shared_surface.operations["put_case"]
        assert_problem(await operation.send(b"{}", headers={"content-length": "9" * 12}), 413)

    async def test_at_the_limit(self, shared_surface: Surface) -> None:
        operation = shared_surface.operations["request_handling"]
        body = operation.body()
        assert_problem(await operation.send(body + b" " * (256 * 1024 - len(body))), 404)
