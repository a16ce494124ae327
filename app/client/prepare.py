import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Final

from app.client.ages import is_juvenile
from app.client.cases import (
    DISCLOSURES,
    MAX_IDENTIFIERS,
    MAX_NAMES,
    MAX_SUBJECTS,
    MAX_SUMMARY,
    PROVENANCES,
    RECORD_CLASSES,
    REFUSED_PROVENANCES,
    SUBJECT_KINDS,
    TRAFFICKING_TYPES,
    VALUE_FIELDS,
    Case,
    Identifier,
    Subject,
)
from app.client.details import TEXTS, is_attested, unknown_fields
from app.client.errors import ClientError
from app.client.guard import Guard, holds_identifier
from app.client.prepared import LeftOut, Prepared, PreparedSubject
from app.client.rejects import ADVICE
from app.identifiers.addresses import place_of
from app.identifiers.birth_dates import parse_birth_date
from app.identifiers.errors import IdentifierError
from app.identifiers.identifier_keys import identifier_keys, last_four_keys
from app.identifiers.kinds import KINDS
from app.identifiers.match_keys import (
    MatchKey,
    PersonName,
    address_keys,
    person_aliases,
    phone_key,
)
from app.identifiers.names import is_unsaid
from app.reference.counties import state_of

_SOURCE_SYSTEM: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_EXTERNAL_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}")
_REF: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_COUNTY: Final = re.compile(r"\d{4,5}")


class RefusedKindError(ClientError):
    """A kind of identifier that the subject cannot have."""

    def __init__(self, code: str) -> None:
        super().__init__(code, ADVICE[code])


class RefusedCaseError(ClientError):
    """A case that may not be posted as it is; `field` is what to look at."""

    def __init__(self, code: str, field: str, *, ref: str = "") -> None:
        super().__init__(code, ADVICE[code])
        self.field = field
        self.ref = ref


def prepare(case: Case, today: date | None = None) -> Prepared:
    """Check what leaves the office in clear and derive the match keys of the rest.

    Who by the date of birth is under age on `today` is a juvenile, whatever the case says.

    Raises:
        RefusedCaseError: the case may not be posted.
    """
    _check_codes(case)
    guard = Guard(case.subjects)
    _check_text(guard, "external_id", "external-id", case.external_id)
    if len(case.summary) > MAX_SUMMARY:
        raise RefusedCaseError("summary-too-long", "summary")
    _check_text(guard, "summary", "summary", case.summary)
    for name in TEXTS:
        _check_text(guard, name, "attestation", getattr(case, name))
    if not is_attested(case):
        raise RefusedCaseError("attestation-missing", "record_class")
    left_out = [_left_out("", name, "word-unknown") for name in unknown_fields(case)]
    county = case.county_fips.zfill(5) if _COUNTY.fullmatch(case.county_fips) else ""
    if state_of(county) is None:
        county = ""
    if case.county_fips and not county:
        left_out.append(_left_out("", "county_fips", "county-invalid"))
    subjects = []
    for subject in case.subjects:
        _check_subject(guard, subject)
        if is_juvenile(subject, today) or not subject.is_suspected:
            prepared = _set_apart(subject, today, left_out)
        else:
            prepared = prepare_subject(subject, left_out)
        if prepared.names or prepared.identifiers or not prepared.is_matched:
            subjects.append(prepared)
        else:
            left_out.append(_left_out(subject.ref, "", "nothing-to-match"))
    if not any(each.is_matched for each in subjects):
        raise RefusedCaseError("nothing-to-match", "")
    count = sum(
        sum(len(name.keys) for name in each.names) + len(each.identifiers) for each in subjects
    )
    unknown: dict[str, Any] = dict.fromkeys(unknown_fields(case), "")
    return Prepared(
        replace(case, county_fips=county, **unknown), tuple(subjects), tuple(left_out), count
    )


def _set_apart(subject: Subject, today: date | None, left_out: list[LeftOut]) -> PreparedSubject:
    juvenile = is_juvenile(subject, today)
    code = "juvenile-not-matched" if juvenile else "not-suspected-not-matched"
    left_out.append(_left_out(subject.ref, "", code))
    return PreparedSubject(
        subject.ref, subject.kind, subject.provenance, (), (), subject.is_suspected, juvenile
    )


def _check_codes(case: Case) -> None:
    if case.record_class == "sealed":
        raise RefusedCaseError("record-sealed", "record_class")
    allowed = (
        ("record_class", "record-class-unknown", RECORD_CLASSES),
        ("trafficking_type", "trafficking-type-unknown", TRAFFICKING_TYPES),
        ("disclosure", "disclosure-unknown", ("", *DISCLOSURES)),
    )
    for field, code, values in allowed:
        if getattr(case, field) not in values:
            raise RefusedCaseError(code, field)
    if not _SOURCE_SYSTEM.fullmatch(case.source_system):
        raise RefusedCaseError("source-system-invalid", "source_system")
    if not _EXTERNAL_ID.fullmatch(case.external_id):
        raise RefusedCaseError("external-id-invalid", "external_id")
    if len(case.subjects) > MAX_SUBJECTS:
        raise RefusedCaseError("too-many-subjects", "")


