"""Street addresses in the spelling of USPS Publication 28, so that equal doors have equal text.

The same rules serve Australian addresses, which name the unit first: `4/12 Smith Street`.
"""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.identifiers.errors import IdentifierError
from app.identifiers.names import fold_latin, soundex
from app.identifiers.texts import PLACEHOLDERS

_words_json: Final = Path(__file__).with_name("data").joinpath("street-words-v1.json").read_bytes()
_TABLES: Final[dict[str, Any]] = json.loads(_words_json)

_SUFFIXES: Final[dict[str, str]] = {
    spelling: standard
    for standard, spellings in _TABLES["suffixes"].items()
    for spelling in (standard, *spellings)
}
_DIRECTIONS: Final[dict[str, str]] = _TABLES["directions"]
_ORDINALS: Final[dict[str, str]] = _TABLES["ordinals"]

_DOORS: Final = frozenset(_TABLES["doors"])
"""Words that announce a unit and are never part of a street name."""

_PERHAPS_DOORS: Final[dict[str, str]] = _TABLES["perhaps_doors"]
"""Words that announce a unit if a designation follows, with what of them is kept in it."""

_STANDALONE: Final = frozenset(_TABLES["standalone"])
"""Words that are a unit by themselves, at the end of the line."""

_SHORTEST: Final = 2
"""Fewest words of a line: a number and one word of a street. A unit never stands before them."""

_LONGEST: Final = 32
"""Most signs of a house number and of a street's first word; more is no house."""

_BOX: Final = re.compile(r"(?:P ?O|POST OFFICE|GPO) ?BOX (?=[0-9])")
_UNIT_SLASH: Final = re.compile(r"\s*(?:[A-Za-z]+\s+)?([A-Za-z]?[0-9]+[A-Za-z]?)\s*/\s*(?=[0-9])")
_DESIGNATION: Final = re.compile(r"[A-Z]|[A-Z]?[0-9]+[A-Z]?")

_ZIP: Final = re.compile(r"([0-9]{5})(?:-?[0-9]{4})?")
_ZIP_WITHOUT_ZERO: Final = re.compile(r"[0-9]{4}")
_NO_ZIPS: Final = frozenset(PLACEHOLDERS["zips"])
_NO_STREETS: Final = frozenset(PLACEHOLDERS["words"] + PLACEHOLDERS["streets"])
_FOREIGN: Final = re.compile(r"[A-Z0-9]{3,10}")


class Place(NamedTuple):
    """What of an address goes with a name; a part that cannot be read is empty."""

    postcode: str = ""
    number: str = ""
    """Of the house, or of the post office box."""
    street: str = ""
    """Soundex of the word that tells the street; the word itself if it has a digit."""


def place_of(street: str, postcode: str, *, number: str = "", region: str = "US") -> Place:
    """Return what of an address goes with a name, by the rules of `normalize_address`.

    The arguments are those of `normalize_address`. A postcode stands without a street that can be
    read, and a house without a postcode.
    """
    zone, house = "", ("", "")
    with suppress(IdentifierError):
        zone = normalize_postcode(postcode, region)
    with suppress(IdentifierError):
        building, _ = _parts(street, number, "", region)
        at, word, _ = _standard(building)
        if len(at) <= _LONGEST >= len(word):
            house = at, soundex(word) if word.isalpha() else word
    return Place(zone, *house)


def normalize_address(
    street: str, postcode: str, *, number: str = "", unit: str = "", region: str = "US"
) -> tuple[tuple[str, str], tuple[str, str]]:
    """Normalize an address to `(line, postcode)`, once with its unit and once without.

    Without a unit both are equal. City and state are not used: the postcode implies them.

    Args:
        street: the street, or the whole delivery line with number and unit.
        postcode: ZIP, ZIP+4 (cut to five digits), a ZIP whose leading zero a spreadsheet ate,
            or, outside of the United States, any code.
        number: the house number, if kept apart.
        unit: apartment, suite or named building, if kept apart.
        region: the country, ISO 3166-1 alpha-2.

    Raises:
        IdentifierError: `address-incomplete`, `name-not-latin`, `postcode-unreadable` or
            `value-placeholder`.
    """
    zone = normalize_postcode(postcode, region)
    building, designation = _parts(street, number, unit, region)
    _, _, text = _standard(building)
    return (f"{text} UNIT {designation}" if designation else text, zone), (text, zone)


