import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identifiers import kinds
from app.identifiers.encoding import b64u_decode, b64u_encode, lp, oprf_input
from app.identifiers.tokens import TOKEN_BYTES, stored_token

field_lists = st.lists(st.text(max_size=5), max_size=4)


class TestOprfInput:
    def test_layout(self) -> None:
        expected = b"\x00\x0fjoinder/v1/p.xx\x00\x04D426\x00\x04J200"
        assert oprf_input("p.xx", ["D426", "J200"]) == expected

    @given(st.sampled_from(["p.n", "p.nm"]), field_lists, st.sampled_from(["p.n"]), field_lists)
    def test_is_injective(self, kind: str, fields: list[str], other: str, more: list[str]) -> None:
        same = (kind, fields) == (other, more)
        assert (oprf_input(kind, fields) == oprf_input(other, more)) is same

    def test_longest_field(self) -> None:
        assert lp(bytes(65535))[:2] == b"\xff\xff"
        with pytest.raises(ValueError, match="too long"):
            lp(bytes(65536))


class TestBase64url:
    @given(st.binary(max_size=70))
    def test_round_trip(self, data: bytes) -> None:
        assert b64u_decode(b64u_encode(data)) == data

    @given(st.text("AQg-_/+= \n", max_size=6))
    def test_one_spelling_only(self, text: str) -> None:
        try:
            data = b64u_decode(text)
        except ValueError:
            return
        assert b64u_encode(data) == text

    @pytest.mark.parametrize(
        "text", ["AA==", "A", "AB", "A+", "A/", "AA\n", " AA", "A A", "ÄA", "AA=", "\ud800"]
    )
    def test_refuses(self, text: str) -> None:
        with pytest.raises(ValueError, match="canonical") as caught:
            b64u_decode(text)
        assert text not in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None


class TestStoredToken:
    def test_formula(self) -> None:
        key, element = b"k" * 32, bytes(range(32))
        whole = hmac.digest(key, b"joinder/v1/tok\0p.xx\0" + element, "sha256")
        assert stored_token(key, "p.xx", element) == whole[:16]
        assert TOKEN_BYTES == 16

    def test_depends_on_everything(self) -> None:
        arguments = [(b"k", "tel", b"n"), (b"l", "tel", b"n"), (b"k", "addr", b"n")]
        tokens = {stored_token(*each) for each in [*arguments, (b"k", "tel", b"m")]}
        assert len(tokens) == 4


class TestKinds:
    def test_codes_are_frozen(self) -> None:
        person = "xx ld fd id nmd nym nyd nsw n nm lmd imd xz dz ih"
        expected = {f"p.{name}": code for code, name in enumerate(person.split(), start=1)}
        contacts = "tel addr addr0 email handle handle_id url ad pay wallet acct imei plate vin"
        expected |= {name: code for code, name in enumerate(contacts.split(), start=20)}
        documents = "ssn ssn4 itin dl passport fbi sid"
        expected |= {name: code for code, name in enumerate(documents.split(), start=40)}
        expected |= {"org": 60, "fein": 61, "flc": 62, "job": 63}
        assert {name: kind.code for name, kind in kinds.KINDS.items()} == expected
        assert {code: kind.name for code, kind in kinds.KINDS_BY_CODE.items()} == {
            code: name for name, code in expected.items()
        }

    def test_classes(self) -> None:
        classes = (
            "person tel addr email online money device vehicle ssn itin dl passport fbi sid org"
        )
        assert tuple(classes.split()) == kinds.KEY_CLASSES
        for kind in kinds.KINDS.values():
            assert (kind.evidence == "person") is (kind.key_class == "person")
