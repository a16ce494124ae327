"""From a raw identifier to its match keys: the values on which two offices agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.identifiers.addresses import Place, normalize_address
from app.identifiers.birth_dates import BirthDate, parse_birth_date
from app.identifiers.encoding import oprf_input
from app.identifiers.errors import IdentifierError
from app.identifiers.kinds import KINDS, Kind
from app.identifiers.names import (
    MIDDLE_INITIAL_TENTHS,
    RARITY_CUTS,
    Name,
    formal_name,
    normalize_name,
    rarity,
    rarity_tenths,
    soundex,
)
from app.identifiers.phones import normalize_phone

_PLACE_KINDS: Final = frozenset({"p.xz", "p.dz", "p.ih"})

MAX_ALIASES = 8
"""Most names, with those derived from compound surnames, under which one person is posted."""

LONGEST: Final = 65_000
"""Most signs of all fields of a match key: with their lengths they fit the limit of RFC 9497."""


@dataclass(frozen=True, slots=True)
class PersonName:
    """One name of a person as the office has it. Its repr shows nothing.

    Attributes:
        given: given names, the first one first.
        surname: family names, with particles, in order.
        middle: middle names, if kept apart from `given`.
        born: date of birth in a form of `birth_dates.parse_birth_date`; empty if unknown.
    """

    given: str = field(repr=False)
    surname: str = field(repr=False)
    middle: str = field(default="", repr=False)
    born: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class MatchKey:
    """A normalized identifier; two subjects that share one may be the same.

    Attributes:
        kind: name of its kind, a key of `KINDS`.
        fields: the normalized values, none of them empty. Not in the repr.
    """

    kind: str
    fields: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what no OPRF takes, as where an export lost a quotation mark.

        Raises:
            IdentifierError: `value-too-long`.
        """
        if sum(map(len, self.fields)) > LONGEST:
            raise IdentifierError("value-too-long")

    @property
    def spec(self) -> Kind:
        """The kind with its code and key class."""
        return KINDS[self.kind]

    @property
    def input(self) -> bytes:
        """The private input of the OPRF."""
        return oprf_input(self.kind, self.fields)


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of a person, as match keys.

    Attributes:
        rarity: how rare the name is, from 0 (common) to 3 (rare); sent in clear.
        keys: at most one match key of each person kind.
    """

    rarity: int
    keys: tuple[MatchKey, ...]


def person_aliases(names: Sequence[PersonName], places: Sequence[Place] = ()) -> list[Alias]:
    """Derive the match keys of one person from all names that the office knows.

    First come the names as given, in order, then, as long as there is room, each part of a
    compound surname in the place of the whole: De la Cruz-Peña is found as Cruz and as Peña too.
    The first of the `places` goes with every name; each further one makes aliases that hold
    nothing but the keys with that place.

    Returns:
        At most `MAX_ALIASES` aliases. None for a name that makes no key, as a first name alone.

    Raises:
        IdentifierError: a name or date cannot be read or is too long, a name stands for nobody, or
            there are more than `MAX_ALIASES` names.
    """
    if len(names) > MAX_ALIASES:
        raise IdentifierError("too-many-names")
    known = [
        (normalize_name(name.given, name.surname, name.middle), parse_birth_date(name.born))
        for name in names
    ]
    here, *elsewhere = dict.fromkeys(filter(any, places)) or (Place(),)
    whole = [_alias(name, name.last, born, here) for name, born in known]
    parts = [_alias(name, part, born, here) for name, born in known for part in name.parts]
    moved = [
        _elsewhere(_alias(name, name.last, born, place))
        for place in elsewhere
        for name, born in known
    ]
    return [alias for alias in dict.fromkeys(whole + parts + moved) if alias.keys][:MAX_ALIASES]


def phone_key(raw: str, region: str = "US") -> MatchKey:
    """Derive the match key of a phone number; see `phones.normalize_phone`."""
    return MatchKey("tel", (normalize_phone(raw, region),))


def address_keys(
    street: str, postcode: str, *, number: str = "", unit: str = "", region: str = "US"
) -> tuple[MatchKey, ...]:
    """Derive the match keys of an address, with and without the unit.

    The arguments are those of `addresses.normalize_address`.
    """
    door, building = normalize_address(street, postcode, number=number, unit=unit, region=region)
    return MatchKey("addr", door), MatchKey("addr0", building)


def _alias(name: Name, last: str, born: BirthDate, place: Place) -> Alias:
    fields = _person_fields(name, last, born, place)
    keys = (MatchKey(kind, values) for kind, values in fields)
    return Alias(rarity(name.formal, last), tuple(key for key in keys if all(key.fields)))


def _elsewhere(alias: Alias) -> Alias:
    return replace(alias, keys=tuple(key for key in alias.keys if key.kind in _PLACE_KINDS))


def _person_fields(
    name: Name, last: str, born: BirthDate, place: Place
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the fields of the person kinds; a kind with an empty field is not made."""
    first, first_sound, last_sound = name.formal, soundex(name.formal), soundex(last)
    date, (year, month, day) = born.full, born
    initials = sorted((name.initial, last[:1]), reverse=True)

    if first and last:
        # a swapped name is found only if a last name that looks like a nickname is mapped too
        sounds = sorted((first_sound, soundex(formal_name(last))))
        yield "p.xx", (*sounds, date)
        yield "p.xz", (*sounds, place.postcode)
    yield "p.dz", (date, place.postcode)
    yield "p.ih", (*initials, place.number, place.street)
    yield "p.ld", (last_sound, date)
    yield "p.fd", (first_sound, date)
    yield "p.id", (*initials, date)
    if day:
        yield "p.nmd", (first, last, month + day)
        yield "p.nyd", (first_sound, last, year + day)
        yield "p.nsw", (first_sound, last, year + "".join(sorted((month, day))))
    if month:
        yield "p.nym", (first_sound, last, year + month)
    tenths = rarity_tenths(first, last)
    if tenths >= RARITY_CUTS[-1]:
        yield "p.n", (first, last)
    if tenths + MIDDLE_INITIAL_TENTHS >= RARITY_CUTS[-1]:
        yield "p.nm", (first_sound, last_sound, name.middle)
    yield "p.lmd", (last_sound, name.middle, date)
    yield "p.imd", (name.initial, name.middle, date)
