"""The coded words that access is decided by."""

from enum import IntEnum, StrEnum
from typing import Final, Literal, get_args

RecordClass = Literal["pre_charge", "charged", "disposed", "declined"]
Disclosure = Literal["open", "contact_first", "silent"]

RECORD_CLASSES: Final[tuple[RecordClass, ...]] = get_args(RecordClass)
DISCLOSURES: Final[tuple[Disclosure, ...]] = get_args(Disclosure)


class Role(StrEnum):
    """What someone is in an office, or a machine client, or the operator of the registry."""

    CLIENT = "client"
    PROSECUTOR = "prosecutor"
    ANALYST = "analyst"
    LEADERSHIP = "leadership"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    OPERATOR = "operator"


PersonsRole = Literal[
    Role.ADMINISTRATOR,
    Role.COORDINATOR,
    Role.PROSECUTOR,
    Role.ANALYST,
    Role.AUDITOR,
    Role.LEADERSHIP,
]
"""What a person of an office can be made: neither a machine nor the operator."""


class Relation(StrEnum):
    """How a reader's office stands to a case."""

    OWN = "own"
    """It posted the case."""
    PARTNER = "partner"
    """A case of its own overlaps with it."""
    STATE = "state"
    """It is the Attorney General's office of the state whose two offices share an overlap."""
    STRANGER = "stranger"


class Rung(IntEnum):
    """How much of a case is shown; a higher rung shows all of the lower ones."""

    NONE = 0
    POINTER = 1
    CONTACT = 2
    SUMMARY = 3
    RECORD = 4


class Reason(StrEnum):
    """A rule that had a part in a decision."""

    SCOPE_MISSING = "scope-missing"
    ROLE_WITHOUT_GRANT = "role-without-grant"
    WALLED = "walled"
    READER_NOT_PARTICIPATING = "reader-not-participating"
    OWNER_NOT_PARTICIPATING = "owner-not-participating"
    OWN_CASE = "own-case"
    DISCLOSED = "disclosed"
    SILENT = "silent"
    GRANTED = "granted"
    CAPPED = "capped"
