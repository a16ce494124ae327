"""Finds what looks like an identifier in a summary, so that it can be refused (I1).

It finds forms, not names: the coded facts carry the meaning of a case, and the summary stays short.
"""

import re
import unicodedata
from typing import Final

import phonenumbers

from app.core.errors import FieldProblem

_FORMS: Final = {
    "social-security-number": re.compile(r"\b\d{3}[-. ]\d{2}[-. ]\d{4}\b"),
    "long-number": re.compile(r"\b\d{8,}\b"),
    "alien-number": re.compile(r"\bA[-# ]?\d{7,9}\b", re.IGNORECASE),
    "email-address": re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+"),
    "date-of-birth": re.compile(
        r"\b(?:d\.?o\.?b\.?|born|birth)\W{0,4}(?:on|date|is)?\W{0,4}\d{1,4}[-/. ]", re.IGNORECASE
    ),
    "vehicle-number": re.compile(r"\b(?=[A-HJ-NPR-Z0-9]*\d)[A-HJ-NPR-Z0-9]{17}\b"),
    "web-address": re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE),
    "handle": re.compile(r"(?:^|\s)@\w{3,}"),
}
_NUMBERED: Final = re.compile(r"(?<![0-9])[0-9]{3}[-._~][0-9]{2,3}[-._~][0-9]{4}(?![0-9])")
"""A social security or phone number with its separators; digits alone may number a case."""

_INVISIBLE: Final = {"Cf", "Cc"}


def find_identifiers(text: str) -> tuple[FieldProblem, ...]:
    """Return where `text` seems to hold identifiers: kind and position, never the value."""
    plain = _plain(text)
    found = [
        (match.start(), code) for code, form in _FORMS.items() for match in form.finditer(plain)
    ]
    phones = phonenumbers.PhoneNumberMatcher(plain, "US", leniency=phonenumbers.Leniency.POSSIBLE)
    found += [(match.start, "phone-number") for match in phones]
    return tuple(
        FieldProblem("/summary", code, f"Remove what stands at character {start + 1}.")
        for start, code in sorted(set(found))[:20]
    )


def check_reference(text: str) -> str:
    """Return a case's or subject's reference; it is shown and logged, so it holds no identifier.

    Raises:
        ValueError: it has the form of a social security or phone number.
    """
    if _NUMBERED.search(text):
        raise ValueError("Use the office's own number; this has the form of an identifier.")
    return text


def _plain(text: str) -> str:
    """Return `text` with compatible forms folded, invisible characters gone and digits Western."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.digit(char)) if char.isdigit() else char
        for char in folded
        if unicodedata.category(char) not in _INVISIBLE or char in "\n\t"
    )
