"""Payment handles, crypto wallets and bank accounts."""

import re
from typing import Final

from app.identifiers.checksums import (
    base58_decode,
    base58check_decode,
    eip55,
    is_routing_number,
    is_segwit_address,
)
from app.identifiers.errors import IdentifierError
from app.identifiers.online import account_name, normalize_email
from app.identifiers.phones import normalize_phone
from app.identifiers.services import normalize_service, require_service
from app.identifiers.texts import BLANKS, PLACEHOLDERS, compact

_PHONE_LIKE: Final = re.compile(r"\+?[0-9() .-]{10,20}")

_BITCOIN: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_VERSIONS: Final = {
    "bitcoin": (b"\x00", b"\x05"),
    "dash": (b"\x4c", b"\x10"),
    "dogecoin": (b"\x1e", b"\x16"),
    "litecoin": (b"\x30", b"\x32", b"\x05"),
    "ripple": (b"\x00",),
    "tron": (b"\x41",),
    "zcash": (b"\x1c\xb8", b"\x1c\xbd"),
}
"""What a base58check address begins with, before its 20 bytes of hash."""

_HASH_BYTES: Final = 20
_SEGWIT: Final = {"bitcoin": "bc", "litecoin": "ltc"}
_HEXADECIMAL: Final = re.compile(r"0[xX]([0-9a-fA-F]{40})")
_MONERO: Final = re.compile(f"[48](?:[{_BITCOIN}]{{94}}|[{_BITCOIN}]{{105}})")
_SOLANA_BYTES: Final = 32
_BURNED: Final = frozenset(PLACEHOLDERS["wallets"])

_ROUTING: Final = re.compile(r"(?:0[1-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)[0-9]{7}")
"""Federal Reserve districts, thrifts, electronic ones, traveler's checks."""

_ACCOUNT: Final = re.compile(r"[0-9]{4,17}")
_SIGNS: Final = re.compile(r"[ .-]")


def normalize_payment(raw: str, service: str) -> tuple[str, str]:
    """Return a payment service and who is paid there: an e-mail, a phone or an account name.

    Raises:
        IdentifierError: `service-unknown`, `pay-unreadable`, or of what an e-mail, phone or
            account name may be refused for.
    """
    name = require_service(service, "services", "service-unknown")
    text = raw.strip(BLANKS)
    if _PHONE_LIKE.fullmatch(text):
        return name, normalize_phone(text)
    if text.rfind("@") > 0 and "/" not in text:
        return name, normalize_email(text)
    return name, account_name(text, "pay-unreadable")


def normalize_wallet(raw: str, chain: str) -> tuple[str, str]:
    """Return a chain and an address on it whose checksum holds, where the chain has one.

    Ethereum and the chains that share its addresses are one. Base58 keeps its case, bech32 and
    hexadecimal are lower-case. Solana has no checksum; of Monero only the form is checked.

    Raises:
        IdentifierError: `chain-unknown`, `wallet-checksum`; `value-placeholder` for an address that
            nobody has the key of, as that of zeros.
    """
    name = normalize_service(chain, "chains")
    if name is None or "." in name:
        raise IdentifierError("chain-unknown")
    found = _address(name, raw.strip(BLANKS))
    if found is None:
        raise IdentifierError("wallet-checksum")
    address, hashed = found
    if address in _BURNED or _is_patterned(address) or _is_patterned(hashed):
        raise IdentifierError("value-placeholder")
    return name, address


def normalize_account(raw: str, routing: str) -> tuple[str, str]:
    """Return the routing number of a bank and an account there without leading zeros.

    Raises:
        IdentifierError: `routing-invalid`, `account-unreadable` or `value-placeholder`.
    """
    bank, digits = (_SIGNS.sub("", text.strip(BLANKS)) for text in (routing, raw))
    if not _ROUTING.fullmatch(bank) or not is_routing_number(bank):
        raise IdentifierError("routing-invalid")
    if not _ACCOUNT.fullmatch(digits):
        raise IdentifierError("account-unreadable")
    return bank, compact(digits).lstrip("0")


def _address(chain: str, text: str) -> tuple[str, str] | None:
    """Return an address as it is compared, and what in it is a hash or a key; None if it is none.

    The second are digits: hexadecimal ones, of bech32 its own, of Monero those of the address.
    """
    match chain:
        case "ethereum":
            return _hexadecimal(text)
        case "monero":
            return (text, text) if _MONERO.fullmatch(text) else None
        case "solana":
            key = base58_decode(text, _BITCOIN)
            return (text, key.hex()) if key is not None and len(key) == _SOLANA_BYTES else None
    lower = text.lower()
    is_one_case = text in {lower, text.upper()}  # BIP 173 forbids mixed case
    if is_one_case and chain in _SEGWIT and is_segwit_address(lower, _SEGWIT[chain]):
        return lower, lower[len(_SEGWIT[chain]) + 2 : -6]
    body = base58check_decode(text, _RIPPLE if chain == "ripple" else _BITCOIN)
    if body is None or body[:-_HASH_BYTES] not in _VERSIONS.get(chain, ()):
        return None
    return text, body[-_HASH_BYTES:].hex()


def _hexadecimal(text: str) -> tuple[str, str] | None:
    match = _HEXADECIMAL.fullmatch(text)
    if match is None:
        return None
    lower = match[1].lower()
    is_unchecked = match[1] in {lower, lower.upper()}
    return (f"0x{lower}", lower) if is_unchecked or match[1] == eip55(lower) else None


def _is_patterned(digits: str) -> bool:
    """Say whether two thirds are one digit or a group repeats, as in no hash that came about."""
    most = max(digits.count(digit) for digit in set(digits))
    groups = range(1, len(digits) // 2 + 1)
    return 3 * most >= 2 * len(digits) or any(digits[n:] == digits[:-n] for n in groups)
