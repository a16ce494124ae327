import hashlib
import math
import unicodedata
from pathlib import Path

import jellyfish
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.identifiers import names
from app.identifiers.errors import IdentifierError
from app.identifiers.names import fold, formal_name, normalize_name, rarity, soundex, words

DATA = Path(names.__file__).with_name("data")
QUOTES = "'`\u00b4\u2018\u2019\u02bb\u02bc"
latin = st.text(
    st.characters(max_codepoint=0x024F) | st.sampled_from(QUOTES + "ﬁﬀẞſ\u0301"), max_size=15
)


class TestTables:
    @pytest.mark.parametrize(
        ("file", "sha256"),
        [
            ("nicknames", "98cee0239d051444932b08c80bbf02e355fc97fae0465f6f8fe573d246804068"),
            ("nicknames-es", "bcfb8ea053aa7b112e9091d31ca475e09f63d056e4ce03583d9411d57884bd4c"),
            ("places", "dcb65c738e191ccfd9d0a4a9e215a4e0597f55646d811fbf64c4d6cf3ba66cd2"),
            ("services", "0a29ca6399dc30f9e85052f3f1bf35c1eff9ce0d5e8ec7c4deb40e1b8d4ae29d"),
            ("placeholders", "71ee397f910dfb8e4f3fddc1f7b0079cf132f45df92134c994efeda8a700436a"),
            ("firm-words", "bcf04f0a31f3d8ac3a020d12023a3fc5c848f8d65796e0d279e89e7c9b2e12a2"),
            ("commonness", "a4d9fd63905293d28cc31ccf768c7d1aae3a8c7699a2621b737d3baaf9faaa86"),
            ("name-words", "6316ca8fa98fc03e6e0d542e5bb6c9ed84acbd4fb0bb2a3f6f5e984e124f3d8d"),
            ("street-words", "f9e60da598b0baab3930f864f48ed4aa9b5c5fbf1f957be5d27ef2d5246f2cc9"),
            ("phone-plans", "779e164fadf978737d8e86dc91a329e2fcfaa9578dd16b0af0d7360964f42855"),
        ],
    )
    def test_are_pinned(self, file: str, sha256: str) -> None:
        assert hashlib.sha256((DATA / f"{file}-v1.json").read_bytes()).hexdigest() == sha256
        assert sha256 in (DATA / "README.md").read_text()

    def test_published_hashes_are_those_of_the_files(self) -> None:
        english, spanish, common = (
            (DATA / f"{name}-v1.json").read_bytes()
            for name in ("nicknames", "nicknames-es", "commonness")
        )
        assert hashlib.sha256(english + spanish).hexdigest() == names.NICKNAMES_SHA256
        assert hashlib.sha256(common).hexdigest() == names.COMMONNESS_SHA256

    def test_sizes(self) -> None:
        assert len(names._FORMAL) == 1245 + 323
        assert len(names._TENTHS["first"]) == 715
        assert len(names._TENTHS["last"]) == 961

    @pytest.mark.parametrize(
        ("nickname", "formal"),
        [
            ("PEPE", "JOSE"),
            ("PACO", "FRANCISCO"),
            ("LUPE", "GUADALUPE"),
            ("CHUY", "JESUS"),
            ("NACHO", "IGNACIO"),
            ("BOB", "ROBERT"),
            ("NICO", "NICHOLAS"),  # both tables could say it; English counts
            ("MARICHUY", "MARIADEJESUS"),
            ("MARI", "MARIETTA"),  # Spanish to MARIA, English on
        ],
    )
    def test_english_and_spanish_are_one(self, nickname: str, formal: str) -> None:
        assert formal_name(nickname) == formal

    def test_formal_names_are_no_nicknames(self) -> None:
        assert all(formal_name(formal) == formal for formal in names._FORMAL.values())


class TestFold:
    @pytest.mark.parametrize(
        ("raw", "folded"),
        [
            ("José", "JOSE"),
            *((f"O{quote}Brien", "OBRIEN") for quote in QUOTES),
            ("Straße", "STRASSE"),
            ("Łódź", "LODZ"),
            ("Øystein Æ", "OYSTEIN AE"),
            ("Þór", "THOR"),
            ("I\u0131\u0130i", "IIII"),
            ("ŉ", "N"),
            ("ﬁ", "FI"),
            ("e\u0301", "E"),
            ("Нина", "НИНА"),
        ],
    )
    def test_examples(self, raw: str, folded: str) -> None:
        assert fold(raw) == folded

    @given(st.text())
    @example("\u00b4")
    @example("ŉ")
    @example("ΐ")
    def test_twice_changes_nothing(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)

    @given(latin)
    def test_composition_does_not_matter(self, text: str) -> None:
        plain = text.replace("\u00b4", "")  # compatibility forms split it into a space and a mark
        for form in ("NFC", "NFD"):
            assert fold(unicodedata.normalize(form, plain)) == fold(plain)