def _check_subject(guard: Guard, subject: Subject) -> None:
    if subject.provenance in REFUSED_PROVENANCES:
        raise RefusedCaseError("provenance-refused", "provenance", ref=subject.ref)
    if subject.provenance not in PROVENANCES:
        raise RefusedCaseError("provenance-unknown", "provenance", ref=subject.ref)
    if subject.kind not in SUBJECT_KINDS:
        raise RefusedCaseError("subject-kind-unknown", "subject_kind", ref=subject.ref)
    if not _REF.fullmatch(subject.ref):
        raise RefusedCaseError("ref-invalid", "subject_ref", ref=subject.ref)
    _check_text(guard, "subject_ref", "ref", subject.ref)


def _check_text(guard: Guard, field: str, prefix: str, text: str) -> None:
    if guard.names_subject(text):
        raise RefusedCaseError(f"{prefix}-names-subject", field)
    if holds_identifier(text):
        raise RefusedCaseError(f"{prefix}-holds-identifier", field)


def prepare_subject(subject: Subject, left_out: list[LeftOut]) -> PreparedSubject:
    """Derive the match keys of a subject; what cannot be read is added to `left_out`."""
    names: list[PersonName] = []
    if subject.kind == "person":
        names = _names(subject, left_out)
    elif subject.names:
        left_out.append(_left_out(subject.ref, "surname", "names-of-organization"))
    identifiers: dict[MatchKey, None] = {}
    for field, derive in _readers(subject, names):
        try:
            identifiers.update(dict.fromkeys(derive()))
        except IdentifierError as error:
            left_out.append(LeftOut(subject.ref, field, error.code, str(error)))
        except RefusedKindError as error:
            left_out.append(_left_out(subject.ref, field, error.code))
    if len(identifiers) > MAX_IDENTIFIERS:
        left_out.append(_left_out(subject.ref, "", "too-many-identifiers"))
    places = [
        place_of(each.street, each.postcode, number=each.number, region=subject.region)
        for each in subject.addresses
    ]
    return PreparedSubject(
        subject.ref,
        subject.kind,
        subject.provenance,
        tuple(person_aliases(names, places)),
        tuple(identifiers)[:MAX_IDENTIFIERS],
        is_charged=subject.is_charged,
    )


def _readers(
    subject: Subject, names: list[PersonName]
) -> Iterator[tuple[str, Callable[[], Iterable[MatchKey]]]]:
    """Yield, for each raw identifier, its field and what derives its match keys."""
    region = subject.region
    for phone in subject.phones:
        yield "phones", partial(_phone_keys, phone, region)
    for each in subject.addresses:
        yield (
            "address_street",
            partial(
                address_keys,
                each.street,
                each.postcode,
                number=each.number,
                unit=each.unit,
                region=region,
            ),
        )
    for value in subject.identifiers:
        yield VALUE_FIELDS.get(value.kind, ""), partial(_keys, subject.kind, value, names)


def _phone_keys(phone: str, region: str) -> tuple[MatchKey, ...]:
    return (phone_key(phone, region),)


def _keys(subject_kind: str, each: Identifier, names: list[PersonName]) -> tuple[MatchKey, ...]:
    """Derive the match keys of one identifier; a whole SSN makes those of its last four, too.

    Raises:
        IdentifierError: the value is refused.
        RefusedKindError: there is no such kind, or subjects of this kind have none.
    """
    if each.kind not in VALUE_FIELDS:
        raise RefusedKindError("kind-unknown")
    if subject_kind not in KINDS[each.kind].subjects:
        raise RefusedKindError("kind-of-other-subject")
    if each.kind == "ssn4":
        return last_four_keys(each.value, names)
    keys = identifier_keys(each.kind, each.value, each.of)
    if each.kind == "ssn" and keys[0].kind == "ssn":
        with suppress(IdentifierError):  # no name with a year: then the whole number stands alone
            keys += last_four_keys(keys[0].fields[0][-4:], names)
    return keys


def _names(subject: Subject, left_out: list[LeftOut]) -> list[PersonName]:
    """Return the names that can be read, each with a date of birth that can."""
    names: list[PersonName] = []
    for name in subject.names:
        born = name.born or subject.born
        try:
            parse_birth_date(born)
        except IdentifierError as error:
            left_out.append(LeftOut(subject.ref, "born", error.code, str(error)))
            born = ""
        dated = replace(name, born=born)
        refused = _refusal(dated)
        if refused:
            left_out.append(LeftOut(subject.ref, "surname", refused.code, str(refused)))
            dated, refused = _without_placeholder(dated, refused)
        if not refused:
            names.append(dated)
    if len(names) > MAX_NAMES:
        left_out.append(_left_out(subject.ref, "aliases", "too-many-names"))
    return names[:MAX_NAMES]


def _refusal(name: PersonName) -> IdentifierError | None:
    try:
        person_aliases([name])
    except IdentifierError as error:
        return error
    return None


def _without_placeholder(
    name: PersonName, refused: IdentifierError
) -> tuple[PersonName, IdentifierError | None]:
    """Return a refused name without a surname that says nothing: of Maria UNKNOWN, Maria."""
    if refused.code != "name-placeholder" or not is_unsaid(name.surname):
        return name, refused
    given = replace(name, surname="")
    return given, _refusal(given)


def _left_out(ref: str, field: str, code: str) -> LeftOut:
    return LeftOut(ref, field, code, ADVICE[code])
