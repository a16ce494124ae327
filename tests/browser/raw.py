# ruff: noqa: RUF001  # characters that look like others are what offices have
"""Makes names, phones and addresses as messy as offices have them; the same ones every time."""

import json
import random
import re
from pathlib import Path
from typing import Any, Final

from app.identifiers import names
from tests.identifiers import samples

_DATA: Final = Path(names.__file__).with_name("data")
_TABLES: Final[dict[str, Any]] = {
    name: json.loads((_DATA / f"{name}-v1.json").read_bytes())
    for name in ("nicknames", "commonness", "name-words", "street-words", "phone-plans")
}
_WORDS: Final = _TABLES["name-words"]
_NO_NAMES: Final = [
    *(*_WORDS["unsaid"], *_WORDS["unsaid_phrases"], *_WORDS["perhaps_unsaid"], "N/A", "xxx", "Doe"),
    *(*_WORDS["nobody"]["surnames"], *_WORDS["nobody"]["given"], "Doe 2", "de Tal", "J. Doe"),
]
_STREETS: Final = _TABLES["street-words"]
_FIRST: Final = [*_TABLES["nicknames"], *_TABLES["commonness"]["first"]]
_LAST: Final = list(_TABLES["commonness"]["last"])
_REGIONS: Final = [region for region in _TABLES["phone-plans"]["plans"] if region.isalpha()]
_SUFFIXES: Final = [
    spelling for standard, more in _STREETS["suffixes"].items() for spelling in (standard, *more)
]
_DOORS: Final = [*_STREETS["doors"], *_STREETS["perhaps_doors"], "#", "Apt.", "Fl."]
_RARE_NAMES: Final = (
    *("José", "Zoë", "Łukasz", "Ævar", "Þórr", "Straße", "Øyvind", "Đặng", "Nguyễn", "İpek"),
    *("Ŋuyen", "Ħamrun", "Dvořák", "Peña", "D’Angelo", "O`Hara", "ʻIolani", "Saʼid", "Nuño"),
    *("ﬁlip", "Ｊｏｈｎ", "Ⅳ", "M²", "Jean-Luc", "Mary Ann", "X Æ A-12", "Ana/Maria", "Иван"),
    *("李", "محمد", "Σοφία", "no.1", "J.", "", " ", "—", "Jo\u200bse", "N\u0303uno", "\ufeffAnn"),
)
_SAMPLES: Final = [*samples.VALUES, *samples.VALUES, *(each[:3] for each in samples.REFUSED)]
_SPACES: Final = (*" " * 12, "  ", "\t", "\u00a0", "\u2003", "\u3000", "-", ".", ",", "'", "\x1c")
_BEFORE_PHONE: Final = [
    *("", "", "", "+", "+ ", "＋", "++", "0", "1", "011", "00", "+1", "+44 (0)", "tel:", "Cell: "),
]
_AFTER_PHONE: Final = [
    *(" (home)", ";isub=1", ";phone-context=+44", ";phone-context=a.example", "?", "/x302/x2303"),
]
_EXTENSIONS: Final = [
    *(
        " x",
        "ext. ",
        "ext",
        ";ext=",
        ",,",
        "#",
        " extensión ",
        " extensio\u0301n ",
        " / x",
        ",",
        " доб ",
    ),
    *("~", ";", " int ", "anexo: ", "ｅｘｔ", "- ", " - ", "\u00a0x.", "\textn,"),
]
_POSTCODES: Final = [
    *("SW1A 1AA", " k1a-0b1", "", "ıſ12", "2 000", "ab\x1fc9", "123456789", "2139", "+501"),
    *("00000", "0000", "00000-0000", "99999", "501\x85", "\uff11\uff12\uff13\uff14"),
]
_DATES: Final = [
    "",
    "",
    "5 May 1980",
    " \x1f",
    "1980-02-29",
    "\ufeff1979",
    "1979\n",
    "\u20031979\x85",
]
_MISREADINGS: Final = {"0": "OoQ", "1": "Il|!", "2": "Zz", "5": "SsſＳ", "8": "Bb"}
_LETTERS: Final = (
    "abcXYZ'-. ÀéÎõüßñçøåæłđŧışǍȘḀẞﬀﬃªº̧́̈ǆŉ0123456789ΩЖ中⁂™№½²①‐–’ʼ´\u0345\U0001f600\U00011f50"
)