class TestWords:
    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            ("De la Cruz-Peña Jr.", ["DE", "LA", "CRUZ", "PENA"]),
            ("Dr. Mary-Ann", ["MARY", "ANN"]),
            ("Henry VIII", ["HENRY", "VIII"]),
            ("Miss", ["MISS"]),
            (" - ", []),
        ],
    )
    def test_examples(self, raw: str, expected: list[str]) -> None:
        assert words(raw) == expected

    @given(latin)
    def test_twice_changes_nothing(self, text: str) -> None:
        try:
            once = words(text)
        except IdentifierError:
            return
        assert words(" ".join(once)) == once

    @pytest.mark.parametrize(
        "raw", ["Нина", "李", "Müller 李", "محمد", "Ɓala", "Ana \U0001f600", "Ana\u20c1"]
    )
    def test_other_scripts_are_refused(self, raw: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            words(raw)
        assert caught.value.code == "name-not-latin"
        assert raw not in str(caught.value)


class TestSoundex:
    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("ASHCRAFT", "A261"),
            ("TYMCZAK", "T522"),
            ("PFISTER", "P236"),
            ("HONEYMAN", "H555"),
            ("LEE", "L000"),
            ("", ""),
        ],
    )
    def test_archives_examples(self, name: str, code: str) -> None:
        assert soundex(name) == code

    @given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12))
    def test_equals_jellyfish(self, name: str) -> None:
        assert soundex(name) == jellyfish.soundex(name)

    def test_equals_jellyfish_on_every_name_in_the_tables(self) -> None:
        everyone = {*names._FORMAL, *names._TENTHS["first"], *names._TENTHS["last"]}
        assert all(soundex(name) == jellyfish.soundex(name) for name in everyone)


class TestNormalizeName:
    def test_compound(self) -> None:
        name = normalize_name("José Luis", "De la Cruz-Peña Jr.")
        assert (name.formal, name.initial, name.middle) == ("JOSE", "J", "L")
        assert (name.last, name.parts) == ("DELACRUZPENA", ("CRUZ", "PENA"))

    def test_nickname_keeps_its_own_initial(self) -> None:
        name = normalize_name("Bob", "Smith", "xavier")
        assert (name.formal, name.initial, name.middle) == ("ROBERT", "B", "X")

    def test_initial_alone_is_no_first_name(self) -> None:
        name = normalize_name("J.", "Van Buren")
        assert (name.formal, name.initial, name.parts) == ("", "J", ())

    def test_middle_name_before_second_given_word(self) -> None:
        assert normalize_name("Ann Marie", "X", "Q").middle == "Q"

    @pytest.mark.parametrize(("given_name", "surname"), [("", ""), ("123", "-"), (" ", "'")])
    def test_nothing_left(self, given_name: str, surname: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_name(given_name, surname)
        assert caught.value.code == "name-missing"

    @pytest.mark.parametrize(
        "nothing", [*sorted(names.UNSAID | names._UNSAID_PHRASES), "N/A", "xxx"]
    )
    def test_what_says_that_there_is_no_name_is_none(self, nothing: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_name("Alex", nothing)
        assert caught.value.code == "name-placeholder"
        assert normalize_name(nothing, "Sample", nothing) == normalize_name("", "Sample")
        assert normalize_name(f"Alex {nothing}", "Sample").formal == formal_name("ALEX")

    @pytest.mark.parametrize("name", sorted(names._PERHAPS_UNSAID))
    def test_what_is_a_name_only_beside_another(self, name: str) -> None:
        assert normalize_name("Alex", name).last == name
        assert normalize_name(name, "Sample").initial == name[0]
        for given_name, surname in ((name, name), (name, ""), ("", name), ("FNU", name)):
            with pytest.raises(IdentifierError) as caught:
                normalize_name(given_name, surname)
            assert caught.value.code == "name-placeholder"

    def test_no_common_name_stands_for_nobody(self) -> None:
        for name in names._TENTHS["last"]:  # the one name that an office has
            assert normalize_name("", name).last == name
            assert normalize_name("Alex", name).last == name
        for name in names._TENTHS["first"]:
            assert normalize_name(name, "").initial == name[0]

    def test_repr_shows_nothing(self) -> None:
        assert "SMITH" not in repr(normalize_name("Bob", "Smith"))


class TestBand:
    @pytest.mark.parametrize(
        ("formal", "last", "expected"),
        [
            ("JAMES", "SMITH", 1),
            ("JAMES", "QWERTZ", 2),
            ("XERXES", "QWERTZ", 3),
            ("JOSE", "DELACRUZPENA", 3),
            ("", "QWERTZ", 1),
            ("JAMES", "", 0),
            ("", "", 0),
        ],
    )
    def test_examples(self, formal: str, last: str, expected: int) -> None:
        assert rarity(formal, last) == expected

    def test_cuts(self) -> None:
        assert names.RARITY_CUTS == (120, 160, 200)
        assert names.rarity_tenths("JAMES", "SMITH") == round(
            -10 * (math.log2(0.01857) + math.log2(0.01006))
        )
