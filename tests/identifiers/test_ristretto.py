import ctypes
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from app.identifiers import ristretto

# RFC 9496 appendix A.1: multiples of the generator
GENERATOR = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
TWICE = bytes.fromhex("6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919")

# RFC 9496 appendix A.2: encodings that must be refused
BAD = {
    "not below p": "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "p itself": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "negative": "0100000000000000000000000000000000000000000000000000000000000000",
    "not a square": "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "s = -1": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}


def scalar(value: int) -> bytes:
    return value.to_bytes(32, "little")


class _NoSystemSodium(ctypes.CDLL):
    def __init__(self, name: str, *arguments: Any) -> None:
        if name.startswith("libsodium"):
            raise OSError(name)
        super().__init__(name, *arguments)


def load_again(*, bundled: bool) -> ModuleType:
    """Return a second copy of the module on the system's library, or on that of the wheel."""
    spec = importlib.util.spec_from_file_location("ristretto_again", ristretto.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        if bundled:
            patch.setattr(ctypes, "CDLL", _NoSystemSodium)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["system", "bundled"])
def group(request: pytest.FixtureRequest) -> ModuleType:
    module = load_again(bundled=request.param == "bundled")
    if request.param == "system" and "rbcl" in module.LIBRARY:
        pytest.skip("this machine has no system libsodium")
    return module


class TestBothLibraries:
    def test_says_which_one_it_is(self, group: ModuleType) -> None:
        assert group.LIBRARY.startswith("libsodium 1.")

    def test_generator(self, group: ModuleType) -> None:
        assert group.multiply_base(scalar(1)) == GENERATOR
        assert group.multiply_base(scalar(2)) == TWICE
        assert group.multiply(scalar(2), GENERATOR) == group.add(GENERATOR, GENERATOR) == TWICE

    def test_scalars_form_a_field(self, group: ModuleType) -> None:
        order, a, b = group.ORDER, 3**150, 5**100
        assert group.scalar_add(scalar(a), scalar(order - 1)) == scalar(a - 1)
        assert group.scalar_subtract(scalar(0), scalar(1)) == scalar(order - 1)
        assert group.scalar_multiply(scalar(a), scalar(b)) == scalar(a * b % order)
        assert group.scalar_invert(scalar(a)) == scalar(pow(a, -1, order))
        assert group.scalar_reduce(b"\xff" * 64) == scalar((2**512 - 1) % order)

    @pytest.mark.parametrize("encoding", BAD.values(), ids=BAD)
    def test_refuses_bad_encodings(self, group: ModuleType, encoding: str) -> None:
        bad = bytes.fromhex(encoding)
        assert not group.is_element(bad)
        with pytest.raises(group.RistrettoError):
            group.multiply(scalar(1), bad)
        with pytest.raises(group.RistrettoError):
            group.add(GENERATOR, bad)

    def test_refuses_the_identity_and_zero(self, group: ModuleType) -> None:
        assert not group.is_element(group.IDENTITY)
        with pytest.raises(group.RistrettoError):
            group.multiply(scalar(1), group.IDENTITY)
        for function, arguments in (
            (group.multiply, (scalar(0), GENERATOR)),
            (group.multiply_base, (scalar(0),)),
            (group.scalar_invert, (scalar(0),)),
        ):
            with pytest.raises(group.RistrettoError):
                function(*arguments)

    def test_scalars_below_the_order_only(self, group: ModuleType) -> None:
        assert group.is_scalar(scalar(group.ORDER - 1))
        assert not group.is_scalar(scalar(group.ORDER))
        assert not group.is_scalar(bytes(31))

    @pytest.mark.parametrize("length", [0, 31, 33])
    def test_never_reads_past_a_short_string(self, group: ModuleType, length: int) -> None:
        short, good = bytes(length), scalar(1)
        assert not group.is_element(short)
        for function in (
            group.multiply,
            group.add,
            group.scalar_add,
            group.scalar_subtract,
            group.scalar_multiply,
        ):
            with pytest.raises(group.RistrettoError):
                function(short, good)
            with pytest.raises(group.RistrettoError):
                function(good, short)
        for function in (group.multiply_base, group.scalar_invert):
            with pytest.raises(group.RistrettoError):
                function(short)
        for function in (group.from_uniform, group.scalar_reduce):
            with pytest.raises(group.RistrettoError):
                function(bytes(63))


class TestBundledLibrary:
    def test_passes_the_rfc_vectors_and_leaves_no_file(self, tmp_path: Path) -> None:
        load_in_a_process_of_its_own(tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the file of a library")
    def test_leaves_no_file_without_anonymous_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> int:
            raise PermissionError

        monkeypatch.setattr(os, "memfd_create", refuse, raising=False)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        assert load_again(bundled=True).multiply_base(scalar(1)) == GENERATOR
        assert list(tmp_path.iterdir()) == []

    def test_without_any_library_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        with pytest.raises(ImportError, match="rbcl"):
            load_again(bundled=True)


def load_in_a_process_of_its_own(temporary: Path) -> None:
    """Use the wheel's library where a leak would show, with open files counted."""
    program = (
        "import ctypes, os\n"
        "real = ctypes.CDLL\n"
        "def load(name, *rest):\n"
        "    if name.startswith('libsodium'): raise OSError(name)\n"
        "    return real(name, *rest)\n"
        "ctypes.CDLL = load\n"
        "from app.identifiers import ristretto\n"
        "assert 'rbcl' in ristretto.LIBRARY\n"
        "from tests.identifiers.rfc9497 import check_vectors\n"
        "check_vectors()\n"
        "links = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')[:-1]]\n"
        "assert not any('sodium' in link for link in links), links\n"
    )
    environment = os.environ | {"TMPDIR": str(temporary)}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=root)
