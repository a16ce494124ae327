import re
from typing import Final

import phonenumbers

from app.identifiers.errors import IdentifierError
from app.identifiers.texts import PLACEHOLDERS

_READABLE: Final = re.compile(
    r"[\u0000-\u00ff\u0301\u0410-\u044f\u0660-\u0669\u06f0-\u06f9\u2000-\u206f\u2212\u223c\u3000\u30fc\uff00-\uff5e]*"
)
"""What phone numbers are written with. Digits of further scripts differ between releases of
Unicode, and so between clients."""

_WHOLE: Final = re.compile(r"\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{7,14})")
"""E.164 of 8 to 15 digits; under country code 1 with its area code, as seven digits name many, and
no area code or exchange begins with 0 or 1 (47 CFR 52.5): 000 is what one writes for none."""

_FILLERS: Final = re.compile(
    r"""
      ([0-9])\1+                        # 0000000000
    | 0?123456789?0? | 0?987654321?0?   # keyboard runs
    | [0-9]{3} (?: 0000000 | 1111111 | 5555555 | 9999999 | 1234567 | 5550100 | 5551212 )
    """,
    re.VERBOSE,
)
"""National numbers that fill a form. 222-2222 and the like are not here: they can be real."""

_HOTLINES: Final = frozenset(PLACEHOLDERS["hotlines"])
_SHORT_CODES: Final = frozenset(PLACEHOLDERS["short_codes"])


def normalize_phone(raw: str, region: str = "US") -> str:
    """Return a phone number in E.164, such as +14155550132, without its extension.

    The number need not be assigned or even possible: implementations disagree on which are, and
    agree on the digits, which is all that matching needs.

    Args:
        raw: the number as written.
        region: the country that a number without `+` is read in, ISO 3166-1 alpha-2.

    Raises:
        IdentifierError: `phone-unreadable`, `phone-placeholder` for 0000000000 and its like,
            `phone-hotline` for 911 and the numbers that everybody calls.
    """
    if re.sub(r"[^0-9]", "", raw) in _SHORT_CODES:
        raise IdentifierError("phone-hotline")
    number = _parse(raw, region)
    if _FILLERS.fullmatch(phonenumbers.national_significant_number(number)):
        raise IdentifierError("phone-placeholder")
    e164 = _e164(number)
    if not _WHOLE.fullmatch(e164) or _e164(_parse(e164, region)) != e164:
        raise IdentifierError("phone-unreadable")
    if e164 in _HOTLINES:
        raise IdentifierError("phone-hotline")
    return e164


def _parse(text: str, region: str) -> phonenumbers.PhoneNumber:
    if not _READABLE.fullmatch(text):
        raise IdentifierError("phone-unreadable")
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise IdentifierError("phone-unreadable") from None


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
