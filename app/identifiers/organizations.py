"""Firms: names, employer numbers, labor-contractor registrations, labor certifications."""

import json
import re
from pathlib import Path
from typing import Final

from app.identifiers.errors import IdentifierError
from app.identifiers.names import fold
from app.identifiers.places import normalize_state, without_state
from app.identifiers.texts import BLANKS, PLACEHOLDERS, compact

_TABLE: Final = Path(__file__).with_name("data").joinpath("firm-words-v1.json").read_bytes()
_LEGAL: Final = frozenset(json.loads(_TABLE)["legal"])
_NO_FEIN_PREFIX: Final = frozenset(json.loads(_TABLE)["no_fein_prefix"])
"""Two digits with which the IRS assigns no EIN (irs.gov, How EINs are assigned and valid EIN
prefixes)."""

_OTHER_NAMES: Final = re.compile(r"\b(?:D ?B ?A|A ?K ?A|F ?K ?A)\b")
"""Doing business as, also known as, formerly known as; another name follows."""

_NOT_FIRMS: Final = frozenset(PLACEHOLDERS["firms"])
_TRADES: Final = frozenset(PLACEHOLDERS["trades"])
"""What many firms are, for a name that is not known."""

_FEIN: Final = re.compile(r"([0-9]{2})[- ]?([0-9]{7})")
_NO_SERIAL: Final = "0000000"
_FEDERAL: Final = "US"
_MSPA: Final = re.compile(r"([CE][0-9]{7,10})[A-Z][0-9]{2}[A-Z]")
"""A federal certificate with what a renewal changes: type, year and reason."""

_REGISTRATION: Final = re.compile(r"(?=.*[0-9])[A-Z0-9]{3,20}")
_CERTIFICATION: Final = re.compile(
    r"(JOA300|JOB400|[HC][34]00|I20[0-3]|P[1-4]00|G100)([0-9]{2}(?:[0-2][0-9]{2}|3[0-6][0-9]))((?!0{6})[0-9]{6})"
)
"""Case numbers of the Office of Foreign Labor Certification: program, year and day, serial."""

_PROGRAMS: Final = re.compile(r"(JO[AB]|[A-Z])([0-9]{3})")


def normalize_organization(raw: str, state: str) -> tuple[tuple[str, str], ...]:
    """Return the names of a firm, each with its state: letters and digits without legal words.

    `Acme, L.L.C. d/b/a Night & Day Spa` is two names, ACME and NIGHTANDDAYSPA.

    Raises:
        IdentifierError: `state-unknown`, `org-name-missing`, `value-not-latin` or
            `value-placeholder`, also for a firm called `self`, or only `Restaurant` or `A`.
    """
    code = normalize_state(state)
    text = fold(raw.replace(".", "").replace("&", " and "))
    spaced = " ".join(re.split(r"[^A-Z0-9]+", text))
    found = [_firm(part) for part in _OTHER_NAMES.split(spaced)]
    compact(raw)  # refuses other scripts and placeholders
    named = [name for name in found if name]
    if not named:
        raise IdentifierError("org-name-missing")
    names = [name for name in named if name not in _TRADES and len(name) > 1]
    if not names:
        raise IdentifierError("value-placeholder")
    return tuple((name, code) for name in dict.fromkeys(names))


def normalize_fein(raw: str) -> str:
    """Return a federal employer identification number as nine digits.

    Raises:
        IdentifierError: `fein-unreadable`, `fein-prefix` or `value-placeholder`.
    """
    match = _FEIN.fullmatch(raw.strip(BLANKS))
    if match is None:
        raise IdentifierError("fein-unreadable")
    digits = compact(match[1] + match[2])
    if match[2] == _NO_SERIAL:
        raise IdentifierError("value-placeholder")
    if match[1] in _NO_FEIN_PREFIX:
        raise IdentifierError("fein-prefix")
    return digits


def normalize_registration(raw: str, state: str = "") -> tuple[str, str]:
    """Return the issuer of a labor contractor's registration and its number.

    Without a state it is a federal certificate (29 CFR 500.40); of it the end, which changes
    with every renewal, is dropped. Of a state's license leading letters and zeros are.

    Raises:
        IdentifierError: `state-unknown`, `flc-unreadable`, or as `texts.compact`.
    """
    number = compact(raw)
    if _is_federal(state):
        match = _MSPA.fullmatch(number)
        issuer, number = _FEDERAL, match[1] if match else number
    else:
        issuer = normalize_state(state)
        number = re.sub(r"^(?:FLC)?0*", "", number)
    if not _REGISTRATION.fullmatch(number):
        raise IdentifierError("flc-unreadable")
    return issuer, compact(number)


def normalize_certification(raw: str, state: str = "") -> tuple[str, str]:
    """Return the issuer of a labor certification or job order and its number.

    The federal form is H-300-24001-123456 or JO-A-300-24001-123456, whatever the signs; any other
    number is a state workforce agency's and needs the state.

    Raises:
        IdentifierError: `state-unknown`, `job-unreadable`, or as `texts.compact`.
    """
    number = compact(raw)
    if match := _CERTIFICATION.fullmatch(number):
        program = _PROGRAMS.sub(r"\1-\2", match[1]).replace("JOA", "JO-A").replace("JOB", "JO-B")
        return _FEDERAL, f"{program}-{match[2]}-{match[3]}"
    if _is_federal(state) or not _REGISTRATION.fullmatch(number):
        raise IdentifierError("job-unreadable")
    code = normalize_state(state)
    number = compact(without_state(number, code))
    if not _REGISTRATION.fullmatch(number):
        raise IdentifierError("job-unreadable")
    return code, number


def _firm(text: str) -> str:
    words = text.split()
    name = "".join([word for word in words if word not in _LEGAL] or words)
    if name in _NOT_FIRMS:
        raise IdentifierError("value-placeholder")
    return compact(name)


def _is_federal(state: str) -> bool:
    return state.strip(BLANKS).upper() in {"", _FEDERAL}