def _parts(street: str, number: str, unit: str, region: str) -> tuple[list[str], str]:
    """Return the words of the building and the designation of the unit."""
    line = f"{number} {street}"
    front = ""
    if region != "US" and (match := _UNIT_SLASH.match(line)):
        front, line = match[1], line[match.end() :]
    building, door = _split(_words(line))
    building = _BOX.sub("PO BOX ", " ".join(building)).split()
    return building, _designation([*_words(front), *door, *_words(unit)])


def _words(text: str) -> list[str]:
    """Fold to words; full stops vanish (`S.E.` is one word) and `#` announces a unit."""
    return re.findall(r"[A-Z0-9]+", fold_latin(text.replace(".", "").replace("#", " UNIT ")))


def normalize_postcode(text: str, region: str = "US") -> str:
    """Return the five digits of a ZIP code, or another country's postcode without spaces.

    Raises:
        IdentifierError: `postcode-unreadable`; `value-placeholder`, as for 00000.
    """
    code = text.strip()
    if region == "US":
        if _ZIP_WITHOUT_ZERO.fullmatch(code):
            code = code.zfill(5)
        if match := _ZIP.fullmatch(code):
            if match[1] in _NO_ZIPS:
                raise IdentifierError("value-placeholder")
            return match[1]
    elif _FOREIGN.fullmatch(code := re.sub(r"[\s-]", "", code).upper()):
        return code
    raise IdentifierError("postcode-unreadable")


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Split a line into the building and its unit, wherever the unit stands."""
    match words:
        case [door, designation, number, *_] if (
            (door in _DOORS or door in _PERHAPS_DOORS)
            and _DESIGNATION.fullmatch(designation)
            and number[0].isdigit()
        ):  # Unit 3, 12 High Street
            front, words = [door, designation], words[2:]
        case _:
            front = []
    end = next((i for i in range(_SHORTEST, len(words)) if _announces(words, i)), len(words))
    while end > _SHORTEST and words[end - 1] in _DOORS | _STANDALONE:
        end -= 1
    return words[:end], front + words[end:]


def _announces(words: list[str], index: int) -> bool:
    """Tell whether the word at `index` announces a unit."""
    match words[index:]:
        case [word, _, *_] if word in _DOORS:
            return True
        case [word, following, *_] if word in _PERHAPS_DOORS:
            short = _DIRECTIONS.get(following, following)  # Floor North is Floor N
            return _DESIGNATION.fullmatch(short) is not None
        case _:
            return False


def _designation(words: list[str]) -> str:
    """Return a unit without the word for it: `Apt. 4-B`, `#4B` and `Unit 4B` are all `4B`."""
    shortened = (_PERHAPS_DOORS.get(word, word) for word in words if word not in _DOORS)
    text = re.sub(r"\b([0-9]+) ([A-Z])\b", r"\1\2", " ".join(filter(None, shortened)))
    return re.sub(r"\b([A-Z]) ([0-9]+)\b", r"\1\2", text)


def _standard(building: list[str]) -> tuple[str, str, str]:
    """Abbreviate directions and the street suffix (Publication 28 sections 233 and 234).

    Returns:
        The number, the word that tells the street (the first one, but for a direction in front
        and numbers), and the line.

    Raises:
        IdentifierError: `address-incomplete`, without a number or without a street;
            `value-placeholder`, as for 0 Homeless.
    """
    match building:
        case ["PO", "BOX", box, *_]:
            return box, "BOX", " ".join(building)
        case [number, _, *_] if number[0].isdigit():
            street = building[1:]
        case _:
            raise IdentifierError("address-incomplete")
    if "".join(street) in _NO_STREETS:
        raise IdentifierError("value-placeholder")
    after, before = [], []
    match street:
        case [_, *_, last] if last in _DIRECTIONS:
            after = [_DIRECTIONS[street.pop()]]
        case _:
            pass
    match street:
        case [_, suffix] if suffix in _SUFFIXES:  # in North St the direction is the name
            pass
        case [first, _, *_] if first in _DIRECTIONS:
            before = [_DIRECTIONS[street.pop(0)]]
        case _:
            pass
    if len(street) > 1:
        place = -2 if street[-1].isdigit() else -1  # Highway 101
        street[place] = _SUFFIXES.get(street[place], street[place])
    street = [_ORDINALS.get(word, word) for word in street]
    name = next((word for word in street if not word.isdigit()), street[0])  # 12 1/2 Main St
    return number, name, " ".join([number, *before, *street, *after])
