import re
from datetime import date
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _text(value: object) -> object:
    """Refuse what pydantic would take for a date though it is none, such as seconds or a time."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("Give the date as text, YYYY-MM-DD.")
    return value


Day = Annotated[date, BeforeValidator(_text), Field(examples=["2026-01-31"])]
"""A day as JSON has it: text, YYYY-MM-DD."""
