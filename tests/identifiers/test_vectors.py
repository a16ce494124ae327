import json
from typing import Any

import pytest

from app.identifiers import dleq
from app.identifiers.encoding import lp
from app.identifiers.errors import ADVICE
from app.identifiers.kinds import KINDS
from tests.identifiers import make_vectors

FILE: dict[str, Any] = json.loads(make_vectors.TARGET.read_bytes())

# What another implementation of the same specification made of the first person, the first phone
# and some more: the beginning of the element, and the token. It was checked with @noble/curves.
ELSEWHERE = {
    "p.xx": ("022617022eb8cc4e", "f91c10d81440478ec3d65e649f5ac831"),
    "p.ld": ("7ecf48f121bc3ac6", "8372ad12d815e1262dddcc5a6380c9a3"),
    "p.fd": ("8e6f545822cd05a1", "8f69c58e3eca53966de2630c4771b5b9"),
    "p.id": ("46617ef27000152c", "a1e0a1e290b32c9cab5c12ebb0780516"),
    "p.nmd": ("1238c47dd791012b", "0a68ea07324c5bd8d7b4f33fef153cf2"),
    "p.nym": ("a01b6e3d7c85788e", "0327f2851763f666391dfdfdf5d7eccf"),
    "p.nyd": ("3cbdf7ee1c995f28", "5806b16ee5c6c346d682a79f4a2e9baa"),
    "p.nsw": ("14736991b648e3ed", "de89bbd8d881ba33835b8075f76c16d0"),
    "p.n": ("68511ac3f2b2095a", "756925968c7954c691e9e446ffc6841b"),
    "p.nm": ("a02417a3da01bb41", "c1898d57401016aa95bf5b7b3b39168b"),
    "p.lmd": ("dc489eb35f424bf4", "0094d63abc0f6d50d6668e7da8d1dcbb"),
    "p.imd": ("64ca3d0ab0157e08", "ef20de71da1b3044eab3dfadac7226c0"),
    "tel": ("f4f0ce3b809c8f92", "8243099cb09aa974a8eda9743ad017fd"),
    "email": ("76fa1a155871e06d", "cf6ed77b7cc2ad2a2efbbd953c19d7f7"),
    "dl": ("6e21f304562e8a0f", "d99a3dd4ae628d694cd917b610384a98"),
    "org": ("22234e4f3bbc6341", "2e31191a14c8ab740de97dab5fb558f7"),
}


def test_the_file_is_up_to_date() -> None:
    assert make_vectors.TARGET.read_bytes() == make_vectors.build()


def test_every_kind_has_one() -> None:
    assert {vector["kind"] for vector in FILE["vectors"]} == set(KINDS)
    assert {vector["kind"] for vector in FILE["keys"]} == set(KINDS)


def test_every_refusal_is_one() -> None:
    assert len(FILE["refusals"]) == len(list(make_vectors.refused()))
    assert {entry["refused"] for entry in FILE["refusals"]} == set(ADVICE) - {
        "too-many-names",
        "value-too-long",
    }


def test_a_vector_begins_as_its_key_does() -> None:
    for vector in FILE["vectors"]:
        assert {name: vector[name] for name in vector.keys() & FILE["keys"][0].keys()} in FILE[
            "keys"
        ]
        parts = [f"{FILE['match_spec']}/{vector['kind']}", *vector["fields"]]
        assert b"".join(lp(part.encode()) for part in parts).hex() == vector["input"]


@pytest.mark.parametrize("key_class", FILE["classes"])
def test_proofs_cover_their_class(key_class: str) -> None:
    batch = [vector for vector in FILE["vectors"] if vector["key_class"] == key_class]
    before, after = (
        [bytes.fromhex(vector[column]) for vector in batch] for column in ("blinded", "evaluated")
    )
    keys = FILE["classes"][key_class]
    public, proof = bytes.fromhex(keys["public"]), bytes.fromhex(keys["proof"])
    assert dleq.verify(public, before, after, proof)


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_agrees_with_another_implementation(kind: str) -> None:
    first = next(vector for vector in FILE["vectors"] if vector["kind"] == kind)
    assert (first["element"][:16], first["token"]) == ELSEWHERE[kind]
