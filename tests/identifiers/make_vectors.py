"""Writes openapi/match-vectors-v1.json: from raw values to tokens, for other implementations.

python -m tests.identifiers.make_vectors

Everything is fixed, the blinds and the randomness of the proofs too, which no real office may do.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.identifiers import match_keys, oprf
from app.identifiers.addresses import place_of
from app.identifiers.errors import IdentifierError
from app.identifiers.identifier_keys import VALUE_KINDS, identifier_keys, last_four_keys
from app.identifiers.kinds import KEY_CLASSES, MATCH_SPEC, MATCH_SPEC_REVISION
from app.identifiers.match_keys import PersonName
from app.identifiers.names import COMMONNESS_SHA256, NICKNAMES_SHA256
from app.identifiers.suite import hash_to_scalar
from app.identifiers.tokens import stored_token
from tests.identifiers.samples import REFUSED, VALUES

TARGET: Final = Path(__file__).parents[2] / "openapi/match-vectors-v1.json"

SEED: Final = bytes(range(32))
EPOCH: Final = 1
TOKEN_KEY: Final = hashlib.sha256(b"joinder test K_tok").digest()

PEOPLE: Final[tuple[dict[str, Any], ...]] = (
    {
        "given": "José Luis",
        "surname": "De la Cruz-Peña Jr.",
        "born": "1979-03-05",
        "addresses": (
            {"street": "1600 N Lombard Street, Apt. 4-B", "postcode": "94123-1234"},
            {"street": "P.O. Box 55", "postcode": "2139"},
        ),
    },
    {"given": "Bob", "surname": "O'Brien", "middle": "Xavier", "born": "7/4/1960"},
    {"given": "Łucja", "surname": "Straße", "born": "19851300"},
    {"given": "J", "surname": "Ashcraft", "middle": "Q", "born": "1990-02"},
)
"""Whose match keys go the whole way to a token."""

MORE_PEOPLE: Final[tuple[dict[str, Any], ...]] = (
    {"given": "Chuy", "surname": "García Márquez", "born": "1979-03-05"},
    {"given": "García Márquez", "surname": "Jesús", "born": "1979-05-03"},
    {"given": "Lupita", "surname": "de los Ángeles y Robles", "born": "1984-11"},
    {"given": "Dr. Mary-Ann", "surname": "van der Berg III", "born": "1979"},
    {"given": "Müller", "surname": "", "born": ""},
    {"given": "Miss", "surname": "D'Souza", "middle": "M.", "born": "0000"},
    {"given": "Nguyễn Thị", "surname": "Đặng", "born": "12/31/1999"},
    {"given": "FNU", "surname": "Sample", "born": "1979-03-05"},
    {
        "given": "Sample",
        "surname": "Bob",
        "born": "13/05/1979",
        "addresses": ({"street": "12 High Street", "postcode": "SW1A 1AA", "region": "GB"},),
    },
    {
        "given": "Bob",
        "surname": "Sample",
        "born": "I979-O5-l3",
        "addresses": ({"street": "Hye St", "number": "12", "postcode": "n/a", "region": "US"},),
    },
    {
        "given": "Alex",
        "surname": "Sample",
        "born": "1979-02-31",
        "addresses": (
            {"street": "unknown", "postcode": "93650"},
            {"street": "100 West Fifth Street", "postcode": "00000"},
        ),
    },
    {"given": "Alex NMN", "surname": "Sample", "born": "1979-03-05"},
    {"given": "Alex Bo", "surname": "Sample", "middle": "N/A", "born": "1979-03-05"},
    {"given": "Not given", "surname": "Sample", "middle": "xxx", "born": "1979-03-05"},
    {"given": "Jane", "surname": "Sample-Doe", "born": "1979-03-05"},
    {"given": "Na", "surname": "Sample", "born": "1979-03-05"},
    {"given": "", "surname": "White", "born": "1979-03-05"},
)
REFUSED_PEOPLE: Final = (
    {"given": "Иван", "surname": "Sample"},
    {"given": "", "surname": " - "},
    {"given": "John", "surname": "Doe", "born": "1979-03-05"},
    {"given": "Alex", "surname": "UNKNOWN"},
    {"given": "Alex", "surname": "Test"},
    {"given": "Alex", "surname": "Sample", "born": "3/5/79"},
    {"given": "None", "surname": "None", "born": "1979-03-05"},
    {"given": "Alex", "surname": "N/A"},
    {"given": "N/A", "surname": "Blank"},
    {"given": "", "surname": "NA"},
    {"given": "Alex", "surname": "Xxxx"},
    {"given": "Suspect", "surname": "1"},
    {"given": "Jane", "surname": "Doe #2"},
    {"given": "Doe", "surname": "John"},
    {"given": "", "surname": "Baby Girl Doe"},
    {"given": "Fulano", "surname": "de Tal"},
    {"given": "Alex", "surname": "Not Provided"},
    {"given": "White", "surname": "Male"},
    {"given": "First", "surname": "Last", "born": "1979-03-05"},
    {"given": "No", "surname": "Name", "born": "1979-03-05"},
    {"given": "Alex", "surname": "Sample", "born": "1900-01-01"},
    {"given": "Alex", "surname": "Sample", "born": "12/31/9999"},
)
PHONES: Final = (
    {"raw": "(415) 555-0132 ext 9", "region": "US"},
    {"raw": "02 9374 4000", "region": "AU"},
    {"raw": "+52 55 5550 1234", "region": "US"},
    {"raw": "1.415.555.0132", "region": "US"},
)
REFUSED_PHONES: Final = (
    {"raw": "213-555-0100", "region": "US"},
    {"raw": "(415) 555-1212", "region": "US"},
    {"raw": "000-000-0000", "region": "US"},
    {"raw": "1-888-373-7888", "region": "US"},
    {"raw": "911", "region": "US"},
    {"raw": "555-0132", "region": "US"},
    {"raw": "unknown", "region": "US"},
    {"raw": "000-555-0132", "region": "US"},
    {"raw": "415-155-0132", "region": "US"},
)
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
    {"street": "100 North Example Avenue", "postcode": "93650", "unit": "#12"},
)
REFUSED_ADDRESSES: Final = (
    {"street": "Example Street", "postcode": "93650"},
    {"street": "unknown", "postcode": "93650"},
    {"street": "100 Example Street", "postcode": "n/a"},
    {"street": "100 Example Street", "postcode": "00000-0000"},
    {"street": "100 Unknown", "postcode": "93650"},
    {"street": "0 Homeless", "postcode": "93650"},
)
SSN4_OWNERS: Final = (
    {"given": "Alex", "surname": "De la Cruz-Peña", "born": "1979"},
    {"given": "Alex", "surname": "Sample", "born": "1979-03-05"},
)
LAST_FOURS: Final = (
    {"value": "1234", "names": SSN4_OWNERS[:1]},
    {"value": "***-**-1234", "names": SSN4_OWNERS[1:]},
)
REFUSED_LAST_FOURS: Final = (
    {"value": "1234", "names": ()},
    {"value": "0000", "names": SSN4_OWNERS[:1]},
    {"value": "1234", "names": ({"given": "Alex", "surname": "Unknown", "born": "1979"},)},
    {"value": "234", "names": SSN4_OWNERS[:1]},
)

Raw = dict[str, Any]
Entry = tuple[dict[str, object], match_keys.MatchKey]
"""What an entry of the file says besides the key, and the key."""

READERS: Final[dict[str, Callable[..., Iterable[match_keys.MatchKey]]]] = {
    "tel": lambda **raw: [match_keys.phone_key(**raw)],
    "addr": match_keys.address_keys,
    "ssn4": lambda value, names: last_four_keys(value, [PersonName(**name) for name in names]),
    **{kind: partial(identifier_keys, kind) for kind in VALUE_KINDS},
}
"""What reads a raw value, by the name that entries give it; `person` is read apart."""


def read(reader: str, raw: Raw) -> list[Entry]:
    """Return each match key of a raw value with what its entry says.

    Raises:
        IdentifierError: it is refused.
    """
    said: dict[str, object] = {"reader": reader, "raw": raw}
    if reader == "person":
        names = [PersonName(**{part: raw[part] for part in raw.keys() - {"addresses"}})]
        places = [place_of(**address) for address in raw.get("addresses", ())]
        aliases = match_keys.person_aliases(names, places)
        return [
            (said | {"alias": slot, "rarity": alias.rarity}, key)
            for slot, alias in enumerate(aliases)
            for key in alias.keys
        ]
    return [(said, key) for key in READERS[reader](**raw)]


def accepted() -> Iterator[tuple[str, Raw]]:
    """Yield every raw value that makes match keys, in the order of the file."""
    for reader, raws in (
        ("person", (*PEOPLE, *MORE_PEOPLE)),
        ("tel", PHONES),
        ("addr", ADDRESSES),
        ("ssn4", LAST_FOURS),
    ):
        yield from ((reader, raw) for raw in raws)
    yield from ((kind, {"value": value, "of": of}) for kind, value, of in VALUES)


def refused() -> Iterator[tuple[str, Raw]]:
    """Yield every raw value that is refused, in the order of the file."""
    for reader, raws in (
        ("person", REFUSED_PEOPLE),
        ("tel", REFUSED_PHONES),
        ("addr", REFUSED_ADDRESSES),
        ("ssn4", REFUSED_LAST_FOURS),
    ):
        yield from ((reader, raw) for raw in raws)
    yield from ((kind, {"value": value, "of": of}) for kind, value, of, _ in REFUSED)


def keys() -> Iterator[dict[str, object]]:
    """Yield an entry for every match key of every raw value."""
    for reader, raw in accepted():
        for said, key in read(reader, raw):
            yield {"kind": key.kind, **said, "fields": key.fields, "input": key.input.hex()}


def refusals() -> Iterator[dict[str, object]]:
    """Yield an entry for every raw value that is refused, with the code of why."""
    for reader, raw in refused():
        try:
            read(reader, raw)
        except IdentifierError as error:
            yield {"kind": reader, "reader": reader, "raw": raw, "refused": error.code}


def cases() -> Iterator[Entry]:
    """Yield match keys that go the whole way to a token: at least one of each kind."""
    seen = set()
    for reader, raw in accepted():
        for said, key in read(reader, raw):
            if raw in PEOPLE or reader in {"tel", "addr"} or key.kind not in seen:
                seen.add(key.kind)
                yield said, key


def build() -> bytes:
    """Return the whole file."""
    everything = list(cases())
    classes: dict[str, dict[str, str]] = {}
    vectors: list[dict[str, object]] = []
    for key_class in KEY_CLASSES:
        chosen = [(raw, key) for raw, key in everything if key.spec.key_class == key_class]
        inputs = [key.input for _, key in chosen]
        pair = oprf.key_for(SEED, key_class, EPOCH)
        blinds = [hash_to_scalar(b"test blind" + private_input) for private_input in inputs]
        r = hash_to_scalar(b"test proof r" + key_class.encode())
        blinded = oprf._blind_with(blinds.copy(), inputs)
        evaluated, proof = oprf._evaluate_with(r, pair, blinded.elements)
        elements = oprf.finalize(pair.public, blinded, evaluated, proof)
        classes[key_class] = {
            "secret": pair.secret.hex(),
            "public": pair.public.hex(),
            "proof_r": r.hex(),
            "proof": proof.hex(),
        }
        for index, (raw, key) in enumerate(chosen):
            vectors.append(
                raw
                | {
                    "kind": key.kind,
                    "key_class": key_class,
                    "fields": key.fields,
                    "input": inputs[index].hex(),
                    "blind": blinds[index].hex(),
                    "blinded": blinded.elements[index].hex(),
                    "evaluated": evaluated[index].hex(),
                    "element": elements[index].hex(),
                    "rfc_output": oprf.rfc_output(inputs[index], elements[index]).hex(),
                    "token": stored_token(TOKEN_KEY, key.kind, elements[index]).hex(),
                }
            )
    document = {
        "match_spec": MATCH_SPEC,
        "revision": MATCH_SPEC_REVISION,
        "suite": "RFC 9497 mode 1 (VOPRF), ristretto255-SHA512",
        "note": "keys: every match key of each raw value; refusals: raw values that make none;"
        " vectors: some of the keys from input to token. One proof covers all vectors of a key"
        " class, in the order of this file.",
        "nicknames_sha256": NICKNAMES_SHA256,
        "commonness_sha256": COMMONNESS_SHA256,
        "seed": SEED.hex(),
        "epoch": EPOCH,
        "token_key": TOKEN_KEY.hex(),
        "classes": classes,
        "keys": list(keys()),
        "refusals": list(refusals()),
        "vectors": vectors,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


if __name__ == "__main__":
    TARGET.write_bytes(build())
