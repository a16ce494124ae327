"""I2. A stolen database without the key reveals no identifier; the key is never in it."""

import hmac
import re
from collections.abc import Callable
from hashlib import sha256, sha512
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.identifiers.encoding import b64u_decode
from app.identifiers.kinds import KINDS_BY_CODE
from app.identifiers.match_keys import PersonName, person_aliases, phone_key
from app.identifiers.tokens import stored_token
from app.overlaps.sealing import HPKE_INFO, HPKE_SUITE, associated_data
from app.serving.keys import create_keys
from tests.blinding import SEED, case, element, person
from tests.database import Template
from tests.factories import Registry
from tests.invariants.dump import dump, holding
from tests.scenes import make_offices

GIVEN, SURNAME, BORN, PHONE = "Alexandrina", "Quillonbeck", "1987-03-09", "415-555-0132"


def _keys() -> list[tuple[str, tuple[str, ...]]]:
    (alias,) = person_aliases([PersonName(GIVEN, SURNAME, born=BORN)])
    return [(key.kind, key.fields) for key in (*alias.keys, phone_key(PHONE))]


KEYS: Final = _keys()
ELEMENTS: Final = [(kind, b64u_decode(element(kind, fields))) for kind, fields in KEYS]


async def post(registry: Registry) -> None:
    (office,) = await make_offices(registry, 1)
    answer = await office.put_case("24-1", case(person(GIVEN, SURNAME, BORN, phones=[PHONE])))
    assert answer.status_code == 201, answer.text


def secret(directory: Path, name: str) -> bytes:
    return bytes.fromhex((directory / name).read_text())


class TestI2AStolenDatabaseRevealsNoIdentifier:
    async def test_it_holds_no_element_no_input_and_no_key(
        self, registry: Registry, fresh_database_url: str, keys_directory: Path
    ) -> None:
        await post(registry)
        tables = await dump(fresh_database_url)
        values = [value.encode() for _, fields in KEYS for value in fields if len(value) > 3]
        for kind, n in ELEMENTS:
            assert not holding(tables, n), kind
            assert not holding(tables, element(kind, dict(KEYS)[kind]).encode()), kind
        for value in (*values, GIVEN.encode(), SURNAME.encode(), BORN.encode(), b"5550132"):
            assert not holding(tables, value), value
        private = [
            *(keys_directory / "registry").iterdir(),
            keys_directory / "offline/rotation.key",
        ]
        for path in private:
            text = path.read_bytes().strip()
            assert not holding(tables, text), path.name
            if re.fullmatch(rb"[0-9a-f]+", text):
                assert not holding(tables, bytes.fromhex(text.decode())), path.name
        assert not holding(tables, SEED)

    async def test_the_search_finds_what_is_there(
        self, registry: Registry, fresh_database_url: str, keys_directory: Path
    ) -> None:
        await post(registry)
        tables = await dump(fresh_database_url)
        token_key = secret(keys_directory, "registry/token-key-1")
        for kind, n in ELEMENTS:
            found = holding(tables, stored_token(token_key, kind, n))
            assert found == ["sightings", "tokens"]

    async def test_an_offices_own_elements_do_not_meet_the_tokens_without_the_key(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        await post(registry)
        tables = await dump(fresh_database_url)
        guesses: list[Callable[[bytes, bytes], bytes]] = [
            lambda _, n: n[:16],
            lambda _, n: sha256(n).digest()[:16],
            lambda kind, n: sha256(kind + n).digest()[:16],
            lambda kind, n: sha256(kind + b"\0" + n).digest()[:16],
            lambda _, n: sha512(n).digest()[:16],
            lambda kind, n: hmac.digest(b"", kind + n, "sha256")[:16],
            lambda kind, n: stored_token(bytes(32), kind.decode(), n),
            lambda kind, n: stored_token(SEED, kind.decode(), n),
        ]
        for kind, n in ELEMENTS:
            for guess in guesses:
                assert not holding(tables, guess(kind.encode(), n))

    async def test_two_registries_with_their_own_keys_share_no_token(
        self, registry: Registry, database_template: Template, tmp_path: Path
    ) -> None:
        await post(registry)
        ours = {row[0] for row in await registry.rows("SELECT token FROM tokens")}
        create_keys(tmp_path / "keys", seed=SEED)
        with database_template.clone() as url:
            async with Registry.started(url, tmp_path / "keys") as other:
                await post(other)
                theirs = {row[0] for row in await other.rows("SELECT token FROM tokens")}
        assert len(ours) == len(theirs) > 0
        assert not ours & theirs


class TestI2TheColdColumn:
    async def test_only_the_rotation_key_opens_it(
        self, registry: Registry, keys_directory: Path
    ) -> None:
        await post(registry)
        ((subject_id, key_id, sealed, sealed_key),) = await registry.rows(
            "SELECT e.subject_id, e.sealing_key_id, e.sealed, k.sealed_key"
            " FROM sealed_elements e JOIN sealing_keys k ON k.id = e.sealing_key_id"
        )
        rotation = X25519PrivateKey.from_private_bytes(
            secret(keys_directory, "offline/rotation.key")
        )
        data_key = HPKE_SUITE.decrypt(
            sealed_key, rotation, info=HPKE_INFO + UUID(str(key_id)).bytes
        )
        count = sealed[0]
        kinds, nonce, text = (
            sealed[1 : 1 + count],
            sealed[1 + count : 13 + count],
            sealed[13 + count :],
        )
        plain = AESGCM(data_key).decrypt(nonce, text, associated_data(subject_id, kinds))
        opened = [
            (KINDS_BY_CODE[code].name, plain[32 * place : 32 * place + 32])
            for place, code in enumerate(kinds)
        ]
        assert sorted(opened) == sorted(ELEMENTS)
        held_by_the_registry = [
            secret(keys_directory, "registry/token-key-1"),
            secret(keys_directory, "registry/app-secret"),
            SEED,
            bytes(32),
        ]
        for key in held_by_the_registry:
            with pytest.raises(InvalidTag):
                AESGCM(key).decrypt(nonce, text, associated_data(subject_id, kinds))
        for another in (X25519PrivateKey.generate(), *map(_as_private, held_by_the_registry)):
            with pytest.raises(InvalidTag):
                HPKE_SUITE.decrypt(sealed_key, another, info=HPKE_INFO + UUID(str(key_id)).bytes)
        with pytest.raises(InvalidTag):
            AESGCM(data_key).decrypt(nonce, text, associated_data(subject_id + 1, kinds))

    async def test_the_data_key_is_nowhere_in_the_database(
        self, registry: Registry, fresh_database_url: str, keys_directory: Path
    ) -> None:
        await post(registry)
        ((key_id, sealed_key),) = await registry.rows("SELECT id, sealed_key FROM sealing_keys")
        rotation = X25519PrivateKey.from_private_bytes(
            secret(keys_directory, "offline/rotation.key")
        )
        data_key = HPKE_SUITE.decrypt(
            sealed_key, rotation, info=HPKE_INFO + UUID(str(key_id)).bytes
        )
        assert not holding(await dump(fresh_database_url), data_key)


def _as_private(key: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(key)
