from tests.identifiers import make_phone_plans


def test_are_those_of_the_installed_package() -> None:
    assert make_phone_plans.TARGET.read_bytes() == make_phone_plans.build()
