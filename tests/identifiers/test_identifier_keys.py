import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identifiers import checksums
from app.identifiers.errors import ADVICE, IdentifierError
from app.identifiers.identifier_keys import VALUE_KINDS, identifier_keys, last_four_keys
from app.identifiers.kinds import IDENTIFIER_KINDS, KINDS
from app.identifiers.match_keys import PersonName
from tests.identifiers.samples import REFUSED, VALUES
from tests.naming import naming

EXPECTED = {
    ("email", 1): ["name@example.com"],
    ("email", 0): ["jdoe@gmail.com"],
    ("email", 2): ["a.b+c@xn--bcher-kva.example"],
    ("handle", 0): ["instagram", "sample.name"],
    ("handle", 1): ["facebook", "samplename"],
    ("handle", 2): ["mewe.com", "sample_name"],
    ("handle", 3): ["x", "sample_name"],
    ("handle_id", 0): ["facebook", "100012345670"],
    ("url", 0): ["example.com/A~b/%C3%A9?a=1&b=2"],
    ("url", 1): ["example.com"],
    ("url", 2): ["example.com:8080/a"],
    ("ad", 0): ["skipthegames", "POSTID55501234"],
    ("ad", 1): ["ads.example.com", "A1B2C3D4"],
    ("pay", 0): ["cashapp", "sample-name"],
    ("pay", 1): ["zelle", "+14155550132"],
    ("pay", 2): ["paypal", "name@example.com"],
    ("pay", 3): ["venmo", "sample-name"],
    ("wallet", 0): ["bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"],
    ("wallet", 1): ["bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"],
    ("wallet", 3): ["ethereum", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"],
    ("wallet", 4): ["ethereum", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"],
    ("wallet", 5): ["tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"],
    ("acct", 0): ["021000021", "5550123"],
    ("imei", 0): ["490154203237518"],
    ("imei", 1): ["490154203237518"],
    ("imei", 2): ["490154203237518"],
    ("plate", 0): ["TX", "ABC0121"],
    ("plate", 1): ["MX-BCN", "SAMPLE1"],
    ("vin", 0): ["1M8GDM9AXKP042788"],
    ("vin", 1): ["1M8GDM9AXKP042788"],
    ("ssn", 0): ["899123456"],
    ("ssn", 1): ["899123456"],
    ("ssn", 2): ["912701234"],
    ("itin", 0): ["912701234"],
    ("dl", 0): ["CA", "D1234567"],
    ("dl", 1): ["FL", "S5550123"],
    ("passport", 0): ["MEX", "G55501234"],
    ("passport", 1): ["DEU", "C01X00T47"],
    ("fbi", 0): ["555012AB1"],
    ("sid", 0): ["CA", "5550123"],
    ("sid", 1): ["TX", "05550123"],
    ("org", 0): ["LUCKYSTARSPAANDMASSAGE", "NY"],
    ("org", 1): ["ACMEHARVEST", "CA", "NIGHTANDDAYLABOR", "CA"],
    ("org", 2): ["ACMEFARMS", "CA"],
    ("fein", 0): ["123456780"],
    ("flc", 0): ["US", "C04555012"],
    ("flc", 1): ["CA", "555012"],
    ("job", 0): ["US", "H-300-24001-555012"],
    ("job", 1): ["US", "JO-A-300-24001-555012"],
    ("job", 2): ["WA", "5550123"],
}
"""What the rules make of the samples, by kind and place among its samples."""

PERSON = PersonName("Alex", "De la Cruz-Peña", born="1979")


def fields(kind: str, value: str, of: str) -> list[str]:
    return [field for key in identifier_keys(kind, value, of) for field in key.fields]


class TestIdentifierKeys:
    def test_examples(self) -> None:
        for (kind, place), expected in EXPECTED.items():
            _, value, of = [sample for sample in VALUES if sample[0] == kind][place]
            assert fields(kind, value, of) == expected, (kind, value)

    def test_refusals(self) -> None:
        for kind, value, of, code in REFUSED:
            with naming((kind, value, of)):
                with pytest.raises(IdentifierError) as caught:
                    identifier_keys(kind, value, of)
                assert caught.value.code == code
                assert str(caught.value) == ADVICE[code]
                assert caught.value.__suppress_context__ or caught.value.__context__ is None

    def test_twice_changes_nothing(self) -> None:
        for kind, value, of in VALUES:
            with naming((kind, value, of)):
                for key in identifier_keys(kind, value, of):
                    *issuer, field = key.fields[::-1] if kind == "org" else key.fields
                    assert identifier_keys(key.kind, field, "".join(issuer)) == (key,)

    def test_an_itin_in_the_place_of_an_ssn_has_its_own_kind(self) -> None:
        (key,) = identifier_keys("ssn", "912-70-1234")
        assert identifier_keys("itin", "912701234") == (key,)

    def test_every_kind_is_read_somewhere(self) -> None:
        assert {*VALUE_KINDS, "tel", "addr", "addr0", "ssn4"} == set(IDENTIFIER_KINDS)
        assert {kind for kind, _, _ in VALUES} == set(VALUE_KINDS)

    def test_the_issuer_is_part_of_the_key_where_the_kind_names_one(self) -> None:
        for kind, value, of in VALUES:
            for key in identifier_keys(kind, value, of):
                assert len(key.fields) == (2 if KINDS[kind].of else 1)

    @settings(deadline=None)  # idna loads its tables with the first name that needs them
    @given(st.sampled_from(VALUE_KINDS), st.text(max_size=40), st.sampled_from(["", "CA", "x"]))
    def test_any_text_makes_printable_ascii_or_is_refused(
        self, kind: str, value: str, of: str
    ) -> None:
        try:
            found = fields(kind, value, of)
        except IdentifierError:
            return
        assert all(re.fullmatch(r"[!-~]+", field) for field in found)


class TestLastFourKeys:
    def test_are_bound_to_each_surname_by_sound_and_the_year(self) -> None:
        keys = last_four_keys("XXX-XX-1234", [PERSON])
        assert [key.fields for key in keys] == [
            ("1234", sound, "1979") for sound in ("D426", "C620", "P500")
        ]

    @pytest.mark.parametrize(
        ("value", "names", "code"),
        [
            ("1234", [], "ssn4-alone"),
            ("1234", [PersonName("Alex", "Sample")], "ssn4-alone"),
            ("1234", [PersonName("Alex", "", born="1979-01-01")], "ssn4-alone"),
            ("1234", [PersonName("Alex", "LNU", born="1979")], "name-placeholder"),
            ("0000", [PERSON], "ssn-placeholder"),
            ("899-12-3456", [PERSON], "ssn4-unreadable"),
            ("12", [PERSON], "ssn4-unreadable"),
        ],
    )
    def test_refusals(self, value: str, names: list[PersonName], code: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            last_four_keys(value, names)
        assert caught.value.code == code


class TestChecksums:
    def test_keccak_of_nothing_and_of_more_than_one_block(self) -> None:
        empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
        assert checksums.keccak256(b"").hex() == empty
        longer = "96ea54061def936c4be90b518992fdc6f12f535068a256229aca54267b4d084d"
        assert checksums.keccak256(b"a" * 200).hex() == longer

    @pytest.mark.parametrize(
        "address",
        [
            "fB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "dbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "D1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ],
    )
    def test_examples_of_eip_55(self, address: str) -> None:
        assert checksums.eip55(address.lower()) == address

    @pytest.mark.parametrize(
        ("address", "is_valid"),
        [
            ("bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3", True),
            ("bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", True),
            ("bc1sw50qgdz25j", True),
            ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", True),
            # BIP 350: the other scheme's checksum, a bad length, bits of padding
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", False),
            ("bc1qr508d6qejxtdg4y5r3zarvaryv98gj9p", False),
            ("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", False),
            ("bc1gmk9yu", False),
            ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", False),
        ],
    )
    def test_examples_of_bip_350(self, address: str, *, is_valid: bool) -> None:
        assert checksums.is_segwit_address(address, "bc") is is_valid

    @given(st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKLMNPRSTUVWXYZ"))
    def test_any_other_sign_breaks_a_vin(self, place: int, sign: str) -> None:
        vin = "1M8GDM9AXKP042788"
        changed = vin[:place] + sign + vin[place + 1 :]
        is_same_value = checksums._VIN_VALUES[vin[place]] == checksums._VIN_VALUES[sign]
        is_valid = checksums.vin_digit(changed) == changed[8]
        assert is_valid is (changed == vin or (is_same_value and place != 8))
