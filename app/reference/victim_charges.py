"""Offences that victims of trafficking are typically charged with (data/victim_charges.csv)."""

from collections.abc import Iterable
from typing import Final

from app.reference.tables import rows

VICTIM_CHARGES: Final = {row["nibrs"]: row["why"] for row in rows("victim_charges")}
"""Why, by NIBRS code; a statute is listed when it is counted as one of them."""


def is_listed(nibrs: Iterable[str]) -> bool:
    """Say whether an offence that is counted as these codes is on the list."""
    return not VICTIM_CHARGES.keys().isdisjoint(nibrs)
