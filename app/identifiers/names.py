"""Person names: folding, sound, formal forms and how common they are."""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from app.identifiers.errors import IdentifierError

_DATA: Final = Path(__file__).with_name("data")
_nicknames_json: Final = (_DATA / "nicknames-v1.json").read_bytes()
_spanish_json: Final = (_DATA / "nicknames-es-v1.json").read_bytes()
_commonness_json: Final = (_DATA / "commonness-v1.json").read_bytes()

NICKNAMES_SHA256: Final = hashlib.sha256(_nicknames_json + _spanish_json).hexdigest()
"""Pins the English and the Spanish nicknames; two offices match only under the same ones."""

COMMONNESS_SHA256: Final = hashlib.sha256(_commonness_json).hexdigest()
"""Pins the table of common names."""


def _merged(english: dict[str, str], spanish: dict[str, str]) -> dict[str, str]:
    """Follow each nickname to a name that is none; where both tables have one, English counts."""
    steps = spanish | english
    found = {}
    for nickname, formal in steps.items():
        while formal in steps:
            formal = steps[formal]  # noqa: PLW2901 -- a walk
        found[nickname] = formal
    return found


_FORMAL: Final = _merged(json.loads(_nicknames_json), json.loads(_spanish_json))
_TENTHS: Final[dict[str, dict[str, int]]] = json.loads(_commonness_json)

RARE: Final = 130
"""Tenths of a bit for a name that the table leaves out: one person in 8,192 or fewer has it."""

RARITY_CUTS: Final = (120, 160, 200)
"""Where the levels of rarity begin, in tenths of a bit: 12, 16 and 20 bits."""

MIDDLE_INITIAL_TENTHS: Final = 40
"""What a middle initial adds to the rarity of a name."""

_TABLES: Final[dict[str, Any]] = json.loads((_DATA / "name-words-v1.json").read_bytes())
_DROPPED: Final = frozenset(_TABLES["suffixes"] + _TABLES["titles"])
_PARTICLES: Final = frozenset(_TABLES["particles"])
_APOSTROPHES: Final = frozenset(_TABLES["apostrophes"])
_NO_APOSTROPHES: Final = str.maketrans(dict.fromkeys(_APOSTROPHES))
_LETTERS: Final = str.maketrans(_TABLES["letters"])
"""Capitals that Unicode does not decompose into a Latin letter and a mark."""

UNSAID: Final = frozenset(_TABLES["unsaid"])
"""Words that say that there is no name, such as UNKNOWN."""

_UNSAID_PHRASES: Final = frozenset(_TABLES["unsaid_phrases"])
_PERHAPS_UNSAID: Final = frozenset(_TABLES["perhaps_unsaid"])
"""What says nothing where no other name stands beside it, and is a name of some: BLANK, NA."""

_NOBODY: Final = {part: frozenset(_TABLES["nobody"][part]) for part in ("surnames", "given")}
_FILLER: Final = re.compile(r"([A-Z])\1{2,}")
"""One letter three times or more."""

_READABLE: Final = re.compile(
    r"[\u0000-\u036f\u1e00-\u1eff\u2000-\u206f\u2100-\u2188\u2500-\u27bf\u3000\ufb00-\ufb06\uff00-\uff5e]*"
)
"""Latin letters, marks and signs: blocks in which nothing is left for Unicode to assign."""

_SHORTEST_PART: Final = 3
"""Fewest letters of a part of a compound surname that is tried on its own."""

_SOUND: Final = {
    letter: digit
    for digit, group in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), start=1)
    for letter in group
}


def fold(text: str) -> str:
    """Write `text` in unaccented capitals: `José` becomes `JOSE`, `O'Brien` `OBRIEN`.

    Apostrophes and combining marks go, ligatures and barred letters are spelled out, everything
    else stays, letters of other scripts too. Folding twice changes nothing.
    """
    kept = text.translate(_NO_APOSTROPHES)
    if kept.isascii():
        return kept.upper()
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", kept).upper().translate(_LETTERS)
        if unicodedata.category(character) != "Mn" and character not in _APOSTROPHES
    )


def is_readable(text: str) -> bool:
    """Say whether `text` holds nothing that two releases of Unicode could read differently."""
    return _READABLE.fullmatch(text) is not None


def fold_latin(text: str) -> str:
    """Fold `text`, whose letters are all Latin ones.

    Raises:
        IdentifierError: `name-not-latin`; a romanization is not guessed.
    """
    folded = fold(text)
    has_foreign = not folded.isascii() and any(
        character.isalpha() and not character.isascii() for character in folded
    )
    if has_foreign or not is_readable(text):
        raise IdentifierError("name-not-latin")
    return folded


