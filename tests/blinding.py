"""Real tokens for tests, under keys of a test's own."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from app.identifiers.encoding import b64u_encode
from app.identifiers.kinds import KINDS
from app.identifiers.match_keys import MatchKey, PersonName, person_aliases, phone_key
from app.identifiers.oprf import KeyPair, key_for
from app.identifiers.ristretto import multiply
from app.identifiers.suite import hash_to_group

SEED = bytes(range(32))


@cache
def _keys(key_class: str) -> KeyPair:
    return key_for(SEED, key_class, 1)


@cache
def element(kind: str, fields: tuple[str, ...]) -> str:
    """Return the base64url element of a match key under the test seed.

    It is k * H(x) as it stands; the exchange that keeps both from the other side gives the same
    (tests/evaluator/test_evaluator.py) and takes ten times as long.
    """
    point = hash_to_group(MatchKey(kind, fields).input)
    return b64u_encode(multiply(_keys(KINDS[kind].key_class).secret, point))


def person(
    given: str = "Alex",
    surname: str = "Samplemann",
    born: str = "1990-02-03",
    *,
    ref: str = "1",
    phones: Iterable[str] = (),
) -> dict[str, Any]:
    """Return a posted subject with the tokens of a name, date of birth and phones."""
    aliases = person_aliases([PersonName(given, surname, born=born)])
    return {
        "ref": ref,
        "names": [
            {
                "rarity": alias.rarity,
                "provenance": "police_report",
                "tokens": {key.kind: element(key.kind, key.fields) for key in alias.keys},
            }
            for alias in aliases
        ],
        "identifiers": [
            {
                "kind": "tel",
                "provenance": "own_investigation",
                "token": element("tel", phone_key(phone).fields),
            }
            for phone in phones
        ],
    }


def raw(token_fields: Mapping[str, tuple[str, ...]], *, ref: str = "1") -> dict[str, Any]:
    """Return a posted subject with chosen phone-like keys, for tests that need exact sharing."""
    return {
        "ref": ref,
        "identifiers": [
            {"kind": "tel", "provenance": "police_report", "token": element("tel", fields)}
            for fields in token_fields.values()
        ],
    }


def attested(record_class: str) -> dict[str, Any]:
    """Return what a class of people who are not charged needs beside the others."""
    attestation = {
        "attests": record_class,
        "basis": "records",
        "attested_by": "Unit chief",
        "attested_on": "2026-01-05",
        "support_at": "Case file, part 2",
    }
    reasons = {"declined_reason": "evidence"} if record_class == "declined" else {}
    return {"attestation": attestation, **reasons}


def case(*subjects: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a case to put, valid by default."""
    is_attested = changes.get("record_class") in {"pre_charge", "declined"}
    return {
        **(attested(changes["record_class"]) if is_attested else {}),
        "match_spec": "joinder/v1",
        "epoch": 1,
        "record_class": "charged",
        "trafficking_type": "labor",
        "subjects": list(subjects) or [person()],
        **changes,
    }
