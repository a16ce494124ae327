from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account-unreadable": (
            "Give the account number, 4 to 17 digits, without the routing number."
        ),
        "ad-unreadable": "Give the advertisement's number or id, at least four letters and digits.",
        "address-incomplete": "Give a house number and a street, or a box number.",
        "birth-date-unreadable": (
            "Write the date of birth as 1979-03-05, 19790305 or 3/5/1979, as 1979-03 or 1979 if"
            " only that much is known, and leave it empty if nothing is."
        ),
        "chain-unknown": "Name the chain of the wallet, such as bitcoin, ethereum or tron.",
        "country-unknown": "Give the country in two or three letters of ISO 3166-1, such as MEX.",
        "dl-unreadable": (
            "Give the license number, 4 to 20 letters and digits, one of them a digit."
        ),
        "email-unreadable": "Give one whole e-mail address, such as name@example.com.",
        "fbi-unreadable": (
            "Give the FBI or universal control number, at most nine letters and digits."
        ),
        "fein-prefix": "No employer number begins with these two digits; check it.",
        "fein-unreadable": (
            "Give the employer identification number with its nine digits, as 12-3456789."
        ),
        "flc-unreadable": "Give the whole number of the labor contractor's registration.",
        "handle-id-unreadable": "Give the account's number on the platform, 3 to 25 digits.",
        "handle-unreadable": (
            "Give the account name as in the profile's address, not the display name."
        ),
        "imei-check-digit": "The last digit does not fit the others; check the IMEI.",
        "imei-unreadable": "Give the IMEI with its 15 digits.",
        "itin-impossible": (
            "No taxpayer number (ITIN) is like this; if it is an SSN, give it as one."
        ),
        "job-unreadable": (
            "Give a case number such as H-300-24001-123456, or a state's number with the state."
        ),
        "name-missing": "Give at least one letter of a given name or a surname.",
        "name-not-latin": (
            "Write the name in Latin letters, as in the machine-readable zone of a passport."
        ),
        "name-placeholder": "A placeholder such as John Doe is not matched; leave the name empty.",
        "org-name-missing": "Give the name of the organization.",
        "passport-unreadable": (
            "Give the passport number, 5 to 15 letters and digits, one of them a digit."
        ),
        "pay-unreadable": (
            "Give the e-mail, the phone or the account name that the service pays to."
        ),
        "phone-hotline": "Leave the phone empty: everybody calls this number.",
        "phone-placeholder": "Leave the phone empty: this number only fills a form.",
        "phone-unreadable": (
            "Give the whole phone number with its area code, or with + and its country code."
        ),
        "plate-unreadable": "Give the plate's letters and digits, 2 to 10 of them.",
        "platform-unknown": "Name the platform, such as instagram, or give its domain.",
        "postcode-unreadable": "Give the postcode; in the United States five digits, or ZIP+4.",
        "routing-invalid": (
            "Give the bank's nine-digit routing number; this one fails its check digit."
        ),
        "service-unknown": "Name the payment service, such as cashapp, or give its domain.",
        "sid-unreadable": "Give the state identification number, 3 to 12 letters and digits.",
        "site-unknown": "Name the advertisement site, or give its domain.",
        "ssn-impossible": "The Social Security Administration issues no such number; check it.",
        "ssn-placeholder": "Leave the SSN empty: this number only fills a form.",
        "ssn-unreadable": "Give all nine digits of the SSN, or its last four as such.",
        "ssn4-alone": "Give a surname and a year of birth with the last four digits of an SSN.",
        "ssn4-unreadable": "Give the last four digits of the SSN, as 1234 or XXX-XX-1234.",
        "state-unknown": (
            "Give the state as its postal code, such as CA, or a foreign one such as MX-BCN."
        ),
        "too-many-names": "Give at most eight names for one person.",
        "url-of-everyone": "Give the address of a page, not of a platform that everybody uses.",
        "url-unreadable": "Give a web address such as https://example.com/page.",
        "value-not-latin": "Write it in Latin letters and digits.",
        "value-placeholder": "Leave it empty: this value only fills a form.",
        "value-too-long": "This is too long; check whether values of several cells ran together.",
        "vin-check-digit": "The check digit does not fit; check the VIN.",
        "vin-unreadable": "Give the VIN with its 17 letters and digits.",
        "wallet-checksum": "This is no valid address of the chain; check every letter.",
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
