import pytest

from app.client.mapping import DateOrder
from app.client.values import is_blank, read_date, read_full_name, role_problem
from app.identifiers.match_keys import PersonName


@pytest.mark.parametrize(
    ("text", "orders", "wanted"),
    [
        ("1979-03-05", ("ymd",), "1979-03-05"),
        ("19790305", ("ymd",), "1979-03-05"),
        ("3/5/1979", ("ymd", "mdy"), "1979-03-05"),
        ("5.3.1979", ("dmy",), "1979-03-05"),
        ("05031979", ("ymd", "dmy"), "1979-03-05"),
        ("1979-03-05T00:00:00", ("ymd",), "1979-03-05"),
        ("3/5/1979 12:00:00 AM", ("mdy",), "1979-03-05"),
        ("3/5/79", ("mdy",), None),
        ("1979-02-30", ("ymd",), None),
        ("28919", ("ymd", "mdy"), None),
        ("March 5, 1979", ("mdy",), None),
        ("", ("mdy",), None),
    ],
)
def test_read_date(text: str, orders: tuple[DateOrder, ...], wanted: str | None) -> None:
    assert read_date(text, orders) == wanted


@pytest.mark.parametrize(
    ("text", "given", "surname"),
    [
        ("Sample, Alex Quentin", "Alex Quentin", "Sample"),
        ("De la Sample, Alex", "Alex", "De la Sample"),
        ("Alex Quentin Sample", "Alex Quentin", "Sample"),
        ("Sample", "", "Sample"),
        (" , ", "", ""),
    ],
)
def test_read_full_name(text: str, given: str, surname: str) -> None:
    assert read_full_name(text) == PersonName(given, surname)


def test_words_for_nothing_are_blank() -> None:
    assert all(map(is_blank, ["", " ", "N/A", "unknown", "NULL", "?"]))
    assert not any(map(is_blank, ["0", "No", "Nan"]))


@pytest.mark.parametrize("role", ["Victim", "minor victim", "WITNESS", "Survivor", "Complainant"])
def test_roles_that_are_nobody_to_post(role: str) -> None:
    assert role_problem(role) == "role-not-subject"


def test_roles_of_subjects_pass_and_unknown_ones_do_not() -> None:
    assert role_problem("Defendant ") is None
    assert role_problem("VIC") == role_problem("") == "role-unknown"