def name(seeded: random.Random) -> list[dict[str, str]]:
    """Return the names of one person, as `PersonName` takes them."""
    return [_name(seeded) for _ in range(seeded.choice((1, 1, 1, 2, 3)))]


def places(seeded: random.Random) -> list[dict[str, str]]:
    """Return the addresses of one person, as `place_of` takes them, some of them twice."""
    some = [address(seeded) for _ in range(4)]
    for each in some:
        del each["unit"]
    return seeded.choices(some, k=seeded.choice((0, 1, 1, 2, 3, 9)))


def phone(seeded: random.Random) -> tuple[str, str]:
    """Return a phone number and the region to read it in."""
    region = seeded.choice(("US", "US", "US", seeded.choice(_REGIONS)))
    plan = _TABLES["phone-plans"]["plans"][region]
    national = _digits(seeded, seeded.choice((*plan["lengths"], 10, 7, 3, 12, 16)))
    if region == "US" and seeded.random() < 0.5:
        national = f"{seeded.randint(201, 989)}55501{seeded.randint(0, 99):02}"
    before = seeded.choice(_BEFORE_PHONE)
    if before in {"+", "011", "00", "＋", ""} and seeded.random() < 0.5:
        before += str(plan["code"])
    after = ""
    if seeded.random() < 0.4:
        after = seeded.choice(_EXTENSIONS) + _digits(seeded, seeded.randint(1, 21))
        after = seeded.choice((after, after + "#", after[:4], seeded.choice(_AFTER_PHONE)))
    return before + _spelled(seeded, national) + after, region


def address(seeded: random.Random) -> dict[str, str]:
    """Return the arguments of `address_keys`."""
    region = seeded.choice(("US", "US", "AU", "GB", "CA"))
    number = seeded.choice((_digits(seeded, seeded.randint(1, 5)), "12A", "1/2", "", "One", "4-6"))
    directions = list(_STREETS["directions"])
    street = [
        seeded.choice(("", "", seeded.choice(directions))),
        seeded.choice((seeded.choice(_LAST), seeded.choice(list(_STREETS["ordinals"])), "42nd")),
        seeded.choice(("", "", "Park", "Saint", "Old", "Hwy", "St")),
        seeded.choice((seeded.choice(_SUFFIXES), seeded.choice(_SUFFIXES), "", "101")),
        seeded.choice(("", "", seeded.choice(directions))),
    ]
    unit = f"{seeded.choice(_DOORS)} {seeded.choice(('4B', 'B', '12', 'b-4', 'Bega', '', 'North'))}"
    line = _spaced(seeded, [seeded.choice(("", "", "Unit 3,", "4/", "a7 /", "Flat 2")), number])
    line += " " + _spaced(seeded, [word for word in street if word])
    line = seeded.choice(
        (line, line, line, f"P.O. Box {number}", f"post office box {number} {line}")
    )
    place = seeded.random()
    return {
        "street": _cased(seeded, _dirty(seeded, f"{line} {unit}" if place < 0.4 else line)),
        "postcode": seeded.choice(
            (_digits(seeded, 5), f"{_digits(seeded, 5)}-1234\u00a0", seeded.choice(_POSTCODES))
        ),
        "number": seeded.choice(("", "", "", number)),
        "unit": seeded.choice(("", "", unit, "REAR", "Bega Flats")),
        "region": region,
    }


