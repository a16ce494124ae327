"""Vehicles and devices: plates, VINs and IMEIs."""

import re
from typing import Final

from app.identifiers.checksums import luhn_digit, vin_digit
from app.identifiers.errors import IdentifierError
from app.identifiers.places import normalize_state
from app.identifiers.texts import BLANKS, compact

_PLATE: Final = re.compile(r"[A-Z0-9]{2,10}")
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_LOOKALIKES: Final = str.maketrans("OI", "01")
_NEVER_IN_A_VIN: Final = str.maketrans("OQI", "001")
_IMEI: Final = re.compile(r"([0-9]{14})([0-9]?|[0-9]{2})")
_IMEI_SIGNS: Final = re.compile(r"[ ./-]")
_WITH_CHECK_DIGIT: Final = 1


def normalize_plate(raw: str, state: str) -> tuple[str, str]:
    """Return the state of a license plate and its signs; O is 0 and I is 1, as nobody can tell.

    Raises:
        IdentifierError: `state-unknown`, `plate-unreadable`, or as `texts.compact`.
    """
    code, signs = normalize_state(state), compact(raw)
    if not _PLATE.fullmatch(signs):
        raise IdentifierError("plate-unreadable")
    return code, signs.translate(_LOOKALIKES)


def normalize_vin(raw: str) -> str:
    """Return a vehicle identification number, 17 signs with the right check digit.

    I, O and Q, which no VIN has (49 CFR 565.15), are read as 1 and 0.

    Raises:
        IdentifierError: `vin-unreadable`, `vin-check-digit`, or as `texts.compact`.
    """
    vin = compact(raw).translate(_NEVER_IN_A_VIN)
    if not _VIN.fullmatch(vin):
        raise IdentifierError("vin-unreadable")
    if vin_digit(vin) != vin[8]:
        raise IdentifierError("vin-check-digit")
    return vin


def normalize_imei(raw: str) -> str:
    """Return an IMEI as 15 digits, the last one the check digit (3GPP TS 23.003 section 6.2).

    Of 14 digits the check digit is computed, of 16, an IMEISV, too: its last two are a version.

    Raises:
        IdentifierError: `imei-unreadable`, `imei-check-digit`, or as `texts.compact`.
    """
    match = _IMEI.fullmatch(_IMEI_SIGNS.sub("", raw.strip(BLANKS)))
    if match is None:
        raise IdentifierError("imei-unreadable")
    body, rest = compact(match[1]), match[2]
    digit = luhn_digit(body)
    if len(rest) == _WITH_CHECK_DIGIT and rest != digit:
        raise IdentifierError("imei-check-digit")
    return body + digit
