"""Cases to post, made before anything is timed: valid elements, many and cheap."""

import json
import secrets
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from app.identifiers import ristretto
from app.identifiers.encoding import b64u_encode
from app.identifiers.kinds import KINDS

PERSON_KINDS: Final = tuple(name for name, kind in KINDS.items() if kind.key_class == "person")
OTHER_KINDS: Final = ("tel", "tel", "tel", "tel", "addr", "addr", "addr0", "addr0")
TOKENS_PER_CASE: Final = len(PERSON_KINDS) + len(OTHER_KINDS)
SHARED_PLACE: Final = len(PERSON_KINDS)
"""Where a case's first phone stands among its elements."""


def elements() -> Iterator[str]:
    """Yield distinct valid elements without end: P, P + G, P + 2G, ... from a random P."""
    generator = ristretto.multiply_base((1).to_bytes(ristretto.SIZE, "little"))
    point = ristretto.multiply_base(ristretto.scalar_reduce(secrets.token_bytes(ristretto.WIDE)))
    while True:
        yield b64u_encode(point)
        point = ristretto.add(point, generator)


def people(pool: Iterator[str], count: int) -> list[list[str]]:
    """Return the elements of `count` people: a full name with a date, four phones, two places."""
    return [list(islice(pool, TOKENS_PER_CASE)) for _ in range(count)]


def sharing_phones(pool: Iterator[str], others: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return as many other people; each fifth has the phone of one of `others`.

    That is one token of a hundred, and a case of five that finds an overlap.
    """
    found = people(pool, len(others))
    for mine, other in list(zip(found, others, strict=True))[::5]:
        mine[SHARED_PLACE] = other[SHARED_PLACE]
    return found


def case(person: Sequence[str]) -> dict[str, Any]:
    """Return the case of one person as `PUT /v1/cases/...` takes it."""
    named = dict(zip(PERSON_KINDS, person, strict=False))
    return {
        "match_spec": "joinder/v1",
        "epoch": 1,
        "record_class": "charged",
        "trafficking_type": "labor",
        "county_fips": "06019",
        "opened_on": "2026-01-31",
        "subjects": [
            {
                "ref": "1",
                "names": [{"rarity": 2, "provenance": "police_report", "tokens": named}],
                "identifiers": [
                    {"kind": kind, "provenance": "own_investigation", "token": token}
                    for kind, token in zip(OTHER_KINDS, person[SHARED_PLACE:], strict=True)
                ],
            }
        ],
    }


def bulk(people: Sequence[Sequence[str]], first: int) -> bytes:
    """Return the body of a bulk request; its cases are numbered from `first`."""
    cases = [
        {"source_system": "cms", "external_id": f"24-{number}", "case": case(person)}
        for number, person in enumerate(people, first)
    ]
    return json.dumps({"cases": cases}).encode()