def identifier(seeded: random.Random) -> tuple[str, str, str]:
    """Return a kind, a value and whose it is, as `identifier_keys` takes them: samples, changed."""
    kind, value, of = seeded.choice(_SAMPLES)
    if seeded.random() < 0.5:
        value = re.sub("[0-9]", lambda _: seeded.choice("0123456789"), value)
    if seeded.random() < 0.5:
        value = _cased(seeded, _dirty(seeded, value))
    if seeded.random() < 0.2:
        value = seeded.choice(_SAMPLES)[1]
    if seeded.random() < 0.2:
        of = seeded.choice(
            (seeded.choice(_SAMPLES)[2], _dirty(seeded, of), "California", "mx-bcn ")
        )
    return kind, value, of


def _name(seeded: random.Random) -> dict[str, str]:
    given = [_word(seeded, _FIRST) for _ in range(seeded.choice((0, 1, 1, 1, 2, 3)))]
    surname = [_word(seeded, _LAST) for _ in range(seeded.choice((0, 1, 1, 1, 2)))]
    if seeded.random() < 0.3:
        surname.insert(0, seeded.choice(_WORDS["particles"]).title())
    if seeded.random() < 0.2:
        surname.append(seeded.choice(_WORDS["suffixes"]))
    if seeded.random() < 0.2:
        given.insert(0, seeded.choice(_WORDS["titles"]).title() + ".")
    middle = [_word(seeded, _FIRST)[: seeded.choice((1, 9))]] if seeded.random() < 0.4 else []
    if seeded.random() < 0.2:
        for part in (given, surname, middle):
            if seeded.random() < 0.5:
                part[seeded.randint(0, 1) :] = [_cased(seeded, seeded.choice(_NO_NAMES))]
    return {
        "given": _spaced(seeded, given),
        "surname": _spaced(seeded, surname),
        "middle": _spaced(seeded, middle),
        "born": _born(seeded),
    }


def _born(seeded: random.Random) -> str:
    year = seeded.choice((seeded.randint(1900, 2026), seeded.randint(1900, 2026), 0, 1, 1900, 2000))
    month, day = (seeded.randint(0, seeded.choice((13, 32))) for _ in range(2))
    iso = f"{year:04}-{month:02}-{day:02}"
    others = (iso[:7], iso[:4], iso.replace("-", ""), f"{month}/{day}/{year:04}")
    text = seeded.choice((iso, iso, *others, seeded.choice(_DATES)))
    if seeded.random() < 0.2:  # as a scanner reads it
        return "".join(seeded.choice(_MISREADINGS.get(sign, "") + sign) for sign in text)
    return text


def _word(seeded: random.Random, common: list[str]) -> str:
    word = seeded.choice((*[seeded.choice(common)] * 4, seeded.choice(_RARE_NAMES)))
    if seeded.random() < 0.05:
        word = "".join(seeded.choices(_LETTERS, k=seeded.randint(1, 9)))
    return _dirty(seeded, _cased(seeded, word))


def _cased(seeded: random.Random, text: str) -> str:
    return seeded.choice((text, text.title(), text.lower(), text.upper()))


def _spaced(seeded: random.Random, words: list[str]) -> str:
    return "".join(word + seeded.choice(_SPACES) for word in words) + seeded.choice(("", "", " "))


def _dirty(seeded: random.Random, text: str) -> str:
    if text and seeded.random() < 0.1:
        place = seeded.randrange(len(text))
        return text[:place] + seeded.choice(_LETTERS) + text[place + seeded.randint(0, 1) :]
    return text


def _digits(seeded: random.Random, count: int) -> str:
    return "".join(seeded.choices("0123456789", k=count))


def _spelled(seeded: random.Random, digits: str) -> str:
    separators = ("", "", "", " ", "-", ".", " (", ") ", "–", "/")
    text = "".join(seeded.choice(separators) + digit for digit in digits)
    match seeded.randrange(20):
        case 0:  # by the letters of the keypad
            return text[:-4] + "".join(seeded.choices("ABCDEFgxyz", k=4))
        case 1:  # Arabic-Indic, extended, full-width, and Devanagari, which is refused
            zero = ord(seeded.choice("\u0660\u06f0\uff10\u0966"))
            return "".join(chr(zero + int(c)) if c.isdigit() else c for c in text)
        case 2:
            return _dirty(seeded, _dirty(seeded, text))
        case _:
            return text
