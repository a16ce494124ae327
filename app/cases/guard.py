"""Finds what looks like an identifier in a text, so that it can be refused (I1).

It finds forms, not names: the coded facts carry the meaning of a case, and texts stay short. What
it takes for an identifier and is none, two persons of the office can let pass (app/reviews).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

import phonenumbers

from app.core.errors import FieldProblem

_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?"
# someone who is of age today; a date in a matter is later, but for the law's own
_BORN: Final = r"(?:19\d\d|200[0-8])"
_PADDED: Final = r"(?:0[1-9]|1[0-2])"
_NOT_CITED: Final = r"(?<!§)(?<!§ )(?<![ACS]\. )(?<!Ann\. )(?<![Cc]ode )"
_NOT_PLATES: Final = (
    "USC|CFR|NRS|ORS|RCW|ARS|CGS|RSA|ILC|MCL|NYS|PEN|GOV|LAB|TEX|CAL|SEC|ART|TIT|CHP|PUB|LAW|USD|"
    "HWY|RTE|APT|STE|BLK|FLR|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|DOJ|FBI|DHS|ICE|DOL|"
    "AND|THE|FOR|VIA|PER|CTS|CNT|NOS|VOL|FED|REG|SUP|APP|PCT|ORC|HRS|KRS|MCA|UCA|TCA|ACA"
)
_WAYS: Final = (
    "street|avenue|boulevard|road|lane|drive|court|place|terrace|circle|highway|parkway|way|trail|"
    "st|ave|blvd|rd|ln|dr|ct|pl|ter|cir|hwy|pkwy"
)
_FORMS: Final = {
    "social-security-number": (
        r"\b\d{3}[-. /]\d{2}[-. /]\d{4}\b",
        r"(?i)\b(?:ssn|social security)(?: [a-z]{2,6}){0,2}\W{0,4}(?:\w{3}\W\w\w\W)?\d{4}\b",
        r"(?i)\bsocial (?:ending|ends(?! in 20\d\d\b)) (?:in|with) \d{4}\b",
    ),
    "long-number": (r"\b\d{8,}\b", r"\b\d{4}[- ]\d{4}[- ]\d{4}[- ]\d{1,7}\b"),
    "alien-number": (r"(?i)\bA[-# ]{0,2}\d{2,3}[- ]?\d{3}[- ]?\d{2,3}\b",),
    "email-address": (
        r"[^\s@]+@[^\s@]+\.[^\s@]+",
        r"(?i)\b[\w.+-]+ ?[\[(] ?at ?[\])] ?[\w-]+ ?(?:[\[(] ?dot ?[\])]|\.) ?\w+",
        r"(?i)\b[\w.+-]+ at [\w-]+(?: ?dot ?|\.)(?:com|net|org|edu|gov)\b",
    ),
    "date-of-birth": (
        (
            r"(?i)\b(?:d\.?o\.?b\.?|born|birth(?:day|date)?)\W{0,4}(?:on|date|is|was)?\W{0,4}"
            rf"(?:\d{{1,4}}[-/. ]|{_MONTH} ?\d)"
        ),
        rf"\b\d{{1,2}} ?[-/.] ?\d{{1,2}} ?[-/.] ?{_BORN}\b",
        r"\b\d{1,2}/\d{1,2}/(?:[3-9]\d|0[0-8])\b",
        # a section of a code has no zeros in front, or the code before it
        rf"(?<![\w.-]){_NOT_CITED}{_PADDED}-(?:0[1-9]|[12]\d|3[01])-[3-9]\d(?![\w-]|\.\d)",
        rf"(?<![\w.-]){_NOT_CITED}{_PADDED}\.(?:0[1-9]|[12]\d|3[01])\.[3-9]\d(?![\w-]|\.\d)",
        rf"\b{_BORN}[-/.]\d{{1,2}}[-/.]\d{{1,2}}\b",
        rf"(?i)\b{_MONTH}[ -]?\d{{1,2}}(?:st|nd|rd|th)?[, -]{{1,2}}{_BORN}\b",
        rf"(?i)\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ -]?{_MONTH}[, -]{{0,2}}{_BORN}\b",
    ),
    "vehicle-number": (r"(?i)\b(?=[A-HJ-NPR-Z0-9]*\d)[A-HJ-NPR-Z0-9]{17}\b",),
    "plate": (
        (
            r"(?i)\b(?:plates?|tag|registration)(?: (?:no|number|is|was|reading))*[ .:#]{1,3}"
            r"(?=[A-Z -]{0,5}\d)[A-Z0-9]{2,4}[- ]?[A-Z0-9]{2,4}\b"
        ),
        r"\b\d[A-Z]{3}\d{3}\b",
        rf"\b(?!{_NOT_PLATES})[A-Z]{{3}}[- ]?\d{{4}}\b",
        rf"\b(?!{_NOT_PLATES})[A-Z]{{3}}-?\d{{3}}\b",
        rf"\b\d{{3}}-?(?!{_NOT_PLATES})[A-Z]{{3}}\b",
    ),
    "license-number": (
        (
            r"(?i)\b(?:driver\W?s? licen[cs]e|c?d\.?l\.?n?|passport|s\.?i\.?d\.?"
            r"|state i\.?d\.?(?: card)?|(?:licen[cs]e|id card)(?= (?:no|num|number)\b| ?#))"
            r"(?: (?:no|num|number|is))*[ .:#-]{1,3}[A-Z]{0,3}[- ]?\d(?:-?\d){4,}"
        ),
    ),
    "address": (
        (
            r"\b\d{1,6}[A-Z]? (?:[NSEW]{1,2}\.? |North |South |East |West )?"
            rf"(?:(?:[A-Z][\w'.-]*|\d+(?:st|nd|rd|th)) ){{1,3}}(?i:{_WAYS})\b"
        ),
        r"(?i)\b\d{1,6} [a-z]{4,} (?:street|avenue|ave|boulevard|blvd)\b",
        r"(?i)\bp\.? ?o\.? box \d",
        r"\b\d{5}-\d{4}\b",
    ),
    "criminal-history": (
        r"(?i)\b(?:ncic|n-?dex|chri|rap sheet|criminal history record|fbi (?:no|number|#))\b",
        r"\b(?:III|Triple I) (?:record|check|hit|query|return|response)s?\b",
    ),
    "visa-petition": (r"\b[TU][- ][Vv]isas?\b|\bI-9(?:14|18|29)\b",),
    "web-address": (
        r"(?i)\bhttps?://|\bwww\.",
        r"(?i)\b[\w-]+\.(?:com|net|org|me|us|io|gg)/\w",
    ),
    "handle": (r"(?:^|\s)@\w{3,}",),
    "phone-number": (
        r"(?<![\d-])\d{3}[-.]\d{4}(?![\d-])",
        r"\(\d{3}\) ?\d{3}",
        r"(?i)\b(?:phone|cell|mobile|call(?:ed|s)?|text(?:ed|s)?) (?:no\.? |number )?\d{3} \d{4}\b",
    ),
}
_COMPILED: Final = [(code, re.compile(form)) for code, forms in _FORMS.items() for form in forms]
_WITHOUT_DIGITS: Final = frozenset(
    {"email-address", "criminal-history", "visa-petition", "web-address", "handle"}
)
"""Kinds whose forms may do without any digit."""
_NUMBERED: Final = re.compile(r"(?<![0-9])[0-9]{3}[-._~][0-9]{2,3}[-._~][0-9]{4}(?![0-9])")
"""A social security or phone number with its separators; digits alone may number a case."""

_INVISIBLE: Final = {"Cf", "Cc"}
_WHOLE_NUMBER: Final = 10
_MOST: Final = 20
"""Places that a refusal names."""


def _one(code: str) -> str:
    """Return what a code names, with its article: `a phone number`."""
    return f"{'an' if code[0] in 'ae' else 'a'} {code.replace('-', ' ')}"


def find_identifiers(text: str, pointer: str = "/summary") -> tuple[FieldProblem, ...]:
    """Return where `text` seems to hold identifiers: kind and position, never the value.

    Positions count the characters of `text` as it was sent. `pointer` is where it stands in the
    body.
    """
    plain, places = _plain(text)
    digits = sum(char.isdigit() for char in plain)
    found = [
        (match.start(), code)
        for code, form in _COMPILED
        if digits or code in _WITHOUT_DIGITS
        for match in form.finditer(plain)
    ]
    phones: Iterable[phonenumbers.PhoneNumberMatch] = ()
    if digits >= _WHOLE_NUMBER:
        phones = phonenumbers.PhoneNumberMatcher(
            plain, "US", leniency=phonenumbers.Leniency.POSSIBLE
        )
    # seven digits may number a docket; those that are written like a phone number are found above
    found += [
        (match.start, "phone-number")
        for match in phones
        if sum(char.isdigit() for char in match.raw_string) >= _WHOLE_NUMBER
    ]
    return tuple(
        FieldProblem(
            pointer, code, f"Remove what looks like {_one(code)} at character {places[start] + 1}."
        )
        for start, code in sorted(set(found))[:_MOST]
    )


def find_in_citation(text: str, pointer: str) -> tuple[FieldProblem, ...]:
    """Return as `find_identifiers` does of a law as it is cited: `HRS 712-1202` is no phone."""
    is_section = sum(char.isdigit() for char in text) < _WHOLE_NUMBER
    return tuple(
        each
        for each in find_identifiers(text, pointer)
        if not (is_section and each.code == "phone-number")
    )


def check_reference(text: str) -> str:
    """Return a case's or subject's reference; it is shown and logged, so it holds no identifier.

    Raises:
        ValueError: it has the form of a social security or phone number.
    """
    if _NUMBERED.search(text):
        raise ValueError("Use the office's own number; this has the form of an identifier.")
    return text


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """Return `text` with compatible forms folded, and for each character where it came from.

    Invisible characters are gone, digits Western, dashes hyphens and white space spaces.
    """
    if text.isascii() and text.isprintable():
        return text, range(len(text))
    kept: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for part in unicodedata.normalize("NFKC", char):
            category = unicodedata.category(part)
            if part.isspace():
                kept.append(" ")
            elif category in _INVISIBLE:
                continue
            elif part.isdigit():
                kept.append(str(unicodedata.digit(part)))
            else:
                kept.append("-" if category == "Pd" or part == "\N{MINUS SIGN}" else part)
            places.append(place)
    return "".join(kept), places
