import csv
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app
from app.identifiers import errors, oprf
from app.identifiers.addresses import Place, place_of
from app.identifiers.errors import IdentifierError
from app.identifiers.kinds import KINDS
from app.identifiers.match_keys import (
    MAX_ALIASES,
    MatchKey,
    PersonName,
    address_keys,
    person_aliases,
    phone_key,
)
from app.identifiers.tokens import stored_token

FEBRL = Path(app.__file__).with_name("demo") / "data/febrl"

JOSE = PersonName("José Luis", "De la Cruz-Peña Jr.", born="1979-03-05")
LOMBARD = place_of("1600 Lombard Street", "94123")
BOX = place_of("P.O. Box 55", "2139")
latin = st.text("abzJOÉñ -'.", max_size=12)
births = st.sampled_from(["", "1979", "1979-03", "1979-03-05", "3/5/1979", "19791305"])


def fields_of(name: PersonName) -> dict[str, tuple[str, ...]]:
    return {key.kind: key.fields for key in person_aliases([name])[0].keys}


class TestPersonAliases:
    def test_the_keys_without_a_postcode(self) -> None:
        assert fields_of(JOSE) == {
            "p.xx": ("D426", "J200", "19790305"),
            "p.ld": ("D426", "19790305"),
            "p.fd": ("J200", "19790305"),
            "p.id": ("J", "D", "19790305"),
            "p.nmd": ("JOSE", "DELACRUZPENA", "0305"),
            "p.nym": ("J200", "DELACRUZPENA", "197903"),
            "p.nyd": ("J200", "DELACRUZPENA", "197905"),
            "p.nsw": ("J200", "DELACRUZPENA", "19790305"),
            "p.n": ("JOSE", "DELACRUZPENA"),
            "p.nm": ("J200", "D426", "L"),
            "p.lmd": ("D426", "L", "19790305"),
            "p.imd": ("J", "L", "19790305"),
        }

    def test_parts_of_a_compound_surname_follow(self) -> None:
        whole, *parts = person_aliases([JOSE])
        lasts = [{key.kind: key.fields for key in part.keys}["p.nmd"][1] for part in parts]
        assert lasts == ["CRUZ", "PENA"]
        assert (whole.rarity, [part.rarity for part in parts]) == (3, [2, 2])

    @pytest.mark.parametrize(
        ("name", "kinds"),
        [
            (PersonName("Xerxes", "Qwertz"), {"p.n"}),
            (PersonName("Xerxes", "Qwertz", "M"), {"p.n", "p.nm"}),
            (PersonName("James", "Qwertz", "M"), {"p.nm"}),
            (PersonName("James", "Smith", "M"), set()),
            (PersonName("James", "Smith", born="1979"), set()),
            (PersonName("James", "Smith", born="1979-03"), {"p.nym"}),
            (PersonName("J", "Smith", born="1979-03-05"), {"p.ld", "p.id"}),
            (PersonName("", "Smith", born="1979-03-05"), {"p.ld"}),
            (PersonName("James", "", "M", born="1979-03-05"), {"p.fd", "p.imd"}),
        ],
    )
    def test_only_what_is_known_and_rare_makes_keys(
        self, name: PersonName, kinds: set[str]
    ) -> None:
        made = {key.kind for alias in person_aliases([name]) for key in alias.keys}
        assert made == kinds

    def test_swaps_that_still_meet(self) -> None:
        one = fields_of(PersonName("James", "Garrett", born="1979-03-05"))
        names_swapped = fields_of(PersonName("Garrett", "James", born="1979-03-05"))
        dates_swapped = fields_of(PersonName("Jim", "Garrett", born="1979-05-03"))
        assert one["p.xx"] == names_swapped["p.xx"]
        assert one["p.nsw"] == dates_swapped["p.nsw"]

    def test_names_swapped_meet_by_their_initials_where_one_is_misspelled(self) -> None:
        one = fields_of(PersonName("Vincent", "Hannagan", born="1979-03-05"))
        swapped = fields_of(PersonName("Hanaan", "Vimcent", born="1979-03-05"))
        assert one["p.id"] == swapped["p.id"] == ("V", "H", "19790305")
        assert one["p.xx"] != swapped["p.xx"]

    def test_names_swapped_meet_where_one_is_a_nickname(self) -> None:
        one = fields_of(PersonName("Bob", "Garrett", born="1979-03-05"))
        swapped = fields_of(PersonName("Garrett", "Bob", born="1979-03-05"))
        assert one["p.xx"] == swapped["p.xx"] == ("G630", "R163", "19790305")

    def test_the_first_place_goes_with_every_name(self) -> None:
        plain, made = person_aliases([JOSE]), person_aliases([JOSE], [LOMBARD])
        for without, alias in zip(plain, made, strict=True):
            keys = {key.kind: key.fields for key in alias.keys}
            assert keys["p.xz"] == (*keys["p.xx"][:2], "94123")
            assert keys["p.dz"] == ("19790305", "94123")
            assert keys["p.ih"] == (*keys["p.id"][:2], "1600", "L516")
            of_place = {"p.xz", "p.dz", "p.ih"}
            assert set(without.keys) == {key for key in alias.keys if key.kind not in of_place}

    def test_further_places_add_only_the_keys_with_one(self) -> None:
        *made, moved = person_aliases([JOSE], [LOMBARD, BOX])
        assert made == person_aliases([JOSE], [LOMBARD])
        assert {key.kind: key.fields for key in moved.keys} == {
            "p.xz": ("D426", "J200", "02139"),
            "p.dz": ("19790305", "02139"),
            "p.ih": ("J", "D", "55", "B200"),
        }
        unborn = PersonName("Ana", "")
        assert person_aliases([unborn], [LOMBARD, BOX]) == []

    def test_a_place_counts_once_and_an_empty_one_is_none(self) -> None:
        made = person_aliases([JOSE], [Place(), LOMBARD, Place(), BOX, LOMBARD])
        assert made == person_aliases([JOSE], [LOMBARD, BOX])

    def test_a_house_is_found_without_postcode_date_or_the_right_spelling(self) -> None:
        one = PersonName("Vincent", "Hannagan", born="1979-03-05")
        other = PersonName("Hanaan", "Vimcent")
        keys = [
            {key.kind: key.fields for key in person_aliases([name], [place])[0].keys}
            for name, place in (
                (one, place_of("1600 N Lombard St", "94123")),
                (other, place_of("Lombart Street Apt 4", "n/a", number="1600")),
            )
        ]
        assert keys[0]["p.ih"] == keys[1]["p.ih"] == ("V", "H", "1600", "L516")

    def test_repeated_names_count_once(self) -> None:
        assert person_aliases([JOSE, JOSE]) == person_aliases([JOSE])

    def test_whole_names_come_before_parts(self) -> None:
        compound = [PersonName("Ana", f"Ruiz{c}a-Vega{c}a", born="1979-03-05") for c in "BCDFG"]
        aliases = person_aliases(compound)
        assert len(aliases) == MAX_ALIASES
        assert aliases[:5] == [person_aliases([name])[0] for name in compound]

    def test_nine_names_are_refused(self) -> None:
        with pytest.raises(IdentifierError) as caught:
            person_aliases([JOSE] * 9)
        assert caught.value.code == "too-many-names"

    def test_nobody_has_no_aliases(self) -> None:
        assert person_aliases([]) == []

    @given(latin, latin, latin, births)
    def test_laws(self, given_name: str, surname: str, middle: str, born: str) -> None:
        try:
            aliases = person_aliases([PersonName(given_name, surname, middle, born)])
        except IdentifierError:  # no letter is left
            return
        assert len(aliases) <= MAX_ALIASES
        for alias in aliases:
            kinds = [key.kind for key in alias.keys]
            assert len(set(kinds)) == len(kinds) > 0
            assert all(KINDS[kind].evidence == "person" for kind in kinds)
            assert all(field for key in alias.keys for field in key.fields)
            assert ("p.n" in kinds) <= (alias.rarity == 3)
        shouted = PersonName(given_name.upper(), surname.upper(), middle.upper(), born)
        assert person_aliases([shouted]) == aliases


