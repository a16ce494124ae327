"""From what a form sent to the same schemas that the API takes, and back to hints by field."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from app.cases.guard import find_identifiers
from app.core.errors import AppError

Schema = TypeVar("Schema", bound=BaseModel)

SUBJECTS_NEEDED: Final = "Add at least one person or organization with a name or an identifier."
_HINTS: Final = {
    "source_system": "Lower-case letters, digits, - and _, at most 32, such as cms.",
    "external_id": "Letters, digits, dots, hyphens and underscores, at most 64, and nothing that "
    "looks like a phone number or a Social Security number.",
    "county_fips": "Choose a county, or none.",
    "opened_on": "A date.",
    "review_on": "A date, at most as far ahead as your state allows.",
    "summary": "At most 2,000 characters of plain text, without names, numbers or addresses.",
    "reason": "Say why.",
    "verdict": "Choose one answer.",
    "kind": "Choose what you ask for.",
    "act": "Choose what your office is about to do.",
    "lead": "Choose who should lead.",
    "ends_on": "A date, at most two years ahead.",
    "statutes": "One on each line, as the state cites it, such as Cal. Penal Code § 236.1.",
    "review_every_days": "7 to 180 days.",
    "notice_days": "0 to 90 days.",
    "post": "The post that you hold, such as Unit head.",
    "offices": "Choose offices, each by its code, such as CA019000A.",
    "office": "Choose an office by its code, such as CA019000A.",
    "authority": "The law as cited, such as Cal. Gov. Code § 12550.",
    "signatory": "The post of who signed, such as District Attorney.",
    "dated_on": "A date.",
    "document_sha256": "64 digits and letters a to f.",
    "joined_on": "A date while the matter lasts.",
    "due_on": "A date.",
    "explanation": "20 to 500 characters, without names, numbers or addresses.",
    "answer": "Choose one answer.",
    "question": "10 to 1,000 characters, in general terms.",
    "desk": "Choose an office that gives advice.",
    "topic": "Choose a topic.",
    "use": "Say whether it was used, and what for or why not.",
    "outcome": "Say what your office made of it.",
    "advice": "10 to 4,000 characters, in general terms.",
    "subjects": SUBJECTS_NEEDED,
    "record_class": "Choose how far the matter has come.",
    "trafficking_type": "Choose one.",
    "disclosure": "Choose one.",
    "attestation": "Before charges and after a declination, fill in all four fields here.",
    "declined_reason": "Give a reason with a declined case.",
    "totp": "Six digits from your authenticator app.",
    "code": "Six digits from your authenticator app.",
}
_WHOLE: Final = {
    "VerdictPut": "reason",
    "CasePut": "declined_reason",
    "CaseChange": "attestation",
    "ContactAnswer": "reason",
    "AgreementSign": "ends_on",
    "FollowUpStep": "resolution",
}
"""Where a rule about the whole of a schema is shown."""

_PLAIN: Final = "This holds what looks like a number, a date of birth or an address. Take it out."
_IN: Final = {
    "CaseChange.attestation": "Before charges and after a declination, fill in the four fields "
    "here; with a declination also why.",
    "CaseChange.facts": "Two dates, the end not before the beginning.",
    "CaseChange.stages": "Choose the step and give its day.",
    "CaseChange.labels": "At most 200 characters, a role and not a name.",
    "CaseWithdraw.reason": "Choose why.",
    "HoldSet.reason": "10 to 300 characters, without names, numbers or addresses.",
    "CorrectionAsk.asked_for": "Choose for whom.",
    "CorrectionAsk.ground": "Choose what is said to be wrong.",
    "CorrectionSettle.outcome": "Choose what came of it.",
    "SummaryReadingAsk.summary": "At most 2,000 characters: the very text that was refused.",
    "SummaryReadingAsk.reason": "10 to 300 characters, without quoting what was found.",
    "SummaryReadingGive.summary": "At most 2,000 characters: the very text that was refused.",
    "FeedChoicePut.has_contact_first": "Choose one.",
    "SuppressionAdd.kind": "Choose the kind.",
    "SuppressionAdd.reason": "Choose whose it is.",
    "SuppressionAdd.mode": "Choose what it should do.",
    "SuppressionAdd.scope": "Choose to which pairs it applies.",
    "SuppressionAdd.expires_on": "A date, at most two years ahead.",
    "PasskeyAdd.label": "What you call the device, such as Office laptop.",
    "PasswordChange.password": "15 characters or more, at most 200.",
    "PersonAdd.account": "2 to 100 small letters, digits and . _ @ + -, a letter or digit first.",
    "PersonAdd.name": "What they are called.",
    "PersonAdd.roles": "Choose at least one.",
    "RolesSet.roles": "Choose at least one.",
    "MachineAdd.label": "What runs there.",
    "MachineAdd.scopes": "Choose at least one.",
    "CommitmentSign.": "At most two years ahead.",
    "CommitmentSign.lapses_on": "A date, at most two years ahead.",
    "CommitmentSign.signatory": "The post that you hold.",
    "CommitmentSign.trafficking_type": "Choose one.",
    "AgreementSign.version": "What the text is called.",
    "AgreementSign.signatory": "The post that you hold.",
    "AgreementSign.effective_on": "A date, today or later.",
    "AgreementSign.ends_on": "A date after the first day in force, which is today or later.",
    "ProviderName.issuer": "An https address.",
    "ProviderName.client_id": "What the provider calls the registry.",
    "ProviderName.acr_values": "At least one, at most ten.",
    "GrantMake.office": "Choose an office, or type its code.",
    "GrantMake.rung": "Choose how far.",
    "GrantMake.purpose": "Choose what for.",
    "GrantMake.expires_at": "A date, at most a year ahead.",
    "GlassAsk.reason": "20 to 500 characters, without names, numbers or addresses.",
    "GlassAsk.minutes": "Choose for how long.",
    "FollowUpStep.resolution": "Choose what it came to.",
    "GlassReview.finding": "Choose one answer.",
    "WallSet.office": "Name another office by its code.",
    "WallSet.": "Name either another office or a person of yours.",
}
"""Hints that hold for a field of one schema."""

_NUMBER: Final = TypeAdapter(int)
_OTHERWISE: Final = "Check this entry."
_LOCAL_PATH: Final = re.compile(r"/(?!/)[A-Za-z0-9._~/?=&%+-]*")


def read(schema: type[Schema], values: Mapping[str, Any]) -> tuple[Schema | None, dict[str, str]]:
    """Return the schema of a form, or None and what to do by field.

    Args:
        schema: The same as of the API's operation.
        values: The fields by name; those left empty are not among them.
    """
    try:
        return schema.model_validate(dict(values)), {}
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        names = [
            str(item["loc"][0]) if item["loc"] else _WHOLE.get(schema.__name__, "")
            for item in found
        ]
        form = schema.__name__
        return None, {
            name: _IN.get(f"{form}.{name}") or _HINTS.get(name, _OTHERWISE) for name in names
        }


def hint(name: str) -> str:
    """Return what to do about a field that is not right."""
    return _HINTS.get(name, _OTHERWISE)


def identifying(form: Mapping[str, str], *names: str) -> dict[str, str]:
    """Return by field what to do about texts that hold what looks like an identifier (I1)."""
    return {name: _PLAIN for name in names if find_identifiers(form.get(name, ""), name)}


def read_one(
    schemas: Mapping[str, type[BaseModel]], name: str, form: Mapping[str, str], *more: str
) -> tuple[BaseModel | None, dict[str, str]]:
    """Return the schema that the field `name` chooses, with those of `more` that it has."""
    schema = schemas.get(form.get(name, ""))
    if schema is None:
        return None, {name: _HINTS["answer"]}
    return read(schema, only(form, name, *(each for each in more if each in schema.model_fields)))


def require(schema: type[Schema], values: Mapping[str, Any], refusal: type[AppError]) -> Schema:
    """Return the schema of a form of which it is not told what is wrong with it.

    Raises:
        AppError: `refusal`, where something is.
    """
    body, _ = read(schema, values)
    if body is None:
        raise refusal
    return body


def number(form: Mapping[str, str], name: str) -> int:
    """Return the whole number of a field; 0, which no field of ours takes, if it is none."""
    try:
        return _NUMBER.validate_python(form.get(name, ""))
    except ValidationError:
        return 0


def json_object(form: Mapping[str, str], name: str) -> dict[str, Any] | None:
    """Return the JSON object that a field holds, None if it holds none."""
    try:
        found: Any = json.loads(form.get(name, ""))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def only(form: Mapping[str, str], *names: str) -> dict[str, Any]:
    """Return those fields of a form that were filled in."""
    return {name: form[name] for name in names if form.get(name)}


def refused(error: AppError) -> dict[str, str]:
    """Return by field what a service found wrong with a form; it never quotes the form."""
    found: dict[str, list[str]] = {}
    for problem in error.problems:
        found.setdefault(problem.pointer.strip("/").partition("/")[0], []).append(problem.detail)
    return {name: " ".join(details) for name, details in found.items()} or {"": error.detail}


def local_path(text: str) -> str:
    """Return an address of ours to go on to, the start page if `text` is none."""
    return text if _LOCAL_PATH.fullmatch(text) else "/"
