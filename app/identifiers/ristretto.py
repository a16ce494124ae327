"""The prime-order group ristretto255 (RFC 9496) and its scalars, computed by libsodium.

Elements and scalars are `bytes`, 32 long, in their canonical little-endian encodings. Every
function that takes a secret runs in constant time inside libsodium; the surrounding Python only
copies bytes. ctypes releases the interpreter lock during each call.
"""

import ctypes
import importlib.util
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

SIZE: Final = 32
"""Bytes in an element, and in a scalar."""

WIDE: Final = 64
"""Bytes in a uniform string that is mapped to an element or reduced to a scalar."""

IDENTITY: Final = bytes(SIZE)
"""The encoding of the identity element (RFC 9496 section 4.3.2)."""

ZERO: Final = bytes(SIZE)
"""The scalar zero."""

ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""The number of elements in the group, and the modulus of the scalars (RFC 9496 section 4)."""

_SYSTEM_NAMES: Final = ("libsodium.so.26", "libsodium.so.23")

_FUNCTIONS: Final = {
    "crypto_core_ristretto255_is_valid_point": 1,
    "crypto_core_ristretto255_add": 3,
    "crypto_core_ristretto255_from_hash": 2,
    "crypto_core_ristretto255_scalar_reduce": 2,
    "crypto_core_ristretto255_scalar_invert": 2,
    "crypto_core_ristretto255_scalar_add": 3,
    "crypto_core_ristretto255_scalar_sub": 3,
    "crypto_core_ristretto255_scalar_mul": 3,
    "crypto_scalarmult_ristretto255": 3,
    "crypto_scalarmult_ristretto255_base": 2,
}
"""Each function of libsodium that we call, with how many pointers to bytes it takes."""


class RistrettoError(ValueError):
    """A string that is not the element or scalar it should be. It never holds the string."""


def _bundled() -> ctypes.CDLL:
    """Load the libsodium that the `rbcl` wheel carries, leaving no file behind.

    The wheel keeps the library as hexadecimal text in a module which, when imported, writes it to
    a temporary file that it never removes. We read the text instead of importing it. On Linux the
    library goes to an anonymous file in memory, so this works with a read-only or `noexec` /tmp.

    Raises:
        ImportError: `rbcl` is not installed, or keeps the library in another way.
    """
    spec = importlib.util.find_spec("rbcl")  # finds, does not import
    if spec is None or spec.origin is None:
        msg = "neither a system libsodium nor the rbcl package is installed"
        raise ImportError(msg)
    text = Path(spec.origin).with_name("_sodium.py").read_text(encoding="ascii")
    _, found, tail = text.partition("bytes.fromhex('")
    if not found:
        msg = "this release of rbcl keeps libsodium in an unknown way"
        raise ImportError(msg)
    binary = bytes.fromhex(tail[: tail.index("'")])

    if sys.platform == "linux":
        with suppress(OSError):  # a kernel that forbids executing anonymous files (memfd_noexec)
            descriptor = os.memfd_create("libsodium")
            with open(descriptor, "wb") as anonymous:  # noqa: PTH123  # a descriptor has no path
                anonymous.write(binary)
                anonymous.flush()
                return ctypes.CDLL(f"/proc/self/fd/{descriptor}")
    with tempfile.NamedTemporaryFile(
        suffix=".dll" if sys.platform == "win32" else ".so", delete=False
    ) as file:
        file.write(binary)
    try:
        return ctypes.CDLL(file.name)
    finally:
        with suppress(PermissionError):  # Windows keeps the file of a loaded library
            Path(file.name).unlink()


def _load() -> tuple[ctypes.CDLL, str]:
    """Load and initialize libsodium; return it with a line that says which one it is.

    Raises:
        ImportError: no usable libsodium was found.
    """
    for name in (*_SYSTEM_NAMES, None):
        try:
            library = _bundled() if name is None else ctypes.CDLL(name)
            for function, arity in _FUNCTIONS.items():
                getattr(library, function).argtypes = [ctypes.c_char_p] * arity
                getattr(library, function).restype = ctypes.c_int
        except (OSError, AttributeError):  # absent, or built without ristretto255
            continue
        if library.sodium_init() < 0:
            msg = "libsodium could not be initialized"
            raise ImportError(msg)
        library.sodium_version_string.restype = ctypes.c_char_p
        version = library.sodium_version_string().decode()
        return library, f"libsodium {version} ({name or 'from the rbcl package'})"
    msg = "no libsodium with ristretto255 could be loaded"
    raise ImportError(msg)


_sodium, LIBRARY = _load()
# LIBRARY: which libsodium this process uses, for `joinder doctor` and bug reports.

_Output = ctypes.c_char * SIZE


def _need(size: int, *strings: bytes) -> None:
    """Refuse a string of another length: libsodium reads `size` bytes whatever it is given."""
    for string in strings:
        if len(string) != size:
            msg = f"expected {size} bytes"
            raise RistrettoError(msg)


def is_element(candidate: bytes) -> bool:
    """Tell whether `candidate` canonically encodes an element other than the identity.

    This is DeserializeElement of RFC 9497 section 4.1 as a question.
    """
    return (
        len(candidate) == SIZE
        and candidate != IDENTITY
        and _sodium.crypto_core_ristretto255_is_valid_point(candidate) == 1
    )


def is_scalar(candidate: bytes) -> bool:
    """Tell whether `candidate` canonically encodes a scalar (DeserializeScalar, RFC 9497 4.1)."""
    return len(candidate) == SIZE and int.from_bytes(candidate, "little") < ORDER


def multiply(scalar: bytes, element: bytes) -> bytes:
    """Return `scalar * element`.

    Raises:
        RistrettoError: `element` is not canonical or is the identity, or the product is the
            identity. As the order is prime, the last means that the scalar was zero.
    """
    _need(SIZE, scalar, element)
    product = _Output()
    if _sodium.crypto_scalarmult_ristretto255(product, scalar, element) != 0:
        msg = "not a canonical ristretto255 element, or the identity"
        raise RistrettoError(msg)
    return product.raw


def multiply_each(scalar: bytes, elements: Sequence[bytes]) -> list[bytes]:
    """Return `scalar * element` for each element, with as little Python around it as can be.

    Raises:
        RistrettoError: as `multiply`, for any of them.
    """
    _need(SIZE, scalar, *elements)
    product, call = _Output(), _sodium.crypto_scalarmult_ristretto255
    products = [product.raw for element in elements if call(product, scalar, element) == 0]
    if len(products) != len(elements):
        msg = "not a canonical ristretto255 element, or the identity"
        raise RistrettoError(msg)
    return products


def weighted_sum(weights: Sequence[bytes], elements: Sequence[bytes]) -> bytes:
    """Return the sum of `weight * element` over all pairs, at least one.

    Raises:
        RistrettoError: as `multiply`, for any pair.
    """
    _need(SIZE, *weights, *elements)
    total, product = _Output(), _Output()
    times, plus = _sodium.crypto_scalarmult_ristretto255, _sodium.crypto_core_ristretto255_add
    failures = times(total, weights[0], elements[0])
    for weight, element in zip(weights[1:], elements[1:], strict=True):
        failures |= times(product, weight, element) | plus(total, total, product)
    if failures:
        msg = "not a canonical ristretto255 element, or the identity"
        raise RistrettoError(msg)
    return total.raw


def multiply_base(scalar: bytes) -> bytes:
    """Return `scalar` times the generator.

    Raises:
        RistrettoError: the scalar is zero.
    """
    _need(SIZE, scalar)
    product = _Output()
    if _sodium.crypto_scalarmult_ristretto255_base(product, scalar) != 0:
        msg = "the scalar is zero"
        raise RistrettoError(msg)
    return product.raw


def add(left: bytes, right: bytes) -> bytes:
    """Return the sum of two elements, which may be the identity.

    Raises:
        RistrettoError: either is not canonical. The identity is accepted.
    """
    _need(SIZE, left, right)
    total = _Output()
    if _sodium.crypto_core_ristretto255_add(total, left, right) != 0:
        msg = "not a canonical ristretto255 element"
        raise RistrettoError(msg)
    return total.raw


def from_uniform(string: bytes) -> bytes:
    """Map 64 uniform bytes to an element (element derivation, RFC 9496 section 4.3.4)."""
    _need(WIDE, string)
    element = _Output()
    _sodium.crypto_core_ristretto255_from_hash(element, string)
    return element.raw


def scalar_reduce(string: bytes) -> bytes:
    """Reduce 64 bytes, a little-endian integer, modulo the order."""
    _need(WIDE, string)
    scalar = _Output()
    _sodium.crypto_core_ristretto255_scalar_reduce(scalar, string)
    return scalar.raw


def scalar_add(left: bytes, right: bytes) -> bytes:
    """Return the sum of two scalars modulo the order."""
    _need(SIZE, left, right)
    total = _Output()
    _sodium.crypto_core_ristretto255_scalar_add(total, left, right)
    return total.raw


def scalar_subtract(left: bytes, right: bytes) -> bytes:
    """Return `left - right` modulo the order."""
    _need(SIZE, left, right)
    difference = _Output()
    _sodium.crypto_core_ristretto255_scalar_sub(difference, left, right)
    return difference.raw


def scalar_multiply(left: bytes, right: bytes) -> bytes:
    """Return the product of two scalars modulo the order."""
    _need(SIZE, left, right)
    product = _Output()
    _sodium.crypto_core_ristretto255_scalar_mul(product, left, right)
    return product.raw


def scalar_invert(scalar: bytes) -> bytes:
    """Return the multiplicative inverse of `scalar` modulo the order.

    Raises:
        RistrettoError: the scalar is zero.
    """
    _need(SIZE, scalar)
    inverse = _Output()
    if _sodium.crypto_core_ristretto255_scalar_invert(inverse, scalar) != 0:
        msg = "zero has no inverse"
        raise RistrettoError(msg)
    return inverse.raw