class TestOtherKeys:
    def test_phone(self) -> None:
        key = phone_key("(415) 555-0132 ext 9")
        assert key == MatchKey("tel", ("+14155550132",))
        assert key.spec.key_class == "tel"
        assert key.input == b"\x00\x0ejoinder/v1/tel\x00\x0c+14155550132"

    def test_address(self) -> None:
        assert address_keys("12 Oak Lane #4", "94110") == (
            MatchKey("addr", ("12 OAK LN UNIT 4", "94110")),
            MatchKey("addr0", ("12 OAK LN", "94110")),
        )


class TestSilence:
    """Nothing that may be logged shows a raw or a normalized value."""

    def test_reprs(self) -> None:
        shown = repr([JOSE, person_aliases([JOSE]), phone_key("415 555 0132")])
        shown += repr(address_keys("12 Oak Lane #4", "94110"))
        for value in ("Jos", "JOSE", "CRUZ", "Cruz", "D426", "1979", "0132", "OAK", "94110"):
            assert value not in shown

    def test_errors_have_advice_and_no_value(self) -> None:
        for code, advice in errors.ADVICE.items():
            assert str(IdentifierError(code)) == advice
            assert IdentifierError(code).args == (advice,)


def febrl(name: str) -> Iterator[dict[str, str]]:
    with (FEBRL / name).open(newline="") as file:
        yield from csv.DictReader(file, skipinitialspace=True)


