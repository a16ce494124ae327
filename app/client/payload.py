import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from app.client.details import details
from app.client.exchange import Json
from app.client.prepared import Prepared, PreparedSubject
from app.identifiers.encoding import b64u_encode
from app.identifiers.kinds import MATCH_SPEC

MAX_BULK_CASES: Final = 200
MAX_BULK_BYTES: Final = 1_000_000
"""Size of one bulk request, unless a single case is larger."""


def bulk_entry(prepared: Prepared, tokens: Mapping[bytes, bytes], epoch: int) -> bytes:
    """Return one entry of `PUT /v1/cases` as JSON: nothing raw, only tokens and coded facts.

    Args:
        prepared: The case, its match keys derived.
        tokens: The token of each of its match keys, by OPRF input.
        epoch: The key epoch of the tokens.
    """
    case = prepared.case
    optional = {
        "county_fips": case.county_fips,
        "opened_on": case.opened_on,
        "review_on": case.review_on,
        "summary": case.summary,
    }
    body: Json = {
        "match_spec": MATCH_SPEC,
        "epoch": epoch,
        "record_class": case.record_class,
        "trafficking_type": case.trafficking_type,
        "disclosure": case.disclosure or "open",
        **{name: value for name, value in optional.items() if value},
        **details(case),
        "subjects": [_subject(subject, tokens) for subject in prepared.subjects],
    }
    entry = {"source_system": case.source_system, "external_id": case.external_id, "case": body}
    return json.dumps(entry, separators=(",", ":")).encode()


def cut_bulks(
    entries: Iterable[bytes], *, most_cases: int = MAX_BULK_CASES, most_bytes: int = MAX_BULK_BYTES
) -> Iterator[tuple[int, bytes]]:
    """Yield request bodies and how many entries each holds, within both limits where possible."""
    held: list[bytes] = []
    size = 0
    for entry in entries:
        if held and (len(held) == most_cases or size + len(entry) > most_bytes):
            yield _bulk(held)
            held, size = [], 0
        held.append(entry)
        size += len(entry) + 1
    if held:
        yield _bulk(held)


def _bulk(entries: list[bytes]) -> tuple[int, bytes]:
    return len(entries), b'{"cases":[' + b",".join(entries) + b"]}"


def _subject(subject: PreparedSubject, tokens: Mapping[bytes, bytes]) -> Json:
    provenance = subject.provenance
    return {
        "ref": subject.ref,
        "kind": subject.kind,
        "standing": "suspected" if subject.is_suspected else "not_suspected",
        "is_juvenile": subject.is_juvenile,
        "is_charged": subject.is_charged,
        "names": [
            {
                "rarity": name.rarity,
                "provenance": provenance,
                "tokens": {key.kind: b64u_encode(tokens[key.input]) for key in name.keys},
            }
            for name in subject.names
        ],
        "identifiers": [
            {
                "kind": key.kind,
                "provenance": provenance,
                "token": b64u_encode(tokens[key.input]),
            }
            for key in subject.identifiers
        ],
    }