def words(text: str) -> list[str]:
    """Split a name into folded words, without titles and generational suffixes.

    A name of nothing but those is kept whole, as some people are called Miss or Hon.

    Raises:
        IdentifierError: `name-not-latin`.
    """
    found = re.findall(r"[A-Z0-9]+", fold_latin(text))
    return [word for word in found if word not in _DROPPED] or found


def soundex(name: str) -> str:
    """Return the American Soundex code of a name in A-Z; the empty string has none.

    As the US National Archives describe it: H and W do not separate letters of equal code, vowels
    and Y do.
    """
    if not name:
        return ""
    code, last = name[0], _SOUND.get(name[0])
    for letter in name[1:]:
        digit = _SOUND.get(letter)
        if digit and digit != last:
            code += str(digit)
        if letter not in "HW":
            last = digit
    return code[:4].ljust(4, "0")


def formal_name(first: str) -> str:
    """Return the formal name behind a nickname, `ROBERT` for `BOB`, or the name itself."""
    return _FORMAL.get(first, first)


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """A normalized name; an absent part is the empty string.

    Attributes:
        formal: first name, with a nickname replaced; absent if only an initial is known.
        initial: first letter of the first name as written.
        middle: initial of the middle name.
        last: the words of the surname, joined.
        parts: the parts of a compound surname that may stand for the whole.
    """

    formal: str
    initial: str
    middle: str
    last: str
    parts: tuple[str, ...] = field(default=())


def normalize_name(given: str, surname: str, middle: str = "") -> Name:
    """Split and normalize a name. The second given word serves if there is no middle name.

    What says that there is no given or middle name, such as FNU, NMN or N/A, is none.

    Raises:
        IdentifierError: `name-not-latin`; `name-missing` if no letter is left; `name-placeholder`
            if it stands for nobody: every office's John Doe would be one person.
    """
    givens, surnames, middles = map(_spelled, (given, surname, middle))
    if _is_nobody(givens, surnames):
        raise IdentifierError("name-placeholder")
    first, *more = [*_said(givens), ""]
    last = "".join(surnames)
    if not first and not last:
        raise IdentifierError("name-missing")
    middle_name, *_ = [*(_said(middles) if middles else more), ""]
    core = [word for word in words(surname) if word not in _PARTICLES]
    parts = [part for part in map(_letters, core) if len(part) >= _SHORTEST_PART]
    return Name(
        formal=formal_name(first) if len(first) > 1 else "",
        initial=first[:1],
        middle=middle_name[:1],
        last=last,
        parts=tuple(parts) if len(core) > 1 else (),
    )


def is_unsaid(surname: str) -> bool:
    """Say whether a surname says that there is none, or not the whole: UNKNOWN, N/A, LNU.

    Raises:
        IdentifierError: `name-not-latin`.
    """
    spelled = _spelled(surname)
    return _said(spelled) != spelled


def rarity_tenths(formal: str, last: str) -> int:
    """Return how rare a full name is in the United States, in tenths of a bit.

    One person in 2^(tenths/10) has it, as far as first and last names are independent. An absent
    name adds nothing, as it narrows nothing down.
    """
    first_tenths = _TENTHS["first"].get(formal, RARE) if formal else 0
    last_tenths = _TENTHS["last"].get(last, RARE) if last else 0
    return first_tenths + last_tenths


def rarity(formal: str, last: str) -> int:
    """Return how rare a full name is, from 0 (many namesakes) to 3 (at most about 315)."""
    tenths = rarity_tenths(formal, last)
    return sum(tenths >= cut for cut in RARITY_CUTS)


def _spelled(text: str) -> list[str]:
    return [_letters(word) for word in words(text)]


def _said(names: list[str]) -> list[str]:
    """Return the names before the first one that says that there is none."""
    if " ".join(names) in _UNSAID_PHRASES or _FILLER.fullmatch("".join(names)):
        return []
    return list(takewhile(lambda name: name not in UNSAID, names))


def _is_nobody(givens: list[str], surnames: list[str]) -> bool:
    """Say whether a name is none, as of UNKNOWN or N/A, or that of nobody known, as John Doe."""
    present = [names for names in (givens, surnames) if any(names)]
    if not present:
        return False
    if _said(present[-1]) != present[-1] or " ".join(givens + surnames) in _UNSAID_PHRASES:
        return True
    if all(not _said(names) or "".join(names) in _PERHAPS_UNSAID for names in present):
        return True
    if len(present) == 1:  # the whole name in one field
        givens, surnames = present[0][:-1], present[0][-1:]
    return _is_doe(givens, surnames) or _is_doe(surnames, givens)


def _is_doe(givens: list[str], surnames: list[str]) -> bool:
    surname = "".join(name for name in surnames if len(name) > 1)  # Doe 2, Doe A
    return surname in _NOBODY["surnames"] and "".join(givens[:1]) in _NOBODY["given"]


def _letters(word: str) -> str:
    return re.sub(r"[^A-Z]", "", word)
