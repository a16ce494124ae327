"""Whom a demonstration offers to sign in as with one click; there is none in an installation."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class DemoPerson:
    """An invented person, with a password that the sign-in page of the demonstration fills in."""

    office: str
    office_name: str
    account: str
    name: str
    role: str
    password: str


def read(setting: str) -> list[DemoPerson]:
    """Return the people of a demonstration, none where the setting is empty."""
    return [DemoPerson(**each) for each in json.loads(setting or "[]")]
