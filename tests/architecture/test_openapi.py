"""The committed OpenAPI documents: up to date, valid, complete, with examples that are true."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from jsonschema import (  # type: ignore[import-untyped]  # no stubs are installed
    Draft202012Validator,
    FormatChecker,
)
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.access.permissions import CLIENT_SCOPES, Permission
from app.core.errors import AppError, ConflictError, MovedError
from app.core.problems import all_errors, page
from app.evaluator import main as evaluator
from app.main import create_bare_app
from tests.documented import document
from tests.factories import Registry
from tests.naming import naming

ROOT = Path(__file__).parents[2]
MADE = {"registry": create_bare_app, "evaluator": evaluator.create_bare_app}
LEAST_DESCRIPTION = 12  # characters: less says nothing that the name does not
OWN = {"read_me", "add_my_key", "end_my_key"}
"""What every client may do that has an access token: it is about the client itself."""

PUBLIC = {
    *("issue_access_token", "read_oprf_keys", "read_meta", "read_problem"),
    *("read_health", "read_readiness", "read_banner", "read_passkey_sign_in_options"),
    *("sign_in_with_password", "sign_in_with_passkey", "use_enrolment_code"),
    *("begin_provider_sign_in", "finish_provider_sign_in"),
}


def operations() -> Iterator[tuple[str, str, str, Any]]:
    """Yield each operation: the document's name, path, method and itself."""
    for name in MADE:
        for path, methods in document(name)["paths"].items():
            for method, operation in methods.items():
                yield name, path, method, operation


def every_operation(check: Callable[..., None]) -> Callable[[object], None]:
    """Make one test of what is to be checked of each operation."""

    def test(self: object) -> None:
        for name, path, method, operation in operations():
            with naming(f"{name} {operation['operationId']}"):
                check(self, name, path, method, operation)

    return test


def contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every media type of request and responses."""
    holders = [*operation["responses"].values(), operation.get("requestBody", {})]
    for holder in holders:
        yield from holder.get("content", {}).values()


def named(part: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property and parameter below a part of a document, each with its place."""
    if isinstance(part, dict):
        for name, schema in part.get("properties", {}).items():
            yield f"{place}/{name}", schema
        for parameter in part.get("parameters", ()):
            yield f"{place}/{parameter['name']}", parameter
        for key, value in part.items():
            if key not in {"example", "examples"}:
                yield from named(value, f"{place}/{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from named(value, f"{place}/{index}")


def fits(name: str, schema: dict[str, Any], value: Any) -> None:
    """Check `value` against a schema of the document."""
    whole = {"components": document(name)["components"], **schema}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


BY_NATURE = {
    "add_my_key",  # the kid: a second one is refused
    "add_webhook",  # the address; and its answer, a secret, is to be kept nowhere
    "add_person",  # the sign-in name; and its answer, a one-time code, is to be kept nowhere
    "check_before_act",  # a repeat tells what stands then: an older answer would be a wrong one
    "ask_summary_reading",  # the same text again, while it waits or counts, is the same reading
    # the same by the same person, while it waits, is the same one: who takes no part, and signs to
    # take part, is given no answer once more (accounts/idempotency.py)
    *("sign_agreement", "propose_provider"),
    "make_grant",  # the same grant again, while it stands, is the same one
    "set_wall",  # likewise
}
"""Operations that make something whose repetition makes nothing."""


@pytest.mark.parametrize("name", MADE)
class TestDocument:
    def test_is_up_to_date(self, name: str) -> None:
        text = json.dumps(MADE[name]().openapi(), indent=1, ensure_ascii=False) + "\n"
        kept = (ROOT / "openapi" / f"{name}.json").read_text(encoding="utf-8")
        assert kept == text, "run `make openapi`"

    def test_is_valid_openapi_3_1(self, name: str) -> None:
        assert document(name)["openapi"].startswith("3.1")
        OpenAPIV31SpecValidator(document(name)).validate()

    def test_describes_every_property_and_parameter(self, name: str) -> None:
        described = {place: each.get("description", "") for place, each in named(document(name))}
        assert "/components/schemas/Problem/errors" in described
        assert "/paths//problems/{code}/get/code" in described
        assert {
            place: text
            for place, text in described.items()
            if len(text) < LEAST_DESCRIPTION or not text.endswith(".")
        } == {}

    def test_tells_licence_and_leaves_nothing_of_the_framework(self, name: str) -> None:
        text = json.dumps(document(name))
        assert document(name)["info"]["license"]["identifier"] == "Apache-2.0"
        for left in ("HTTPValidationError", "x-raises", "x-scope", "Successful Response\u00a0"):
            assert left not in text

    def test_describes_every_tag(self, name: str) -> None:
        made = document(name)
        used = {
            tag for each in made["paths"].values() for op in each.values() for tag in op["tags"]
        }
        assert {tag["name"]: bool(tag["description"]) for tag in made["tags"]} == dict.fromkeys(
            used, True
        )

    def test_operation_ids_are_unique(self, name: str) -> None:
        ids = [
            operation["operationId"]
            for methods in document(name)["paths"].values()
            for operation in methods.values()
        ]
        assert len(set(ids)) == len(ids)


class TestOperations:
    @every_operation
    def test_is_described(self, name: str, path: str, method: str, operation: Any) -> None:
        assert operation["operationId"].isidentifier()
        assert "_v1_" not in operation["operationId"]
        assert operation["summary"]
        assert operation["description"].endswith(".")
        assert operation["tags"]
        assert path.startswith(("/v1/", "/healthz", "/readyz", "/problems/")), (name, method)

    @every_operation
    def test_has_examples(self, name: str, path: str, method: str, operation: Any) -> None:
        assert ("requestBody" in operation) is (method in {"put", "post"}), path
        for media_type in contents(operation):
            examples = [each["value"] for each in media_type.get("examples", {}).values()]
            examples += [media_type["example"]] if "example" in media_type else []
            assert examples
            for example in examples:
                fits(name, media_type["schema"], example)
        for parameter in operation.get("parameters", ()):
            for example in parameter["schema"]["examples"]:
                fits(name, parameter["schema"], example)

    @every_operation
    def test_names_its_refusals(self, name: str, path: str, method: str, operation: Any) -> None:
        responses = operation["responses"]
        refusals = {code for code in responses if code >= "400"}
        assert refusals >= {"400", "500"}
        assert not {"default", "4XX", "5XX"} & responses.keys()
        for code in refusals:
            (media_type,) = responses[code]["content"].items()
            assert media_type[0] == "application/problem+json"
            for example in media_type[1]["examples"].values():
                assert str(example["value"]["status"]) == code
        if operation["security"]:
            assert "401" in refusals
        if "requestBody" in operation:
            assert refusals >= {"413", "415", "422"}, (name, path, method)

    @every_operation
    def test_making_twice_is_made_once(
        self, name: str, path: str, method: str, operation: Any
    ) -> None:
        if method != "post" or "201" not in operation["responses"]:
            return
        headers = {each["name"].lower() for each in operation.get("parameters", ())}
        is_natural = operation["operationId"] in BY_NATURE
        assert is_natural is ("idempotency-key" not in headers), (name, path)

    @every_operation
    def test_names_its_scope(self, name: str, path: str, method: str, operation: Any) -> None:
        if operation["operationId"] in PUBLIC:
            assert operation["security"] == []
            return
        ((scheme, scopes),) = operation["security"][0].items()
        assert scheme in document(name)["components"]["securitySchemes"], (path, method)
        assert set(scopes) <= set(Permission)
        if scheme == "personSignIn":  # who is not complete, or from elsewhere, is refused
            assert set(scopes) <= {Permission.PEOPLE_MANAGE}
            assert method == "get" or "403" in operation["responses"]
            return
        if operation["operationId"] == "evaluate_tokens":
            assert (scheme, scopes) == ("permit", [])  # a permit is for one batch, not for a scope
            return
        assert len(scopes) == (operation["operationId"] not in OWN)
        assert operation["security"] == [{scheme: scopes}, {"personSignIn": scopes}]
        refusals = operation["responses"]["403"]["content"]["application/problem+json"]["examples"]
        assert ("missing-scope" in refusals) is bool(scopes)
        assert ("cross-site-request" in refusals) is (method != "get")


class TestScopesAreTrue:
    async def test_named_scope_and_no_other_opens_the_operation(self, registry: Registry) -> None:
        office = await registry.add_office("CA001000A")
        for name, path, method, operation in operations():
            if name != "registry" or operation["operationId"] in {*PUBLIC, *OWN}:
                continue
            if "machineClient" not in operation["security"][0]:
                continue  # people's operations; tests/people
            (scope,) = operation["security"][0]["machineClient"]
            others = " ".join(each for each in CLIENT_SCOPES if each != scope)
            for scopes, is_open in ((scope, scope in CLIENT_SCOPES), (others, False)):
                client = registry.client(office.code, office.client_id, scopes)
                response = await call(client.http, path, method, operation)
                assert (response.status_code != 403) is is_open, (path, scope, response.text)
                assert str(response.status_code) in operation["responses"], response.text

    async def test_examples_are_what_the_service_takes(self, registry: Registry) -> None:
        office = await registry.add_office("CA001000A")
        for path in ("/v1/cases/{source_system}/{external_id}", "/v1/cases"):
            operation = document("registry")["paths"][path]["put"]
            operation = (
                {
                    **operation,
                    "parameters": [
                        each for each in operation["parameters"] if each["in"] == "path"
                    ],
                }
                if "parameters" in operation
                else operation
            )
            response = await call(office.http, path, "put", operation)
            assert response.status_code in {200, 201}, response.text
            assert "refused" not in response.text


async def call(http: httpx.AsyncClient, path: str, method: str, operation: Any) -> httpx.Response:
    """Call an operation as its examples say."""
    headers = {}
    for parameter in operation.get("parameters", ()):
        example = parameter["schema"]["examples"][0]
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", example)
        if parameter["in"] == "header":
            headers[parameter["name"]] = example
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return await http.request(method, path, json=body.get("example"), headers=headers)


WHOLE: Final = {
    "AccessRead": "how one office stands to one case, by the own office's grants",
    "AccessReview": "a yearly report: of everybody and every client of the own office",
    "AgendaRead": "the sheet of a meeting: of the offices of one state",
    "AgreementExport": "a paper: parties, versions and instruments are counted",
    "AgreementProposalList": "what waits is counted",
    "CaseRead": "what the own office posted of one case",
    "FactorsRead": "passkeys are counted",
    "FiguresRead": "one for each topic",
    "FollowUpRead": "one for each level of a round",
    "HandlingRead": "parties and the steps of the machine",
    "InsightRead": "one for each county and month of one state",
    "MatterRead": "parties, and hand-overs of the lead, which leadership signs",
    "MeRead": "scopes",
    "MeetingList": "the committees of one state",
    "MetaRead": "resources of this registry",
    "NetworkRead": "cases and overlaps of one network are counted",
    "NoticeSettingsRead": "types of events",
    "OprfKeysRead": "evaluators of this registry",
    "OriginList": "a record for disclosure counsel, which is to have all of it",
    "OverlapRead": "findings of one overlap are counted",
    "ProviderProposalList": "what waits is counted",
    "SignInRead": "roles",
    "StatementRead": "a paper: who was on the team",
    "TermsVersionList": "versions are counted",
    "WebhookList": "webhooks are counted",
}
"""Bodies with lists that are not paged, and where these end."""


class TestLists:
    def test_each_has_an_end(self) -> None:
        unpaged = set()
        for name, _, method, operation in operations():
            is_paged = "cursor" in {each["name"] for each in operation.get("parameters", ())}
            if method != "get" or is_paged:
                continue
            for media_type in contents({"responses": {"200": operation["responses"]["200"]}}):
                body = media_type.get("schema", {}).get("$ref", "").rpartition("/")[2]
                schema = document(name)["components"]["schemas"].get(body, {})
                if any("items" in each for each in schema.get("properties", {}).values()):
                    unpaged.add(body)
        assert unpaged == WHOLE.keys()


NO_STATE: Final = {
    "conflict": "the parent of the others, never raised itself",
    # what there is of is counted, or is there or not
    "client-key-exists": "a key is known or not",
    "client-keys-full": "keys are counted",
    "client-key-in-use": "of a live key the last one stays",
    "person-exists": "an account's name is taken or not",
    "instruments-too-many": "referrals and consents on record are counted",
    "passkeys-too-many": "passkeys are counted",
    "proposals-too-many": "what waits is counted",
    "views-too-many": "saved views are counted",
    "webhooks-too-many": "webhooks are counted",
    # who may, whenever
    "own-account": "it is never for oneself to do",
    # a text or key was replaced by another, and that one is named elsewhere
    "banner-changed": "GET /v1/banner has the notice in force",
    "epoch-changed": "GET /v1/oprf/keys has the keys in force",
    "infusion-desk-busy": "how many wait is told by the list of questions",
    # commands of the operator, which say themselves what to do first
    "committee-refused": "which committees there are does not change by another's step",
    "epoch-still-taken": "one state of a rotation, told by the code",
    "no-agreement": "there is nothing that could have a state",
    "office-exists": "a code is taken or not",
    "old-tokens-left": "one state of a rotation, told by the code",
    "rotation-under-way": "one state of a rotation, told by the code",
    "run-lost": "told to the lost run itself",
    "run-under-way": "one state of a run, told by the code",
}
"""Conflicts that name no `status_now`, and why."""


class TestProblemPage:
    def test_is_up_to_date(self) -> None:
        kept = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
        assert kept == page(), "run `make openapi`"

    def test_codes_are_unique_and_say_what_to_do(self) -> None:
        found = all_errors()
        codes = [error.code for error in found]
        assert len(set(codes)) == len(codes)
        for error in found:
            assert error.code == error.code.lower().replace("_", "-")
            assert error.default_detail.endswith(".")
            assert error.title
            assert not error.title.endswith(".")

    def test_conflicts_say_where_the_thing_stands(self) -> None:
        page()  # loads the errors of every package
        conflicts = {error.code: error for error in all_errors(ConflictError)}
        silent = {code for code, error in conflicts.items() if not issubclass(error, MovedError)}
        assert silent == NO_STATE.keys()
        assert {error.status for error in conflicts.values()} == {409}
        assert {error.code for error in all_errors() if error.status == 409} == conflicts.keys()

    def test_each_error_has_a_code_of_its_own(self) -> None:
        for error in all_errors():
            if error is not AppError:
                assert "code" in vars(error), error.__name__
            assert "status" in vars(error) or error.__mro__[1] is not AppError, error.__name__
