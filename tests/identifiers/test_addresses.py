import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identifiers.addresses import normalize_address, normalize_postcode, place_of
from app.identifiers.errors import IdentifierError

WORDS = (
    "north south e sw main oak st saint street avenue ave court hwy highway park broadway first 5th"
    " 101 12 4-b 4/12 a unit apt suite # rear floor bldg flat lot 2nd box po"
)


class TestLine:
    @pytest.mark.parametrize(
        ("street", "line"),
        [
            ("123 North Main Street Apt. 4-B", "123 N MAIN ST UNIT 4B"),
            ("123 N. MAIN ST., #4B", "123 N MAIN ST UNIT 4B"),
            ("123 N Main St Unit 4 B", "123 N MAIN ST UNIT 4B"),
            ("12 Park Avenue South, Suite 5", "12 PARK AVE S UNIT 5"),
            ("1600 Pennsylvania Ave. N.W.", "1600 PENNSYLVANIA AVE NW"),
            ("100 North St.", "100 NORTH ST"),
            ("100 N Space Center Blvd", "100 N SPACE CENTER BLVD"),
            ("500 Fifth Avenue", "500 5TH AVE"),
            ("1200 Highway 101 N Spc 12", "1200 HWY 101 N UNIT 12"),
            ("12 Broadway", "12 BROADWAY"),
            ("12 E St NW", "12 E ST NW"),
            ("1 St. James Court", "1 ST JAMES CT"),
            ("12 Martin Luther King Jr. Boulevard", "12 MARTIN LUTHER KING JR BLVD"),
            ("123 1/2 Main St Rear", "123 1 2 MAIN ST UNIT REAR"),
            ("P.O. Box 55", "PO BOX 55"),
            ("Post Office Box 55", "PO BOX 55"),
            ("9 Calle Peñón", "9 CALLE PENON"),
        ],
    )
    def test_american(self, street: str, line: str) -> None:
        (with_unit, _), _ = normalize_address(street, "94110")
        assert with_unit == line

    @pytest.mark.parametrize(
        "street",
        [
            "4/12 Smith Street",
            "Unit 4/12 Smith St",
            "flat 4 / 12 Smith St",
            "Unit 4, 12 Smith Street",
            "12 Smith St Unit 4",
        ],
    )
    def test_australian(self, street: str) -> None:
        assert normalize_address(street, "3000", region="AU") == (
            ("12 SMITH ST UNIT 4", "3000"),
            ("12 SMITH ST", "3000"),
        )

    def test_columns_kept_apart(self) -> None:
        assert normalize_address(
            "pinkerton circuit", "4560", number="12", unit="bega flats", region="AU"
        ) == (("12 PINKERTON CCT UNIT BEGA FLATS", "4560"), ("12 PINKERTON CCT", "4560"))

    def test_unit_column_is_the_unit_in_the_line(self) -> None:
        apart = normalize_address("Main Street", "94110", number="123", unit="Apt 4B")
        assert apart == normalize_address("123 Main St #4-B", "94110")

    def test_without_unit_both_are_equal(self) -> None:
        with_unit, without = normalize_address("12 Oak Lane", "94110")
        assert with_unit == without == ("12 OAK LN", "94110")

    @pytest.mark.parametrize(
        ("street", "postcode", "place"),
        [
            ("1600 N. Lombard Street, Apt. 4-B", "94123-1234", ("94123", "1600", "L516")),
            ("12 North St", "94110", ("94110", "12", "N630")),
            ("12 N Street", "94110", ("94110", "12", "N000")),
            ("123 1/2 Main St", "94110", ("94110", "123", "M500")),
            ("100 West Fifth Street", "94110", ("94110", "100", "5TH")),
            ("12 Highway 101", "94110", ("94110", "12", "H000")),
            ("PO Box 55", "2139", ("02139", "55", "B200")),
            ("12 Oak Lane", "00000", ("", "12", "O200")),
            ("0 Homeless", "94110", ("94110", "", "")),
            ("Main St", "94110", ("94110", "", "")),
            ("12 улица Мира", "n/a", ("", "", "")),
            ("12 " + "oak" * 11, "94110", ("94110", "", "")),
            ("1" * 33 + " Oak Lane", "94110", ("94110", "", "")),
        ],
    )
    def test_a_place_is_what_of_it_can_be_read(
        self, street: str, postcode: str, place: tuple[str, str, str]
    ) -> None:
        assert place_of(street, postcode) == place

    @pytest.mark.parametrize("street", ["", "Main St", "12", "homeless", "General Delivery", "#4"])
    def test_incomplete(self, street: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_address(street, "94110")
        assert caught.value.code == "address-incomplete"
        assert not street or street not in str(caught.value)

    def test_other_scripts_are_refused(self) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_address("12 улица Мира", "94110")
        assert caught.value.code == "name-not-latin"

    @given(
        st.lists(st.sampled_from(WORDS.split()), max_size=7),
        st.sampled_from(["", "12", "7a"]),
        st.sampled_from(["", "apt 4 b", "bldg a unit 4", "bega flats"]),
        st.sampled_from(["US", "AU"]),
    )
    def test_twice_changes_nothing(
        self, words: list[str], number: str, unit: str, region: str
    ) -> None:
        try:
            once = normalize_address(
                " ".join(words), "94110", number=number, unit=unit, region=region
            )
        except IdentifierError:
            return
        for line, postcode in once:
            again, _ = normalize_address(line, postcode, region=region)
            assert again == (line, postcode)


class TestPostcode:
    @pytest.mark.parametrize(
        ("postcode", "region", "expected"),
        [
            ("94110", "US", "94110"),
            ("94110-1234", "US", "94110"),
            ("941101234", "US", "94110"),
            ("2139", "US", "02139"),
            ("2139", "AU", "2139"),
            ("k1a 0b1", "CA", "K1A0B1"),
        ],
    )
    def test_forms(self, postcode: str, region: str, expected: str) -> None:
        assert normalize_address("1 Oak", postcode, region=region)[0][1] == expected

    @pytest.mark.parametrize(("postcode", "region"), [("", "US"), ("941", "US"), ("?", "AU")])
    def test_unreadable(self, postcode: str, region: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_address("1 Oak", postcode, region=region)
        assert caught.value.code == "postcode-unreadable"

    @pytest.mark.parametrize("postcode", ["00000", "0000", "00000-0000", "99999"])
    def test_a_zip_that_fills_a_form_is_refused(self, postcode: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_postcode(postcode)
        assert caught.value.code == "value-placeholder"
        assert normalize_postcode(postcode.replace("-", ""), "AU") == postcode.replace("-", "")
