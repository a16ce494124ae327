"""What agreeing person keys prove about two names: facts by attribute, never a value. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from app.identifiers.kinds import KINDS

_DATE_BITS: Final = {
    "full": 14.1,
    "swapped": 8.4,
    "two_parts": 6.0,
    "day_month": 4.3,
    "differs": -4.6,
}
_MIDDLE_BITS: Final = {"agrees": 3.7, "differs": -6.3}
_SOUNDS: Final = frozenset({"exact", "sound"})
_FIRST_SHARE: Final = 0.45
_LAST_SHARE: Final = 0.55
"""Shares of the first and the last name in what a full name is worth."""


def mask(kinds: Iterable[str]) -> int:
    """Return person-key kinds as a bit mask: bit `code - 1` of each."""
    return sum(1 << KINDS[kind].code - 1 for kind in set(kinds))


def kinds_of(keys: int) -> list[str]:
    """Return the person-key kinds of a bit mask."""
    return [kind.name for kind in KINDS.values() if keys >> kind.code - 1 & 1]


def _m(names: str) -> int:
    return mask(f"p.{name}" for name in names.split())


_FIRST_EXACT, _FIRST_INITIAL = _m("nmd n"), _m("id imd ih")
_FIRST_SOUND = _m("xx fd nym nyd nsw nm xz")
_LAST_EXACT, _LAST_INITIAL = _m("nmd nym nyd nsw n"), _m("id ih")
_LAST_SOUND = _m("xx ld nm lmd xz")
_FULL_FIRST = _FIRST_EXACT | _FIRST_SOUND
_FULL_DATE = _m("xx ld fd id lmd imd dz")
_DATED = _FULL_DATE | _m("nmd nym nyd nsw")
_RARE, _BOTH_MIDDLE, _LAST_MIDDLE, _FIRST_MIDDLE = _m("n"), _m("nm"), _m("lmd"), _m("imd")
_MIDDLE = _BOTH_MIDDLE | _LAST_MIDDLE | _FIRST_MIDDLE
_YEAR_MONTH, _YEAR_DAY, _DAY_MONTH, _SWAPPED = _m("nym"), _m("nyd"), _m("nmd"), _m("nsw")
_POSTCODE = _m("xz dz")

HOUSE: Final = _m("ih")
"""The key of a house, as a mask."""


@dataclass(frozen=True)
class PersonFacts:
    """What agreeing keys prove about two names with dates of birth."""

    last_name: str
    first_name: str
    birth_date: str
    middle_initial: str
    postcode: str = "unknown"
    house: str = "unknown"

    @property
    def is_dated(self) -> bool:
        """Whether at least a part of the date of birth agrees."""
        return self.birth_date not in {"differs", "unknown"}

    @property
    def middle_bits(self) -> float:
        """Return the weight of the middle initial."""
        return _MIDDLE_BITS.get(self.middle_initial, 0.0)

    def bits(self, name: float, *, may_be_exact: bool = False) -> float:
        """Return the weight of names and date.

        Args:
            name: How many bits the full name is worth.
            may_be_exact: Whether names that agree by sound are not known to be spelled differently.
        """
        # An initial is no agreement where the middle one differs: so look relatives' records.
        initial = -4.3 if self.middle_initial == "differs" else 2.7
        sounds = (0.2, 0.2) if may_be_exact else (1.5, 1.8)
        first = _name_weights(
            _FIRST_SHARE * name, exact=1.0, sound=sounds[0], initial=initial, differs=-4.3
        )
        # the initial that only a house shows may be that of the whole household
        is_shown_by_house = self.house == "agrees" and self.birth_date != "full"
        last_initial = 1.6 if is_shown_by_house else 3.1
        last = _name_weights(
            _LAST_SHARE * name, exact=0.8, sound=sounds[1], initial=last_initial, differs=-4.6
        )
        return (
            first.get(self.first_name, 0.0)
            + last.get(self.last_name, 0.0)
            + _DATE_BITS.get(self.birth_date, 0.0)
            + self.middle_bits
        )


def sound_bits(name: float) -> float:
    """Return what the sounds of a full name of so many bits are worth, with a middle initial."""
    sounds = _sound_bits(_FIRST_SHARE * name) + _sound_bits(_LAST_SHARE * name)
    return sounds + _MIDDLE_BITS["agrees"]


def _sound_bits(name: float) -> float:
    """Return what the sound of a name is worth: four times as many have it, an eighth at most."""
    return max(name - 2, 3)


def _name_weights(
    name: float, *, exact: float, sound: float, initial: float, differs: float
) -> dict[str, float]:
    """Return the weight of each level of agreement of a name that is worth `name` bits.

    A weaker agreement never weighs more than a stronger one: an initial says little about a name
    that is common to begin with.
    """
    by_exact = max(name - exact, differs)
    by_sound = min(by_exact, _sound_bits(name) - sound)
    return {
        "exact": by_exact,
        "sound": by_sound,
        "initial": min(by_sound, initial),
        "differs": differs,
    }


@dataclass(frozen=True)
class NamePair:
    """Two names: the keys that they share and that each has, and how rare the name is."""

    shared: int
    mine: int
    theirs: int
    rarity: int
    """That of the commoner of the two names."""
    holders: int = 0
    """Subjects with exactly this name in the registry; 0 when the name is not exactly shared."""
    alike: int = 0
    """Subjects with a name of these sounds and middle initial; 0 when that is not shared."""

    @cached_property
    def facts(self) -> PersonFacts:
        """What the shared keys prove; see `person_facts`."""
        return person_facts(self.shared, self.mine, self.theirs)

    def bits(self, name: float) -> float:
        """Return the weight of names and date, given how many bits the full name is worth."""
        # without a date only the key of a rare name shows that two names are spelled alike
        has_exact_key = self.facts.is_dated or (self.mine | self.theirs) & _RARE
        return self.facts.bits(name, may_be_exact=not has_exact_key)

    @property
    def first_differs(self) -> bool:
        """Whether one last name and one full date of birth stand beside two first names.

        Twins, and relatives with each other's dates, look like this; so do typing errors.
        """
        facts = self.facts
        return (
            facts.last_name in _SOUNDS
            and facts.birth_date == "full"
            and facts.first_name not in _SOUNDS
            and bool(self.mine & self.theirs & _FULL_FIRST)
        )


def person_facts(shared: int, mine: int, theirs: int) -> PersonFacts:
    """Return what the shared keys prove, given the keys that each name has.

    An attribute that one of the two names lacks is `unknown`; one that both have and no shared
    key proves is `differs`. People move, so a postcode or a house agrees or says nothing.
    """
    both = mine & theirs & ~HOUSE
    last = _level(
        shared, both, (_LAST_EXACT, "exact"), (_LAST_SOUND, "sound"), (_LAST_INITIAL, "initial")
    )
    first = _level(
        shared, both, (_FIRST_EXACT, "exact"), (_FIRST_SOUND, "sound"), (_FIRST_INITIAL, "initial")
    )
    date = _birth_date(shared, mine, theirs)
    middle = _middle(shared, both, last, first, date)
    postcode, house = ("agrees" if shared & keys else "unknown" for keys in (_POSTCODE, HOUSE))
    return PersonFacts(last, first, date, middle, postcode, house)


def _level(shared: int, both: int, *levels: tuple[int, str]) -> str:
    for kinds, level in levels:
        if shared & kinds:
            return level
    return "differs" if any(both & kinds for kinds, _ in levels) else "unknown"


def _birth_date(shared: int, mine: int, theirs: int) -> str:
    parts = sum(1 for part in (_YEAR_MONTH, _YEAR_DAY, _DAY_MONTH) if shared & part)
    if shared & _FULL_DATE or parts > 1:
        return "full"
    if shared & _SWAPPED:
        return "swapped"
    if shared & (_YEAR_MONTH | _YEAR_DAY):
        return "two_parts"
    if shared & _DAY_MONTH:
        return "day_month"
    return "differs" if mine & _DATED and theirs & _DATED else "unknown"


def _middle(shared: int, both: int, last: str, first: str, date: str) -> str:
    if shared & _MIDDLE:
        return "agrees"
    seen = (
        (both & _LAST_MIDDLE and last in _SOUNDS and date == "full")
        or (both & _FIRST_MIDDLE and first in {*_SOUNDS, "initial"} and date == "full")
        or (both & _BOTH_MIDDLE and last in _SOUNDS and first in _SOUNDS)
    )
    return "differs" if seen else "unknown"
