"""The files of a rotation: made once, kept by a second run, destroyed at the end."""

from pathlib import Path

import pytest

from app.core.keyfiles import KeyFileError
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import key_for
from app.identifiers.ristretto import multiply
from app.overlaps.keyring import public_classes
from app.rotation.secrets import destroy_keys, make_keys, read_keys
from app.serving.keys import create_keys


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys")
    make_keys(tmp_path / "keys", 2)
    return tmp_path / "keys"


def test_each_delta_leads_from_one_public_key_to_the_next(keys: Path) -> None:
    found = read_keys(keys, keys / "offline" / "rotation.key", 2)
    seed = bytes.fromhex((keys / "evaluator" / "seed-1").read_text())
    assert set(found.deltas) == set(KEY_CLASSES)
    after = public_classes(keys / "public", 2)
    for name, delta in found.deltas.items():
        assert multiply(delta, key_for(seed, name, 1).public).hex() == after[name]
        assert after[name] != public_classes(keys / "public", 1)[name]


def test_a_second_run_keeps_what_is_there_and_makes_what_is_not(keys: Path) -> None:
    files = [path for path in keys.rglob("*-[12]") if path.is_file()]
    before = {path: path.read_text() for path in files}
    assert len(before) == 5
    (keys / "registry" / "delta-1").write_text("")  # killed before it was written
    make_keys(keys, 2)
    assert {path: path.read_text() for path in files} == before
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_destroying_twice_leaves_the_new_epoch_alone(keys: Path) -> None:
    for _ in range(2):
        destroy_keys(keys, 1)
        assert not list(keys.rglob("*-1"))
        assert set(public_classes(keys / "public", 2)) == set(KEY_CLASSES)
        with pytest.raises(FileNotFoundError):
            public_classes(keys / "public", 1)


def test_another_rotation_key_is_refused_before_anything_is_lifted(
    keys: Path, tmp_path: Path
) -> None:
    create_keys(tmp_path / "other")
    with pytest.raises(KeyFileError):
        read_keys(keys, tmp_path / "other" / "offline" / "rotation.key", 2)
