import re
from collections.abc import Iterable, Iterator
from typing import Final

from app.client.cases import Subject
from app.identifiers.birth_dates import parse_birth_date
from app.identifiers.errors import IdentifierError
from app.identifiers.identifier_keys import identifier_keys
from app.identifiers.names import UNSAID, fold

_IDENTIFIERS: Final = re.compile(
    r"""
      (?<!\d) \d{3} [ -] \d{2} [ -] \d{4} (?!\d)                          # SSN
    | [\w.+-]+ @ [\w-]+ \. \w                                             # e-mail
    | (?<!\d) (?: \+? 1 [ .-]? )? \(? \d{3} \)? [ .-] \d{3} [ .-] \d{4} (?!\d)   # phone
    """,
    re.VERBOSE,
)
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 -- a list
_SHORTEST_WORD: Final = 3
_SHORTEST_NUMBER: Final = 7


class Guard:
    """Keeps a case's own identifiers out of the few texts that leave the office in clear.

    It knows the names, birth dates, phones and other identifiers of the case's subjects. It
    cannot know those of other people; the registry's own guard and the people who write summaries
    come on top.
    """

    def __init__(self, subjects: Iterable[Subject]) -> None:
        subjects = list(subjects)
        self._words: set[str] = set()
        self._numbers: set[str] = set()
        self._values: set[str] = set()
        for subject in subjects:
            for name in subject.names:
                for part in (name.given, name.surname, name.middle):
                    self._words.update(_words(part))
                self._numbers |= _dates(name.born)
            self._numbers |= _dates(subject.born)
            self._numbers |= {re.sub(r"\D", "", phone)[-10:] for phone in subject.phones}
            self._values.update(_values(subject))
        born = {each.born for each in subjects}
        born |= {name.born for subject in subjects for name in subject.names}
        self._born = [form for each in born if (form := _date_form(each))]
        self._words = {word for word in self._words - UNSAID if len(word) >= _SHORTEST_WORD}
        self._numbers = {each for each in self._numbers if len(each) >= _SHORTEST_NUMBER}
        self._values = {each for each in self._values if len(each) >= _SHORTEST_NUMBER}

    def names_subject(self, text: str) -> bool:
        """Say whether `text` holds a name, birth date, phone or other identifier of a subject."""
        if not self._words.isdisjoint(_words(text)):
            return True
        digits = re.sub(r"(?<=\d)\W{1,2}(?=\d)", "", text)
        if any(number in digits for number in self._numbers):
            return True
        if any(form.search(text) for form in self._born):
            return True
        signs = _signs(text)
        return any(value in signs for value in self._values)


def holds_identifier(text: str) -> bool:
    """Say whether `text` holds what looks like an SSN, a phone number or an e-mail address."""
    return _IDENTIFIERS.search(text) is not None


def _dates(born: str) -> set[str]:
    """Return a whole date of birth in the orders in which one writes it."""
    try:
        year, month, day = parse_birth_date(born)
    except IdentifierError:  # reported when match keys are derived
        return set()
    return {year + month + day, month + day + year, day + month + year}


def _date_form(born: str) -> re.Pattern[str] | None:
    """Return what finds a whole date of birth however its parts are written: 3/7/1988, 7 March 88.

    A number has its zero in front or not, a year its century, and the month may be a word.
    """
    try:
        year, month, day = parse_birth_date(born)
    except IdentifierError:
        return None
    if not day:
        return None
    y, m, d = f"(?:{year[:2]})?{year[2:]}", f"0?{int(month)}", f"0?{int(day)}"
    named, nth = f"{_MONTHS[int(month) - 1]}[a-z]*", f"{d}(?:st|nd|rd|th)?"
    gap, any_gap = r"[\W_]{1,3}", r"[\W_]{0,3}"
    forms = [gap.join(parts) for parts in ((m, d, y), (d, m, y), (y, m, d))]
    forms += [
        any_gap.join((nth, "(?:of|de)?", named, "(?:de)?", y)),
        f"{named}{any_gap}{nth}{gap}{y}",
    ]
    return re.compile(rf"(?<!\d)(?:{'|'.join(forms)})(?!\d)", re.IGNORECASE)


def _values(subject: Subject) -> Iterator[str]:
    for each in subject.identifiers:
        try:
            keys = identifier_keys(each.kind, each.value, each.of)
        except (IdentifierError, KeyError):  # reported when match keys are derived
            continue
        yield _signs(each.value)
        yield from (_signs(key.fields[0 if each.kind == "org" else -1]) for key in keys)


def _signs(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", fold(text))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", fold(text))
