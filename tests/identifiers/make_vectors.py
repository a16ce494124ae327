"""Writes openapi/match-vectors-v1.json: from raw values to tokens, for other implementations.

python -m tests.identifiers.make_vectors

Everything is fixed, the blinds and the randomness of the proofs too, which no real client may do.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from app.identifiers import oprf
from app.identifiers.kinds import KEY_CLASSES, MATCH_SPEC
from app.identifiers.match_keys import (
    MatchKey,
    PersonName,
    address_keys,
    person_aliases,
    phone_key,
)
from app.identifiers.names import COMMONNESS_SHA256, NICKNAMES_SHA256
from app.identifiers.suite import hash_to_scalar
from app.identifiers.tokens import stored_token

TARGET: Final = Path(__file__).parents[2] / "openapi/match-vectors-v1.json"

SEED: Final = bytes(range(32))
EPOCH: Final = 1
TOKEN_KEY: Final = hashlib.sha256(b"joinder test K_tok").digest()

# each raw value with the match keys that it makes, one person per dozen
PEOPLE: Final = (
    ("José Luis", "De la Cruz-Peña Jr.", "", "1979-03-05"),
    ("Bob", "O'Brien", "Xavier", "7/4/1960"),
    ("Łucja", "Straße", "", "19851300"),
    ("J", "Ashcraft", "Q", "1990-02"),
)
PHONES: Final = (("(415) 555-0132 ext 9", "US"), ("02 9374 4000", "AU"))
ADDRESSES: Final = (
    {"street": "1600 Lombard Street, Apt. 4-B", "postcode": "94123-1234"},
    {"street": "P.O. Box 55", "postcode": "2139"},
    {
        "street": "pinkerton circuit",
        "postcode": "4560",
        "number": "12",
        "unit": "bega flats",
        "region": "AU",
    },
)


def raw_values() -> list[tuple[dict[str, Any], list[tuple[int, MatchKey]]]]:
    """Return each raw value with its match keys, numbered by the alias they belong to."""
    values: list[tuple[dict[str, Any], list[tuple[int, MatchKey]]]] = []
    for given, surname, middle, born in PEOPLE:
        aliases = person_aliases([PersonName(given, surname, middle, born)])
        raw = {"given": given, "surname": surname, "middle": middle, "born": born}
        raw["bands"] = [alias.band for alias in aliases]  # type: ignore[assignment]
        keys = [(slot, key) for slot, alias in enumerate(aliases) for key in alias.keys]
        values.append((raw, keys))
    values.extend(
        ({"phone": raw, "region": region}, [(0, phone_key(raw, region))]) for raw, region in PHONES
    )
    values.extend((raw, [(0, key) for key in address_keys(**raw)]) for raw in ADDRESSES)
    return values
