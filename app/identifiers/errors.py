from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "address-incomplete": "Give a house number and a street, or a box number.",
        "birth-date-unreadable": (
            "Write the date of birth as 1979-03-05, 19790305 or 3/5/1979, as 1979-03 or 1979 if"
            " only that much is known, and leave it empty if nothing is."
        ),
        "name-missing": "Give at least one letter of a given name or a surname.",
        "name-not-latin": (
            "Write the name in Latin letters, as in the machine-readable zone of a passport."
        ),
        "phone-placeholder": "Leave the phone empty: this number only fills a form.",
        "phone-unreadable": (
            "Give the whole phone number with its area code, or with + and its country code."
        ),
        "postcode-unreadable": "Give the postcode; in the United States five digits, or ZIP+4.",
        "too-many-names": "Give at most eight names for one person.",
    }
)
"""What to do about each refusal, by its code."""


class IdentifierError(ValueError):
    """A raw identifier from which no match key can be made.

    It says what is wrong and what to do, and never holds the value: it may be logged.

    Attributes:
        code: a key of `ADVICE`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(ADVICE[code])
        self.code = code
