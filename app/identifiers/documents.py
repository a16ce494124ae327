"""Numbers that one person has: Social Security, taxpayer, license, passport, FBI and state."""

import re
from typing import Final

from app.identifiers.errors import IdentifierError
from app.identifiers.places import normalize_country, normalize_state, without_state
from app.identifiers.texts import BLANKS, PLACEHOLDERS, compact

_SSN: Final = re.compile(r"([0-9]{3})[- .]?([0-9]{2})[- .]?([0-9]{4})")
_LAST_FOUR: Final = re.compile(r"(?:[X*#]{3}[- .]?[X*#]{2}[- .]?)?([0-9]{4})")
_FILLED_SSNS: Final = frozenset(PLACEHOLDERS["ssn"])
_ADVERTISED: Final = re.compile(r"98765432[0-9]")
"""987-65-4320 to -4329, which the Social Security Administration keeps for advertisements."""

_ITIN_GROUPS: Final = frozenset(range(50, 100)) - {66, 67, 68, 69, 89, 93}
"""Fourth and fifth digits of an ITIN (IRS Publication 4757: 50-65, 70-88, 90-92, 94-99)."""

_LICENSE: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{4,20}")
_PASSPORT: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{5,15}")
_FBI: Final = re.compile(r"(?:FBI|UCN)?(?:NO)?((?=.*[0-9])[A-Z0-9]{3,9})")
_SID: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{3,12}")


def normalize_ssn(raw: str) -> str:
    """Return a Social Security number as nine digits; an ITIN written in its place, too.

    Raises:
        IdentifierError: `ssn-unreadable`, `ssn-placeholder`, or `ssn-impossible` for what the
            Social Security Administration never issues (20 CFR 422.103, POMS RM 10201.035): area
            000, 666 or 9xx, group 00, serial 0000.
    """
    match = _SSN.fullmatch(raw.strip(BLANKS))
    if match is None:
        raise IdentifierError("ssn-unreadable")
    area, group, serial = match.groups()
    digits = area + group + serial
    if digits in _FILLED_SSNS or _ADVERTISED.fullmatch(digits) or len(set(digits)) == 1:
        raise IdentifierError("ssn-placeholder")
    is_itin = digits[0] == "9" and int(group) in _ITIN_GROUPS
    if serial == "0000" or not (is_itin or _is_issued(area, group)):
        raise IdentifierError("ssn-impossible")
    return digits


def normalize_itin(raw: str) -> str:
    """Return an individual taxpayer identification number as nine digits.

    Raises:
        IdentifierError: as `normalize_ssn`; `itin-impossible` for a number of another range.
    """
    digits = normalize_ssn(raw)
    if digits[0] != "9":
        raise IdentifierError("itin-impossible")
    return digits


def normalize_last_four(raw: str) -> str:
    """Return the last four digits of a Social Security number, also from XXX-XX-1234.

    They are never a key by themselves: one of 10,000 values could be read back by counting.

    Raises:
        IdentifierError: `ssn4-unreadable`; `ssn-placeholder` for 0000.
    """
    match = _LAST_FOUR.fullmatch(raw.strip(BLANKS).upper())
    if match is None:
        raise IdentifierError("ssn4-unreadable")
    if match[1] == "0000":
        raise IdentifierError("ssn-placeholder")
    return match[1]


def normalize_license(raw: str, state: str) -> tuple[str, str]:
    """Return the state of a driver license or identity card and its number.

    Raises:
        IdentifierError: `state-unknown`, `dl-unreadable`, or as `texts.compact`.
    """
    return normalize_state(state), _whole(_LICENSE, compact(raw), "dl-unreadable")


def normalize_passport(raw: str, country: str) -> tuple[str, str]:
    """Return the country that issued a passport and its number.

    Raises:
        IdentifierError: `country-unknown`, `passport-unreadable`, or as `texts.compact`.
    """
    return normalize_country(country), _whole(_PASSPORT, compact(raw), "passport-unreadable")


def normalize_fbi(raw: str) -> str:
    """Return an FBI number or universal control number, at most nine letters and digits.

    Raises:
        IdentifierError: `fbi-unreadable`, or as `texts.compact`.
    """
    match = _FBI.fullmatch(compact(raw))
    if match is None:
        raise IdentifierError("fbi-unreadable")
    return compact(match[1])


def normalize_sid(raw: str, state: str) -> tuple[str, str]:
    """Return a state identification number: its state, and the number without the state's code.

    Raises:
        IdentifierError: `state-unknown`, `sid-unreadable`, or as `texts.compact`.
    """
    code = normalize_state(state)
    return code, _whole(_SID, compact(without_state(compact(raw), code)), "sid-unreadable")


def _is_issued(area: str, group: str) -> bool:
    return area not in {"000", "666"} and area[0] != "9" and group != "00"


def _whole(form: re.Pattern[str], value: str, code: str) -> str:
    if not form.fullmatch(value):
        raise IdentifierError(code)
    return value
