"""What an export says of a case beside its subjects: attestation, coded facts, stage, labels."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from app.client.cases import Case
from app.client.exchange import Json
from app.reference.statutes import CODES, statute_of
from app.reference.words import (
    BASES,
    CO_OFFENCES,
    DECLINED_REASONS,
    INDUSTRIES,
    OFFENCES,
    ORIGINS,
    STAGES,
)

ATTESTED_CLASSES: Final = ("pre_charge", "declined")
WORDS: Final = {
    "attest_basis": BASES,
    "declined_reason": DECLINED_REASONS,
    "industries": INDUSTRIES,
    "origin": ORIGINS,
    "co_offences": CO_OFFENCES,
    "nibrs": OFFENCES,
    "stage": STAGES,
    "sensitivity": ("routine", "sensitive", "highly_sensitive"),
    "source_confidence": ("A", "B", "C", "X"),
    "information_confidence": ("1", "2", "3", "4"),
    "handling_code": ("routine", "ask_before_use", "no_third_office"),
}
"""The words that a field may hold; of `LISTS` several, with `;` between them."""
LISTS: Final = ("statutes", "nibrs", "industries", "co_offences")
DATES: Final = ("attested_on", "law_on", "charged_on", "stage_on", "begins_on", "ends_on")
TEXTS: Final = ("attested_by", "support_at", "control_official")


def parts(text: str) -> list[str]:
    """Return what a cell of `LISTS` holds, each once."""
    return list(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))


def unknown_fields(case: Case) -> Iterator[str]:
    """Yield the fields whose words the registry does not know; they are not sent."""
    for name, words in WORDS.items():
        text: str = getattr(case, name)
        if any(each not in words for each in (parts(text) if name in LISTS else [text]) if each):
            yield name
    if case.statutes and (not case.law_on or any(_unknown(case.statutes, case.law_on))):
        yield "statutes"
    if bool(case.stage) != bool(case.stage_on):
        yield "stage"
    if case.ends_on and (not case.begins_on or case.ends_on < case.begins_on):
        yield "ends_on"


def is_attested(case: Case) -> bool:
    """Say whether a case without a charge has what its class needs."""
    needed = [case.attest_basis, case.attested_by, case.attested_on, case.support_at]
    if case.record_class == "declined":
        needed.append(case.declined_reason)
    return case.record_class not in ATTESTED_CLASSES or all(needed)


def details(case: Case) -> Json:
    """Return the fields of `PUT /v1/cases` that this module is about; what is empty is absent."""
    body: Json = {}
    if case.record_class in ATTESTED_CLASSES:
        body["attestation"] = {
            "attests": case.record_class,
            "basis": case.attest_basis,
            "attested_by": case.attested_by,
            "attested_on": case.attested_on,
            "support_at": case.support_at,
        }
    if case.record_class == "declined":
        body["declined_reason"] = case.declined_reason
    facts = {
        "offences": list(_offences(case)),
        "industries": parts(case.industries),
        "origin": case.origin,
        "co_offences": parts(case.co_offences),
        "period": _given(case, ("begins_on", "ends_on")) if case.begins_on else None,
    }
    labels: Json = _given(
        case, ("sensitivity", "source_confidence", "handling_code", "control_official")
    )
    if case.information_confidence:
        labels["information_confidence"] = int(case.information_confidence)
    stages = [{"stage": case.stage, "on": case.stage_on}] if case.stage else None
    given = {name: value for name, value in facts.items() if value}
    for name, value in (("facts", given), ("stages", stages), ("labels", labels)):
        if value:
            body[name] = value
    return body


def _offences(case: Case) -> Iterator[Json]:
    charged = {"charged_on": case.charged_on} if case.charged_on else {}
    for code in parts(case.statutes):
        yield {"statute": code, "law_on": case.law_on, **charged}
    for code in parts(case.nibrs):
        yield {"nibrs": code, **charged}


def _given(case: Case, names: Iterable[str]) -> Json:
    return {name: getattr(case, name) for name in names if getattr(case, name)}


def _unknown(statutes: str, law_on: str) -> Iterator[bool]:
    for code in parts(statutes):
        yield code not in CODES or statute_of(code, date.fromisoformat(law_on)) is None
