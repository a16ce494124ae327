"""Statutes on trafficking, each for the time it was law, and what NIBRS counts it as."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.reference.tables import covers, day, rows


@dataclass(frozen=True)
class Statute:
    """One wording of one statute, from the day it was law to the day it no longer is."""

    code: str
    """What a case calls it, such as `ca-pc-236.1-a`; wordings of one statute share it."""
    jurisdiction: str
    """State, two letters, or `US`."""
    citation: str
    title: str
    trafficking: str
    """`sex`, `labor` or `both`."""
    nibrs: tuple[str, ...]
    """Every NIBRS offence that it is counted as; several statutes share one."""
    effective_on: date
    ends_on: date | None
    """First day it is no longer law; None while it is."""
    source: str
    verified_by: str
    """Who compared the row with the law; empty means nobody yet."""
    verified_on: date | None


def _read(row: dict[str, str]) -> Statute:
    return Statute(
        code=row["code"],
        jurisdiction=row["jurisdiction"],
        citation=row["citation"],
        title=row["title"],
        trafficking=row["trafficking"],
        nibrs=tuple(row["nibrs"].split()),
        effective_on=date.fromisoformat(row["effective_on"]),
        ends_on=day(row["ends_on"]),
        source=row["source"],
        verified_by=row["verified_by"],
        verified_on=day(row["verified_on"]),
    )


STATUTES: Final = tuple(_read(row) for row in rows("statutes"))
CODES: Final = frozenset(statute.code for statute in STATUTES)


def statute_of(code: str, on: date) -> Statute | None:
    """Return the wording of a statute that was law on a day, None if it was none or is unknown."""
    for statute in STATUTES:
        if statute.code == code and covers(statute.effective_on, statute.ends_on, on):
            return statute
    return None
