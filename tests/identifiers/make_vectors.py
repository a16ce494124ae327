"""Writes openapi/match-vectors-v1.json: from raw values to tokens, for other implementations.

python -m tests.identifiers.make_vectors

Everything is fixed, the blinds and the randomness of the proofs too, which no real office may do.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.identifiers import match_keys, oprf
from app.identifiers.kinds import KEY_CLASSES, MATCH_SPEC
from app.identifiers.names import COMMONNESS_SHA256, NICKNAMES_SHA256
from app.identifiers.suite import hash_to_scalar
from app.identifiers.tokens import stored_token

TARGET: Final = Path(__file__).parents[2] / "openapi/match-vectors-v1.json"

SEED: Final = bytes(range(32))
EPOCH: Final = 1
TOKEN_KEY: Final = hashlib.sha256(b"joinder test K_tok").digest()

PEOPLE: Final = (
    {"given": "José Luis", "surname": "De la Cruz-Peña Jr.", "born": "1979-03-05"},
    {"given": "Bob", "surname": "O'Brien", "middle": "Xavier", "born": "7/4/1960"},
    {"given": "Łucja", "surname": "Straße", "born": "19851300"},
    {"given": "J", "surname": "Ashcraft", "middle": "Q", "born": "1990-02"},
)
PHONES: Final = (
    {"raw": "(415) 555-0132 ext 9", "region": "US"},
    {"raw": "02 9374 4000", "region": "AU"},
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
)


def cases() -> Iterator[tuple[dict[str, object], match_keys.MatchKey]]:
    """Yield each match key with the raw value it comes from, in the order of the file."""
    for person in PEOPLE:
        aliases = match_keys.person_aliases([match_keys.PersonName(**person)])
        for slot, alias in enumerate(aliases):
            for key in alias.keys:
                yield {"raw": person, "alias": slot, "rarity": alias.rarity}, key
    for phone in PHONES:
        yield {"raw": phone}, match_keys.phone_key(**phone)
    for address in ADDRESSES:
        for key in match_keys.address_keys(**address):
            yield {"raw": address}, key


def build() -> bytes:
    """Return the whole file."""
    everything = list(cases())
    classes: dict[str, dict[str, str]] = {}
    vectors: list[dict[str, object]] = []
    for key_class in KEY_CLASSES:
        chosen = [(raw, key) for raw, key in everything if key.spec.key_class == key_class]
        if not chosen:
            continue
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
        "suite": "RFC 9497 mode 1 (VOPRF), ristretto255-SHA512",
        "note": "One proof covers all vectors of a key class, in the order of this file.",
        "nicknames_sha256": NICKNAMES_SHA256,
        "commonness_sha256": COMMONNESS_SHA256,
        "seed": SEED.hex(),
        "epoch": EPOCH,
        "token_key": TOKEN_KEY.hex(),
        "classes": classes,
        "vectors": vectors,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


if __name__ == "__main__":
    TARGET.write_bytes(build())