def febrl_keys(row: dict[str, str]) -> set[MatchKey]:
    keys: set[MatchKey] = set()
    with suppress(IdentifierError):  # no name, or no house number
        name = PersonName(row["given_name"], row["surname"], born=row["date_of_birth"])
        keys.update(key for alias in person_aliases([name]) for key in alias.keys)
        keys.update(
            address_keys(
                row["address_1"],
                row["postcode"],
                number=row["street_number"],
                unit=row["address_2"],
                region="AU",
            )
        )
    return keys


def joined(sides: Iterable[Iterable[tuple[str, object]]]) -> set[tuple[str, ...]]:
    """Return the pairs of records, one of each side, that share a value."""
    left, right = ([*side] for side in sides)
    holders = defaultdict(set)
    for record, value in right:
        holders[value].add(record)
    return {(record, other) for record, value in left for other in holders[value]}


def test_tokens_join_as_strings_do() -> None:
    """On FEBRL 4: joining blinded tokens finds the same pairs as joining the match keys."""
    originals = {row["rec_id"]: row for row in itertools.islice(febrl("dataset4a.csv"), 150)}
    duplicates = {
        row["rec_id"]: row
        for row in febrl("dataset4b.csv")
        if row["rec_id"].replace("dup-0", "org") in originals
    }
    assert len(duplicates) == 150
    plain = [holdings(originals), holdings(duplicates)]
    blinded = [tokens(side) for side in plain]
    pairs = joined(blinded)
    assert pairs == joined(plain)
    true = {pair for pair in pairs if pair[0].replace("org", "dup-0") == pair[1]}
    assert len(true) > 120


def holdings(rows: dict[str, dict[str, str]]) -> list[tuple[str, MatchKey]]:
    return [(record, key) for record, row in rows.items() for key in febrl_keys(row)]


def tokens(side: list[tuple[str, MatchKey]]) -> list[tuple[str, bytes]]:
    """Put tokens for match keys, by the whole exchange, one batch per key class and thousand."""
    found: dict[MatchKey, bytes] = {}
    for key_class in ("person", "addr"):
        pair = oprf.key_for(bytes(range(32)), key_class, 1)
        todo = list(dict.fromkeys(key for _, key in side if key.spec.key_class == key_class))
        for start in range(0, len(todo), oprf.MAX_BATCH):
            batch = todo[start : start + oprf.MAX_BATCH]
            blinded = oprf.blind([key.input for key in batch])
            elements = oprf.finalize(pair.public, blinded, *oprf.evaluate(pair, blinded.elements))
            for key, element in zip(batch, elements, strict=True):
                found[key] = stored_token(b"k" * 32, key.kind, element)
    return [(record, found[key]) for record, key in side]
