"""Check digits and checksums, each by the rule of whoever issues the number."""

import hashlib
from collections.abc import Sequence
from typing import Final

_VIN_VALUES: Final = dict(
    zip(
        "0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
        map(int, "012345678912345678123457923456789"),
        strict=True,
    )
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_CONSTANTS: Final = {"bech32": 1, "bech32m": 0x2BC830A3}


def luhn_digit(digits: str) -> str:
    """Return the Luhn check digit that follows `digits` (ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def vin_digit(vin: str) -> str:
    """Return the check digit that a VIN should have at its ninth place (49 CFR 565.15(c)).

    Args:
        vin: 17 of A-Z and 0-9 without I, O and Q; what stands at the ninth place does not count.
    """
    total = sum(_VIN_VALUES[c] * weight for c, weight in zip(vin, _VIN_WEIGHTS, strict=True))
    return "0123456789X"[total % 11]


def is_routing_number(digits: str) -> bool:
    """Say whether nine digits have a valid ABA check digit: weights 3, 7, 1, modulo 10."""
    return sum(int(d) * w for d, w in zip(digits, (3, 7, 1) * 3, strict=True)) % 10 == 0


def base58_decode(text: str, alphabet: str) -> bytes | None:
    """Decode base58, with a zero byte for each leading first letter; None if it is not that."""
    number = 0
    for letter in text:
        place = alphabet.find(letter)
        if place < 0:
            return None
        number = number * 58 + place
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base58check_decode(text: str, alphabet: str) -> bytes | None:
    """Return version and payload if the last four bytes are their double SHA-256, else None."""
    data = base58_decode(text, alphabet)
    if data is None or len(data) < 5:  # noqa: PLR2004 -- a version and a checksum
        return None
    body, checksum = data[:-4], data[-4:]
    twice = hashlib.sha256(hashlib.sha256(body).digest()).digest()
    return body if twice[:4] == checksum else None


def is_segwit_address(address: str, prefix: str) -> bool:
    """Say whether a lower-case address is one of BIP 173 (version 0) or BIP 350 (1 to 16)."""
    head, separator, tail = address.rpartition("1")
    values = [_BECH32.find(letter) for letter in tail]
    if head != prefix or not separator or len(values) < 8 or min(values) < 0:  # noqa: PLR2004
        return False
    version = values[0]
    scheme = "bech32" if version == 0 else "bech32m"
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    if _bech32_polymod(expanded + values) != _BECH32_CONSTANTS[scheme]:
        return False
    bits = 5 * (len(values) - 7)  # without the version and six letters of checksum
    size, padding = divmod(bits, 8)
    rest = values[-7] & ((1 << padding) - 1) if padding else 0
    sizes = (20, 32) if version == 0 else range(2, 41)
    return version <= 16 and padding < 5 and rest == 0 and size in sizes  # noqa: PLR2004


def _bech32_polymod(values: Sequence[int]) -> int:
    """Compute the checksum of BIP 173, the remainder of a BCH code."""
    generators = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(generators):
            check ^= generator if top >> bit & 1 else 0
    return check


def eip55(digits: str) -> str:
    """Write the 40 lower-case hexadecimal digits of an address in the case that EIP-55 gives."""
    digest = keccak256(digits.encode()).hex()
    return "".join(
        letter.upper() if int(nibble, 16) > 7 else letter  # noqa: PLR2004 -- the upper half
        for letter, nibble in zip(digits, digest, strict=False)
    )


def keccak256(data: bytes) -> bytes:
    """Hash as Ethereum does: Keccak[512] with the padding from before FIPS 202.

    The permutation is Keccak-f[1600] of FIPS 202 section 3; hashlib has only the padding of SHA-3.
    """
    rate = 136
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), rate):
        for lane in range(rate // 8):
            at = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        state = _keccak_f(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _keccak_f(state: list[int]) -> list[int]:
    """Apply 24 rounds; lane (x, y) is at x + 5 * y."""
    register = 1
    for _ in range(24):
        columns = [
            state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]
            for x in range(5)
        ]
        state = [
            lane ^ columns[(at - 1) % 5] ^ _rotate(columns[(at + 1) % 5], 1)
            for at, lane in enumerate(state)
        ]
        x, y, current = 1, 0, state[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            moved = _rotate(current, (step + 1) * (step + 2) // 2 % 64)
            current, state[x + 5 * y] = state[x + 5 * y], moved
        state = [
            lane ^ (~state[at - at % 5 + (at + 1) % 5] & state[at - at % 5 + (at + 2) % 5])
            for at, lane in enumerate(state)
        ]
        for power in range(7):
            if register & 1:
                state[0] ^= 1 << (1 << power) - 1
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
    return state


def _rotate(lane: int, by: int) -> int:
    return (lane << by | lane >> 64 - by) & 0xFFFFFFFFFFFFFFFF
